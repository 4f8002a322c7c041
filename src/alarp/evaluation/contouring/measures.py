"""Which numbers does a contouring evaluation give, for each structure and pooled?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.contouring import clinic, observers
from alarp.evaluation.contouring.averages import codes_of
from alarp.evaluation.contouring.comparing import CaseResult
from alarp.evaluation.contouring.mixing import case_mix
from alarp.evaluation.contouring.pooling import Pair, Pool
from alarp.evaluation.contouring.protocol import (
    IMAGE_DIAGONAL,
    PRIMARY,
    VARIANTS,
    ContouringProtocol,
    measure_names,
    numbers_of,
)
from alarp.evaluation.contouring.raster import RASTERISER
from alarp.evaluation.contouring.surface import DEFINITION, DEFINITION_VOXEL, PairMeasures
from alarp.evaluation.intervals import Codes, proportion
from alarp.evaluation.outcomes import CONTOURING_OUTCOMES, NO_OUTPUT, CaseOutcome, tally
from alarp.evaluation.result import Findings
from alarp.evaluation.transporting import beside
from alarp.kernel import Measure

MEASURES = measure_names()
FURTHER = tuple(name for name in numbers_of(PairMeasures) if name not in PRIMARY)
NAMES = (*PRIMARY, *FURTHER)


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
    pool = Pool.of(protocol, pairs)
    measures: list[Measure] = []
    for group, places in _groups(protocol, pairs):
        measures += _measures(pool, places, group)
        judged = {(pairs[i].enrolled.case, pairs[i].result.structure) for i in places}
        measures += clinic.rating_measures(protocol, ratings, judged, group)
    measures += clinic.time_measures(protocol, enrolled, _without_output(cases))
    measures += clinic.fraction_measures(protocol, enrolled, _without_output(cases))
    measures += clinic.answering_measures(protocol, enrolled, _without_output(cases))
    found = Findings(
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
    return beside(found, case_mix(pool))


def _without_output(cases: Sequence[CaseResult]) -> set[str]:
    """In which cases did the tool give no answer at all?"""
    return {
        case.enrolled.case for case in cases if any(result.outcome in NO_OUTPUT for result in case.structures)
    }


def _groups(protocol: ContouringProtocol, pairs: list[Pair]) -> Iterator[tuple[str, Codes]]:
    """Which groups are reported, and where do their outlines stand?

    All, each structure by its name, then each level of the protocol's subgroups.
    """
    yield "all", np.arange(len(pairs))
    structures = np.array([p.result.structure for p in pairs], dtype=object)
    for structure in dict.fromkeys(structures):
        yield structure, np.flatnonzero(structures == structure)
    for column in protocol.common.subgroups:
        labels = np.array([p.enrolled.subgroups[column] for p in pairs], dtype=object)
        for label in sorted(set(labels)):
            yield f"{column}={label}", np.flatnonzero(labels == label)


def _measures(pool: Pool, places: Codes, group: str) -> list[Measure]:
    protocol, pairs = pool.protocol, [pool.pairs[i] for i in places]
    rows = [pool.mean(name, variant, places, group) for variant in ("", *VARIANTS) for name in PRIMARY]
    rows += [pool.mean(name, variant, places, group) for variant in ("", VARIANTS[0]) for name in FURTHER]
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
    rate = proportion(
        name, hits, level=protocol.common.level, clusters=codes_of(patients), subgroup=group, empty=empty
    )
    if len(set(patients)) == 1:
        return replace(rate, low=None, high=None, method="share, no interval", because="one case")
    return rate


def _too_few(measure: Measure, pairs: list[Pair], protocol: ContouringProtocol) -> Measure:
    patients = len({p.enrolled.patient for p in pairs})
    return replace(
        measure, because=f"{TOO_FEW}: {patients} patients, the protocol asks for {protocol.common.minimum_n}"
    )


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


__all__ = ["MEASURES", "NAMES", "summarise"]
