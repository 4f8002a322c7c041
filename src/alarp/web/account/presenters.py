"""What does the account page say?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class HeldRole:
    """'Lead physicist at Northmoor Trust since 3 June 2026'."""

    title: str
    organisation: str
    since: date


@dataclass(frozen=True)
class AccountPage:
    name: str
    username: str
    profession: str
    registration: str
    organisation: str
    roles: tuple[HeldRole, ...]
    interests: tuple[str, ...]
    has_app: bool


def account_page(person: Any, *, has_app: bool, titles: dict[str, str]) -> AccountPage:
    """The signed-in person as they know themselves."""
    holdings = person.holdings.filter(until=None).select_related("organisation").order_by("since", "pk")
    interests = person.interests.filter(ended_at=None).select_related("supplier")
    return AccountPage(
        name=str(person),
        username=person.username,
        profession=person.profession,
        registration=person.registration,
        organisation=str(person.organisation or ""),
        roles=tuple(HeldRole(titles.get(h.role, h.role), str(h.organisation), h.since) for h in holdings),
        interests=tuple(f"{i.supplier}: {i.nature}" for i in interests),
        has_app=has_app,
    )
