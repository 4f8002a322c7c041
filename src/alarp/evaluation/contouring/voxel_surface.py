"""How far apart are two surfaces when a surface is the voxels' own staircase? Compatible with surface-distance 0.1."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull

from alarp.evaluation.contouring.distances import Distances
from alarp.evaluation.contouring.nearby import Spacing, distances_at
from alarp.evaluation.contouring.sparse import framed, places_set
from alarp.evaluation.intervals import BoolArray, FloatArray

DEFINITION_VOXEL = (
    "alarp voxel 1 (surface-distance compatible): marching-cubes elements, corner to corner, both directions"
)
Corner = tuple[int, ...]
_CORNERS: tuple[Corner, ...] = tuple(product((0, 1), repeat=3))  # the first is the highest bit of the code


def compare_voxel_surfaces(reference: BoolArray, output: BoolArray, spacing_mm: Spacing) -> Distances:
    """How far is each surface element of one mask from the nearest element of the other, both ways?

    Every corner where eight voxels meet and do not agree is one element: it lies at that corner and has the area
    that marching cubes gives to its pattern. Distances run from corner to corner (mm), by an exact Euclidean
    distance transform. The masks must hold a voxel each; beyond their array all is outside.
    Equal to surface-distance 0.1 (Nikolov et al. 2021, doi:10.2196/26151).
    """
    area_mm2 = element_areas(spacing_mm)
    codes = [neighbour_codes(framed(mask, (1, 1, 1))) for mask in (reference, output)]
    borders = [(code + np.uint8(255)) < 254 for code in codes]  # neither 0 nor 255
    at = [places_set(border) for border in borders]
    found = [
        (distances_at(borders[there], at[here], spacing_mm), area_mm2[codes[here].ravel()[at[here]]])
        for here, there in ((0, 1), (1, 0))
    ]
    return Distances(*found[0], *found[1])


def neighbour_codes(mask: BoolArray) -> npt.NDArray[np.uint8]:
    """Which of the eight voxels around each inner corner of the grid are inside? One bit each, 0 to 255."""
    codes = mask.view(np.uint8)
    for axis, bits in ((2, 1), (1, 2), (0, 4)):
        before, after = [slice(None)] * 3, [slice(None)] * 3
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        codes = (codes[tuple(before)] << np.uint8(bits)) | codes[tuple(after)]
    return codes


@lru_cache(maxsize=64)
def element_areas(spacing_mm: Spacing) -> FloatArray:
    """How much surface (mm2) belongs to each of the 256 patterns of eight voxels of this spacing?"""
    depth, height, width = spacing_mm
    stretch = np.array([height * width, depth * width, depth * height])
    areas = np.array(
        [
            sum(float(np.linalg.norm(normal * stretch)) for normal in normals)
            for normals in map(_element, range(256))
        ]
    )
    areas.setflags(write=False)
    return areas


@cache
def _element(code: int) -> tuple[FloatArray, ...]:
    """Which flat pieces (normal times area, unit voxels) separate the inside from the outside of this pattern?

    The corners that are fewer (inside or outside) are cut off, edge-connected ones together, through the middles
    of the edges between unlike corners: by the convex hull of the corners and these middles. Four corners in a
    bent row have a six-sided rim that no hull divides evenly: there the triangle over every other middle, and the
    three that remain.
    """
    inside = {corner for bit, corner in enumerate(_CORNERS) if code >> (7 - bit) & 1}
    if len(inside) > 4:
        inside = set(_CORNERS) - inside
    return tuple(normal for part in _connected(inside) for normal in _cut(part))


def _connected(corners: set[Corner]) -> list[set[Corner]]:
    parts, left = [], sorted(corners)
    while left:
        part, edge = set[Corner](), [left[0]]
        while edge:
            corner = edge.pop()
            part.add(corner)
            edge += [n for n in _across(corner) if n in corners and n not in part]
        parts.append(part)
        left = [corner for corner in left if corner not in part]
    return parts


def _across(corner: Corner) -> list[Corner]:
    return [tuple(v ^ (a == axis) for a, v in enumerate(corner)) for axis in range(3)]


def _cut(part: set[Corner]) -> list[FloatArray]:
    middles = [
        (np.array(corner) + np.array(other)) / 2
        for corner in sorted(part)
        for other in _across(corner)
        if other not in part
    ]
    degrees = sorted(sum(n in part for n in _across(corner)) for corner in part)
    if degrees == [1, 1, 2, 2]:
        rim = _rim(middles)
        triangles = [rim[::2], *([rim[i], rim[i + 1], rim[(i + 2) % 6]] for i in (0, 2, 4))]
        return [_area(np.array(triangle)) for triangle in triangles]
    points = np.array([*map(np.array, sorted(part)), *middles], dtype=np.float64)
    return [
        _area(points[simplex])
        for simplex in ConvexHull(points).simplices
        if not any(np.ptp(points[simplex][:, a]) == 0 and points[simplex][0, a] in (0, 1) for a in range(3))
    ]


def _rim(middles: list[FloatArray]) -> list[FloatArray]:
    """The middles in the order in which they follow each other: neighbours share a face of the cube."""
    rim, left = [middles[0]], list(middles[1:])
    while left:
        follows = next(i for i, m in enumerate(left) if any((m == rim[-1]) & ((m == 0) | (m == 1))))
        rim.append(left.pop(follows))
    return rim


def _area(triangle: FloatArray) -> FloatArray:
    return np.asarray(np.cross(triangle[1] - triangle[0], triangle[2] - triangle[0]) / 2)
