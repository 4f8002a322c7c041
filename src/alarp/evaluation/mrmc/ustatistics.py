"""How sure are we when not every reader read every case? Gallas' moments of the wins."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from alarp.evaluation.intervals import BoolArray, FloatArray
from alarp.evaluation.mrmc.anova import Interval, interval
from alarp.evaluation.mrmc.wins import Wins, pairs

# From sums over all pairs to sums over pairs that differ in what they must differ in. The eight: same reader and (1)
# both cases, (2) the diseased, (3) the healthy, (4) none the same; then the same four over different readers.
_SAME = np.array([[1, 0, 0, 0], [-1, 1, 0, 0], [-1, 0, 1, 0], [1, -1, -1, 1]], dtype=float)
_APART = np.block([[_SAME, np.zeros((4, 4))], [-_SAME, _SAME]])
_NORMAL_FROM = 50


@dataclass(frozen=True, slots=True)
class Reads:
    """One modality: what each of R readers' diseased cases won against the healthy ones, and who read what.

    `won` (R, m, n), 0 where not read; `ill` (R, m) and `well` (R, n): was this case read by this reader?
    """

    won: FloatArray
    ill: BoolArray
    well: BoolArray

    @property
    def read(self) -> FloatArray:
        return (self.ill[:, :, None] & self.well[:, None, :]).astype(float)

    @property
    def figures(self) -> FloatArray:
        """Each reader's own figure; NaN for one who read no case of one class."""
        with np.errstate(invalid="ignore"):
            every: FloatArray = self.won.sum(axis=(1, 2)) / self.read.sum(axis=(1, 2))
        return every

    @property
    def figure(self) -> float:
        """The readers' figure: all wins over all pairs, so that who read more counts more."""
        return float(self.won.sum() / self.read.sum())


@dataclass(frozen=True, slots=True)
class Moments:
    """The covariance of two modalities' figures, unbiased and by the empirical distribution (MLE), with what the
    degrees of freedom need: the biased components of readers, healthy and diseased cases and their freedoms."""

    unbiased: float
    mle: float
    parts: tuple[float, float, float]
    freedoms: tuple[float, float, float]


def reads(wins: Wins, groups: list[int], ill: BoolArray, well: BoolArray) -> Reads:
    """What did these groups (one modality's readers) win, where they read? `ill` (R, m), `well` (R, n)."""
    won = pairs(wins, groups)
    return Reads(np.where(ill[:, :, None] & well[:, None, :], won, 0.0), ill, well)


def only(found: Reads, reader: int) -> Reads:
    """What did this reader alone win?"""
    one = slice(reader, reader + 1)
    return Reads(found.won[one], found.ill[one], found.well[one])


def placed(found: Reads, places: list[int], readers: int) -> Reads:
    """The same among all readers of the study, so that two modalities are joined reader by reader."""
    won = np.zeros((readers, *found.won.shape[1:]))
    ill, well = np.zeros((readers, found.ill.shape[1]), bool), np.zeros((readers, found.well.shape[1]), bool)
    won[places], ill[places], well[places] = found.won, found.ill, found.well
    return Reads(won, ill, well)


def _sums(first: FloatArray, second: FloatArray) -> FloatArray:
    """Four sums over products: same pair, same diseased case, same healthy case, any. (R, m, n) each, or (m, n)."""
    axes = (-2, -1)
    by_ill = (first.sum(axis=-1) * second.sum(axis=-1)).sum()
    by_well = (first.sum(axis=-2) * second.sum(axis=-2)).sum()
    every = (first.sum(axis=axes) * second.sum(axis=axes)).sum()
    return np.array([(first * second).sum(), by_ill, by_well, every])


