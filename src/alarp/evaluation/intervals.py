"""How sure are we of a proportion, a mean or a difference?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from alarp.evaluation.tails import two_sided_normal
from alarp.kernel import Measure

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

LEAST_SKEWNESS = 0.5  # of a sample: less is seen in as few values without any lean
# Cochran asks for 25 times the squared skewness of the population; a small sample shows too little of it.
ENOUGH_FOR_SKEWNESS = 60
WILSON_CLUSTERED = "Wilson at effective n (Rao-Scott, clustered by patient)"


def normal_quantile(level: float) -> float:
    """How many standard errors to each side does this level take?"""
    return float(special.ndtri(0.5 + level / 2))


def wilson(proportion: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Between which bounds does a proportion lie? Score interval of Wilson 1927 (doi:10.2307/2276774).

    `n` may be an effective sample size and need not be whole. At 0 and 1 the outer bound is exactly 0 or 1.
    """
    z = normal_quantile(level)
    centre = proportion + z * z / (2 * n)
    half = z * sqrt(proportion * (1 - proportion) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if proportion == 0 else (centre - half) / scale
    high = 1.0 if proportion == 1 else (centre + half) / scale
    return low, high


def t_quantile(level: float, freedom: float) -> float:
    """How many standard errors to each side does this level take when the error itself is estimated?"""
    return float(special.stdtrit(max(1.0, freedom), 0.5 + level / 2))


def effective_n(hits: BoolArray, clusters: Codes) -> float:
    """How many independent cases are these clustered ones worth?

    n over the design effect of the ratio estimator (Rao and Scott 1992, doi:10.2307/2532311); never more than
    n. With all or no hits the design effect cannot be estimated and the number of clusters is taken.
    """
    _, code = np.unique(clusters, return_inverse=True)
    sizes, sums = np.bincount(code), np.bincount(code, weights=hits)
    n, groups = len(hits), len(sizes)
    if groups == n:
        return float(n)
    share = float(hits.mean())
    if groups < 2 or share in (0.0, 1.0):
        return float(groups)
    variance = groups / (groups - 1) * float(np.sum((sums - share * sizes) ** 2)) / n**2
    return n / max(1.0, variance / (share * (1 - share) / n))


def n_for_interval(hits: BoolArray, clusters: Codes | None, *, level: float) -> float:
    """Which sample size goes into the interval of a proportion: n, or less when patients repeat?

    `effective_n` times (z / t)^2, t on (clusters - 1) degrees of freedom, since few clusters tell their own design effect
    badly (Korn and Graubard 1998, Survey Methodology 24:193-201; with Wilson's interval Dean and Pagano 2015,
    doi:10.1093/jssam/smv024).
    """
    n = len(hits)
    if clusters is None or n == 0:
        return float(n)
    groups, share = len(np.unique(clusters)), float(hits.mean())
    worth = effective_n(hits, clusters)
    if groups == n or groups < 2 or share in (0.0, 1.0):
        return worth
    return worth * (normal_quantile(level) / t_quantile(level, groups - 1)) ** 2


def proportion(
    name: str,
    hits: BoolArray,
    *,
    level: float,
    clusters: Codes | None = None,
    subgroup: str = "all",
    empty: str,
) -> Measure:
    """Which share of these cases is a hit, and how sure are we?

    Wilson interval; when patients repeat, Wilson at the effective sample size. Not measurable (0/0) when
    there is no case: `empty` says which.
    """
    n = len(hits)
    if n == 0:
        return Measure.not_measurable(name, because=empty, subgroup=subgroup)
    size, method = float(n), "Wilson"
    if clusters is not None and len(np.unique(clusters)) < n:
        size, method = n_for_interval(hits, clusters, level=level), WILSON_CLUSTERED
    share = float(hits.mean())
    low, high = wilson(share, size, level=level)
    return Measure(name, share, low, high, level, method, n, int(hits.sum()), subgroup)


def mean(
    name: str,
    values: FloatArray,
    clusters: Codes,
    *,
    level: float,
    subgroup: str = "all",
    bounds: tuple[float, float],
    weights: FloatArray | None = None,
) -> Measure:
    """What is the mean over cases, and how sure are we?

    t interval with the variance that leaving out each cluster in turn gives the ratio mean (the jackknife, CR3: MacKinnon,
    Nielsen and Webb 2023, doi:10.1016/j.jeconom.2022.04.001), and as many degrees of freedom as equally large clusters
    would be worth, less one (Kish); with one value a cluster this is the ordinary t interval, with large and small ones it
    is wider. `weights`: what each value counts. One cluster: an estimate, no interval. Few and lopsided
    clusters (no more than 60 times the squared skewness; 25 by Cochran 1977, Sampling Techniques, section 2.15, for that
    of the population), for which the t interval is too short on the side of the long tail: each bound is the further one
    of it and of Hall's (1992, doi:10.1111/j.2517-6161.1992.tb01876.x), which allows for skewness.
    """
    n = len(values)
    if n == 0:
        return Measure.not_measurable(name, because="no case could be measured", subgroup=subgroup)
    found = left_out(values, clusters, weights)
    estimate, groups = found.mean, len(found.moves)
    if groups == 1:
        return Measure(name, estimate, None, None, level, "mean, no interval", n, None, subgroup, "one case")
    t, se = t_quantile(level, found.freedom), sqrt(found.variance)
    down, up = t * se, t * se
    method = "mean, t interval" if groups == n else "mean, t interval clustered by case"
    skewness = _skewness(found.moves)
    if abs(skewness) >= LEAST_SKEWNESS and groups <= ENOUGH_FOR_SKEWNESS * skewness**2:
        down, up = (
            max(half, se * _hall(side * t, skewness, groups) * side) for half, side in ((down, 1), (up, -1))
        )
        method += ", widened for few lopsided values (Hall 1992)"
    low, high = max(bounds[0], estimate - down), min(bounds[1], estimate + up)
    return Measure(name, estimate, low, high, level, method, n, None, subgroup)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A mean, and by how much each cluster moves it: what is left of the mean when that one is left out, scaled so that
    the squares add up to the variance. `cluster`: the code of each, in rising order."""

    mean: float
    moves: FloatArray
    cluster: Codes
    freedom: float  # of the t quantile: what equally large clusters these would be worth, less one

    @property
    def variance(self) -> float:
        return float(np.sum(self.moves**2))


def left_out(values: FloatArray, clusters: Codes, weights: FloatArray | None = None) -> LeftOut:
    """By how much does each cluster move the mean of these values? One cluster alone moves it by nobody knows how much."""
    counts = np.ones(len(values)) if weights is None else weights
    known, code = np.unique(clusters, return_inverse=True)
    whole, size = float(counts.sum()), np.bincount(code, weights=counts)
    middle = float(np.dot(counts, values) / whole)
    if len(known) == 1:
        return LeftOut(middle, np.zeros(1), known, 0.0)
    residual = np.bincount(code, weights=counts * (values - middle))
    moves = residual / (whole - size) * sqrt((len(known) - 1) / len(known))
    return LeftOut(middle, moves, known, whole**2 / float(np.sum(size**2)) - 1)


def _skewness(values: FloatArray) -> float:
    """How lopsided are these values? Fisher's coefficient, adjusted for their number; 0 for fewer than three or none."""
    n, spread = len(values), float(np.var(values))
    if n < 3 or spread == 0:
        return 0.0
    plain = float(np.mean((values - values.mean()) ** 3)) / spread**1.5
    return float(plain * sqrt(n * (n - 1)) / (n - 2))


def _hall(t: float, skewness: float, n: int) -> float:
    """Which standardised distance from the mean does a quantile become when the values are lopsided?

    The inverse of Hall's cubic transformation (Hall 1992, doi:10.1111/j.2517-6161.1992.tb01876.x).
    """
    slope = skewness / sqrt(n)
    inner: float = float(np.cbrt(1 + slope * (t - skewness / (6 * sqrt(n)))))
    return 3 / slope * (inner - 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far apart are two groups, tools or readings, and could chance explain it?

    `difference` is a minus b. `p` is adjusted where several questions were asked; `p_unadjusted` is the bare one.
    `df` belongs to a t or F `statistic`. `flag` says what a reader must know: 'gap', 'too few to tell: …'.
    """

    measure: str
    a: str
    b: str
    difference: float | None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    statistic: float | None = None
    p_unadjusted: float | None = None
    p: float | None = None
    method: str = ""
    flag: str = ""
    df: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The row of `result.json`."""
        return {name: getattr(self, name) for name in self.__slots__}


def newcombe_difference(first: Measure, second: Measure, *, alike: float = 0.0) -> tuple[float, float, float]:
    """By how much do two proportions differ, between which bounds?

    Hybrid score interval, method 10 of Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I)
    from each proportion's own Wilson bounds. `alike`: how far the two go together, when they share patients (Zou and Donner
    2008, doi:10.1002/sim.3095); 0 for independent ones.
    """
    assert first.estimate is not None and second.estimate is not None
    assert first.low is not None and first.high is not None
    assert second.low is not None and second.high is not None
    difference = first.estimate - second.estimate

    def apart(one: float, other: float) -> float:
        return sqrt(max(0.0, one**2 + other**2 - 2 * alike * one * other))

    low = difference - apart(first.estimate - first.low, second.high - second.estimate)
    high = difference + apart(first.high - first.estimate, second.estimate - second.low)
    return difference, low, high


def two_proportion_z(
    first: float, n_first: float, second: float, n_second: float, *, alike: float = 0.0
) -> tuple[float, float, float]:
    """Could chance explain the difference of two proportions? Pooled z test: (standard error, z, two-sided p).

    `alike`: the correlation of the two, when they share patients.
    """
    pooled = (first * n_first + second * n_second) / (n_first + n_second)
    spread = max(0.0, 1 / n_first + 1 / n_second - 2 * alike / sqrt(n_first * n_second))
    se = sqrt(pooled * (1 - pooled) * spread)
    if se == 0:
        return 0.0, 0.0, 1.0
    z = (first - second) / se
    return se, z, two_sided_normal(z)


def holm(p_values: Sequence[float]) -> list[float]:
    """Which p values remain when several questions were asked? Holm 1979 step-down, in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted
