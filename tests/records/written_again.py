"""What hundreds of tests begin with, made once by the real commands and then written again, row by row and key by key.

Every layer stands on exactly the layers below it: when anything else was written since, or time was moved, the
commands run again. So no test sees what another one made, and none depends on which ran first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.core.cache import cache as remembered
from django.db import connection

from alarp.records import clock
from alarp.records.configuration import configuration

_TRUE_CLOCK = clock.now

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Layer:
    """What one step added: rows, changed rows included, and files beside them."""

    rows: dict[str, list[Row]]
    files: dict[Path, bytes]


@dataclass(frozen=True)
class Ground:
    """On which layers does the database stand, and how could one tell that it no longer does?"""

    layers: tuple[Hashable, ...] = ()
    changes: int = 0
    last_event: int | None = None


@dataclass
class Shelf:
    layers: dict[tuple[Hashable, ...], Layer | None] = field(default_factory=dict)
    ground: Ground = field(default_factory=Ground)


_SHELF = Shelf()


def written(name: Hashable, make: Callable[[], object]) -> None:
    """Leave the database and the data folder as `make` leaves them; from the second time on without making."""
    below = _ground()
    moment = _moment()
    if below is None or moment is None:
        make()
        return
    place = (*below.layers, (name, moment, configuration().data))
    if layer := _SHELF.layers.get(place):
        _write(layer)
    elif place in _SHELF.layers:  # rows were taken away: this step cannot be written again
        make()
        return
    else:
        rows, files = _rows(), _files()
        make()
        _SHELF.layers[place] = _difference(rows, files)
    _SHELF.ground = Ground(place, _changes(), _last_event())


def _ground() -> Ground | None:
    """What the database stands on now; None where nobody can say, or where others share it."""
    if connection.vendor != "sqlite" or "mode=memory" not in str(connection.settings_dict["NAME"]):
        return None
    found = Ground(_SHELF.ground.layers, _changes(), _last_event())
    if found.last_event is None:
        return Ground()
    return found if found == _SHELF.ground else None


def _moment() -> datetime | str | None:
    """Of which present are the rows? Those of a stopped clock fit only that moment; of one that is moved, none."""
    if clock.now is _TRUE_CLOCK:
        return "now"
    first = clock.now()
    return first if clock.now() == first else None


def _changes() -> int:
    """How many rows has this connection ever written? Rolled back or not, the number only grows."""
    connection.ensure_connection()
    return int(connection.connection.total_changes)


def _last_event() -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM audit_auditevent")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


@cache
def _questions() -> dict[str, str]:
    """For each table, how all its rows are asked for as they are stored."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            # `+column` has no declared type: what comes back is what is stored, not what Django makes of it.
            columns = connection.introspection.get_table_description(cursor, table)
            found[table] = f"""SELECT {", ".join(f'+"{one.name}"' for one in columns)} FROM "{table}\""""
    return found


def _rows() -> dict[str, list[Row]]:
    connection.ensure_connection()
    return {table: connection.connection.execute(ask).fetchall() for table, ask in _questions().items()}


def _files() -> set[Path]:
    folder = configuration().data
    return {file for file in folder.rglob("*") if file.is_file()}


def _difference(rows_before: dict[str, list[Row]], files_before: set[Path]) -> Layer | None:
    added = {}
    for table, now in _rows().items():
        if len(now) < len(rows_before[table]):
            return None
        before = set(rows_before[table])
        added[table] = [row for row in now if row not in before]
    return Layer(
        {table: rows for table, rows in added.items() if rows},
        {file: file.read_bytes() for file in _files() - files_before},
    )


def _write(layer: Layer) -> None:
    remembered.clear()  # what is remembered of these rows is of the test before
    connection.ensure_connection()
    for table, rows in layer.rows.items():
        places = ", ".join("?" * len(rows[0]))
        connection.connection.executemany(f'INSERT OR REPLACE INTO "{table}" VALUES ({places})', rows)
    for file, data in layer.files.items():
        if not file.exists():  # a test before this one may have taken it away
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(data)
