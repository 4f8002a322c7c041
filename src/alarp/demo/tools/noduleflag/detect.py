"""Is there a nodule on this chest film, where, and how sure? Blobs in the lung field at many scales.

Steps: the film as attenuation, brought to a common pixel size and to contrast in units of the step
between lung and mediastinum; the lung field; at each scale the Hessian of the smoothed film
(Lindeberg 1998, doi:10.1023/A:1008045108935, for the scale normalisation). A ball curves both ways,
a rib or a vessel one way only: the response is the *weaker* of the two curvatures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float32]

WORKING_PIXEL_MM = 0.8
USUAL_FILM_WIDTH_MM = 390.0
COARSE_PIXEL_MM = 3.2
CLOSING_MM = 26.0
LEAST_LUNG_MM2 = 3000.0
HILUM_MM = 20.0
DIAMETERS_MM = (8.0, 11.0, 15.0, 20.0, 27.0, 36.0, 48.0)
MIDPOINT = 0.0070
STEEPNESS = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One suspicious spot: zero-based column and row on the film as sent, diameter and response."""

    column: float
    row: float
    diameter_mm: float
    diameter_pixels: float
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What did the tool make of the film? `score` runs from 0 to 1."""

    score: float
    candidates: tuple[Candidate, ...]


class Unreadable(Exception):
    """The film cannot be analysed; the text is the reason, for the report."""


def read_film(
    attenuation: Array,
    pixel_mm: float | None,
    *,
    threshold: float = 0.5,
    most: int = 8,
    midpoint: float = MIDPOINT,
) -> Reading:
    """How suspicious is this film? `attenuation` is bright where the body is dense, in any linear unit.

    Without a pixel size the film is taken to be 390 mm wide. Raises Unreadable without two lungs.
    """
    spacing = pixel_mm or USUAL_FILM_WIDTH_MM / attenuation.shape[1]
    shrink = spacing / WORKING_PIXEL_MM
    small = resample(attenuation, shrink)
    lungs = lung_field(small)
    contrast = normalise(small, lungs)
    found = sorted(blobs(contrast, lungs), key=lambda blob: -blob[0])
    candidates: list[Candidate] = []
    for response, row, column, diameter_mm in found:
        score = to_score(response, midpoint)
        if len(candidates) == most or (candidates and score < threshold):
            break
        candidates.append(
            Candidate(
                (column + 0.5) / shrink - 0.5,
                (row + 0.5) / shrink - 0.5,
                diameter_mm,
                diameter_mm / spacing,
                score,
            )
        )
    best = candidates[0].score if candidates else 0.0
    return Reading(best, tuple(c for c in candidates if c.score >= threshold))


def to_score(response: float, midpoint: float = MIDPOINT) -> float:
    """Which score between 0 and 1 does a response get? Logistic in its logarithm, 0.5 at the midpoint."""
    return round(1 / (1 + (midpoint / max(response, 1e-6)) ** STEEPNESS), 4)


def resample(image: Array, factor: float) -> Array:
    """The film on working pixels; smoothed first so that nothing folds back."""
    sigma = max(0.0, 0.5 / factor - 0.3)
    smooth = ndimage.gaussian_filter(image.astype(np.float32), sigma) if sigma > 0 else image
    return np.asarray(ndimage.zoom(smooth, factor, order=1, grid_mode=True, mode="nearest"), dtype=np.float32)


def lung_field(image: Array) -> NDArray[np.bool_]:
    """Which pixels are lung? The largest pair of valleys that the body encloses on either side.

    Looked for on a coarse picture: at each of several depths the pieces that do not reach the film's
    edge are taken, the largest on either side of the middle; a pair must be of like size.
    """
    step = round(COARSE_PIXEL_MM / WORKING_PIXEL_MM)
    depth = valley_depth(ndimage.gaussian_filter(image, step / 2)[::step, ::step])
    best, best_area = None, 0.0
    for threshold in np.percentile(depth, 99) * np.linspace(0.12, 0.6, 9):
        pair = dark_pair(depth > threshold)
        if pair is not None and (area := float(pair.sum()) * COARSE_PIXEL_MM**2) > best_area:
            best, best_area = pair, area
    if best is None:
        raise Unreadable("no two lung fields were found")
    ratio = (image.shape[0] / best.shape[0], image.shape[1] / best.shape[1])
    fine = ndimage.zoom(best.astype(np.float32), ratio, order=1, grid_mode=True, mode="nearest")
    return np.asarray(fine > 0.5)


def valley_depth(image: Array) -> Array:
    """How far below the walls on its left and right does each pixel lie, along its row?

    As water stands in a cross-section: the lower of the highest wall on either side, less the ground.
    Row by row, so that a thin chest wall in one row does not drain the others.
    """
    left = np.maximum.accumulate(image, axis=1)
    right = np.maximum.accumulate(image[:, ::-1], axis=1)[:, ::-1]
    depth = np.minimum(left, right) - image
    return np.asarray(ndimage.median_filter(depth, size=(5, 1)), dtype=np.float32)


def dark_pair(dark: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Which two dark pieces, closed over, could be the lungs? None when there are no such two."""
    dark = ndimage.binary_opening(dark, iterations=2)
    labels, count = ndimage.label(dark)
    areas = np.bincount(labels.ravel(), minlength=count + 1) * COARSE_PIXEL_MM**2
    border = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    areas[0] = 0
    areas[border] = 0
    sides: dict[bool, tuple[float, int]] = {}
    for label in np.flatnonzero(areas > LEAST_LUNG_MM2):
        middle = float(np.nonzero(labels == label)[1].mean())
        side = middle < dark.shape[1] / 2
        sides[side] = max(sides.get(side, (0.0, 0)), (float(areas[label]), int(label)))
    if len(sides) < 2:
        return None
    (one, first), (other, second) = sides[True], sides[False]
    if min(one, other) < 0.35 * max(one, other):
        return None
    return filled(labels == first) | filled(labels == second)


