"""Write docs/reference/surface-measures.md: both definitions and the peers against exact geometry."""

from __future__ import annotations

import sys
from pathlib import Path

from generated import deliver

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "surface-measures.md"
sys.path[:0] = [str(ROOT / "src")]

CENTRE, RADIUS, TOLERANCE_MM = (0.31, 0.17, -0.42), 20.0, 2.0
SPACINGS = ((1.0, 1.0, 1.0), (3.0, 1.0, 1.0))
# What each case is: radius grown by, moved by (slice, row, column), exact mean distance, exact share within 2 mm
CASES = {
    "concentric, 2.5 mm apart": (2.5, (0, 0, 0), 2.5, 0.0),
    "moved 3 mm along the row": (0.0, (0, 0, 3), 1.5, 2 / 3),
    "moved 3 mm across the slices": (0.0, (3, 0, 0), 1.5, 2 / 3),
}
# The peers' answers: mean surface distance and surface Dice at 2 mm. Measured for this project with surface-distance
# 0.1, segauge 0.1.0, MONAI 1.6.1 (sub-voxel surface Dice) and the recipe of the SimpleITK notebook with 2.5.7, on a
# sphere of the same kind; None where it was not measured.
PEERS = ("surface-distance", "segauge", "MONAI", "SimpleITK recipe")
THEIRS = {
    ("concentric, 2.5 mm apart", 1.0): ((2.07, 0.486), (2.36, 0.036), (2.38, 0.486), (2.38, 0.154)),
    ("concentric, 2.5 mm apart", 3.0): ((1.87, 0.592), (2.21, 0.283), (2.33, 0.592), (2.33, 0.357)),
    ("moved 3 mm along the row", 3.0): ((0.97, 0.850), (1.33, 0.680), (1.09, 0.850), (1.09, 0.772)),
    ("moved 3 mm across the slices", 3.0): ((0.94, 0.811), (1.33, 0.782), (1.74, 0.811), (1.74, 0.639)),
}

INTRODUCTION = """# Surface measures: two definitions, and how true they are

Written by `python tools/docs_surfaces.py` from the code; do not edit. Why there are two:
[decision 18](../adr/0018-measure-surfaces-geometrically.md).

- **Geometric** (the default): `{geometric}`. Between voxels of about equal sides the surface is the half level of the
  mask blurred by one voxel; between slices at least twice as far apart as their pixels it is a straight line between
  the distances to each slice's own outline. No voxel changes sides. Every piece counts by its area; its distance is
  that to the nearest piece of the other surface, taken as a small flat disc.
- **Voxel** (names ending in `_voxel`): `{voxel}`. The elements of marching cubes at the corners between voxels,
  distances from corner to corner. It is the definition of the package surface-distance and repeats its numbers.

The **discretisation interval** (`surface_dice_low` to `surface_dice_high`) is what the geometric surface Dice would be
if every piece lay farther from the other surface, or nearer, by half a voxel along its own normal, |n x spacing| / 2.
`tolerance_near_voxel` marks a tolerance that is no longer than the longest side of a voxel: then read the interval,
not the number. **Added path length**: voxels of the reference's outline, slice by slice, that the output's outline has
not, times the pixel size (Vaassen et al. 2020, doi:10.1016/j.phro.2019.12.001); pixels are counted, so a slanted
line is taken as shorter than it is.
"""
END = """
The peers' figures are on a sphere of the same kind, measured once for this project (see the tool for versions); "–" was
not measured. On 5 mm slices a structure of 10 mm radius has four or five of them, and the mean distance can be off by
a fifth: the interval says so. `tests/unit/evaluation/test_surface_geometry.py` holds the geometric definition to 6 %
and 0.06 for spheres of 10 and 20 mm radius at three centres and eight voxel sizes, and of 40 mm at three.
"""


def _ball(numpy, centre, radius, spacing):
    half = RADIUS + 8
    axes = [numpy.arange(-half, half + step, step) for step in spacing]
    z, y, x = numpy.meshgrid(*axes, indexing="ij", sparse=True)
    return (z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 <= radius**2


def page() -> str:
    """What does the page say today?"""
    import numpy as np

    from alarp.evaluation.contouring.surface import DEFINITION, DEFINITION_VOXEL, compare

    parts = [INTRODUCTION.format(geometric=DEFINITION, voxel=DEFINITION_VOXEL)]
    parts.append(f"## Spheres of radius {RADIUS:g} mm, centre between the voxels\n")
    heads = ("slices", "case", "exact", "geometric", "interval", "voxel", *PEERS)
    for title, which in (("Mean surface distance (mm)", 0), (f"Surface Dice at {TOLERANCE_MM:g} mm", 1)):
        columns = [head for head in heads if which or head != "interval"]
        parts.append(f"### {title}\n\n| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
        for spacing in SPACINGS:
            for name, (grown, moved, *exact) in CASES.items():
                one = _ball(np, CENTRE, RADIUS, spacing)
                two = _ball(np, np.add(CENTRE, moved), RADIUS + grown, spacing)
                found = compare(one, two, spacing, tolerance_mm=TOLERANCE_MM)
                ours = (
                    (found.mean_surface_distance_mm, found.mean_surface_distance_mm_voxel),
                    (found.surface_dice, found.surface_dice_voxel),
                )[which]
                peers = THEIRS.get((name, spacing[0]))
                cells = [f"{spacing[0]:g} mm", name, f"{exact[which]:.2f}", f"**{ours[0]:.2f}**"]
                if which:
                    cells.append(f"{found.surface_dice_low:.2f} to {found.surface_dice_high:.2f}")
                cells.append(f"{ours[1]:.2f}")
                cells += [f"{peer[which]:.2f}" for peer in peers] if peers else ["–"] * len(PEERS)
                parts.append("| " + " | ".join(cells) + " |")
        parts.append("")
    return "\n".join(parts) + END


def main(arguments: list[str]) -> int:
    return deliver(PAGE, page(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
