"""What does one cell of the table say?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from alarp.evaluation.intervals import FloatArray
from alarp.kernel import BadInput

UNKNOWN = -1
YES, NO = ("yes", "true", "1", "recall"), ("no", "false", "0", "no recall")
Ternary = npt.NDArray[np.int8]


def same_value(cell: str, value: str) -> bool:
    """Do a cell and a protocol's value say the same? Numbers by value ('1' and '1.0'), words letter by letter."""
    if cell == value:
        return True
    try:
        return float(cell) == float(value)
    except ValueError:
        return False


def finite_numbers(
    names: Sequence[str],
    cells: Sequence[str | None],
    column: str,
    *,
    empty_when: str,
    least: float = -math.inf,
) -> FloatArray:
    """Which number stands in each cell? NaN where it is empty, which is right when `empty_when`."""
    found = np.full(len(names), np.nan)
    for i, cell in enumerate(cells):
        if cell is None:
            continue
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < least:
            what = "no finite number" if not math.isfinite(value) else f"below {least:g}"
            raise BadInput(
                f"Case {names[i]}: column '{column}' holds '{cell}', which is {what}; correct it, or leave the cell empty "
                f"when {empty_when}."
            )
        found[i] = value
    return found


def yes_or_no(
    names: Sequence[str],
    cells: Sequence[str | None],
    column: str,
    *,
    yes: Sequence[str] = (),
    no: Sequence[str] = (),
    may_be_empty: bool = False,
) -> Ternary:
    """Yes (1), no (0) or nothing (-1)? `yes` and `no` are the protocol's own words beside the plain ones."""
    known = dict.fromkeys((*YES, *yes), 1) | dict.fromkeys((*NO, *no), 0)
    codes = np.full(len(names), UNKNOWN, dtype=np.int8)
    for i, cell in enumerate(cells):
        if cell is None and may_be_empty:
            continue
        code = None if cell is None else known.get(cell, known.get(cell.lower()))
        if code is None:
            found = "is empty" if cell is None else f"holds '{cell}'"
            raise BadInput(
                f"Case {names[i]}: column '{column}' {found}; write one of "
                + ", ".join(map(repr, known))
                + "."
            )
        codes[i] = code
    return codes
