"""Which figure is past a limit that was signed before go-live, and what does the route do about it?

A rule names one monitor, one limit, a reaction (warn, or close the route), the role that hears of it first, the
roles that it escalates to, and the reason for the limit. A figure is what a monitor says now, for all studies or
for one subgroup (a scanner). No figure, or one on fewer than the rule's `minimum_n` studies, never alarms: silence
and missing results have monitors of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

VERSION_SEEN = "version-seen"
SILENCE = "silence"
# Without these the live gate stays shut (needs M01, M05, M06, M12; DCB0160 7.2).
MUST_BE_WATCHED = (VERSION_SEEN, SILENCE, "results-missing", "score-drift", "agreement")
ALL = "all"


class Direction(StrEnum):
    """On which side of the limit is it wrong?"""

    ABOVE = "above"
    BELOW = "below"


class Reaction(StrEnum):
    """What happens when the limit is passed?"""

    WARN = "warn"
    CLOSE = "close"


class JudgedOn(StrEnum):
    """Is the figure itself past the limit, or its whole interval?"""

    VALUE = "value"
    INTERVAL = "interval"


class Unit(StrEnum):
    """How is a monitor's figure read by a person?"""

    SHARE = "share"
    COUNT = "count"
    MINUTES = "min"
    INDEX = "index"
    CHANCE = "chance"


@dataclass(frozen=True, slots=True)
class Monitor:
    """One thing that is watched: what its figure says, in which unit, and where that comes from."""

    slug: str
    title: str
    unit: Unit
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Figure:
    """What does a monitor say now? `low` and `high` are its interval; `because` says why there is no value."""

    monitor: str
    subgroup: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    at: datetime
    sentence: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """One limit, signed before go-live, with its reaction and who must hear of it."""

    monitor: str
    direction: Direction
    limit: float
    minimum_n: int
    reaction: Reaction
    role: str
    escalate_to: tuple[str, ...]
    acknowledge_within_min: int
    because: str
    judged_on: JudgedOn = JudgedOn.VALUE

    @property
    def slug(self) -> str:
        """'score-drift-above-close': one rule of a kind for each monitor."""
        return f"{self.monitor}-{self.direction}-{self.reaction}"

    @property
    def chain(self) -> tuple[str, ...]:
        """Who hears of it, in turn?"""
        return (self.role, *self.escalate_to)

    def as_dict(self) -> dict[str, Any]:
        """The row of the signed evidence's `alarm_rules`."""
        return {
            "monitor": self.monitor,
            "direction": self.direction.value,
            "limit": self.limit,
            "minimum_n": self.minimum_n,
            "reaction": self.reaction.value,
            "judged_on": self.judged_on.value,
            "role": self.role,
            "escalate_to": list(self.escalate_to),
            "acknowledge_within_min": self.acknowledge_within_min,
            "because": self.because,
        }


@dataclass(frozen=True, slots=True)
class Breach:
    """This figure is past this rule's limit."""

    rule: AlarmRule
    figure: Figure
    sentence: str

    @property
    def key(self) -> str:
        """One alert is open at a time for this."""
        return f"{self.rule.slug}:{self.figure.subgroup}"


# In force for every tool that traffic may reach, written down or not: an unknown version was approved by nobody.
VERSION_RULE = AlarmRule(
    monitor=VERSION_SEEN,
    direction=Direction.ABOVE,
    limit=0,
    minimum_n=1,
    reaction=Reaction.CLOSE,
    role="lead-physicist",
    escalate_to=("clinical-safety-officer", "executive"),
    acknowledge_within_min=30,
    because="The gates were signed for one version; a result of any other was approved by nobody.",
)


def in_force(signed: Sequence[AlarmRule]) -> tuple[AlarmRule, ...]:
    """The signed rules, with the version rule among them whether or not anybody wrote it."""
    if any(rule.monitor == VERSION_SEEN for rule in signed):
        return tuple(signed)
    return (VERSION_RULE, *signed)


