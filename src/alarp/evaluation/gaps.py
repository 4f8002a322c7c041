"""Does a subgroup fare differently from the rest, once every question that was asked is counted?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from alarp.evaluation.cells import NOT_RECORDED
from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    Comparison,
    FloatArray,
    holm,
    left_out,
    n_for_interval,
    newcombe_difference,
    proportion,
    t_quantile,
    two_proportion_z,
)
from alarp.evaluation.protocol import Common
from alarp.evaluation.tails import two_sided_t
from alarp.kernel import Measure

REST = "rest"
MULTIPLICITY = ("holm", "bonferroni", "none")
_ADJUSTED = {"holm": "Holm over", "bonferroni": "Bonferroni over", "none": "not adjusted for"}
Told = tuple[Measure, float]  # a share, and how many independent cases it rests on


@dataclass(frozen=True, slots=True)
class Gap:
    """One group against the rest, and how many cases the smaller side has."""

    comparison: Comparison
    smallest: int


def groups(labels: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, BoolArray]]:
    """Which groups are there, and who belongs? 'sex=F' and its mask, in the order of their names."""
    for column, values in labels.items():
        cells = np.array(values, dtype=object)
        for label in sorted(set(values)):
            yield f"{column}={label}", np.asarray(cells == label, dtype=bool)


def is_compared(group: str) -> bool:
    """Is this a group to compare? Those whose membership was not recorded are shown, not compared."""
    return not group.endswith(f"={NOT_RECORDED}")


def mark_too_few(measure: Measure, minimum: int, *, what: str = "cases") -> Measure:
    """Is this group large enough to say anything? The number stays, the words say it cannot carry weight."""
    if measure.n >= minimum or measure.estimate is None:
        return measure
    return replace(measure, because=f"{TOO_FEW}: {measure.n} {what}, the protocol asks for {minimum}")


def share_gap(
    measure: str,
    group: str,
    own: BoolArray,
    rest: BoolArray,
    clusters: tuple[Codes | None, Codes | None],
    level: float,
) -> Gap | None:
    """By how much does a share in this group differ from that in the rest? None when one of them is empty.

    Newcombe's hybrid score interval and the pooled z test, at the effective sizes where patients repeat; patients with
    cases on both sides make the two go together (`shared`).
    """
    if not len(own) or not len(rest):
        return None
    first, second = (
        (
            proportion(measure, hits, level=level, clusters=code, subgroup=group, empty="no case"),
            n_for_interval(hits, code, level=level),
        )
        for hits, code in zip((own, rest), clusters, strict=True)
    )
    alike = shared(own.astype(np.float64), rest.astype(np.float64), clusters)
    return Gap(difference_of_shares(first, second, alike=alike), min(len(own), len(rest)))


def shared(own: FloatArray, rest: FloatArray, clusters: tuple[Codes | None, Codes | None]) -> float:
    """How far do two means go together because patients have cases on both sides? Their correlation; 0 if nobody has.

    From what each patient moves either mean by (`intervals.left_out`).
    """
    if clusters[0] is None or clusters[1] is None or not len(own) or not len(rest):
        return 0.0
    first, second = left_out(own, clusters[0]), left_out(rest, clusters[1])
    both, here, there = np.intersect1d(first.cluster, second.cluster, return_indices=True)
    size = sqrt(first.variance * second.variance)
    if not len(both) or size == 0:
        return 0.0
    return float(np.dot(first.moves[here], second.moves[there])) / size


def difference_of_shares(own: Told, rest: Told, *, alike: float = 0.0) -> Comparison:
    """By how much does one group's share exceed the rest's? Newcombe's interval and the pooled z test; both measurable."""
    (first, worth), (second, worth_rest) = own, rest
    assert first.estimate is not None and second.estimate is not None
    difference, low, high = newcombe_difference(first, second, alike=alike)
    se, z, p = two_proportion_z(first.estimate, worth, second.estimate, worth_rest, alike=alike)
    return Comparison(
        first.measure, first.subgroup, REST, difference, low, high, se, z, p, p, "Newcombe 10; pooled z"
    )


def mean_gap(
    measure: str,
    group: str,
    own: FloatArray,
    rest: FloatArray,
    clusters: tuple[Codes | None, Codes | None],
    level: float,
) -> Gap | None:
    """By how much does a mean in this group differ from that in the rest? None when one side has fewer than two.

    Welch's t interval and test (Welch 1947, doi:10.1093/biomet/34.1-2.28), with the variance of each mean by leaving out
    each patient where patients repeat, less what patients with cases on both sides make the two go together (`shared`).
    """
    if not len(own) or not len(rest):
        return None
    one, other = (
        left_out(values, np.arange(len(values)) if code is None else code)
        for values, code in zip((own, rest), clusters, strict=True)
    )
    if len(one.moves) < 2 or len(other.moves) < 2:
        return None
    v1, v2 = one.variance, other.variance
    variance = v1 + v2 - 2 * shared(own, rest, clusters) * sqrt(v1 * v2)
    if variance <= 0:
        return None
    df = (v1 + v2) ** 2 / (v1**2 / one.freedom + v2**2 / other.freedom)
    se, difference = sqrt(variance), one.mean - other.mean
    half = t_quantile(level, df) * se
    statistic = difference / se
    p = two_sided_t(statistic, df)
    row = Comparison(
        measure, group, REST, difference, difference - half, difference + half, se, statistic, p, p,
        "Welch", "", df,
    )  # fmt: skip
    return Gap(row, min(len(own), len(rest)))


def with_multiplicity(gaps: Sequence[Gap | None], protocol: Common) -> list[Comparison]:
    """Which gaps stand after all the questions asked? Holm over those between groups large enough to tell."""
    few = too_few(protocol.minimum_n)
    rows = [
        replace(gap.comparison, flag=few) if gap.smallest < protocol.minimum_n else gap.comparison
        for gap in gaps
        if gap is not None
    ]
    return adjusted(rows, alpha=protocol.alpha, margin=protocol.gap_margin or 0.0)


def too_few(minimum: int) -> str:
    """What is said of a gap with a side smaller than the protocol asks for?"""
    return f"{TOO_FEW}: fewer than {minimum} cases"


def adjusted(
    gaps: Sequence[Comparison], *, alpha: float, margin: float, multiplicity: str = "holm"
) -> list[Comparison]:
    """Which gaps stand after all the questions asked?

    Holm 1979 or Bonferroni over the gaps that can be told, or none, as declared; the intervals stay unadjusted. A gap
    is flagged when its adjusted p is below alpha and it is wider than the protocol's `gap_margin`. One that has a flag
    already cannot be told and keeps it.
    """
    told = [c.p_unadjusted for c in gaps if not c.flag and c.p_unadjusted is not None]
    p_values = iter(adjusted_p(told, multiplicity))
    rows = []
    for row in gaps:
        if row.flag:
            rows.append(replace(row, p=None))
            continue
        p = next(p_values)
        flag = "gap" if p < alpha and abs(row.difference or 0.0) > margin else "no gap shown"
        method = f"{row.method}; {_ADJUSTED[multiplicity]} {len(told)} comparisons"
        rows.append(replace(row, p=p, flag=flag, method=method))
    return rows


def adjusted_p(p_values: Sequence[float], how: str) -> list[float]:
    """Which p values remain when several questions were asked: `holm`, `bonferroni` (times their number) or `none`?"""
    if how == "holm":
        return holm(p_values)
    return [min(1.0, p * len(p_values)) if how == "bonferroni" else p for p in p_values]
