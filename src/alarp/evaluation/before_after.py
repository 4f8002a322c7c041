"""Did it change? Rates and times before and after a tool came into use, by the same definition on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alarp.evaluation.intervals import (
    Comparison,
    FloatArray,
    newcombe_difference,
    two_proportion_z,
    wilson,
)
from alarp.evaluation.quantiles import quantile, quantile_change
from alarp.kernel import Measure

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True)
class Period:
    """One point of a run chart: a week or month, its phase, how many events out of how many."""

    label: str
    phase: str
    events: int
    total: int


def rate(name: str, events: int, total: int, *, per: float, phase: str, level: float = 0.95) -> Measure:
    """How many events are there for every `per` (1000) done? Wilson bounds, times `per`. 0 of 0 is not measurable."""
    if total == 0:
        return Measure.not_measurable(name, because=f"nothing was counted {phase}", subgroup=phase)
    low, high = wilson(events / total, total, level=level)
    method = f"Wilson, per {per:g}"
    return Measure(name, per * events / total, per * low, per * high, level, method, total, events, phase)


def rate_change(after: Measure, before: Measure, *, per: float) -> Comparison:
    """By how many for every `per` did the rate change? After minus before, Newcombe's interval, pooled z test."""
    if after.estimate is None or before.estimate is None:
        lost = after if after.estimate is None else before
        return Comparison(after.measure, after.subgroup, before.subgroup, None, flag=lost.because)
    difference, low, high = newcombe_difference(after, before)
    se, z, p = two_proportion_z(after.estimate / per, after.n, before.estimate / per, before.n)
    method = f"Newcombe 10, per {per:g}; pooled z"
    return Comparison(
        after.measure, after.subgroup, before.subgroup, difference, low, high, se * per, z, p, p, method
    )


def rates(
    name: str, periods: Sequence[Period], *, per: float, level: float = 0.95
) -> tuple[list[Measure], list[Comparison]]:
    """How often did it happen before and after, and did that change?

    Events and totals are added up over the periods of each phase. The interval takes events as independent; a run
    chart (`run_chart`) shows whether they drifted before anything changed, which no before-and-after test can tell.
    """
    both = {}
    for phase in (BEFORE, AFTER):
        own = [p for p in periods if p.phase == phase]
        both[phase] = rate(
            name, sum(p.events for p in own), sum(p.total for p in own), per=per, phase=phase, level=level
        )
    return list(both.values()), [rate_change(both[AFTER], both[BEFORE], per=per)]


def percentiles(
    name: str,
    before: FloatArray,
    after: FloatArray,
    shares: Sequence[float],
    *,
    level: float = 0.95,
) -> tuple[list[Measure], list[Comparison]]:
    """Which times did half, or nine in ten, of the cases keep, before and after? `name_p50`, `name_p90` in its unit.

    Infinite values stand for what never arrived: they lie beyond every time.
    """
    measures, changes = [], []
    for share in shares:
        label = f"{name}_p{100 * share:g}"
        pair = [
            quantile(label, values, share, level=level, subgroup=phase, missing="those that never arrived")
            for phase, values in ((BEFORE, before), (AFTER, after))
        ]
        measures += pair
        changes.append(quantile_change(pair[1], pair[0]))
    return measures, changes


def run_chart(periods: Sequence[Period], *, per: float) -> dict[str, Any]:
    """Which points does a run chart show, and where lies the median of the time before?

    Points in the order given, `value` per `per`, none where nothing was counted; `median` over the periods before,
    by the counts alone (Perla et al. 2011, doi:10.1136/bmjqs.2009.037895).
    """
    points = [
        {
            "label": p.label,
            "phase": p.phase,
            "value": per * p.events / p.total if p.total else None,
            "events": p.events,
            "total": p.total,
        }
        for p in periods
    ]
    base = [
        float(row["value"]) for row in points if row["phase"] == BEFORE and isinstance(row["value"], float)
    ]
    return {"points": points, "median": float(np.median(base)) if base else None, "per": per}
