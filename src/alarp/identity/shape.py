"""Does this header lie as one before it did? Then its elements are found without walking them one by one.

The images of a series are built alike: the same elements in the same order, a few of another length. What a walk
finds depends on the heads of the elements (tag, VR, length) and on nothing else. So the heads of one walk are
remembered (never a value), and of the next image all are compared at once where they would lie; behind an element of
another length they are looked for that much further on. Every head is compared before anything is believed, and
whatever differs in more than a length is walked as if nothing were known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alarp.identity.explicit import LONG, Element, Table, Walked, walk
from alarp.identity.structure import PIXEL_DATA

MOST_SHAPES = 4
"""So many kinds of header are remembered for one table; a series with its localiser and its dose report needs three."""
MOST_CHANGES = 12
"""An image in which more elements are of another length is walked: comparing again behind each costs as much."""

_LONG_HEAD = 12
_OPEN = b"\xff\xff\xff\xff"
_LONG_CODES = np.array([int.from_bytes(vr, "little") for vr in sorted(LONG)], np.uint64)


def walk_again(data: bytes, start: int, table: Table, *, marks: Sequence[int]) -> Walked:
    """As `walk` of all these bytes at the top level; quicker where such a header was seen before."""
    shapes: tuple[Shape, ...] = table.shapes
    for shape in shapes:
        found = shape.found_in(data, start, marks)
        if found is not None:
            if shape is not shapes[0]:
                table.shapes = (shape, *(other for other in shapes if other is not shape))
            return found
    walked = walk(data, start, len(data), table, marks=marks)
    made = Shape.of(data, walked, marks)
    if made is not None:
        table.shapes = (made, *shapes[: MOST_SHAPES - 1])
    return walked


class Shape:
    """Where the elements of one header lay, and what a walk found in it.

    Eight bytes are compared as one number: of each element those from its beginning (tag, VR and a length of two
    bytes), and of one whose length has four bytes also those from its VR on.
    """

    def __init__(self, data: bytes, walked: Walked, marks: Sequence[int]) -> None:
        self.walked, self.marks = walked, tuple(marks)
        view = _eights(data)
        self.starts: NDArray[np.intp] = np.array(walked.starts, np.intp)
        is_long = np.isin(view[self.starts] >> 32 & 0xFFFF, _LONG_CODES)
        self.places = np.sort(np.concatenate([self.starts, self.starts[is_long] + 4]))
        self.heads = view[self.places]
        self.element_at = np.searchsorted(self.starts, self.places, side="right") - 1
        self.last_head = int(np.searchsorted(self.places, self.starts[-1]))
        number = {place: n for n, place in enumerate(walked.starts)}
        self.looked_at = [(number[one.start], one) for one in walked.elements]
        self.gone = [(number[begin], number[end]) for begin, end in walked.gone]
        self.marked = [number[place] for place in walked.marked]

    @classmethod
    def of(cls, data: bytes, walked: Walked, marks: Sequence[int]) -> Shape | None:
        """The shape of this header; None for one that does not end with pixels which reach beyond it.

        A sequence whose length is not written ends where its contents say, so that a header with one has no shape.
        """
        last = walked.elements[-1] if walked.elements else None
        if last is None or last.tag not in PIXEL_DATA or walked.end != last.start + _LONG_HEAD:
            return None
        if any(
            data[at + 4 : at + 6] in LONG and data[at + 8 : at + 12] == _OPEN for at in walked.starts[:-1]
        ):
            return None
        return cls(data, walked, marks) if {*walked.starts}.issuperset(walked.marked) else None

    def found_in(self, data: bytes, start: int, marks: Sequence[int]) -> Walked | None:
        """What would a walk find in these bytes? None where it has to walk."""
        if self.marks != marks:
            return None
        view = _eights(data)
        starts = self._starts_in(view, start)
        if starts is None:
            return None
        pixels = starts[-1]
        behind = pixels + _LONG_HEAD + (int(view[pixels + 4]) >> 32)
        if behind <= len(data):
            return None
        if starts is self.walked.starts and behind == self.walked.elements[-1].end:
            return self.walked
        ends = [*starts[1:], behind]
        return self.walked._replace(
            elements=[_moved(one, starts[n], ends[n]) for n, one in self.looked_at],
            gone=[(starts[begin], starts[end]) for begin, end in self.gone],
            marked=[starts[n] for n in self.marked],
            end=pixels + _LONG_HEAD,
            starts=starts,
        )

    def _starts_in(self, view: NDArray[np.uint64], start: int) -> list[int] | None:
        """Where do the elements begin, if they are the same ones in the same order?"""
        shift, begin = start - self.walked.starts[0], 0
        starts = self.starts + shift if shift else self.starts
        for _ in range(MOST_CHANGES):
            places = self.places[begin:] + shift if shift or begin else self.places
            if places[-1] >= len(view):
                return None
            heads = view[places]
            unequal = heads != self.heads[begin:]
            at = int(unequal.argmax())
            if not unequal[at]:
                return self.walked.starts if starts is self.starts else starts.tolist()
            grown = self._grown(begin + at, int(heads[at]))
            if not grown:
                return None
            element = int(self.element_at[begin + at])
            starts = starts.copy()
            starts[element + 1 :] += grown
            shift += grown
            begin += at + 1
        return None

    def _grown(self, head: int, found: int) -> int:
        """By how many bytes is the element of this head longer than it was? 0 if more than its length differs.

        Behind the pixels' own head, the last one, nothing lies that could be compared.
        """
        here, behind = self.element_at[head : head + 2].tolist() if head < self.last_head else (0, 0)
        if (
            here == behind
        ):  # not where its length is written: its tag, its VR or the two bytes that mean nothing
            return 0
        bits = 48 if self.places[head] == self.starts[here] else 32
        before = int(self.heads[head])
        now, then = found >> bits, before >> bits
        return 0 if (found ^ before) & ((1 << bits) - 1) or now & 1 else now - then


def _moved(one: Element, start: int, end: int) -> Element:
    return Element(one.tag, one.key, start, start + one.value - one.start, end, one.open_ended)


def _eights(data: bytes) -> NDArray[Any]:
    """The eight bytes from each byte on, as one number each."""
    return np.ndarray((max(len(data) - 7, 0),), "<u8", data, strides=(1,))
