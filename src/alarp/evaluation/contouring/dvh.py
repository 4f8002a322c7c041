"""Which dose does a structure receive? Cumulative dose-volume histograms and the numbers read from them.

Doses are given voxel by voxel (Gy), every voxel weighing the same. A structure without a voxel, or with a voxel where
no dose was calculated (NaN), has no such number: None, never a guess from the rest.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from alarp.evaluation.contouring.geometry import Grid
from alarp.evaluation.contouring.raster import Box
from alarp.evaluation.intervals import FloatArray

_INDEX_DIGITS = 6  # a voxel centre on the edge of the dose grid is within it


def dose_in(box: Box, grid: Grid, dose_gy: FloatArray, dose_grid: Grid) -> FloatArray:
    """Which dose (Gy) does each voxel of this block of the grid receive? Shape of the box; NaN beyond the dose grid.

    At the voxel's centre, linear between the eight dose points around it (trilinear). `dose_gy` lies on `dose_grid`
    (slice, row, column), which may be turned and spaced otherwise in the same frame of reference.
    """
    index = np.indices(box.shape, dtype=np.float64).reshape(3, -1).T + np.array(box.start)
    axes = np.stack([grid.normal, grid.along_rows, grid.along_columns])
    points = grid.origin + (index * np.array(grid.spacing_mm)) @ axes
    at = np.round(dose_grid.to_index(points).T, _INDEX_DIGITS)
    gray = ndimage.map_coordinates(dose_gy, at, output=np.float64, order=1, mode="constant", cval=np.nan)
    return np.asarray(gray).reshape(box.shape)


def dose_to_volume_gy(gray: FloatArray, percent: float) -> float | None:
    """Which dose does at least this percentage of the structure receive (95 gives D95, 2 gives D2)?

    The (100 - percent)th percentile of the voxels' doses, linear between neighbours in rank. ICRU report 83
    (doi:10.1093/jicru/ndq002) reads near-maximum and near-minimum as D2 and D98.
    """
    return float(np.percentile(gray, 100.0 - percent)) if _is_known(gray) else None


def volume_at_dose_percent(gray: FloatArray, dose_gy: float) -> float | None:
    """Which percentage of the structure receives at least this dose (20 gives V20)? 100 x voxels / all voxels."""
    return 100.0 * float(np.mean(gray >= dose_gy)) if _is_known(gray) else None


def mean_dose_gy(gray: FloatArray) -> float | None:
    """Which dose does the structure receive on average over its volume?"""
    return float(gray.mean()) if _is_known(gray) else None


def histogram(gray: FloatArray, *, step_gy: float = 0.1) -> tuple[FloatArray, FloatArray]:
    """Which percentage of the structure receives at least each dose? Doses (Gy) from 0, and percentages.

    Up to the first dose that no voxel receives; two empty arrays where the dose is not known.
    """
    if not _is_known(gray):
        return np.zeros(0), np.zeros(0)
    doses = np.arange(int(np.floor(gray.max() / step_gy)) + 2) * step_gy
    colder = np.searchsorted(np.sort(gray.ravel()), doses, side="left")
    return np.asarray(doses, dtype=np.float64), 100.0 * (1.0 - colder / gray.size)


def _is_known(gray: FloatArray) -> bool:
    return gray.size > 0 and bool(np.isfinite(gray).all())
