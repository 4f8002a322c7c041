"""How well do the scores rank where it matters: at high specificity, or at high sensitivity?"""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np

from alarp.evaluation.claims import GUARD
from alarp.evaluation.detection.auc import ENOUGH_MISRANKED, FEW, clustered_variance, misranked
from alarp.evaluation.detection.options import SENSITIVITY, SPECIFICITY, Window
from alarp.evaluation.detection.paired import normal_comparison
from alarp.evaluation.intervals import BoolArray, Codes, Comparison, FloatArray, normal_quantile
from alarp.kernel import Measure


def components(suspicion: FloatArray, diseased: BoolArray, window: Window) -> tuple[FloatArray, FloatArray]:
    """What does each case contribute to the area within the window?

    First the diseased (their mean is the area under the empirical curve, ties joined by straight lines), then the
    healthy (their mean is the area too). Placement values clipped to the window, as in Dodd and Pepe 2003
    (doi:10.1111/1541-0420.00071); the healthy by the derivative with respect to their distribution, which also carries
    that the cut-offs are estimated. Over the whole curve these are DeLong's placements.
    Over sensitivity the classes change places: the area beside the curve is that of the turned problem.
    """
    if window.over == SENSITIVITY:
        turned = components(-suspicion, ~diseased, Window(SPECIFICITY, window.low, window.high))
        return turned[1], turned[0]
    start, end = 1 - window.high, 1 - window.low
    positive, negative = suspicion[diseased], np.sort(suspicion[~diseased])
    m, n = len(positive), len(negative)
    above = (n - np.searchsorted(negative, positive, side="right")) / n
    reached = (n - np.searchsorted(negative, positive, side="left")) / n
    width = reached - above
    tied = width > 0
    safe = np.where(tied, width, 1.0)
    gain = _area_beyond(above, start, end)
    of_diseased = np.where(tied, (_integral(reached, start, end) - _integral(above, start, end)) / safe, gain)
    slope = -0.5 * ((above > start) & (above < end))
    by_reached = np.where(tied, (_area_beyond(reached, start, end) - of_diseased) / safe, slope)
    by_above = np.where(tied, (of_diseased - gain) / safe, slope)
    of_healthy = (
        _below(suspicion[~diseased], positive, by_reached, "right")
        + _below(suspicion[~diseased], positive, by_above, "left")
    ) / m
    return of_diseased, of_healthy - of_healthy.mean() + of_diseased.mean()


def _area_beyond(share: FloatArray, start: float, end: float) -> FloatArray:
    """How much of the window lies beyond this share of the healthy?"""
    return np.asarray(np.clip(end - share, 0.0, end - start))


def _integral(share: FloatArray, start: float, end: float) -> FloatArray:
    """The integral of `_area_beyond` from 0 to the share."""
    inside = np.clip(share, start, end) - start
    return np.asarray(np.minimum(share, start) * (end - start) + inside * (end - start) - inside**2 / 2)


def _below(values: FloatArray, others: FloatArray, weights: FloatArray, side: str) -> FloatArray:
    """For each value, the weights of the others that are below it (`left`) or not above it (`right`)."""
    order = np.argsort(others, kind="stable")
    running = np.concatenate([[0.0], np.cumsum(weights[order])])
    found = np.searchsorted(others[order], values, side="right" if side == "right" else "left")
    return np.asarray(running[found])


def corrected(area: float, window: Window) -> float:
    """Which value from 0.5 (chance) to 1 (no error) stands for this partial area?

    McClish 1989 (doi:10.1177/0272989X8900900307): half of one plus (area - chance) / (largest - chance). Below chance
    the value is below 0.5.
    """
    return 0.5 * (1 + (area - window.by_chance) / (window.width - window.by_chance))


def variance(
    of_diseased: FloatArray, of_healthy: FloatArray, diseased: BoolArray, clusters: Codes | None
) -> float | None:
    """How far may a mean of such components vary? As DeLong, clustered as Obuchowski 1997; None with one of a class."""
    m, n = len(of_diseased), len(of_healthy)
    if clusters is not None and len(np.unique(clusters)) < len(diseased):
        return clustered_variance(of_diseased, of_healthy, float(of_diseased.mean()), diseased, clusters)
    if m < 2 or n < 2:
        return None
    return float(of_diseased.var(ddof=1)) / m + float(of_healthy.var(ddof=1)) / n


