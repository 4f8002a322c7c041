"""Where does a structure lie on the grid, whether it was drawn as contours or painted as voxels?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from alarp.evaluation.contouring.boxes import every_box
from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.contouring.raster import Box, Raster, box_around, rasterise
from alarp.evaluation.contouring.structures import Contours, Voxels
from alarp.evaluation.intervals import BoolArray
from alarp.kernel import BadInput

Labels = npt.NDArray[np.integer]
_PARALLEL = 1e-3  # how far two unit directions may differ and still be one
_OFF_GRID = 0.05  # of a voxel, at the corners of the volume

Region = Contours | Voxels


def box_of(grid: Grid, *regions: Region, margin: int = 1) -> Box:
    """Which block of the grid holds all of these structures, with a margin, clipped to the volume?"""
    boxes = []
    for region in regions:
        if isinstance(region, Contours):
            boxes.append(box_around(grid, region, margin=margin))
        elif not region.is_empty:
            low = [max(0, s - margin) for s in region.start]
            high = [
                min(limit, s + n + margin)
                for s, n, limit in zip(region.start, region.mask.shape, grid.shape, strict=True)
            ]
            boxes.append(_box(low, high))
    boxes = [box for box in boxes if not box.is_empty]
    if not boxes:
        return Box((0, 0, 0), (1, 1, 1))  # one voxel, which nobody drew
    starts = np.array([box.start for box in boxes])
    stops = starts + np.array([box.shape for box in boxes])
    return _box(starts.min(axis=0).tolist(), stops.max(axis=0).tolist())


def _box(low: list[int], high: list[int]) -> Box:
    return Box((low[0], low[1], low[2]), (high[0] - low[0], high[1] - low[1], high[2] - low[2]))


def raster_of(region: Region, grid: Grid, box: Box) -> Raster:
    """Which voxels of the box does the structure own? Painted voxels are taken as they are."""
    if isinstance(region, Contours):
        return rasterise(region, grid, box)
    mask = np.zeros(box.shape, dtype=bool)
    if not box.is_empty and not region.is_empty:
        offset = [s - b for s, b in zip(region.start, box.start, strict=True)]
        low = [max(0, o) for o in offset]
        high = [min(limit, o + n) for o, n, limit in zip(offset, region.mask.shape, box.shape, strict=True)]
        here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        there = tuple(slice(a - o, b - o) for a, b, o in zip(low, high, offset, strict=True))
        mask[here] = region.mask[there]
    return Raster(mask, (), 0.0)


def painted(labels: Labels, names: dict[int, str]) -> dict[str, Voxels]:
    """Which structures does this label map hold? One pass for all; a label that nobody named is 'label 7'."""
    found = {}
    for value, box in every_box(labels).items():
        name = names.get(value, f"label {value}")
        found[name] = Voxels(name, (box[0].start, box[1].start, box[2].start), labels[box] == value)
    return found


def voxels(name: str, mask: BoolArray) -> Voxels:
    """Which voxels are these, kept no larger than they are?"""
    boxes = ndimage.find_objects(mask.astype(np.uint8))
    if not boxes:
        return Voxels(name, (0, 0, 0), np.zeros((0, 0, 0), dtype=bool))
    box = boxes[0]
    return Voxels(name, (int(box[0].start), int(box[1].start), int(box[2].start)), mask[box].copy())


def onto(
    case: str, role: str, values: npt.NDArray[np.generic], source: Grid, target: Grid, *, within: bool = False
) -> npt.NDArray[np.generic]:
    """How do these voxels read in the order of the target grid? Axes may be turned or flipped, never resampled.

    Refused by case and column when the two grids are not the same lattice: another direction, spacing, position or
    size. With `within` the source may cover only a part of the target, as a DICOM SEG without its empty slices does.
    """
    order, flips = _axes(case, role, source, target)
    turned = np.transpose(values, order)
    spacing = [source.spacing_mm[axis] for axis in order]
    if not np.allclose(spacing, target.spacing_mm, rtol=1e-3):
        raise _differ(case, role, f"voxels of {_mm(spacing)} mm", f"{_mm(target.spacing_mm)} mm")
    turned = np.flip(turned, axis=tuple(axis for axis in range(3) if flips[axis]))
    corner = np.array(
        [n - 1 if flip else 0 for n, flip in zip(turned.shape, flips, strict=True)], dtype=float
    )
    first = target.to_index(_place(source, corner, order))
    start = np.round(first).astype(int)
    opposite = np.array(turned.shape) - 1 - corner
    last = target.to_index(_place(source, opposite, order))
    off = max(np.abs(first - start).max(), np.abs(last - start - np.array(turned.shape) + 1).max())
    if off > _OFF_GRID:
        raise _differ(case, role, f"voxel centres {off:.2g} voxels off", "the same centres")
    if within:
        return _inside(case, role, turned, start, target)
    if tuple(turned.shape) != tuple(target.shape) or start.any():
        raise _differ(
            case, role, f"{_size(turned.shape)} voxels beginning at {_size(start)}", _size(target.shape)
        )
    return np.asarray(turned)


def _place(source: Grid, index: npt.NDArray[np.float64], order: list[int]) -> npt.NDArray[np.float64]:
    """Where does the voxel with this index (in the target's axes) lie, in mm?"""
    steps = (source.normal, source.along_rows, source.along_columns)
    point = source.origin.copy()
    for position, axis in enumerate(order):
        point = point + steps[axis] * source.spacing_mm[axis] * index[position]
    return np.asarray(point, dtype=np.float64)


def _axes(case: str, role: str, source: Grid, target: Grid) -> tuple[list[int], list[bool]]:
    mine = np.stack([source.normal, source.along_rows, source.along_columns])
    theirs = np.stack([target.normal, target.along_rows, target.along_columns])
    cosines = theirs @ mine.T
    order = [int(axis) for axis in np.argmax(np.abs(cosines), axis=1)]
    chosen = cosines[np.arange(3), order]
    if sorted(order) != [0, 1, 2] or np.abs(np.abs(chosen) - 1).max() > _PARALLEL:
        raise _differ(case, role, "axes that point elsewhere", "the same axes")
    return order, [bool(value < 0) for value in chosen]


def _inside(
    case: str, role: str, turned: npt.NDArray[np.generic], start: npt.NDArray[np.int_], target: Grid
) -> npt.NDArray[np.generic]:
    stop = start + np.array(turned.shape)
    if (start < 0).any() or (stop > np.array(target.shape)).any():
        raise _differ(
            case, role, f"{_size(turned.shape)} voxels beginning at {_size(start)}", _size(target.shape)
        )
    whole = np.zeros(target.shape, dtype=turned.dtype)
    whole[tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))] = turned
    return whole


def _differ(case: str, role: str, found: str, wanted: str) -> BadInput:
    return BadInput(
        f"Case {case}: the grid of column '{role}' differs from the grid it is compared on ({found}, not {wanted}); "
        "export both on one grid, since resampling would change the outline."
    )


def _size(shape: npt.ArrayLike) -> str:
    return "×".join(str(int(n)) for n in np.asarray(shape))


def _mm(spacing: npt.ArrayLike) -> str:
    return "×".join(f"{float(s):g}" for s in np.asarray(spacing))
