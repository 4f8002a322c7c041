"""Which numbers does a contouring evaluation give, for each structure and pooled?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.contouring.cases import CaseResult, Enrolled, StructureResult
from alarp.evaluation.contouring.protocol import DISTANCES, MEASURE_NAMES, OVERLAP, ContouringProtocol
from alarp.evaluation.contouring.raster import RASTERISER
from alarp.evaluation.contouring.surface import DEFINITION
from alarp.evaluation.intervals import mean, proportion
from alarp.evaluation.outcomes import CONTOURING_OUTCOMES, NO_OUTPUT, CaseOutcome, tally
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

MEASURES = MEASURE_NAMES
UNBOUNDED = (*DISTANCES, "volume_difference_ml")
_BOUNDS = {"dice": (0.0, 1.0), "surface_dice": (0.0, 1.0), "volume_difference_ml": (-inf, inf)}


@dataclass(frozen=True, slots=True)
class Pair:
    """One structure of one case, ready to be pooled."""

    enrolled: Enrolled
    result: StructureResult


def summarise(protocol: ContouringProtocol, cases: Sequence[CaseResult]) -> Findings:
    """What did the tool achieve over all cases? Every structure of every case counts once."""
    pairs = [Pair(case.enrolled, result) for case in cases for result in case.structures]
    measures = _measures(protocol, pairs, "all")
    for group, members in _groups(protocol, pairs):
        measures += _measures(protocol, members, group)
    return Findings(
        outcomes=tally((p.result.outcome for p in pairs), enrolled=len(pairs), known=CONTOURING_OUTCOMES),
        unit="structure in a case",
        measures=tuple(measures),
        figures={"per_case": [_row(pair) for pair in pairs], "cases": len(cases)},
        remarks=_remarks(protocol, cases),
    )


def _groups(protocol: ContouringProtocol, pairs: list[Pair]) -> Iterator[tuple[str, list[Pair]]]:
    """Which groups are reported? Each structure by its name, then each level of the protocol's subgroups."""
    for structure in dict.fromkeys(p.result.structure for p in pairs):
        yield structure, [p for p in pairs if p.result.structure == structure]
    for column in protocol.common.subgroups:
        for label in sorted({p.enrolled.subgroups[column] for p in pairs}):
            yield f"{column}={label}", [p for p in pairs if p.enrolled.subgroups[column] == label]


def _measures(protocol: ContouringProtocol, pairs: list[Pair], group: str) -> list[Measure]:
    rows = [
        pooled(name, pairs, level=protocol.common.level, subgroup=group) for name in (*OVERLAP, *UNBOUNDED)
    ]
    rows += [
        pooled(name, pairs, level=protocol.common.level, subgroup=group, as_treated=True)
        for name in (*OVERLAP, *UNBOUNDED)
    ]
    failed = np.array([p.result.outcome in (*NO_OUTPUT, CaseOutcome.MISSED) for p in pairs], dtype=bool)
    codes = _codes(pairs)
    rate = proportion(
        "failure_rate", failed, level=protocol.common.level, clusters=codes, subgroup=group, empty="no case"
    )
    one = len(set(codes.tolist())) == 1
    rows.append(
        replace(rate, low=None, high=None, method="share, no interval", because="one case") if one else rate
    )
    few = "=" in group and len({p.enrolled.patient for p in pairs}) < protocol.common.minimum_n
    return [_too_few(row, pairs, protocol) for row in rows] if few else rows


def _too_few(measure: Measure, pairs: list[Pair], protocol: ContouringProtocol) -> Measure:
    patients = len({p.enrolled.patient for p in pairs})
    return replace(
        measure, because=f"{TOO_FEW}: {patients} patients, the protocol asks for {protocol.common.minimum_n}"
    )


def _codes(pairs: Sequence[Pair]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    _, codes = np.unique(np.array([p.enrolled.patient for p in pairs], dtype=str), return_inverse=True)
    return codes.astype(np.int64)


def pooled(
    name: str, pairs: Sequence[Pair], *, level: float, subgroup: str = "all", as_treated: bool = False
) -> Measure:
    """What is the mean of this measure over these outlines?

    Overlap: a missed, spurious or failed outline counts 0. Distances and volume differences have no finite value for
    such an outline, so their mean is not measurable as long as there is one (dropping it would reward a miss);
    the mean of the measured ones stands beside it as `..._as_treated`. Both empty and reference missing enter none.
    """
    label = f"{name}_as_treated" if as_treated else name
    counted = [p for p in pairs if p.result.measures is not None]
    if as_treated:
        counted = [p for p in counted if p.result.outcome is CaseOutcome.SCORED]
    pick: Callable[[Pair], float | None] = lambda p: getattr(p.result.measures, name)  # noqa: E731
    values = [pick(p) for p in counted]
    lost = sum(1 for value in values if value is None)
    if lost:
        because = f"{lost} of {len(values)} outlines were missed, spurious or failed and have no finite value"
        return Measure.not_measurable(label, because=because, n=len(values), subgroup=subgroup)
    return mean(
        label,
        np.array(values, dtype=np.float64),
        _codes(counted) if counted else np.zeros(0, dtype=np.int64),
        level=level,
        subgroup=subgroup,
        bounds=_BOUNDS.get(name, (0.0, inf)),
    )


def _row(pair: Pair) -> dict[str, object]:
    found = pair.result.measures
    numbers = {} if found is None else {name: getattr(found, name) for name in found.__slots__}
    return {
        "case": pair.enrolled.case,
        "structure": pair.result.structure,
        "outcome": pair.result.outcome.value,
        "remarks": list(pair.result.remarks),
        **numbers,
    }


def _remarks(protocol: ContouringProtocol, cases: Sequence[CaseResult]) -> tuple[str, ...]:
    remarks = [
        "A structure that the tool missed, invented or failed on counts Dice 0; its distances have no finite value, so "
        "the mean distance is given only as treated, beside it.",
        f"Voxels: {RASTERISER}.",
        f"Surfaces: {DEFINITION}; tolerance of surface Dice {protocol.tolerance_mm:g} mm.",
    ]
    if len({case.enrolled.patient for case in cases}) == 1:
        remarks.append(
            "One case: there is no interval, and nothing here says how the next patient will fare."
        )
    unmatched = sorted({name for case in cases for name in case.unmatched})
    if unmatched:
        remarks.append(
            "Names in the output that match no structure and were not scored: " + ", ".join(unmatched) + "."
        )
    return tuple(remarks)
