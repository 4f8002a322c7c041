"""Where do the associations of every process hand in what they took? Into the spool, with a bell for the clerk.

Success may follow as soon as `take` has returned. Nothing is shared between the processes but the folder, a pipe that
wakes the clerk, and the number of those that still wait, which the clerk says.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from ctypes import c_long
from multiprocessing.sharedctypes import RawValue
from pathlib import Path

from alarp.kernel import Unavailable
from alarp.records import clock, spool
from alarp.records.ledger.models import Peer

MOST_WAITING = 2000  # seconds of the clerk's work; with more the senders wait, as they would for a slow disk
PATIENCE_S = 10.0
_LOOK_S = 0.01


class Intake:
    """One for all processes: made before they are forked."""

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._rung, False)
        self._waiting = RawValue(c_long, 0)

    def take(self, peer: Peer, file: Path, checksum: str) -> None:
        """Take in this written file; durable on return. Raises Unavailable while too many wait to be written down."""
        self._wait_for_the_clerk()
        spool.add(file, peer=peer.pk, checksum=checksum, at=clock.now())
        self.ring()

    def _wait_for_the_clerk(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while self._waiting.value > MOST_WAITING:
            if time.monotonic() > end:
                raise Unavailable(
                    f"{self._waiting.value} objects wait for the ledger already; the sender is asked to try again.",
                    phase="receive",
                )
            time.sleep(_LOOK_S)

    @property
    def bell(self) -> int:
        """The file descriptor that becomes ready when something was taken in."""
        return self._heard

    def ring(self) -> None:
        """Wake the clerk."""
        with suppress(BlockingIOError):  # rung often enough already
            os.write(self._rung, b"\0")

    def heard(self) -> None:
        """Let the bell be silent until it rings again."""
        with suppress(BlockingIOError):
            while os.read(self._heard, 65536):
                pass

    def say_how_many_wait(self, number: int) -> None:
        """For the processes that receive, so that they do not run away from the clerk."""
        self._waiting.value = number

    def close(self) -> None:
        os.close(self._heard)
        os.close(self._rung)
