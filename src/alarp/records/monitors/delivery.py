"""What does a file of events say? CSV or Parquet, a column for each field; every mistake names its row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from alarp.kernel import BadInput
from alarp.monitoring import Event
from alarp.records.monitors.rolling import zone

NEEDED = ("event_id", "at")
TEXTS = (
    "route", "station", "manufacturer", "model", "software", "outcome", "reason", "decision", "version", "agreement",
    "corrects",
)  # fmt: skip
NUMBERS = ("turnaround_s", "score", "minutes_saved")
COLUMNS = (*NEEDED, *TEXTS, *NUMBERS)


def read_events(file: Path, deployment: str) -> list[Event]:
    """The events of this file, in the order of its rows. A column that nobody knows is refused, not skipped."""
    frame = _frame(file)
    if strange := sorted(set(frame.columns) - set(COLUMNS)):
        raise BadInput(
            f"{file.name} has the column {strange[0]!r}, which is not known; known are {', '.join(COLUMNS)}."
        )
    if missing := [name for name in NEEDED if name not in frame.columns]:
        raise BadInput(f"{file.name} has no column {missing[0]!r}; every event needs its name and its time.")
    return [
        _event(row, deployment, f"{file.name}, row {n}")
        for n, row in enumerate(frame.iter_rows(named=True), 1)
    ]


def _frame(file: Path) -> pl.DataFrame:
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".csv": lambda path: pl.read_csv(path, infer_schema=False),
        ".parquet": pl.read_parquet,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise BadInput(f"{file.name} is neither .csv nor .parquet; give events in one of the two.")
    try:
        return reader(file)
    except (OSError, pl.exceptions.PolarsError):
        raise BadInput(
            f"{file.name} cannot be read as {file.suffix[1:]}; check that it is there and whole."
        ) from None


def _event(row: dict[str, Any], deployment: str, where: str) -> Event:
    at = _time(row["at"], where)
    return Event(
        event_id=str(row["event_id"] or "").strip(),
        at=at,
        known_at=at,  # decided on delivery
        deployment=deployment,
        **{name: str(row.get(name) or "").strip() for name in TEXTS},
        **{name: _number(row.get(name), name, where) for name in NUMBERS},
    )


def _time(value: Any, where: str) -> datetime:
    """The time with its zone; without one it is that of the hospital."""
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise BadInput(f"{where}: the time is {value!r}; write it as 2026-11-22T09:30:00.") from None
    return at if at.tzinfo else at.replace(tzinfo=zone())


def _number(value: Any, name: str, where: str) -> float | None:
    if value is None or str(value).strip() == "":
        return None
    try:
        return float(value)
    except ValueError:
        raise BadInput(f"{where}: {name} is {value!r}; it must be a number or empty.") from None
