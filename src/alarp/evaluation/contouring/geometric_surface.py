"""Where does the surface of a mask run, finer than its voxels, and how far is it from another?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from alarp.evaluation.contouring.distances import Distances
from alarp.evaluation.contouring.levels import Levels, levels
from alarp.evaluation.contouring.nearby import Spacing
from alarp.evaluation.intervals import BoolArray, FloatArray

DEFINITION = "alarp geometric 1: half-level surface between the voxels, area weighted, both directions"
_SLANT = 0.2  # a crossing counts along the axes that hold more than this share of the squared normal


@dataclass(frozen=True, slots=True)
class Surface:
    """Pieces of a surface: where each lies (mm), which way it faces, and the area it stands for (mm2).

    Between thick slices the surface is a straight line, so pieces there stand for no area of their own: they are places
    to measure to, and the pieces on the slices stand for them.
    """

    points_mm: FloatArray
    normals: FloatArray
    area_mm2: FloatArray

    def with_area(self) -> Surface:
        """Which pieces stand for some area?"""
        held = self.area_mm2 > 0
        return Surface(self.points_mm[held], self.normals[held], self.area_mm2[held])


def surface(mask: BoolArray, spacing_mm: Spacing) -> Surface:
    """Where does the surface of this mask run, finer than its voxels?

    Through the zeros of its levels (`levels`), found by linear interpolation between neighbouring grid points of
    different sign. Seen along axis a, a crossing stands for the area (voxel face) / |n_a|, n being the direction of
    the steepest rise; the axes share each stretch of surface by max(0, n_a^2 - 0.2), so that it is counted once
    and never at a grazing angle.
    """
    level, spacing, origin_mm = levels(mask, spacing_mm)
    parts = [
        _crossings(
            level,
            np.array(spacing, dtype=np.float64),
            axis,
            [round(a / b) for a, b in zip(spacing_mm, spacing, strict=True)],
        )
        for axis in range(3)
    ]
    points, normals, area_mm2 = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Surface(points + origin_mm, normals, area_mm2)


def compare_geometric_surfaces(
    reference: BoolArray, output: BoolArray, spacing_mm: Spacing
) -> tuple[Distances, tuple[FloatArray, FloatArray]]:
    """How far is each piece of either surface from the other, and how long (mm) is half a voxel along its normal?

    Half a voxel along the normal n is |n * spacing| / 2: by so much a surface may lie elsewhere and give the same
    voxels. The masks must hold a voxel each.
    """
    a, b = surface(reference, spacing_mm), surface(output, spacing_mm)
    reach_mm = min(spacing_mm) / 2
    first, second = a.with_area(), b.with_area()
    apart = Distances(
        distances(first, b, reach_mm=reach_mm),
        first.area_mm2,
        distances(second, a, reach_mm=reach_mm),
        second.area_mm2,
    )
    voxel = np.array(spacing_mm)
    half = [np.linalg.norm(each.normals * voxel, axis=1) / 2 for each in (first, second)]
    return apart, (half[0], half[1])


def distances(source: Surface, target: Surface, *, reach_mm: float) -> FloatArray:
    """How far is each piece of the source surface from the target surface, in mm?

    To the nearest of the target's pieces, taken as a flat disc of radius `reach_mm` (half the shortest voxel side),
    so the distance is to the surface and not to its samples.
    """
    tree = cKDTree(target.points_mm, leafsize=24, balanced_tree=False)
    _, nearest = tree.query(source.points_mm)
    offset = source.points_mm - target.points_mm[nearest]
    height = np.einsum("ij,ij->i", offset, target.normals[nearest])
    aside = np.sqrt(np.maximum(0.0, np.einsum("ij,ij->i", offset, offset) - height**2))
    return np.asarray(np.hypot(height, np.maximum(0.0, aside - reach_mm)), dtype=np.float64)


def _crossings(
    level: Levels, spacing: FloatArray, axis: int, parts: list[int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where do the grid's lines along one axis pass through the surface? Points (mm), normals, areas (mm2).

    Lines that lie between the slices proper (`parts` of the finer grid to a slice) have their area on the slices'.
    """
    inside = level > 0
    steps = np.array([level.shape[1] * level.shape[2], level.shape[2], 1])
    here, flat = inside.ravel(), level.ravel()
    first = np.flatnonzero(here[: -steps[axis]] != here[steps[axis] :])
    second = first + steps[axis]
    share = flat[first] / (flat[first] - flat[second])
    slope = np.empty((len(first), 3), dtype=np.float64)
    for a, step in enumerate(steps):
        before = flat[first + step] - flat[first - step]
        after = flat[second + step] - flat[second - step]
        slope[:, a] = (before + (after - before) * share) / (2 * spacing[a])
    length = np.linalg.norm(slope, axis=1)
    slope[length == 0, axis] = 1.0
    normals = slope / np.where(length == 0, 1.0, length)[:, None]
    shares = np.maximum(normals**2 - _SLANT, 0.0)
    kept = shares[:, axis] > 0
    first, share, normals, shares = first[kept], share[kept], normals[kept], shares[kept]
    places = np.unravel_index(first, level.shape)
    points = np.stack(places, axis=1) * spacing
    points[:, axis] += share * spacing[axis]
    area_mm2 = (
        spacing.prod() / spacing[axis] * shares[:, axis] / shares.sum(axis=1) / np.abs(normals[:, axis])
    )
    for other in range(3):
        if other != axis and parts[other] > 1:
            area_mm2 *= np.where(places[other] % parts[other] == 0, parts[other], 0)
    return points, normals, area_mm2
