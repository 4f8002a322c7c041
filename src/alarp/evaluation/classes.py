"""Which class does a word in a cell name: diseased or healthy, yes or no?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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


def classes(
    labels: Sequence[str],
    cells: Sequence[str | None],
    *,
    positive: str,
    negative: str | None,
    indeterminate: Sequence[str] = (),
    what: str,
    remedy: str = "",
) -> tuple[Ternary, list[bool], str | None]:
    """Which class does each cell name: 1, 0 or -1 (empty, or left open), which leave it open, and the negative word?

    A protocol may name no negative word when only one other stands in the column. A third one is refused: `what` says
    which column it stands in, `remedy` what to do (by default: correct the row or add the word under indeterminate).
    """
    codes = np.full(len(cells), UNKNOWN, dtype=np.int8)
    left_open = [False] * len(cells)
    for i, cell in enumerate(cells):
        if cell is None:
            continue
        if any(same_value(cell, word) for word in indeterminate):
            left_open[i] = True
        elif same_value(cell, positive):
            codes[i] = 1
        elif negative is None or same_value(cell, negative):
            negative, codes[i] = cell, 0
        else:
            do = remedy or f"Correct the row or add '{cell}' under indeterminate."
            raise BadInput(
                f"Case {labels[i]}: the {what} is '{cell}'; this protocol knows '{positive}' and '{negative}'. {do}"
            )
    return codes, left_open, negative


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
