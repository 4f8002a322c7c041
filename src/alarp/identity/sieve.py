"""Where among millions of bytes might one of these texts stand? A coarse look at every fourth byte, done by numpy.

A text of six bytes or more covers, wherever it begins, three bytes in a row of which the first lies at a multiple of
four. So it is enough to look at the three bytes at every such place: those that occur in no text are passed over,
and what is left is compared in full. This is the filtration step of q-gram search (Navarro and Raffinot, Flexible
Pattern Matching in Strings, 2002, section 6.5) with q = 3 and a step of 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

FEWEST_BYTES = 6
_STEP, _GRAM = 4, 3
_CHUNK_BYTES = 1 << 18  # stays in a core's own cache, and memory stays flat however large the object
_MIX, _BITS = np.uint32(0x9E3779B1), 16  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)
_THREE, _FOLD = np.uint32(0x00FFFFFF), np.uint32(0x00202020)


class Sieve:
    """Texts to look for, made ready once. Raises ValueError for one that is shorter than six bytes."""

    def __init__(self, texts: Iterable[bytes], patterns: Iterable[re.Pattern[bytes] | None]) -> None:
        self._patterns = tuple(pattern for pattern in patterns if pattern)
        every = tuple(texts)
        if any(len(text) < FEWEST_BYTES for text in every):
            raise ValueError("a text of fewer than six bytes may lie between the places that are looked at")
        self._longest = max(map(len, every), default=0)
        self._grams = _either_case({text[begin : begin + _GRAM] for text in every for begin in range(_STEP)})
        self._table = np.zeros(1 << _BITS, dtype=np.bool_)
        self._table[_slot(self._grams)] = True

    def matches(self, data: bytes, start: int, end: int) -> Iterator[re.Match[bytes]]:
        """Every match of a pattern that begins between these two places, each once."""
        if not self._longest or end - start < FEWEST_BYTES:
            return
        told: set[tuple[int, int]] = set()
        for place in self._places(data, start, end):
            until = min(end, place + self._longest + 1)  # one byte more: is it a whole word?
            for pattern in self._patterns:
                for match in pattern.finditer(data, max(start, place - _STEP + 1), until):
                    if match.start() <= place and match.span() not in told:
                        told.add(match.span())
                        yield match

    def _places(self, data: bytes, start: int, end: int) -> Iterator[int]:
        for begin in range(start, end, _CHUNK_BYTES):
            count = (min(end, begin + _CHUNK_BYTES) - begin) // _STEP
            four = np.frombuffer(data, dtype="<u4", count=count, offset=begin)
            hits = np.flatnonzero(self._table.take(_slot(four), mode="clip"))  # "raise" takes twice as long
            three = four[hits] & _THREE
            hits = hits[self._grams[self._grams.searchsorted(three, side="right") - 1] == three]
            yield from (begin + int(hit) * _STEP for hit in hits)
        yield end - (end - start) % _STEP  # fewer than four bytes are left behind the last place


def _either_case(grams: set[bytes]) -> npt.NDArray[np.uint32]:
    """Each three bytes as a number, with every way to write their letters large and small; in order, each once."""
    small = b"".join(grams).lower()
    three = np.frombuffer(small, dtype=np.uint8).reshape(-1, _GRAM).astype(np.uint32)
    letter = (three >= ord("a")) & (three <= ord("z"))
    large = np.stack(np.meshgrid(*([[0, 0x20]] * _GRAM)), axis=-1).reshape(-1, _GRAM).astype(np.uint32)
    written = three[:, None, :] - large * letter[:, None, :]
    return np.unique((written << np.array([0, 8, 16], dtype=np.uint32)).sum(axis=-1, dtype=np.uint32))


def _slot(four: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """In which place of the table do these three bytes stand (the fourth is another's)? Either case in the same."""
    mixed = four & _THREE
    mixed |= _FOLD
    mixed *= _MIX
    mixed >>= np.uint32(32 - _BITS)
    return mixed
