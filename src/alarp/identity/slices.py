"""How far apart do the images of a series lie? From position and orientation alone; no pixel is looked at.

Positions are projected on the common normal of the planes (PS3.3 C.7.6.2.1.1), so that a tilted gantry does no harm.
Slice Thickness and Spacing Between Slices are not asked: scanners fill them differently, and a missing slice shows in
neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from alarp.identity.structure import PIXEL_DATA, Broken, layout, leaves

_POSITION, _ORIENTATION = 0x00200032, 0x00200037
_OF_POSITION = {(), (0x52009229, 0x00209113), (0x52009230, 0x00209113)}  # its own, or shared, or per frame
_OF_ORIENTATION = {(), (0x52009229, 0x00209116), (0x52009230, 0x00209116)}
_PARALLEL = 1e-3  # of the planes' normals, as unit vectors: 0.06 degrees
_SAME_PLACE_MM = 0.01  # two phases, two echoes


@dataclass(frozen=True, slots=True)
class Plane:
    """Where one image lies: its first pixel in mm, and the directions of its rows and columns."""

    position: tuple[float, ...]
    orientation: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """The smallest and the largest distance between neighbours, along the normal of the planes."""

    smallest_mm: float
    largest_mm: float


def planes(part10: bytes) -> tuple[Plane, ...]:
    """Where do the images of this object lie, one for each frame? None: it does not say, or cannot be read."""
    positions: list[tuple[float, ...]] = []
    orientations: list[tuple[float, ...]] = []
    try:
        where = layout(part10)
        for leaf in leaves(where):
            if leaf.tag in PIXEL_DATA:
                break
            if leaf.tag == _POSITION and leaf.parents in _OF_POSITION:
                positions.append(_numbers(where.data[leaf.start : leaf.end], 3))
            elif leaf.tag == _ORIENTATION and leaf.parents in _OF_ORIENTATION:
                orientations.append(_numbers(where.data[leaf.start : leaf.end], 6))
    except (Broken, ValueError):
        return ()
    if len(orientations) == 1:
        orientations *= len(positions)
    if len(orientations) != len(positions):
        return ()
    return tuple(Plane(*one) for one in zip(positions, orientations, strict=True))


def _numbers(value: bytes, count: int) -> tuple[float, ...]:
    found = tuple(float(part) for part in value.decode("ascii").strip(" \0").split("\\"))
    if len(found) != count or not np.isfinite(found).all():
        raise ValueError
    return found


def gaps(series: Iterable[Plane]) -> Gaps | None:
    """How far apart do neighbours lie? None where that has no answer: fewer than two places, or planes not parallel."""
    every = list(series)
    if len(every) < 2:
        return None
    orientations = np.array([one.orientation for one in every])
    normals = np.cross(orientations[:, :3], orientations[:, 3:])
    lengths = np.linalg.norm(normals, axis=1)
    if (lengths < 0.5).any():
        return None
    normals /= lengths[:, None]
    if np.abs(normals - normals[0]).max() > _PARALLEL:
        return None
    along = np.sort(np.array([one.position for one in every]) @ normals[0])
    apart = np.diff(along)
    apart = apart[apart > _SAME_PLACE_MM]
    return Gaps(float(apart.min()), float(apart.max())) if len(apart) else None
