"""Where does each element of these DICOM bytes lie? A small walker of bytes that decodes nothing.

Follows PS3.5 sections 7.1 (elements), 7.5 (sequences and items) and A.4 (encapsulated pixels), and
PS3.10 section 7.1 (preamble and file meta). It exists beside the DICOM library on purpose: the leak
scanner reads what leaves with other code than that which wrote it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pydicom.datadict import dictionary_VR

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"

PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
PRIVATE_IMPLICIT_LITTLE_GE = "1.2.840.113619.5.2"

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_LENGTH = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_KNOWN_VR = _LONG_LENGTH | frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL"}
    | {b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)
_SHORT_LENGTH = {code: code.decode() for code in sorted(_KNOWN_VR - _LONG_LENGTH)}
_HEAD_LITTLE, _HEAD_BIG = struct.Struct("<HH2sH"), struct.Struct(">HH2sH")
_DEEPEST = 60
_LARGEST_INFLATED_BYTES = 1 << 31


class Broken(Exception):
    """The bytes stop following the structure at `offset`. `why` is half a sentence for a person."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(f"{why} at byte {offset}")
        self.offset = offset
        self.why = why


@dataclass(frozen=True, slots=True)
class Encoding:
    """How are the elements of a data set written?"""

    transfer_syntax: str
    implicit: bool
    little: bool


