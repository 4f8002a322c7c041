"""Whose evidence may this person read? Their own Trust's, a supplier's, and what lies above or below them."""

from __future__ import annotations

from typing import Any

from alarp.kernel import NotPermitted, Tier
from alarp.records import permissions
from alarp.records.evidence.models import Evidence
from alarp.records.people.queries import line_of, trust_of


def readable(person: Any, evidence: Evidence) -> bool:
    """A supplier's people are held to their products by the permission matrix; a Trust's to their own Trust."""
    giver = evidence.organisation
    if giver.tier == Tier.SUPPLIER or permissions.is_supplier(person):
        return True
    if person.organisation is None:
        return False
    home = trust_of(person.organisation)
    return giver in line_of(person.organisation) or home in line_of(giver)


def check(person: Any, evidence: Evidence) -> None:
    """Raise NotPermitted for another Trust's evidence: what travels between Trusts travels as an export."""
    if not readable(person, evidence):
        raise NotPermitted(
            "This evidence belongs to another Trust. Ask them for its export, which proves itself."
        )
