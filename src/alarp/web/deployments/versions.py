"""To which version could this deployment move, and what is different about it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.timezone import localdate

from alarp.records.deployments.models import Deployment
from alarp.records.products.models import IntendedUse, Version
from alarp.records.products.queries import against_intended_use, lapsed
from alarp.standards.products import load_statements


@dataclass(frozen=True)
class Choice:
    """Another version of the product: what differs from the one in use, and what speaks against it today."""

    pk: int
    number: str
    released_on: date | None
    differs: tuple[tuple[str, str, str], ...]  # statement, now, then
    against: tuple[str, ...]
    evidence: int


def choices(deployment: Deployment, at: datetime) -> tuple[Choice, ...]:
    """Every other version of this product, the newest first."""
    now = deployment.version
    others = (
        now.product.versions.exclude(pk=now.pk)
        .select_related("product__supplier", "intended_use")
        .order_by("-added_at", "-pk")
    )
    return tuple(_choice(deployment, now, other, localdate(at)) for other in others)


def _choice(deployment: Deployment, now: Version, other: Version, day: date) -> Choice:
    return Choice(
        pk=other.pk,
        number=other.number,
        released_on=other.released_on,
        differs=_differences(now, other),
        against=(
            *lapsed(other, day, asked_at="always"),
            *against_intended_use(other, deployment.eligibility),
        ),
        evidence=other.evidence.filter(withdrawal=None, superseded_by=None).count(),
    )


def _differences(now: Version, other: Version) -> tuple[tuple[str, str, str], ...]:
    old, new = _use(now), _use(other)
    found = [
        (item.title, getattr(old, item.slug), getattr(new, item.slug))
        for item in load_statements()
        if getattr(old, item.slug) != getattr(new, item.slug)
    ]
    if old.rules != new.rules:
        found.append(("Rules of the gateway", _rules(old), _rules(new)))
    return tuple((title, was or "not stated", then or "not stated") for title, was, then in found)


def _use(version: Version) -> IntendedUse:
    return getattr(version, "intended_use", None) or IntendedUse(version=version)


def _rules(use: IntendedUse) -> str:
    return "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in sorted(use.rules.items()))
