"""How well do the scores rank the diseased above the healthy?"""

from __future__ import annotations

from dataclasses import replace
from math import inf, log, sqrt
from typing import Any

import numpy as np
from scipy import special

from alarp.evaluation.claims import GUARD
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray, normal_quantile, t_quantile
from alarp.evaluation.ranking import area as area_of
from alarp.evaluation.ranking import (
    clustered_covariance,
    delong_covariance,
    delong_parts,
    newcombe_auc,
    placements,
    steps,
)
from alarp.evaluation.resampling import INTERVALS as BOOTSTRAPPED
from alarp.evaluation.resampling import REPLICATES, SEED, stratified_bootstrap_auc
from alarp.kernel import Measure

__all__ = [
    "AUC_INTERVALS",
    "DELONG",
    "GUARDED",
    "auc",
    "both_aucs",
    "clustered_variance",
    "delong_covariance",
    "newcombe_auc",
    "placements",
    "roc_points",
]


DELONG, GUARDED, LOGIT = "delong", "guarded", "logit"
AUC_INTERVALS = (DELONG, GUARDED, LOGIT, *BOOTSTRAPPED)
# Below this many cases' worth of misrankings DeLong's own interval is too short: docs/reference/interval-coverage.md.
ENOUGH_MISRANKED = 15.0
FEW = "few misranked cases"


def auc(
    suspicion: FloatArray,
    diseased: BoolArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    name: str = "auc",
    subgroup: str = "all",
    interval: str = DELONG,
    seed: int = SEED,
    replicates: int = REPLICATES,
) -> Measure:
    """How likely is a diseased case to look more suspicious than a healthy one?

    Area under the empirical ROC curve; variance of DeLong et al. 1988 (doi:10.2307/2531595) and, when patients repeat,
    of Obuchowski 1997 (doi:10.2307/2533958). `interval`: `delong` is area -+ z standard errors; `logit` the same on the
    logit scale (Qin and Hotilovac 2008, doi:10.1177/0962280207087173) with the t quantile of Brunner and Munzel 2000
    (doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U); `guarded`, by which claims are judged, is
    `logit` with one more case taken as misranked, as Agresti and Coull 1998 (doi:10.1080/00031305.1998.10480550) add
    cases to a proportion: its variance is times 1 + 1 / `misranked`. Ours, held to account in
    docs/reference/interval-coverage.md; with many misranked cases all three are one. Where the variance is zero
    (perfect separation) the score interval of Newcombe 2006 (doi:10.1002/sim.2324). `percentile` and `bca` are those of
    `alarp.evaluation.resampling`, with the seed and the number of replicates declared. With fewer than 15 misranked
    cases the measure says so. `suspicion` must already point towards disease: an AUC below one half is reported as it
    is. Not measurable with one class.
    """
    m, n = int(diseased.sum()), int((~diseased).sum())
    if not m or not n:
        lost = "diseased" if not m else "healthy"
        return Measure.not_measurable(name, because=f"no {lost} case", n=m + n, subgroup=subgroup)
    if interval in BOOTSTRAPPED:
        drawn = stratified_bootstrap_auc(
            suspicion, diseased, level=level, replicates=replicates, seed=seed, interval=interval,
            clusters=clusters, name=name, subgroup=subgroup,
        )  # fmt: skip
        area, variance, _, _ = _spread(suspicion, diseased, clusters)
        return replace(drawn, because=_doubt(area, variance, interval))
    area, variance, freedom, method = _spread(suspicion, diseased, clusters)
    if variance <= 1e-15:
        low, high = newcombe_auc(area, m, n, level=level)
        method = "Newcombe 2006 score interval (DeLong variance is zero)"
    elif interval == DELONG:
        half = normal_quantile(level) * sqrt(variance)
        low, high = max(0.0, area - half), min(1.0, area + half)
    else:
        more = 1 + 1 / max(misranked(area, variance), 0.5) if interval == GUARDED else 1.0
        low, high = logit_bounds(area, more * variance, freedom, level=level)
        method += " on the logit scale, t quantile (Brunner-Munzel)"
        method += ", one more case misranked" if interval == GUARDED else ""
    because = _doubt(area, variance, interval)
    return Measure(name, area, low, high, level, method, m + n, m, subgroup, because)


def both_aucs(suspicion: FloatArray, diseased: BoolArray, *, interval: str, **chosen: Any) -> list[Measure]:
    """How well do the scores rank, with the interval that the protocol chose and with the one that claims are judged by?

    `auc` and `auc_guarded`: the same area, the arguments of `auc`.
    """
    return [
        auc(suspicion, diseased, interval=interval, **chosen),
        auc(suspicion, diseased, name="auc" + GUARD, interval=GUARDED, **chosen),
    ]


def _spread(
    suspicion: FloatArray, diseased: BoolArray, clusters: Codes | None
) -> tuple[float, float, float, str]:
    """The area, its variance, with how many degrees of freedom that is known, and whose variance it is."""
    m, n = int(diseased.sum()), int((~diseased).sum())
    if clusters is None or len(np.unique(clusters)) == m + n:
        found = steps(suspicion, diseased)
        parts = delong_parts(found)
        return area_of(found), sum(parts), _satterthwaite(parts, (m, n)), "DeLong"
    above, below = placements(suspicion, diseased)
    area = float(above.mean())
    variance = clustered_variance(above, below, area, diseased, clusters)
    freedom = float(min(len(np.unique(clusters[which])) for which in (diseased, ~diseased)) - 1)
    return area, variance, freedom, "DeLong clustered by patient (Obuchowski 1997)"


def misranked(area: float, variance: float) -> float:
    """How many cases' worth of misrankings does this area rest on?

    A (1 - A) / variance is the number of cases that the area is worth; times A or 1 - A, whichever is less. Zero where
    nothing is misranked.
    """
    if variance <= 1e-15:
        return 0.0
    return area * (1 - area) / variance * min(area, 1 - area)


def _doubt(area: float, variance: float, interval: str) -> str:
    """What must be said beside an interval that rests on few misranked cases?"""
    worth = misranked(area, variance)
    if worth >= ENOUGH_MISRANKED or variance <= 1e-15:
        return ""
    if interval == GUARDED:
        return f"{FEW} (worth {worth:.1f}): of 100 such intervals 92 to 97 hold the truth"
    return f"{FEW} (worth {worth:.1f}): this interval is too narrow, take that of auc_guarded"


def logit_bounds(area: float, variance: float, freedom: float, *, level: float) -> tuple[float, float]:
    """Between which bounds does an area strictly between 0 and 1 lie, by its logit?

    log(A / (1 - A)) -+ t se / (A (1 - A)), turned back. With no degree of freedom (one case, one patient) t is that of
    one: very wide.
    """
    half = t_quantile(level, freedom) * sqrt(variance) / (area * (1 - area))
    middle = log(area / (1 - area))
    return float(special.expit(middle - half)), float(special.expit(middle + half))


def _satterthwaite(parts: tuple[float, float], sizes: tuple[int, int]) -> float:
    """With how many degrees of freedom is the sum of two variances known? Infinity when both are zero."""
    spread = sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True) if size > 1)
    return sum(parts) ** 2 / spread if spread else inf


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
