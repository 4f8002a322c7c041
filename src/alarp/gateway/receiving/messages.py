"""What does a C-STORE request say, how is it answered, and which file meta goes before its data set?

Command sets are implicit little endian (PS3.7 section 6.3.1); the request and the response are those of
PS3.7 section 9.3.1, the file meta that of PS3.10 section 7.1. Each is a handful of short elements: they are
read and written here without a data set object, and tests hold them against the DICOM libraries byte by byte.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from alarp.gateway.receiving.wire import Malformed
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
NO_DATA_SET = 0x0101
_GROUP_LENGTH, _SOP_CLASS, _FIELD, _MESSAGE_ID, _ANSWERED, _PRIORITY, _DATA_SET_TYPE, _STATUS, _SOP_UID = (
    0x0000,
    0x0002,
    0x0100,
    0x0110,
    0x0120,
    0x0700,
    0x0800,
    0x0900,
    0x1000,
)
_ELEMENT = struct.Struct("<HHL")


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """One C-STORE request: which object is announced, and under which number it is answered."""

    message_id: int
    sop_class: str
    sop_uid: str
    has_data_set: bool

    def answer(self, status: int) -> bytes:
        """The command set of the response with this status."""
        body = (
            _element(_SOP_CLASS, _uid(self.sop_class))
            + _element(_FIELD, struct.pack("<H", C_STORE_RSP))
            + _element(_ANSWERED, struct.pack("<H", self.message_id))
            + _element(_DATA_SET_TYPE, struct.pack("<H", NO_DATA_SET))
            + _element(_STATUS, struct.pack("<H", status))
            + _element(_SOP_UID, _uid(self.sop_uid))
        )
        return _element(_GROUP_LENGTH, struct.pack("<L", len(body))) + body


def store_request(command: bytes) -> StoreRequest | None:
    """The C-STORE request that this command set is; None when it is another command. Raises Malformed."""
    said = _elements(command)
    if _number(said, _FIELD) != C_STORE_RQ:
        return None
    message_id = _number(said, _MESSAGE_ID)
    if message_id is None:
        raise Malformed("a C-STORE request without a message ID")
    return StoreRequest(
        message_id=message_id,
        sop_class=_text(said, _SOP_CLASS),
        sop_uid=_text(said, _SOP_UID),
        has_data_set=_number(said, _DATA_SET_TYPE) != NO_DATA_SET,
    )


def store_command(sop_class: str, sop_uid: str, message_id: int) -> bytes:
    """The command set of a C-STORE request for this object, at medium priority."""
    body = (
        _element(_SOP_CLASS, _uid(sop_class))
        + _element(_FIELD, struct.pack("<H", C_STORE_RQ))
        + _element(_MESSAGE_ID, struct.pack("<H", message_id))
        + _element(_PRIORITY, struct.pack("<H", 0))
        + _element(_DATA_SET_TYPE, struct.pack("<H", 1))
        + _element(_SOP_UID, _uid(sop_uid))
    )
    return _element(_GROUP_LENGTH, struct.pack("<L", len(body))) + body


def store_answer(command: bytes) -> tuple[int, int]:
    """Which request does this C-STORE response answer, and with which status? Raises Malformed for anything else."""
    said = _elements(command)
    answered, status = _number(said, _ANSWERED), _number(said, _STATUS)
    if _number(said, _FIELD) != C_STORE_RSP or answered is None or status is None:
        raise Malformed("something else than the answer to a C-STORE request")
    return answered, status


def file_head(sop_class: str, sop_uid: str, transfer_syntax: str) -> bytes:
    """Preamble and file meta of an object received under these names: always the same for the same names.

    The libraries' own file meta carries their version: the same data set, received before and after an
    upgrade, would get two digests.
    """
    body = (
        _meta(0x0001, b"OB\0\0", b"\0\x01")
        + _meta(0x0002, b"UI", _uid(sop_class))
        + _meta(0x0003, b"UI", _uid(sop_uid))
        + _meta(0x0010, b"UI", _uid(transfer_syntax))
        + _meta(0x0012, b"UI", _uid(IMPLEMENTATION_CLASS_UID))
        + _meta(0x0013, b"SH", _even(IMPLEMENTATION_VERSION_NAME.encode("ascii"), b" "))
    )
    return b"\0" * 128 + b"DICM" + _meta(0x0000, b"UL", struct.pack("<L", len(body))) + body


def announced(head: bytes) -> tuple[str, str, str]:
    """Which SOP class, instance and transfer syntax does the head of a file name that `file_head` wrote?

    Raises ValueError when it is no such head.
    """
    said, position = {}, 132
    length = struct.unpack_from("<L", head, position + 8)[0] if len(head) > position + 12 else 0
    if head[128:132] != b"DICM" or not 0 < length <= len(head) - position - 12:
        raise ValueError("not a file that was written here")
    position, end = position + 12, position + 12 + length
    while position < end:
        number, vr, size = struct.unpack_from("<2xH2sH", head, position)
        position += 8
        if vr == b"OB":
            size, position = struct.unpack_from("<L", head, position)[0], position + 4
        said[number] = head[position : position + size]
        position += size
    return _text(said, 0x0002), _text(said, 0x0003), _text(said, 0x0010)


def _elements(command: bytes) -> dict[int, bytes]:
    found, position = {}, 0
    while position < len(command):
        if len(command) - position < _ELEMENT.size:
            raise Malformed("a command set that ends inside an element")
        group, number, length = _ELEMENT.unpack_from(command, position)
        start, position = position + _ELEMENT.size, position + _ELEMENT.size + length
        if group or position > len(command):
            raise Malformed("a command set that holds something else than commands")
        found[number] = command[start:position]
    return found


def _number(said: dict[int, bytes], element: int) -> int | None:
    value = said.get(element, b"")
    return int(struct.unpack("<H", value)[0]) if len(value) == 2 else None


def _text(said: dict[int, bytes], element: int) -> str:
    return said.get(element, b"").decode("ascii", "replace").strip(" \0")


def _even(value: bytes, padding: bytes) -> bytes:
    return value + padding if len(value) % 2 else value


def _uid(text: str) -> bytes:
    return _even(text.encode("ascii", "replace"), b"\0")


def _element(number: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0x0000, number, len(value)) + value


def _meta(number: int, vr: bytes, value: bytes) -> bytes:
    length = struct.pack("<H" if len(vr) == 2 else "<L", len(value))
    return struct.pack("<HH", 0x0002, number) + vr + length + value
