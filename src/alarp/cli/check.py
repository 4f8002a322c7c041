"""`alarp check`: is this installation set up rightly, and is it well?"""

from __future__ import annotations

import shutil
import socket
import stat
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import typer

from alarp.cli import answers


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: well or not, in one sentence."""

    about: str
    well: bool
    sentence: str


def _disk(data: Path, least_free_mb: int) -> Finding:
    free_mb = shutil.disk_usage(data).free // 2**20
    return Finding(
        "disk",
        free_mb >= least_free_mb,
        f"{free_mb:,} MB free in {data}; below {least_free_mb:,} MB new images are refused.",
    )


def _keys(folder: Path) -> Finding:
    open_to_others = [
        f.name
        for f in sorted(folder.glob("*"))
        if f.is_file() and f.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]
    if open_to_others:
        return Finding(
            "keys", False, f"Others can read {', '.join(open_to_others)} in {folder}: run chmod 600 on them."
        )
    return Finding("keys", True, f"The keys in {folder} are readable by their owner alone.")


def _database() -> Finding:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import Error

    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        return Finding(
            "database",
            False,
            f"The database does not answer ({type(error).__name__}). Start it or correct database_url.",
        )
    if waiting:
        return Finding("database", False, f"{len(waiting)} database changes are waiting: run `alarp setup`.")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            mode = cursor.execute("PRAGMA journal_mode").fetchone()[0]
            sync = cursor.execute("PRAGMA synchronous").fetchone()[0]
        if (mode, sync) != ("wal", 2):
            return Finding(
                "database",
                False,
                f"SQLite runs with journal {mode} and synchronous {sync}; it must be wal and 2 (FULL).",
            )
    return Finding("database", True, f"The {connection.vendor} database answers and has every table.")


def _web(host: str, port: int) -> Finding:
    try:
        answer = httpx.get(f"http://{host}:{port}/health/", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return Finding(
            "web", False, f"Nothing answers on http://{host}:{port}/. Start it with `alarp serve`."
        )
    return Finding("web", answer.status_code == 200, f"The web server answers on http://{host}:{port}/.")


def _gateway(host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=5):
            pass
    except OSError:
        return Finding("gateway", False, f"Nothing listens on {host}:{port}. Start it with `alarp serve`.")
    return Finding("gateway", True, f"The gateway listens on {host}:{port}.")


def _worker() -> Finding:
    from datetime import timedelta

    from django.db.utils import Error

    from alarp.records import clock
    from alarp.records.ledger.models import Work

    late = clock.now() - timedelta(minutes=2)
    try:
        waiting = Work.objects.filter(state=Work.READY, due_at__lt=late).count()
    except Error:
        return Finding("worker", False, "The work list cannot be read: run `alarp setup` first.")
    if waiting:
        return Finding(
            "worker",
            False,
            f"{waiting} steps have waited for more than 2 minutes: is `alarp worker` running?",
        )
    return Finding("worker", True, "No step has waited for more than 2 minutes.")


def check(
    running: bool = typer.Option(
        True, help="Also ask whether web and gateway answer (--no-running: set-up alone)."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the findings as JSON."),
) -> None:
    """Check the configuration and the health of the parts. Leaves with 1 when something is wrong."""
    from alarp.records.configuration import configuration

    settings = configuration()
    settings.data.mkdir(parents=True, exist_ok=True)
    from alarp.records import boot

    boot("alarp.web.settings")
    looks: list[Callable[[], Finding]] = [
        lambda: _disk(settings.data, settings.least_free_mb),
        lambda: _keys(settings.keys),
        _database,
        _worker,
    ]
    if running:
        looks += [
            lambda: _web(settings.web_host, settings.web_port),
            lambda: _gateway(settings.gateway_host, settings.gateway_port),
        ]
    findings = [look() for look in looks]
    if as_json:
        answers.as_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{'well ' if finding.well else 'WRONG'}  {finding.about}: {finding.sentence}")
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)
