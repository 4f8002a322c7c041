"""How do the diseased and the healthy stand in one ranking, and what does that say about the area under its curve?

Everything here asks for scores that already point towards disease and hold no NaN; infinities are allowed (an answer
that is missing and counted as wrong stands at the far end).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import optimize

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray, normal_quantile

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Steps:
    """The ranking without what no area depends on: ascending steps, how many diseased and healthy stand on each.

    Equal scores share a step, and so do neighbours of one class with nobody of the other between them: swapping
    them changes no comparison, in the cases themselves or in any resample of them.
    """

    diseased: Counts
    healthy: Counts

    @property
    def sizes(self) -> tuple[int, int]:
        """How many diseased and healthy cases?"""
        return int(self.diseased.sum()), int(self.healthy.sum())


def steps(suspicion: FloatArray, diseased: BoolArray) -> Steps:
    """On which steps do the cases stand? One sort of each class, then the smaller is looked up in the larger."""
    positive, negative = np.sort(suspicion[diseased]), np.sort(suspicion[~diseased])
    swapped = len(positive) > len(negative)
    few, many = (negative, positive) if swapped else (positive, negative)
    if not len(few):
        whole = np.array([len(many)] if len(many) else [], dtype=np.int64)
        return Steps(whole, 0 * whole) if swapped else Steps(0 * whole, whole)
    first = np.flatnonzero(np.append(True, few[1:] != few[:-1]))
    values = few[first]
    left, right = np.searchsorted(many, values, "left"), np.searchsorted(many, values, "right")
    own = np.zeros(2 * len(values) + 1, dtype=np.int64)
    own[1::2] = np.diff(np.append(first, len(few)))
    other = np.empty_like(own)
    other[1::2] = right - left
    other[0::2] = np.append(left, len(many)) - np.append(0, right)
    own, other = _merged(own, other)
    return Steps(other, own) if swapped else Steps(own, other)


def _merged(own: Counts, other: Counts) -> tuple[Counts, Counts]:
    """Which steps remain when empty ones go and neighbours without anybody of `other` become one?"""
    held = (own > 0) | (other > 0)
    own, other = own[held], other[held]
    starts = np.flatnonzero(np.append(True, (other[1:] > 0) | (other[:-1] > 0)))
    return np.add.reduceat(own, starts), np.add.reduceat(other, starts)


def step_placements(found: Steps) -> tuple[FloatArray, FloatArray]:
    """Which share of the other class does a case on each step outrank: the diseased, then the healthy (reversed)?"""
    m, n = found.sizes
    above = (2 * np.cumsum(found.healthy) - found.healthy) / (2 * n)
    below = 1.0 - (2 * np.cumsum(found.diseased) - found.diseased) / (2 * m)
    return above, below


def area(found: Steps) -> float:
    """How likely does a diseased case outrank a healthy one, ties counted one half? Exact sums in 64-bit integers."""
    m, n = found.sizes
    twice = 2 * np.cumsum(found.healthy) - found.healthy
    return int(np.dot(found.diseased, twice)) / (2 * m * n)


def delong_parts(found: Steps) -> tuple[float, float]:
    """How much of the area's variance comes from the diseased, and how much from the healthy?

    DeLong et al. 1988 (doi:10.2307/2531595): the variance of each class's placements over its size. With one case of a
    class its part cannot be estimated and is 0.
    """
    centre = area(found)
    parts = []
    for placed, counts in zip(step_placements(found), (found.diseased, found.healthy), strict=True):
        size = int(counts.sum())
        squares = float(np.dot(counts, (placed - centre) ** 2))
        parts.append(squares / (size - 1) / size if size > 1 else 0.0)
    return parts[0], parts[1]


def delong_variance(found: Steps) -> float:
    """How far may the area vary from sample to sample? The two parts of DeLong et al. 1988 together."""
    return sum(delong_parts(found))


def placements(suspicion: FloatArray, diseased: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Which share of the other class does each case outrank? Ties count one half (midranks).

    First the diseased (share of healthy below), then the healthy (share of diseased above), each in the order
    given. DeLong et al. 1988 (doi:10.2307/2531595), from one sort as in Sun and Xu 2014
    (doi:10.1109/LSP.2014.2337313).
    """
    order = np.argsort(suspicion)
    values, hit = suspicion[order], diseased[order]
    start = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    end = np.append(start[1:], len(values))
    up = np.append(0, np.cumsum(hit))
    down = np.arange(len(values) + 1) - up
    m, n = int(up[-1]), int(down[-1])
    with np.errstate(invalid="ignore", divide="ignore"):  # a class without cases: nobody asks for its share
        above = (down[start] + down[end]) / (2 * n)
        below = 1.0 - (up[start] + up[end]) / (2 * m)
    lengths = end - start
    placed = np.empty(len(values))
    placed[order] = np.where(hit, np.repeat(above, lengths), np.repeat(below, lengths))
    return placed[diseased], placed[~diseased]