class Leaf(NamedTuple):
    """One element that is not a sequence: what it is and where its value lies. `parents` are the sequences above."""

    tag: int
    vr: str
    start: int
    end: int
    parents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where do the parts of an object begin? `data` is inflated where the object was deflated."""

    data: bytes
    dataset_start: int
    encoding: Encoding
    meta: tuple[Leaf, ...]
    has_preamble: bool


def layout(part10: bytes) -> Layout:
    """Which encoding has this object, and where does its data set begin?

    Reads the preamble and the file meta where they are, otherwise guesses from the first element.
    Raises Broken when neither is to be found.
    """
    start = 132 if part10[128:132] == b"DICM" else 0
    meta: list[Leaf] = []
    position = start
    if part10[start : start + 2] == b"\x02\x00":
        for leaf in _walk(part10, start, len(part10), False, True, (), stop_outside_group=2):
            meta.append(leaf)
            position = leaf.end
    syntax = _meta_text(part10, meta, 0x00020010)
    encoding = _encoding(syntax) if syntax else _guess(part10, position)
    data, dataset_start = part10, position
    if syntax == DEFLATED:
        data, dataset_start = _inflate(part10, position), 0
    return Layout(data, dataset_start, encoding, tuple(meta), start == 132)


def leaves(where: Layout) -> Iterator[Leaf]:
    """Which elements does the data set hold, at every depth, in the order of the bytes?"""
    encoding = where.encoding
    return _walk(where.data, where.dataset_start, len(where.data), encoding.implicit, encoding.little, ())


def _meta_text(data: bytes, meta: list[Leaf], tag: int) -> str:
    for leaf in meta:
        if leaf.tag == tag:
            return data[leaf.start : leaf.end].decode("ascii", "replace").strip(" \0")
    return ""


def _encoding(syntax: str) -> Encoding:
    implicit = syntax in (IMPLICIT_LITTLE, PRIVATE_IMPLICIT_LITTLE_GE)
    return Encoding(syntax, implicit, syntax != EXPLICIT_BIG)


def _guess(data: bytes, start: int) -> Encoding:
    head = data[start : start + 8]
    if len(head) < 8:
        raise Broken(start, "no data set was found")
    explicit = head[4:6] in _KNOWN_VR
    little_group, big_group = struct.unpack("<H", head[:2])[0], struct.unpack(">H", head[:2])[0]
    if explicit and big_group < little_group:
        return Encoding(EXPLICIT_BIG, False, False)
    if little_group not in (0x0002, 0x0004, 0x0008):
        raise Broken(start, "the bytes do not begin as DICOM does")
    return Encoding(EXPLICIT_LITTLE, False, True) if explicit else Encoding(IMPLICIT_LITTLE, True, True)


def _inflate(part10: bytes, start: int) -> bytes:
    try:
        inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        data = inflater.decompress(part10[start:], _LARGEST_INFLATED_BYTES)
    except zlib.error as error:
        raise Broken(start, "the deflated data set cannot be inflated") from error
    if inflater.unconsumed_tail:
        raise Broken(start, "the deflated data set would grow beyond 2 GiB")
    if not inflater.eof:
        raise Broken(len(part10), "the deflated data set ends too early")
    return data


def _walk(
    data: bytes,
    start: int,
    end: int,
    implicit: bool,
    little: bool,
    parents: tuple[int, ...],
    *,
    stop_outside_group: int | None = None,
    until_item_end: bool = False,
) -> Iterator[Leaf]:
    """Yields the leaves of one data set; a sequence's leaves come in place of the sequence.

    An undefined-length item ends at its delimiter: the walker then yields a last Leaf whose tag is the
    delimiter, so that the caller knows where to go on.
    """
    if len(parents) > _DEEPEST:
        raise Broken(start, f"sequences lie more than {_DEEPEST} deep")
    position = start
    while end - position >= 8:
        tag, vr, value_start, length = _element_head(data, position, implicit, little)
        if stop_outside_group is not None and tag >> 16 != stop_outside_group:
            return
        if tag == _ITEM_END and until_item_end:
            yield Leaf(tag, "", value_start, value_start, parents)
            return
        if tag in PIXEL_DATA and length == _UNDEFINED:
            value_end = _end_of_fragments(data, value_start, end, little)
            yield Leaf(tag, vr or "OB", value_start, value_end, parents)
        elif length == _UNDEFINED or vr == "SQ":
            value_end = value_start + length if length != _UNDEFINED else end
            if value_end > end:
                raise Broken(position, "a sequence is longer than what is left of the object")
            as_implicit = implicit or (vr == "UN" and length == _UNDEFINED)
            items = _Items(
                data, value_start, value_end, as_implicit, little, (*parents, tag), length == _UNDEFINED
            )
            yield from items.walk()
            value_end = items.position
        else:
            value_end = value_start + length
            if value_end > end:
                raise Broken(position, "an element is longer than what is left of the object")
            yield Leaf(tag, vr, value_start, value_end, parents)
        position = value_end
    if until_item_end:
        raise Broken(position, "an item has no end")
    if data[position:end].strip(b"\0"):
        raise Broken(position, "the object ends inside an element")


def _element_head(data: bytes, position: int, implicit: bool, little: bool) -> tuple[int, str, int, int]:
    group, number, code, length = (_HEAD_LITTLE if little else _HEAD_BIG).unpack_from(data, position)
    tag = group << 16 | number
    if not implicit and group != 0xFFFE:
        if code in _SHORT_LENGTH:
            return tag, _SHORT_LENGTH[code], position + 8, length
        if code in _LONG_LENGTH:
            if position + 12 > len(data):
                raise Broken(position, "the object ends inside an element")
            (length,) = struct.unpack_from("<L" if little else ">L", data, position + 8)
            return tag, code.decode(), position + 12, length
        if code.isalpha() and code.isupper():
            return tag, code.decode(), position + 8, length
    (length,) = struct.unpack_from("<L" if little else ">L", data, position + 4)
    return tag, _vr_of(tag), position + 8, length


def _vr_of(tag: int) -> str:
    try:
        return str(dictionary_VR(tag))[:2]
    except KeyError:
        return "UN"


class _Items:
    """The items of one sequence. After `walk` is exhausted, `position` is the first byte behind the sequence."""

    def __init__(
        self,
        data: bytes,
        start: int,
        end: int,
        implicit: bool,
        little: bool,
        parents: tuple[int, ...],
        open_ended: bool,
    ) -> None:
        self.data, self.position, self.end = data, start, end
        self.implicit, self.little, self.parents, self.open_ended = implicit, little, parents, open_ended

    def walk(self) -> Iterator[Leaf]:
        head = struct.Struct("<HHL" if self.little else ">HHL")
        while self.position + 8 <= self.end:
            group, number, length = head.unpack_from(self.data, self.position)
            tag, start = group << 16 | number, self.position + 8
            if tag == _SEQUENCE_END:
                self.position = start
                return
            if tag != _ITEM:
                raise Broken(self.position, "a sequence holds something that is not an item")
            if length == _UNDEFINED:
                yield from self._open_item(start)
                continue
            if start + length > self.end:
                raise Broken(self.position, "an item is longer than its sequence")
            yield from _walk(self.data, start, start + length, self.implicit, self.little, self.parents)
            self.position = start + length
        if self.open_ended:
            raise Broken(self.position, "a sequence has no end")
        self.position = self.end

    def _open_item(self, start: int) -> Iterator[Leaf]:
        depth = len(self.parents)
        for leaf in _walk(
            self.data, start, self.end, self.implicit, self.little, self.parents, until_item_end=True
        ):
            if leaf.tag == _ITEM_END and len(leaf.parents) == depth:
                self.position = leaf.end
                return
            yield leaf


def _end_of_fragments(data: bytes, start: int, end: int, little: bool) -> int:
    head = struct.Struct("<HHL" if little else ">HHL")
    position = start
    while position + 8 <= end:
        group, number, length = head.unpack_from(data, position)
        tag = group << 16 | number
        position += 8
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM or length > end - position:
            break
        position += length
    raise Broken(position, "the compressed pixels have no end")
