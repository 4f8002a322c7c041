"""Which six statements make an intended use, and which terms describe a device?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from alarp.standards.products.rows import Row, filled, read

NEWEST = "intended-use-2026.1"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its title, and the question that goes to the supplier while it is missing.

    `stated_by` is the share of 139 CE-marked radiology products that made it (Insights into Imaging 2024).
    """

    slug: str
    title: str
    question: str
    stated_by: float
    source: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A device class or a route to the market, with the words for it."""

    slug: str
    title: str


@cache
def load_statements(version: str = NEWEST) -> tuple[Statement, ...]:
    """Which statements must an intended use make?"""

    def make(row: Row) -> Statement:
        filled(version, row, "title", "question", "stated_by", "source")
        return Statement(
            str(row["slug"]),
            str(row["title"]),
            str(row["question"]),
            float(row["stated_by"]),
            str(row["source"]),
        )

    return read(version, "items", make)


@cache
def load_device_terms(what: str, version: str = NEWEST) -> tuple[Choice, ...]:
    """Which `classes` or `routes` of devices are there?"""
    return read(version, what, lambda row: Choice(row["slug"], row["title"]))
