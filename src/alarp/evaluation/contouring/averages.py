"""How sure are we of a mean over outlines, when patients repeat?"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from alarp.evaluation.contouring.protocol import BOOTSTRAP, ContouringProtocol
from alarp.evaluation.intervals import Codes, FloatArray, mean
from alarp.kernel import Measure


def codes_of(patients: Sequence[str] | Codes) -> Codes:
    """Which number does each patient have, without gaps? In the order of their names, so the same on every run."""
    names = patients if isinstance(patients, np.ndarray) else np.array(patients, dtype=str)
    codes: Codes = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return codes


def mean_of(
    name: str,
    values: Sequence[float] | FloatArray,
    patients: Sequence[str] | Codes,
    *,
    protocol: ContouringProtocol,
    subgroup: str = "all",
    bounds: tuple[float, float] = (-inf, inf),
) -> Measure:
    """What is the mean, and how sure are we? The protocol chooses the interval: t or bootstrap, both by patient."""
    numbers, codes = np.array(values, dtype=np.float64), codes_of(patients)
    found = mean(name, numbers, codes, level=protocol.common.level, subgroup=subgroup, bounds=bounds)
    if protocol.options.interval != BOOTSTRAP or found.low is None:
        return found
    options = protocol.options
    low, high = bootstrap_mean(
        numbers, codes, level=protocol.common.level, seed=options.seed, replicates=options.replicates
    )
    method = f"mean, percentile bootstrap by patient ({options.replicates} replicates, seed {options.seed})"
    return Measure(
        name, found.estimate, low, high, found.level, method, found.n, None, subgroup, found.because
    )


def bootstrap_mean(
    values: FloatArray, clusters: Codes, *, level: float, seed: int, replicates: int
) -> tuple[float, float]:
    """Between which bounds does the mean lie when whole patients are drawn again?

    Percentiles of the ratio mean over resampled patients (Efron and Tibshirani 1993, ISBN 0412042312): for skewed
    values, such as distances, where a t interval reaches below what can be. The same seed gives the same bounds.
    """
    sums, sizes = np.bincount(clusters, weights=values), np.bincount(clusters)
    groups = len(sizes)
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), size=replicates)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
