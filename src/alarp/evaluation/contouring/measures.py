"""Which numbers does a contouring evaluation give, for each structure and pooled?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

import numpy as np
import polars as pl

from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.contouring import clinic, observers
from alarp.evaluation.contouring.averages import mean_of
from alarp.evaluation.contouring.cases import Enrolled
from alarp.evaluation.contouring.comparing import CaseResult, StructureResult
from alarp.evaluation.contouring.protocol import (
    IMAGE_DIAGONAL,
    OVERLAP,
    PRIMARY,
    VARIANTS,
    ContouringProtocol,
    measure_names,
    numbers_of,
)
from alarp.evaluation.contouring.raster import RASTERISER
from alarp.evaluation.contouring.surface import DEFINITION, DEFINITION_VOXEL, PairMeasures
from alarp.evaluation.intervals import proportion
from alarp.evaluation.outcomes import CONTOURING_OUTCOMES, NO_OUTPUT, CaseOutcome, tally
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

MEASURES = measure_names()
FURTHER = tuple(name for name in numbers_of(PairMeasures) if name not in PRIMARY)
NAMES = (*PRIMARY, *FURTHER)


@dataclass(frozen=True, slots=True)
class Pair:
    """One structure of one case, ready to be pooled."""

    enrolled: Enrolled
    result: StructureResult
    diagonal_mm: float | None


def summarise(
    protocol: ContouringProtocol,
    cases: Sequence[CaseResult],
    tables: Mapping[str, pl.DataFrame] | None = None,
    pictures: Sequence[Mapping[str, object]] = (),
) -> Findings:
    """What did the tool achieve over all cases? Every structure of every case counts once.

    `tables` are the protocol's own (the ratings); `pictures` are what a reader should look at first.
    """
    pairs = [Pair(case.enrolled, result, case.diagonal_mm) for case in cases for result in case.structures]
    enrolled = [case.enrolled for case in cases]
    ratings = clinic.parse_ratings(protocol, (tables or {}).get("ratings"), cases)
    measures: list[Measure] = []
    for group, members in _groups(protocol, pairs):
        measures += _measures(protocol, members, group)
        measures += clinic.rating_measures(
            protocol, ratings, {(p.enrolled.case, p.result.structure) for p in members}, group
        )
    measures += clinic.time_measures(protocol, enrolled, _without_output(cases))
    measures += clinic.fraction_measures(protocol, enrolled, _without_output(cases))
    return Findings(
        outcomes=tally((p.result.outcome for p in pairs), enrolled=len(pairs), known=CONTOURING_OUTCOMES),
        unit="structure in a case",
        measures=tuple(measures),
        comparisons=observers.comparisons(protocol, pairs, PRIMARY),
        figures={
            "per_case": [_row(pair) for pair in pairs],
            "cases": len(cases),
            "worst": [dict(picture) for picture in pictures],
            "names": _names(cases),
        },
        remarks=_remarks(protocol, cases),
    )


def _without_output(cases: Sequence[CaseResult]) -> set[str]:
    """In which cases did the tool give no answer at all?"""
    return {
        case.enrolled.case for case in cases if any(result.outcome in NO_OUTPUT for result in case.structures)
    }


def _groups(protocol: ContouringProtocol, pairs: list[Pair]) -> Iterator[tuple[str, list[Pair]]]:
    """Which groups are reported? All, each structure by its name, then each level of the protocol's subgroups."""
    yield "all", pairs
    for structure in dict.fromkeys(p.result.structure for p in pairs):
        yield structure, [p for p in pairs if p.result.structure == structure]
    for column in protocol.common.subgroups:
        for label in sorted({p.enrolled.subgroups[column] for p in pairs}):
            yield f"{column}={label}", [p for p in pairs if p.enrolled.subgroups[column] == label]


