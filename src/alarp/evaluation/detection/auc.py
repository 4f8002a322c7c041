"""How well do the scores rank the diseased above the healthy?"""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray, normal_quantile
from alarp.kernel import Measure


def placements(suspicion: FloatArray, diseased: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Which share of the other class does each case outrank? Ties count one half (midranks).

    First the diseased (share of healthy below), then the healthy (share of diseased above), each in the order
    given. DeLong et al. 1988 (doi:10.2307/2531595), by ranks as in Sun and Xu 2014 (doi:10.1109/LSP.2014.2337313).
    """
    positive, negative = suspicion[diseased], suspicion[~diseased]
    m, n = len(positive), len(negative)
    ranks = stats.rankdata(np.concatenate([positive, negative]))
    above = (ranks[:m] - stats.rankdata(positive)) / n
    below = 1.0 - (ranks[m:] - stats.rankdata(negative)) / m
    return above, below


def auc(
    suspicion: FloatArray,
    diseased: BoolArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    name: str = "auc",
    subgroup: str = "all",
) -> Measure:
    """How likely is a diseased case to look more suspicious than a healthy one?

    Area under the empirical ROC curve with DeLong's interval; when patients repeat, the clustered variance of
    Obuchowski 1997 (doi:10.2307/2533958). Where the variance is zero (perfect separation) the score interval
    of Newcombe 2006 (doi:10.1002/sim.2324). `suspicion` must already point towards disease: an AUC below one
    half is reported as it is. Not measurable with one class.
    """
    m, n = int(diseased.sum()), int((~diseased).sum())
    if not m or not n:
        lost = "diseased" if not m else "healthy"
        return Measure.not_measurable(name, because=f"no {lost} case", n=m + n, subgroup=subgroup)
    above, below = placements(suspicion, diseased)
    area = float(above.mean())
    variance, method = _variance(above, below, area, diseased, clusters)
    if variance <= 1e-15:
        low, high = newcombe_auc(area, m, n, level=level)
        method = "Newcombe 2006 score interval (DeLong variance is zero)"
    else:
        half = normal_quantile(level) * sqrt(variance)
        low, high = max(0.0, area - half), min(1.0, area + half)
    return Measure(name, area, low, high, level, method, m + n, m, subgroup)


def _variance(
    above: FloatArray, below: FloatArray, area: float, diseased: BoolArray, clusters: Codes | None
) -> tuple[float, str]:
    m, n = len(above), len(below)
    if clusters is None or len(np.unique(clusters)) == len(diseased):
        variance = (float(above.var(ddof=1)) / m if m > 1 else 0.0) + (
            float(below.var(ddof=1)) / n if n > 1 else 0.0
        )
        return variance, "DeLong"
    return clustered_variance(
        above, below, area, diseased, clusters
    ), "DeLong clustered by patient (Obuchowski 1997)"


def clustered_variance(
    above: FloatArray, below: FloatArray, area: float, diseased: BoolArray, clusters: Codes
) -> float:
    """How far may the area vary when cases of one patient resemble each other?"""
    m, n = len(above), len(below)
    _, code = np.unique(clusters, return_inverse=True)
    groups = int(code.max()) + 1

    def summed(values: FloatArray, which: BoolArray) -> tuple[FloatArray, npt.NDArray[np.int64]]:
        counts = np.bincount(code[which], minlength=groups)
        sums = np.bincount(code[which], weights=values, minlength=groups)
        return sums - counts * area, counts

    up, up_counts = summed(above, diseased)
    down, down_counts = summed(below, ~diseased)
    with_diseased, with_healthy = int((up_counts > 0).sum()), int((down_counts > 0).sum())
    s10 = with_diseased / max(1, with_diseased - 1) / m * float(np.sum(up**2))
    s01 = with_healthy / max(1, with_healthy - 1) / n * float(np.sum(down**2))
    s11 = groups / max(1, groups - 1) * float(np.sum(up * down))
    return max(0.0, s10 / m + s01 / n + 2 * s11 / (m * n))


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


def roc_points(
    suspicion: FloatArray, diseased: BoolArray, *, most: int = 200
) -> list[tuple[float, float, float | None]]:
    """Through which points does the ROC curve run? (1 - specificity, sensitivity, threshold), thinned to `most`."""
    order = np.argsort(-suspicion, kind="stable")
    values, hit = suspicion[order], diseased[order]
    last_of_tie = np.append(values[1:] != values[:-1], True)
    tpr = np.cumsum(hit)[last_of_tie] / diseased.sum()
    fpr = np.cumsum(~hit)[last_of_tie] / (~diseased).sum()
    cut = values[last_of_tie]
    keep = np.unique(np.linspace(0, len(cut) - 1, min(most, len(cut))).round().astype(int))
    return [(0.0, 0.0, None)] + [
        (float(fpr[i]), float(tpr[i]), float(cut[i]) if np.isfinite(cut[i]) else None) for i in keep
    ]
