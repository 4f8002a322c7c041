"""Which rows does this table hold, and can they be joined by name?"""

from __future__ import annotations

import csv
import io

import polars as pl

from alarp.kernel import BadInput


def read_csv(text: str, *, name: str) -> pl.DataFrame:
    """Which frame of text columns stands in this CSV? Nothing is guessed: every cell stays as written.

    White space around a cell is removed; an empty cell is null. Short and long rows are refused by number.
    """
    rows = [row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if row]
    if not rows:
        raise BadInput(f"{name} is empty: it needs a header line and one row a case.")
    header = [cell.strip() for cell in rows[0]]
    for column in header:
        if header.count(column) > 1:
            raise BadInput(
                f"{name} has the column '{column}' twice: columns are joined by name, so rename one."
            )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise BadInput(
                f"{name}, row {number}: {len(row)} cells under {len(header)} columns; correct the row."
            )
    cells = list(zip(*rows[1:], strict=True)) if len(rows) > 1 else [() for _ in header]
    columns = {
        name_: [cell.strip() or None for cell in column] for name_, column in zip(header, cells, strict=True)
    }
    return pl.DataFrame(columns, schema=dict.fromkeys(header, pl.String))


def require_columns(frame: pl.DataFrame, columns: dict[str, str], *, name: str) -> None:
    """Does the table hold every column that the protocol names?"""
    for role, column in columns.items():
        if column not in frame.columns:
            raise BadInput(
                f"{name} has no column '{column}', which the protocol names for {role}: "
                f"it has {', '.join(frame.columns)}."
            )


def require_unique_cases(frame: pl.DataFrame, column: str, *, name: str) -> None:
    """Is every case named, and named once?"""
    if frame.height == 0:
        raise BadInput(f"{name} holds no case: it needs one row a case.")
    missing = frame[column].is_null()
    if missing.any():
        number = int(missing.arg_true()[0]) + 2
        raise BadInput(f"{name}, row {number}: column '{column}' is empty; every case needs a name.")
    repeated = frame.filter(pl.col(column).is_duplicated())
    if repeated.height:
        case = repeated[column][0]
        count = int((frame[column] == case).sum())
        raise BadInput(
            f"Case {case}: column '{column}' of {name} holds it {count} times; a case has one row."
        )


def join_by_case(
    left: pl.DataFrame,
    left_case: str,
    right: pl.DataFrame,
    right_case: str,
    *,
    left_name: str,
    right_name: str,
) -> pl.DataFrame:
    """Do both tables speak of the same cases? Joined by name; an unmatched case is refused by name."""
    for frame, case, name in ((left, left_case, left_name), (right, right_case, right_name)):
        require_unique_cases(frame, case, name=name)
    for one, case_one, name_one, two, case_two, name_two in (
        (left, left_case, left_name, right, right_case, right_name),
        (right, right_case, right_name, left, left_case, left_name),
    ):
        lost = one.filter(~pl.col(case_one).is_in(two[case_two].implode()))
        if lost.height:
            raise BadInput(
                f"Case {lost[case_one][0]}: in column '{case_one}' of {name_one} but not in column '{case_two}' "
                f"of {name_two}; add the row (an AI that returned nothing is a row with an empty cell)."
            )
    return left.join(right, left_on=left_case, right_on=right_case, how="left", maintain_order="left")
