"""Ranking: DeLong's interval of an AUC and its stratified bootstrap, beside scikit-learn and confidenceinterval.

One score in ten thousandths and one without ties, one case in ten diseased. All must first give the same figures. The
bootstrap is timed whole (2,000 replicates, with the sort); of the peers some replicates, compared one for one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from alarp.evaluation.detection.auc import auc
from alarp.evaluation.ranking import delong_variance, steps
from alarp.evaluation.resampling import REPLICATES, bootstrap_areas, stratified_bootstrap_auc
from bench.measuring import Row, faster, medians, not_measured

SHARE_DISEASED, DECIMALS, SEED = 0.1, 4, 20260601
DELONG_SIZES = (100_000, 1_000_000)
# How many replicates of the peers, and how many rounds, keep each size within about twenty seconds.
BOOTSTRAP_SIZES = {10_000: (20, 3), 100_000: (4, 3), 1_000_000: (1, 1)}
SKLEARN, INTERVALS = "scikit-learn loop", "confidenceinterval"


def scored(cases: int, *, decimals: int | None) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(SEED)
    diseased = draw.permutation(cases) < round(SHARE_DISEASED * cases)
    scores = 1 / (1 + np.exp(-draw.normal(1.5 * diseased - 1, 1.0)))
    return (scores if decimals is None else np.round(scores, decimals)), diseased


def peer(name: str) -> Any | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _same(what: str, ours: float | None, theirs: float, within: float) -> None:
    if ours is None or abs(ours - theirs) > within:
        raise AssertionError(f"{what}: ours {ours}, theirs {theirs}: a speed means nothing")


def delong() -> Iterator[Row]:
    package = peer("confidenceinterval")
    for cases in DELONG_SIZES:
        for decimals, kind in ((DECIMALS, "4 decimals"), (None, "no ties")):
            work = f"DeLong interval of an AUC, {cases:,} cases, {kind}"
            if package is None:
                yield not_measured(work, INTERVALS, "it is not installed")
                continue
            scores, diseased = scored(cases, decimals=decimals)
            labels = diseased.astype(int)
            found = auc(scores, diseased)
            area, (low, high) = package.roc_auc_score(labels, scores, method="delong")
            for what, ours, theirs in (
                ("AUC", found.estimate, area),
                ("low", found.low, low),
                ("high", found.high, high),
            ):
                _same(f"{work}: {what}", ours, float(theirs), 2e-5)  # theirs keeps ranks in 32-bit floats
            times = medians(
                [
                    lambda s=scores, d=diseased: auc(s, d),
                    lambda s=scores, y=labels: package.roc_auc_score(y, s, method="delong"),
                ],
                rounds=3,
            )
            yield faster(work, INTERVALS, *times)


def bootstrap() -> Iterator[Row]:
    metrics, package = peer("sklearn.metrics"), peer("confidenceinterval")
    for cases, (replicates, rounds) in BOOTSTRAP_SIZES.items():
        scores, diseased = scored(cases, decimals=DECIMALS)
        work = f"stratified bootstrap of an AUC, {cases:,} cases, one of {REPLICATES:,} replicates"
        spread = float(bootstrap_areas(steps(scores, diseased), replicates=REPLICATES).std())
        expected = delong_variance(steps(scores, diseased)) ** 0.5
        _same(f"{work}: spread against DeLong's", spread / expected, 1.0, 0.1)
        contenders: dict[str, Callable[[], object]] = {}
        if metrics is not None:
            _same(
                f"{work}: area",
                auc(scores, diseased).estimate,
                metrics.roc_auc_score(diseased, scores),
                1e-12,
            )
            contenders[SKLEARN] = _sklearn_loop(metrics, scores, diseased, replicates)
        if package is not None:
            contenders[INTERVALS + " (resamples without strata)"] = _package_loop(
                package, scores, diseased, replicates
            )
        for name, found in ((SKLEARN, metrics), (INTERVALS, package)):
            if found is None:
                yield not_measured(work, name, "it is not installed")
        if not contenders:
            continue
        ours, *theirs = medians(
            [lambda s=scores, d=diseased: stratified_bootstrap_auc(s, d), *contenders.values()], rounds=rounds
        )
        for name, taken in zip(contenders, theirs, strict=True):
            yield faster(work, name, ours / REPLICATES, taken / replicates)


def _sklearn_loop(
    metrics: Any, scores: np.ndarray, diseased: np.ndarray, replicates: int
) -> Callable[[], object]:
    """What most evaluation scripts do: draw each class again, ask for the area, note it."""
    draw = np.random.default_rng(SEED)
    labels, positive, negative = diseased.astype(int), np.flatnonzero(diseased), np.flatnonzero(~diseased)

    def loop() -> list[float]:
        areas = []
        for _ in range(replicates):
            chosen = np.concatenate(
                [draw.choice(positive, len(positive)), draw.choice(negative, len(negative))]
            )
            areas.append(metrics.roc_auc_score(labels[chosen], scores[chosen]))
        return areas

    return loop


def _package_loop(
    package: Any, scores: np.ndarray, diseased: np.ndarray, replicates: int
) -> Callable[[], object]:
    labels = diseased.astype(int)

    def loop() -> object:
        return package.roc_auc_score(labels, scores, method="bootstrap_percentile", n_resamples=replicates)

    return loop


def run() -> Iterator[Row]:
    yield from delong()
    yield from bootstrap()
