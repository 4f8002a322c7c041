"""Which rules does a cost case stand under: required lines, discount rate, limits, criteria? They come from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class LineRule:
    """One kind of cost line: its name on paper, what belongs to it, and whether a case may leave it out."""

    slug: str
    title: str
    meaning: str
    required: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """A discount rate, a year, with the day it was read from its source."""

    value: Decimal
    dated: str
    source: str


@dataclass(frozen=True, slots=True)
class Limit:
    """The largest value that is believable in this unit, and what is usually wrong with a larger one."""

    unit: str
    most: Decimal
    hint: str


@dataclass(frozen=True, slots=True)
class CriterionRule:
    """One thing that every option is scored on, from 0 to `best`."""

    slug: str
    title: str
    asks: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure that a case may start from, with where it was published."""

    item: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a cost case is held against, in one dated version."""

    version: str
    most_years: int
    discount: Rate
    lines: tuple[LineRule, ...]
    limits: Mapping[str, Limit]
    criteria: tuple[CriterionRule, ...]
    best_score: int
    notice_months: int
    cautions: tuple[str, ...]
    published: tuple[Published, ...]

    @property
    def required(self) -> tuple[LineRule, ...]:
        return tuple(line for line in self.lines if line.required)

    def line(self, slug: str) -> LineRule | None:
        return next((line for line in self.lines if line.slug == slug), None)


def read_rules(table: Mapping[str, Any], *, where: str) -> Rules:
    """Which rules does this file hold? A file that lacks something is refused with its name."""
    try:
        rate = table["discount_rate"]
        return Rules(
            version=str(table["version"]),
            most_years=int(table["most_years"]),
            discount=Rate(Decimal(str(rate["value"])), str(rate["dated"]), str(rate["source"])),
            lines=tuple(
                LineRule(str(r["slug"]), str(r["title"]), str(r["meaning"]), bool(r.get("required", False)))
                for r in table["lines"]
            ),
            limits={
                str(r["unit"]): Limit(str(r["unit"]), Decimal(str(r["most"])), str(r["hint"]))
                for r in table["limits"]
            },
            criteria=tuple(
                CriterionRule(str(r["slug"]), str(r["title"]), str(r["asks"])) for r in table["criteria"]
            ),
            best_score=int(table["best_score"]),
            notice_months=int(table["notice_months"]),
            cautions=tuple(str(text) for text in table["cautions"]),
            published=tuple(
                Published(str(r["item"]), str(r["value"]), str(r["source"])) for r in table["published"]
            ),
        )
    except (KeyError, TypeError, ValueError, ArithmeticError) as fault:
        raise BadInput(f"{where} cannot be read as rules for a cost case: {fault!r}; correct it.") from fault
