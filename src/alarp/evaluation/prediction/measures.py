"""Which numbers does a prediction evaluation give, for all cases and for each subgroup?

A missing probability is filled by a stated rule (`probabilities`), so that leaving one out never improves a number:
`worst_case` is the primary analysis (intention to diagnose), `best_case` and `as_treated` stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf, log
from typing import Any

import numpy as np

from alarp.evaluation import calibration
from alarp.evaluation.detection.auc import DELONG, both_aucs
from alarp.evaluation.gaps import (
    Gap,
    groups,
    is_compared,
    mark_too_few,
    mean_gap,
    share_gap,
    with_multiplicity,
)
from alarp.evaluation.intervals import BoolArray, Codes, Comparison, FloatArray, proportion
from alarp.evaluation.outcomes import DETECTION_OUTCOMES, NO_OUTPUT, tally
from alarp.evaluation.prediction import policy
from alarp.evaluation.prediction.cases import Cases
from alarp.evaluation.prediction.protocol import GUARDED_AUC, HEADLINE, POLICY, PredictionProtocol, per_cent
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

MEASURES = (*HEADLINE, GUARDED_AUC, *POLICY, "failure_rate")
# Which value is ideal for measures that can miss it on either side.
_IDEAL = {
    "calibration_intercept": 0.0,
    "calibration_slope": 1.0,
    "oe_ratio": 1.0,
    "calibration_in_the_large": 0.0,
}


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Cases whose outcome is known, each with one probability, the missing ones filled in by a stated rule."""

    happened: BoolArray
    probability: FloatArray
    silent: BoolArray  # which of them the tool left without an answer
    patient: Codes | None


def forecasts(cases: Cases, *, rule: str, members: BoolArray | None = None) -> Forecasts:
    """How is a case counted for which the tool gave no probability?

    `worst_case`: as a probability of 1 for what did not happen and 0 for what did; `best_case` the other way round;
    `as_treated`: left out; `high` and `low`: as 1, or 0, whatever happened.
    """
    keep = cases.known if members is None else cases.known & members
    silent = ~cases.scored
    if rule == "as_treated":
        keep = keep & ~silent
    fill = {
        "worst_case": np.where(cases.happened, 0.0, 1.0),
        "best_case": np.where(cases.happened, 1.0, 0.0),
        "high": np.ones(len(silent)),
        "low": np.zeros(len(silent)),
    }.get(rule, np.zeros(len(silent)))
    return Forecasts(
        happened=cases.happened[keep],
        probability=np.where(silent, fill, cases.probability)[keep],
        silent=silent[keep],
        patient=None if cases.patient is None else cases.patient[keep],
    )


def _two_sided(name: str, found: Forecasts, protocol: PredictionProtocol, subgroup: str) -> Measure:
    level = protocol.common.level
    if name in ("calibration_intercept", "calibration_slope"):
        logistic = getattr(calibration, name)
        made: Measure = logistic(
            found.probability, found.happened, level=level, clip=protocol.options.clip, clusters=found.patient,
            subgroup=subgroup,
        )  # fmt: skip
        return made
    function = calibration.observed_expected if name == "oe_ratio" else calibration.in_the_large
    return function(found.probability, found.happened, level=level, clusters=found.patient, subgroup=subgroup)


def _furthest(
    name: str,
    cases: Cases,
    protocol: PredictionProtocol,
    *,
    subgroup: str = "all",
    members: BoolArray | None = None,
) -> Measure:
    """Which of the ways in which the missing probabilities may have been wrong takes this number furthest from ideal?"""
    rules = ("worst_case", "best_case") if name == "calibration_slope" else ("high", "low")
    found = [
        _two_sided(name, forecasts(cases, rule=rule, members=members), protocol, subgroup) for rule in rules
    ]
    ideal = _IDEAL[name]

    def distance(measure: Measure) -> float:
        if measure.estimate is None:
            return inf
        if name == "oe_ratio":
            return abs(log(measure.estimate))
        return abs(measure.estimate - ideal)

    return max(found, key=distance)


def judged(cases: Cases, protocol: PredictionProtocol, *, rule: str, suffix: str = "") -> list[Measure]:
    """How good are the probabilities when the missing ones are counted by this rule?"""
    found, level = forecasts(cases, rule=rule), protocol.common.level
    p, y, patient = found.probability, found.happened, found.patient
    rows = []
    for name in _IDEAL:
        made = (
            _furthest(name, cases, protocol)
            if rule == "worst_case" and found.silent.any()
            else _two_sided(name, found, protocol, "all")
        )
        rows.append(replace(made, measure=name + suffix))
    rows += [
        calibration.brier(p, y, level=level, clusters=patient, name="brier" + suffix),
        calibration.brier_scaled(p, y, level=level, clusters=patient, name="brier_scaled" + suffix),
        replace(_aucs(found, level)[0], measure="auc" + suffix),
    ]
    options = protocol.options
    statistics: Mapping[str, tuple[Callable[[FloatArray], float], str]] = {
        "ici": (
            lambda w: _apart(found, w, lambda a, b, c: calibration.ici(a, b, weights=c)),
            "isotonic curve",
        ),
        "ece": (
            lambda w: _apart(
                found,
                w,
                lambda a, b, c: calibration.ece(a, b, bins=options.bins, by="width", weights=c),
            ),
            f"{options.bins} bins of equal width",
        ),
    }
    for name, (statistic, how) in statistics.items():
        rows.append(_distance(name + suffix, statistic(np.ones(len(y))), found, level, how))
    return rows


