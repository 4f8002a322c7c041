"""For whom does the tool work less well?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.detection.accuracy import Readings, accuracy, readings
from alarp.evaluation.detection.auc import auc
from alarp.evaluation.detection.cases import NOT_RECORDED, Cases
from alarp.evaluation.detection.protocol import DetectionProtocol
from alarp.evaluation.intervals import (
    BoolArray,
    Comparison,
    effective_n,
    holm,
    newcombe_difference,
    two_proportion_z,
)
from alarp.kernel import Measure


def _groups(cases: Cases) -> Iterator[tuple[str, BoolArray]]:
    for column, labels in cases.subgroups.items():
        values = np.array(labels, dtype=object)
        for label in sorted(set(labels)):
            yield f"{column}={label}", np.asarray(values == label, dtype=bool)


def subgroups(protocol: DetectionProtocol, cases: Cases) -> tuple[list[Measure], list[Comparison]]:
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
