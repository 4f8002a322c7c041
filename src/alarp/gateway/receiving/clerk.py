"""Who writes the ledger when several processes receive? One clerk, who empties the spool in the order of arrival.

What has gathered while one batch was written is the next: with one slow sender that is one commit an image, with many
the commits are shared, and no two processes fight for the database. An object leaves the spool when it lies under its
digest and its row is durable; a clerk that is killed anywhere in between does the same again, and the object is counted
as brought twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import connection as channels

from django.db import InterfaceError, OperationalError, close_old_connections

from alarp.gateway.receiving.intake import Intake
from alarp.gateway.receiving.keeping import arrival_in
from alarp.records import objects, spool
from alarp.records.ledger import arrivals
from alarp.records.ledger.arrivals import Arrival
from alarp.records.ledger.models import Peer
from alarp.records.spool import Entry

LOG = logging.getLogger("alarp.gateway.clerk")
MOST_AT_ONCE = 256
MOST_WRITTEN = 4096  # names that are let go from the spool at once, when it is never idle
SILENT_S, LONGEST_GATHERING_S = 0.1, 1.0
AGAIN_AFTER_S = 1.0
TORN = (
    "The bytes are not those that were taken in: the machine stopped before they were on its disk, "
    "or the disk gives back something else."
)


class NotWhole(Exception):
    """Among these is one whose bytes are not those that were taken in."""


class Clerk:
    """Writes down what was taken in, a batch a turn, while no other clerk does."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._recovered = False
        self._written = 0
        self._not_before = 0.0

    def turn(self, *, at_most_s: float) -> None:
        """Wait for something to do, and do it."""
        channels.wait([] if self._away else [self._intake.bell], at_most_s)
        self._gather()
        while not self._away and self.write_down():
            if spool.count() < MOST_AT_ONCE:
                self._gather()

    def _gather(self) -> None:
        """Wait until nobody receives for a moment, but not for long: each commit makes those wait who sync."""
        end = time.monotonic() + LONGEST_GATHERING_S
        while time.monotonic() < end and channels.wait([self._intake.bell], SILENT_S):
            self._intake.heard()
            time.sleep(SILENT_S / 4)

    def write_down(self) -> bool:
        """Write down the next batch; True when there may be more. What alone cannot be written is set aside."""
        if not spool.is_mine():
            return False
        if not self._recovered:
            spool.take_out()  # what a dead process had written, and what it set aside
            spool.take_up_again()
            self._recovered = True
        entries = spool.entries(MOST_AT_ONCE)
        if entries and not self._wrote(entries):
            for entry in entries:
                if not (self._away or self._wrote([entry]) or self._away):
                    spool.set_aside(entry)
        self._intake.say_how_many_wait(spool.count())
        self._written += len(entries)
        if not entries or self._written > MOST_WRITTEN:
            spool.take_out()
            self._written = 0
        return bool(entries) and not self._away

    def finish(self) -> None:
        """Write down what is left, as far as that goes."""
        while self.write_down():
            pass

    def _wrote(self, entries: Sequence[Entry]) -> bool:
        """Are these written down now? Nobody is to blame while the ledger is away: then it is tried again later."""
        close_old_connections()
        try:
            _write(entries)
        except (OperationalError, InterfaceError) as error:
            LOG.error(
                "the ledger cannot be written now (%s); what came stays in the spool", type(error).__name__
            )
            self._not_before = time.monotonic() + AGAIN_AFTER_S
            return False
        except Exception as error:  # whatever it is, the objects behind this one are not to wait for it
            if len(entries) == 1:
                LOG.error("an object that was taken in cannot be written down (%s)", type(error).__name__)
            return False
        return True

    @property
    def _away(self) -> bool:
        return time.monotonic() < self._not_before


def _write(entries: Sequence[Entry]) -> None:
    """Make these objects of the store and rows of the ledger; they stand in the spool no more.

    Raises NotWhole when one of several is torn; alone, it is kept apart.
    """
    read = [(entry, spool.digest_of(entry)) for entry in entries]
    whole = [(entry, sha256) for entry, sha256 in read if sha256]
    if len(whole) < len(entries):
        if len(entries) > 1:
            raise NotWhole(TORN)
        _keep_apart(entries[0])
        return
    objects.adopt([(entry.file, sha256) for entry, sha256 in whole])
    peers = Peer.objects.in_bulk({entry.peer for entry in entries})
    arrivals.receive_all([(peers[entry.peer], _arrival(entry, sha256)) for entry, sha256 in whole])
    spool.written(whole)


def _arrival(entry: Entry, sha256: str) -> Arrival:
    return replace(arrival_in(entry.file, sha256), received_at=entry.at)


def _keep_apart(entry: Entry) -> None:
    """Keep what is left of an object that is not whole, for a person to look at; say only so where nothing is left."""
    size_bytes = entry.file.stat().st_size
    if not size_bytes:
        LOG.error("an object of which nothing reached the disk was let go; its sender was not told Success")
        entry.file.unlink()
        return
    sha256 = objects.digest_of(entry.file)
    try:
        arrival = arrival_in(entry.file, sha256)
    except ValueError:  # not even its head is whole
        arrival = Arrival(sha256, size_bytes, sop_uid="", sop_class="", transfer_syntax="")
    objects.adopt([(entry.file, sha256)])
    objects.make_durable(objects.path_of(sha256))
    arrivals.receive(Peer.objects.get(pk=entry.peer), replace(arrival, received_at=entry.at, trouble=TORN))
    entry.file.unlink()
