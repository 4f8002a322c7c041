"""Does a subgroup fare differently from the rest, once every question that was asked is counted?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from scipy import stats

from alarp.evaluation.cells import NOT_RECORDED
from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    Comparison,
    FloatArray,
    holm,
    n_for_interval,
    newcombe_difference,
    proportion,
    two_proportion_z,
)
from alarp.evaluation.protocol import Common
from alarp.kernel import Measure


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

    Newcombe's hybrid score interval and the pooled z test, at the effective sizes where patients repeat.
    """
    if not len(own) or not len(rest):
        return None
    sides = [
        proportion(measure, hits, level=level, clusters=code, empty="no case")
        for hits, code in zip((own, rest), clusters, strict=True)
    ]
    sizes = [n_for_interval(h, c, level=level) for h, c in zip((own, rest), clusters, strict=True)]
    difference, low, high = newcombe_difference(sides[0], sides[1])
    se, z, p = two_proportion_z(float(own.mean()), sizes[0], float(rest.mean()), sizes[1])
    row = Comparison(measure, group, "rest", difference, low, high, se, z, p, p, "Newcombe 10; pooled z", "")
    return Gap(row, min(len(own), len(rest)))


def mean_gap(
    measure: str,
    group: str,
    own: FloatArray,
    rest: FloatArray,
    clusters: tuple[Codes | None, Codes | None],
    level: float,
) -> Gap | None:
    """By how much does a mean in this group differ from that in the rest? None when one side has fewer than two.

    Welch's t interval and test (Welch 1947, doi:10.1093/biomet/34.1-2.28), with the clustered variance of each mean
    where patients repeat.
    """
    (first, v1, g1), (second, v2, g2) = (
        _mean_and_variance(values, code) for values, code in zip((own, rest), clusters, strict=True)
    )
    if g1 < 2 or g2 < 2:
        return None
    variance = v1 + v2
    if variance == 0:
        return None
    df = variance**2 / (v1**2 / (g1 - 1) + v2**2 / (g2 - 1))
    se, difference = sqrt(variance), first - second
    half = float(stats.t.ppf(0.5 + level / 2, df)) * se
    statistic = difference / se
    p = float(2 * stats.t.sf(abs(statistic), df))
    row = Comparison(
        measure, group, "rest", difference, difference - half, difference + half, se, statistic, p, p,
        "Welch", "", df,
    )  # fmt: skip
    return Gap(row, min(len(own), len(rest)))


def _mean_and_variance(values: FloatArray, clusters: Codes | None) -> tuple[float, float, int]:
    if not len(values):
        return 0.0, 0.0, 0
    _, code = np.unique(np.arange(len(values)) if clusters is None else clusters, return_inverse=True)
    centre, count = float(values.mean()), int(code.max()) + 1
    residual = np.bincount(code, weights=values - centre)
    return centre, count / max(1, count - 1) * float(np.sum(residual**2)) / len(values) ** 2, count


def with_multiplicity(gaps: Sequence[Gap | None], protocol: Common) -> list[Comparison]:
    """Which gaps stand after all the questions asked? Holm over those between groups large enough to tell.

    A gap is shown when its adjusted p is below 1 - level and it exceeds the protocol's `gap_margin`, if one stands.
    """
    found = [gap for gap in gaps if gap is not None]
    told = [gap.comparison for gap in found if gap.smallest >= protocol.minimum_n]
    adjusted = iter(holm([c.p_unadjusted or 0.0 for c in told]))
    rows = []
    for gap in found:
        row = gap.comparison
        if gap.smallest < protocol.minimum_n:
            rows.append(replace(row, p=None, flag=f"{TOO_FEW}: fewer than {protocol.minimum_n} cases"))
            continue
        p = next(adjusted)
        wide = abs(row.difference or 0.0) > (protocol.gap_margin or 0.0)
        flag = "gap" if p < protocol.alpha and wide else "no gap shown"
        rows.append(replace(row, p=p, flag=flag, method=f"{row.method}; Holm over {len(told)} comparisons"))
    return rows
