"""How far do the readers agree with each other, when nobody is the truth? For reference standards made by people.

Ratings come as counts: `counts` (subjects, categories) says how many readers put each subject into each category, so
that readers need not be the same, nor as many, for every subject. For measured numbers see `measurement.correlation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from alarp.evaluation.intervals import Codes, FloatArray, t_quantile
from alarp.evaluation.tails import upper_f
from alarp.kernel import Measure

NOMINAL = "nominal"
ORDINAL = "ordinal"


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts by subject and category, and what they mean: the categories in their order."""

    counts: FloatArray
    categories: tuple[str, ...]


def tally_ratings(subjects: Sequence[str], ratings: Sequence[str], *, categories: Sequence[str]) -> Tally:
    """How many readers put each subject into each category? Subjects in the order of their first rating.

    `categories` is declared, in order: one that nobody used still counts. A rating outside it raises ValueError.
    """
    place = {category: k for k, category in enumerate(categories)}
    rows: dict[str, FloatArray] = {}
    for subject, rating in zip(subjects, ratings, strict=True):
        if rating not in place:
            raise ValueError(
                f"subject {subject} has the rating '{rating}', which is none of {', '.join(categories)}"
            )
        rows.setdefault(subject, np.zeros(len(place)))[place[rating]] += 1
    return Tally(np.array(list(rows.values())).reshape(len(rows), len(place)), tuple(categories))


def weights(categories: int, *, scale: str) -> FloatArray:
    """How much do two categories agree? Nominal: 1 only with itself. Ordinal: 1 - (distance/(q - 1))^2."""
    if scale == NOMINAL or categories < 2:
        return np.eye(categories)
    place = np.arange(categories)
    squared: FloatArray = 1 - ((place[:, None] - place[None, :]) / (categories - 1)) ** 2
    return squared


def observed_agreement(counts: FloatArray, *, scale: str = NOMINAL) -> float | None:
    """How often do two readers of one subject agree? None when no subject has two readers."""
    shares = _by_subject(counts, weights(counts.shape[1], scale=scale))
    return None if np.isnan(shares).all() else float(np.nanmean(shares))


def _by_subject(counts: FloatArray, agree: FloatArray) -> FloatArray:
    readers = counts.sum(axis=1)
    pairs = (counts * (counts @ agree.T - 1)).sum(axis=1)
    shares: FloatArray = np.divide(
        pairs, readers * (readers - 1), out=np.full(len(counts), np.nan), where=readers > 1
    )
    return shares


def fleiss_kappa(
    counts: FloatArray,
    *,
    scale: str = NOMINAL,
    clusters: Codes | None = None,
    level: float = 0.95,
    name: str = "kappa",
) -> Measure:
    """How far do readers agree beyond what their own shares of the categories would give by chance?

    (pa - pe)/(1 - pe), pe = sum of squared shares (Fleiss 1971, doi:10.1037/h0031619), weighted where the scale is
    ordinal. Low where nearly all subjects belong to one category, however well readers agree: read it beside AC1.
    """
    agree = weights(counts.shape[1], scale=scale)
    seen = counts[counts.sum(axis=1) > 0]
    shares = _shares(seen)
    own = seen / seen.sum(axis=1, keepdims=True)
    chance = float(shares @ agree @ shares)
    return _coefficient(
        name, counts, agree, chance, own @ ((agree + agree.T) @ shares) / 2, clusters, level, "Fleiss"
    )


def gwet_ac1(
    counts: FloatArray,
    *,
    scale: str = NOMINAL,
    clusters: Codes | None = None,
    level: float = 0.95,
    name: str = "ac1",
) -> Measure:
    """How far do readers agree beyond chance, where chance concerns only subjects that are hard to tell?

    (pa - pe)/(1 - pe), pe = sum of share times (1 - share) over q - 1 (Gwet 2008, doi:10.1348/000711006X126600); with
    an ordinal scale this is AC2. Does not fall apart when one category is rare.
    """
    agree = weights(counts.shape[1], scale=scale)
    seen, q = counts[counts.sum(axis=1) > 0], counts.shape[1]
    shares = _shares(seen)
    own = seen / seen.sum(axis=1, keepdims=True)
    scaled = float(agree.sum()) / (q * (q - 1)) if q > 1 else 0.0
    chance = scaled * float(np.sum(shares * (1 - shares)))
    return _coefficient(name, counts, agree, chance, scaled * own @ (1 - shares), clusters, level, "Gwet")


