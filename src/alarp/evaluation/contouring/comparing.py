"""What became of every structure of one case, and how well was it outlined?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from alarp.evaluation.contouring.acceptance import criteria_for
from alarp.evaluation.contouring.cases import Enrolled
from alarp.evaluation.contouring.dvh import dose_to_volume_gy, mean_dose_gy
from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.contouring.naming import AS_WRITTEN, Name, Nomenclature, matched
from alarp.evaluation.contouring.protocol import CLIP, ContouringProtocol
from alarp.evaluation.contouring.raster import Raster
from alarp.evaluation.contouring.regions import Region, box_of, raster_of
from alarp.evaluation.contouring.structures import Contours, StructureSet
from alarp.evaluation.contouring.surface import PairMeasures, compare
from alarp.evaluation.intervals import BoolArray, FloatArray
from alarp.evaluation.outcomes import CaseOutcome
from alarp.kernel import BadInput

# What dose does each voxel of a block receive (Gy)? NaN where no dose was calculated.
DoseIn = Callable[[Any], FloatArray]
DoseMeasures = dict[str, dict[str, float | None]]  # 'reference', 'output' -> dmean_gy, d95_gy, d2_gy


@dataclass(frozen=True, slots=True)
class StructureResult:
    """One structure in one case: what became of it, its numbers, and what had to be said about its contours."""

    structure: str
    outcome: CaseOutcome
    measures: PairMeasures | None
    remarks: tuple[str, ...] = ()
    accepted: bool | None = None  # by the protocol's criteria; None where there are none
    observer: PairMeasures | None = None  # a second person against the reference
    dose: DoseMeasures | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """All structures of one case."""

    enrolled: Enrolled
    structures: tuple[StructureResult, ...]
    unmatched: tuple[str, ...]  # names in the output that belong to no structure of the protocol
    diagonal_mm: float | None = None  # of the whole image: no distance can be longer
    names: tuple[Name, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Which JSON value keeps this case, so that a stopped run goes on without reading it again?"""
        return dict(_plain(self))

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> CaseResult:
        """Which case was kept? The inverse of `as_dict`, also after a way through JSON."""
        said = dict(kept["enrolled"])
        said["declared"] = None if said["declared"] is None else CaseOutcome(said["declared"])
        return cls(
            Enrolled(**said),
            tuple(_result_from_dict(row) for row in kept["structures"]),
            tuple(kept["unmatched"]),
            kept["diagonal_mm"],
            tuple(Name(**row) for row in kept["names"]),
        )


