"""Which voxels are liver? Smoothing, a window around the liver's own CT number, opening, largest piece.

A classic of the years before learning (see the review of the SLIVER07 methods, Heimann et al. 2009,
doi:10.1109/TMI.2009.2013851): simple, explainable, and wrong where a neighbour looks alike and touches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from alarp.demo.tools.ct import Grid, Mask, Volume
from alarp.demo.tools.results import CannotAnalyse

WORKING_PIXEL_MM = 1.6
SMOOTHING_MM = 1.8
OPENING_MM = 5.0
SEARCH_HU = (40.0, 170.0)
WINDOW_HU = (34.0, 42.0)
EDGE_MM = 1.7
HALF_WAY_HU = 90.0
LEAST_LIVER_ML = 60.0


def find_liver(hu: Volume, grid: Grid) -> Mask:
    """Where is the liver? `hu` has slices upwards or downwards, rows to the back, columns to the left.

    Raises CannotAnalyse when no piece of the right size and density lies in the right half of the body.
    """
    step = max(1, round(WORKING_PIXEL_MM / grid.row_mm - 0.25))
    coarse = Grid(grid.slice_mm, grid.row_mm * step, grid.column_mm * step)
    small = smooth_and_shrink(hu, grid, step)
    middle = body_middle(small)
    level = liver_level(small, middle)
    window = (small > level - WINDOW_HU[0]) & (small < level + WINDOW_HU[1])
    mask = largest_right_piece(opened(window, coarse), middle, coarse)
    mask = ndimage.binary_dilation(mask, ball(coarse, 2.5)) & window
    mask = np.stack([ndimage.binary_fill_holes(closed_slice(piece, coarse)) for piece in mask])
    mask = mask | (ndimage.binary_dilation(mask, ball(coarse, EDGE_MM)) & (small > level - HALF_WAY_HU))
    return enlarge(mask, hu.shape, step)


def smooth_and_shrink(hu: Volume, grid: Grid, step: int) -> Volume:
    """The volume without most of its noise, on coarser pixels (means of blocks) where the scan has finer ones."""
    slices, rows, columns = hu.shape[0], hu.shape[1] // step, hu.shape[2] // step
    clipped = np.clip(hu[:, : rows * step, : columns * step], -200, 300)
    blocks = clipped.reshape(slices, rows, step, columns, step).mean(axis=(2, 4), dtype=np.float32)
    sigma = (
        min(SMOOTHING_MM / grid.slice_mm, 0.8),
        SMOOTHING_MM / (grid.row_mm * step),
        SMOOTHING_MM / (grid.column_mm * step),
    )
    return np.asarray(ndimage.gaussian_filter(blocks, sigma, truncate=3.0, mode="nearest"))


def body_middle(hu: Volume) -> float:
    """At which column is the middle of the trunk? Of the largest piece denser than air."""
    flat = (hu > -150).mean(axis=0) > 0.5
    labels, count = ndimage.label(ndimage.binary_opening(flat, iterations=3))
    if not count:
        raise CannotAnalyse("NO-BODY", "no body was found in the images")
    trunk = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    columns = np.nonzero(trunk.any(axis=0))[0]
    return float((columns[0] + columns[-1]) / 2)


def liver_level(hu: Volume, middle: float) -> float:
    """Which CT number does the liver have? The most frequent of the even soft tissue on the right."""
    right = hu[:, :, : int(middle)]
    even = ndimage.maximum_filter(right, (1, 5, 5)) - ndimage.minimum_filter(right, (1, 5, 5)) < 45
    tissue = right[even & (right > SEARCH_HU[0]) & (right < SEARCH_HU[1])]
    if tissue.size < 500:
        raise CannotAnalyse("NO-LIVER", "too little soft tissue on the right side")
    counts, edges = np.histogram(tissue, bins=65, range=SEARCH_HU)
    best = int(np.argmax(ndimage.gaussian_filter1d(counts.astype(float), 2.0)))
    return float((edges[best] + edges[best + 1]) / 2)


def ball(grid: Grid, radius_mm: float) -> Mask:
    """Which neighbours lie within the radius?"""
    reach = [int(radius_mm / mm) for mm in (grid.slice_mm, grid.row_mm, grid.column_mm)]
    z, y, x = np.ogrid[tuple(slice(-r, r + 1) for r in reach)]
    distance2 = (z * grid.slice_mm) ** 2 + (y * grid.row_mm) ** 2 + (x * grid.column_mm) ** 2
    return np.asarray(distance2 <= radius_mm**2)


def opened(mask: Mask, grid: Grid) -> Mask:
    """The mask without bridges thinner than twice the opening radius, slice by slice."""
    kept = []
    for piece in mask:
        inside = ndimage.distance_transform_edt(piece, sampling=(grid.row_mm, grid.column_mm)) > OPENING_MM
        kept.append(inside)
    cores = np.stack(kept)
    labels, _ = ndimage.label(cores)
    grown = np.zeros_like(labels)
    for k, piece in enumerate(labels):
        away, nearest = ndimage.distance_transform_edt(
            piece == 0, sampling=(grid.row_mm, grid.column_mm), return_indices=True
        )
        grown[k] = np.where((away <= OPENING_MM) & mask[k], piece[tuple(nearest)], 0)
    return np.asarray(grown, dtype=np.int32)


def largest_right_piece(labels: NDArray[np.int32], middle: float, grid: Grid) -> Mask:
    """Which connected piece is the liver? The largest by its part in the right half of the body."""
    right = np.bincount(labels[:, :, : int(middle)].ravel(), minlength=int(labels.max()) + 1)
    right[0] = 0
    best = int(np.argmax(right))
    if right[best] * grid.voxel_ml < LEAST_LIVER_ML:
        raise CannotAnalyse("NO-LIVER", "no liver was found in the images")
    return np.asarray(labels == best)


def closed_slice(piece: Mask, grid: Grid, radius_mm: float = 6.0) -> Mask:
    """One slice with vessels, clefts and small lesions closed over."""
    if not piece.any():
        return piece
    border = int(radius_mm / grid.row_mm) + 2
    padded = np.pad(piece, border)
    sampling = (grid.row_mm, grid.column_mm)
    near = ndimage.distance_transform_edt(~padded, sampling=sampling) <= radius_mm
    back = ndimage.distance_transform_edt(near, sampling=sampling) > radius_mm
    return np.asarray(back[border:-border, border:-border] | piece)


def enlarge(mask: Mask, shape: tuple[int, ...], step: int) -> Mask:
    """The mask on the scan's own pixels, its edge smooth."""
    if step == 1:
        return mask
    soft = ndimage.gaussian_filter(mask.astype(np.float32), (0, 0.7, 0.7))
    rows, columns = ((np.arange(n) - (step - 1) / 2) / step for n in shape[1:])
    grid = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([ndimage.map_coordinates(piece, grid, order=1, mode="nearest") > 0.5 for piece in soft])
