"""Which block of the grid holds each label of a label map?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from alarp.evaluation.contouring.sparse import places_set
from alarp.evaluation.intervals import BoolArray

Box = tuple[slice, slice, slice]
LabelMap = npt.NDArray[Any]
_SLAB = 16  # slices


def every_box(labelled: LabelMap) -> dict[int, Box]:
    """Which block of the grid holds all of each label above 0? In rising order; read slab by slab, so memory stays flat."""
    found: dict[int, Box] = {}
    for first in range(0, len(labelled), _SLAB):
        for label, (slices, rows, columns) in boxes(labelled[first : first + _SLAB]).items():
            here = (slice(slices.start + first, slices.stop + first), rows, columns)
            found[label] = around([found[label], here]) if label in found else here
    return dict(sorted(found.items()))


def boxes(labelled: LabelMap, labels: Iterable[int] | None = None) -> dict[int, Box]:
    """Which block of the grid holds all of each label (by default of all above 0)? Labels that are nowhere have none.

    From the runs of equal voxels in memory order, so the map is read twice whatever the number of labels. A run that
    goes on over the end of a row makes its block as wide as the rows (over the end of a slice: as the slices).
    """
    flat = np.ascontiguousarray(labelled).ravel()
    if not len(flat):
        return {}
    starts = np.concatenate([[0], places_set(flat[1:] != flat[:-1]) + 1])
    ends = np.concatenate([starts[1:], [len(flat)]]) - 1
    owners = flat[starts]
    _, rows, columns = labelled.shape
    found: dict[int, Box] = {}
    for label in labels if labels is not None else (int(n) for n in np.unique(owners) if n > 0):
        mine = np.flatnonzero(owners == label)
        if not len(mine):
            continue
        first, last = starts[mine], ends[mine]
        row, last_row = first // columns, last // columns
        spans = [(row // rows, last_row // rows)]
        spans.append(_widened(row % rows, last_row % rows, (last_row // rows) != (row // rows), rows))
        spans.append(_widened(first % columns, last % columns, last_row != row, columns))
        low, middle, high = (slice(int(a.min()), int(b.max()) + 1) for a, b in spans)
        found[label] = (low, middle, high)
    return found


def _widened(
    first: npt.NDArray[Any], last: npt.NDArray[Any], goes_on: npt.NDArray[np.bool_], length: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    return np.where(goes_on, 0, first), np.where(goes_on, length - 1, last)


def box_of_mask(mask: BoolArray) -> Box | None:
    """Which block of the grid holds all that is set in this mask? None when nothing is."""
    spans = []
    plane: BoolArray = np.asarray(mask.any(axis=0))
    for lines in (mask.any(axis=(1, 2)), plane.any(axis=1), plane.any(axis=0)):
        held = np.asarray(lines).nonzero()[0]
        if not len(held):
            return None
        spans.append(slice(int(held[0]), int(held[-1]) + 1))
    return spans[0], spans[1], spans[2]


def around(held: list[Box]) -> Box:
    """Which block of the grid holds all of these? An empty one when there are none."""
    if not held:
        return (slice(0, 0),) * 3
    first, second, third = (
        slice(min(box[axis].start for box in held), max(box[axis].stop for box in held)) for axis in range(3)
    )
    return first, second, third
