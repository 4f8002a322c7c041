"""The measures of a contouring tool, each on a small shape."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.contouring.raster import fill
from alarp.evaluation.contouring.surface import compare

FIELD_MM = 70


def ball(centre_mm, radius_mm, spacing_mm):
    """A sphere on a voxel grid, its centre anywhere between the voxels; (slice, row, column)."""
    axes = [np.arange(int(FIELD_MM / step)) * step - FIELD_MM / 2 for step in spacing_mm]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    return (z - centre_mm[0]) ** 2 + (y - centre_mm[1]) ** 2 + (x - centre_mm[2]) ** 2 <= radius_mm**2


CENTRE = (0.31, 0.17, -0.42)  # off the voxel centres on purpose


def _spheres(rows):
    found = {}
    for label, spacing, radius, grow, shift in rows:
        step = (float(spacing), 1.0, 1.0)
        moved = (CENTRE[0], CENTRE[1], CENTRE[2] + float(shift))
        pair = compare(
            ball(CENTRE, float(radius), step),
            ball(moved, float(radius) + float(grow), step),
            step,
            tolerance_mm=2.0,
        )
        found[f"{label} mean_surface_distance_mm"] = pair.mean_surface_distance_mm
        found[f"{label} surface_dice"] = pair.surface_dice
    return found


def _dice(rows):
    grid = np.array([row[1:] for row in rows])[None]
    reference, output = np.isin(grid, ["R", "B"]), np.isin(grid, ["O", "B"])
    found = compare(reference, output, (2.0, 1.0, 1.0), tolerance_mm=1.0)
    return {"dice": found.dice, "volume_difference_ml": found.volume_difference_ml}


def _slab(rows):
    found = {}
    for label, spacing, shift in rows:
        step = float(spacing)
        count = int(240 / step)
        along = np.arange(count) * step
        a = np.zeros((count, 60, 60), dtype=bool)
        b = a.copy()
        a[(along >= 60) & (along < 120), 5:55, 5:55] = True
        b[(along >= 60 + float(shift)) & (along < 120 + float(shift)), 5:55, 5:55] = True
        pair = compare(a, b, (step, 1.0, 1.0), tolerance_mm=2.0)
        found[f"{label} hd_mm"] = pair.hd_mm
    return found


def _area(rows):
    corners = np.array([[float(row[1]), float(row[2])] for row in rows])
    return {"voxels": float(np.count_nonzero(fill(corners, (8, 8))))}


SPECS = [
    Spec(
        "dice",
        "Dice and volume difference",
        "by hand: reference (R and both, B) 6 voxels, output (O and B) 4, common 2; 2 x 2 / 10. Voxels of 2 x 1 x 1 mm: (4 - 6) x 0.002 ml",
        """
row  1  2  3  4
1    R  R  .  .
2    R  B  B  .
3    R  O  O  .
""",
        _dice,
        {"dice": 0.4, "volume_difference_ml": -0.004},
        explains=compare,
    ),
    Spec(
        "mean_surface_distance_mm",
        "Spheres of radius 20 mm, centre between the voxels: 1 mm slices",
        "geometry: concentric surfaces 2.5 mm apart everywhere; a sphere moved by d has mean distance d/2 and, at tolerance 2, the share 2/d of its area within",
        """
example     slice_mm  radius_mm  grown_mm  moved_mm
concentric         1         20       2.5         0
moved              1         20       0           3
""",
        _spheres,
        {
            "concentric mean_surface_distance_mm": 2.5,
            "concentric surface_dice": 0.0,
            "moved mean_surface_distance_mm": 1.5,
            "moved surface_dice": 2 / 3,
        },
        within=0.02,
        explains=compare,
    ),
    Spec(
        "surface_dice",
        "The same on 3 mm slices",
        "geometry, as above; what the grid costs is the tolerance stated here",
        """
example     slice_mm  radius_mm  grown_mm  moved_mm
concentric         3         20       2.5         0
moved              3         20       0           3
""",
        _spheres,
        {
            "concentric mean_surface_distance_mm": 2.5,
            "concentric surface_dice": 0.0,
            "moved mean_surface_distance_mm": 1.5,
            "moved surface_dice": 2 / 3,
        },
        within=0.1,
        explains=compare,
    ),
    Spec(
        "hd_mm",
        "Slabs moved along the slices",
        "geometry: the outermost faces lie as far apart as the slab was moved",
        """
example  slice_mm  moved_mm
thin            1         6
thick           3         6
""",
        _slab,
        {"thin hd_mm": 6.0, "thick hd_mm": 6.0},
        within=0.05,
        explains=compare,
    ),
    Spec(
        "rasteriser",
        "Voxels inside a polygon",
        "by hand: rows 2, 3 and 4 of a square from 1.5 to 4.5 hold three centres each",
        """
corner  row  column
1       1.5     1.5
2       1.5     4.5
3       4.5     4.5
4       4.5     1.5
""",
        _area,
        {"voxels": 9.0},
        explains=fill,
    ),
]
