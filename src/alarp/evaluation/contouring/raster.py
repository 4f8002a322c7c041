"""Which voxels lie inside these contours?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.contouring.structures import Contours
from alarp.evaluation.intervals import BoolArray, FloatArray

RASTERISER = (
    "alarp scanline 1: voxel centres, exact edge crossings, even-odd (holes by XOR), centres on the line inside; each "
    "contour fills its own slice, half a slice to either side (no caps, nothing between slices without a contour)"
)
_ON_LINE_MM = 0.002  # contour coordinates are commonly written to 0.001 mm


@dataclass(frozen=True, slots=True)
class Box:
    """A block of the grid: first voxel and shape, (slice, row, column)."""

    start: tuple[int, int, int]
    shape: tuple[int, int, int]

    @property
    def is_empty(self) -> bool:
        return min(self.shape) <= 0


@dataclass(frozen=True, slots=True)
class Raster:
    """The voxels of one structure within a box, and how far the two filling rules disagree."""

    mask: BoolArray
    slices_differ: tuple[int, ...]  # slices where even-odd and union give different voxels
    differ_ml: float

    def volume_ml(self, grid: Grid) -> float:
        """How much does the structure hold? Voxels inside, times the volume of a voxel."""
        return float(np.count_nonzero(self.mask)) * grid.voxel_ml


def box_around(grid: Grid, *structures: Contours, margin: int = 1) -> Box:
    """Which block of the grid holds all of these contours, with a margin, clipped to the volume?"""
    polygons = [polygon for contours in structures for polygon in contours.polygons]
    if not polygons:
        return Box((0, 0, 0), (0, 0, 0))
    planes = [number for number, _ in polygons]
    flat = np.concatenate([vertices for _, vertices in polygons])
    low = np.array([min(planes), *np.floor(flat.min(axis=0))], dtype=int) - margin
    high = np.array([max(planes), *np.ceil(flat.max(axis=0))], dtype=int) + margin + 1
    start, stop = np.maximum(low, 0), np.minimum(high, grid.shape)
    shape = np.maximum(stop - start, 0)
    return Box((int(start[0]), int(start[1]), int(start[2])), (int(shape[0]), int(shape[1]), int(shape[2])))


def rasterise(contours: Contours, grid: Grid, box: Box) -> Raster:
    """Which voxels of the box does the structure own?

    A voxel is inside when a ray from its centre crosses the outlines of its slice an odd number of times, so a
    contour within a contour is a hole (PS3.3 C.8.8.6.3) and keyholes open; a centre on the line is inside. The
    slices where filling each contour for itself (union) would give other voxels are listed, not hidden.
    """
    mask = np.zeros(box.shape, dtype=bool)
    if box.is_empty:
        return Raster(mask, (), 0.0)
    differ: list[int] = []
    voxels = 0
    tolerance = _ON_LINE_MM / min(grid.spacing_mm[1:])
    for number in sorted({number for number, _ in contours.polygons}):
        local = number - box.start[0]
        if not 0 <= local < box.shape[0]:
            continue
        odd, union, line = (np.zeros(box.shape[1:], dtype=bool) for _ in range(3))
        for plane, vertices in contours.polygons:
            if plane != number:
                continue
            corners = vertices - np.array(box.start[1:])
            filled = fill(corners, box.shape[1:])
            odd ^= filled
            union |= filled
            line |= on_line(corners, box.shape[1:], tolerance=tolerance)
        mask[local] = odd | line
        lost = int(np.count_nonzero((odd | line) != (union | line)))
        if lost:
            differ.append(number)
            voxels += lost
    return Raster(mask, tuple(differ), voxels * grid.voxel_ml)


def fill(corners: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """Which voxel centres does this polygon enclose, by even-odd? Vertices are (row, column) index.

    Every edge adds one crossing to each row whose centre it passes (half open, so a vertex counts once); the
    parity of the crossings to the left of a centre decides.
    """
    rows, columns = shape
    start, end = corners, np.roll(corners, -1, axis=0)
    upper = np.where(start[:, :1] <= end[:, :1], start, end)
    lower = np.where(start[:, :1] <= end[:, :1], end, start)
    first = np.clip(np.ceil(upper[:, 0]), 0, rows).astype(np.int64)
    last = np.clip(np.ceil(lower[:, 0]), 0, rows).astype(np.int64)  # half open: rows first..last-1
    edge, row = _expand(first, last)
    rise = lower[edge, 0] - upper[edge, 0]
    across = upper[edge, 1] + (row - upper[edge, 0]) / rise * (lower[edge, 1] - upper[edge, 1])
    column = np.clip(np.ceil(across), 0, columns).astype(np.int64)
    crossings = np.bincount(row * (columns + 1) + column, minlength=rows * (columns + 1)).reshape(
        rows, columns + 1
    )
    return np.asarray(np.cumsum(crossings[:, :columns], axis=1) % 2 == 1)


def on_line(corners: FloatArray, shape: tuple[int, ...], *, tolerance: float) -> BoolArray:
    """Which voxel centres lie on the outline itself, within the rounding of its coordinates?"""
    rows, columns = shape
    mask = np.zeros((rows, columns), dtype=bool)
    start, end = corners, np.roll(corners, -1, axis=0)
    for axis in (0, 1):  # look along rows for steep edges, along columns for flat ones: every edge in both
        other = 1 - axis
        low = np.minimum(start[:, axis], end[:, axis]) - tolerance
        high = np.maximum(start[:, axis], end[:, axis]) + tolerance
        limit = shape[axis]
        first = np.clip(np.ceil(low), 0, limit).astype(np.int64)
        last = np.clip(np.floor(high) + 1, 0, limit).astype(np.int64)
        edge, step = _expand(first, np.maximum(first, last))
        run = end[edge, axis] - start[edge, axis]
        steep = np.abs(run) >= np.abs(end[edge, other] - start[edge, other])
        share = np.clip((step - start[edge, axis]) / np.where(run == 0, 1.0, run), 0.0, 1.0)
        place = start[edge, other] + share * (end[edge, other] - start[edge, other])
        near = np.round(place)
        hit = steep & (np.abs(place - near) <= tolerance) & (near >= 0) & (near < shape[other])
        found = (step[hit], near[hit].astype(np.int64))
        mask[found if axis == 0 else found[::-1]] = True
    return mask


def _expand(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which (edge, index) pairs does each edge's half-open range first..last hold?"""
    counts = last - first
    edge = np.repeat(np.arange(len(first)), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return edge, first[edge] + offset