def _distance(name: str, estimate: float, found: Forecasts, level: float, how: str) -> Measure:
    """A mean of absolute distances: it never reaches 0 by chance and grows in every resample, so no bounds are given."""
    n, events = len(found.happened), int(found.happened.sum())
    if np.isnan(estimate):
        return Measure.not_measurable(name, because="it cannot be computed from these cases", n=n)
    because = "no interval: resampling only enlarges a mean of absolute distances"
    return Measure(name, estimate, None, None, level, how, n, events, "all", because)


def _apart(
    found: Forecasts, weights: FloatArray, statistic: Callable[[FloatArray, BoolArray, FloatArray], float]
) -> float:
    """The mean distance over all cases: measured among the answered, and the whole way off (1 or 0) for the silent."""
    given = ~found.silent
    whole, answered = float(weights.sum()), float(weights[given].sum())
    if whole == 0 or answered == 0:
        return float("nan")
    near = statistic(found.probability[given], found.happened[given], weights[given])
    wrong = np.abs(found.probability - found.happened)[found.silent]
    return (near * answered + float(np.sum(wrong * weights[found.silent]))) / whole


def suspicion(found: Forecasts) -> FloatArray:
    """Which value ranks each case? Its probability; a silent case stands beyond all others, on the side of its filling."""
    beyond = np.where(found.probability > 0.5, inf, -inf)
    return np.where(found.silent, beyond, found.probability)


def _aucs(found: Forecasts, level: float, subgroup: str = "all") -> list[Measure]:
    """Ranking, with DeLong's and with the guarded interval; a silent case ranked last among those that had the outcome (or first among those that had not)."""
    return both_aucs(
        suspicion(found),
        found.happened,
        interval=DELONG,
        level=level,
        clusters=found.patient,
        subgroup=subgroup,
    )


def evaluate(protocol: PredictionProtocol, cases: Cases) -> Findings:
    """How far can the probabilities be believed and acted on? Every enrolled case counts once."""
    level = protocol.common.level
    measures = judged(cases, protocol, rule="worst_case")
    failed = np.array([o in NO_OUTPUT for o in cases.outcome])
    measures.append(proportion("failure_rate", failed, level=level, clusters=cases.patient, empty="no case"))
    measures += _aucs(forecasts(cases, rule="worst_case"), level)[1:]
    measures += _ranked(protocol, cases)
    measures += overbooked(protocol, cases)
    has_silent = bool((cases.known & ~cases.scored).any())
    for rule in ("best_case", "worst_case", "as_treated"):
        measures += (
            judged(cases, protocol, rule=rule, suffix=f"_{rule}")
            if has_silent
            else [replace(m, measure=f"{m.measure}_{rule}") for m in measures[: len(HEADLINE)]]
        )
    by_group, comparisons = _subgroups(protocol, cases)
    return Findings(
        outcomes=tally(cases.outcome, enrolled=len(cases.names), known=DETECTION_OUTCOMES),
        unit="case",
        measures=(*measures, *by_group),
        comparisons=tuple(comparisons),
        figures=_figures(protocol, cases),
        remarks=_remarks(protocol, cases),
    )


def _ranked(protocol: PredictionProtocol, cases: Cases) -> list[Measure]:
    found, options = forecasts(cases, rule="worst_case"), protocol.options
    pairs = [
        policy.gain_and_lift(
            found.probability, found.happened, fraction, per_cent(fraction), level=protocol.common.level,
            clusters=found.patient, replicates=options.replicates, seed=options.seed,
        )
        for fraction in options.fractions
    ]  # fmt: skip
    return [measure for pair in pairs for measure in pair]


def overbooked(
    protocol: PredictionProtocol, cases: Cases, *, members: BoolArray | None = None, subgroup: str = "all"
) -> list[Measure]:
    """Who is overbooked at the declared probability, who did come all the same, and was it worth it?

    `overbooked_share`: of all (no probability: not overbooked, as it would happen); `overbooked_attended`: of those
    without the outcome, the burden of a false alarm; `caught_share`: of those with it. In the last two and in
    `net_benefit` a case without a probability counts as wrong.
    """
    if protocol.overbook_at is None:
        return []
    at, level = protocol.overbook_at, protocol.common.level
    worst = forecasts(cases, rule="worst_case", members=members)
    real = forecasts(cases, rule="low", members=members)
    flagged = worst.probability >= at
    rows = [
        proportion(
            "overbooked_share", real.probability >= at, level=level, clusters=real.patient, subgroup=subgroup,
            empty="no case",
        )
    ]  # fmt: skip
    for name, which, empty in (
        ("overbooked_attended", ~worst.happened, "no case without the outcome"),
        ("caught_share", worst.happened, "no case with the outcome"),
    ):
        clusters = None if worst.patient is None else worst.patient[which]
        rows.append(
            proportion(name, flagged[which], level=level, clusters=clusters, subgroup=subgroup, empty=empty)
        )
    benefit = policy.net_benefit(
        worst.probability, worst.happened, at, level=level, clusters=worst.patient, subgroup=subgroup
    )
    return [*rows, benefit]