def _shares(seen: FloatArray) -> FloatArray:
    mean: FloatArray = (seen / seen.sum(axis=1, keepdims=True)).mean(axis=0)
    return mean


def _coefficient(
    name: str,
    counts: FloatArray,
    agree: FloatArray,
    chance: float,
    chance_of: FloatArray,
    clusters: Codes | None,
    level: float,
    who: str,
) -> Measure:
    """The coefficient with its t interval, by the linearised variance of Gwet 2014 (ISBN 9780970806284, chapter 5).

    Subjects are the sample; with `clusters` (several nodules in a patient) whole clusters are. A subject with one
    reader tells only how common its category is. Not measurable when no subject has two readers, or when all readings
    are the same: then chance alone would agree.
    """
    present = counts.sum(axis=1) > 0
    seen = counts[present]
    shares = _by_subject(seen, agree)
    several = ~np.isnan(shares)
    n, read_twice = len(seen), int(several.sum())
    if read_twice == 0:
        return Measure.not_measurable(name, because="no subject was read twice", n=n)
    if chance >= 1 - 1e-12:
        return Measure.not_measurable(name, because="all readings are the same", n=n)
    observed = float(shares[several].mean())
    found = (observed - chance) / (1 - chance)
    single = np.where(several, n / read_twice * (np.where(several, shares, 0.0) - chance) / (1 - chance), 0.0)
    apart = single - 2 * (1 - found) * (chance_of - chance) / (1 - chance) - found
    codes = np.arange(n) if clusters is None else np.unique(clusters[present], return_inverse=True)[1]
    sums = np.bincount(codes, weights=apart)
    groups = len(sums)
    method = f"{who}, linearised variance" + ("" if clusters is None else " clustered by patient")
    if groups < 2:
        return Measure(name, found, None, None, level, method, n, None, because="one subject")
    se = sqrt(groups / (groups - 1) * float(np.sum(sums**2))) / n
    half = t_quantile(level, groups - 1) * se
    return Measure(name, found, max(-1.0, found - half), min(1.0, found + half), level, method, n)


def icc_one_way(values: FloatArray, subjects: Codes, *, level: float = 0.95, name: str = "icc") -> Measure:
    """Which share of the variance of a measured number is between subjects, when each was read by other readers?

    ICC(1,1) from the one-way analysis of variance with unequal numbers of readings (k0 = (N - sum k^2/N)/(n - 1)), with
    the F interval at k0. Shrout and Fleiss 1979 (doi:10.1037/0033-2909.86.2.420); Donner 1986 (doi:10.2307/1403259).
    """
    _, code = np.unique(subjects, return_inverse=True)
    sizes = np.bincount(code).astype(float)
    n, total = len(sizes), len(values)
    if n < 2 or total == n:
        because = "it needs two subjects" if n < 2 else "no subject was read twice"
        return Measure.not_measurable(name, because=because, n=n)
    means = np.bincount(code, weights=values) / sizes
    between = float(np.sum(sizes * (means - values.mean()) ** 2)) / (n - 1)
    within = float(np.sum((values - means[code]) ** 2)) / (total - n)
    if between == 0 and within == 0:
        return Measure.not_measurable(name, because="all values are equal", n=n)
    k = (total - float(np.sum(sizes**2)) / total) / (n - 1)
    found = (between - within) / (between + (k - 1) * within)
    if within == 0:
        return Measure(
            name, found, None, None, level, "ICC(1,1)", n, None, because="no reading differs from another"
        )
    tail, ratio = 0.5 - level / 2, between / within
    low = ratio / upper_f(tail, n - 1, total - n)
    high = ratio * upper_f(tail, total - n, n - 1)
    return Measure(
        name,
        found,
        (low - 1) / (low + k - 1),
        (high - 1) / (high + k - 1),
        level,
        "ICC(1,1), one way, F interval",
        n,
    )
