"""How many processes receive, and what when one dies? A parent that writes the ledger, children that receive.

The interpreter moves one thing at a time in one process; images come in as fast as there are processes. All share
one listening socket: an association stays with the process that accepted it. The parent is the clerk. With
`gateway_processes` 1 there are no children: one thread receives and the main one writes.
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
from alarp.gateway.receiving.clerk import Clerk, Desk
from alarp.gateway.sockets import DRAIN_S

LOG = logging.getLogger("alarp.gateway.processes")
LOOK_S = 0.5
AGAIN_AFTER_S = 1.0


class Gateway:
    """Everything that listens for DICOM on this machine under one parent."""

    def __init__(self, doors: Sequence[Door], *, processes: int, services: Sequence[Service] = ()) -> None:
        self._doors, self._services, self._processes = doors, services, processes
        self._clerk = Clerk()
        self._ending = threading.Event()
        self._children: list[ForkProcess] = []

    def stop(self, *_: Any) -> None:
        """Come to an end; may be called from a signal's handler."""
        self._ending.set()

    def run(self) -> None:
        """Receive until told to stop; answers when nobody sends any more."""
        try:
            if self._processes == 1:
                self._alone()
            else:
                self._with_children()
        finally:
            self._clerk.close()

    def _alone(self) -> None:
        listener = self._listener()
        receiving = threading.Thread(target=listener.serve, name="receiving")
        receiving.start()
        while receiving.is_alive():
            if self._ending.is_set():
                listener.stop()
            self._clerk.turn(at_most_s=LOOK_S)

    def _with_children(self) -> None:
        started = time.monotonic()
        self._children = [self._child() for _ in range(self._processes)]
        while not self._ending.is_set():
            dead = self._clerk.turn([child.sentinel for child in self._children], at_most_s=LOOK_S)
            if dead:
                time.sleep(max(0.0, AGAIN_AFTER_S - (time.monotonic() - started)))
                started = time.monotonic()
                self._replace(dead)
        for child in self._children:
            child.terminate()
        end = time.monotonic() + DRAIN_S + LOOK_S
        while any(child.is_alive() for child in self._children) and time.monotonic() < end:
            self._clerk.turn(at_most_s=LOOK_S / 5)
        for child in self._children:
            child.kill()
            child.join()

    def _replace(self, dead: set[int]) -> None:
        for number, child in enumerate(self._children):
            if child.sentinel in dead:
                child.join()
                LOG.error("a receiving process ended (%s) and is replaced", child.exitcode)
                self._children[number] = self._child()

    def _child(self) -> ForkProcess:
        connections.close_all()  # a database connection does not bear being forked
        child = multiprocessing.get_context("fork").Process(target=self._receive, name="receiving")
        child.start()
        return child

    def _receive(self) -> None:
        """A child's life: it receives, drains when told to end, and ends with its parent."""
        listener = self._listener()
        signal.signal(signal.SIGTERM, lambda *_: listener.stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told, and tells its children
        _when_the_parent_is_gone(lambda: os._exit(1))
        listener.serve()

    def _listener(self) -> Listener:
        desk = Desk(self._clerk.address)
        return Listener(self._doors, write_down=desk.write_down, services=self._services)


def _when_the_parent_is_gone(leave: Callable[[], object]) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        channels.wait([parent.sentinel])
        leave()

    threading.Thread(target=watch, daemon=True, name="parent").start()