def moments(a: Reads, b: Reads, *, fixed_sides: tuple[bool, bool] = (False, False)) -> Moments:
    """How do two modalities' figures vary together, over readers and cases? With a = b: how does one vary?

    Gallas 2006 (doi:10.1016/j.acra.2005.09.030), for any assignment of readers to cases; components and their
    degrees of freedom as in Gallas et al. 2009 (doi:10.1080/03610920802610084). `fixed_sides`: is the diseased, the
    healthy side a fixed mark that is no case (sensitivity, specificity)? A modality with one reader: given that one.
    """
    numerator = np.concatenate([_sums(a.won, b.won), _sums(a.won.sum(axis=0), b.won.sum(axis=0))])
    mask_a, mask_b = a.read, b.read
    denominator = np.concatenate([_sums(mask_a, mask_b), _sums(mask_a.sum(axis=0), mask_b.sum(axis=0))])
    apart, count = _APART @ numerator, _APART @ denominator
    mean = np.divide(apart, count, out=np.zeros(8), where=count > 0.5)
    biased = np.divide(numerator, denominator, out=np.zeros(8), where=denominator > 0.5)
    share = count / denominator[7]
    if count[7] <= 0.5:  # one reader in all: what differs between readers cannot be seen and is not counted
        share[3] -= 1.0
        biased[4:] = biased[:4]
    else:
        share[7] -= 1.0
    parts = (biased[3] - biased[7], biased[5] - biased[7], biased[6] - biased[7])
    shares = (share[:4].sum(), share[[0, 1, 4, 5]].sum(), share[[0, 2, 4, 6]].sum())
    present = (count[7] > 0.5, not fixed_sides[0], not fixed_sides[1])
    freedoms = tuple(
        float(round(1 / s - 1)) if p and s > 0 else inf for s, p in zip(shares, present, strict=True)
    )
    return Moments(
        unbiased=float(share @ mean),
        mle=float(share @ biased),
        parts=(float(parts[0]), float(parts[1]), float(parts[2])),
        freedoms=(freedoms[0], freedoms[1], freedoms[2]),
    )


def _freedom(variance: float, parts: tuple[float, ...], freedoms: tuple[float, ...]) -> float:
    """On how many degrees of freedom does this variance stand? At least the fewest of its parts (Gaylor and Hopper
    1969, doi:10.1080/00401706.1969.10490732), whole; beyond 50 the normal distribution serves."""
    spread = sum(part**2 / freedom**3 for part, freedom in zip(parts, freedoms, strict=True) if freedom > 0)
    least = max(1.0, min(freedoms))
    freedom = max(least, variance**2 / spread if spread > 0 else inf)
    return inf if freedom > _NORMAL_FROM else float(np.floor(freedom))


def _interval(
    estimate: float, variance: float, df: float, *, normal: bool, level: float, null: float = 0.0
) -> Interval:
    return interval(estimate, variance, inf if normal else df, level=level, null=null)


def of_one(
    found: Reads, own: Moments, *, mle: bool = False, normal: bool = False, level: float = 0.95
) -> Interval:
    """What is the readers' figure in one modality, and how sure are we?"""
    variance = own.mle if mle else own.unbiased
    df = _freedom(variance, own.parts, own.freedoms)
    return _interval(found.figure, variance, df, normal=normal, level=level)


def of_two(
    a: Reads,
    b: Reads,
    own_a: Moments,
    own_b: Moments,
    both: Moments,
    *,
    mle: bool = False,
    normal: bool = False,
    level: float = 0.95,
) -> Interval:
    """By how much do two modalities differ, and could chance explain it?

    Variance A plus variance B minus twice their covariance; t on the degrees of freedom of iMRMC, or normal. A
    variance estimated at or below zero gives a difference without an interval. Gallas 2006
    (doi:10.1016/j.acra.2005.09.030).
    """
    if mle:
        variance = own_a.mle + own_b.mle - 2 * both.mle
    else:
        variance = own_a.unbiased + own_b.unbiased - 2 * both.unbiased
    parts = tuple(x + y - 2 * z for x, y, z in zip(own_a.parts, own_b.parts, both.parts, strict=True))
    freedoms = tuple(min(x, y) for x, y in zip(own_a.freedoms, own_b.freedoms, strict=True))
    df = _freedom(variance, parts, freedoms)
    return _interval(a.figure - b.figure, variance, df, normal=normal, level=level)
