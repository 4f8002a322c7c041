"""What is known of every enrolled case: both outlines of every structure, and what became of each?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import polars as pl

from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.contouring.protocol import ContouringProtocol, fold
from alarp.evaluation.contouring.raster import Raster, box_around, rasterise
from alarp.evaluation.contouring.structures import Contours, StructureSet
from alarp.evaluation.contouring.surface import PairMeasures, compare
from alarp.evaluation.outcomes import CaseOutcome
from alarp.evaluation.tables import require_columns, require_unique_cases
from alarp.kernel import BadInput

NOT_RECORDED = "not recorded"
_DECLARABLE = {
    o.value: o for o in (CaseOutcome.AI_FAILED, CaseOutcome.REJECTED_BY_AI, CaseOutcome.INDETERMINATE)
}


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One row of the cases table: where its files are, and what the table itself says became of it."""

    case: str
    patient: str
    images: str
    reference: str | None
    output: str | None
    declared: CaseOutcome | None
    subgroups: dict[str, str]


@dataclass(frozen=True, slots=True)
class StructureResult:
    """One structure in one case: what became of it, its numbers, and what had to be said about its contours."""

    structure: str
    outcome: CaseOutcome
    measures: PairMeasures | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseResult:
    """All structures of one case."""

    enrolled: Enrolled
    structures: tuple[StructureResult, ...]
    unmatched: tuple[str, ...]  # names in the output that belong to no structure of the protocol

    def as_dict(self) -> dict[str, Any]:
        """Which JSON value keeps this case, so that a stopped run goes on without reading it again?"""
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> CaseResult:
        """Which case was kept? The inverse of `as_dict`, also after a way through JSON."""
        said = dict(kept["enrolled"])
        if said["declared"] is not None:
            said["declared"] = CaseOutcome(said["declared"])
        results = tuple(_result_from_dict(row) for row in kept["structures"])
        return cls(Enrolled(**said), results, tuple(kept["unmatched"]))


def _result_from_dict(row: Mapping[str, Any]) -> StructureResult:
    measures = row["measures"]
    return StructureResult(
        structure=row["structure"],
        outcome=CaseOutcome(row["outcome"]),
        measures=None if measures is None else _measures_from_dict(measures),
        remarks=tuple(row["remarks"]),
    )


def _measures_from_dict(row: Mapping[str, Any]) -> PairMeasures:
    known = {field.name for field in fields(PairMeasures)}
    return PairMeasures(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in known})


def parse_cases(protocol: ContouringProtocol, frame: pl.DataFrame) -> tuple[Enrolled, ...]:
    """Which cases were enrolled, and where are their files? Raises BadInput naming case and column."""
    columns, file = protocol.columns, protocol.common.cases
    images = columns.images or ("images" if "images" in frame.columns else None)
    if images is None and protocol.images is None:
        raise BadInput(
            f"{file} has no column 'images' and the protocol has no field 'images': name the series folder that the "
            "contours were drawn on."
        )
    wanted = {"the case": columns.case, "the reference": columns.reference, "the output": columns.output}
    optional = {"the images": images, "the patient": columns.patient, "the outcome": columns.outcome}
    wanted |= {role: column for role, column in optional.items() if column is not None}
    wanted |= {f"the subgroup {name}": column for name, column in columns.subgroups.items()}
    require_columns(frame, wanted, name=file)
    require_unique_cases(frame, columns.case, name=file)
    return tuple(_enrolled(protocol, row, images) for row in frame.iter_rows(named=True))


def _enrolled(protocol: ContouringProtocol, row: Mapping[str, str | None], images: str | None) -> Enrolled:
    columns = protocol.columns
    case = str(row[columns.case])
    folder = (row[images] if images is not None else None) or protocol.images
    if folder is None:
        raise BadInput(f"Case {case}: column '{images}' is empty; name the series folder.")
    said = row[columns.outcome] if columns.outcome is not None else None
    if said is not None and said != CaseOutcome.SCORED and said not in _DECLARABLE:
        raise BadInput(
            f"Case {case}: column '{columns.outcome}' says '{said}'; it may be empty, 'scored', "
            f"{', '.join(map(repr, _DECLARABLE))}."
        )
    patient = row[columns.patient] if columns.patient is not None else case
    if patient is None:
        raise BadInput(f"Case {case}: column '{columns.patient}' is empty; every case belongs to a patient.")
    return Enrolled(
        case=case,
        patient=patient,
        images=folder,
        reference=row[columns.reference],
        output=row[columns.output],
        declared=_DECLARABLE.get(said) if said is not None else None,
        subgroups={s: row[column] or NOT_RECORDED for s, column in columns.subgroups.items()},
    )


