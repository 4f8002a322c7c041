"""Where is matter? Solids whose chords, sections and volumes are known in closed form.

Coordinates are the patient's (DICOM PS3.3 C.7.6.2.1.1, millimetres): x to the patient's left, y to
the back, z to the head. Rays of a film run along y, from back to front (PA) and parallel: the
projection of a solid is then its chord along y at (x, z), an interval or nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Interval = tuple[Array, Array]
"""Front and back y of a solid along each ray; empty where back <= front."""


def _f32(value: NDArray[np.floating] | float) -> Array:
    return np.asarray(value, dtype=np.float32)


def length_mm(interval: Interval) -> Array:
    """How long is each ray's stay in the interval, in millimetres?"""
    return _f32(np.maximum(interval[1] - interval[0], np.float32(0)))


def common(one: Interval, other: Interval) -> Interval:
    """Which part of each ray lies in both?"""
    return np.maximum(one[0], other[0]), np.minimum(one[1], other[1])


def uncovered_mm(base: Interval, covers: list[Interval]) -> Array:
    """How much of `base` do the covers leave free, counting overlapping covers once?

    A sweep over the covers clipped to the base, in order of their front: exact for any number of
    intervals.
    """
    if not covers:
        return length_mm(base)
    clipped = [common(base, cover) for cover in covers]
    fronts = np.stack([c[0] for c in clipped])
    backs = np.stack([np.maximum(c[0], c[1]) for c in clipped])
    order = np.argsort(fronts, axis=0)
    fronts, backs = np.take_along_axis(fronts, order, 0), np.take_along_axis(backs, order, 0)
    covered = np.zeros_like(fronts[0])
    reached = fronts[0]
    for front, back in zip(fronts, backs, strict=True):
        covered += np.maximum(back - np.maximum(front, reached), np.float32(0))
        reached = np.maximum(reached, back)
    return _f32(np.maximum(length_mm(base) - covered, np.float32(0)))


