"""An area under the ROC curve with its interval: ours by ranks, the plain ways by all pairs and by resampling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from alarp.evaluation.detection.auc import auc
from bench.measuring import Row, faster, medians

CASES, DISEASED, RESAMPLES, ROUNDS = 4000, 800, 500, 7


def by_all_pairs(scores: np.ndarray, diseased: np.ndarray) -> tuple[float, float]:
    """The definition itself: every diseased case against every healthy one, and DeLong's variance from that."""
    positive, negative = scores[diseased], scores[~diseased]
    won = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    variance = won.mean(axis=1).var(ddof=1) / len(positive) + won.mean(axis=0).var(ddof=1) / len(negative)
    return float(won.mean()), float(variance)


def by_resampling(scores: np.ndarray, diseased: np.ndarray, seed: int = 1) -> tuple[float, float]:
    """A percentile bootstrap, each resample by ranks, as many evaluation scripts do it."""
    draw = np.random.default_rng(seed)
    positive, negative = scores[diseased], scores[~diseased]
    areas = []
    for _ in range(RESAMPLES):
        one, two = draw.choice(positive, len(positive)), draw.choice(negative, len(negative))
        ranks = stats.rankdata(np.concatenate([one, two]))
        areas.append((ranks[: len(one)].sum() - len(one) * (len(one) + 1) / 2) / (len(one) * len(two)))
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def run() -> Iterator[Row]:
    draw = np.random.default_rng(20260601)
    diseased = np.zeros(CASES, dtype=bool)
    diseased[:DISEASED] = True
    scores = np.round(draw.normal(diseased * 1.2, 1.0), 2)  # two decimals: ties, as tools really give them

    found = auc(scores, diseased)
    area, variance = by_all_pairs(scores, diseased)
    if found.estimate is None or abs(found.estimate - area) > 1e-12:
        raise AssertionError(f"ours gives {found.estimate}, all pairs give {area}: a speed means nothing")
    if found.low is None or abs(found.low - (area - 1.959963984540054 * variance**0.5)) > 1e-9:
        raise AssertionError(f"our lower bound {found.low} is not DeLong's by its definition")

    ours, pairs, resampled = medians(
        [
            lambda: auc(scores, diseased),
            lambda: by_all_pairs(scores, diseased),
            lambda: by_resampling(scores, diseased),
        ],
        rounds=ROUNDS,
    )
    work = f"AUC with its interval, {CASES} cases"
    yield faster(work, "numpy, all pairs (same figures)", ours, pairs)
    yield faster(work, f"numpy, {RESAMPLES} resamples by ranks", ours, resampled)
