"""Stop, continue or scale? Computed from figures against criteria that were signed before go-live (need M03).

Each criterion watches one monitor and may stop the tool, allow it to be scaled, or both. It stops only when the whole
interval lies on the wrong side of `stop_at` (sure that it is bad), and allows scaling only when the whole interval lies
on the right side of `scale_at` (sure that it is good), in every subgroup measured. One criterion that stops is enough;
scaling needs all that can speak for it. What could not be measured for all studies together keeps it from being scaled;
a subgroup with too few studies is named, and does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alarp.pathway.alarms import ALL, Figure, Monitor, Unit, shown, span

METHOD = (
    "Stop where a whole 95 % interval lies past its stop limit; scale where every criterion's whole interval keeps its "
    "scale limit; else continue."
)


class Verdict(StrEnum):
    """What does a review come to, or one criterion of it?"""

    STOP = "stop"
    CONTINUE = "continue"
    SCALE = "scale"
    NOT_MEASURABLE = "not measurable"


class Better(StrEnum):
    """Which way is good?"""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class ReviewCriterion:
    """At which figure is the tool stopped, at which may it be scaled? Signed before go-live."""

    slug: str
    asks: str
    monitor: str
    better: Better
    stop_at: float | None
    scale_at: float | None
    minimum_n: int
    because: str

    def as_dict(self) -> dict[str, Any]:
        """The row of the signed evidence's `review_criteria`."""
        return {
            "slug": self.slug,
            "asks": self.asks,
            "monitor": self.monitor,
            "better": self.better.value,
            "stop_at": self.stop_at,
            "scale_at": self.scale_at,
            "minimum_n": self.minimum_n,
            "because": self.because,
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion on one figure: the verdict, and why in a sentence."""

    criterion: ReviewCriterion
    figure: Figure | None
    verdict: Verdict
    sentence: str
    margin: (
        float | None
    )  # how far inside (+) or outside (-) the scale limit, or the stop limit, as a share of it

    def as_dict(self) -> dict[str, Any]:
        """The row of the issued evidence's `review`."""
        figure = self.figure
        return {
            "criterion": self.criterion.slug,
            "monitor": self.criterion.monitor,
            "subgroup": figure.subgroup if figure else ALL,
            "value": figure.value if figure else None,
            "low": figure.low if figure else None,
            "high": figure.high if figure else None,
            "n": figure.n if figure else 0,
            "verdict": self.verdict.value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Review:
    """The computed decision, each criterion behind it, and what speaks against it."""

    decision: Verdict
    because: str
    judged: tuple[Judged, ...]
    against: tuple[str, ...]
    not_measurable: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The review as evidence keeps it."""
        return {
            "decision": self.decision.value,
            "because": self.because,
            "method": METHOD,
            "criteria": [row.as_dict() for row in self.judged],
            "against": list(self.against),
            "not_measurable": list(self.not_measurable),
        }


def judge(criterion: ReviewCriterion, figure: Figure | None, monitor: Monitor | None) -> Judged:
    """What does this figure say under this criterion?"""
    unit = monitor.unit if monitor else Unit.INDEX
    why_not = _not_measurable(criterion, figure)
    if figure is None or figure.value is None or why_not:
        return Judged(criterion, figure, Verdict.NOT_MEASURABLE, why_not, None)
    worst, best = _ends(criterion, figure)
    if (
        criterion.stop_at is not None
        and _better(criterion, criterion.stop_at, best)
        and best != criterion.stop_at
    ):
        verdict = Verdict.STOP
        rest = f"{_it(figure)} lies past the stop limit of {shown(criterion.stop_at, unit)}"
    elif criterion.scale_at is not None and _better(criterion, worst, criterion.scale_at):
        verdict = Verdict.SCALE
        rest = f"{_it(figure)} keeps the scale limit of {shown(criterion.scale_at, unit)}"
    else:
        verdict, rest = Verdict.CONTINUE, _between(criterion, unit)
    where = "" if figure.subgroup in ("", ALL) else f"{figure.subgroup}: "
    counted = "" if unit is Unit.COUNT else f", n = {figure.n:,}"
    text = f"{where}{span(figure, unit)}{counted}; {rest}."
    return Judged(criterion, figure, verdict, text, _margin(criterion, worst, best, verdict))


def _it(figure: Figure) -> str:
    return "it" if figure.low is None and figure.high is None else "the whole interval"


def _not_measurable(criterion: ReviewCriterion, figure: Figure | None) -> str:
    if figure is None:
        return "Nothing was measured."
    if figure.value is None:
        return f"Not measurable: {figure.because or 'nothing to divide by'}."
    if figure.n < criterion.minimum_n:
        counted = "1 study" if figure.n == 1 else f"{figure.n:,} studies"
        return f"Only {counted}; the criterion asks for at least {criterion.minimum_n:,}."
    return ""


def _ends(criterion: ReviewCriterion, figure: Figure) -> tuple[float, float]:
    """The interval's worse and its better end; without an interval, the value twice."""
    assert figure.value is not None
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    return (low, high) if criterion.better is Better.HIGHER else (high, low)


def _better(criterion: ReviewCriterion, one: float, other: float) -> bool:
    """Is `one` at least as good as `other`?"""
    return one >= other if criterion.better is Better.HIGHER else one <= other


def _between(criterion: ReviewCriterion, unit: Unit) -> str:
    if criterion.stop_at is None:
        return f"not surely within the scale limit of {shown(criterion.scale_at, unit)}"
    if criterion.scale_at is None:
        return f"not surely past the stop limit of {shown(criterion.stop_at, unit)}"
    return (
        f"neither surely past the stop limit of {shown(criterion.stop_at, unit)} nor surely within the scale limit of "
        f"{shown(criterion.scale_at, unit)}"
    )


def _margin(criterion: ReviewCriterion, worst: float, best: float, verdict: Verdict) -> float:
    """How far is the deciding end of the interval from its limit, as a share of the limit (of 1 where that is 0)?"""
    if verdict is Verdict.STOP:
        limit, end = criterion.stop_at, best
    else:
        limit, end = criterion.stop_at if criterion.scale_at is None else criterion.scale_at, worst
    assert limit is not None
    sense = 1 if criterion.better is Better.HIGHER else -1
    return sense * (end - limit) / (abs(limit) or 1.0)


def review(
    criteria: Sequence[ReviewCriterion], figures: Iterable[Figure], monitors: Mapping[str, Monitor]
) -> Review:
    """Stop, continue or scale, from every criterion on every figure of its monitor; never a wish, always a sum.

    Without criteria nothing can be computed: the decision is 'not measurable'.
    """
    by_monitor: dict[str, list[Figure]] = {}
    for figure in figures:
        by_monitor.setdefault(figure.monitor, []).append(figure)
    judged = tuple(
        judge(criterion, figure, monitors.get(criterion.monitor))
        for criterion in criteria
        for figure in _or_none(by_monitor.get(criterion.monitor, ()))
    )
    decision, because = _decided(criteria, judged)
    return Review(
        decision=decision,
        because=because,
        judged=judged,
        against=_against(decision, judged),
        not_measurable=tuple(
            f"{_title(row)}: {row.sentence}" for row in judged if row.verdict is Verdict.NOT_MEASURABLE
        ),
    )


def _or_none(figures: Sequence[Figure]) -> Sequence[Figure | None]:
    return figures or (None,)


def _decided(criteria: Sequence[ReviewCriterion], judged: Sequence[Judged]) -> tuple[Verdict, str]:
    if not criteria:
        return Verdict.NOT_MEASURABLE, "No review criteria were signed before go-live."
    stops = [row for row in judged if row.verdict is Verdict.STOP]
    if stops:
        names = ", ".join(dict.fromkeys(row.criterion.slug for row in stops))
        return Verdict.STOP, f"{len(stops)} of {len(judged)} judgements stop it: {names}."
    speak = [row for row in judged if row.criterion.scale_at is not None]
    held_back = [row for row in speak if row.verdict is not Verdict.SCALE and not _too_small(row)]
    speak = [row for row in speak if not _too_small(row)]
    if speak and not held_back:
        return Verdict.SCALE, f"All {len(speak)} judgements that can speak for scaling do, and none stops it."
    names = ", ".join(dict.fromkeys(row.criterion.slug for row in held_back))
    return Verdict.CONTINUE, f"Nothing stops it, but this does not speak for scaling: {names}."


def _too_small(row: Judged) -> bool:
    """Is it a subgroup of which nothing can be said? A scanner with three studies bars nobody for ever."""
    group = row.figure.subgroup if row.figure else ALL
    return row.verdict is Verdict.NOT_MEASURABLE and group not in ("", ALL)


def _title(row: Judged) -> str:
    where = row.figure.subgroup if row.figure and row.figure.subgroup not in ("", ALL) else ""
    return f"{row.criterion.asks}{f' ({where})' if where else ''}"


def _against(decision: Verdict, judged: Sequence[Judged]) -> tuple[str, ...]:
    """The strongest figure against the computed decision, and what was not measured at all.

    Against scaling: the figure that keeps its limit most narrowly. Against stopping: the figure that speaks most for the
    tool. Against going on: the worst figure, and the best one.
    """
    measured = [row for row in judged if row.margin is not None]
    if not measured:
        return ("Nothing could be measured: any decision rests on no figure at all.",)
    found: list[str] = []
    good = [row for row in measured if row.verdict is not Verdict.STOP]
    if decision is Verdict.STOP:
        found.append(
            _told("For the tool speaks most", max(good, key=_margin_of))
            if good
            else "No figure speaks for the tool."
        )
    elif decision is Verdict.SCALE:
        found.append(_told("The limit kept most narrowly", min(measured, key=_margin_of)))
    else:
        found.append(_told("Against the tool speaks most", min(measured, key=_margin_of)))
        if len(measured) > 1:
            found.append(_told("For the tool speaks most", max(measured, key=_margin_of)))
    unknown = sum(1 for row in judged if row.margin is None)
    if unknown:
        found.append(
            f"{unknown} of {len(judged)} judgements could not be made at all; see what is not measurable."
        )
    return tuple(found)


def _margin_of(row: Judged) -> float:
    return row.margin if row.margin is not None else 0.0


def _told(opening: str, row: Judged) -> str:
    asked = row.criterion.asks.rstrip(".?")
    return f"{opening}: {asked[:1].lower()}{asked[1:]}: {row.sentence}"
