"""How do the readers' figures vary together, because they read the same cases?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alarp.evaluation.intervals import Codes, FloatArray
from alarp.evaluation.mrmc.wins import Totals, Wins, pairs, totals

REPLICATES = 2000
_BLOCK = 4_000_000  # pairs held at once: 32 MB


def covariance(
    wins: Wins,
    *,
    method: str,
    clusters: Codes | None = None,
    seed: int = 20260101,
    replicates: int = REPLICATES,
) -> FloatArray:
    """Which covariance matrix (G, G) have the groups' figures, by the method that the protocol names?"""
    if method == "jackknife":
        return jackknife(wins, clusters=clusters)
    if method == "bootstrap":
        return bootstrap(wins, clusters=clusters, seed=seed, replicates=replicates)
    by_name: dict[str, Callable[[Wins], FloatArray]] = {"delong": delong, "unbiased": unbiased}
    return by_name[method](wins)


def jackknife(wins: Wins, *, clusters: Codes | None = None) -> FloatArray:
    """How much do the figures move together when one case is left out?

    (K - 1)/K times the sum of squares and products of the K leave-one-out figures (Efron 1982,
    doi:10.1137/1.9781611970319), K the number of cases; with `clusters` (one code a case) whole patients are left
    out and K counts patients. A case that does not enter the figure (a healthy one in sensitivity) still counts in
    K, as in MRMCaov. All G figures at once: no figure is computed twice.
    """
    found = totals(wins)
    left_out, spectators = leave_out(wins, found, clusters)
    count, whole = len(left_out) + spectators, found.estimates
    mean = (left_out.sum(axis=0) + spectators * whole) / count
    apart = left_out - mean
    still = whole - mean
    products: FloatArray = apart.T @ apart + spectators * np.outer(still, still)
    return (count - 1) / count * products


def leave_out(wins: Wins, found: Totals, clusters: Codes | None) -> tuple[FloatArray, int]:
    """What would each figure be without each case (or patient): (K, G), and how many cases change nothing?"""
    total, weight, n = found.rows.sum(axis=1), float(wins.size.sum()), wins.n
    codes = np.arange(wins.cases) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    used = np.zeros(wins.cases, dtype=bool)
    for side in (wins.diseased_case, wins.healthy_case):
        if side is not None:
            used[side] = True
    active, compact = np.unique(codes[used], return_inverse=True)
    where = np.full(wins.cases, -1)
    where[used] = compact
    lost = np.zeros((len(active), wins.groups))
    lost_weight, lost_healthy = np.zeros(len(active)), np.zeros(len(active))
    if wins.diseased_case is not None:
        ill = where[wins.diseased_case]
        np.add.at(lost, ill, found.rows.T)
        np.add.at(lost_weight, ill, wins.size)
    if wins.healthy_case is not None:
        well = where[wins.healthy_case]
        np.add.at(lost, well, found.columns.T)
        np.add.at(lost_healthy, well, 1.0)
    if wins.diseased_case is not None and wins.healthy_case is not None:
        lost -= _counted_twice(wins, ill, well, len(active))
    left = (weight - lost_weight) * (n - lost_healthy)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (total[None, :] - lost) / left[:, None]
    return np.where(left[:, None] > 0, values, found.estimates[None, :]), len(np.unique(codes)) - len(active)


def _counted_twice(wins: Wins, ill: Codes, well: Codes, active: int) -> FloatArray:
    """What was won inside one patient, who has diseased and healthy cases? It was taken away on both sides."""
    twice = np.zeros((active, wins.groups))
    for patient in np.intersect1d(ill, well):
        rows, columns = np.flatnonzero(ill == patient), np.flatnonzero(well == patient)
        for row in rows:
            inside = pairs(wins, slice(None), slice(int(row), int(row) + 1))
            twice[patient] += inside[:, 0, :][:, columns].sum(axis=1)
    return twice


def delong(wins: Wins) -> FloatArray:
    """How do the figures vary together, by the spread of each case's placement?

    DeLong et al. 1988 (doi:10.2307/2531595): cov(rows)/m + cov(columns)/n with divisors m - 1 and n - 1.
    """
    found = totals(wins)
    return _spread(found.rows / wins.n) / wins.m + _spread(found.columns / wins.m) / wins.n


def _spread(values: FloatArray) -> FloatArray:
    if values.shape[1] < 2:
        return np.zeros((len(values), len(values)))
    return np.atleast_2d(np.cov(values))


def unbiased(wins: Wins) -> FloatArray:
    """How do the figures vary together, without bias in small samples?

    From the second moments of the pairs' wins (Gallas 2006, doi:10.1016/j.acra.2005.09.030; Gallas, Pennello and
    Myers 2007, doi:10.1364/JOSAA.24.000B70): the product of two figures minus the mean over pairs that share
    neither the diseased nor the healthy case. Needs two cases of each class. May be negative for a variance near 0.
    """
    found, m, n = totals(wins), wins.m, wins.n
    if m < 2 or n < 2:
        return np.full((wins.groups, wins.groups), np.nan)
    sums = found.rows.sum(axis=1)
    whole = np.outer(sums, sums)
    same_ill, same_well = found.rows @ found.rows.T, found.columns @ found.columns.T
    same_both = np.zeros_like(whole)
    step = max(1, _BLOCK // (wins.groups * n))
    for start in range(0, m, step):
        block = pairs(wins, slice(None), slice(start, start + step)).reshape(wins.groups, -1)
        same_both += block @ block.T
    apart = (whole - same_ill - same_well + same_both) / (m * n * (m - 1) * (n - 1))
    return whole / (m * n) ** 2 - apart


def bootstrap(
    wins: Wins, *, clusters: Codes | None = None, seed: int = 20260101, replicates: int = REPLICATES
) -> FloatArray:
    """How do the figures vary together over resamples of the cases?

    Cases (or patients) are drawn with replacement, separately among those with diseased cases only, healthy cases
    only, or both; the same draw serves all readers. The covariance has the divisor replicates - 1. A resample
    without one of the classes is left out. Same seed, same numbers.
    """
    codes = np.arange(wins.cases) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    counts = _draws(wins, codes, np.random.default_rng(seed), replicates)
    sides = [
        np.ones((replicates, length)) if cases is None else counts[:, codes[cases]]
        for cases, length in ((wins.diseased_case, wins.m), (wins.healthy_case, wins.n))
    ]
    ill, well = sides
    weight = (ill @ wins.size) * well.sum(axis=1)
    kept = weight > 0
    figures = np.empty((wins.groups, int(kept.sum())))
    for group in range(wins.groups):
        won = ill @ pairs(wins, group)[0]
        figures[group] = ((won * well).sum(axis=1))[kept] / weight[kept]
    return np.atleast_2d(np.cov(figures))


def _draws(wins: Wins, codes: Codes, random: np.random.Generator, replicates: int) -> FloatArray:
    """How often was each patient drawn, replicate by replicate?"""
    patients = int(codes.max()) + 1
    has = np.zeros((patients, 2), dtype=bool)
    for side, cases in enumerate((wins.diseased_case, wins.healthy_case)):
        if cases is not None:
            has[codes[cases], side] = True
    counts = np.zeros((replicates, patients))
    for kind in ((True, False), (False, True), (True, True)):
        stratum = np.flatnonzero((has[:, 0] == kind[0]) & (has[:, 1] == kind[1]))
        if len(stratum):
            even = np.full(len(stratum), 1 / len(stratum))
            counts[:, stratum] = random.multinomial(len(stratum), even, size=replicates)
    return counts
