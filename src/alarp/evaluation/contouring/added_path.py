"""How much of the reference's outline would have to be drawn by hand?"""

from __future__ import annotations

import numpy as np

from alarp.evaluation.contouring.sparse import framed
from alarp.evaluation.intervals import BoolArray


def added_path_length_mm(
    reference: BoolArray, output: BoolArray, spacing_mm: tuple[float, float, float]
) -> float | None:
    """How long is the part of the reference's outline that the output does not already have, in mm?

    Slice by slice, the voxels on the reference's outline (an edge neighbour in the slice lies outside; beyond the
    image counts as outside) that are not on the output's outline, each as long as the middle of its two sides
    within the slice, sqrt(row x column spacing). Shape (slice, row, column). A missed structure is drawn whole.
    Not measurable (None) when the reference is empty: there is nothing to draw, though something to delete.
    Vaassen et al. 2020 (doi:10.1016/j.phro.2019.12.001), without a tolerance.
    """
    if not reference.any():
        return None
    added = np.count_nonzero(outline(reference) & ~outline(output))
    return float(added) * float(np.sqrt(spacing_mm[1] * spacing_mm[2]))


def outline(mask: BoolArray) -> BoolArray:
    """Which voxels of each slice have an edge neighbour in the slice that lies outside?"""
    wide = framed(mask, (0, 1, 1))
    buried = wide[:, :-2, 1:-1] & wide[:, 2:, 1:-1]
    buried &= wide[:, 1:-1, :-2]
    buried &= wide[:, 1:-1, 2:]
    return np.asarray(mask > buried)  # set in the mask and not in the other
