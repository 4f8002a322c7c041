"""Which numbers does a detection evaluation give, for all cases and for each subgroup?"""

from __future__ import annotations

from alarp.evaluation.detection.accuracy import accuracy, confusion, failure_rate, readings
from alarp.evaluation.detection.auc import auc, roc_points
from alarp.evaluation.detection.cases import UNKNOWN, Cases
from alarp.evaluation.detection.protocol import MEASURE_NAMES, NO_DISEASE, DetectionProtocol
from alarp.evaluation.detection.subgroups import case_mix, subgroups
from alarp.evaluation.outcomes import DETECTION_OUTCOMES, tally
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

MEASURES = MEASURE_NAMES


def _measures(cases: Cases, protocol: DetectionProtocol, *, rule: str, suffix: str = "") -> list[Measure]:
    found = readings(cases, rule=rule)
    level = protocol.common.level
    rows = accuracy(found, level=level, suffix=suffix)
    if cases.has_score:
        rows.append(
            auc(found.suspicion, found.diseased, level=level, clusters=found.patient, name="auc" + suffix)
        )
    else:
        rows.append(
            Measure.not_measurable(
                "auc" + suffix, because="the protocol names no score column", n=len(found.diseased)
            )
        )
    return rows


def evaluate(protocol: DetectionProtocol, cases: Cases) -> Findings:
    """What did the tool achieve? Every enrolled case counts once; a missing answer counts as wrong."""
    measures = _measures(cases, protocol, rule="worst_case")
    measures.append(failure_rate(cases, level=protocol.common.level))
    for rule in ("best_case", "worst_case", "as_treated"):
        measures += _measures(cases, protocol, rule=rule, suffix=f"_{rule}")
    by_group, comparisons = subgroups(protocol, cases)
    mixed = case_mix(protocol, cases)
    return Findings(
        outcomes=tally(cases.outcome, enrolled=len(cases.names), known=DETECTION_OUTCOMES),
        unit="case",
        measures=(*measures, *(mixed.measures if mixed else ()), *by_group),
        comparisons=tuple(comparisons),
        figures=_figures(protocol, cases) | ({"case_mix": mixed.as_figure()} if mixed else {}),
        remarks=_remarks(protocol, cases),
    )


def _figures(protocol: DetectionProtocol, cases: Cases) -> dict[str, object]:
    worst = readings(cases, rule="worst_case")
    table = confusion(worst)
    figures: dict[str, object] = {
        "confusion": table,
        "confusion_as_treated": confusion(readings(cases, rule="as_treated")),
        "operating_point": {
            "threshold": protocol.threshold,
            "rule": _operating_rule(protocol),
            "sensitivity": _share(table["true_positive"], table["false_negative"]),
            "one_minus_specificity": _share(table["false_positive"], table["true_negative"]),
        },
    }
    if cases.has_score:
        turn = -1.0 if protocol.higher_means == NO_DISEASE else 1.0
        figures["roc"] = [
            {"one_minus_specificity": x, "sensitivity": y, "threshold": None if t is None else t * turn}
            for x, y, t in roc_points(worst.suspicion, worst.diseased)
        ]
    return figures


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def _operating_rule(protocol: DetectionProtocol) -> str:
    if protocol.columns.decision is not None:
        return f"the tool's own decision in column '{protocol.columns.decision}'"
    side = "at or below" if protocol.higher_means == NO_DISEASE else "at or above"
    return f"flagged when the score is {side} {protocol.threshold:g}"


def _remarks(protocol: DetectionProtocol, cases: Cases) -> tuple[str, ...]:
    remarks = [
        "A case for which the tool gave no usable answer counts as wrong, whichever the truth "
        "(intention to diagnose); best case, worst case and as treated stand beside it.",
        "PPV and NPV hold at the share of disease in these cases; where disease is rarer, PPV is lower.",
    ]
    if cases.patient is not None:
        remarks.append("Some patients have several cases: intervals are clustered by patient.")
    unknown = int((cases.truth == UNKNOWN).sum())
    if unknown:
        remarks.append(f"{unknown} enrolled cases have no usable reference and enter no accuracy measure.")
    return tuple(remarks)
