"""Which of very many flags are set, when few are, and what lies around them?"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from alarp.evaluation.intervals import BoolArray

_PLACES_TOGETHER = 1 << 16
_TOGETHER = 8  # flags that are looked at as one number


def places_set(flags: BoolArray) -> npt.NDArray[np.intp]:
    """At which flat places, in rising order, is a flag set? As numpy.flatnonzero, several times as fast when few are.

    Eight neighbouring flags are read as one number first; only where it is not 0 are they looked at one by one.
    """
    flat = np.ascontiguousarray(flags).ravel()
    even = len(flat) - len(flat) % _TOGETHER
    held = (flat[:even].view(np.uint64) != 0).nonzero()[0]
    among, inner = flat[:even].reshape(-1, _TOGETHER)[held].nonzero()
    found = held[among] * _TOGETHER + inner
    rest = flat[even:].nonzero()[0]
    return np.concatenate([found, even + rest]) if len(rest) else found


def slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    """Which neighbouring slices are worked on together, so that they stay in the processor's own memory?"""
    together = max(1, _PLACES_TOGETHER // max(1, prod(shape[1:])))
    return (slice(first, min(first + together, shape[0])) for first in range(0, shape[0], together))


def framed(mask: BoolArray, rims: tuple[int, int, int]) -> BoolArray:
    """The mask with so many empty voxels before and behind it along each axis."""
    whole = np.zeros([n + 2 * rim for n, rim in zip(mask.shape, rims, strict=True)], dtype=bool)
    whole[tuple(slice(rim, rim + n) for n, rim in zip(mask.shape, rims, strict=True))] = mask
    return whole
