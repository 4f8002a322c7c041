"""How does one object go out on an association without the library's state machine in its way?

pynetdicom negotiates, releases and carries every other service. Once an association stands, a C-STORE request is
written to the socket here, as few large writes, and its answer is read here: the counterpart of `receiving.lane`,
with the same units and the same command sets. Whatever else comes in meanwhile is handed on to the library.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from pynetdicom.association import Association
from pynetdicom.dsutils import split_dataset

from alarp.gateway.receiving.messages import store_answer, store_command
from alarp.gateway.receiving.taking_over import CONNECTION_CLOSED, INVALID_UNIT
from alarp.gateway.receiving.wire import (
    FRAGMENT_HEAD,
    HEAD,
    P_DATA,
    Lost,
    Malformed,
    Wire,
    fragments,
    units,
)

BLOCK_BYTES = 1 << 18  # written at once: the peer works on one while the next is read from the disk
UNIT_BYTES = 1 << 17  # to a peer that sets no limit
LONGEST_UNIT_BYTES = BLOCK_BYTES  # to a peer that would take more
_LAST = 0x02
_META_START, _LENGTH_ENDS = 132, 144


class OutgoingLane:
    """The C-STORE requests that we send on one association."""

    def __init__(self, association: Association, *, wait_s: float) -> None:
        self._association, self._provider = association, association.dul
        self._most = min(association.acceptor.maximum_length or UNIT_BYTES, LONGEST_UNIT_BYTES)
        self._buffer = bytearray(BLOCK_BYTES)
        self._wire = Wire(association.dul.socket.socket, largest=UNIT_BYTES, silence_s=wait_s)
        self._turn = threading.Lock()  # the library's thread reads only while no object is under way
        self._provider._read_pdu_data = self._read_for_the_library  # type: ignore[method-assign]

    def store(
        self, file: Path, context_id: int, *, sop_class: str, sop_uid: str, message_id: int
    ) -> int | None:
        """Send one Part 10 file; answers the status the peer gave, None when it gave none (it may have the object)."""
        with self._turn:
            self._association._reactor_checkpoint.clear()
            try:
                command = store_command(sop_class, sop_uid, message_id)
                parts: list[bytes | memoryview] = [*units(command, context_id, most=self._most)]
                for block in self._blocks(file, context_id):
                    self._wire.send_parts([*parts, *block])
                    self._provider._idle_timer.restart()
                    parts = []
                return self._answer(message_id)
            except Lost:
                self._provider.event_queue.put(CONNECTION_CLOSED)
            except Malformed:
                self._provider.event_queue.put(INVALID_UNIT)
            finally:
                self._association._reactor_checkpoint.set()
        return None

    def _blocks(self, file: Path, context_id: int) -> Iterator[list[bytes | memoryview]]:
        """The data set of this file as P-DATA units of the length that the peer takes, a quarter of a megabyte at a time.

        What it gives is valid until the next is asked for: one buffer is read into again and again.
        """
        room = self._most - FRAGMENT_HEAD.size
        if room <= 0:
            raise Malformed(f"the peer takes units of {self._most} bytes, too small for any fragment")
        at_once = memoryview(self._buffer)[: max(1, BLOCK_BYTES // room) * room]
        with file.open("rb", buffering=0) as source:
            left = os.fstat(source.fileno()).st_size - _data_set_start(source.read(_LENGTH_ENDS), file)
            source.seek(-left, os.SEEK_END)
            while True:
                wanted = min(left, len(at_once))
                if source.readinto(at_once[:wanted]) != wanted:
                    raise Lost("the file became shorter while it was sent")
                left -= wanted
                yield [*_units(at_once[:wanted], context_id, room, ends=not left)]
                if not left:
                    return

    def _answer(self, message_id: int) -> int | None:
        command = bytearray()
        while True:
            kind, unit = self._wire.read()
            if kind != P_DATA:
                self._hand_on(unit)
                return None
            for fragment in fragments(unit):
                if not fragment.is_command:
                    raise Malformed("a data set in answer to a C-STORE request")
                command += fragment.data
                if fragment.is_last:
                    answered, status = store_answer(bytes(command))
                    if answered != message_id:
                        raise Malformed("an answer to another request")
                    return status

    def _read_for_the_library(self) -> None:
        with self._turn:
            try:
                if self._wire.waits(0):
                    self._hand_on(self._wire.read()[1])
            except Lost:
                self._provider.event_queue.put(CONNECTION_CLOSED)
            except Malformed:
                self._provider.event_queue.put(INVALID_UNIT)

    def _hand_on(self, unit: memoryview) -> None:
        found, event = self._provider._decode_pdu(bytearray(unit))
        self._provider._recv_pdu.put(found)
        self._provider.event_queue.put(event)


def _units(block: memoryview, context_id: int, room: int, *, ends: bool) -> Iterator[bytes | memoryview]:
    """The heads of unit and fragment, and the fragment itself, in turn."""
    for start in range(0, len(block) or 1, room):
        part = block[start : start + room]
        is_last = _LAST if ends and start + room >= len(block) else 0
        yield HEAD.pack(P_DATA, FRAGMENT_HEAD.size + len(part)) + FRAGMENT_HEAD.pack(
            len(part) + 2, context_id, is_last
        )
        yield part


def _data_set_start(head: bytes, file: Path) -> int:
    """Where the file meta ends: by its group length (PS3.10 table 7.1-1), or as the library finds it."""
    if head[_META_START - 4 : _META_START + 8] == b"DICM\x02\0\0\0UL\x04\0" and len(head) == _LENGTH_ENDS:
        return _LENGTH_ENDS + int.from_bytes(head[_LENGTH_ENDS - 4 :], "little")
    return int(split_dataset(file)[1])
