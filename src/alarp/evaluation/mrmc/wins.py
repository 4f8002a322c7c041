"""How often does what is diseased outrank what is healthy, for every reader with every modality?

All endpoints of a reader study are one contest: targets (diseased cases, or lesions with a weight) against healthy
cases. ROC, inferred ROC, AFROC, wAFROC, sensitivity and specificity differ only in who meets whom, so that each
covariance estimator and each test is written once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray


@dataclass(frozen=True, slots=True)
class Wins:
    """The contest. A group is one reader with one modality; there are G of them, in the order modality, reader.

    `target` (G, L): the rating of each lesion, or of each diseased case; -inf where it was not marked. `owner` (L):
    which of the m diseased cases it lies in. `weight` (L): what it counts. `size` (m): what a diseased case counts
    in the denominator (1; in AFROC its number of lesions). `healthy` (G, n): the highest rating of each healthy case.
    `diseased_case`, `healthy_case`: which case of the study each is; None when the side is a fixed mark that belongs
    to no case (sensitivity has no healthy side, specificity no diseased one). `cases`: how many cases there are.
    """

    target: FloatArray
    owner: Codes
    weight: FloatArray
    size: FloatArray
    healthy: FloatArray
    diseased_case: Codes | None
    healthy_case: Codes | None
    cases: int

    @property
    def groups(self) -> int:
        return len(self.target)

    @property
    def m(self) -> int:
        return len(self.size)

    @property
    def n(self) -> int:
        return int(self.healthy.shape[1])


@dataclass(frozen=True, slots=True)
class Totals:
    """What each diseased case won (`rows`, G by m), what was won against each healthy one (`columns`, G by n)."""

    rows: FloatArray
    columns: FloatArray
    estimates: FloatArray


def of_cases(rating: FloatArray, diseased: BoolArray) -> Wins:
    """Which contest is the area under the ROC curve? Each diseased case against each healthy one; rating (G, K)."""
    ill, well = np.flatnonzero(diseased), np.flatnonzero(~diseased)
    one = np.ones(len(ill))
    return Wins(rating[:, ill], np.arange(len(ill)), one, one, rating[:, well], ill, well, len(diseased))


def of_lesions(
    lesion: FloatArray,
    lesion_case: Codes,
    weight: FloatArray,
    highest: FloatArray,
    diseased: BoolArray,
    *,
    weighted: bool,
) -> Wins:
    """Which contest is the area under the (w)AFROC curve? Each lesion against the highest mark of each healthy case.

    `lesion` (G, L) and `highest` (G, K) hold -inf where there is no mark. Weighted: each diseased case counts one,
    shared by its lesions' weights (wAFROC); otherwise each lesion counts one (AFROC).
    """
    ill, well = np.flatnonzero(diseased), np.flatnonzero(~diseased)
    owner = np.searchsorted(ill, lesion_case)
    lesions = np.bincount(owner, minlength=len(ill)).astype(float)
    shares = weight if weighted else np.ones(len(owner))
    size = np.ones(len(ill)) if weighted else lesions
    return Wins(lesion, owner, shares, size, highest[:, well], ill, well, len(diseased))


def of_flags(rating: FloatArray, diseased: BoolArray, *, threshold: float, side: str) -> Wins:
    """Which contest is sensitivity (`side` 'diseased') or specificity ('healthy')? Flagged at or above the threshold.

    The other side is two fixed marks that nothing changes, so that every estimator of the area serves here too.
    """
    flagged = (rating >= threshold).astype(float)
    own = np.flatnonzero(diseased if side == "diseased" else ~diseased)
    fixed = np.full((len(rating), 2), 0.5)
    if side == "diseased":
        one = np.ones(len(own))
        return Wins(flagged[:, own], np.arange(len(own)), one, one, fixed, own, None, len(diseased))
    return Wins(fixed, np.arange(2), np.ones(2), np.ones(2), flagged[:, own], None, own, len(diseased))


def totals(wins: Wins) -> Totals:
    """Who won how much? By midranks (a tie is half a win), so that no pair is ever looked at; G (L + n) log(L + n).

    DeLong et al. 1988 (doi:10.2307/2531595); for lesions Chakraborty and Zhai 2016 (doi:10.1118/1.4947125).
    """
    target, lesions = wins.target, wins.target.shape[1]
    together = stats.rankdata(np.concatenate([target, wins.healthy], axis=1), axis=1)
    below = together[:, :lesions] - stats.rankdata(target, axis=1)
    plain = lesions == wins.m and bool(np.all(wins.weight == 1))
    if plain:
        rows = below
        columns = lesions - (together[:, lesions:] - stats.rankdata(wins.healthy, axis=1))
    else:
        belongs = np.zeros((lesions, wins.m))
        belongs[np.arange(lesions), wins.owner] = wins.weight
        rows = below @ belongs
        columns = np.stack(
            [weight_above(t, wins.weight, h) for t, h in zip(target, wins.healthy, strict=True)]
        )
    return Totals(rows, columns, rows.sum(axis=1) / (wins.size.sum() * wins.n))


def weight_above(target: FloatArray, weight: FloatArray, healthy: FloatArray) -> FloatArray:
    """How much weight stands above each healthy rating, ties counting one half?"""
    order = np.argsort(target, kind="stable")
    values, cumulative = target[order], np.concatenate([[0.0], np.cumsum(weight[order])])
    up_to = cumulative[np.searchsorted(values, healthy, side="right")]
    below = cumulative[np.searchsorted(values, healthy, side="left")]
    above: FloatArray = cumulative[-1] - (up_to + below) / 2
    return above


def pairs(wins: Wins, groups: slice | list[int] | int, diseased: slice = slice(None)) -> FloatArray:
    """What did each of these diseased cases win against each healthy one? (groups, m, n); for the estimators that
    need every pair, in blocks that fit into memory."""
    picked = np.arange(wins.m)[diseased]
    lesions = np.flatnonzero(np.isin(wins.owner, picked))
    target = np.atleast_2d(wins.target[groups])[:, lesions, None]
    healthy = np.atleast_2d(wins.healthy[groups])[:, None, :]
    won: FloatArray = (target > healthy) + 0.5 * (target == healthy)
    if len(lesions) == len(picked) and bool(np.all(wins.weight[lesions] == 1)):
        return won
    won = won * wins.weight[lesions][None, :, None]
    belongs = np.searchsorted(picked, wins.owner[lesions])[:, None] == np.arange(len(picked))
    summed: FloatArray = np.einsum("gln,lk->gkn", won, belongs.astype(float), optimize=True)
    return summed