def _measures(protocol: ContouringProtocol, pairs: list[Pair], group: str) -> list[Measure]:
    pool = partial(pooled, pairs=pairs, protocol=protocol, subgroup=group)
    rows = [pool(name, variant=variant) for variant in ("", *VARIANTS) for name in PRIMARY]
    rows += [pool(name, variant=variant) for variant in ("", VARIANTS[0]) for name in FURTHER]
    if protocol.columns.observer is not None:
        rows += [observers.observer_measure(protocol, pairs, name, group) for name in PRIMARY]
    if protocol.columns.dose is not None:
        rows += clinic.dose_measures(protocol, pairs, group)
    failed = np.array([p.result.outcome in (*NO_OUTPUT, CaseOutcome.MISSED) for p in pairs], dtype=bool)
    rows.append(_share("failure_rate", failed, pairs, protocol, group, empty="no case"))
    judged = [p for p in pairs if p.result.accepted is not None]
    if protocol.acceptance and judged:
        accepted = np.array([p.result.accepted for p in judged], dtype=bool)
        rows.append(_share("acceptance_rate", accepted, judged, protocol, group, empty="nothing to accept"))
    few = "=" in group and len({p.enrolled.patient for p in pairs}) < protocol.common.minimum_n
    return [_too_few(row, pairs, protocol) for row in rows] if few else rows


def _share(
    name: str, hits: np.ndarray[tuple[int], np.dtype[np.bool_]], pairs: Sequence[Pair],
    protocol: ContouringProtocol, group: str, *, empty: str,
) -> Measure:  # fmt: skip
    patients = [p.enrolled.patient for p in pairs]
    _, codes = np.unique(np.array(patients, dtype=str), return_inverse=True)
    rate = proportion(
        name, hits, level=protocol.common.level, clusters=codes.astype(np.int64), subgroup=group, empty=empty
    )
    if len(set(patients)) == 1:
        return replace(rate, low=None, high=None, method="share, no interval", because="one case")
    return rate


def _too_few(measure: Measure, pairs: list[Pair], protocol: ContouringProtocol) -> Measure:
    patients = len({p.enrolled.patient for p in pairs})
    return replace(
        measure, because=f"{TOO_FEW}: {patients} patients, the protocol asks for {protocol.common.minimum_n}"
    )


def pooled(
    name: str,
    pairs: Sequence[Pair],
    *,
    protocol: ContouringProtocol,
    subgroup: str = "all",
    variant: str = "",
) -> Measure:
    """What is the mean of this measure over these outlines?

    Overlap: a missed, spurious or failed outline counts 0. Distances and volume differences have no finite value for
    such an outline, so their mean is not measurable as long as there is one (dropping it would reward a miss), unless
    the protocol declares the diagonal of the image as its distance, which no distance exceeds. Beside it stand the
    mean of the measured ones (`_as_treated`), that with every outline the tool did not answer taken for perfect
    (`_best_case`; a missed or spurious one is an answer, and wrong) and that with each taken for the worst possible
    (`_worst_case`: the diagonal). Both empty and reference missing enter none.
    """
    counted = [p for p in pairs if p.result.measures is not None]
    if variant == "_as_treated":
        counted = [p for p in counted if p.result.outcome is CaseOutcome.SCORED]
    values = [_value(p, name, variant, protocol) for p in counted]
    lost = sum(1 for value in values if value is None)
    if lost:
        because = f"{lost} of {len(values)} outlines were missed, spurious or failed and have no finite value"
        return Measure.not_measurable(name + variant, because=because, n=len(values), subgroup=subgroup)
    return mean_of(
        name + variant,
        [value for value in values if value is not None],
        [p.enrolled.patient for p in counted],
        protocol=protocol,
        subgroup=subgroup,
        bounds=bounds_of(name),
    )


