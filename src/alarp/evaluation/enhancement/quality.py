"""Is the enhanced image as good as the standard one? Paired scores, by case and reader.

Arrays: `difference` enhanced minus standard, one a pair; `case` and `reader` integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import Codes, FloatArray
from alarp.kernel import Measure

_EXACT_UP_TO, _WALSH_UP_TO = 60, 3000


@dataclass(frozen=True, slots=True)
class Paired:
    """A mean paired difference with the standard error and degrees of freedom that its design gives."""

    estimate: float
    se: float
    df: float
    method: str
    n: int

    def bounds(self, level: float) -> tuple[float, float]:
        """Between which two values does the true difference lie?"""
        half = float(stats.t.ppf(0.5 + level / 2, self.df)) * self.se
        return self.estimate - half, self.estimate + half

    def beyond(self, margin: float) -> float:
        """How likely would so good a result be if the truth lay at the margin? One-sided p, towards zero."""
        if self.se == 0:
            return 0.0 if (self.estimate > margin) is (margin < 0) else 1.0
        t = (self.estimate - margin) / self.se
        return float(stats.t.sf(t if margin < 0 else -t, self.df))


def paired_difference(
    difference: FloatArray, case: Codes, reader: Codes | None, *, readers_random: bool = True
) -> Paired | None:
    """By how much does the enhanced image score above the standard one, on average?

    One score a case: the paired t test. Several readers: variance clustered by case and by reader, their sum less that
    of the pair (Cameron, Gelbach and Miller 2011, doi:10.1198/jbes.2010.07136), never below the larger of the two,
    with min(cases, readers) - 1 degrees of freedom; with fixed readers (or one) clustered by case alone. None with
    fewer than two cases, or fewer than two readers that are said to be random.
    """
    n = len(difference)
    if n == 0:
        return None
    centre = float(difference.mean())

    def clustered(codes: Codes) -> tuple[float, int]:
        _, code = np.unique(codes, return_inverse=True)
        groups = int(code.max()) + 1
        summed = np.bincount(code, weights=difference - centre)
        return groups / max(1, groups - 1) * float(np.sum(summed**2)) / n**2, groups

    by_case, cases = clustered(case)
    if cases < 2:
        return None
    if reader is None or len(np.unique(reader)) == 1 or not readers_random:
        method = "paired t" if cases == n else "paired t clustered by case (readers fixed)"
        return Paired(centre, sqrt(by_case), cases - 1, method, n)
    by_reader, readers = clustered(reader)
    by_pair, _ = clustered(case * (int(reader.max()) + 1) + reader)
    variance = max(by_case + by_reader - by_pair, by_case, by_reader)
    return Paired(centre, sqrt(variance), min(cases, readers) - 1, "t clustered by case and reader", n)


def signed_rank_counts(n: int) -> FloatArray:
    """In how many of the 2^n signings does the signed-rank sum take each value from 0 to n(n + 1)/2?"""
    counts = np.zeros(n * (n + 1) // 2 + 1)
    counts[0] = 1
    for rank in range(1, n + 1):
        counts[rank:] = counts[rank:] + counts[: len(counts) - rank].copy()
    return counts


def hodges_lehmann(
    difference: FloatArray, case: Codes, *, level: float = 0.95, name: str = "quality_hodges_lehmann"
) -> Measure:
    """Which shift lies in the middle of the paired differences, when scores are ranks rather than amounts?

    Median of the Walsh averages of the cases' mean differences, its interval from the signed-rank distribution
    (Hodges and Lehmann 1963, doi:10.1214/aoms/1177704172; Hollander and Wolfe, section 3.3): exact up to 60 cases
    without ties, the normal approximation beyond. Not measurable below two cases or above 3,000.
    """
    _, code = np.unique(case, return_inverse=True)
    each = np.bincount(code, weights=difference) / np.bincount(code) if len(code) else difference
    n = len(each)
    if n < 2 or n > _WALSH_UP_TO:
        because = "it needs two cases" if n < 2 else f"more than {_WALSH_UP_TO} cases"
        return Measure.not_measurable(name, because=because, n=n)
    first, second = np.triu_indices(n)
    walsh = np.sort((each[first] + each[second]) / 2)
    rank, method = _rank(n, level)
    estimate = float(np.median(walsh))
    if rank < 1:
        return Measure(name, estimate, None, None, level, method, n, because="too few cases for bounds")
    return Measure(name, estimate, float(walsh[rank - 1]), float(walsh[-rank]), level, method, n)


def _rank(n: int, level: float) -> tuple[int, str]:
    """How many Walsh averages from each end is the bound?"""
    tail = (1 - level) / 2
    if n <= _EXACT_UP_TO:
        cumulated = np.cumsum(signed_rank_counts(n)) / 2.0**n
        return int(np.searchsorted(cumulated, tail, side="right")), "Walsh averages, exact signed rank"
    spread = sqrt(n * (n + 1) * (2 * n + 1) / 24)
    rank = int(np.floor(n * (n + 1) / 4 + float(stats.norm.ppf(tail)) * spread))
    return rank, "Walsh averages, signed rank (normal)"
