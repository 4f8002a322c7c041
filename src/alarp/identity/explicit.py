"""How do the elements of an explicit little endian data set lie, and how is one written? Only what is plain.

A second walker beside `structure`, for speed: it decodes nothing and gives up (NotPlain) wherever `structure` would go
on. The leak scanner reads with `structure`, so that what was written here is looked at by other code.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from alarp.identity.structure import PIXEL_DATA

read_head = struct.Struct("<HH2sH").unpack_from
read_length = struct.Struct("<L").unpack_from
_pack_short = struct.Struct("<HH2sH").pack
_pack_long = struct.Struct("<HH2sHL").pack

LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
DEEPEST = 60

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"
_NOTHING_LONG = b"\0\0\0\0"


class NotPlain(Exception):
    """This object does not lie plainly enough to be walked as bytes; the careful way decides about it."""


class Source(Protocol):
    """Bytes that are read in slices: bytes themselves, or a file behind `pread`."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Range:
    """These bytes of the source stay as they are: from `start` up to `end`."""

    start: int
    end: int


class Element(NamedTuple):
    """One element as it lies: `key` are its tag and VR as they are written; `value` is where its value begins."""

    tag: int
    key: bytes
    start: int
    value: int
    end: int
    open_ended: bool


class Items(NamedTuple):
    """One item of a sequence: its elements, and where it lies."""

    elements: list[Element]
    start: int
    end: int


def elements_of(
    data: bytes, start: int, end: int, *, until_item_end: bool = False, deep: int = 0
) -> tuple[list[Element], int]:
    """The elements between two places, in rising order of their tags, and the first byte behind them.

    At the top level (`deep` 0) pixels may reach beyond `end`, or be open-ended: they are then the last element, and
    the place is that of their value. Raises NotPlain for everything else that is not whole and in order.
    """
    found: list[Element] = []
    position, previous = start, -1
    while end - position >= 8:
        group, number, vr, length = read_head(data, position)
        tag = group << 16 | number
        value, open_ended = position + 8, False
        if vr in LONG:
            if end - position < 12:
                raise NotPlain
            (length,) = read_length(data, value)
            value += 4
            open_ended = length == _UNDEFINED
        elif vr not in SHORT:
            if until_item_end and data[position : position + 8] == _ITEM_END + _NOTHING_LONG:
                return found, position + 8
            raise NotPlain
        stop = value + length
        if tag <= previous or (length & 1 and not open_ended):
            raise NotPlain
        if tag in PIXEL_DATA and not deep and (open_ended or stop > end):
            found.append(Element(tag, data[position : position + 6], position, value, stop, open_ended))
            return found, value
        if open_ended:
            stop = _end_of_sequence(data, value, end, deep, vr)
        if stop > end:
            raise NotPlain
        found.append(Element(tag, data[position : position + 6], position, value, stop, open_ended))
        position, previous = stop, tag
    if until_item_end or data[position:end].strip(b"\0"):
        raise NotPlain
    return found, end


def items_of(data: bytes, start: int, end: int, *, open_ended: bool, deep: int) -> Iterator[Items]:
    """The items of a sequence, up to its delimiter where it is open-ended, else up to `end` exactly."""
    if deep > DEEPEST:
        raise NotPlain
    position = start
    while end - position >= 8:
        mark, (length,) = data[position : position + 4], read_length(data, position + 4)
        if mark == _SEQUENCE_END and open_ended and not length:
            return
        if mark != _ITEM:
            raise NotPlain
        inside = position + 8
        if length == _UNDEFINED:
            elements, stop = elements_of(data, inside, end, until_item_end=True, deep=deep)
        else:
            stop = inside + length
            if stop > end:
                raise NotPlain
            elements, _ = elements_of(data, inside, stop, deep=deep)
        yield Items(elements, position, stop)
        position = stop
    if open_ended or position != end:
        raise NotPlain


def _end_of_sequence(data: bytes, start: int, end: int, deep: int, vr: bytes) -> int:
    """Where is the first byte behind the delimiter of this sequence of undefined length?"""
    if vr != b"SQ":
        raise NotPlain
    position = start
    for one in items_of(data, start, end, open_ended=True, deep=deep + 1):
        position = one.end
    return position + 8


def end_of_fragments(source: Source, start: int, size: int) -> int:
    """Where is the first byte behind the delimiter of compressed pixels (PS3.5 A.4)?"""
    position = start
    while position + 8 <= size:
        head = source[position : position + 8]
        (length,) = read_length(head, 4)
        position += 8
        if head[:4] == _SEQUENCE_END:
            return position
        if head[:4] != _ITEM or length > size - position:
            break
        position += length
    raise NotPlain


def text_of(value: bytes) -> str:
    """The first value as text. What is not ASCII is left to the careful way, which knows the character sets."""
    if not value.isascii():
        raise NotPlain
    return value.split(b"\\", 1)[0].decode("ascii").strip(" \0")


def even(value: bytes, padding: bytes) -> bytes:
    return value + padding if len(value) % 2 else value


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    """An element as it is written; `value` has an even length."""
    if vr in LONG:
        return _pack_long(tag >> 16, tag & 0xFFFF, vr, 0, len(value)) + value
    if len(value) > 0xFFFF:
        raise NotPlain
    return _pack_short(tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def item(content: bytes) -> bytes:
    return _ITEM + len(content).to_bytes(4, "little") + content
