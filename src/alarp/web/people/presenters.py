"""Who is here, in which roles, with which interests?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class RoleLine:
    pk: int
    role: str
    place: str
    since: date
    until: date | None
    ended: bool


@dataclass(frozen=True)
class InterestLine:
    pk: int
    supplier: str
    nature: str
    declared_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class PersonCard:
    """One person with what they hold now; what has ended stands apart."""

    pk: int
    name: str
    username: str
    profession: str
    registration: str
    organisation: str
    active: bool
    roles: tuple[RoleLine, ...]
    past_roles: tuple[RoleLine, ...]
    interests: tuple[InterestLine, ...]
    past_interests: tuple[InterestLine, ...]

    @property
    def standing(self) -> str:
        """'Lead radiographer; clinical lead', or that there is none."""
        return "; ".join(line.role for line in self.roles) or "no role"


def person_card(person: Any, role: Callable[[str], str], today: date) -> PersonCard:
    """One person as the list and their page show them."""
    held = tuple(
        RoleLine(
            h.pk, role(h.role), str(h.organisation), h.since, h.until, h.until is not None and h.until < today
        )
        for h in sorted(person.holdings.all(), key=lambda h: (h.since, h.pk))
    )
    declared = tuple(
        InterestLine(i.pk, str(i.supplier), i.nature, i.declared_at, i.ended_at)
        for i in sorted(person.interests.all(), key=lambda i: (i.declared_at, i.pk))
    )
    return PersonCard(
        pk=person.pk,
        name=str(person),
        username=person.username,
        profession=person.profession,
        registration=person.registration,
        organisation=str(person.organisation or ""),
        active=person.is_active,
        roles=tuple(line for line in held if not line.ended),
        past_roles=tuple(line for line in held if line.ended),
        interests=tuple(line for line in declared if line.ended_at is None),
        past_interests=tuple(line for line in declared if line.ended_at is not None),
    )
