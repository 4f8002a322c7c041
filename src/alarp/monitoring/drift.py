"""Have the scores moved? Two distributions on the same bins, with what chance alone would show."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import log, sqrt

import numpy as np
import numpy.typing as npt
from scipy import special

from alarp.kernel import Measure

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MOST_GROUPS, LEAST_IN_A_GROUP = 10, 10
SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class Shift:
    """How far have two distributions moved apart, and how far would chance alone move them?"""

    psi: Measure
    chance: float | None  # PSI that chance stays below in 99 of 100 comparisons of this size
    largest: Measure  # largest difference of the two cumulative shares
    largest_chance: float | None
    groups: tuple[tuple[int, int], ...]  # the bins that were joined, each from (included) to (not included)
    reference: tuple[int, ...]
    current: tuple[int, ...]

    @property
    def beyond_chance(self) -> bool:
        return self.psi.estimate is not None and self.chance is not None and self.psi.estimate > self.chance


def psi(reference: Ints, current: Ints, *, smoothing: float = SMOOTHING) -> float:
    """How far have two sets of counts on the same bins moved apart? Population stability index.

    Sum over bins of (q - p) ln(q / p), with p and q the shares of reference and current after `smoothing` was added
    to every bin of both, so that an empty bin gives a large number and not infinity. The symmetric
    Kullback-Leibler distance (Jeffreys 1946, doi:10.1098/rspa.1946.0056). Either side empty: ask `shift`,
    which says "not measurable".
    """
    p = (reference + smoothing) / (reference.sum() + smoothing * len(reference))
    q = (current + smoothing) / (current.sum() + smoothing * len(current))
    return float(np.sum((q - p) * np.log(q / p)))


def largest_difference(reference: Ints, current: Ints) -> float:
    """By how much do the two cumulative shares differ at most? Kolmogorov and Smirnov's distance, on bins.

    Never more than the distance of the unbinned values; equal to it when no bin mixes the two.
    """
    p = np.cumsum(reference) / reference.sum()
    q = np.cumsum(current) / current.sum()
    return float(np.max(np.abs(p - q)))


def groups_of(reference: Ints, most: int = MOST_GROUPS) -> tuple[tuple[int, int], ...]:
    """Which neighbouring bins are joined, so that each group holds about the same share of the reference?

    At most 10 groups of about 10 reference scores or more, and at least two. Few groups keep the index's own noise
    small: with B groups it is about (B - 1)(1/n + 1/m).
    """
    total = int(reference.sum())
    if not total:
        return ((0, len(reference)),)
    most = max(2, min(most, total // LEAST_IN_A_GROUP))
    share = np.cumsum(reference) / total
    cuts = {int(np.searchsorted(share, k / most)) + 1 for k in range(1, most)}
    edges = [0, *sorted(c for c in cuts if 0 < c < len(reference)), len(reference)]
    return tuple(pairwise(edges))


def joined(counts: Ints, groups: tuple[tuple[int, int], ...]) -> Ints:
    """These counts with the bins of each group added up."""
    return np.array([counts[a:b].sum() for a, b in groups], dtype=np.int64)


def shift(reference: Ints, current: Ints, *, subgroup: str = "all", chance: float = 0.99) -> Shift:
    """Have the scores moved since the reference, and by more than chance would?

    PSI on at most 10 groups of bins of about equal share in the reference (10 scores or more), 0.5 added to each. Without a shift it is
    about (1/n + 1/m) times a chi-square with (groups - 1) degrees of freedom (Yurdakul and Naranjo 2020,
    doi:10.21314/JRMV.2020.227): `chance` is that law's 99 % point. Beside it the largest difference of the cumulative
    shares with the asymptotic 99 % point of Smirnov's test. Either side empty: not measurable.
    """
    n, m = int(reference.sum()), int(current.sum())
    groups = groups_of(reference)
    if not n or not m:
        empty = "the reference holds no score" if not n else "no score since then"
        nothing = Measure.not_measurable("psi", because=empty, n=m, subgroup=subgroup)
        largest = Measure.not_measurable("largest_difference", because=empty, n=m, subgroup=subgroup)
        return Shift(nothing, None, largest, None, groups, (), ())
    before, now = joined(reference, groups), joined(current, groups)
    scale = 1 / n + 1 / m
    limit = float(special.chdtri(max(1, len(groups) - 1), 1 - chance)) * scale
    method = f"PSI, {len(groups)} groups of bins, {SMOOTHING} added to each, reference n = {n}"
    found = Measure("psi", psi(before, now), method=method, n=m, subgroup=subgroup)
    apart = Measure(
        "largest_difference",
        largest_difference(reference, current),
        method=f"largest difference on {len(reference)} bins, reference n = {n}",
        n=m,
        subgroup=subgroup,
    )
    furthest = sqrt(-log((1 - chance) / 2) / 2 * scale)
    return Shift(found, limit, apart, furthest, groups, tuple(before.tolist()), tuple(now.tolist()))
