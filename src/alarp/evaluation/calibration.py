"""Does a stated probability keep its word: do 30 of 100 people told '30 %' have the outcome?

Pure functions on arrays: `probability` from 0 to 1, `outcome` true where it happened, `clusters` an integer a patient
where patients repeat, `weights` whole numbers of a bootstrap draw. No fit is made of the data except where it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, sqrt
from typing import Any

import numpy as np
from scipy import optimize

from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    FloatArray,
    mean,
    n_for_interval,
    normal_quantile,
    t_quantile,
    wilson,
)
from alarp.kernel import Measure

CLIP = 0.001
_STEPS, _TOLERANCE = 50, 1e-10


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Coefficients of a logistic regression and their covariance (clustered by patient where patients repeat)."""

    coefficients: FloatArray
    covariance: FloatArray


def log_odds(probability: FloatArray, *, clip: float = CLIP) -> FloatArray:
    """What are the log odds of these probabilities? Those beyond `clip` and 1 - `clip` are taken at the clip."""
    held = np.clip(probability, clip, 1 - clip)
    return np.asarray(np.log(held / (1 - held)), dtype=np.float64)


def logistic_fit(
    design: FloatArray,
    outcome: BoolArray,
    *,
    offset: FloatArray | None = None,
    clusters: Codes | None = None,
) -> LogisticFit | None:
    """Which logistic regression fits these outcomes best? Newton's method on the likelihood.

    `design` is cases x coefficients, `offset` adds known log odds. The covariance is the inverse information; with
    `clusters` the sandwich of Liang and Zeger 1986 (doi:10.1093/biomet/73.1.13) with G/(G - 1). None when the
    outcomes are separated or of one class, so that no finite fit exists.
    """
    y = outcome.astype(np.float64)
    known = np.zeros(len(y)) if offset is None else offset
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        fitted = 1 / (1 + np.exp(-np.clip(design @ beta + known, -500, 500)))
        information = (design * (fitted * (1 - fitted))[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, design.T @ (y - fitted))
        length = float(np.abs(step).max())
        beta = beta + step * min(1.0, 5.0 / max(length, 1e-300))
        if length < _TOLERANCE:
            break
    else:
        return None
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    if clusters is not None:
        covariance = covariance @ _meat(design * (y - fitted)[:, None], clusters) @ covariance
    return LogisticFit(np.asarray(beta), np.asarray(covariance, dtype=np.float64))


def _meat(scores: FloatArray, clusters: Codes) -> FloatArray:
    _, code = np.unique(clusters, return_inverse=True)
    groups = int(code.max()) + 1
    summed = np.zeros((groups, scores.shape[1]))
    np.add.at(summed, code, scores)
    return np.asarray(groups / max(1, groups - 1) * summed.T @ summed, dtype=np.float64)


def _repeats(clusters: Codes | None) -> Codes | None:
    return clusters if clusters is not None and len(np.unique(clusters)) < len(clusters) else None


def _quantile(level: float, clusters: Codes | None) -> float:
    """How many standard errors: the normal ones, with clusters the t of their number less one (Cameron and Miller 2015,
    doi:10.3368/jhr.50.2.317)."""
    return t_quantile(level, inf if clusters is None else len(np.unique(clusters)) - 1)


def _not_both(name: str, outcome: BoolArray, subgroup: str) -> Measure | None:
    if outcome.any() and not outcome.all():
        return None
    lost = "no case had the outcome" if not outcome.any() else "every case had the outcome"
    return Measure.not_measurable(name, because=lost, n=len(outcome), subgroup=subgroup)


def calibration_intercept(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    level: float = 0.95,
    clip: float = CLIP,
    clusters: Codes | None = None,
    name: str = "calibration_intercept",
    subgroup: str = "all",
) -> Measure:
    """Are the probabilities too low (above 0) or too high (below 0) on the whole, in log odds?

    Calibration in the large: the intercept of a logistic regression of the outcome with the tool's log odds as
    offset, slope held at 1 (Van Calster et al. 2019, doi:10.1186/s12916-019-1466-7). 0 is ideal. Wald interval,
    clustered by patient. Not measurable with one class. Probabilities of 0 or 1 count at the clip.
    """
    odds = log_odds(probability, clip=clip)
    ones = np.ones((len(outcome), 1))
    return _recalibrated(
        name,
        ones,
        outcome,
        level=level,
        offset=odds,
        clusters=clusters,
        subgroup=subgroup,
        what="slope held at 1",
    )


def calibration_slope(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    level: float = 0.95,
    clip: float = CLIP,
    clusters: Codes | None = None,
    name: str = "calibration_slope",
    subgroup: str = "all",
) -> Measure:
    """Are high probabilities too high and low ones too low (below 1), or all too near the middle (above 1)?

    Slope of the logistic regression of the outcome on the tool's log odds (Cox 1958, doi:10.1093/biomet/45.3-4.562).
    1 is ideal. Wald interval, clustered by patient. Not measurable with one class, with one probability for all, or
    when the probabilities separate the classes completely.
    """
    odds = log_odds(probability, clip=clip)
    design = np.column_stack([np.ones(len(odds)), odds])
    return _recalibrated(
        name, design, outcome, level=level, clusters=clusters, subgroup=subgroup, what="Cox 1958"
    )


def _recalibrated(
    name: str,
    design: FloatArray,
    outcome: BoolArray,
    *,
    level: float,
    offset: FloatArray | None = None,
    clusters: Codes | None,
    subgroup: str,
    what: str,
) -> Measure:
    """The last coefficient of the logistic regression of the outcome on the design, with its Wald interval."""
    if (nothing := _not_both(name, outcome, subgroup)) is not None:
        return nothing
    n, clusters = len(outcome), _repeats(clusters)

    def lost(because: str) -> Measure:
        return Measure.not_measurable(name, because=because, n=n, subgroup=subgroup)

    if offset is None and design[:, -1].min() == design[:, -1].max():
        return lost("every probability is the same")
    fit = logistic_fit(design, outcome, offset=offset, clusters=clusters)
    if fit is None:
        return lost("the probabilities separate the outcomes completely, so no finite value fits")
    estimate = float(fit.coefficients[-1])
    half = _quantile(level, clusters) * sqrt(float(fit.covariance[-1, -1]))
    method = f"logistic recalibration, {what}, Wald" + ("" if clusters is None else ", clustered by patient")
    low, high = estimate - half, estimate + half
    return Measure(name, estimate, low, high, level, method, n, int(outcome.sum()), subgroup)


def observed_expected(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    name: str = "oe_ratio",
    subgroup: str = "all",
) -> Measure:
    """How many outcomes happened for each one expected?

    Observed over the sum of the probabilities; 1 is ideal. Log interval with standard error sqrt((1 - O/n) / O)
    (Debray et al. 2017, doi:10.1136/bmj.i6460), n the effective one where patients repeat. Not measurable when
    nothing happened or nothing was expected.
    """
    n, observed, expected = len(outcome), int(outcome.sum()), float(probability.sum())
    if not observed or expected <= 0:
        because = "no case had the outcome" if not observed else "no outcome was expected"
        return Measure.not_measurable(name, because=because, n=n, subgroup=subgroup)
    clusters = _repeats(clusters)
    size = n_for_interval(outcome, clusters, level=level)
    share = observed / n
    half = normal_quantile(level) * sqrt((1 - share) / (share * size))
    ratio = observed / expected
    method = "log interval (Debray 2017)" + (
        "" if clusters is None else " at effective n, clustered by patient"
    )
    return Measure(name, ratio, ratio * exp(-half), ratio * exp(half), level, method, n, observed, subgroup)


def in_the_large(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    name: str = "calibration_in_the_large",
    subgroup: str = "all",
) -> Measure:
    """By how much does what happened exceed what was expected, as a share of cases?

    Mean of outcome minus probability: above 0 the tool expects too few, below 0 too many. t interval of a mean,
    clustered by patient. 0 is ideal.
    """
    units = np.arange(len(outcome)) if clusters is None else clusters
    return mean(name, outcome - probability, units, level=level, subgroup=subgroup, bounds=(-1.0, 1.0))


def brier(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    name: str = "brier",
    subgroup: str = "all",
) -> Measure:
    """How far are the probabilities from what happened, squared?

    Mean of (probability - outcome)^2: 0 is perfect, 0.25 is what 'one half' for everyone earns (Brier 1950,
    doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2). t interval of a mean, clustered by patient.
    """
    units = np.arange(len(outcome)) if clusters is None else clusters
    return mean(name, (probability - outcome) ** 2, units, level=level, subgroup=subgroup, bounds=(0.0, 1.0))


def brier_scaled(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    name: str = "brier_scaled",
    subgroup: str = "all",
) -> Measure:
    """How much of the error of 'the average for everyone' does the tool take away?

    1 - Brier / (share x (1 - share)): 1 is perfect, 0 no better than the share itself, below 0 worse (Steyerberg et
    al. 2010, doi:10.1097/EDE.0b013e3181c30fb2). Interval from the influence of each case on the ratio, clustered by
    patient. Not measurable with one class.
    """
    if (nothing := _not_both(name, outcome, subgroup)) is not None:
        return nothing
    errors, share, n = (probability - outcome) ** 2, float(outcome.mean()), len(outcome)
    score, most = float(errors.mean()), share * (1 - share)
    influence = -(errors - score) / most + score / most**2 * (1 - 2 * share) * (outcome - share)
    clusters = _repeats(clusters)
    _, code = np.unique(np.arange(n) if clusters is None else clusters, return_inverse=True)
    summed = np.bincount(code, weights=influence)
    se = sqrt(len(summed) / max(1, len(summed) - 1) * float(np.sum(summed**2))) / n
    estimate, half = 1 - score / most, _quantile(level, clusters) * se
    method = "delta method" + ("" if clusters is None else ", clustered by patient")
    return Measure(
        name,
        estimate,
        estimate - half,
        min(1.0, estimate + half),
        level,
        method,
        n,
        int(outcome.sum()),
        subgroup,
    )


def bin_codes(probability: FloatArray, *, bins: int, by: str) -> Codes:
    """In which bin does each probability stand? `by` 'width': equal steps from 0 to 1; 'quantile': equal counts.

    Equal probabilities always share a bin, so quantile bins may hold unequal counts and some may be empty.
    """
    if by == "width":
        return np.minimum((probability * bins).astype(np.int64), bins - 1)
    edges = np.quantile(probability, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.searchsorted(np.unique(edges), probability, side="left").astype(np.int64)


def calibration_bins(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    bins: int = 10,
    by: str = "quantile",
    level: float = 0.95,
    clusters: Codes | None = None,
) -> list[dict[str, Any]]:
    """In each bin of stated probability, how many had the outcome?

    Rows `expected` (mean probability), `observed`, its Wilson `low` and `high` (effective n where patients repeat),
    `n`, `events`, in rising order; empty bins are left out.
    """
    codes, clusters = bin_codes(probability, bins=bins, by=by), _repeats(clusters)
    rows = []
    for code in np.unique(codes):
        own = codes == code
        hits = outcome[own]
        size = n_for_interval(hits, None if clusters is None else clusters[own], level=level)
        low, high = wilson(float(hits.mean()), size, level=level)
        row = {
            "expected": float(probability[own].mean()),
            "observed": float(hits.mean()),
            "low": low,
            "high": high,
        }
        rows.append(row | {"n": int(own.sum()), "events": int(hits.sum())})
    return rows


def isotonic(
    probability: FloatArray, outcome: BoolArray, *, weights: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Which never-falling curve runs nearest through the outcomes?

    Pool-adjacent-violators (Zadrozny and Elkan 2002, doi:10.1145/775047.775151) on the distinct probabilities, equal
    ones pooled first; no bandwidth to choose. Returns the distinct probabilities and the curve at each.
    """
    weight = np.ones(len(outcome)) if weights is None else weights
    distinct, code = np.unique(probability, return_inverse=True)
    total = np.bincount(code, weights=weight)
    hits = np.bincount(code, weights=weight * outcome)
    kept = total > 0
    fitted = optimize.isotonic_regression(hits[kept] / total[kept], weights=total[kept]).x
    return distinct[kept], np.asarray(fitted, dtype=np.float64)


def ici(probability: FloatArray, outcome: BoolArray, *, weights: FloatArray | None = None) -> float:
    """How far is a stated probability from the observed share, on average over cases?

    Integrated calibration index, mean |curve - probability| (Austin and Steyerberg 2019, doi:10.1002/sim.8281), with
    the isotonic curve in place of their loess: a step curve follows noise, so it lies above 0 even for a perfect tool.
    """
    distinct, fitted = isotonic(probability, outcome, weights=weights)
    weight = np.ones(len(outcome)) if weights is None else weights
    total = np.bincount(np.searchsorted(distinct, probability[weight > 0]), weights=weight[weight > 0])
    return float(np.sum(total * np.abs(fitted - distinct)) / weight.sum())


def ece(
    probability: FloatArray,
    outcome: BoolArray,
    *,
    bins: int = 10,
    by: str = "width",
    weights: FloatArray | None = None,
) -> float:
    """How far apart are expected and observed, bin by bin, weighted by the cases in the bin?

    Expected calibration error (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602): sum of n_b/n |observed - expected|.
    It depends on the bins, which the protocol therefore declares.
    """
    weight = np.ones(len(outcome)) if weights is None else weights
    codes = bin_codes(probability, bins=bins, by=by)
    apart = np.bincount(codes, weights=weight * (outcome - probability))
    return float(np.abs(apart).sum() / weight.sum())
