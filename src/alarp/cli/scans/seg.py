"""Which segments stand in a DICOM SEG, and on which grid? (DICOM PS3.3 A.51 and C.8.20)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from alarp.evaluation.contouring import Contours, Grid, StructureSet, Voxels, onto, voxels
from alarp.kernel import BadInput

_EVEN = 0.02  # of the slice spacing
_FRACTIONAL, _LABELMAP = "FRACTIONAL", "LABELMAP"


@dataclass(frozen=True, slots=True)
class Segments:
    """The frames of a SEG, each with its plane and segment, on the smallest grid that holds them all."""

    names: dict[int, str]
    frames: npt.NDArray[np.generic]  # (frame, row, column)
    plane: npt.NDArray[np.int64]  # of each frame: its slice in the grid
    segment: npt.NDArray[np.int64]  # of each frame: its segment; 0 in a LABELMAP, where the voxels say it
    grid: Grid


def read_seg(case: str, role: str, dataset: Any, *, fractional_at_least: float | None) -> Segments:
    """Which segments stand in this SEG? Refused by case and column when a frame cannot be placed.

    A FRACTIONAL SEG holds probabilities or occupancies: nobody guesses from where on it counts as inside.
    """
    kind = str(getattr(dataset, "SegmentationType", ""))
    if kind == _FRACTIONAL and fractional_at_least is None:
        raise BadInput(
            f"Case {case}: column '{role}' names a SEG of fractions; write under 'analysis' from which fraction on a "
            "voxel belongs to the structure, as in fractional_at_least: 0.5."
        )
    try:
        frames = np.asarray(dataset.pixel_array)
    except (AttributeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise BadInput(
            f"Case {case}: column '{role}' names a SEG whose pixels cannot be read ({error})."
        ) from error
    if frames.ndim == 2:
        frames = frames[None]
    if kind == _FRACTIONAL and fractional_at_least is not None:
        frames = frames >= fractional_at_least * float(getattr(dataset, "MaximumFractionalValue", 255))
    names = _names(case, role, dataset)
    if len(dataset.PerFrameFunctionalGroupsSequence) != len(frames):
        raise BadInput(f"Case {case}: column '{role}' names a SEG with frames missing; export it again.")
    plane, grid = _planes(case, role, dataset, frames.shape)
    segment = np.zeros(len(frames), dtype=np.int64)
    if kind != _LABELMAP:
        segment = np.array([_segment(case, role, dataset, i) for i in range(len(frames))], dtype=np.int64)
    return Segments(names, frames, plane, segment, grid)


def structures_on(case: str, role: str, segments: Segments, grid: Grid) -> StructureSet:
    """Which structures does the SEG hold on this grid? Slices that the SEG leaves out are empty."""
    if "" not in (segments.grid.frame_of_reference, grid.frame_of_reference) and (
        segments.grid.frame_of_reference != grid.frame_of_reference
    ):
        raise BadInput(
            f"Case {case}: the SEG in column '{role}' lies in another frame of reference than what it is compared on; "
            "give the SEG of this series."
        )
    found: dict[str, Contours | Voxels] = {}
    for number, name in segments.names.items():
        mask = np.zeros(segments.grid.shape, dtype=bool)
        if segments.segment.any():
            for index in np.flatnonzero(segments.segment == number):
                mask[segments.plane[index]] |= segments.frames[index] != 0
        else:
            mask[segments.plane] = segments.frames == number
        found[name] = voxels(name, onto(case, role, mask, segments.grid, grid, within=True).astype(bool))
    return StructureSet(found)


def _names(case: str, role: str, dataset: Any) -> dict[int, str]:
    names = {}
    for item in getattr(dataset, "SegmentSequence", None) or []:
        label = str(getattr(item, "SegmentLabel", "") or "").strip()
        if not label:
            raise BadInput(
                f"Case {case}: column '{role}' has a segment without SegmentLabel; export it again."
            )
        names[int(item.SegmentNumber)] = label
    doubled = [name for name, count in Counter(names.values()).items() if count > 1]
    if doubled or not names:
        said = f"the segment '{doubled[0]}' twice" if doubled else "no segment"
        raise BadInput(
            f"Case {case}: column '{role}' has {said}; every structure has one segment with its own label."
        )
    return names


def _item(dataset: Any, index: int, sequence: str) -> Any:
    """Which functional group does this frame have: its own, or the one that all frames share?"""
    own = getattr(dataset.PerFrameFunctionalGroupsSequence[index], sequence, None)
    shared = getattr(dataset, "SharedFunctionalGroupsSequence", None)
    found = own or (getattr(shared[0], sequence, None) if shared else None)
    return found[0] if found else None


def _segment(case: str, role: str, dataset: Any, index: int) -> int:
    item = _item(dataset, index, "SegmentIdentificationSequence")
    if item is None:
        raise BadInput(
            f"Case {case}: column '{role}' has a frame that belongs to no segment; export the SEG again."
        )
    return int(item.ReferencedSegmentNumber)


def _numbers(case: str, role: str, dataset: Any, index: int, sequence: str, attribute: str) -> list[float]:
    value = getattr(_item(dataset, index, sequence), attribute, None)
    if value is None:
        raise BadInput(
            f"Case {case}: column '{role}' names a SEG with a frame without {attribute}; without it the voxels cannot "
            "be placed."
        )
    return [float(v) for v in (value if hasattr(value, "__iter__") else [value])]


def _planes(case: str, role: str, dataset: Any, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], Grid]:
    """Into which slice does each frame fall, on the smallest even stack that holds them all?"""
    count = shape[0]
    orientation = np.array([_numbers(case, role, dataset, i, "PlaneOrientationSequence", "ImageOrientationPatient")
                            for i in range(count)])  # fmt: skip
    spacing = np.array(
        [_numbers(case, role, dataset, i, "PixelMeasuresSequence", "PixelSpacing") for i in range(count)]
    )
    places = np.array([_numbers(case, role, dataset, i, "PlanePositionSequence", "ImagePositionPatient")
                       for i in range(count)])  # fmt: skip
    if np.ptp(orientation, axis=0).max() > 1e-3 or np.ptp(spacing, axis=0).max() > 1e-3 or spacing.min() <= 0:
        raise BadInput(
            f"Case {case}: column '{role}' names a SEG whose frames differ in direction or spacing."
        )
    across, down = orientation[0][:3], orientation[0][3:]
    normal = np.cross(across, down)
    depth = places @ normal
    step = _step(case, role, dataset, depth)
    order = np.argmin(depth)
    slices = np.round((depth - depth[order]) / step)
    drift = places - places[order] - np.outer(depth - depth[order], normal)
    if np.abs((depth - depth[order]) / step - slices).max() > _EVEN * 2 or np.abs(drift).max() > 0.05:
        raise BadInput(
            f"Case {case}: column '{role}' names a SEG whose slices are not evenly stacked ({step:g} mm apart is "
            "stated); one grid needs one spacing."
        )
    grid = Grid(
        origin=places[order],
        along_columns=across,
        along_rows=down,
        normal=normal,
        spacing_mm=(step, float(spacing[0][0]), float(spacing[0][1])),
        shape=(int(slices.max()) + 1, int(shape[1]), int(shape[2])),
        frame_of_reference=str(getattr(dataset, "FrameOfReferenceUID", "") or ""),
        series="",
    )
    return slices.astype(np.int64), grid


def _step(case: str, role: str, dataset: Any, depth: npt.NDArray[np.float64]) -> float:
    """How far apart are the slices? As stated, else as the frames lie, else as thick as one slice."""
    item = _item(dataset, 0, "PixelMeasuresSequence")
    stated = getattr(item, "SpacingBetweenSlices", None)
    gaps = np.diff(np.unique(np.round(depth, 4)))
    if stated is not None and float(stated) > 0:
        return float(stated)
    if len(gaps):
        return float(gaps.min())
    thickness = getattr(item, "SliceThickness", None)
    if thickness is None or float(thickness) <= 0:
        raise BadInput(
            f"Case {case}: column '{role}' names a SEG whose slice spacing is missing; export it again."
        )
    return float(thickness)


def spanning(grids: Sequence[Grid]) -> Grid:
    """Which is the smallest grid, on the first one's lattice, that holds the slices of all?

    A SEG leaves out slices without a segment, so two SEGs of one series need not begin at the same slice.
    """
    first = grids[0]
    low, high = 0, first.shape[0] - 1
    for other in grids[1:]:
        end = other.origin + other.normal * other.spacing_mm[0] * (other.shape[0] - 1)
        slices = np.round(first.to_index(np.stack([other.origin, end]))[:, 0]).astype(int)
        low, high = min(low, int(slices.min())), max(high, int(slices.max()))
    return replace(
        first,
        origin=first.origin + first.normal * first.spacing_mm[0] * low,
        shape=(high - low + 1, first.shape[1], first.shape[2]),
    )