def _subgroups(protocol: PredictionProtocol, cases: Cases) -> tuple[list[Measure], list[Comparison]]:
    """Is somebody foretold too high, or overbooked more often, than the rest?"""
    rows: list[Measure] = []
    gaps: list[Gap | None] = []
    minimum, level = protocol.common.minimum_n, protocol.common.level
    for name, members in groups(cases.subgroups):
        found = forecasts(cases, rule="worst_case", members=members)
        own = [
            _furthest("calibration_in_the_large", cases, protocol, subgroup=name, members=members),
            _furthest("oe_ratio", cases, protocol, subgroup=name, members=members),
            calibration.brier(
                found.probability, found.happened, level=level, clusters=found.patient, subgroup=name
            ),
            *_aucs(found, level, name),
            *overbooked(protocol, cases, members=members, subgroup=name),
        ]
        rows += [mark_too_few(m, minimum) for m in own]
        if is_compared(name):
            gaps += _gaps(protocol, cases, name, members)
    return rows, with_multiplicity(gaps, protocol.common)


def _gaps(protocol: PredictionProtocol, cases: Cases, name: str, members: BoolArray) -> list[Gap | None]:
    level = protocol.common.level
    treated = [forecasts(cases, rule="as_treated", members=side) for side in (members, ~members)]
    errors = [f.happened - f.probability for f in treated]
    patients = (treated[0].patient, treated[1].patient)
    found = [mean_gap("calibration_in_the_large", name, errors[0], errors[1], patients, level)]
    if protocol.overbook_at is None:
        return found
    real = [forecasts(cases, rule="low", members=side) for side in (members, ~members)]
    worst = [forecasts(cases, rule="worst_case", members=side) for side in (members, ~members)]
    for measure, sides, which in (
        ("overbooked_share", real, [np.ones(len(f.happened), dtype=bool) for f in real]),
        ("overbooked_attended", worst, [~f.happened for f in worst]),
    ):
        hits = [(f.probability >= protocol.overbook_at)[w] for f, w in zip(sides, which, strict=True)]
        codes = [None if f.patient is None else f.patient[w] for f, w in zip(sides, which, strict=True)]
        found.append(share_gap(measure, name, hits[0], hits[1], (codes[0], codes[1]), level))
    return found


def _figures(protocol: PredictionProtocol, cases: Cases) -> dict[str, Any]:
    treated, worst = forecasts(cases, rule="as_treated"), forecasts(cases, rule="worst_case")
    options, level = protocol.options, protocol.common.level
    figures: dict[str, Any] = {
        "positive": protocol.positive,
        "overbook_at": protocol.overbook_at,
        "bins": [],
        "curve": [],
        "histogram": [],
        "decision": policy.decision_curve(
            worst.probability, worst.happened, options.thresholds, level=level, clusters=worst.patient
        ),
        "gain": policy.gain_curve(worst.probability, worst.happened),
    }
    if not len(treated.probability):
        return figures
    steps, curve = calibration.isotonic(treated.probability, treated.happened)
    keep = np.unique(np.linspace(0, len(steps) - 1, min(200, len(steps))).round().astype(int))
    counts = np.bincount(calibration.bin_codes(treated.probability, bins=20, by="width"), minlength=20)
    return figures | {
        "bins": calibration.calibration_bins(
            treated.probability, treated.happened, bins=options.bins, by=options.binning, level=level,
            clusters=treated.patient,
        ),
        "curve": [{"expected": float(steps[i]), "observed": float(curve[i])} for i in keep],
        "histogram": [{"low": i / 20, "high": (i + 1) / 20, "n": int(n)} for i, n in enumerate(counts)],
    }  # fmt: skip


def _remarks(protocol: PredictionProtocol, cases: Cases) -> tuple[str, ...]:
    said = [
        "A case for which the tool gave no probability counts as foretold wrongly (intention to diagnose); where a "
        "number can miss its ideal on either side, the missing ones are taken to the side that misses it further.",
        f"In log odds, probabilities below {protocol.options.clip:g} or above {1 - protocol.options.clip:g} count as "
        "those. The calibration curve is isotonic (no smoothing to choose) and shows the answered cases.",
    ]
    if cases.patient is not None:
        said.append("Some patients have several cases: intervals are clustered by patient.")
    unknown = int((~cases.known).sum())
    if unknown:
        said.append(f"Of {unknown} enrolled cases nobody knows what happened; they enter no measure.")
    return tuple(said)
