"""What is left of an organ where others lie in it? Its outline in one plane, from the solids' own surfaces."""

from __future__ import annotations

import contourpy
import numpy as np

from alarp.phantom.shapes import Array, Solid
from alarp.phantom.union import Polygon

STEP_MM = 1.0


def visible_outlines(
    parts: tuple[Solid, ...], covers: tuple[Solid, ...], z_mm: float, *, step_mm: float = STEP_MM
) -> list[Polygon]:
    """Which closed polygons (n, 2) bound the parts taken together, less the covers, in the plane z?

    The zero line of the distance to the surface, traced on a grid: where the surface is smooth, the line lies
    within hundredths of a millimetre of it; a corner where two surfaces meet is cut by less than a step.
    A hole is a polygon of its own inside another (even-odd).
    """
    boxes = [box for part in parts if (box := part.box_mm())[2][0] <= z_mm <= box[2][1]]
    if not boxes:
        return []
    x, y = (
        np.arange(
            min(b[axis][0] for b in boxes) - 2 * step_mm,
            max(b[axis][1] for b in boxes) + 3 * step_mm,
            step_mm,
        ).astype(np.float32)
        for axis in (0, 1)
    )
    plane = x[None, :], y[:, None], np.float32(z_mm)
    outside = np.min([_distance_mm(part, *plane) for part in parts], axis=0)
    for cover in covers:
        if _can_cover(cover, x, y, z_mm):
            outside = np.maximum(outside, -_distance_mm(cover, *plane))
    lines = contourpy.contour_generator(x=x, y=y, z=outside).lines(0.0)
    return [np.asarray(line[:-1], dtype=np.float64) for line in lines if len(line) > 3]


def _distance_mm(solid: Solid, x: Array, y: Array, z: np.float32) -> Array:
    return np.broadcast_to(solid.distance_mm(x, y, np.asarray(z)), (y.shape[0], x.shape[1]))


def _can_cover(cover: Solid, x: Array, y: Array, z_mm: float) -> bool:
    """Does the cover reach into this part of the plane at all?"""
    (x0, x1), (y0, y1), (z0, z1) = cover.box_mm()
    return bool(x0 <= x[-1] and x1 >= x[0] and y0 <= y[-1] and y1 >= y[0] and z0 <= z_mm <= z1)
