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

from alarp.kernel import AlarpError, BadInput
from alarp.records import boot

TELL_EVERY_S = 0.5
KEPT = ".cases"
OURS = ("protocol.yaml", "protocol.lock.json", KEPT)
SCANS = "contouring"  # the kind whose cases are files


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
        _fail(hold, str(error))
    except Exception as error:
        # The message may hold what was read: only its kind is told.
        _fail(
            hold, f"An unexpected fault ({type(error).__name__}) ended the run; report it to Alarp's makers."
        )
        raise


def _fail(hold: Any, why: str) -> None:
    """The run has failed, unless it is somebody else's by now; what it had finished is of no use to another."""
    from alarp.records.protocols.doors import running

    with contextlib.suppress(running.Taken):
        running.fail(hold, why)
        shutil.rmtree(folder_of_run(hold), ignore_errors=True)


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
    from alarp.records.protocols.doors import gathering, running
    from alarp.records.protocols.models import EvaluationRun

    run = EvaluationRun.objects.select_related("revision__protocol", "test_set").get(pk=hold.run)
    gathering.unchanged(run.test_set)
    folder = folder_of_run(hold)
    protocol = _lay_out(run, folder)
    inputs = evaluating.read_inputs(protocol)
    running.open_truth(hold, evaluating.truth_of(inputs)[0])
    _within(inputs, run.test_set)
    lock = evaluating.held_lock(inputs.protocol.common, protocol)
    crew = evaluating.Crew(run.jobs)
    files = evaluating.answer(inputs, lock, kept=folder, step=Telling(hold, folder), crew=crew).files
    running.finish(
        hold,
        result=files["result.json"],
        report=files["report.html"],
        pdf=files.get("report.pdf", b""),
    )
    shutil.rmtree(folder, ignore_errors=True)


def folder_of_run(hold: Any) -> Path:
    """Where does this run work, and leave what it has finished when it is stopped?"""
    from alarp.records.configuration import configuration

    return configuration().data / "evaluations" / f"run-{hold.run}"


class Telling:
    """How far has the run come? Told at most twice a second, and whenever a part of it begins or ends."""

    def __init__(self, hold: Any, folder: Path) -> None:
        self.hold, self.folder, self.what, self.found, self.told = hold, folder, "", 0, 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        from alarp.records.protocols.doors import running

        begins = what != self.what
        if begins:
            self.what, self.found = what, len(list((self.folder / KEPT).glob("*.json"))) if total > 1 else 0
        # The first new case has waited for the processes to start: the pace is that of the others.
        first = total > 1 and done == self.found + 1
        if begins or first or done == total or time.monotonic() - self.told >= TELL_EVERY_S:
            running.tell(
                self.hold, what, done, total, paced_from=max(done, self.found) if begins or first else None
            )
            self.told = time.monotonic()


def _within(inputs: Any, test_set: Any) -> None:
    """Do the cases name only files of their test set? BadInput names the first that lies elsewhere on the server."""
    if inputs.protocol.common.kind != SCANS:
        return
    from alarp.evaluation import contouring, read_csv

    text = inputs.tables["cases"].decode("utf-8-sig", errors="replace")
    for case in contouring.parse_cases(inputs.protocol, read_csv(text, name=inputs.names["cases"])):
        for name in (case.images, case.reference, case.output, case.observer, case.dose):
            if name and (Path(name).is_absolute() or ".." in Path(name).parts):
                raise BadInput(
                    f"Case {case.case} names the file '{name}', which lies outside test set {test_set.number}; copy "
                    "it into the folder of the test set and name it as it lies there."
                )


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
