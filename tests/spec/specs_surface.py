"""The voxel definition, added path and dose, each on a shape that a pencil can follow."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.contouring.added_path import added_path_length_mm
from alarp.evaluation.contouring.dvh import dose_to_volume_gy, mean_dose_gy, volume_at_dose_percent
from alarp.evaluation.contouring.surface import compare
from alarp.evaluation.contouring.voxel_surface import compare_voxel_surfaces


def _slabs(rows):
    masks = []
    for row in rows:
        mask = np.zeros((100, 100, 100), dtype=bool)
        mask[: int(row[1])] = True
        masks.append(mask)
    spacing = (2.0, 1.0, 1.0)
    found = compare_voxel_surfaces(*masks, spacing)
    there, back = found.means_mm()
    dice = compare(*masks, spacing, tolerance_mm=1.0).dice
    return {
        "from one": there,
        "from two": back,
        "surface_dice_voxel at 1 mm": found.share_within(1.0),
        "dice": dice,
    }


def _drawn(rows):
    grid = np.array([row[1:] for row in rows])[None]
    found = added_path_length_mm(np.isin(grid, ["R", "B"]), np.isin(grid, ["O", "B"]), (3.0, 0.5, 0.5))
    return {"added_path_length_mm": found}


def _doses(rows):
    gray = np.array([float(row[1]) for row in rows])
    return {
        "dmean_gy": mean_dose_gy(gray),
        "d50_gy": dose_to_volume_gy(gray, 50),
        "v20_percent": volume_at_dose_percent(gray, 20),
    }


SPECS = [
    Spec(
        "surface_dice_voxel",
        "Two slabs of 50 and 51 slices at the edge of the grid, 2 x 1 x 1 mm",
        "surface_distance_test.py of the package surface-distance (Nikolov et al. 2021, doi:10.2196/26151)",
        """
slab  slices
one       50
two       51
""",
        _slabs,
        {"from one": 0.322, "from two": 0.339, "surface_dice_voxel at 1 mm": 0.836, "dice": 0.990},
        within=1e-3,
        explains=compare_voxel_surfaces,
    ),
    Spec(
        "added_path_length_mm",
        "One slice, pixels of 0.5 mm",
        "by hand: of the reference's outline (all of R and B but the middle) the output has all except the right column "
        "and nothing else is missing: 3 pixels; definition of Vaassen et al. 2020, doi:10.1016/j.phro.2019.12.001",
        """
row  1  2  3  4  5
1    .  .  .  .  .
2    .  B  B  R  .
3    .  B  B  R  .
4    .  B  B  R  .
5    .  .  .  .  .
""",
        _drawn,
        {"added_path_length_mm": 1.5},
        explains=added_path_length_mm,
    ),
    Spec(
        "dose_to_volume",
        "Five voxels",
        "by hand: mean (10 + 15 + 20 + 25 + 30) / 5; the middle voxel; three of five reach 20 Gy",
        """
voxel  gray
1        10
2        15
3        20
4        25
5        30
""",
        _doses,
        {"dmean_gy": 20.0, "d50_gy": 20.0, "v20_percent": 60.0},
        explains=dose_to_volume_gy,
    ),
]