def structure_names(names: Iterable[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Which structures are evaluated when the protocol lists none? All that any reference names, each once."""
    found: dict[str, tuple[str, ...]] = {}
    first: dict[str, str] = {}
    for reference in names:
        for name in reference:
            spelling = first.setdefault(fold(name), name)
            found[spelling] = (spelling,)
    return found


def asking(protocol: ContouringProtocol, names: Mapping[str, tuple[str, ...]]) -> ContouringProtocol:
    """Which protocol asks for these structures in every case? The same, with the names written in."""
    return replace(protocol, structures=dict(names))


def find(case: str, role: str, structures: StructureSet, spellings: tuple[str, ...]) -> Contours | None:
    """Which outline in the file is this structure? Two that both fit are refused."""
    wanted = {fold(spelling) for spelling in spellings}
    found = [contours for name, contours in structures.structures.items() if fold(name) in wanted]
    if len(found) > 1:
        raise BadInput(
            f"Case {case}: in column '{role}' both '{found[0].name}' and '{found[1].name}' stand for "
            f"'{spellings[0]}'; narrow the aliases under 'structures'."
        )
    return found[0] if found else None


def evaluate_case(
    protocol: ContouringProtocol,
    enrolled: Enrolled,
    names: Mapping[str, tuple[str, ...]],
    grid: Grid,
    reference: StructureSet | None,
    output: StructureSet | None,
) -> CaseResult:
    """What became of every structure of this case, and how well was it outlined?"""
    results = []
    matched: set[str] = set()
    for structure, spellings in names.items():
        truth = find(enrolled.case, protocol.columns.reference, reference, spellings) if reference else None
        drawn = find(enrolled.case, protocol.columns.output, output, spellings) if output else None
        if drawn is not None:
            matched.add(drawn.name)
        blank = Contours(structure, ())
        early = _early_outcome(enrolled, reference, output)
        if early is not None:
            results.append(_counted_only(structure, early, truth, grid))
        else:
            results.append(_structure(protocol, structure, truth or blank, drawn or blank, grid))
    extra = tuple(sorted(set(output.structures) - matched)) if output else ()
    return CaseResult(enrolled, tuple(results), extra)


def _early_outcome(
    enrolled: Enrolled, reference: StructureSet | None, output: StructureSet | None
) -> CaseOutcome | None:
    if reference is None:
        return CaseOutcome.REFERENCE_MISSING
    if enrolled.declared is not None:
        return enrolled.declared
    return CaseOutcome.AI_FAILED if output is None else None


def _counted_only(
    structure: str, outcome: CaseOutcome, truth: Contours | None, grid: Grid
) -> StructureResult:
    if outcome is CaseOutcome.REFERENCE_MISSING:
        return StructureResult(structure, outcome, None)
    size = 0.0
    if truth is not None and not truth.is_empty:
        size = rasterise(truth, grid, box_around(grid, truth)).volume_ml(grid)
    return StructureResult(structure, outcome, PairMeasures(0.0, 0.0, None, None, None, None, size, 0.0))


def _structure(
    protocol: ContouringProtocol, structure: str, truth: Contours, drawn: Contours, grid: Grid
) -> StructureResult:
    box = box_around(grid, truth, drawn)
    reference, output = rasterise(truth, grid, box), rasterise(drawn, grid, box)
    has_truth, has_drawn = bool(reference.mask.any()), bool(output.mask.any())
    outcome = {
        (True, True): CaseOutcome.SCORED,
        (True, False): CaseOutcome.MISSED,
        (False, True): CaseOutcome.SPURIOUS,
        (False, False): CaseOutcome.BOTH_EMPTY,
    }[has_truth, has_drawn]
    measures = None
    if outcome is not CaseOutcome.BOTH_EMPTY:
        measures = compare(reference.mask, output.mask, grid.spacing_mm, tolerance_mm=protocol.tolerance_mm)
    remarks = (*_said("reference", truth, reference), *_said("output", drawn, output))
    return StructureResult(structure, outcome, measures, remarks)


def _said(role: str, contours: Contours, raster: Raster) -> list[str]:
    """What must a reader know about how these contours became voxels?"""
    said = []
    if contours.outside_slices:
        said.append(f"{role}: {contours.outside_slices} contour(s) beyond the first or last slice, left out")
    if contours.clipped:
        said.append(f"{role}: {contours.clipped} contour(s) reaching beyond the image, clipped at its edge")
    said += [f"{role}: {count} contour(s) skipped ({reason})" for reason, count in contours.skipped]
    if contours.polygons and not raster.mask.any():
        said.append(f"{role}: the contours enclose no voxel centre, counted as empty")
    if raster.slices_differ:
        said.append(
            f"{role}: even-odd and union filling differ on {len(raster.slices_differ)} slice(s) by {raster.differ_ml:.3g} ml "
            "(a hole, or outlines that overlap); even-odd is used"
        )
    return said
