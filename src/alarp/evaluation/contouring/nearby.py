"""How far is the nearest marked point of a grid, when it is probably near?"""

from __future__ import annotations

from math import prod
from typing import Any

import edt
import numpy as np
import numpy.typing as npt

from alarp.evaluation.contouring.sparse import slabs
from alarp.evaluation.intervals import BoolArray, FloatArray

Spacing = tuple[float, float, float]
_REACH_STEPS = 8
_ALIKE = 1e-9


def squares_within(marked: BoolArray, plane: tuple[int, int], *, reach: int) -> npt.NDArray[Any]:
    """How far, in steps squared, is the nearest marked point of the same plane, up to `reach` steps?

    Whole numbers, exact up to reach squared; beyond it any larger number. Two passes of moved minima, one along each
    axis of the plane (Felzenszwalb and Huttenlocher 2012, doi:10.4086/toc.2012.v008a019, with a window in place of
    the envelope).
    """
    small: Any = np.uint8 if 2 * reach * reach < np.iinfo(np.uint8).max else np.uint16
    beyond = small(int(np.iinfo(small).max) - reach * reach)
    found: npt.NDArray[Any] = np.empty(marked.shape, dtype=small)
    for some in [slice(None)] if 0 in plane else slabs(marked.shape):
        found[some] = _squares_of(marked[some], plane, reach, small, beyond)
    return found


def _squares_of(
    marked: BoolArray, plane: tuple[int, int], reach: int, small: Any, beyond: Any
) -> npt.NDArray[Any]:
    """As `squares_within`, of so few planes that they stay in the processor's own memory."""
    depth, height, width = marked.shape
    wide = (depth, height, width + reach)  # so that moving along a row may run over its end
    found: npt.NDArray[Any] = np.full(wide, beyond)
    np.multiply(~marked, beyond, out=found[:, :, :width])
    raised = np.empty_like(found)
    for axis in plane:
        start, found = found, found.copy()
        stretch = (prod(wide[:axis]) if axis < 2 else 1, -1)
        old, moved, new = (each.reshape(stretch) for each in (start, raised, found))
        for step in range(1, min(reach, marked.shape[axis] - 1) + 1):
            places = step * prod(wide[axis + 1 :])
            np.add(old, small(step * step), out=moved)
            for one, other in ((new[:, places:], moved[:, :-places]), (new[:, :-places], moved[:, places:])):
                np.minimum(one, other, out=one)
        np.minimum(found, beyond, out=found)
    return found[:, :, :width]


def distances_at(marked: BoolArray, at: npt.NDArray[np.intp], spacing_mm: Spacing) -> FloatArray:
    """How far (mm) is each of these points (flat index) from the nearest marked point of the grid? Exact.

    Where two axes have one spacing: `squares_within` their planes, then across the planes at the asked points only.
    Points farther than eight steps, and any other grid, by a distance transform of the whole grid.
    """
    plane = even_plane(spacing_mm)
    if plane is None:
        return _transformed(marked, at, spacing_mm)
    across = 3 - sum(plane)
    step_mm, apart_mm, planes = spacing_mm[plane[0]], spacing_mm[across], marked.shape[across]
    reach_mm = _REACH_STEPS * step_mm
    in_plane_mm2 = squares_within(marked, plane, reach=_REACH_STEPS).ravel() * np.float64(step_mm**2)
    stride = prod(marked.shape[across + 1 :])
    place = (at // stride) % planes
    nearest_mm2 = in_plane_mm2[at]
    for move in range(1, int(reach_mm / apart_mm) + 1):
        for sign, exists in ((-1, place >= move), (1, place < planes - move)):
            there = np.where(exists, at + sign * move * stride, at)
            np.minimum(nearest_mm2, in_plane_mm2[there] + (move * apart_mm) ** 2, out=nearest_mm2)
    found = np.sqrt(nearest_mm2)
    far = np.flatnonzero(found > reach_mm)
    if len(far):
        found[far] = _transformed(marked, at[far], spacing_mm)
    return found


def even_plane(spacing_mm: Spacing) -> tuple[int, int] | None:
    """Which two axes have the same spacing? The last two first; None when all three differ."""
    for one, two in ((1, 2), (0, 1), (0, 2)):
        if abs(spacing_mm[one] / spacing_mm[two] - 1) < _ALIKE:
            return one, two
    return None


def _transformed(marked: BoolArray, at: npt.NDArray[np.intp], spacing_mm: Spacing) -> FloatArray:
    squared = edt.edtsq(~marked, anisotropy=spacing_mm, black_border=False)
    return np.asarray(np.sqrt(squared.ravel()[at].astype(np.float64)))
