"""For which cases do readers, or the tool, do worse? Each subgroup of cases against the rest, the same readers in both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from alarp.evaluation.gaps import Gap, groups, is_compared, mark_too_few, with_multiplicity
from alarp.evaluation.intervals import BoolArray, Comparison
from alarp.evaluation.mrmc.anova import FIXED, Interval, interval
from alarp.evaluation.mrmc.design import U_STATISTIC, ReaderDesign
from alarp.evaluation.mrmc.presenting import analysed, arm_measures
from alarp.evaluation.mrmc.readings import WORST, Marked, Rated, without
from alarp.evaluation.mrmc.study import arms_of
from alarp.evaluation.protocol import Common
from alarp.kernel import Measure


@dataclass(frozen=True, slots=True)
class Grouped:
    """The endpoint in every subgroup, and each subgroup's gap from the rest."""

    measures: list[Measure]
    gaps: list[Comparison]


def by_subgroup(readings: Rated | Marked, design: ReaderDesign, common: Common) -> Grouped:
    """How does every arm fare in each subgroup of cases, and against the other cases?

    The gap takes these readers as they are: the same people read both sides, and the sides share no case, so that its
    variance is the sum of both case variances (normal interval; Holm over all gaps). A subgroup without a diseased or
    without a healthy case is not measurable. Patients with cases on both sides are counted on each.
    """
    measures: list[Measure] = []
    found: list[Gap | None] = []
    for group, mask in groups(readings.subgroups):
        own, rest = _side(readings, design, common, ~mask), _side(readings, design, common, mask)
        for arm, measure in own.measures.items():
            name = group if len(own.measures) == 1 else f"{arm}, {group}"
            measures.append(mark_too_few(replace(measure, subgroup=name), common.minimum_n))
            if is_compared(group):
                smallest = int(min(mask.sum(), (~mask).sum()))
                gap = _gap(measure.measure, name, own.fixed.get(arm), rest.fixed.get(arm), common.level)
                found.append(None if gap is None else Gap(gap, smallest))
    return Grouped(measures, with_multiplicity(found, common))


@dataclass(frozen=True, slots=True)
class _Side:
    measures: dict[str, Measure]
    fixed: dict[str, Interval]  # the same with these readers only


def _side(readings: Rated | Marked, design: ReaderDesign, common: Common, lost: BoolArray) -> _Side:
    some = without(readings, lost)
    names = [arm.name for arm in arms_of(readings.pairs, ai_reader=design.ai_reader)]
    if some.diseased.all() or not some.diseased.any():
        lacking = "no healthy case" if some.diseased.any() else "no diseased case"
        empty = {
            name: Measure.not_measurable(design.endpoint, because=lacking, n=len(some.cases))
            for name in names
        }
        return _Side(empty, {})
    found, made = analysed(some, design, WORST, common.level, ())
    rows = {m.subgroup: m for m in arm_measures(found, design, made, design.endpoint, common.level)}
    if design.method == U_STATISTIC:
        return _Side(rows, {arm.name: mean for arm, mean in found.arms})
    these, _ = analysed(some, replace(design, readers=FIXED, cases="random"), WORST, common.level, ())
    return _Side(rows, {arm.name: mean for arm, mean in these.arms})


def _gap(
    measure: str, name: str, own: Interval | None, rest: Interval | None, level: float
) -> Comparison | None:
    if own is None or rest is None or own.se is None or rest.se is None:
        return None
    found = interval(own.estimate - rest.estimate, own.se**2 + rest.se**2, inf, level=level)
    return Comparison(
        measure, name, "rest", found.estimate, found.low, found.high, found.se, found.statistic, found.p, found.p,
        "these readers, two sets of cases, normal", "", None,
    )  # fmt: skip
