"""Which numbers does a detection evaluation give, for all cases and for each subgroup?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.detection.auc import auc, roc_points
from alarp.evaluation.detection.cases import NOT_RECORDED, UNKNOWN, Cases
from alarp.evaluation.detection.protocol import MEASURE_NAMES, NO_DISEASE, DetectionProtocol
from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    Comparison,
    FloatArray,
    effective_n,
    holm,
    newcombe_difference,
    proportion,
    two_proportion_z,
)
from alarp.evaluation.outcomes import DETECTION_OUTCOMES, NO_OUTPUT, tally
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

MEASURES = MEASURE_NAMES
EMPTY = {"sensitivity": "no diseased case", "specificity": "no healthy case", "ppv": "no case was flagged",
         "npv": "every case was flagged"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Readings:
    """Cases of known truth with one answer each, the missing ones filled in by a stated rule."""

    diseased: BoolArray
    flagged: BoolArray
    suspicion: FloatArray
    patient: Codes | None


def readings(cases: Cases, *, rule: str, members: BoolArray | None = None) -> Readings:
    """How is a case counted for which the tool gave no answer?

    `worst_case` (the primary, intention-to-diagnose): as wrong, whichever the truth; `best_case`: as right;
    `as_treated`: left out. Cases without a usable reference stand outside and are counted elsewhere.
    """
    keep = cases.truth != UNKNOWN
    silent = cases.called == UNKNOWN
    if members is not None:
        keep = keep & members
    if rule == "as_treated":
        keep = keep & ~silent
    diseased = cases.truth == 1
    filled = diseased if rule == "best_case" else ~diseased
    return Readings(
        diseased=diseased[keep],
        flagged=np.where(silent, filled, cases.called == 1)[keep],
        suspicion=np.where(silent, np.where(filled, np.inf, -np.inf), cases.suspicion)[keep],
        patient=None if cases.patient is None else cases.patient[keep],
    )


def accuracy(found: Readings, *, level: float, subgroup: str = "all", suffix: str = "") -> list[Measure]:
    """How often is the tool right about the diseased, the healthy, the flagged and the not flagged?"""
    right = found.diseased == found.flagged
    among = {
        "sensitivity": found.diseased,
        "specificity": ~found.diseased,
        "ppv": found.flagged,
        "npv": ~found.flagged,
    }
    return [
        proportion(
            name + suffix,
            right[which],
            level=level,
            clusters=None if found.patient is None else found.patient[which],
            subgroup=subgroup,
            empty=EMPTY[name],
        )
        for name, which in among.items()
    ]


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
    by_group, comparisons = _subgroups(protocol, cases)
    return Findings(
        outcomes=tally(cases.outcome, enrolled=len(cases.names), known=DETECTION_OUTCOMES),
        unit="case",
        measures=(*measures, *by_group),
        comparisons=tuple(comparisons),
        figures=_figures(protocol, cases),
        remarks=_remarks(protocol, cases),
    )


def failure_rate(cases: Cases, *, level: float) -> Measure:
    """For which share of the enrolled did the tool give no usable answer?"""
    failed = np.array([o in NO_OUTPUT for o in cases.outcome], dtype=bool)
    return proportion("failure_rate", failed, level=level, clusters=cases.patient, empty="no case")


def _groups(cases: Cases) -> Iterator[tuple[str, BoolArray]]:
    for column, labels in cases.subgroups.items():
        values = np.array(labels, dtype=object)
        for label in sorted(set(labels)):
            yield f"{column}={label}", np.asarray(values == label, dtype=bool)


def _subgroups(protocol: DetectionProtocol, cases: Cases) -> tuple[list[Measure], list[Comparison]]:
    """How does each subgroup fare, and does it differ from the rest?"""
    rows: list[Measure] = []
    gaps: list[tuple[Comparison, bool]] = []
    level, minimum = protocol.common.level, protocol.common.minimum_n
    for name, members in _groups(cases):
        found = readings(cases, rule="worst_case", members=members)
        rest = readings(cases, rule="worst_case", members=~members)
        own = accuracy(found, level=level, subgroup=name)
        if cases.has_score:
            own.append(
                auc(found.suspicion, found.diseased, level=level, clusters=found.patient, subgroup=name)
            )
        rows += [mark_too_few(measure, minimum) for measure in own]
        if not name.endswith(f"={NOT_RECORDED}"):
            gaps += _gaps(name, found, rest, level=level, minimum=minimum)
    return rows, _with_multiplicity(gaps, protocol)


def mark_too_few(measure: Measure, minimum: int) -> Measure:
    """Is this group large enough to say anything? The number stays visible, the words say it cannot carry weight."""
    small = measure.n
    if measure.measure == "auc" and measure.events is not None:
        small = min(measure.events, measure.n - measure.events)
    if small >= minimum or measure.estimate is None:
        return measure
    return replace(measure, because=f"{TOO_FEW}: {small} cases, the protocol asks for {minimum}")


def _gaps(
    name: str, found: Readings, rest: Readings, *, level: float, minimum: int
) -> Iterator[tuple[Comparison, bool]]:
    for own, other in zip(
        accuracy(found, level=level, subgroup=name)[:2],
        accuracy(rest, level=level, subgroup="rest")[:2],
        strict=True,
    ):
        few = min(own.n, other.n) < minimum
        if own.estimate is None or other.estimate is None:
            continue
        difference, low, high = newcombe_difference(own, other)
        n_own, n_other = _worth(own, found), _worth(other, rest)
        se, z, p = two_proportion_z(own.estimate, n_own, other.estimate, n_other)
        yield (
            Comparison(
                own.measure, name, "rest", difference, low, high, se, z, p, p, "Newcombe 10; pooled z", ""
            ),
            few,
        )


def _worth(measure: Measure, found: Readings) -> float:
    which = found.diseased if measure.measure == "sensitivity" else ~found.diseased
    if found.patient is None:
        return float(measure.n)
    return effective_n((found.diseased == found.flagged)[which], found.patient[which])


def _with_multiplicity(gaps: list[tuple[Comparison, bool]], protocol: DetectionProtocol) -> list[Comparison]:
    """Which gaps stand after all the questions asked? Holm over the groups that are large enough."""
    told = [c for c, few in gaps if not few]
    adjusted = iter(holm([c.p_unadjusted or 0.0 for c in told]))
    margin = protocol.common.gap_margin or 0.0
    rows = []
    for comparison, few in gaps:
        if few:
            rows.append(
                replace(comparison, p=None, flag=f"{TOO_FEW}: fewer than {protocol.common.minimum_n} cases")
            )
            continue
        p = next(adjusted)
        wide = abs(comparison.difference or 0.0) > margin
        flag = "gap" if p < protocol.common.alpha and wide else "no gap shown"
        method = f"{comparison.method}; Holm over {len(told)} comparisons"
        rows.append(replace(comparison, p=p, flag=flag, method=method))
    return rows


def confusion(found: Readings) -> dict[str, int]:
    """How many of each kind of right and wrong at the operating point?"""
    right = found.diseased == found.flagged
    return {
        "true_positive": int((right & found.diseased).sum()),
        "false_negative": int((~right & found.diseased).sum()),
        "false_positive": int((~right & ~found.diseased).sum()),
        "true_negative": int((right & ~found.diseased).sum()),
    }


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
