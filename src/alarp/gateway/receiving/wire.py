"""Which protocol data units come in on this connection, and which fragments of messages lie in them?

PS3.8 section 9.3 (units: one byte type, one reserved, four bytes length, big endian) and annex E (fragments: four
bytes length, one byte presentation context, one byte control header). Nothing is decoded here, and a unit's
bytes are read into one buffer that is used again and again.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass

P_DATA = 0x04
KNOWN_TYPES = frozenset(range(0x01, 0x08))
HEAD = struct.Struct(">BxL")
FRAGMENT_HEAD = struct.Struct(">LBB")
_IS_COMMAND, _IS_LAST = 0x01, 0x02
_GATHERED = 64  # parts in one call; the kernel's own limit is 1024
_CONTROL_UNITS_BYTES = 1 << 20  # an A-ASSOCIATE-RQ with 128 contexts and its user information is far below


class Malformed(Exception):
    """What came does not follow PS3.8; the association cannot go on (A-ABORT, invalid PDU)."""


class Lost(Exception):
    """The connection is closed, broken, or silent in the middle of a unit."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One presentation data value. `data` is valid until the next unit is read."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


class Wire:
    """Whole units from one connection, and bytes back to it."""

    def __init__(self, connection: socket.socket, *, largest: int, silence_s: float | None) -> None:
        """`largest`: the maximum length that we announced, in bytes; `silence_s`: longest pause inside a unit."""
        self._connection, self._largest = connection, largest
        self._buffer = memoryview(bytearray(HEAD.size + largest))
        connection.settimeout(silence_s)

    def waits(self, seconds: float) -> bool:
        """Is there something to read now, or within so many seconds?"""
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return True  # decrypted already: the kernel knows nothing of it
        try:
            return bool(select.select([self._connection], [], [], seconds)[0])
        except (OSError, ValueError):
            return True  # closed under us: reading will say so

    def read(self) -> tuple[int, memoryview]:
        """The next unit: its type and all of its bytes, valid until the next call. Raises Malformed or Lost."""
        head = self._buffer[: HEAD.size]
        self._fill(head)
        kind, length = HEAD.unpack(head)
        if kind not in KNOWN_TYPES:
            raise Malformed(f"a unit of type {kind:02X}")
        if length <= self._largest:
            unit = self._buffer[: HEAD.size + length]
        elif kind == P_DATA or length > _CONTROL_UNITS_BYTES:
            raise Malformed(f"a unit of {length} bytes; {self._largest} were announced as the most")
        else:
            unit = memoryview(bytearray(HEAD.size + length))
            unit[: HEAD.size] = head
        self._fill(unit[HEAD.size :])
        return kind, unit

    def _fill(self, view: memoryview) -> None:
        have = 0
        while have < len(view):
            try:
                got = self._connection.recv_into(view[have:])
            except OSError as error:  # a silence longer than allowed among them
                raise Lost(type(error).__name__) from None
            if not got:
                raise Lost("closed")
            have += got

    def send(self, data: bytes) -> None:
        """Hand these bytes to the other side. Raises Lost."""
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise Lost(type(error).__name__) from None

    def send_parts(self, parts: list[bytes | memoryview]) -> None:
        """Hand these over one behind the other, gathered by the kernel where the connection lets it. Raises Lost."""
        if isinstance(self._connection, ssl.SSLSocket):
            self.send(b"".join(parts))
            return
        left = [memoryview(part) for part in parts]
        try:
            while left:
                sent = self._connection.sendmsg(left[:_GATHERED])
                while left and sent >= len(left[0]):
                    sent -= len(left.pop(0))
                if sent:
                    left[0] = left[0][sent:]
        except OSError as error:
            raise Lost(type(error).__name__) from None


def fragments(unit: memoryview) -> Iterator[Fragment]:
    """The fragments of one P-DATA unit, in order. Raises Malformed where lengths do not add up."""
    position, end = HEAD.size, len(unit)
    if position == end:
        raise Malformed("a P-DATA unit that holds nothing")
    while position < end:
        if end - position < FRAGMENT_HEAD.size:
            raise Malformed("a fragment without a head")
        length, context_id, control = FRAGMENT_HEAD.unpack_from(unit, position)
        start, position = position + FRAGMENT_HEAD.size, position + 4 + length
        if length < 2 or position > end:
            raise Malformed(f"a fragment of {length} bytes in a unit of {end - HEAD.size}")
        yield Fragment(
            context_id, bool(control & _IS_COMMAND), bool(control & _IS_LAST), unit[start:position]
        )


def units(data: bytes, context_id: int, *, most: int) -> Iterator[bytes]:
    """This command set as P-DATA units of at most `most` bytes (0: no limit), as the other side announced it."""
    room = most - FRAGMENT_HEAD.size if most else len(data)
    if room <= 0:
        raise Malformed(f"the other side takes units of {most} bytes, too small for any fragment")
    for start in range(0, len(data), room):
        part = data[start : start + room]
        control = _IS_COMMAND | (_IS_LAST if start + room >= len(data) else 0)
        head = FRAGMENT_HEAD.pack(len(part) + 2, context_id, control)
        yield HEAD.pack(P_DATA, len(head) + len(part)) + head + part
