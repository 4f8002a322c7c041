"""Who does an evaluation that was asked for on the site? A process of its own: scans do not wait for it."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime

from django.db import transaction

from alarp.records.ledger import work
from alarp.records.ledger.work import Claim
from alarp.records.protocols.doors import running

PROGRAM = "alarp.cli.site_run"
MOST_AT_ONCE = 2
_started: list[subprocess.Popen[bytes]] = []


def begin_run(step: Claim) -> None:
    """Start the run's process, as a person asked; when too many are under way, the sweep starts it later."""
    start(int(step.payload["run"]))
    with transaction.atomic():
        work.finish(step)


def take_up_runs(moment: datetime) -> None:
    """Start the runs that still wait, and those whose process fell silent."""
    for run in running.forsaken():
        start(run)


def start(run: int) -> bool:
    """Start one run's process; False when as many as are allowed are under way here. Twice does no harm."""
    _started[:] = [process for process in _started if process.poll() is None]
    if len(_started) >= MOST_AT_ONCE:
        return False
    _started.append(
        subprocess.Popen(
            [sys.executable, "-m", PROGRAM, str(run)], stdin=subprocess.DEVNULL, start_new_session=True
        )
    )
    return True
