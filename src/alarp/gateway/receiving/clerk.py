"""Who writes the ledger when several processes receive? One clerk, one commit for all who wait (group commit).

A listener hands in an arrival whose bytes are durable and waits; the clerk gathers whatever has been handed in
while the last commit ran, writes it in one transaction, and answers everybody. With one sender that is one
commit an image; with many, the commits are shared, and no two processes fight for the database.
"""

from __future__ import annotations

import logging
import queue
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import connection as channels
from pathlib import Path

from django.db import DatabaseError, close_old_connections

from alarp.kernel import AlarpError, Unavailable
from alarp.records.ledger import arrivals
from alarp.records.ledger.arrivals import Arrival, Receipt
from alarp.records.ledger.models import Peer

LOG = logging.getLogger("alarp.gateway.clerk")
HandedIn = tuple[Peer, Arrival]


class Clerk:
    """Answers arrivals on a socket that only this user's processes can reach."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="alarp-clerk-"))  # mode 0700
        self.address = str(self._folder / "ledger")
        self._entrance = channels.Listener(self.address, family="AF_UNIX", backlog=64)
        self._waiting: list[channels.Connection] = []

    def turn(self, others: Sequence[int] = (), *, at_most_s: float) -> set[int]:
        """Wait for something to do and do it; answers which of the `others` (file descriptors) became ready."""
        entrance = self._entrance._listener._socket  # type: ignore[attr-defined]
        ready = channels.wait([entrance, *self._waiting, *others], at_most_s)
        if entrance in ready:
            self._waiting.append(self._entrance.accept())
        self._write([found for found in self._waiting if found in ready])
        return {found for found in ready if isinstance(found, int)}

    def _write(self, ready: Sequence[channels.Connection]) -> None:
        handed_in: list[tuple[channels.Connection, HandedIn]] = []
        for desk in ready:
            try:
                handed_in.append((desk, desk.recv()))
            except (EOFError, OSError):
                self._waiting.remove(desk)
                desk.close()
        if not handed_in:
            return
        close_old_connections()
        answers = _written([arrival for _, arrival in handed_in])
        for (desk, _), answer in zip(handed_in, answers, strict=True):
            with suppress(OSError):  # whoever asked is gone; their sender will bring it again
                desk.send(answer)

    def close(self) -> None:
        self._entrance.close()
        for desk in self._waiting:
            desk.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _written(handed_in: Sequence[HandedIn]) -> Sequence[Receipt | str]:
    """A receipt for each, or the kind of error for which it was not written."""
    try:
        return arrivals.receive_all(handed_in)
    except (AlarpError, DatabaseError, ValueError) as error:
        if len(handed_in) == 1:
            return [type(error).__name__]
        close_old_connections()
        return [_written([one])[0] for one in handed_in]  # one that cannot be written stops no other


class Desk:
    """Where the associations of one listener hand in their arrivals; threads may share it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._free: queue.LifoQueue[channels.Connection] = queue.LifoQueue()

    def write_down(self, peer: Peer, arrival: Arrival) -> Receipt:
        """Hand in one arrival and wait until it is durable. Raises Unavailable when it was not written."""
        try:
            link = self._free.get_nowait()
        except queue.Empty:
            link = self._open()
        try:
            link.send((peer, arrival))
            answer = link.recv()
        except (EOFError, OSError):
            link.close()
            raise Unavailable("The ledger cannot be reached; the sender is asked to try again.") from None
        self._free.put(link)
        if isinstance(answer, Receipt):
            return answer
        raise Unavailable(f"An object was not kept ({answer}); the sender was told so.", phase="receive")

    def _open(self) -> channels.Connection:
        try:
            return channels.Client(self._address, family="AF_UNIX")
        except OSError:
            raise Unavailable("The ledger cannot be reached; the sender is asked to try again.") from None
