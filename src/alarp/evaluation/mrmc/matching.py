"""Which marks hit which lesion? By the rule that the protocol states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from alarp.evaluation.intervals import BoolArray, FloatArray

DISTANCE = "distance"
IOU = "iou"


@dataclass(frozen=True, slots=True)
class Nearness:
    """In one case: is each of M marks near enough to each of L lesions to hit it, and how far is it (M, L)?"""

    near: BoolArray
    cost: FloatArray


def nearness(
    marks: FloatArray,
    lesions: FloatArray,
    *,
    rule: str,
    within_mm: float | None = None,
    least_iou: float | None = None,
) -> Nearness:
    """Which marks lie near which lesions? `marks` (M, 4) and `lesions` (L, 4): x, y, z and radius in mm.

    Rule distance: the centres are at most `within_mm` apart, or the lesion's own radius where no distance is given.
    Rule iou: the spheres' intersection over union is at least `least_iou`.
    """
    apart = np.linalg.norm(marks[:, None, :3] - lesions[None, :, :3], axis=2)
    if rule == DISTANCE:
        limit = lesions[None, :, 3] if within_mm is None else within_mm
        return Nearness(apart <= limit, apart)
    assert least_iou is not None
    overlap = sphere_iou(apart, marks[:, None, 3], lesions[None, :, 3])
    return Nearness(overlap >= least_iou, 1.0 - overlap)


def match(found: Nearness) -> tuple[int | None, ...]:
    """Which lesion does each mark hit, if any?

    A mark hits at most one lesion, a lesion takes at most one mark: the pairing with most hits, among these the one
    with the smallest distance (greatest overlap) in all. Ratings play no part, so that nothing is gained by rating.
    """
    marks, lesions = len(found.near), found.near.shape[1]
    if not marks or not lesions:
        return (None,) * marks
    large = 1e6 * (1.0 + float(np.abs(found.cost).max()))
    rows, columns = linear_sum_assignment(np.where(found.near, found.cost, large))
    hit = {int(r): int(c) for r, c in zip(rows, columns, strict=True) if found.near[r, c]}
    return tuple(hit.get(i) for i in range(int(marks)))


def repeats(found: Nearness) -> tuple[bool, ...]:
    """Which marks lie on a lesion that another mark already hit? They are neither a hit nor a false mark."""
    return tuple(
        lesion is None and bool(near.any()) for lesion, near in zip(match(found), found.near, strict=True)
    )


def sphere_iou(apart: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Which share of their union do two spheres have in common? Centres `apart`, radii `first` and `second`, in mm.

    The lens of two spheres: pi (a + b - d)^2 (d^2 + 2d(a + b) - 3(a - b)^2) / 12d; 0 when apart, the ratio of the
    volumes when one holds the other.
    """
    d, a, b = np.broadcast_arrays(apart, first, second)
    volumes = 4 / 3 * np.pi * (a**3 + b**3)
    with np.errstate(divide="ignore", invalid="ignore"):
        lens = np.pi * (a + b - d) ** 2 * (d**2 + 2 * d * (a + b) - 3 * (a - b) ** 2) / (12 * d)
    inside = d <= np.abs(a - b)
    common = np.where(d >= a + b, 0.0, np.where(inside, 4 / 3 * np.pi * np.minimum(a, b) ** 3, lens))
    share: FloatArray = np.divide(
        common, volumes - common, out=np.zeros(common.shape), where=volumes > common
    )
    return share
