"""Which of two answers to the same cases is right more often, and could chance explain it?"""

from __future__ import annotations

from math import inf, isfinite, sqrt

import numpy as np
from scipy import optimize, stats

from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    Comparison,
    FloatArray,
    normal_quantile,
    t_quantile,
)

EXACT_BELOW = 25  # discordant pairs


def mcnemar(first_only: int, second_only: int) -> tuple[float | None, float, str]:
    """Could chance explain that one answer is right where the other is wrong more often than the reverse?

    (statistic, two-sided p, method). McNemar 1947 (doi:10.1007/BF02295996): chi square on one degree of freedom
    without continuity correction; with fewer than 25 discordant pairs the exact binomial test, which has no
    statistic. No discordant pair: p is 1.
    """
    pairs = first_only + second_only
    if pairs < EXACT_BELOW:
        tail = float(stats.binom.cdf(min(first_only, second_only), pairs, 0.5))
        return None, min(1.0, 2 * tail), f"McNemar exact ({pairs} discordant)"
    statistic = (first_only - second_only) ** 2 / pairs
    return statistic, float(stats.chi2.sf(statistic, 1)), f"McNemar chi square ({pairs} discordant)"


def tango(
    first_only: float, second_only: float, n: float, *, level: float = 0.95
) -> tuple[float, float, float]:
    """By how much do two paired proportions differ, between which bounds?

    (difference, low, high) for first minus second, the score interval of Tango 1998
    (doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B): the differences that the constrained score
    test does not reject. `n` counts all pairs, the concordant too. Never beyond -1 or 1, and with a width when no pair
    is discordant.
    """
    difference, z = (first_only - second_only) / n, normal_quantile(level)

    def score(delta: float) -> float:
        a, c = 2.0 * n, -second_only * delta * (1 - delta)
        b = -first_only - second_only + (2 * n - first_only + second_only) * delta
        rest = (sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
        variance = n * (2 * rest + delta * (1 - delta))
        distance = first_only - second_only - n * delta
        return distance / sqrt(variance) if variance > 0 else float(np.sign(distance)) * 1e9

    edge = 1 - 1e-12
    low = optimize.brentq(lambda d: score(d) - z, -edge, difference) if difference > -edge else -1.0
    high = optimize.brentq(lambda d: score(d) + z, difference, edge) if difference < edge else 1.0
    return difference, float(low), float(high)


def clustered_mean(values: FloatArray, clusters: Codes) -> tuple[float, float]:
    """What is the mean of values of which some belong to one patient, and its standard error?

    Ratio estimator over patients, with patients / (patients - 1) (Obuchowski 1998,
    doi:10.1002/(SICI)1097-0258(19980715)17:13<1495::AID-SIM863>3.0.CO;2-I, for paired differences of right and wrong).
    """
    _, code = np.unique(clusters, return_inverse=True)
    groups, centre = int(code.max()) + 1, float(values.mean())
    if groups < 2:
        return centre, 0.0
    residual = np.bincount(code, weights=values - centre)
    return centre, sqrt(groups / (groups - 1) * float(np.sum(residual**2))) / len(values)


def compare_proportions(
    measure: str,
    a: str,
    b: str,
    first: BoolArray,
    second: BoolArray,
    *,
    level: float,
    clusters: Codes | None = None,
    empty: str,
) -> Comparison:
    """Is the first answer a hit more often than the second, in the same cases?

    Tango's interval and McNemar's test; where patients repeat, Tango's at the number of independent pairs that the
    clustered variance of the paired differences leaves (as `n_for_interval` for one proportion), and the t test of
    that variance. Without any case there is no difference: `empty` says which cases are lacking.
    """
    n = len(first)
    if n == 0:
        return Comparison(measure, a, b, None, flag=empty)
    if clusters is not None and len(np.unique(clusters)) < n:
        return _clustered_pairs(measure, a, b, first, second, clusters, level=level)
    first_only, second_only = int((first & ~second).sum()), int((~first & second).sum())
    difference, low, high = tango(first_only, second_only, n, level=level)
    statistic, p, test = mcnemar(first_only, second_only)
    discordant = first_only + second_only
    se = sqrt(max(0.0, discordant - (first_only - second_only) ** 2 / n)) / n
    return Comparison(
        measure, a, b, difference, low, high, se, statistic, p, p, f"Tango score interval; {test}"
    )


def _clustered_pairs(
    measure: str, a: str, b: str, first: BoolArray, second: BoolArray, clusters: Codes, *, level: float
) -> Comparison:
    apart, n = first.astype(float) - second.astype(float), len(first)
    difference, se = clustered_mean(apart, clusters)
    groups, alone = len(np.unique(clusters)), float(apart.var()) / n
    worth = float(groups)  # pairs that all differ alike tell nothing of how patients resemble themselves
    if se > 0 and alone > 0:
        worth = n * min(1.0, alone / se**2) * (normal_quantile(level) / t_quantile(level, groups - 1)) ** 2
    counts = [float(np.sum(only)) * worth / n for only in (first & ~second, ~first & second)]
    _, low, high = tango(counts[0], counts[1], worth, level=level)
    method = "Tango score interval at effective n, clustered by patient (Obuchowski 1998); clustered t test"
    if se == 0:
        p_same = 1.0 if difference == 0 else None
        return Comparison(measure, a, b, difference, low, high, 0.0, None, p_same, p_same, method)
    p = float(2 * stats.t.sf(abs(difference / se), groups - 1))
    return Comparison(
        measure, a, b, difference, low, high, se, difference / se, p, p, method, df=float(groups - 1)
    )


def normal_comparison(
    measure: str,
    a: str,
    b: str,
    difference: float,
    se: float,
    *,
    level: float,
    method: str,
    within: tuple[float, float] = (-1.0, 1.0),
    freedom: float = inf,
) -> Comparison:
    """Which interval and test follow from a difference and its standard error? None where the error is zero.

    `freedom`: how well the error itself is known; with clusters, their number less one. Infinite: the normal ones.
    """
    if se <= 1e-12:
        return Comparison(
            measure,
            a,
            b,
            difference,
            se=0.0,
            method=method,
            flag="no interval: the two never differ in a way that varies",
        )
    half, statistic = t_quantile(level, freedom) * se, difference / se
    p = float(2 * stats.t.sf(abs(statistic), max(1.0, freedom)))
    low, high = max(within[0], difference - half), min(within[1], difference + half)
    df = freedom if isfinite(freedom) else None
    return Comparison(measure, a, b, difference, low, high, se, statistic, p, p, method, df=df)