class Solid(Protocol):
    """What must a shape answer to be seen by CT? How far each point is from its surface."""

    def distance_mm(self, x: Array, y: Array, z: Array) -> Array: ...

    def box_mm(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]: ...


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """An ellipsoid with axes along the patient's: centre and semi-axes in millimetres."""

    centre: tuple[float, float, float]
    semi: tuple[float, float, float]

    @property
    def volume_mm3(self) -> float:
        """4/3 pi a b c."""
        return 4.0 / 3.0 * math.pi * self.semi[0] * self.semi[1] * self.semi[2]

    def chord(self, x: Array, z: Array) -> Interval:
        """Between which y does the ray at (x, z) run inside?"""
        (cx, cy, cz), (a, b, c) = self.centre, self.semi
        inside = 1 - ((x - cx) / a) ** 2 - ((z - cz) / c) ** 2
        half = _f32(b * np.sqrt(np.maximum(inside, 0)))
        return _f32(cy - half), _f32(cy + half)

    def section(self, z_mm: float) -> tuple[float, float, float, float] | None:
        """Which ellipse (centre x, y, semi-axis x, y) does the plane z cut, or None?"""
        rest = 1 - ((z_mm - self.centre[2]) / self.semi[2]) ** 2
        if rest <= 0:
            return None
        root = math.sqrt(rest)
        return self.centre[0], self.centre[1], self.semi[0] * root, self.semi[1] * root

    def distance_mm(self, x: Array, y: Array, z: Array) -> Array:
        """How far is a point outside (negative: inside)? First order in the distance from the surface."""
        (cx, cy, cz), (a, b, c) = self.centre, self.semi
        u, v, w = (x - cx) / a, (y - cy) / b, (z - cz) / c
        f = np.sqrt(u * u + v * v + w * w)
        slope = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
        return _f32(np.where(f > 1e-6, (f - 1) * f / np.maximum(slope, 1e-6), -min(a, b, c)))

    def box_mm(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        low = [c - s for c, s in zip(self.centre, self.semi, strict=True)]
        high = [c + s for c, s in zip(self.centre, self.semi, strict=True)]
        return (low[0], high[0]), (low[1], high[1]), (low[2], high[2])


@dataclass(frozen=True, slots=True)
class Column:
    """An elliptic cylinder along z between two heights."""

    centre: tuple[float, float]
    semi: tuple[float, float]
    z_mm: tuple[float, float] = (-1e4, 1e4)

    @property
    def volume_mm3(self) -> float:
        """pi a b h."""
        return math.pi * self.semi[0] * self.semi[1] * (self.z_mm[1] - self.z_mm[0])

    def chord(self, x: Array, z: Array) -> Interval:
        inside = 1 - ((x - self.centre[0]) / self.semi[0]) ** 2
        within = (z >= self.z_mm[0]) & (z <= self.z_mm[1])
        half = _f32(np.where(within, self.semi[1] * np.sqrt(np.maximum(inside, 0)), 0))
        return _f32(self.centre[1] - half), _f32(self.centre[1] + half)

    def distance_mm(self, x: Array, y: Array, z: Array) -> Array:
        a, b = self.semi
        u, v = (x - self.centre[0]) / a, (y - self.centre[1]) / b
        f = np.sqrt(u * u + v * v)
        slope = np.sqrt((u / a) ** 2 + (v / b) ** 2)
        around = np.where(f > 1e-6, (f - 1) * f / np.maximum(slope, 1e-6), -min(a, b))
        return _f32(np.maximum(around, np.maximum(self.z_mm[0] - z, z - self.z_mm[1])))

    def box_mm(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        (cx, cy), (a, b) = self.centre, self.semi
        return (cx - a, cx + a), (cy - b, cy + b), self.z_mm


@dataclass(frozen=True, slots=True)
class RibPair:
    """A pair of ribs: the part of an elliptic shell that lies in a slab falling towards the front.

    The slab is |z - level - fall * y| <= half_height; the shell is `thickness` deep; the bone ends
    `front_mm` before the middle (y = -front_mm), where cartilage, as soft as muscle, takes over.
    """

    level_mm: float
    semi: tuple[float, float]
    thickness_mm: float = 7.0
    half_height_mm: float = 5.5
    fall: float = 0.35
    front_mm: float = 45.0

    def chord_mm(self, x: Array, z: Array) -> Array:
        """How much bone does the ray at (x, z) cross?"""
        outer = Column((0.0, 0.0), self.semi).chord(x, z)
        inner_semi = (self.semi[0] - self.thickness_mm, self.semi[1] - self.thickness_mm)
        inner = Column((0.0, 0.0), inner_semi).chord(x, z)
        front = _f32((z - self.level_mm - self.half_height_mm) / self.fall)
        back = _f32((z - self.level_mm + self.half_height_mm) / self.fall)
        slab = np.maximum(front, np.float32(-self.front_mm)), back
        bone = length_mm(common(slab, outer)) - length_mm(common(slab, inner))
        return _f32(np.maximum(bone, np.float32(0)))

    def distance_mm(self, x: Array, y: Array, z: Array) -> Array:
        outer = Column((0.0, 0.0), self.semi).distance_mm(x, y, z)
        slab = np.abs(z - self.level_mm - self.fall * y) - self.half_height_mm
        shell = np.maximum(outer, -self.thickness_mm - outer)
        return _f32(np.maximum(np.maximum(shell, slab), -self.front_mm - y))

    def box_mm(self) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
        a, b = self.semi
        low = self.level_mm - self.fall * self.front_mm - self.half_height_mm
        return (-a, a), (-self.front_mm, b), (low, self.level_mm + self.fall * b + self.half_height_mm)


@dataclass(frozen=True, slots=True)
class Tube:
    """A straight cylinder from one point to another (a clavicle, a vessel)."""

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    radius_mm: float

    def chord_mm(self, x: Array, z: Array) -> Array:
        """How much of the tube does the ray at (x, z) cross?

        Exact along the shaft: 2 sqrt(r^2 - d^2) / sin(angle between ray and axis); round at the ends;
        the obliquity counts at most two and a half times, since a tube seen end-on has an end.
        """
        along = np.subtract(self.end, self.start)
        flat = math.hypot(along[0], along[2])
        lengthening = min(float(np.linalg.norm(along)) / max(flat, 1e-6), 2.5)
        t = ((x - self.start[0]) * along[0] + (z - self.start[2]) * along[2]) / max(flat * flat, 1e-6)
        t = np.clip(t, 0, 1)
        d2 = (x - self.start[0] - t * along[0]) ** 2 + (z - self.start[2] - t * along[2]) ** 2
        return _f32(2 * lengthening * np.sqrt(np.maximum(self.radius_mm**2 - d2, 0)))

    def shadow_mm(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Which x and z does the shadow span?"""
        xs, zs, r = (self.start[0], self.end[0]), (self.start[2], self.end[2]), self.radius_mm
        return (min(xs) - r, max(xs) + r), (min(zs) - r, max(zs) + r)
