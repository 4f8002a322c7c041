"""Who belongs where in the tree, and who has an interest in whom?"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from alarp.kernel import Tier
from alarp.records.people.models import Interest, Organisation, Person

__all__ = ["below", "interest_in", "line_of", "trust_of"]


def line_of(organisation: Organisation) -> tuple[Organisation, ...]:
    """The organisation and everything above it, nearest first."""
    line = [organisation]
    while line[-1].parent is not None and line[-1].parent not in line:
        line.append(line[-1].parent)
    return tuple(line)


def trust_of(organisation: Organisation) -> Organisation:
    """The Trust that this site belongs to; an organisation without one stands for itself."""
    return next((o for o in line_of(organisation) if o.tier == Tier.TRUST), organisation)


def below(organisation: Organisation) -> tuple[Organisation, ...]:
    """The organisation and everything below it, nearest first."""
    found = [organisation]
    for one in found:
        found.extend(child for child in one.children.all() if child not in found)
    return tuple(found)


def interest_in(person: Person, supplier: Organisation, at: datetime) -> Interest | None:
    """Which declared interest of this person in this supplier stands at this moment?"""
    standing = Q(ended_at__isnull=True) | Q(ended_at__gt=at)
    return Interest.objects.filter(standing, person=person, supplier=supplier, declared_at__lte=at).first()