def same_version(seen: str, approved: str) -> bool:
    """Is the version that a result names the approved one? Case, blanks and a leading 'v' do not count."""
    return _plain(seen) == _plain(approved)


def _plain(version: str) -> str:
    text = " ".join(version.casefold().split())
    return re.sub(r"^(version|v)\s*(?=\d)", "", text)


def is_past(rule: AlarmRule, figure: Figure) -> bool:
    """Is this figure past this rule's limit?

    Strictly past: a figure on the limit is within it. Judged on the interval, the whole interval has to lie past it;
    a figure without an interval is judged on its value.
    """
    if figure.value is None or figure.n < rule.minimum_n:
        return False
    shown = _judged(rule, figure)
    return shown > rule.limit if rule.direction is Direction.ABOVE else shown < rule.limit


def _judged(rule: AlarmRule, figure: Figure) -> float:
    assert figure.value is not None
    if rule.judged_on is JudgedOn.VALUE:
        return figure.value
    bound = figure.low if rule.direction is Direction.ABOVE else figure.high
    return figure.value if bound is None else bound


def breaches(
    rules: Iterable[AlarmRule], figures: Iterable[Figure], monitors: Mapping[str, Monitor]
) -> tuple[Breach, ...]:
    """Which of these figures are past which limits? Each with the sentence that a person reads."""
    by_monitor: dict[str, list[Figure]] = {}
    for figure in figures:
        by_monitor.setdefault(figure.monitor, []).append(figure)
    return tuple(
        Breach(rule, figure, sentence(rule, figure, monitors.get(rule.monitor)))
        for rule in rules
        for figure in by_monitor.get(rule.monitor, ())
        if is_past(rule, figure)
    )


def shown(value: float | None, unit: Unit) -> str:
    """How does a person read this figure? '12 %', '31 min', '0.31'."""
    if value is None:
        return "not measurable"
    if unit is Unit.SHARE:
        return f"{100 * value:.1f}".removesuffix(".0") + " %"
    if unit is Unit.COUNT:
        return f"{value:,.0f}"
    if unit is Unit.CHANCE:
        return "never" if value <= 0 else f"once in {1 / value:,.0f}"
    if unit is Unit.INDEX:
        return f"{value:.2f}"
    return f"{value:,.3g} {unit.value}"


def span(figure: Figure, unit: Unit) -> str:
    """The figure with its interval: '12 % (8 % to 17 %)'."""
    text = shown(figure.value, unit)
    if figure.value is None or figure.low is None or figure.high is None:
        return text
    return f"{text} ({shown(figure.low, unit)} to {shown(figure.high, unit)})"


def sentence(rule: AlarmRule, figure: Figure, monitor: Monitor | None) -> str:
    """'Score drift at CT 2 is 0.31, above the limit of 0.25 (120 studies).'"""
    unit = monitor.unit if monitor else Unit.INDEX
    title = monitor.title if monitor else rule.monitor.replace("-", " ").capitalize()
    where = "" if figure.subgroup in ("", ALL) else f" at {figure.subgroup}"
    how = "its whole interval " if rule.judged_on is JudgedOn.INTERVAL and figure.low is not None else ""
    counted = "1 study" if figure.n == 1 else f"{figure.n:,} studies"
    return (
        f"{title}{where} is {span(figure, unit)}, {how}{rule.direction} the limit of "
        f"{shown(rule.limit, unit)} ({counted})."
    )


def missing_rules(rules: Sequence[AlarmRule], monitors: Mapping[str, Monitor]) -> tuple[str, ...]:
    """What must be watched and is not? One sentence for each monitor without a rule."""
    written = {rule.monitor for rule in rules}
    return tuple(
        f"No alarm rule watches {_name(slug, monitors)}; say its limit, the route's reaction and the role."
        for slug in MUST_BE_WATCHED
        if slug not in written
    )


def _name(slug: str, monitors: Mapping[str, Monitor]) -> str:
    return f"'{monitors[slug].title.lower()}'" if slug in monitors else repr(slug)
