"""How far apart are two surfaces, and how much of them agrees?"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from alarp.evaluation.contouring.added_path import added_path_length_mm
from alarp.evaluation.contouring.boxes import LabelMap, around, box_of_mask, boxes
from alarp.evaluation.contouring.geometric_surface import (
    DEFINITION,
    Surface,
    compare_geometric_surfaces,
    distances,
    surface,
)
from alarp.evaluation.contouring.nearby import Spacing
from alarp.evaluation.contouring.voxel_surface import DEFINITION_VOXEL, compare_voxel_surfaces
from alarp.evaluation.intervals import BoolArray

__all__ = [
    "DEFINITION",
    "DEFINITION_VOXEL",
    "PairMeasures",
    "Surface",
    "compare",
    "compare_labels",
    "distances",
    "surface",
]


@dataclass(frozen=True, slots=True)
class PairMeasures:
    """How one outline compares with its reference. Distances are None when one side is empty.

    `*_voxel` is the same question by the voxel definition (DEFINITION_VOXEL); all else is geometric (DEFINITION).
    """

    dice: float
    surface_dice: float
    hd_mm: float | None
    hd95_mm: float | None
    mean_surface_distance_mm: float | None
    volume_difference_ml: float | None
    reference_ml: float
    output_ml: float
    added_path_length_mm: float | None = None
    surface_dice_low: float = 0.0  # if the surfaces lay half a voxel farther apart
    surface_dice_high: float = 0.0  # and half a voxel nearer
    tolerance_near_voxel: bool = False  # the tolerance is no longer than the longest side of a voxel
    surface_dice_voxel: float = 0.0
    hd_mm_voxel: float | None = None
    hd95_mm_voxel: float | None = None
    mean_surface_distance_mm_voxel: float | None = None
    mean_from_reference_mm_voxel: float | None = None
    mean_from_output_mm_voxel: float | None = None


def compare(
    reference: BoolArray, output: BoolArray, spacing_mm: Spacing, *, tolerance_mm: float
) -> PairMeasures:
    """How well does the output's mask agree with the reference's on the same grid (slice, row, column)?

    Dice 2|A and B| / (|A|+|B|) over voxels (Dice 1945, doi:10.2307/1932409); HD the largest and HD95 the 95th
    area percentile of the distance to the other surface, the worse of the two directions; mean surface distance
    pooled over the area of both surfaces; surface Dice the share of both surfaces' area within the tolerance
    (Nikolov et al. 2021, doi:10.2196/26151). One side empty: overlap 0, distances not measurable, the added path the
    whole of the reference's outline. Both empty is not asked here: 0/0 is an outcome, not a number.
    """
    whole = np.asarray(reference, dtype=bool), np.asarray(output, dtype=bool)
    box = around([place for mask in whole if (place := box_of_mask(mask)) is not None])
    return _compare(whole[0][box], whole[1][box], spacing_mm, tolerance_mm)


def compare_labels(
    reference: LabelMap,
    output: LabelMap,
    spacing_mm: Spacing,
    tolerance_mm: float,
    labels: Iterable[int],
    *,
    threads: int = 1,
) -> dict[int, PairMeasures]:
    """How well do two label maps on the same grid agree, label by label? As `compare`, each label in its own box.

    Whole numbers from 0 (nothing) upwards. The answer does not depend on the number of threads.
    """
    wanted = list(dict.fromkeys(labels))
    held = [boxes(each, wanted) for each in (reference, output)]

    def one(label: int) -> PairMeasures:
        box = around([places[label] for places in held if label in places])
        return _compare(reference[box] == label, output[box] == label, spacing_mm, tolerance_mm)

    if threads <= 1:
        return {label: one(label) for label in wanted}
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(wanted, pool.map(one, wanted), strict=True))


def _compare(
    reference: BoolArray, output: BoolArray, spacing_mm: Spacing, tolerance_mm: float
) -> PairMeasures:
    voxel_ml = float(np.prod(spacing_mm)) / 1000.0
    held = int(np.count_nonzero(reference)), int(np.count_nonzero(output))
    near = tolerance_mm <= max(spacing_mm)
    if not all(held):
        return PairMeasures(
            dice=0.0,
            surface_dice=0.0,
            hd_mm=None,
            hd95_mm=None,
            mean_surface_distance_mm=None,
            volume_difference_ml=None,
            reference_ml=held[0] * voxel_ml,
            output_ml=held[1] * voxel_ml,
            added_path_length_mm=added_path_length_mm(reference, output, spacing_mm),
            tolerance_near_voxel=near,
        )
    staircase = compare_voxel_surfaces(reference, output, spacing_mm)
    geometric, half_voxels = compare_geometric_surfaces(reference, output, spacing_mm)
    from_reference, from_output = staircase.means_mm()
    farther = -half_voxels[0], -half_voxels[1]
    return PairMeasures(
        dice=2.0 * int(np.count_nonzero(reference & output)) / sum(held),
        surface_dice=geometric.share_within(tolerance_mm),
        hd_mm=geometric.hausdorff_mm(),
        hd95_mm=geometric.hausdorff_mm(0.95),
        mean_surface_distance_mm=geometric.mean_mm(),
        volume_difference_ml=(held[1] - held[0]) * voxel_ml,
        reference_ml=held[0] * voxel_ml,
        output_ml=held[1] * voxel_ml,
        added_path_length_mm=added_path_length_mm(reference, output, spacing_mm),
        surface_dice_low=geometric.share_within(tolerance_mm, nearer_mm=farther),
        surface_dice_high=geometric.share_within(tolerance_mm, nearer_mm=half_voxels),
        tolerance_near_voxel=near,
        surface_dice_voxel=staircase.share_within(tolerance_mm),
        hd_mm_voxel=staircase.hausdorff_mm(),
        hd95_mm_voxel=staircase.hausdorff_mm(0.95),
        mean_surface_distance_mm_voxel=staircase.mean_mm(),
        mean_from_reference_mm_voxel=from_reference,
        mean_from_output_mm_voxel=from_output,
    )
