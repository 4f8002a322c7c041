"""Which of very many flags are set, when few are?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alarp.evaluation.intervals import BoolArray

_TOGETHER = 8  # flags that are looked at as one number


def places_set(flags: BoolArray) -> npt.NDArray[np.intp]:
    """At which flat places, in rising order, is a flag set? As numpy.flatnonzero, several times as fast when few are.

    Eight neighbouring flags are read as one number first; only where it is not 0 are they looked at one by one.
    """
    flat = np.ascontiguousarray(flags).ravel()
    even = len(flat) - len(flat) % _TOGETHER
    held = np.flatnonzero(flat[:even].view(np.uint64) != 0)
    inner = np.flatnonzero(flat[:even].reshape(-1, _TOGETHER)[held])
    found = held[inner // _TOGETHER] * _TOGETHER + inner % _TOGETHER
    return np.concatenate([found, even + np.flatnonzero(flat[even:])])