def filled(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The lung with its ribs, vessels and nodules: closed over, holes filled."""
    radius = round(CLOSING_MM / COARSE_PIXEL_MM)
    padded = np.pad(part, radius + 1)
    near = ndimage.distance_transform_edt(~padded) <= radius
    closed = ndimage.binary_fill_holes(ndimage.distance_transform_edt(near) > radius)
    return np.asarray(closed[radius + 1 : -radius - 1, radius + 1 : -radius - 1] | part)


def normalise(image: Array, lungs: NDArray[np.bool_]) -> Array:
    """The film in units of the step from lung to the tissue between and below the lungs."""
    lung = float(np.median(image[lungs]))
    rows, columns = np.nonzero(lungs)
    inner = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    dense = float(np.percentile(inner, 95))
    if dense <= lung:
        raise Unreadable("the lungs are not darker than the mediastinum")
    return np.asarray(np.clip((image - lung) / (dense - lung), -1.5, 1.5), dtype=np.float32)


def blobs(contrast: Array, lungs: NDArray[np.bool_]) -> list[tuple[float, float, float, float]]:
    """Which local maxima has the weaker curvature, over place and scale? (response, row, column, mm)."""
    depth = ndimage.distance_transform_edt(np.pad(lungs, 1))[1:-1, 1:-1] * WORKING_PIXEL_MM
    depth[from_mediastinum_mm(lungs) < HILUM_MM] = 0
    stack = []
    for diameter in DIAMETERS_MM:
        response = weaker_curvature(contrast, diameter / (2 * math.sqrt(2)) / WORKING_PIXEL_MM)
        response[depth < margin_mm(diameter)] = 0
        stack.append(response)
    volume = np.stack(stack)
    size = round(8 / WORKING_PIXEL_MM)
    peaks = (volume == ndimage.maximum_filter(volume, size=(len(DIAMETERS_MM), size, size))) & (volume > 0)
    return [
        (float(volume[k, r, c]), float(r), float(c), DIAMETERS_MM[k])
        for k, r, c in zip(*np.nonzero(peaks), strict=True)
    ]


def from_mediastinum_mm(lungs: NDArray[np.bool_]) -> Array:
    """How far to the side of the lungs' inner edge does each pixel lie, along its row?

    The hilum's vessels bundle into blobs: a strip along the inner edge is not searched.
    """
    columns = np.arange(lungs.shape[1])
    middle = float(np.nonzero(lungs)[1].mean())
    left = np.where(lungs & (columns < middle), columns, -1).max(axis=1)
    right = np.where(lungs & (columns >= middle), columns, lungs.shape[1]).min(axis=1)
    beside = np.where(columns < middle, left[:, None] - columns, columns - right[:, None])
    return np.asarray(beside * WORKING_PIXEL_MM, dtype=np.float32)


def margin_mm(diameter_mm: float) -> float:
    """How far inside the lung must a blob's centre lie, lest the lung's own edge be taken for one?"""
    return 9.0 + 0.3 * diameter_mm


def weaker_curvature(image: Array, sigma: float) -> Array:
    """How strongly does the film bulge in its flatter direction, at this scale? Zero where it does not."""
    rr, cc, rc = (
        sigma**2 * ndimage.gaussian_filter(image, sigma, order=order, truncate=3.0)
        for order in ((2, 0), (0, 2), (1, 1))
    )
    mean, spread = (rr + cc) / 2, np.sqrt(((rr - cc) / 2) ** 2 + rc**2)
    return np.asarray(np.maximum(-(mean + spread), 0), dtype=np.float32)
