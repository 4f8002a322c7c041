"""What follows when somebody acts on the probability: who is overbooked, who bears it, and is it worth it?

`happened` means the outcome foretold: for attendance, that the patient did not come.
"""

from __future__ import annotations

import numpy as np

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray, mean
from alarp.evaluation.resampling import bootstrap
from alarp.kernel import Measure


def benefit_of_each(probability: FloatArray, happened: BoolArray, threshold: float) -> FloatArray:
    """What does each case add to net benefit when those at or above the threshold are acted on?

    1 for a true positive, - t / (1 - t) for a false one, 0 for the others.
    """
    acted = probability >= threshold
    return np.where(acted, np.where(happened, 1.0, -threshold / (1 - threshold)), 0.0)


def net_benefit(
    probability: FloatArray,
    happened: BoolArray,
    threshold: float,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    subgroup: str = "all",
) -> Measure:
    """How many outcomes caught for each case, once the false alarms at this threshold are paid for?

    TP/n - FP/n x t/(1 - t) (Vickers and Elkin 2006, doi:10.1177/0272989X06295361). It is a mean over cases, so its
    interval is the t interval of a mean, clustered by patient: a bootstrap gives the same within its noise.
    """
    each = benefit_of_each(probability, happened, threshold)
    units = np.arange(len(each)) if clusters is None else clusters
    return mean("net_benefit", each, units, level=level, subgroup=subgroup, bounds=(-np.inf, 1.0))


def decision_curve(
    probability: FloatArray,
    happened: BoolArray,
    thresholds: tuple[float, ...],
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
) -> list[dict[str, float | None]]:
    """At which thresholds does acting on the tool beat acting on everyone and on nobody?

    One row a threshold: `threshold`, `net_benefit`, `low`, `high`, and `act_on_all`; acting on nobody is 0.
    """
    rows = []
    for threshold in thresholds:
        found = net_benefit(probability, happened, threshold, level=level, clusters=clusters)
        everyone = float(benefit_of_each(np.ones(len(happened)), happened, threshold).mean())
        rows.append(
            {"threshold": threshold, "net_benefit": found.estimate, "low": found.low, "high": found.high}
            | {"act_on_all": everyone}
        )
    return rows


def gain(
    probability: FloatArray, happened: BoolArray, fraction: float, *, weights: FloatArray | None = None
) -> float:
    """Which share of all outcomes lies in the top fraction of cases by probability?

    Cases tied at the edge count with the share of them that still fits, so the order of the file does not matter.
    NaN when nothing happened.
    """
    weight = np.ones(len(happened)) if weights is None else weights
    total = float(np.sum(weight * happened))
    if total == 0:
        return float("nan")
    distinct, code = np.unique(-probability, return_inverse=True)
    cases = np.bincount(code, weights=weight, minlength=len(distinct))
    events = np.bincount(code, weights=weight * happened, minlength=len(distinct))
    room = fraction * float(weight.sum()) - np.concatenate([[0.0], np.cumsum(cases)[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        taken = np.where(cases > 0, np.clip(room / cases, 0.0, 1.0), 0.0)
    return float(np.sum(taken * events)) / total


def gain_and_lift(
    probability: FloatArray,
    happened: BoolArray,
    fraction: float,
    label: str,
    *,
    level: float,
    clusters: Codes | None,
    replicates: int,
    seed: int,
) -> tuple[Measure, Measure]:
    """How much richer in outcomes is the top fraction than the whole? Gain / fraction, both by bootstrap of patients."""
    found = bootstrap(
        f"gain_{label}",
        lambda weights: gain(probability, happened, fraction, weights=weights),
        n=len(happened),
        events=int(happened.sum()),
        clusters=clusters,
        level=level,
        replicates=replicates,
        seed=seed,
    )
    if found.estimate is None:
        return found, Measure.not_measurable(f"lift_{label}", because=found.because, n=found.n)
    low, high = (None if v is None else v / fraction for v in (found.low, found.high))
    lift = Measure(
        f"lift_{label}", found.estimate / fraction, low, high, level, found.method, found.n, found.events,
        because=found.because,
    )  # fmt: skip
    return found, lift


def gain_curve(probability: FloatArray, happened: BoolArray, *, points: int = 20) -> list[dict[str, float]]:
    """How quickly are the outcomes gathered, going down from the highest probability?"""
    rows = [{"fraction": 0.0, "gain": 0.0}]
    rows += [
        {"fraction": i / points, "gain": gain(probability, happened, i / points)} for i in range(1, points)
    ]
    return [*rows, {"fraction": 1.0, "gain": 1.0}]
