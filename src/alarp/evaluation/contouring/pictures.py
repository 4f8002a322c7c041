"""Where do the two outlines of one structure differ most? The slice to look at, as data that a report draws.

A picture holds no identifier but the case's name in the protocol: a grey crop of one slice and two sets of lines, in
millimetres from the crop's upper left corner.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import contourpy
import numpy as np
from PIL import Image

from alarp.evaluation.contouring.comparing import CaseResult
from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.contouring.raster import Box
from alarp.evaluation.intervals import BoolArray, FloatArray
from alarp.evaluation.outcomes import CaseOutcome

_MARGIN_MM = 15.0
_LEAST_MM = 60.0
_LONGEST_PIXELS = 192
_GREYS = 32
_DRAWN = (CaseOutcome.SCORED, CaseOutcome.MISSED, CaseOutcome.SPURIOUS)


@dataclass(frozen=True, slots=True)
class Worst:
    """One outline that a reader should look at first."""

    case: str
    structure: str
    outcome: str
    dice: float


def worst_of(results: Sequence[CaseResult], count: int) -> tuple[Worst, ...]:
    """Which outlines agree least with their reference? At most `count`, never more than half of them missed or spurious.

    Ordered by Dice, then case, then structure, so the same on every run. A case without any output has nothing to show.
    """
    found = [
        Worst(case.enrolled.case, row.structure, row.outcome.value, row.measures.dice)
        for case in results
        for row in case.structures
        if row.measures is not None and row.outcome in _DRAWN
    ]
    found.sort(key=lambda w: (w.dice, w.case, w.structure))
    scored = [w for w in found if w.outcome == CaseOutcome.SCORED and w.dice < 1]
    wrong = [w for w in found if w.outcome != CaseOutcome.SCORED]
    wrong = wrong[: max(count // 2, count - len(scored))]
    return (*wrong, *scored[: count - len(wrong)])


def slice_to_show(reference: BoolArray, output: BoolArray) -> int:
    """On which slice of the block do the two differ in the most voxels? The first of equals."""
    return int(np.argmax(np.count_nonzero(reference ^ output, axis=(1, 2))))


@dataclass(frozen=True, slots=True)
class Crop:
    """Rows and columns of one slice around a structure."""

    rows: slice
    columns: slice

    def size_mm(self, grid: Grid) -> tuple[float, float]:
        """How high and wide is the crop?"""
        return (
            (self.rows.stop - self.rows.start) * grid.spacing_mm[1],
            (self.columns.stop - self.columns.start) * grid.spacing_mm[2],
        )


def crop_around(grid: Grid, box: Box, mask: BoolArray) -> Crop:
    """Which part of the slice shows these voxels with enough around them? `mask` is one slice of the block."""
    cut = []
    for axis in (0, 1):
        hit = np.flatnonzero(mask.any(axis=1 - axis)) + box.start[1 + axis]
        spacing, limit = grid.spacing_mm[1 + axis], grid.shape[1 + axis]
        first, last = (int(hit[0]), int(hit[-1])) if len(hit) else (0, limit - 1)
        margin = max(_MARGIN_MM, (_LEAST_MM - (last - first + 1) * spacing) / 2)
        wide = int(np.ceil(margin / spacing))
        cut.append(slice(max(0, first - wide), min(limit, last + wide + 1)))
    return Crop(cut[0], cut[1])


def picture(
    worst: Worst,
    grid: Grid,
    box: Box,
    reference: BoolArray,
    output: BoolArray,
    level: int,
    pixels: FloatArray | None,
) -> dict[str, Any]:
    """Which picture shows how this outline differs? `level` is the slice in the block, `pixels` the whole slice."""
    crop = crop_around(grid, box, reference[level] | output[level])
    height, width = crop.size_mm(grid)
    return {
        "case": worst.case,
        "structure": worst.structure,
        "outcome": worst.outcome,
        "dice": worst.dice,
        "slice": box.start[0] + level + 1,
        "slices": grid.shape[0],
        "width_mm": round(width, 2),
        "height_mm": round(height, 2),
        "png": None if pixels is None else grey_png(pixels[crop.rows, crop.columns], height, width),
        "reference": lines(grid, box, reference[level], crop),
        "output": lines(grid, box, output[level], crop),
    }


def lines(grid: Grid, box: Box, mask: BoolArray, crop: Crop) -> list[list[list[float]]]:
    """Along which lines does the edge of these voxels run, in mm from the crop's corner, x then y?"""
    drawn = contourpy.contour_generator(z=np.pad(mask, 1).astype(np.float64)).lines(0.5)
    corner = np.array([box.start[2] - crop.columns.start - 0.5, box.start[1] - crop.rows.start - 0.5])
    scale = np.array([grid.spacing_mm[2], grid.spacing_mm[1]])
    return [np.round((np.asarray(line) + corner) * scale, 2).tolist() for line in drawn]


def grey_png(pixels: FloatArray, height_mm: float, width_mm: float) -> str:
    """Which small grey picture shows these pixels? Base64 of a PNG, from their 1st to their 99th percentile.

    At most 192 pixels a side and 32 greys: enough to see anatomy, small enough to stand in a result.
    """
    low, high = np.percentile(pixels, [1.0, 99.0])
    span = (pixels - low) / (high - low) if high > low else np.zeros_like(pixels)
    greys = np.rint(np.clip(span, 0, 1) * (_GREYS - 1)) * (255 // (_GREYS - 1))
    image = Image.fromarray(greys.astype(np.uint8))
    scale = _LONGEST_PIXELS / max(height_mm, width_mm)
    size = (max(1, round(width_mm * scale)), max(1, round(height_mm * scale)))
    kept = io.BytesIO()
    quantised = image.resize(size, Image.Resampling.BILINEAR).point([v // 8 * 8 for v in range(256)])
    quantised.save(kept, format="PNG", optimize=True)
    return base64.b64encode(kept.getvalue()).decode("ascii")
