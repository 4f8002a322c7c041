"""Which processes take images in, and what when one dies? A parent that only watches, receivers, and one clerk.

The interpreter moves one thing at a time in one process; images come in as fast as there are processes. All share
one listening socket: an association stays with the process that accepted it. The clerk writes the ledger for all of
them, in what time they leave.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import connection as channels
from multiprocessing.context import ForkProcess
from typing import Any

from django.db import connections

from alarp.gateway.listener import Door, Listener, Service
from alarp.gateway.receiving.clerk import Clerk
from alarp.gateway.receiving.intake import Intake
from alarp.gateway.sockets import DRAIN_S

LOG = logging.getLogger("alarp.gateway.processes")
LOOK_S = 0.5
AGAIN_AFTER_S = 1.0
BEHIND_THE_RECEIVERS = 5  # niceness: what waits in the spool is safe, a sender that waits is not served
WRITES, RECEIVES = "writing", "receiving"


class Gateway:
    """Everything that listens for DICOM on this machine under one parent."""

    def __init__(self, doors: Sequence[Door], *, processes: int, services: Sequence[Service] = ()) -> None:
        self._doors, self._services = doors, services
        self._roles = [WRITES, *[RECEIVES] * processes]
        self._intake = Intake()
        self._ending = threading.Event()
        self._children: list[ForkProcess] = []

    def stop(self, *_: Any) -> None:
        """Come to an end; may be called from a signal's handler."""
        self._ending.set()

    def run(self) -> None:
        """Receive until told to stop; answers when nobody sends any more and all that came is written down."""
        started = time.monotonic()
        self._children = [self._child(role) for role in self._roles]
        while not self._ending.is_set():
            dead = channels.wait([child.sentinel for child in self._children], LOOK_S)
            if dead:
                time.sleep(max(0.0, AGAIN_AFTER_S - (time.monotonic() - started)))
                started = time.monotonic()
                self._replace(dead)
        for role in (RECEIVES, WRITES):
            self._end(role)
        self._intake.close()

    def _replace(self, dead: Sequence[Any]) -> None:
        for number, child in enumerate(self._children):
            if child.sentinel in dead:
                child.join()
                LOG.error("a %s process ended (%s) and is replaced", child.name, child.exitcode)
                self._children[number] = self._child(child.name)

    def _end(self, role: str) -> None:
        """Tell these to end, give them the time that a drain may take, and see to it that they have ended."""
        children = [child for child in self._children if child.name == role]
        for child in children:
            child.terminate()
        end = time.monotonic() + DRAIN_S + LOOK_S
        for child in children:
            child.join(max(0.0, end - time.monotonic()))
            child.kill()
            child.join()

    def _child(self, role: str) -> ForkProcess:
        connections.close_all()  # a database connection does not bear being forked
        work = self._write if role == WRITES else self._receive
        child = multiprocessing.get_context("fork").Process(target=work, name=role)
        child.start()
        return child

    def _receive(self) -> None:
        """A receiver's life: it drains when told to end, and ends with its parent."""
        listener = Listener(self._doors, intake=self._intake, services=self._services)
        _begin(stop=listener.stop)
        listener.serve()

    def _write(self) -> None:
        """The clerk's life: it writes down what is left when told to end, and ends with its parent."""
        ending = threading.Event()
        _begin(stop=ending.set)
        os.nice(BEHIND_THE_RECEIVERS)
        clerk = Clerk(self._intake)
        while not ending.is_set():
            clerk.turn(at_most_s=LOOK_S)
        clerk.finish()


def _begin(*, stop: Callable[[], object]) -> None:
    signal.signal(signal.SIGTERM, lambda *_: stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and tells its children
    _when_the_parent_is_gone(lambda: os._exit(1))


def _when_the_parent_is_gone(leave: Callable[[], object]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        channels.wait([parent.sentinel])
        leave()

    threading.Thread(target=watch, daemon=True, name="parent").start()
