"""What is the outline of several ellipsoids taken together? Exact, from the ellipses in each plane."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alarp.phantom.shapes import Ellipsoid

Ellipse = tuple[float, float, float, float]
Polygon = NDArray[np.float64]


def outlines(parts: tuple[Ellipsoid, ...], z_mm: float, *, points: int = 180) -> list[Polygon]:
    """Which closed polygons (n, 2) bound the union of up to two ellipsoids in the plane z?

    Two ellipses that overlap are seen from a point in both: from there the union is star-shaped, and
    its radius is the greater of the two exact radii. Apart, each keeps its own outline.
    """
    ellipses = [e for part in parts if (e := part.section(z_mm)) is not None]
    if len(ellipses) == 2:
        shared = shared_point(ellipses[0], ellipses[1])
        if shared is not None:
            return [_star(shared, ellipses, points)]
    return [_star((e[0], e[1]), [e], points) for e in ellipses]


def _inside(ellipse: Ellipse, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    cx, cy, a, b = ellipse
    return ((x - cx) / a) ** 2 + ((y - cy) / b) ** 2


def shared_point(one: Ellipse, other: Ellipse) -> tuple[float, float] | None:
    """Which point lies well inside both ellipses, or None if they do not overlap?

    Looked for on a grid over the smaller one; an overlap thinner than a hundredth of it is called none.
    """
    small = one if one[2] * one[3] <= other[2] * other[3] else other
    steps = np.linspace(-1, 1, 201)
    x, y = np.meshgrid(small[0] + small[2] * steps, small[1] + small[3] * steps)
    worst = np.maximum(_inside(one, x, y), _inside(other, x, y))
    at = np.unravel_index(int(np.argmin(worst)), worst.shape)
    return (float(x[at]), float(y[at])) if worst[at] < 1 else None


def _star(origin: tuple[float, float], ellipses: list[Ellipse], points: int) -> Polygon:
    angles = 2 * math.pi * np.arange(points) / points
    c, s = np.cos(angles), np.sin(angles)
    radius = np.max([_radius(origin, e, c, s) for e in ellipses], axis=0)
    return np.stack([origin[0] + radius * c, origin[1] + radius * s], axis=1)


def _radius(
    origin: tuple[float, float], ellipse: Ellipse, c: NDArray[np.float64], s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far is the ellipse from a point inside it, along each direction? The quadratic's greater root."""
    cx, cy, a, b = ellipse
    u, v = (origin[0] - cx) / a, (origin[1] - cy) / b
    p = (c / a) ** 2 + (s / b) ** 2
    q = u * c / a + v * s / b
    return np.asarray((-q + np.sqrt(q * q - p * (u * u + v * v - 1))) / p)


def polygon_area_mm2(polygon: Polygon) -> float:
    """Which area does a polygon enclose? The shoelace formula."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def union_volume_mm3(parts: tuple[Ellipsoid, ...], *, step_mm: float = 0.5) -> float:
    """Which volume do the ellipsoids fill together? Areas of the outlines summed over the height."""
    low = min(part.centre[2] - part.semi[2] for part in parts)
    high = max(part.centre[2] + part.semi[2] for part in parts)
    levels = np.arange(low + step_mm / 2, high, step_mm)
    areas = [sum(polygon_area_mm2(p) for p in outlines(parts, float(z), points=360)) for z in levels]
    return float(sum(areas) * step_mm)
