"""Below which value do half, or nine in ten, of the cases lie, and how sure are we? Free of any shape of distribution."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import Codes, Comparison, FloatArray, n_for_interval, wilson
from alarp.kernel import Measure


def quantile(
    name: str,
    values: FloatArray,
    share: float,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    subgroup: str = "all",
    missing: str = "",
) -> Measure:
    """Below which value do this share of the cases lie, between which bounds?

    The sample quantile as the mean of the two values around rank n x share (Hyndman and Fan 1996, definition 2,
    doi:10.1080/00031305.1996.10473566). Its interval are the order statistics whose binomial cover of the quantile,
    taken tail by tail, is at least `level` (David and Nagaraja 2003, doi:10.1002/0471722162, section 7.1); where
    patients repeat (`clusters`) the Wilson bounds of the share at the effective n, read back off the ordered values
    (Woodruff 1952, doi:10.1080/01621459.1952.10483443). Infinite values stand for cases without one (`missing` says
    which); a bound that falls on them is left open. Not measurable without a case, or when the quantile itself falls on
    one without a value.
    """
    n = len(values)
    if n == 0:
        return Measure.not_measurable(name, because="no case", subgroup=subgroup)
    ordered = np.sort(values)
    estimate = _between(ordered, share)
    if not np.isfinite(estimate):
        because = f"{missing or 'cases without a value'} reach this far"
        return Measure.not_measurable(name, because=because, n=n, subgroup=subgroup)
    if clusters is not None and len(np.unique(clusters)) < n:
        worth = n_for_interval(np.asarray(values <= estimate, dtype=bool), clusters, level=level)
        bounds = tuple(_between(ordered, edge) for edge in wilson(share, worth, level=level))
        method = "Woodruff at effective n, clustered by patient"
    else:
        bounds, method = _order_statistics(ordered, share, level), "order statistics"
    low, high = (edge if np.isfinite(edge) else None for edge in bounds)
    told = method if low is not None and high is not None else f"{method}, one bound beyond the data"
    return Measure(name, estimate, low, high, level, told, n, None, subgroup)


def _between(ordered: FloatArray, share: float) -> float:
    """The mean of the two values around rank n x share, infinite where both are."""
    rank = round(share * len(ordered), 9)
    whole = int(np.floor(rank))
    first = ordered[max(0, whole - 1 if rank == whole else whole)]
    second = ordered[min(len(ordered) - 1, whole)]
    return float(first) if first == second else float((first + second) / 2)


def _order_statistics(ordered: FloatArray, share: float, level: float) -> tuple[float, float]:
    n, tail = len(ordered), (1 - level) / 2
    below = int(stats.binom.ppf(tail, n, share))  # largest rank r with P(X < r) <= tail
    if stats.binom.cdf(below - 1, n, share) > tail:
        below -= 1
    above = int(stats.binom.isf(tail, n, share)) + 1  # smallest rank s with P(X >= s) <= tail
    low = float(ordered[below - 1]) if below >= 1 else -np.inf
    return low, float(ordered[above - 1]) if above <= n else np.inf


def quantile_change(after: Measure, before: Measure) -> Comparison:
    """By how much did a quantile move? After minus before, with the interval recovered from each side's own bounds.

    MOVER (Zou and Donner 2008, doi:10.1002/sim.3095): no normal shape is needed. Without bounds on a side, none.
    """
    row = Comparison(after.measure, after.subgroup, before.subgroup, None, method="MOVER of order statistics")
    if after.estimate is None or before.estimate is None:
        lost = after if after.estimate is None else before
        return Comparison(row.measure, row.a, row.b, None, flag=f"{lost.subgroup}: {lost.because}")
    difference = after.estimate - before.estimate
    if after.low is None or after.high is None or before.low is None or before.high is None:
        return Comparison(row.measure, row.a, row.b, difference, method=row.method, flag="too few for bounds")
    low = difference - sqrt((after.estimate - after.low) ** 2 + (before.high - before.estimate) ** 2)
    high = difference + sqrt((after.high - after.estimate) ** 2 + (before.estimate - before.low) ** 2)
    return Comparison(row.measure, row.a, row.b, difference, low, high, method=row.method)


def quantile_ratio(name: str, after: Measure, before: Measure) -> Measure:
    """How many times the earlier quantile is the later one? MOVER on the logarithms; both must be above zero."""
    n = after.n + before.n
    if after.estimate is None or before.estimate is None:
        lost = after if after.estimate is None else before
        return Measure.not_measurable(name, because=f"{lost.subgroup}: {lost.because}", n=n)
    if before.estimate <= 0 or after.estimate <= 0:
        return Measure.not_measurable(name, because="a value of zero or below has no ratio", n=n)
    ratio = after.estimate / before.estimate
    bounds = (after.low, after.high, before.low, before.high)
    if any(bound is None or bound <= 0 for bound in bounds):
        return Measure(
            name, ratio, None, None, after.level, "ratio, no interval", n, because="too few for bounds"
        )
    l1, u1, l2, u2 = (log(bound or 1.0) for bound in bounds)
    first, second = log(after.estimate), log(before.estimate)
    down = sqrt((first - l1) ** 2 + (u2 - second) ** 2)
    up = sqrt((u1 - first) ** 2 + (second - l2) ** 2)
    method = "MOVER of order statistics, log scale"
    return Measure(name, ratio, ratio * exp(-down), ratio * exp(up), after.level, method, n)