def partial_auc(
    suspicion: FloatArray,
    diseased: BoolArray,
    window: Window,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    name: str = "partial_auc",
    subgroup: str = "all",
) -> Measure:
    """How large is the area under the ROC curve within the window?

    The plain area runs from 0 to the window's width; with `corrected` McClish's scale from 0.5 to 1. Normal interval
    from the components' variance; none where that is zero. Not measurable with one class.
    """
    m, n = int(diseased.sum()), int((~diseased).sum())
    if not m or not n:
        lost = "diseased" if not m else "healthy"
        return Measure.not_measurable(name, because=f"no {lost} case", n=m + n, subgroup=subgroup)
    up, down = components(suspicion, diseased, window)
    area, spread = float(up.mean()), variance(up, down, diseased, clusters)
    scale = 0.5 / (window.width - window.by_chance) if window.corrected else 1.0
    estimate = corrected(area, window) if window.corrected else area
    top, bottom = (1.0, corrected(0.0, window)) if window.corrected else (window.width, 0.0)
    method = f"partial area over {window.words}, " + (
        "McClish correction" if window.corrected else "uncorrected"
    )
    if spread is None or spread <= 1e-15:
        because = "no interval: the area does not vary in these cases"
        return Measure(name, estimate, None, None, level, method, m + n, m, subgroup, because)
    half = normal_quantile(level) * sqrt(spread) * scale
    method += ", placement values" + ("" if clusters is None else " clustered by patient")
    return Measure(
        name,
        estimate,
        max(bottom, estimate - half),
        min(top, estimate + half),
        level,
        method,
        m + n,
        m,
        subgroup,
    )


def compare_areas(
    measure: str,
    a: str,
    b: str,
    first: FloatArray,
    second: FloatArray,
    diseased: BoolArray,
    window: Window,
    *,
    level: float,
    clusters: Codes | None = None,
    guarded: bool = False,
) -> Comparison:
    """Which of two scores for the same cases ranks better, over the whole curve or within the window?

    Paired test of DeLong et al. 1988 (doi:10.2307/2531595): the variance of the difference from the differences of
    each case's components, clustered by patient as Obuchowski 1997 where patients repeat. `guarded` takes one more case
    of the better score as misranked (the variance times 1 + 1 / `misranked`) and a t quantile on the smaller class, as
    `auc_guarded` does; with fewer than 15 misranked cases the plain row says that it is too narrow.
    """
    if diseased.all() or not diseased.any():
        return Comparison(measure, a, b, None, flag="one class is empty")
    up_a, down_a = components(first, diseased, window)
    up_b, down_b = components(second, diseased, window)
    difference = float(up_a.mean() - up_b.mean())
    spread = variance(up_a - up_b, down_a - down_b, diseased, clusters)
    scale = 0.5 / (window.width - window.by_chance) if window.corrected else 1.0
    whole = window.width == 1.0
    method = "DeLong paired" if whole else f"paired partial areas over {window.words}"
    if window.corrected and not whole:
        method += ", McClish correction"
    freedom = inf
    if clusters is not None or guarded:
        units = np.arange(len(diseased)) if clusters is None else clusters
        freedom = float(min(len(np.unique(units[which])) for which in (diseased, ~diseased)) - 1)
    method += "" if clusters is None else ", clustered by patient"
    worth = min(
        misranked(float(up.mean()), variance(up, down, diseased, clusters) or 0.0)
        for up, down in ((up_a, down_a), (up_b, down_b))
    )
    if guarded:
        spread = (spread or 0.0) * (1 + 1 / max(worth, 0.5))
        method += ", t quantile, one more case misranked"
    row = normal_comparison(
        measure,
        a,
        b,
        scale * difference,
        scale * sqrt(spread or 0.0),
        level=level,
        method=method,
        freedom=freedom,
    )
    if guarded or worth >= ENOUGH_MISRANKED or row.flag or not whole:
        return row
    return replace(
        row, flag=f"{FEW} (worth {worth:.1f}): this interval is too narrow, take that of {measure}{GUARD}"
    )
