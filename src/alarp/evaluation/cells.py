"""What does one cell of a table say? Read once, refused with the case and the column, shared by kinds of one number a row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from alarp.evaluation.fields import Fields
from alarp.evaluation.intervals import Codes, FloatArray
from alarp.evaluation.outcomes import CaseOutcome
from alarp.kernel import BadInput

NOT_RECORDED = "not recorded"
_DECLARABLE = {
    o.value: o for o in (CaseOutcome.AI_FAILED, CaseOutcome.REJECTED_BY_AI, CaseOutcome.INDETERMINATE)
}


def row_names(frame: pl.DataFrame, keys: Mapping[str, str], *, file: str) -> tuple[str, ...]:
    """How is each row called in a sentence, and is it there once? `keys` are role → column, the case first."""
    if frame.height == 0:
        raise BadInput(f"{file} holds no case: it needs one row a case.")
    names: list[str] = []
    seen: set[tuple[str, ...]] = set()
    for number, cells in enumerate(frame.select(list(keys.values())).iter_rows(), start=2):
        for column, cell in zip(keys.values(), cells, strict=True):
            if cell is None:
                raise BadInput(f"{file}, row {number}: column '{column}' is empty; every row needs one.")
        first, *others = cells
        also = "".join(f", {role} {cell}" for role, cell in zip(list(keys)[1:], others, strict=True))
        if cells in seen:
            columns = " and ".join(f"'{column}'" for column in keys.values())
            raise BadInput(
                f"Case {first}{also}: {file} holds it twice by column {columns}; each has one row. Remove one, or "
                "name the column that tells them apart."
            )
        seen.add(cells)
        names.append(f"{first}{also}")
    return tuple(names)


def numbers(
    names: Sequence[str],
    cells: Sequence[str | None],
    column: str,
    *,
    within: tuple[float, float] = (-math.inf, math.inf),
    wanted: str = "a finite number",
    empty_when: str = "there is none",
) -> FloatArray:
    """Which number does each cell hold? NaN where it is empty, which is right when `empty_when`; anything else that is
    not `wanted` is refused."""
    found = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if cell is None:
            continue
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not within[0] <= value <= within[1]:
            raise BadInput(
                f"Case {names[i]}: column '{column}' holds '{cell}', which is not {wanted}; correct it, or leave the "
                f"cell empty when {empty_when}."
            )
        found[i] = value
    return found


def codes(names: Sequence[str], cells: Sequence[str | None], column: str, *, what: str) -> Codes:
    """Which whole number stands for each cell's word? An empty cell is refused: every row belongs to one `what`."""
    for name, cell in zip(names, cells, strict=True):
        if cell is None:
            raise BadInput(f"Case {name}: column '{column}' is empty; every case belongs to a {what}.")
    _, found = np.unique(np.array(cells, dtype=object).astype(str), return_inverse=True)
    return found.astype(np.int64)


def patients(names: Sequence[str], frame: pl.DataFrame, column: str | None) -> Codes | None:
    """Which cases belong to one patient? None when the table does not say, or nobody has two."""
    if column is None:
        return None
    found = codes(names, frame[column].to_list(), column, what="patient")
    return found if len(np.unique(found)) < len(found) else None


def declared_outcomes(
    names: Sequence[str], cells: Sequence[str | None] | None, column: str | None
) -> list[CaseOutcome | None]:
    """What does the table itself say became of each case? Nothing when there is no such column or cell."""
    if cells is None:
        return [None] * len(names)
    found: list[CaseOutcome | None] = []
    for name, cell in zip(names, cells, strict=True):
        if cell is not None and cell != CaseOutcome.SCORED and cell not in _DECLARABLE:
            known = ", ".join(map(repr, _DECLARABLE))
            raise BadInput(
                f"Case {name}: column '{column}' says '{cell}'; it may be empty, 'scored', {known}."
            )
        found.append(None if cell is None else _DECLARABLE.get(cell))
    return found


def subgroup_labels(frame: pl.DataFrame, columns: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """To which group does each row belong, by each subgroup the protocol names?"""
    return {
        name: tuple(value or NOT_RECORDED for value in frame[column].to_list())
        for name, column in columns.items()
    }


def optional(fields: Fields, role: str) -> str | None:
    """Which column plays this part, if any?"""
    return fields.text(role) if fields.has(role) else None
