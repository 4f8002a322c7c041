"""How well do the scores rank the diseased above the healthy?"""

from __future__ import annotations

from math import sqrt

import numpy as np

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray, normal_quantile
from alarp.evaluation.ranking import area as area_of
from alarp.evaluation.ranking import (
    clustered_covariance,
    delong_covariance,
    delong_variance,
    newcombe_auc,
    placements,
    steps,
)
from alarp.kernel import Measure

__all__ = [
    "auc",
    "clustered_variance",
    "delong_covariance",
    "newcombe_auc",
    "placements",
    "roc_points",
]


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
    if clusters is None or len(np.unique(clusters)) == len(diseased):
        found = steps(suspicion, diseased)
        area, variance, method = area_of(found), delong_variance(found), "DeLong"
    else:
        above, below = placements(suspicion, diseased)
        area = float(above.mean())
        variance = clustered_variance(above, below, area, diseased, clusters)
        method = "DeLong clustered by patient (Obuchowski 1997)"
    if variance <= 1e-15:
        low, high = newcombe_auc(area, m, n, level=level)
        method = "Newcombe 2006 score interval (DeLong variance is zero)"
    else:
        half = normal_quantile(level) * sqrt(variance)
        low, high = max(0.0, area - half), min(1.0, area + half)
    return Measure(name, area, low, high, level, method, m + n, m, subgroup)


def clustered_variance(
    above: FloatArray, below: FloatArray, area: float, diseased: BoolArray, clusters: Codes
) -> float:
    """How far may the area vary when cases of one patient resemble each other? Obuchowski 1997, never below 0."""
    found = clustered_covariance(above[None], below[None], np.array([area]), diseased, clusters)
    return max(0.0, float(found[0, 0]))


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
