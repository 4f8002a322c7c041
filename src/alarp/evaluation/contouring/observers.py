"""Do two people agree better with each other than the tool agrees with them? The inter-observer baseline.

A tool that agrees with the reference as well as a second person does has reached what outlines by people allow; one
judged without that baseline passes or fails by the difficulty of the organ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from alarp.evaluation.contouring.averages import mean_of
from alarp.evaluation.contouring.cases import Enrolled
from alarp.evaluation.contouring.comparing import StructureResult
from alarp.evaluation.contouring.protocol import OVERLAP, ContouringProtocol
from alarp.evaluation.intervals import Comparison, holm
from alarp.evaluation.tails import two_sided_t
from alarp.kernel import Measure

AI, OBSERVER = "AI", "observer"


class Paired(Protocol):
    """One structure of one case."""

    @property
    def enrolled(self) -> Enrolled: ...
    @property
    def result(self) -> StructureResult: ...


def observer_measure(protocol: ContouringProtocol, pairs: Sequence[Paired], name: str, group: str) -> Measure:
    """How well does the second person agree with the reference? The same measure, the same rule for a miss."""
    counted = [p for p in pairs if p.result.observer is not None]
    values = [getattr(p.result.observer, name) for p in counted]
    label = f"observer_{name}"
    if not values:
        return Measure.not_measurable(label, because="no outline by a second observer", subgroup=group)
    if any(value is None for value in values):
        lost = sum(1 for value in values if value is None)
        because = f"{lost} of {len(values)} outlines were drawn by one observer only"
        return Measure.not_measurable(label, because=because, n=len(values), subgroup=group)
    bounds = (0.0, 1.0) if name.startswith(OVERLAP) else (-np.inf, np.inf)
    patients = [p.enrolled.patient for p in counted]
    return mean_of(label, values, patients, protocol=protocol, subgroup=group, bounds=bounds)


def comparisons(
    protocol: ContouringProtocol, pairs: Sequence[Paired], names: Sequence[str]
) -> tuple[Comparison, ...]:
    """By how much does the tool agree better with the reference than the second person does?

    Paired: the same structure of the same patient, AI minus observer. All together (`AI`, `observer`), then each
    structure (`AI, liver`), whose p values are adjusted together for each measure (Holm).
    """
    if protocol.columns.observer is None:
        return ()
    found: list[Comparison] = []
    structures = list(dict.fromkeys(p.result.structure for p in pairs))
    for name in names:
        found.append(paired(protocol, pairs, name, AI, OBSERVER))
        each = [
            paired(
                protocol,
                [p for p in pairs if p.result.structure == structure],
                name,
                f"{AI}, {structure}",
                f"{OBSERVER}, {structure}",
            )
            for structure in structures
        ]
        told = [row for row in each if row.p_unadjusted is not None]
        adjusted = iter(holm([row.p_unadjusted for row in told if row.p_unadjusted is not None]))
        found += [row if row.p_unadjusted is None else replace(row, p=next(adjusted)) for row in each]
    return tuple(found)


def paired(protocol: ContouringProtocol, pairs: Sequence[Paired], name: str, a: str, b: str) -> Comparison:
    """What is the mean paired difference, and could chance explain it?

    t with the cluster-robust variance of the mean over patients and (patients - 1) degrees of freedom. An outline
    that the tool missed or failed on counts as in the primary analysis; a distance without a finite value makes the
    difference not measurable.
    """
    both = [p for p in pairs if p.result.observer is not None and p.result.measures is not None]
    values = [(getattr(p.result.measures, name), getattr(p.result.observer, name)) for p in both]
    if not values:
        return Comparison(name, a, b, None, flag="no outline has both an answer and a second observer")
    if any(one is None or other is None for one, other in values):
        return Comparison(name, a, b, None, flag="an outline that one of them lacks has no finite value")
    differences = [float(one) - float(other) for one, other in values]
    level = protocol.common.level
    found = mean_of(name, differences, [p.enrolled.patient for p in both], protocol=protocol)
    if found.estimate is None or found.low is None or found.high is None:
        return Comparison(name, a, b, found.estimate, flag="one patient: no interval")
    se, df = _error(np.array(differences), [p.enrolled.patient for p in both])
    statistic = found.estimate / se if se > 0 else None
    p = 1.0 if statistic is None and found.estimate == 0 else None
    if statistic is not None:
        p = two_sided_t(statistic, df)
    method = f"paired over {len(both)} outlines, {found.method}, {100 * level:g} %"
    return Comparison(
        name, a, b, found.estimate, found.low, found.high, se, statistic, p, p, method, "", float(df)
    )


def _error(
    differences: np.ndarray[tuple[int], np.dtype[np.float64]], patients: list[str]
) -> tuple[float, int]:
    _, codes = np.unique(np.array(patients, dtype=str), return_inverse=True)
    groups, n = int(codes.max()) + 1, len(differences)
    residual = np.bincount(codes, weights=differences - differences.mean())
    return float(np.sqrt(groups / (groups - 1) * np.sum(residual**2)) / n), groups - 1
