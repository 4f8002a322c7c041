"""How deep inside or outside a mask is each point of the grid, finer than its voxels?"""

from __future__ import annotations

from functools import cache
from math import ceil, prod
from typing import Any

import edt
import numpy as np
import numpy.typing as npt
from scipy import special

from alarp.evaluation.contouring.nearby import Spacing, even_plane, squares_within
from alarp.evaluation.contouring.sparse import framed, slabs
from alarp.evaluation.intervals import BoolArray, FloatArray

Levels = npt.NDArray[np.float32]

_RIM = 4  # empty voxels around the mask: for the smoothing, the crossing and its slope
_RIM_SLICES = 2  # across thick slices, which are not smoothed
_SMOOTHINGS = 2  # [1 2 1] so many times along each axis: together a variance of one voxel
_TAIL = 2e-3  # beyond this share of the blurred mask the depth is not told apart
_LEAST = np.float32(0.05)  # no smoothing moves a voxel to the other side
_REACH_SLICES = 2.0  # depths within a slice count up to this many slice distances
_BESIDE_ANY_SLICE = 1e4  # mm: a slice so far away that distances stay within their own slice


def levels(mask: BoolArray, spacing_mm: Spacing) -> tuple[Levels, Spacing, FloatArray]:
    """Where is the surface? Positive inside, negative outside, 0 on it; the finer grid's spacing; its origin (mm).

    Voxels about as long as wide: the mask blurred by one voxel, through the inverse normal distribution (for a flat
    surface the depth over the blur). Slices at least twice (rounded) as far apart as their pixels: the distance to
    the outline within each slice, smoothed by one pixel, in a straight line from slice to slice (shape-based
    interpolation: Raya and Udupa 1990, doi:10.1109/42.52980). Either way no voxel changes sides, so the thinnest part
    survives. Beyond the mask's array all is outside.
    """
    thick = [axis for axis in range(3) if round(spacing_mm[axis] / min(spacing_mm)) >= 2]
    sliced = len(thick) == 1
    first, second, third = (_RIM_SLICES if sliced and axis in thick else _RIM for axis in range(3))
    rims = first, second, third
    wide = framed(mask, rims)
    origin_mm = -np.array(rims) * np.array(spacing_mm)
    if sliced:
        depth = np.empty(wide.shape, dtype=np.float32)
        for some in slabs(wide.shape) if thick[0] == 0 else [slice(None)]:
            depth[some] = _within_slices(wide[some], spacing_mm, thick[0])
        return *_between_slices(depth, spacing_mm, thick[0], wide), origin_mm
    depth = _blurred(wide)
    for axis in thick:
        depth, spacing_mm = _between_slices(depth, spacing_mm, axis)
    return depth, spacing_mm, origin_mm


def _blurred(mask: BoolArray) -> Levels:
    """Whole numbers up to 16 cubed, so the sums are exact and the depth is looked up."""
    share = mask.astype(np.uint16)
    for axis in range(3):
        share = _smoothed(share, axis)
    return _on_its_side(_depths()[share], mask)


@cache
def _depths() -> Levels:
    total = 4 ** (3 * _SMOOTHINGS)
    share = np.clip(np.arange(total + 1) / total, _TAIL, 1 - _TAIL)
    return np.asarray(special.ndtri(share), dtype=np.float32)


def _within_slices(mask: BoolArray, spacing_mm: Spacing, thick: int) -> Levels:
    """How far (mm) is each voxel from the outline of its own slice? Beyond two slice distances: as far as that."""
    depth = _outline_distance(mask, spacing_mm, thick)
    depth *= _sides(mask)
    for axis in range(3):
        if axis != thick:
            depth = _smoothed(depth, axis) * np.float32(0.25**_SMOOTHINGS)
    return _on_its_side(depth, mask)


def _outline_distance(mask: BoolArray, spacing_mm: Spacing, thick: int) -> Levels:
    """How far (mm) is each voxel from the line between unlike pixels of its slice, up to the reach?"""
    first, second = (axis for axis in range(3) if axis != thick)
    pixel_mm, reach_mm = min(spacing_mm[first], spacing_mm[second]), _REACH_SLICES * spacing_mm[thick]
    if even_plane((spacing_mm[thick], spacing_mm[first], spacing_mm[second])) == (1, 2):
        reach = ceil(reach_mm / pixel_mm) + 1
        squares = squares_within(mask, (first, second), reach=reach)
        squares |= squares_within(
            ~mask, (first, second), reach=reach
        )  # every voxel is marked in one of the two
        steps: Levels = np.sqrt(squares, dtype=np.float32)
        steps -= np.float32(0.5)
        steps *= np.float32(pixel_mm)
        np.minimum(steps, np.float32(reach_mm), out=steps)
        return steps
    apart = tuple(_BESIDE_ANY_SLICE if axis == thick else spacing_mm[axis] for axis in range(3))
    depth = edt.edt(mask.view(np.uint8) + np.uint8(1), anisotropy=apart, black_border=False)
    return np.asarray(np.minimum(depth - np.float32(pixel_mm / 2), np.float32(reach_mm)), dtype=np.float32)


def _smoothed(values: npt.NDArray[Any], axis: int) -> npt.NDArray[Any]:
    """[1 2 1] along an axis, not divided. The rim is alike all round, so running over its end does no harm."""
    step = prod(values.shape[axis + 1 :])
    flat = values.ravel()
    for _ in range(_SMOOTHINGS):
        pairs = flat[step:] + flat[:-step]
        flat = np.empty_like(flat)
        flat[:step], flat[-step:] = 4 * values.flat[0], 4 * values.flat[-1]
        np.add(pairs[step:], pairs[:-step], out=flat[step:-step])
    return flat.reshape(values.shape)


def _sides(mask: BoolArray) -> Levels:
    """1 inside, -1 outside."""
    sides = mask.astype(np.float32)
    sides += sides
    sides -= np.float32(1)
    return sides


def _on_its_side(depth: Levels, mask: BoolArray) -> Levels:
    sides = _sides(mask)
    depth *= sides
    np.maximum(depth, _LEAST, out=depth)
    depth *= sides
    return depth


def _between_slices(
    depth: Levels, spacing_mm: Spacing, axis: int, mask: BoolArray | None = None
) -> tuple[Levels, Spacing]:
    """How does the depth run from slice to slice? In straight lines, their corners rounded where a mask is given."""
    parts = round(spacing_mm[axis] / min(spacing_mm))
    slices = np.moveaxis(depth, axis, 0)
    fine = np.empty((parts * (len(slices) - 1) + 1, *slices.shape[1:]), dtype=np.float32)
    fine[::parts] = slices
    for some in slabs((len(slices) - 1, *slices.shape[1:])):
        first, last = some.start, some.stop
        before = max(0, first - 1)
        rise = slices[before + 1 : last + 1] - slices[before:last]
        own = rise[first - before :]
        for part in range(1, parts):
            between = fine[parts * first + part : parts * last : parts]
            np.multiply(own, np.float32(part / parts), out=between)
            between += slices[first:last]
        if mask is not None and len(rise) > 1:
            bend = rise[1:] - rise[:-1]
            bend *= np.float32(0.25 / parts)
            fine[parts * (before + 1) : parts * (before + 1 + len(bend)) : parts] += bend
    if mask is not None:
        for some in slabs(slices.shape):
            _on_its_side(fine[::parts][some], np.moveaxis(mask, axis, 0)[some])
    finer = tuple(step / parts if a == axis else step for a, step in enumerate(spacing_mm))
    return np.ascontiguousarray(np.moveaxis(fine, 0, axis)), (finer[0], finer[1], finer[2])