def _value(pair: Pair, name: str, variant: str, protocol: ContouringProtocol) -> float | None:
    """Which number does this outline enter with? None has no finite value."""
    measures, outcome = pair.result.measures, pair.result.outcome
    found = getattr(measures, name)
    value = None if found is None else float(found)
    if outcome is CaseOutcome.SCORED:
        return value
    if variant == "_best_case" and outcome in NO_OUTPUT:
        return 1.0 if is_overlap(name) else 0.0
    if is_overlap(name):
        return 0.0
    if name == "volume_difference_ml" and measures is not None:
        return measures.output_ml - measures.reference_ml if variant else None
    penalty = variant == "_worst_case" or protocol.options.distance_of_a_missed_outline == IMAGE_DIAGONAL
    return pair.diagonal_mm if value is None and penalty and "_mm" in name else value


def is_overlap(name: str) -> bool:
    """Is it a share of agreement, where 1 is best?"""
    return name.startswith(OVERLAP)


def bounds_of(name: str) -> tuple[float, float]:
    """Between which values can this measure lie?"""
    if is_overlap(name):
        return 0.0, 1.0
    return (-inf, inf) if "difference" in name else (0.0, inf)


def _row(pair: Pair) -> dict[str, object]:
    found, second = pair.result.measures, pair.result.observer
    numbers = {} if found is None else {name: getattr(found, name) for name in found.__slots__}
    between = {} if second is None else {f"observer_{name}": getattr(second, name) for name in PRIMARY}
    judged = {} if pair.result.accepted is None else {"accepted": pair.result.accepted}
    return {
        "case": pair.enrolled.case,
        "structure": pair.result.structure,
        "outcome": pair.result.outcome.value,
        "remarks": list(pair.result.remarks),
        **numbers,
        **between,
        **judged,
        **({} if pair.result.dose is None else {"dose": pair.result.dose}),
    }


def _names(cases: Sequence[CaseResult]) -> list[dict[str, object]]:
    """Which names stood in the files, what was each taken for, and in how many cases?"""
    counts: dict[tuple[str, str, str, str], int] = {}
    for case in cases:
        for name in case.names:
            key = (name.role, name.written, name.structure or "", name.standard or "")
            counts[key] = counts.get(key, 0) + 1
    keys = ("role", "written", "structure", "standard")
    return [dict(zip(keys, key, strict=True)) | {"cases": counts[key]} for key in sorted(counts)]


def _remarks(protocol: ContouringProtocol, cases: Sequence[CaseResult]) -> tuple[str, ...]:
    penalty = protocol.options.distance_of_a_missed_outline == IMAGE_DIAGONAL
    remarks = [
        "A structure that the tool missed, invented or failed on counts Dice 0 and surface Dice 0; its distances "
        + (
            "count as the diagonal of the image, which no distance exceeds."
            if penalty
            else "have no finite value, so the mean distance is given only as treated, beside it."
        ),
        f"Voxels: {RASTERISER}.",
        f"Surfaces: {DEFINITION}; tolerance of surface Dice {protocol.tolerance_mm:g} mm.",
        f"Beside it, names ending in _voxel: {DEFINITION_VOXEL}.",
    ]
    if len({case.enrolled.patient for case in cases}) == 1:
        remarks.append(
            "One case: there is no interval, and nothing here says how the next patient will fare."
        )
    near = [p for case in cases for p in case.structures if p.measures and p.measures.tolerance_near_voxel]
    if near:
        remarks.append(
            f"The tolerance is no longer than a voxel in {len(near)} outlines: surface Dice then depends on how a surface "
            "is drawn through voxels, by as much as surface_dice_low and surface_dice_high say."
        )
    unmatched = sorted({name for case in cases for name in case.unmatched})
    if unmatched:
        remarks.append(
            "Names in the output that match no structure and were not scored: " + ", ".join(unmatched) + "."
        )
    unknown = sorted({n.written for case in cases for n in case.names if n.standard is None})
    if unknown:
        remarks.append(
            "Names that AAPM TG-263, as far as we hold it, does not know: " + ", ".join(unknown) + "."
        )
    return tuple(remarks) + clinic.remarks(protocol)


__all__ = ["MEASURES", "NAMES", "Pair", "bounds_of", "is_overlap", "pooled", "summarise"]
