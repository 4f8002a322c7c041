"""A reader study by Obuchowski and Rockette's jackknife: ours for all readers at once, the naive way case by case."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from alarp.evaluation.mrmc import components, jackknife, of_cases, overall, totals
from bench.measuring import Row, faster, seconds

READERS, CASES, DISEASED, MODALITIES, ROUNDS = 40, 700, 280, 2, 5


def area(rating: np.ndarray, diseased: np.ndarray) -> float:
    """One area under the curve, by ranks, as an evaluation script does it."""
    m, n = int(diseased.sum()), int((~diseased).sum())
    ranks = stats.rankdata(rating)
    return float((ranks[diseased].sum() - m * (m + 1) / 2) / (m * n))


def naive(rating: np.ndarray, diseased: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every figure again without every case: G times K areas, then their covariance."""
    cases = rating.shape[1]
    left_out = np.empty((cases, len(rating)))
    for k in range(cases):
        kept = np.arange(cases) != k
        for group, own in enumerate(rating):
            left_out[k, group] = area(own[kept], diseased[kept])
    figures = np.array([area(own, diseased) for own in rating])
    return figures, np.cov(left_out.T) * (cases - 1) ** 2 / cases


def ours(rating: np.ndarray, diseased: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wins = of_cases(rating, diseased)
    return totals(wins).estimates, jackknife(wins)


def f_test(figures: np.ndarray, covariance: np.ndarray) -> tuple[float | None, float | None]:
    found = components(figures.reshape(MODALITIES, READERS), covariance, cases=CASES)
    test = overall(found, readers="random", cases="random")
    return test.statistic, test.p


def run() -> Iterator[Row]:
    draw = np.random.default_rng(20260601)
    diseased = np.arange(CASES) < DISEASED
    case = draw.normal(size=CASES)
    skill = draw.normal(1.2, 0.15, size=(MODALITIES * READERS, 1))
    noise = draw.normal(size=(MODALITIES * READERS, CASES))
    rating = np.round(
        25 * (skill * diseased + 0.7 * case + noise) + 50
    )  # whole numbers: ties, as readers give them

    took = [seconds(lambda: ours(rating, diseased)) for _ in range(ROUNDS + 1)]
    answer: list[tuple[np.ndarray, np.ndarray]] = []
    slow = seconds(lambda: answer.append(naive(rating, diseased)))  # once: it takes seconds
    figures, covariance = ours(rating, diseased)
    if not np.allclose(figures, answer[0][0], atol=1e-12) or not np.allclose(
        covariance, answer[0][1], atol=1e-13
    ):
        raise AssertionError("our jackknife is not the naive one: a speed means nothing")
    if not np.allclose(f_test(figures, covariance), f_test(*answer[0]), rtol=1e-8):
        raise AssertionError("our F test is not that of the naive jackknife")
    work = f"Obuchowski-Rockette jackknife, {READERS} readers × {CASES} cases × {MODALITIES}"
    yield faster(
        work, "numpy, each case left out, each area by ranks (same figures)", float(np.median(took[1:])), slow
    )
