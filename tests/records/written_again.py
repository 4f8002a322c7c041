"""Rows and keys that hundreds of tests begin with, built once by the real commands and then written again as they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection

from alarp.records.configuration import configuration

Rows = list[tuple[str, list[str], list[tuple[Any, ...]]]]
_KEPT: dict[str, tuple[Rows, dict[Path, bytes]]] = {}


def written(name: str, build: Callable[[], object]) -> None:
    """Leave the database as `build` leaves an empty one; from the second time on without building.

    Only on SQLite, whose row numbers begin anew with each test, and only where nothing is in the tables yet.
    """
    if connection.vendor != "sqlite" or _first_rows("people_organisation", 1):
        build()
    elif name in _KEPT:
        rows, keys = _KEPT[name]
        _write(rows)
        for file, data in keys.items():  # a test before this one may have taken them away
            (place := configuration().keys / file).parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            place.chmod(0o600)
    else:
        before = _all_rows()
        build()
        rows = [
            (table, columns, [row for row in found if row not in before[table][1]])
            for table, (columns, found) in _all_rows().items()
        ]
        folder = configuration().keys
        _KEPT[name] = rows, {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def _all_rows() -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    return {table: _first_rows(table, -1) for table in connection.introspection.table_names()}


def _first_rows(table: str, most: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" LIMIT {most}')
        rows = cursor.fetchall()
        return ([column[0] for column in cursor.description], rows) if most < 0 else rows


def _write(kept: Rows) -> None:
    with connection.cursor() as cursor:
        for table, columns, rows in kept:
            names, places = ", ".join(f'"{one}"' for one in columns), ", ".join(["%s"] * len(columns))
            if rows:
                cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
