"""Where on the picture does a point in the patient lie? DICOM PS3.3 C.7.6.2.1.1, both ways round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plane:
    """One image plane in the patient's coordinates (mm): the centre of its first pixel and its two directions."""

    origin_mm: tuple[float, float, float]
    along_row: tuple[float, float, float]  # the way the column index grows
    down_column: tuple[float, float, float]  # the way the row index grows
    row_spacing_mm: float  # from one row to the next
    column_spacing_mm: float  # from one column to the next

    @property
    def normal(self) -> Points:
        return np.cross(np.asarray(self.along_row, float), np.asarray(self.down_column, float))

    @property
    def height_mm(self) -> float:
        """How far along its own normal does this plane lie? Slices of one series are put in order by it."""
        return float(np.dot(np.asarray(self.origin_mm, float), self.normal))

    def to_picture(self, points_mm: Points) -> Points:
        """Where on the picture are these points (n x 3, mm)? As x (to the right) and y (down), in pixels.

        The centre of the first pixel is at (0.5, 0.5), as in an SVG laid over the picture and as in the
        SCOORD of a structured report (PS3.3 C.18.6.1.1).
        """
        offsets = np.asarray(points_mm, dtype=float).reshape(-1, 3) - np.asarray(self.origin_mm, float)
        x = offsets @ np.asarray(self.along_row, float) / self.column_spacing_mm + 0.5
        y = offsets @ np.asarray(self.down_column, float) / self.row_spacing_mm + 0.5
        return np.stack([x, y], axis=1)

    def distance_mm(self, points_mm: Points) -> float:
        """How far off this plane does the furthest of these points lie? Infinite when there are none."""
        offsets = np.asarray(points_mm, dtype=float).reshape(-1, 3) - np.asarray(self.origin_mm, float)
        return float(np.abs(offsets @ self.normal).max()) if len(offsets) else float("inf")


def plane_from(
    position: Sequence[float] | None,
    orientation: Sequence[float] | None,
    spacing: Sequence[float] | None,
) -> Plane | None:
    """Which plane do Image Position, Image Orientation and Pixel Spacing describe? None when they do not.

    Directions are normalised; two that are parallel, or a spacing of 0, describe no plane.
    """
    if position is None or orientation is None or spacing is None:
        return None
    if (len(position), len(orientation), len(spacing)) != (3, 6, 2):
        return None
    row, column = np.asarray(orientation[:3], float), np.asarray(orientation[3:], float)
    if not np.isfinite([*position, *orientation, *spacing]).all() or min(spacing) <= 0:
        return None
    if np.linalg.norm(np.cross(row, column)) < 1e-6:
        return None
    row, column = row / np.linalg.norm(row), column / np.linalg.norm(column)
    return Plane(
        origin_mm=(float(position[0]), float(position[1]), float(position[2])),
        along_row=(float(row[0]), float(row[1]), float(row[2])),
        down_column=(float(column[0]), float(column[1]), float(column[2])),
        row_spacing_mm=float(spacing[0]),
        column_spacing_mm=float(spacing[1]),
    )
