"""`python -m alarp.gateway.worker`: do what is due, one leased step after the other.

A worker holds a numbered place (a locked file in the data folder), so that the one who takes a dead
worker's place gives back that worker's leases at once instead of waiting for them to run out.
"""

from __future__ import annotations

import fcntl
import json
import logging
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from alarp.kernel import AlarpError, Unavailable
from alarp.records import boot

LOG = logging.getLogger("alarp.gateway.worker")
MOST_WORKERS = 64


class Worker:
    """One loop: claim, do, finish; and sweep now and then."""

    def __init__(self) -> None:
        from alarp.gateway import steps
        from alarp.records.ledger import work

        self._work, self._steps = work, steps.STEPS
        self._sweeps = steps.SWEEPS
        self._ending = threading.Event()
        self._place: IO[str]
        self.owner = self._take_place()
        self.released = work.release(self.owner)

    def _take_place(self) -> str:
        from alarp.records.configuration import configuration

        folder = configuration().data / "workers"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in range(1, MOST_WORKERS + 1):
            place = (folder / f"worker-{number}.lock").open("a")
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                place.close()
                continue
            self._place = place  # held as long as this process lives
            return f"{socket.gethostname()}/worker-{number}"
        raise Unavailable(f"{MOST_WORKERS} workers run on this machine already; that is the most.")

    def stop(self) -> None:
        self._ending.set()

    def run(self) -> None:
        """Work until told to stop; an idle worker looks again after `poll_s`."""
        from alarp.records import clock
        from alarp.records.configuration import configuration

        swept = float("-inf")
        while not self._ending.is_set():
            moment = clock.now().timestamp()
            if moment - swept >= configuration().sweep_s:
                swept = moment
                self._sweep()
            if not self.once():
                self._ending.wait(configuration().poll_s)

    def _sweep(self) -> None:
        """Look at what nobody asked for; what goes wrong in one part is told by its kind, and the rest is done."""
        from alarp.records import clock

        for part in self._sweeps:
            try:
                self._guarded(lambda part=part: part(clock.now()))
            except Exception as error:
                LOG.error("sweep %s failed: %s", part.__name__, _place_of(error))

    def once(self) -> bool:
        """Do one step that is due; False when there is none."""
        from django.db import DatabaseError, close_old_connections

        close_old_connections()
        try:
            claims = self._work.claim(self.owner)
        except DatabaseError as error:
            LOG.error("the ledger cannot be reached (%s)", type(error).__name__)
            return False
        for step in claims:
            self._do(step)
        return bool(claims)

    def _do(self, step: Any) -> None:
        handler = self._steps.get(step.kind)
        try:
            if handler is None:
                raise Unavailable(f"This version of Alarp knows no step {step.kind!r}.", phase=step.phase)
            handler(step)
        except self._work.LostLease:
            LOG.warning("step %s %s was taken over by another worker", step.kind, step.pk)
        except Unavailable as error:
            self._later(step, str(error), error.phase)
        except AlarpError as error:
            self._later(step, str(error))
        except Exception as error:
            # The message may hold what was read: only the kind of error and the place are written down.
            where = _place_of(error)
            LOG.error("step %s %s failed: %s", step.kind, step.pk, where)
            self._later(step, f"Unexpected fault ({where}); tried again later. Report it to Alarp's makers.")

    def _later(self, step: Any, sentence: str, phase: str = "") -> None:
        where = phase or step.phase or step.kind
        self._guarded(lambda: self._work.retry(step, phase=where, sentence=sentence))

    def _guarded(self, action: Callable[[], Any]) -> None:
        """Housekeeping that must not end the loop: a lease that was lost, a database that is away."""
        from django.db import DatabaseError

        try:
            action()
        except self._work.LostLease:
            LOG.warning("a step was taken over by another worker")
        except (DatabaseError, AlarpError) as error:
            LOG.error("housekeeping was put off (%s)", type(error).__name__)


def _place_of(error: Exception) -> str:
    """The kind of error and where it was: never its message, which may hold what was read."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}"


def main() -> int:
    boot()
    from alarp.records import pseudonym_keys

    try:
        pseudonym_keys.check_all()
        worker = Worker()
    except (AlarpError, OSError) as error:
        print(f"The worker does not start: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, lambda *_: worker.stop())
    print(json.dumps({"ready": "worker", "owner": worker.owner, "released": worker.released}), flush=True)
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
