"""How far does a number move when the cases, or the patients, are drawn again?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse, special

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.ranking import Counts, Steps, area, newcombe_auc, placements, step_placements, steps
from alarp.kernel import Measure

REPLICATES = 2000
SEED = 20260101
INTERVALS = ("percentile", "bca")
# Drawing one multinomial count takes as long as drawing about twenty cases: measured with numpy 2.4.
_DRAWS_WORTH_ONE_COUNT = 20
_CELLS_AT_ONCE = 1 << 17  # of one batch: it stays in the cache of a processor

Draw = Callable[[np.random.Generator, int], Counts]


def stratified_bootstrap_auc(
    suspicion: FloatArray,
    diseased: BoolArray,
    *,
    level: float = 0.95,
    replicates: int = REPLICATES,
    seed: int = SEED,
    interval: str = "percentile",
    clusters: Codes | None = None,
    name: str = "auc",
    subgroup: str = "all",
) -> Measure:
    """Between which bounds does the area lie when diseased and healthy are drawn again, each as many as there are?

    `interval` is `percentile` or `bca` (bias-corrected and accelerated; Efron 1987, doi:10.1080/01621459.1987.10478410,
    acceleration from the placements of both classes: Davison and Hinkley 1997, eq. 5.26,
    doi:10.1017/CBO9780511802843). When patients repeat (`clusters`), whole patients are drawn, those with and those
    without a diseased case apart, and the acceleration is that of leaving out whole patients. The same seed gives the same bounds. Where no resample can differ (perfect
    separation) the score interval of Newcombe 2006 (doi:10.1002/sim.2324). Not measurable with one class; a resample
    that lost one class entirely has no area and is left out of the replicates, whose number `method` states.
    """
    m, n = int(diseased.sum()), int((~diseased).sum())
    if not m or not n:
        lost = "diseased" if not m else "healthy"
        return Measure.not_measurable(name, because=f"no {lost} case", n=m + n, subgroup=subgroup)
    found = steps(suspicion, diseased)
    estimate = area(found)
    repeats = clusters is not None and len(np.unique(clusters)) < m + n
    if clusters is not None and repeats:
        areas = _clustered_areas(suspicion, diseased, clusters, replicates=replicates, seed=seed)
    else:
        areas = bootstrap_areas(found, replicates=replicates, seed=seed)
    if areas.min() == areas.max():
        low, high = newcombe_auc(estimate, m, n, level=level)
        method = "Newcombe 2006 score interval (no resample differs)"
    else:
        tails = np.array([0.5 - level / 2, 0.5 + level / 2])
        if interval == "bca":
            faster = (
                _acceleration_of_patients(suspicion, diseased, clusters)
                if clusters is not None and repeats
                else _acceleration(found, estimate)
            )
            tails = _bca_tails(areas, estimate, faster, tails)
        low, high = (float(v) for v in np.quantile(areas, tails))
        what = "bootstrap of patients" if repeats else "stratified bootstrap"
        method = f"{what}, {interval}, {len(areas)} replicates, seed {seed}"
    return Measure(name, estimate, low, high, level, method, m + n, m, subgroup)


def _bca_tails(areas: FloatArray, estimate: float, acceleration: float, tails: FloatArray) -> FloatArray:
    """Which quantiles of the replicates are the bounds, bias and skewness allowed for?"""
    below = float(np.mean(areas < estimate) + np.mean(areas == estimate) / 2)
    smallest = 0.5 / len(areas)
    bias = special.ndtri(min(max(below, smallest), 1 - smallest))
    moved = bias + special.ndtri(tails)
    return np.asarray(special.ndtr(bias + moved / (1 - acceleration * moved)), dtype=np.float64)


def _acceleration(found: Steps, estimate: float) -> float:
    """How fast does the spread of the area change with the area, by cases?"""
    second = third = 0.0
    for placed, counts in zip(step_placements(found), (found.diseased, found.healthy), strict=True):
        influence = (placed - estimate) / counts.sum()
        second += float(np.dot(counts, influence**2))
        third += float(np.dot(counts, influence**3))
    return third / (6 * second**1.5) if second > 0 else 0.0


def _acceleration_of_patients(suspicion: FloatArray, diseased: BoolArray, clusters: Codes) -> float:
    """The same by patients: what the area gains or loses with each, those with and without a diseased case centred apart.

    The infinitesimal jackknife over patients; a patient's cases weigh together, so ten copies of one are one.
    """
    _, patient = np.unique(clusters, return_inverse=True)
    influence, ill = np.zeros(int(patient.max()) + 1), np.zeros(int(patient.max()) + 1, dtype=bool)
    ill[patient[diseased]] = True
    for which, placed in zip((diseased, ~diseased), placements(suspicion, diseased), strict=True):
        influence += np.bincount(
            patient[which], weights=(placed - placed.mean()) / len(placed), minlength=len(influence)
        )
    for stratum in (ill, ~ill):
        if stratum.any():
            influence[stratum] -= influence[stratum].mean()
    second = float(np.sum(influence**2))
    return float(np.sum(influence**3)) / (6 * second**1.5) if second > 0 else 0.0


def bootstrap_areas(found: Steps, *, replicates: int = REPLICATES, seed: int = SEED) -> FloatArray:
    """Which areas do the resamples have? Each class is drawn with replacement to its own size.

    A resample matters only through how often each step is drawn, and those counts are multinomial: drawn as such
    where there are few steps to a case, by drawing cases where there are many.
    """
    m, n = found.sizes
    draws, cells = [], len(found.diseased)
    for counts in (found.diseased, found.healthy):
        draw, cost = _draw(counts)
        draws.append(draw)
        cells = max(cells, cost)
    batch = max(1, min(replicates, _CELLS_AT_ONCE // cells))
    generator = np.random.default_rng(seed)
    areas = np.empty(replicates)
    for start in range(0, replicates, batch):
        size = min(batch, replicates - start)
        up, down = (draw(generator, size) for draw in draws)
        areas[start : start + size] = _areas(up, down) / (2.0 * m * n)
    return areas


def _areas(up: npt.NDArray[np.number], down: npt.NDArray[np.number]) -> FloatArray:
    """Twice the number of pairs in the right order, a row a replicate."""
    twice = np.cumsum(down, axis=1)
    twice *= 2
    twice -= down
    return np.asarray(np.einsum("ij,ij->i", up, twice), dtype=np.float64)


def _draw(counts: Counts) -> tuple[Draw, int]:
    """How is this class drawn again, and how many numbers does one replicate take?"""
    total, width = int(counts.sum()), len(counts)
    held = np.flatnonzero(counts)
    if total > _DRAWS_WORTH_ONE_COUNT * len(held):
        shares = counts[held] / total

        def by_counts(generator: np.random.Generator, size: int) -> Counts:
            drawn = np.zeros((size, width), dtype=np.int64)
            drawn[:, held] = generator.multinomial(total, shares, size=size)
            return drawn

        return by_counts, width
    step_of = np.repeat(np.arange(width), counts)

    def by_cases(generator: np.random.Generator, size: int) -> Counts:
        steps_drawn = step_of.take(generator.integers(0, total, size=(size, total)))
        steps_drawn += np.arange(size)[:, None] * width
        return np.bincount(steps_drawn.ravel(), minlength=size * width).reshape(size, width)

    return by_cases, total


def _clustered_areas(
    suspicion: FloatArray, diseased: BoolArray, clusters: Codes, *, replicates: int, seed: int
) -> FloatArray:
    """Which areas do resamples of whole patients have? Those with a diseased case and those without, drawn apart."""
    _, patient = np.unique(clusters, return_inverse=True)
    patients = int(patient.max()) + 1
    _, step = np.unique(suspicion, return_inverse=True)
    shape = (int(step.max()) + 1, patients)
    up, down = (
        sparse.csr_array((np.ones(int(which.sum())), (step[which], patient[which])), shape=shape)
        for which in (diseased, ~diseased)
    )
    ill = np.bincount(patient, weights=diseased, minlength=patients) > 0
    strata = [np.flatnonzero(ill), np.flatnonzero(~ill)]
    areas = []
    for weights in drawn_again(strata, max(shape), replicates=replicates, seed=seed):
        positives, negatives = (np.asarray(part @ weights).T for part in (up, down))
        pairs = 2 * positives.sum(axis=1) * negatives.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            areas.append(_areas(positives, negatives) / pairs)
    found = np.concatenate(areas)
    return np.asarray(found[np.isfinite(found)], dtype=np.float64)


def drawn_again(
    strata: Sequence[npt.NDArray[np.intp]], width: int, *, replicates: int, seed: int
) -> Iterator[FloatArray]:
    """How often is each patient drawn, with replacement and each stratum to its own size?

    Batches of (patients, replicates), small enough for `width` numbers a replicate; the same seed draws the same.
    """
    generator, patients = np.random.default_rng(seed), sum(len(stratum) for stratum in strata)
    batch = max(1, min(replicates, 4 * _CELLS_AT_ONCE // width))
    for start in range(0, replicates, batch):
        weights = np.zeros((patients, min(batch, replicates - start)))
        for stratum in strata:
            if len(stratum):
                shares = np.full(len(stratum), 1 / len(stratum))
                weights[stratum] = generator.multinomial(len(stratum), shares, size=weights.shape[1]).T
        yield weights


def bootstrap(
    name: str,
    statistic: Callable[[FloatArray], float],
    *,
    n: int,
    events: int | None = None,
    clusters: Codes | None = None,
    level: float = 0.95,
    replicates: int = 500,
    seed: int = SEED,
    subgroup: str = "all",
    method: str = "",
) -> Measure:
    """Between which bounds does this statistic lie when patients are drawn again?

    `statistic` takes one whole-number weight a case. Percentile interval over `replicates` draws of patients with
    replacement; the seed stands in the protocol, so the same data give the same bounds. A draw in which the statistic
    cannot be had (NaN) is set aside; beyond one in twenty of them no bounds are given.
    """
    estimate = statistic(np.ones(n))
    if np.isnan(estimate):
        return Measure.not_measurable(
            name, because="it cannot be computed from these cases", n=n, subgroup=subgroup
        )
    _, code = np.unique(np.arange(n) if clusters is None else clusters, return_inverse=True)
    groups = int(code.max()) + 1
    everyone = [np.arange(groups)]
    draws = np.array(
        [
            statistic(weights[code])
            for batch in drawn_again(everyone, groups, replicates=replicates, seed=seed)
            for weights in batch.T
        ]
    )
    usable = draws[~np.isnan(draws)]
    told = f"{method}; percentile bootstrap, {replicates} draws of patients, seed {seed}".removeprefix("; ")
    if len(usable) < 0.95 * replicates:
        return Measure(name, estimate, None, None, level, method, n, events, subgroup, "too many empty draws")
    low, high = np.quantile(usable, [0.5 - level / 2, 0.5 + level / 2])
    return Measure(name, estimate, float(low), float(high), level, told, n, events, subgroup)
