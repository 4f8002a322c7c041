"""How far apart are two surfaces, and how much of them agrees?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import interpolate, ndimage, special
from scipy.spatial import cKDTree

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray

DEFINITION = "alarp geometric 1: smoothed half-level surface, area weighted, both directions"
_BLUR_VOXELS = 1.0
_PAD = 4
_TAIL = 2e-3
_LEAST = 0.05
_NEIGHBOURS = 6


@dataclass(frozen=True, slots=True)
class Surface:
    """Pieces of a surface: where each lies (mm), which way it faces, and its area (mm2)."""

    points_mm: FloatArray
    normals: FloatArray
    area_mm2: FloatArray


@dataclass(frozen=True, slots=True)
class PairMeasures:
    """How one outline compares with its reference. Distances are None when one side is empty."""

    dice: float
    surface_dice: float
    hd_mm: float | None
    hd95_mm: float | None
    mean_surface_distance_mm: float | None
    volume_difference_ml: float | None
    reference_ml: float
    output_ml: float


def surface(mask: BoolArray, spacing_mm: tuple[float, float, float]) -> Surface:
    """Where does the surface of this mask run, finer than its voxels?

    The mask is blurred by one voxel and the half level found by linear interpolation between neighbouring voxel
    centres of different kind; the blur may never move a voxel to the other side, so thin parts survive. Each
    crossing along axis a stands for the area (voxel face) x |n_a|, with n the gradient's direction: summed over
    the axes this is the true area of a smooth surface.
    """
    level, spacing = _refined(_level(mask), spacing_mm)
    inside = level > 0
    first_mm = _PAD * np.array(spacing_mm)
    points, normals, areas = [], [], []
    for axis in range(3):
        here = [slice(None)] * 3
        there = [slice(None)] * 3
        here[axis], there[axis] = slice(None, -1), slice(1, None)
        crossing = np.nonzero(inside[tuple(here)] != inside[tuple(there)])
        beyond = tuple(c + (1 if a == axis else 0) for a, c in enumerate(crossing))
        first, second = level[crossing], level[beyond]
        share = first / (first - second)
        index = np.stack(crossing, axis=1).astype(np.float64)
        index[:, axis] += share
        slope = (
            _slope(level, crossing, spacing) * (1 - share)[:, None]
            + _slope(level, beyond, spacing) * share[:, None]
        )
        length = np.linalg.norm(slope, axis=1)
        unit = slope / np.where(length == 0, 1.0, length)[:, None]
        unit[length == 0, axis] = 1.0
        points.append(index * spacing - first_mm)
        normals.append(unit)
        areas.append(np.abs(unit[:, axis]) * (spacing.prod() / spacing[axis]))
    return Surface(np.concatenate(points), np.concatenate(normals), np.concatenate(areas))


def _level(mask: BoolArray) -> FloatArray:
    """How deep inside (+) or outside (-) is each voxel, roughly in voxels? The mask is padded on all sides.

    The blurred mask through the inverse normal distribution: for a flat surface this is the exact distance over
    the blur, so straight-line interpolation between voxels is right.
    """
    padded = np.pad(mask, _PAD)
    share = ndimage.gaussian_filter(padded.astype(np.float64), _BLUR_VOXELS, truncate=3.0)
    depth = np.asarray(special.ndtri(np.clip(share, _TAIL, 1 - _TAIL)), dtype=np.float64)
    return np.where(padded, np.maximum(depth, _LEAST), np.minimum(depth, -_LEAST))


def _refined(level: FloatArray, spacing_mm: tuple[float, float, float]) -> tuple[FloatArray, FloatArray]:
    """How does the level run between thick slices? Cubic interpolation until no side is twice another."""
    spacing = np.array(spacing_mm)
    for axis in range(3):
        factor = round(spacing[axis] / spacing.min())
        if factor < 2:
            continue
        count = (level.shape[axis] - 1) * factor + 1
        curve = interpolate.CubicSpline(np.arange(level.shape[axis]), level, axis=axis)
        level = np.asarray(curve(np.arange(count) / factor), dtype=np.float64)
        spacing[axis] /= factor
    return np.where(level == 0, 1e-9, level), spacing


def _slope(level: FloatArray, at: tuple[Codes, ...], spacing: FloatArray) -> FloatArray:
    """How steeply does the level rise along each axis at these nodes? Central differences."""
    slopes = []
    for axis in range(3):
        before = tuple(c - (1 if a == axis else 0) for a, c in enumerate(at))
        after = tuple(c + (1 if a == axis else 0) for a, c in enumerate(at))
        slopes.append((level[after] - level[before]) / (2 * spacing[axis]))
    return np.stack(slopes, axis=1)


def distances(source: Surface, target: Surface, *, reach_mm: float) -> FloatArray:
    """How far is each piece of the source surface from the target surface, in mm?

    To the nearest of the target's flat discs of radius `reach_mm` (half the widest voxel side), so the distance
    is to the surface and not to its samples.
    """
    tree = cKDTree(target.points_mm)
    count = min(_NEIGHBOURS, len(target.points_mm))
    _, nearest = tree.query(source.points_mm, k=count)
    nearest = np.asarray(nearest).reshape(len(source.points_mm), count)
    offset = source.points_mm[:, None, :] - target.points_mm[nearest]
    height = np.einsum("ijk,ijk->ij", offset, target.normals[nearest])
    aside = np.sqrt(np.maximum(0.0, np.einsum("ijk,ijk->ij", offset, offset) - height**2))
    return np.asarray(np.hypot(height, np.maximum(0.0, aside - reach_mm)).min(axis=1), dtype=np.float64)


def weighted_percentile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """Below which distance does this share of the surface area lie?"""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])


def compare(
    reference: BoolArray, output: BoolArray, spacing_mm: tuple[float, float, float], *, tolerance_mm: float
) -> PairMeasures:
    """How well does the output's mask agree with the reference's on the same grid?

    Dice 2|A and B| / (|A|+|B|) over voxels (Dice 1945, doi:10.2307/1932409); HD the largest and HD95 the 95th
    area percentile of the distance to the other surface, the worse of the two directions; mean surface distance
    pooled over the area of both surfaces; surface Dice the share of both surfaces' area within the tolerance
    (Nikolov et al. 2021, doi:10.2196/26151). One side empty: overlap 0, distances not measurable. Both empty is not
    asked here: 0/0 is an outcome, not a number.
    """
    voxel_ml = float(np.prod(spacing_mm)) / 1000.0
    size_reference, size_output = int(np.count_nonzero(reference)), int(np.count_nonzero(output))
    reference_ml, output_ml = size_reference * voxel_ml, size_output * voxel_ml
    if not size_reference or not size_output:
        return PairMeasures(0.0, 0.0, None, None, None, None, reference_ml, output_ml)
    dice = 2.0 * int(np.count_nonzero(reference & output)) / (size_reference + size_output)
    reach = min(spacing_mm) / 2
    a, b = surface(reference, spacing_mm), surface(output, spacing_mm)
    ab, ba = distances(a, b, reach_mm=reach), distances(b, a, reach_mm=reach)
    area = float(a.area_mm2.sum() + b.area_mm2.sum())
    within = float(a.area_mm2[ab <= tolerance_mm].sum() + b.area_mm2[ba <= tolerance_mm].sum())
    return PairMeasures(
        dice=dice,
        surface_dice=min(1.0, within / area),
        hd_mm=float(max(ab.max(), ba.max())),
        hd95_mm=max(weighted_percentile(ab, a.area_mm2, 0.95), weighted_percentile(ba, b.area_mm2, 0.95)),
        mean_surface_distance_mm=float(ab @ a.area_mm2 + ba @ b.area_mm2) / area,
        volume_difference_ml=output_ml - reference_ml,
        reference_ml=reference_ml,
        output_ml=output_ml,
    )
