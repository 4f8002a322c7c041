"""How do the elements of an explicit little endian data set lie, and how is one written? Only what is plain.

A second walker beside `structure`, for speed: it decodes nothing and gives up (NotPlain) wherever `structure` would go
on. The leak scanner reads with `structure`, so that what was written here is looked at by other code.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from alarp.identity.structure import PIXEL_DATA

read_head = struct.Struct("<HH2sH").unpack_from
read_length = struct.Struct("<L").unpack_from
read_tag = struct.Struct("<HH").unpack_from
_pack_short = struct.Struct("<HH2sH").pack
_pack_long = struct.Struct("<HH2sHL").pack

LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
SHORT = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
DEEPEST = 60

_UNDEFINED, _UNDEFINED_BYTES = 0xFFFFFFFF, b"\xff\xff\xff\xff"
_ITEM, _ITEM_END, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0"


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


class Walked(NamedTuple):
    """One level: the elements that somebody has to look at, the stretches that go without a look (and how many
    elements they hold), where each mark belongs, its lowest tag, the first byte behind the level, and where each
    element begins, looked at or not.
    """

    elements: list[Element]
    gone: list[tuple[int, int]]
    gone_count: int
    marked: list[int]
    first: int
    end: int
    starts: list[int]


STAYS, GOES, LOOK, _ENDS = 0, 1, 2, 3
Known = tuple[int, bool, int]
"""What is known of a tag with its VR: the tag, whether its length is written in four bytes, and STAYS, GOES or LOOK."""

_ITEM_END_KEY = _ITEM_END + b"\0\0"
_BEHIND_ALL_TAGS = 1 << 32


class Table:
    """What is known of each tag with its VR, as the six bytes are written. `what` is asked once for each."""

    def __init__(self, what: Callable[[bytes, int, str], int]) -> None:
        self.known: dict[bytes, Known] = {_ITEM_END_KEY: (0xFFFEE00D, False, _ENDS)}
        self._what = what
        self.shapes: tuple[Any, ...] = ()
        """The headers that were last walked by this table, as `shape` remembers them."""

    def learn(self, key: bytes) -> Known:
        """Raises NotPlain where the bytes are no VR that we know."""
        vr = key[4:]
        if vr not in LONG and vr not in SHORT:
            raise NotPlain
        group, number = read_tag(key)
        tag = group << 16 | number
        known = self.known[key] = (tag, vr in LONG, self._what(key, tag, vr.decode("ascii")))
        return known


ONLY_THE_END = Table(lambda key, tag, vr: STAYS)


def walk(
    data: bytes,
    start: int,
    end: int,
    table: Table,
    *,
    marks: Sequence[int] = (),
    deep: int = 0,
    item: bool = False,
) -> Walked:
    """What lies between two places? Elements in rising order of their tags, whole, of an even length.

    The `table` says which to pass over, which to note as stretches that go, and which to look at. `marks` are tags,
    rising, of which the place is wanted where such an element lies or would. At the top level (`deep` 0) pixels may
    reach beyond `end`, or be open-ended: they are then the last element, and the walk's end is their value. An open
    `item` ends at its delimiter. Raises NotPlain for everything that is not whole and in order.
    """
    elements: list[Element] = []
    stretches: list[tuple[int, int]] = []
    marked: list[int] = []
    starts: list[int] = []
    count, position, previous, gone_from, gone_to = 0, start, -1, -1, -1
    mark = marks[0] if marks else _BEHIND_ALL_TAGS
    first, known = _BEHIND_ALL_TAGS, table.known
    while end - position >= 8:
        key = data[position : position + 6]
        try:
            tag, is_long, what = known[key]
        except KeyError:
            tag, is_long, what = table.learn(key)
        if tag <= previous:
            raise NotPlain
        starts.append(position)
        if tag >= mark:
            marked += [position] * sum(mark <= tag for mark in marks[len(marked) :])
            mark = marks[len(marked)] if len(marked) < len(marks) else _BEHIND_ALL_TAGS
            if gone_to == position:  # a stretch ends where something is put in
                stretches.append((gone_from, gone_to))
                gone_to = -1
        if is_long:
            stop = _long_end(data, position, end)
            if stop > end:
                if tag in PIXEL_DATA and not deep:
                    elements.append(_element_at(data, tag, True, position, stop))
                    position += 12
                    break
                stop = end_of_sequence(data, position, end, deep)
        else:
            stop = position + 8 + (data[position + 6] | data[position + 7] << 8)
            if what > LOOK and item and stop == position + 8:
                position = stop
                break
        if stop > end or (stop ^ position) & 1 or what > LOOK:
            raise NotPlain
        if what == GOES:
            count += 1
            if gone_to != position:
                if gone_to >= 0:
                    stretches.append((gone_from, gone_to))
                gone_from = position
            gone_to = stop
        elif what:
            elements.append(_element_at(data, tag, is_long, position, stop))
        position, previous = stop, tag
    else:
        if item or data[position:end].strip(b"\0"):
            raise NotPlain
        position = end
    if gone_to >= 0:
        stretches.append((gone_from, gone_to))
    marked += [position] * (len(marks) - len(marked))
    if end - start >= 8:
        first = known[data[start : start + 6]][0]
    return Walked(elements, stretches, count, marked, first, position, starts)


def _long_end(data: bytes, position: int, end: int) -> int:
    """Where ends an element whose length is written in four bytes? Far behind everything if it is not defined."""
    if end - position < 12:
        raise NotPlain
    length: int = read_length(data, position + 8)[0]
    return position + 12 + length


def _element_at(data: bytes, tag: int, is_long: bool, start: int, end: int) -> Element:
    value = start + (12 if is_long else 8)
    open_ended = is_long and data[start + 8 : value] == _UNDEFINED_BYTES
    return Element(tag, data[start : start + 6], start, value, end, open_ended)


class Item(NamedTuple):
    """One item of a sequence: where it begins, where its content begins and ends, the first byte behind it."""

    start: int
    content: int
    content_end: int
    end: int


def items_of(data: bytes, start: int, end: int, *, open_ended: bool, deep: int) -> Iterator[Item]:
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
        content = position + 8
        if length == _UNDEFINED:
            stop = walk(data, content, end, ONLY_THE_END, deep=deep, item=True).end
            found = Item(position, content, stop - 8, stop)
        else:
            found = Item(position, content, content + length, content + length)
        if found.end > end:
            raise NotPlain
        yield found
        position = found.end
    if open_ended or position != end:
        raise NotPlain


def end_of_sequence(data: bytes, start: int, end: int, deep: int) -> int:
    """Where is the first byte behind the delimiter of this element, a sequence of undefined length?"""
    if data[start + 4 : start + 6] != b"SQ" or data[start + 8 : start + 12] != _UNDEFINED_BYTES:
        raise NotPlain
    position = start + 12
    for one in items_of(data, position, end, open_ended=True, deep=deep + 1):
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
