"""Which of two answers to the same cases is right more often, and could chance explain it?"""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy import optimize, stats

from alarp.evaluation.intervals import BoolArray, Codes, Comparison, FloatArray, normal_quantile

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


def tango(first_only: int, second_only: int, n: int, *, level: float = 0.95) -> tuple[float, float, float]:
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

    Tango's interval and McNemar's test; where patients repeat, the clustered mean of the paired differences with a
    normal interval and test. Without any case there is no difference: `empty` says which cases are lacking.
    """
    n = len(first)
    if n == 0:
        return Comparison(measure, a, b, None, flag=empty)
    if clusters is not None and len(np.unique(clusters)) < n:
        difference, se = clustered_mean(first.astype(float) - second.astype(float), clusters)
        return normal_comparison(
            measure,
            a,
            b,
            difference,
            se,
            level=level,
            method="paired, clustered by patient (Obuchowski 1998)",
        )
    first_only, second_only = int((first & ~second).sum()), int((~first & second).sum())
    difference, low, high = tango(first_only, second_only, n, level=level)
    statistic, p, test = mcnemar(first_only, second_only)
    discordant = first_only + second_only
    se = sqrt(max(0.0, discordant - (first_only - second_only) ** 2 / n)) / n
    return Comparison(
        measure, a, b, difference, low, high, se, statistic, p, p, f"Tango score interval; {test}"
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
) -> Comparison:
    """Which interval and test follow from a difference and its standard error? None where the error is zero."""
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
    half, z = normal_quantile(level) * se, difference / se
    p = float(2 * stats.norm.sf(abs(z)))
    low, high = max(within[0], difference - half), min(within[1], difference + half)
    return Comparison(measure, a, b, difference, low, high, se, z, p, p, method)
