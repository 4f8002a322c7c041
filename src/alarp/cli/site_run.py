"""`python -m alarp.cli.site_run RUN`: do one evaluation that somebody asked for on the site.

Started by a worker, in a process of its own: an evaluation may take an hour and much memory, and scans must not wait
for it. Two of them for one run do no harm (the second finds it taken), and one that is killed leaves a lease that
runs out, after which the worker's sweep starts another.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alarp.kernel import AlarpError
from alarp.records import boot

TELL_EVERY_S = 0.5
OURS = ("protocol.yaml", "protocol.lock.json", ".cases")


def main() -> int:
    boot()
    from alarp.records.protocols.doors import running

    hold = running.take(int(sys.argv[1]), f"{socket.gethostname()}/{os.getpid()}")
    if hold is None:
        return 0
    with _still_here(hold):
        do(hold)
    return 0


def do(hold: Any) -> None:
    """Come to an answer, or to the sentence why there is none."""
    from alarp.records.protocols.doors import running

    try:
        _run(hold)
    except running.Taken:
        return
    except AlarpError as error:
        why = str(error)
        _quietly(lambda: running.fail(hold, why))
    except Exception as error:
        # The message may hold what was read: only its kind is told.
        sentence = f"An unexpected fault ({type(error).__name__}) ended the run; report it to Alarp's makers."
        _quietly(lambda: running.fail(hold, sentence))
        raise


def _quietly(action: Any) -> None:
    from alarp.records.protocols.doors.running import Taken

    with contextlib.suppress(Taken):
        action()


@contextlib.contextmanager
def _still_here(hold: Any) -> Iterator[None]:
    """Hold the lease while a long step says nothing; when it is lost, this process ends at once."""
    from django.db import connection

    from alarp.records.configuration import configuration
    from alarp.records.protocols.doors import running

    over = threading.Event()

    def beat() -> None:
        while not over.wait(configuration().lease_s / 3):
            try:
                running.renew(hold)
            except running.Taken:
                if not over.is_set():
                    os._exit(0)
            except Exception as error:  # a database that is away for a moment must not end the run
                print(f"the lease was not renewed ({type(error).__name__})", file=sys.stderr)
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _run(hold: Any) -> None:
    from alarp.cli import evaluating  # brings the core
    from alarp.records.configuration import configuration
    from alarp.records.protocols.doors import gathering, running
    from alarp.records.protocols.models import EvaluationRun

    run = EvaluationRun.objects.select_related("revision__protocol", "test_set").get(pk=hold.run)
    gathering.unchanged(run.test_set)
    folder = configuration().data / "evaluations" / f"run-{run.pk}"
    protocol = _lay_out(run, folder)
    inputs = evaluating.read_inputs(protocol)
    running.open_truth(hold, evaluating.truth_of(inputs)[0])
    told = 0.0

    def step(what: str, done: int, total: int) -> None:
        nonlocal told
        if done == 0 or done == total or time.monotonic() - told >= TELL_EVERY_S:
            running.tell(hold, what, done, total)
            told = time.monotonic()

    lock = evaluating.held_lock(inputs.protocol.common, protocol)
    files = evaluating.answer(inputs, lock, kept=folder, step=step, crew=evaluating.Crew()).files
    running.finish(
        hold,
        result=files["result.json"],
        report=files["report.html"],
        pdf=files.get("report.pdf", b""),
    )
    shutil.rmtree(folder, ignore_errors=True)


def _lay_out(run: Any, folder: Path) -> Path:
    """The protocol, its lock and its files, as `alarp evaluate` wants them; what lies in a server folder is linked."""
    from alarp.records import objects
    from alarp.records.protocols.doors.gathering import folder_of
    from alarp.records.protocols.queries import lock_of

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if run.test_set.folder:
        for entry in sorted(folder_of(run.test_set.folder).iterdir()):
            if entry.name not in OURS and not (folder / entry.name).exists():
                (folder / entry.name).symlink_to(entry)
    for file in run.test_set.files.exclude(sha256=""):
        place = folder / file.name
        if place.is_symlink():
            place.unlink()  # the table as it was when the test set was added
        place.write_bytes(objects.get(file.sha256))
    protocol = folder / "protocol.yaml"
    protocol.write_text(run.revision.text, encoding="utf-8")
    if not run.exploratory:
        lock = lock_of(run.revision.protocol)
        (folder / "protocol.lock.json").write_text(json.dumps(lock.file), encoding="utf-8")
    return protocol


if __name__ == "__main__":
    sys.exit(main())
