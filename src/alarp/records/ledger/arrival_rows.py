"""The statements that every arriving image needs, written out once.

Building them anew through the ORM for each image took most of the time of its transaction (ADR 0019); what is
rare (a new study, a quarantine) goes through the ORM in `arrivals`. Names of tables and columns come from the models.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from alarp.records.ledger.models import Instance, Study, Work

_WRITTEN = (
    "study",
    "direction",
    "peer",
    "sop_uid",
    "sop_class",
    "series_uid",
    "modality",
    "transfer_syntax",
    "sha256",
    "size_bytes",
    "received_at",
    "times_received",
)


class Held(NamedTuple):
    """An object that the ledger holds already."""

    pk: int
    direction: str
    peer_id: int
    sop_uid: str
    sha256: str


def held(sop_uids: Collection[str]) -> Iterator[Held]:
    """The objects that carry one of these names, the first that came first."""
    columns = ", ".join(_column(Instance, name) for name in ("id", "direction", "peer", "sop_uid", "sha256"))
    where = f"{_column(Instance, 'sop_uid')} IN ({_places(sop_uids)})"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {_table(Instance)} WHERE {where} ORDER BY 1", list(sop_uids))
        return map(Held._make, cursor.fetchall())


@dataclass(slots=True)
class KnownStudy:
    """What an arrival asks of the study that it belongs to."""

    pk: int
    study_uid: str
    patient_id: str
    issuer: str
    nhs_number: str
    birth_date: str
    held_because: str
    modality: str
    body_part: str
    view: str
    sex: str
    age_years: float | None


_ASKED = ("id", *(field.name for field in fields(KnownStudy)[1:]))


def studies(study_uids: Collection[str]) -> list[KnownStudy]:
    """The studies with these names, locked until the transaction ends; the last that came first."""
    if not study_uids:
        return []
    columns = ", ".join(_column(Study, name) for name in _ASKED)
    where = f"{_column(Study, 'study_uid')} IN ({_places(study_uids)})"
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {_table(Study)} WHERE {where} ORDER BY 1 DESC{lock}", list(study_uids)
        )
        return [KnownStudy(*row) for row in cursor.fetchall()]


def add(rows: Sequence[Instance]) -> None:
    """Write these objects; each knows its number afterwards."""
    if not rows:
        return
    columns = ", ".join(_column(Instance, name) for name in _WRITTEN)
    one = f"({', '.join(['%s'] * len(_WRITTEN))})"
    values = [value for row in rows for value in _values(row)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(Instance)} ({columns}) VALUES {', '.join([one] * len(rows))} "
            f"RETURNING {_column(Instance, 'id')}",
            values,
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk


def received(study: int, moment: datetime) -> None:
    """Write that something of this study came at this moment."""
    _update(Study, {"last_received_at": _as_written(moment)}, where="{id} = %s", values=[study])


def put_off(study: int, due_at: datetime) -> bool:
    """Let this study's quiet timer start again, as `work.rearm` does; False when it has none that is free."""
    rearmed = {
        "state": Work.READY,
        "due_at": _as_written(due_at),
        "attempts": 0,
        "done_at": None,
        "phase": "",
        "trouble": "",
    }
    where = "{kind} = %s AND {key} = %s AND {state} <> %s"
    return _update(Work, rearmed, where=where, values=["complete", str(study), Work.LEASED]) > 0


def _update(model: Any, changed: dict[str, Any], *, where: str, values: Sequence[Any]) -> int:
    columns = {field.name: _column(model, field.name) for field in model._meta.concrete_fields}
    assigned = ", ".join(f"{columns[name]} = %s" for name in changed)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_table(model)} SET {assigned} WHERE {where.format(**columns)}",
            [*changed.values(), *values],
        )
        return int(cursor.rowcount)


def _values(row: Instance) -> Iterator[Any]:
    for name in _WRITTEN:
        value = getattr(row, Instance._meta.get_field(name).attname)
        yield _as_written(value) if isinstance(value, datetime) else value


def _as_written(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _places(values: Collection[str]) -> str:
    return ", ".join(["%s"] * len(values))


def _table(model: Any) -> str:
    return connection.ops.quote_name(model._meta.db_table)


@cache
def _column(model: Any, name: str) -> str:
    return connection.ops.quote_name(model._meta.get_field(name).column)
