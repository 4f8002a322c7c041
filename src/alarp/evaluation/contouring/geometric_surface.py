"""Where does the surface of a mask run, finer than its voxels, and how far is it from another?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from alarp.evaluation.contouring.distances import Distances
from alarp.evaluation.contouring.levels import Levels, levels
from alarp.evaluation.contouring.nearby import Spacing
from alarp.evaluation.contouring.sparse import places_set, slabs
from alarp.evaluation.intervals import BoolArray, FloatArray

DEFINITION = "alarp geometric 1: half-level surface between the voxels, area weighted, both directions"
_BLOCK = 16  # grid steps
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
        held = (self.area_mm2 > 0).nonzero()[0]
        if len(held) == len(self.area_mm2):
            return self
        return Surface(self.points_mm[held], self.normals[held], self.area_mm2[held])


def surface(mask: BoolArray, spacing_mm: Spacing) -> Surface:
    """Where does the surface of this mask run, finer than its voxels?

    Through the zeros of its levels (`levels`), found by linear interpolation between neighbouring grid points of
    different sign. Seen along axis a, a crossing stands for the area (voxel face) / |n_a|, n being the direction of
    the steepest rise; the axes share each stretch of surface by max(0, n_a^2 - 0.2), so that it is counted once
    and never at a grazing angle. The pieces come block by block, so that neighbours in space are neighbours in memory.
    """
    level, spacing, origin_mm = levels(mask, spacing_mm)
    parts = [round(a / b) for a, b in zip(spacing_mm, spacing, strict=True)]
    passed = _passed(level)
    found = [_crossings(level, passed[axis], spacing, axis, parts) for axis in range(3)]
    places, normals, area_mm2 = (np.concatenate(each, axis=-1) for each in zip(*found, strict=True))
    order = _block_by_block(places, level.shape)
    points_mm = np.stack([places[a][order] * spacing[a] + origin_mm[a] for a in range(3)], axis=1)
    return Surface(points_mm, np.stack([each[order] for each in normals], axis=1), area_mm2[order])


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
    half = [
        np.sqrt(np.einsum("ij,ij,j->i", each.normals, each.normals, voxel**2)) / 2 for each in (first, second)
    ]
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


def _passed(level: Levels) -> list[npt.NDArray[np.intp]]:
    """Before which steps along each axis (flat places of the grid, rising) does the level change its sign?"""
    found: list[list[npt.NDArray[np.intp]]] = [[], [], []]
    steps = (level.shape[1] * level.shape[2], level.shape[2], 1)
    flat = level.reshape(-1)
    for some in slabs(level.shape):
        start, stop = some.start * steps[0], some.stop * steps[0]
        inside = flat[start : stop + steps[0]] > 0  # one slice more, to look ahead
        for axis, step in enumerate(steps):
            count = min(stop - start, len(inside) - step)
            found[axis].append(start + places_set(inside[:count] != inside[step : step + count]))
    return [np.concatenate(each) for each in found]


def _crossings(
    level: Levels, first: npt.NDArray[np.intp], spacing: Spacing, axis: int, parts: list[int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where do the grid's lines along one axis pass through the surface? Places (grid steps), normals, areas (mm2).

    Lines that lie between the slices proper (`parts` of the finer grid to a slice) have their area on the slices'.
    """
    steps = (level.shape[1] * level.shape[2], level.shape[2], 1)
    share, rise = _rise(level.ravel(), first, steps, axis, spacing)
    squared = rise[0] ** 2 + rise[1] ** 2 + rise[2] ** 2
    level_there = (squared == 0).nonzero()[0]
    rise[axis][level_there] = squared[level_there] = 1.0
    kept = (rise[axis] ** 2 > np.float32(_SLANT) * squared).nonzero()[0]
    first, share, length = first[kept], share[kept], np.sqrt(squared[kept])
    normals = np.stack([each[kept] / length for each in rise]).astype(np.float64)
    shares = np.maximum(normals**2 - _SLANT, 0.0)
    face_mm2 = spacing[0] * spacing[1] * spacing[2] / spacing[axis]
    area_mm2 = face_mm2 * shares[axis] / ((shares[0] + shares[1] + shares[2]) * np.abs(normals[axis]))
    slices = first // steps[0]
    within = first - slices * steps[0]
    rows = within // steps[1]
    places = [slices, rows, within - rows * steps[1]]
    for other in range(3):
        if other != axis and parts[other] > 1:
            area_mm2 *= np.where(places[other] % parts[other] == 0, parts[other], 0)
    along = np.stack(places).astype(np.float64)
    along[axis] += share
    return along, normals, area_mm2


def _rise(
    flat: Levels, first: npt.NDArray[np.intp], steps: tuple[int, int, int], axis: int, spacing: Spacing
) -> tuple[Levels, list[Levels]]:
    """Which share of the step along this axis lies before the surface, and how steep is the level there (per mm)?"""
    second = first + steps[axis]
    here, there = flat[first], flat[second]
    share = here / (here - there)
    rise = []
    for a, step in enumerate(steps):
        before = (there if a == axis else flat[first + step]) - flat[first - step]
        after = flat[second + step] - (here if a == axis else flat[second - step])
        after -= before
        after *= share
        after += before
        after *= np.float32(0.5 / spacing[a])
        rise.append(after)
    return share, rise


def _block_by_block(places: FloatArray, shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """In which order are these places near each other, whatever line they lie on?"""
    blocks = [each.astype(np.uint16) // np.uint16(_BLOCK) for each in places]
    counts = [length // _BLOCK + 1 for length in shape]
    key = (blocks[0] * np.uint16(counts[1]) + blocks[1]) * np.uint16(counts[2]) + blocks[2]
    return np.argsort(key, kind="stable")