def delong_covariance(
    scores: FloatArray, diseased: BoolArray, *, clusters: Codes | None = None
) -> tuple[FloatArray, FloatArray]:
    """How do the areas of several scores of the same cases vary together?

    `scores` has one row a tool or reader, one column a case (k, n). Returns the areas (k) and their covariance (k, k):
    DeLong et al. 1988 (doi:10.2307/2531595); with `clusters` (a code a case) the clustered covariance of Obuchowski
    1997 (doi:10.2307/2533958). The variance of a difference is then c[0, 0] + c[1, 1] - 2 c[0, 1]. A class of one
    case, whose spread cannot be estimated, adds nothing.
    """
    placed = [placements(row, diseased) for row in np.atleast_2d(scores)]
    above, below = np.array([p[0] for p in placed]), np.array([p[1] for p in placed])
    areas = above.mean(axis=1)
    if clusters is not None and len(np.unique(clusters)) < len(diseased):
        return areas, clustered_covariance(above, below, areas, diseased, clusters)
    covariance = np.zeros((len(areas), len(areas)))
    for rows in (above, below):
        if rows.shape[1] > 1:
            covariance += np.atleast_2d(np.cov(rows)) / rows.shape[1]
    return areas, covariance


def clustered_covariance(
    above: FloatArray, below: FloatArray, areas: FloatArray, diseased: BoolArray, clusters: Codes
) -> FloatArray:
    """How do areas vary together when cases of one patient resemble each other? From placements (k, m) and (k, n)."""
    m, n = above.shape[1], below.shape[1]
    _, code = np.unique(clusters, return_inverse=True)
    groups = int(code.max()) + 1

    def summed(rows: FloatArray, which: BoolArray) -> tuple[FloatArray, int]:
        counts = np.bincount(code[which], minlength=groups)
        sums = np.array([np.bincount(code[which], weights=row, minlength=groups) for row in rows])
        return sums - np.outer(areas, counts), int((counts > 0).sum())

    up, with_diseased = summed(above, diseased)
    down, with_healthy = summed(below, ~diseased)
    s10 = with_diseased / max(1, with_diseased - 1) * (up @ up.T) / m
    s01 = with_healthy / max(1, with_healthy - 1) * (down @ down.T) / n
    s11 = groups / max(1, groups - 1) * (up @ down.T)
    covariance: FloatArray = s10 / m + s01 / n + (s11 + s11.T) / (m * n)
    return covariance


def newcombe_auc(area: float, m: int, n: int, *, level: float) -> tuple[float, float]:
    """Between which bounds does an area lie when its variance cannot be estimated?

    Score-type interval, method 5 of Newcombe 2006 (doi:10.1002/sim.2324): the bounds are the areas whose own
    standard error, with (m + n)/2 - 1 in place of m - 1 and n - 1, just reaches the estimate.
    """
    z, mean_n = normal_quantile(level), (m + n) / 2 - 1

    def excess(t: float) -> float:
        spread = 1 + mean_n * (1 - t) / (2 - t) + mean_n * t / (1 + t)
        return abs(area - t) - z * sqrt(max(0.0, t * (1 - t) * spread / (m * n)))

    tiny = 1e-12
    low = float(optimize.brentq(excess, tiny, area - tiny)) if area > 2 * tiny else 0.0
    high = float(optimize.brentq(excess, area + tiny, 1 - tiny)) if area < 1 - 2 * tiny else 1.0
    return low, high
