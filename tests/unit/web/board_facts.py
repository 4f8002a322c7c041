"""Small facts for the tests of presenters: no database, no browser."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace as Fact
from typing import Any

NOON = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)


def gate(slug: str, title: str = "") -> Fact:
    return Fact(slug=slug, title=title or slug.capitalize(), question="?", roles=(), criteria=())


class Rows(list[Any]):
    """What a related manager answers to `.all()`."""

    def all(self) -> Rows:
        return self
