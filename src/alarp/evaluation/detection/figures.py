"""Which plain data do the report's pictures need?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from alarp.evaluation import calibration
from alarp.evaluation.detection.accuracy import Readings, confusion, readings
from alarp.evaluation.detection.auc import roc_points
from alarp.evaluation.detection.cases import Cases
from alarp.evaluation.detection.predictive import natural_frequencies, two_by_two
from alarp.evaluation.detection.protocol import NO_DISEASE, DetectionProtocol


def figures(protocol: DetectionProtocol, by_answer: Mapping[str, Cases]) -> dict[str, Any]:
    """The counts at the operating point and the ROC curve: of the headline, and of each answer where there are several."""
    first = protocol.answers[0].name
    made: dict[str, Any] = {
        "confusion": confusion(readings(by_answer[first], rule="worst_case")),
        "confusion_as_treated": confusion(readings(by_answer[first], rule="as_treated")),
    }
    curves = {
        answer.name: _curve(protocol.seen_as(answer), by_answer[answer.name]) for answer in protocol.answers
    }
    made |= {key: value for key, value in curves[first].items() if value is not None}
    if protocol.several:
        made["answers"] = [{"name": name, **curve} for name, curve in curves.items()]
    if (promise := protocol.options.promise) is not None:
        made["promised"] = {
            "sensitivity": promise.sensitivity,
            "specificity": promise.specificity,
            "one_minus_specificity": None if promise.specificity is None else 1 - promise.specificity,
            "source": promise.source,
        }
    return made


def _curve(protocol: DetectionProtocol, cases: Cases) -> dict[str, Any]:
    found = readings(cases, rule="worst_case")
    table = confusion(found)
    turn = -1.0 if protocol.higher_means == NO_DISEASE else 1.0
    points = None
    if cases.has_score:
        points = [
            {"one_minus_specificity": x, "sensitivity": y, "threshold": None if t is None else t * turn}
            for x, y, t in roc_points(found.suspicion, found.diseased)
        ]
    return {
        "operating_point": {
            "threshold": protocol.threshold,
            "rule": operating_rule(protocol),
            "sensitivity": _share(table["true_positive"], table["false_negative"]),
            "one_minus_specificity": _share(table["false_positive"], table["true_negative"]),
        },
        "roc": points,
    }


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def operating_rule(protocol: DetectionProtocol) -> str:
    """When is a case flagged, in words?"""
    if protocol.columns.decision is not None:
        return f"the tool's own decision in column '{protocol.columns.decision}'"
    side = "at or below" if protocol.higher_means == NO_DISEASE else "at or above"
    return f"flagged when the score is {side} {protocol.threshold:g}"


def reliability(found: Readings, *, level: float) -> dict[str, Any]:
    """Stated probability against observed share in tenths of the answered cases, and how the probabilities lie."""
    answered = np.isfinite(found.suspicion)
    patients = None if found.patient is None else found.patient[answered]
    stated = found.suspicion[answered]
    bins = calibration.calibration_bins(stated, found.diseased[answered], level=level, clusters=patients)
    counts, edges = np.histogram(stated, bins=20, range=(0.0, 1.0))
    histogram = [
        {"low": float(low), "high": float(high), "n": int(n)}
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    return {"bins": bins, "histogram": histogram}


def natural(protocol: DetectionProtocol, found: Readings) -> dict[str, Any] | None:
    """Of 1000 people here, how many are found, missed, flagged wrongly? At the declared prevalence, else at the share of
    disease in these cases, which the source says."""
    declared = protocol.common.prevalence
    share = float(found.diseased.mean()) if declared is None else declared.estimate
    counts = natural_frequencies(two_by_two(found), share)
    if counts is None:
        return None
    source = "the share in these cases" if declared is None else "the protocol's prevalence"
    return {"prevalence": share, "source": source, **counts}
