"""How is a day closed? Its events into one file, its counts into the database, the same each time."""

from __future__ import annotations

import io
import os
from dataclasses import fields
from datetime import UTC, date
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, sha256_hex
from alarp.monitoring import Event, columns_of, fold
from alarp.records import clock
from alarp.records.configuration import configuration
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.reconciliation import bounds
from alarp.records.monitors.events import known_between
from alarp.records.monitors.models import DailyCount, RolledDay

_TIME = pl.Datetime("us", "UTC")
SCHEMA = pl.Schema(
    {
        f.name: _TIME if f.name in ("at", "known_at") else pl.Float64 if f.name in ("score", "turnaround_s", "minutes_saved") else pl.String
        for f in fields(Event)
    }
)  # fmt: skip


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def folder_of(day: date) -> Path:
    """Where does this day's file lie?"""
    return configuration().data / "events" / f"day={day.isoformat()}"


def roll(day: date) -> RolledDay:
    """Close this day: everything that became known on it, into its file and into the daily counts.

    Made from rows alone, so that doing it again gives the same bytes and the same counts. The file is there, whole
    and synced, before a row says so.
    """
    if day >= localdate(clock.now()):
        raise BadInput(f"{day} is not over yet; a day is rolled when it has passed.")
    events = known_between(*bounds(day))
    data = parquet(events) if events else b""
    digest = sha256_hex(data) if data else ""
    if data:
        place(data, digest, folder_of(day))
    by_deployment: dict[str, list[Event]] = {}
    for event in events:
        by_deployment.setdefault(event.deployment, []).append(event)
    keys = dict(Deployment.objects.filter(slug__in=by_deployment).values_list("slug", "pk"))
    rows = [
        DailyCount(
            deployment_id=keys[slug],
            day=date.fromordinal(cell.day),
            known_day=day,
            scanner=cell.scanner[:200],
            route=cell.route,
            counts=counts,
        )
        for slug, own in sorted(by_deployment.items())
        for cell, counts in fold(columns_of(own, zone())).rows()
    ]
    with transaction.atomic():
        rolled, _ = RolledDay.objects.select_for_update().update_or_create(
            day=day, defaults={"sha256": digest, "events": len(events), "rolled_at": clock.now()}
        )
        DailyCount.objects.filter(known_day=day).delete()
        DailyCount.objects.bulk_create(rows)
    _remove_others(folder_of(day), digest)
    return rolled


def parquet(events: list[Event]) -> bytes:
    """These events as the bytes of one Parquet file, in a fixed order and form."""
    columns = {name: [getattr(event, name) for event in events] for name in SCHEMA}
    for name in ("at", "known_at"):
        columns[name] = [moment.astimezone(UTC) for moment in columns[name]]
    buffer = io.BytesIO()
    pl.DataFrame(columns, schema=SCHEMA).write_parquet(buffer, compression="zstd", compression_level=3)
    return buffer.getvalue()


def place(data: bytes, digest: str, folder: Path) -> Path:
    """Lay these bytes into the folder under their digest: whole and synced, or not at all."""
    target = folder / f"part-{digest[:16]}.parquet"
    for new in reversed([p for p in (folder, *folder.parents) if not p.exists()]):
        new.mkdir(mode=0o700, exist_ok=True)
        _sync(new.parent)
    temporary = folder / f".{digest[:16]}-{os.getpid()}.part"
    with temporary.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.rename(target)
    _sync(folder)
    return target


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_others(folder: Path, digest: str) -> None:
    """A day has one file: what an earlier rolling left goes once the row names the new one."""
    for file in folder.glob("part-*.parquet"):
        if file.name != f"part-{digest[:16]}.parquet":
            file.unlink(missing_ok=True)
