"""Does anything that leaves still name the patient? The second look, by other code than the first.

The outgoing bytes are walked by `structure`, not by the library that wrote them, and searched for what the
ORIGINAL said of its patient. Among millions of pixels every short name occurs by chance, so there only longer
ones are looked for. Text drawn into a picture, or compressed with it, is not seen by this: `burned_in` looks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from alarp.identity.identifiers import Identifiers
from alarp.identity.sieve import FEWEST_BYTES, Sieve
from alarp.identity.structure import PIXEL_DATA, Broken, Layout, Leaf, layout, leaves

_BINARY = frozenset({"OW", "OF", "OD", "OL", "OV", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"})
_NO_NAMES = frozenset({"AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
_EQUIPMENT = frozenset({0x00080070, 0x00081090, 0x00181020})  # a patient may be called as a manufacturer is
_OUR_STAMP = frozenset({0x00120062, 0x00120063, 0x00120064, 0x00280301, 0x00280303})
_BULK = frozenset({"OB", "UN"})  # may be samples: a short word is met there by chance
_FEWEST_DIGITS = _FEWEST_BULK_BYTES = 6
# Measured on 205 real scans (36 MB of pixels) with 2,748 names: a name of three letters is met by chance in every
# fourth MB of compressed pixels, of four in every 400th, of five or more never; runs of six or seven digits are
# grey values in a row, and six or seven digits may be a hospital number (docs/explanation/de-identification.md).
_FEWEST_PIXEL_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Leak:
    """What kind of identifier was found, and at which byte? Never the value.

    In a deflated object the byte is counted in the inflated data set.
    """

    kind: str
    offset: int
    tag: int = field(default=0, compare=False)
    """In which element; 0 where it is in none, as in the preamble."""

    @property
    def where(self) -> str:
        """The element as it is written in the standard, for a person: (0018,0015)."""
        return f"({self.tag >> 16:04X},{self.tag & 0xFFFF:04X})" if self.tag else f"byte {self.offset}"


def scan(
    outgoing: bytes, identifiers: Identifiers, *, coded_words: frozenset[str] = frozenset()
) -> tuple[Leak, ...]:
    """Which of these identifiers are still in the bytes that would leave? An empty tuple: none was found.

    Looks at preamble, file meta and every element at every depth. Names and numbers are looked for as whole
    words; numbers not in decimals, times and UIDs, and in an integer string only those of six digits or more,
    since others would be met by chance, and in a decimal only one of eight that is all of it; in byte strings
    (OB, UN), pixels and other samples only what has six bytes or more, in the latter numbers only of eight digits
    or more; names not in manufacturer and model, and in coded strings (CS) only those that are none of
    `coded_words`, since a patient may be called Hand. A date of the study is looked for everywhere but among dates
    (DA, DT). Bytes whose structure cannot be followed are themselves a Leak: what cannot be read cannot be cleared.
    """
    search = _Search(identifiers, coded_words)
    try:
        where = layout(outgoing)
        found = [*_head(outgoing, where, search)]
        for leaf in leaves(where):
            if leaf.tag in PIXEL_DATA or leaf.vr in _BINARY:
                leaks = search.samples(where.data, leaf)
            else:
                leaks = search.leaf(leaf, where.data[leaf.start : leaf.end])
            found.extend(replace(leak, tag=leaf.tag) for leak in leaks)
    except Broken as error:
        return (Leak("structure that cannot be followed", error.offset),)
    return tuple(found)


def _head(outgoing: bytes, where: Layout, search: _Search) -> Iterator[Leak]:
    if where.has_preamble:
        yield from search.text(outgoing[:128], 0)
    for leaf in where.meta:
        leaks = search.leaf(leaf, outgoing[leaf.start : leaf.end])
        yield from (replace(leak, tag=leaf.tag) for leak in leaks)


class _Search:
    """The identifiers as patterns, made once for one object; those of a series share all but the UIDs."""

    def __init__(self, identifiers: Identifiers, coded_words: frozenset[str]) -> None:
        long_numbers = {
            text: kind for text, kind in identifiers.numbers.items() if len(text) >= _FEWEST_DIGITS
        }
        with_digits = {
            text: kind for text, kind in identifiers.words.items() if any(48 <= c < 58 for c in text)
        }
        names = {*identifiers.words} - {*with_digits} - _as_bytes(coded_words)
        dates = {text for text, kind in identifiers.numbers.items() if kind == "date of the study"}
        self.kinds = identifiers.words | identifiers.numbers | identifiers.spellings | identifiers.uids
        self.everything = _whole_words(frozenset({*identifiers.words, *identifiers.numbers}))
        self.names = _whole_words(frozenset(names))
        self.coded = _whole_words(frozenset({*with_digits, *long_numbers}))
        self.dated = _whole_words(frozenset({*with_digits, *(long_numbers.keys() - dates)}))
        self.long_numbers = _whole_words(frozenset(long_numbers))
        self.in_decimals = [text for text in long_numbers if len(text) >= _FEWEST_PIXEL_DIGITS]
        self.spellings = _anywhere(frozenset(identifiers.spellings))
        in_bulk = [
            text for text in (*identifiers.words, *identifiers.numbers) if len(text) >= _FEWEST_BULK_BYTES
        ]
        self.bulk = _whole_words(frozenset(in_bulk))
        self.bulk_spellings = _anywhere(
            frozenset(text for text in identifiers.spellings if len(text) >= _FEWEST_BULK_BYTES)
        )
        self.uids = _anywhere(frozenset(identifiers.uids))
        long_words = [text for text in identifiers.words if len(text) >= FEWEST_BYTES]
        long_words += [text for text in identifiers.numbers if len(text) >= _FEWEST_PIXEL_DIGITS]
        exact = [text for text in (*identifiers.spellings, *identifiers.uids) if len(text) >= FEWEST_BYTES]
        self.sieve = Sieve(
            [*long_words, *exact], (_whole_words(frozenset(long_words)), self.bulk_spellings, self.uids)
        )

    def samples(self, data: bytes, leaf: Leaf) -> Iterator[Leak]:
        """Among pixels and other numbers: what is too long to be there by chance."""
        for match in self.sieve.matches(data, leaf.start, leaf.end):
            yield Leak(self._kind(match), match.start())

    def leaf(self, leaf: Leaf, value: bytes) -> Iterator[Leak]:
        if leaf.tag in _OUR_STAMP or (leaf.parents and leaf.parents[0] in _OUR_STAMP):
            return
        if leaf.vr in _BULK:
            for pattern in (self.bulk, self.bulk_spellings, self.uids):
                yield from self._matches(pattern, value, leaf.start)
            return
        if leaf.vr not in _NO_NAMES and leaf.tag not in _EQUIPMENT:
            yield from self.text(value, leaf.start)
            return
        yield from self._matches(self.uids, value, leaf.start)
        if leaf.vr == "UI":
            return
        has_letters = value.lower() != value.upper()
        if leaf.vr in _NO_NAMES and has_letters:
            yield from self._matches(self.names, value, leaf.start)
        if leaf.vr == "IS":
            yield from self._matches(self.long_numbers, value, leaf.start)
        elif leaf.vr == "DS":
            yield from self._decimals(value, leaf.start)
        elif leaf.vr in ("DA", "DT"):
            yield from self._matches(self.dated, value[:8] if leaf.vr == "DT" else value, leaf.start)
        elif leaf.vr != "TM":
            yield from self._matches(self.coded, value, leaf.start)

    def _decimals(self, value: bytes, offset: int) -> Iterator[Leak]:
        """A long number is no part of a fraction where it is the whole value."""
        for number in self.in_decimals:
            if number in value and number in (part.strip(b" \0") for part in value.split(b"\\")):
                yield Leak(self.kinds[number], offset + value.index(number))

    def text(self, value: bytes, offset: int) -> Iterator[Leak]:
        yield from self._matches(self.everything, value, offset)
        yield from self._matches(self.spellings, value, offset)
        yield from self._matches(self.uids, value, offset)

    def _matches(self, pattern: re.Pattern[bytes] | None, value: bytes, offset: int) -> Iterator[Leak]:
        if pattern is None:
            return
        for match in pattern.finditer(value):
            yield Leak(self._kind(match), offset + match.start())

    def _kind(self, match: re.Match[bytes]) -> str:
        text = match.group()
        return self.kinds.get(text) or self.kinds[text.lower()]


@lru_cache(maxsize=4)
def _as_bytes(words: frozenset[str]) -> frozenset[bytes]:
    return frozenset(word.encode() for word in words)


@lru_cache(maxsize=64)
def _whole_words(texts: frozenset[bytes]) -> re.Pattern[bytes] | None:
    if not texts:
        return None
    either = b"|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
    return re.compile(rb"(?<![A-Za-z0-9])(?:" + either + rb")(?![A-Za-z0-9])", re.IGNORECASE)


@lru_cache(maxsize=64)
def _anywhere(texts: frozenset[bytes]) -> re.Pattern[bytes] | None:
    if not texts:
        return None
    return re.compile(b"|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)))
