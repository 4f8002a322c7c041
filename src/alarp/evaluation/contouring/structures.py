"""Which contours does this RT Structure Set hold, and where on the images do they lie?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.intervals import BoolArray, FloatArray
from alarp.kernel import BadInput

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
_FLAT_TOLERANCE = 0.25  # of the slice spacing, within one contour


@dataclass(frozen=True, slots=True)
class Contours:
    """One structure: polygons as (slice, vertices in (row, column) index), and what could not be used."""

    name: str
    polygons: tuple[tuple[int, FloatArray], ...]
    outside: int = 0  # contours beyond the first or last slice, or wholly beside the image
    clipped: int = 0  # contours that reach beyond the rows or columns of the image
    skipped: tuple[tuple[str, int], ...] = ()  # (reason, how many contours)

    @property
    def is_empty(self) -> bool:
        return not self.polygons


@dataclass(frozen=True, slots=True)
class Voxels:
    """One structure as somebody painted it: a block of voxels and where on the grid the block begins."""

    name: str
    start: tuple[int, int, int]  # (slice, row, column)
    mask: BoolArray

    @property
    def is_empty(self) -> bool:
        return not self.mask.any()


@dataclass(frozen=True, slots=True)
class StructureSet:
    """Every structure of one file, by its own spelling: contours, or voxels of the grid."""

    structures: dict[str, Contours | Voxels]


def structure_set(case: str, role: str, dataset: Any, grid: Grid) -> StructureSet:
    """Which structures does this RTSTRUCT outline on this grid? (DICOM PS3.3 C.8.8.5 and C.8.8.6)

    Refused by case and column: no RTSTRUCT, another series, another frame of reference, one name twice,
    coordinates that are not triples of finite numbers. Open and point contours are skipped and counted.
    """
    if str(getattr(dataset, "Modality", "")) != "RTSTRUCT":
        raise BadInput(
            f"Case {case}: column '{role}' names a DICOM object of modality '{getattr(dataset, 'Modality', '')}'; an "
            "RTSTRUCT is wanted."
        )
    _refuse_other_series(case, role, dataset, grid)
    names: dict[str, str] = {}
    for item in getattr(dataset, "StructureSetROISequence", None) or []:
        name, key = str(getattr(item, "ROIName", "") or "").strip(), str(getattr(item, "ROINumber", ""))
        if not name or not key:
            raise BadInput(
                f"Case {case}: column '{role}' has a structure without ROIName or ROINumber; export it again."
            )
        frame = str(getattr(item, "ReferencedFrameOfReferenceUID", "") or grid.frame_of_reference)
        if frame != grid.frame_of_reference:
            raise BadInput(
                f"Case {case}: in column '{role}' the structure '{name}' is drawn in another frame of reference "
                "than the images; give the structure set of this series."
            )
        names[key] = name
    doubled = [name for name, count in Counter(names.values()).items() if count > 1]
    if doubled:
        raise BadInput(
            f"Case {case}: column '{role}' has the structure '{doubled[0]}' twice; rename or merge one."
        )
    found: dict[str, Contours | Voxels] = {name: Contours(name, ()) for name in names.values()}
    for item in getattr(dataset, "ROIContourSequence", None) or []:
        number = str(getattr(item, "ReferencedROINumber", ""))
        if number not in names:
            raise BadInput(
                f"Case {case}: column '{role}' has contours for ROI {number}, which has no name in the file."
            )
        found[names[number]] = _contours(case, role, names[number], item, grid)
    return StructureSet(found)


def _refuse_other_series(case: str, role: str, dataset: Any, grid: Grid) -> None:
    series: set[str] = set()
    for frame in getattr(dataset, "ReferencedFrameOfReferenceSequence", None) or []:
        for study in getattr(frame, "RTReferencedStudySequence", None) or []:
            for item in getattr(study, "RTReferencedSeriesSequence", None) or []:
                series.add(str(getattr(item, "SeriesInstanceUID", "")))
    if series and grid.series not in series:
        raise BadInput(
            f"Case {case}: the RTSTRUCT in column '{role}' was drawn on another series than the images; give the "
            "images it refers to."
        )


def _contours(case: str, role: str, name: str, item: Any, grid: Grid) -> Contours:
    polygons: list[tuple[int, FloatArray]] = []
    skipped: Counter[str] = Counter()
    outside = clipped = 0
    slices, rows, columns = grid.shape
    for contour in getattr(item, "ContourSequence", None) or []:
        kind = str(getattr(contour, "ContourGeometricType", ""))
        index = grid.to_index(_points(case, role, name, contour))
        plane = index[:, 0]
        reason = _unusable(kind, index)
        if reason:
            skipped[reason] += 1
            continue
        number = round(float(plane.mean()))
        if not 0 <= number < slices:
            outside += 1
            continue
        flat = index[:, 1:]
        if _beyond(flat, rows, columns):
            outside += 1
            continue
        clipped += bool((flat < -0.5).any() or (flat > np.array([rows, columns]) - 0.5).any())
        polygons.append((number, flat))
    return Contours(name, tuple(polygons), outside, clipped, tuple(sorted(skipped.items())))


def _beyond(flat: FloatArray, rows: int, columns: int) -> bool:
    """Does the contour lie wholly beside the image?"""
    edge = np.array([rows, columns]) - 0.5
    return bool((flat.max(axis=0) < -0.5).any() or (flat.min(axis=0) > edge).any())


def _points(case: str, role: str, name: str, contour: Any) -> FloatArray:
    try:
        values = np.array([float(v) for v in contour.ContourData or []], dtype=np.float64)
    except (AttributeError, TypeError, ValueError) as error:
        raise BadInput(
            f"Case {case}: in column '{role}' a contour of '{name}' has unreadable coordinates."
        ) from error
    if len(values) == 0 or len(values) % 3 or not np.isfinite(values).all():
        raise BadInput(
            f"Case {case}: in column '{role}' a contour of '{name}' has {len(values)} coordinates that are not triples "
            "of finite numbers; export the structure set again."
        )
    return values.reshape(-1, 3)


def _unusable(kind: str, index: FloatArray) -> str:
    if kind not in CLOSED:
        return f"{kind or 'untyped'} contour encloses nothing"
    if len(index) < 3:
        return "fewer than three points"
    if np.ptp(index[:, 0]) > _FLAT_TOLERANCE:
        return "contour does not lie in an image plane"
    return ""