def _plain(value: Any) -> Any:
    """As dataclasses.asdict, without copying each number: a case holds thousands."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    return [_plain(held) for held in value] if isinstance(value, tuple | list) else value


def _result_from_dict(row: Mapping[str, Any]) -> StructureResult:
    return StructureResult(
        **{
            **row,
            "outcome": CaseOutcome(row["outcome"]),
            "measures": _measures_from_dict(row["measures"]),
            "observer": _measures_from_dict(row["observer"]),
            "remarks": tuple(row["remarks"]),
        }
    )


def _measures_from_dict(row: Mapping[str, Any] | None) -> PairMeasures | None:
    if row is None:
        return None
    known = {field.name for field in fields(PairMeasures)}
    kept: dict[str, Any] = {name: value for name, value in row.items() if name in known}
    return PairMeasures(**kept)


@dataclass(frozen=True, slots=True)
class _Side:
    """One file of the case: its column, its structures, and which of them stands for which asked for."""

    role: str
    column: str
    held: StructureSet | None
    found: Mapping[str, str]

    def region(self, structure: str) -> Region:
        """What was drawn of this structure? Nothing is a blank."""
        if self.held is None or structure not in self.found:
            return Contours(structure, ())
        return self.held.structures[self.found[structure]]


def evaluate_case(
    protocol: ContouringProtocol,
    enrolled: Enrolled,
    names: Mapping[str, tuple[str, ...]],
    grid: Grid | None,
    reference: StructureSet | None,
    output: StructureSet | None,
    *,
    observer: StructureSet | None = None,
    dose: DoseIn | None = None,
    nomenclature: Nomenclature = AS_WRITTEN,
) -> CaseResult:
    """What became of every structure of this case, and how well was it outlined?

    `grid` is None when the case has no file at all. `dose` gives the dose in a block of the grid.
    """
    columns = protocol.columns
    sides = tuple(
        _Side(
            role,
            column,
            held,
            matched(enrolled.case, column, held.structures, names, nomenclature) if held else {},
        )
        for role, column, held in (
            ("reference", columns.reference, reference),
            ("output", columns.output, output),
            ("observer", columns.observer or "observer", observer),
        )
    )
    early = _early_outcome(enrolled, reference, output)
    case = _Case(protocol, enrolled, grid, early, dose)
    drawn = sides[1]
    extra = set(output.structures) - set(drawn.found.values()) if output else set()
    return CaseResult(
        enrolled,
        tuple(case.structure(name, *sides) for name in names),
        tuple(sorted(extra)),
        None if grid is None else float(np.linalg.norm(np.array(grid.shape) * np.array(grid.spacing_mm))),
        tuple(name for side in sides for name in _names(side, nomenclature)),
    )


def _names(side: _Side, known: Nomenclature) -> list[Name]:
    taken = {written: structure for structure, written in side.found.items()}
    written = side.held.structures if side.held else {}
    return [Name(side.role, name, taken.get(name), known.standard(name)) for name in written]


def _early_outcome(
    enrolled: Enrolled, reference: StructureSet | None, output: StructureSet | None
) -> CaseOutcome | None:
    if reference is None:
        return CaseOutcome.REFERENCE_MISSING
    if enrolled.declared is not None:
        return enrolled.declared
    return CaseOutcome.AI_FAILED if output is None else None


@dataclass(frozen=True, slots=True)
class _Case:
    """One case while its structures are compared one by one."""

    protocol: ContouringProtocol
    enrolled: Enrolled
    grid: Grid | None
    early: CaseOutcome | None
    dose: DoseIn | None

    def structure(self, name: str, reference: _Side, output: _Side, observer: _Side) -> StructureResult:
        """What became of this structure? A case without an answer is compared as if nothing had been drawn."""
        if self.early is CaseOutcome.REFERENCE_MISSING or self.grid is None:
            return StructureResult(name, CaseOutcome.REFERENCE_MISSING, None)
        truth = reference.region(name)
        drawn = Contours(name, ()) if self.early else output.region(name)
        second = observer.region(name)
        for side, region in ((reference, truth), (output, drawn), (observer, second)):
            self._refuse_outside(side, region)
        box = box_of(self.grid, truth, drawn, second)
        painted = [raster_of(region, self.grid, box) for region in (truth, drawn, second)]
        masks = [raster.mask for raster in painted]
        outcome = self.early or _outcome(masks[0], masks[1])
        measures = None if outcome is CaseOutcome.BOTH_EMPTY else self._compare(masks[0], masks[1])
        between = None
        if observer.held is not None and (masks[0].any() or masks[2].any()):
            between = self._compare(masks[0], masks[2])
        return StructureResult(
            name,
            outcome,
            measures,
            (*_said("reference", truth, painted[0]), *_said("output", drawn, painted[1])),
            self._accepted(name, outcome, measures),
            between,
            self._dose(box, masks[0], masks[1]),
        )

    def _compare(self, reference: BoolArray, output: BoolArray) -> PairMeasures:
        assert self.grid is not None
        return compare(reference, output, self.grid.spacing_mm, tolerance_mm=self.protocol.tolerance_mm)

    def _accepted(self, name: str, outcome: CaseOutcome, measures: PairMeasures | None) -> bool | None:
        criteria = criteria_for(self.protocol.acceptance, name)
        if not criteria or measures is None:
            return None
        if outcome is not CaseOutcome.SCORED:
            return False
        return all(c.kept_by(getattr(measures, c.measure)) for c in criteria)

    def _dose(self, box: Any, reference: BoolArray, output: BoolArray) -> DoseMeasures | None:
        if self.dose is None or not reference.any() or not output.any():
            return None
        gray = self.dose(box)
        return {"reference": dose_measures(gray[reference]), "output": dose_measures(gray[output])}

    def _refuse_outside(self, side: _Side, region: Region) -> None:
        if self.protocol.options.outside == CLIP or not isinstance(region, Contours) or not region.outside:
            return
        raise BadInput(
            f"Case {self.enrolled.case}: in column '{side.column}' {region.outside} contour(s) of '{region.name}' lie "
            "outside the volume of the images; give the whole series, or write 'outside: clip' under 'analysis' to "
            "leave them out."
        )


def dose_measures(gray: FloatArray) -> dict[str, float | None]:
    """Which dose does the structure receive: mean, D95 and D2 (ICRU 83)? None where no dose was calculated."""
    return {
        "dmean_gy": mean_dose_gy(gray),
        "d95_gy": dose_to_volume_gy(gray, 95.0),
        "d2_gy": dose_to_volume_gy(gray, 2.0),
    }


def _outcome(reference: BoolArray, output: BoolArray) -> CaseOutcome:
    return {
        (True, True): CaseOutcome.SCORED,
        (True, False): CaseOutcome.MISSED,
        (False, True): CaseOutcome.SPURIOUS,
        (False, False): CaseOutcome.BOTH_EMPTY,
    }[bool(reference.any()), bool(output.any())]


def _said(role: str, region: Region, raster: Raster) -> list[str]:
    """What must a reader know about how these contours became voxels?"""
    if not isinstance(region, Contours):
        return []
    said = []
    if region.outside:
        said.append(f"{role}: {region.outside} contour(s) outside the volume, left out")
    if region.clipped:
        said.append(f"{role}: {region.clipped} contour(s) reaching beyond the image, clipped at its edge")
    said += [f"{role}: {count} contour(s) skipped ({reason})" for reason, count in region.skipped]
    if region.polygons and not raster.mask.any():
        said.append(f"{role}: the contours enclose no voxel centre, counted as empty")
    if raster.slices_differ:
        said.append(
            f"{role}: even-odd and union filling differ on {len(raster.slices_differ)} slice(s) by {raster.differ_ml:.3g} ml "
            "(a hole, or outlines that overlap); even-odd is used"
        )
    return said
