"""The swift way out: explicit VR little endian, walked once as bytes. What is kept is never decoded, nor copied here.

The answer is a list of segments: new bytes, and ranges of the source that stay as they are, so that whoever writes
the file can copy the pixels without looking at them. Whatever is not plain (another transfer syntax, an odd length, tags
out of order, a VR nobody knows, a value that is no ASCII where a name is made from it) is left to `by_dataset`.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from alarp.identity.deeds import ACCESSION, DEEPER, Deed, Depth, below, decide, instead
from alarp.identity.explicit import (
    GOES,
    LOOK,
    STAYS,
    Element,
    NotPlain,
    Range,
    Source,
    Table,
    Walked,
    element,
    end_of_fragments,
    even,
    item,
    items_of,
    text_of,
    walk,
)
from alarp.identity.file_meta import COMPRESSED, file_meta, read_file_meta
from alarp.identity.header import valid_uid
from alarp.identity.leaving import (
    CODES_OF_METHOD,
    NAMES,
    NUMBERS,
    OTHER_IDS,
    PATIENT_ID,
    Leaving,
    Who,
    dummy,
    says_nothing,
    stamped,
)
from alarp.identity.profile import Profile
from alarp.identity.pseudonyms import Pseudonyms
from alarp.identity.shape import walk_again

HEAD_BYTES = 1 << 16

Cut = tuple[int, int, bytes]
"""From where to where something goes, and what stands there instead."""
Stamps = tuple[tuple[int, str, bytes], ...]
Codes = tuple[tuple[str, str, str], ...]

_OWN_UIDS = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)
_ISSUER, _FRAME, _BURNED_IN = 0x00100021, 0x00200052, 0x00280301
_WHO = frozenset({*_OWN_UIDS, _ISSUER, _FRAME, _BURNED_IN, *NAMES, *NUMBERS})
_LOOKED_AT = frozenset({*_WHO, OTHER_IDS, *stamped(pixels_cleaned=True)})
_PLACE = itemgetter(0, 1)
_LOOK_AT_ALL = Table(lambda key, tag, vr: LOOK)
_KEPT, _REMOVED, _EMPTIED = Deed.KEPT, Deed.REMOVED, Deed.EMPTIED
_CHECKED, _PRIVATE = Deed.CHECKED, Deed.PRIVATE
_WALKED = frozenset({Deed.WALKED, *DEEPER})
_MOST_REMEMBERED = 20_000


def rewrite(
    source: Source, profile: Profile, pseudonyms: Pseudonyms, *, pixels_cleaned: bool
) -> tuple[tuple[bytes | Range, ...], Leaving, Mapping[Deed, int]]:
    """Which segments leave in place of this object, under which names, and what was done how often?

    Reads the head first, and the whole only where more than the pixels goes on behind it. Raises NotPlain where the
    careful way must decide, whether the object is whole or not.
    """
    for read in (HEAD_BYTES, len(source)):
        try:
            return _Rewriting(source, source[:read], profile, pseudonyms, pixels_cleaned).segments()
        except (NotPlain, struct.error):
            if read >= len(source):
                break
    raise NotPlain


class _Rewriting:
    """One object: its elements at the top level, and behind the pixels."""

    def __init__(
        self, source: Source, head: bytes, profile: Profile, pseudonyms: Pseudonyms, pixels_cleaned: bool
    ) -> None:
        self.source, self.head, self.pixels_cleaned = source, head, pixels_cleaned
        self.syntax, self.sop_class, self.start = read_file_meta(head)
        self.known = _decisions(profile, Depth.TOP, self.sop_class)
        marks = stamped(pixels_cleaned=pixels_cleaned)
        self.top = walk_again(head, self.start, self.known.table, marks=marks)
        self.pixels = self._pixels()
        self.leaving = Leaving(profile, pseudonyms, self._who())
        self.cleaner = _Cleaner(profile, self.leaving, frozenset(marks))

    def segments(self) -> tuple[tuple[bytes | Range, ...], Leaving, Mapping[Deed, int]]:
        end = self.pixels.start if self.pixels else self.top.end
        top = self.top._replace(elements=self.top.elements[:-1]) if self.pixels else self.top
        stamps = _stamps(
            tuple(self.leaving.stamps(pixels_cleaned=self.pixels_cleaned)),
            tuple(self.leaving.codes(pixels_cleaned=self.pixels_cleaned)),
        )
        cuts = [(place, place, stamp) for place, stamp in zip(top.marked, stamps, strict=True)]
        cuts += self.cleaner.cuts(self.head, top, self.known, Depth.TOP)
        sop_uid = self.leaving.uid(self.leaving.who.sop_instance_uid)
        meta = file_meta(self.sop_class, sop_uid, self.syntax)
        head = meta + _joined(self.head, self.start, end, cuts)
        if not self.pixels:
            return (head,), self.leaving, self.cleaner.done
        if self.pixels.end == len(self.source):
            return (head, self.pixels), self.leaving, self.cleaner.done
        tail = self.source[self.pixels.end : len(self.source)]
        behind = walk(tail, 0, len(tail), self.known.table, deep=1)
        if behind.first <= self.top.elements[-1].tag:
            raise NotPlain
        rest = _joined(tail, 0, behind.end, self.cleaner.cuts(tail, behind, self.known, Depth.TOP))
        parts = (head, self.pixels, rest) if rest else (head, self.pixels)
        return parts, self.leaving, self.cleaner.done

    def _pixels(self) -> Range | None:
        """Where do the pixels lie, if they reach beyond the head? They are its last element then."""
        size = len(self.source)
        if self.top.end == len(self.head):
            if len(self.head) < size:
                raise NotPlain
            return None
        last = self.top.elements[-1]
        stop = last.end
        if last.open_ended:
            if not self.syntax.startswith(COMPRESSED):
                raise NotPlain
            stop = end_of_fragments(self.source, last.value, size)
        if stop > size:
            raise NotPlain
        return Range(last.start, stop)

    def _who(self) -> Who:
        values: dict[int, bytes] = {}
        others: list[bytes] = []
        nested: Element | None = None
        for one in self.top.elements:
            if one.tag in _WHO:
                values[one.tag] = self.head[one.value : one.end]
            elif one.tag == OTHER_IDS:
                nested = one
            elif one.key[4:] == b"PN" and one.end > one.value:
                others.append(self.head[one.value : one.end])

        def raw(tag: int) -> bytes:
            return values.get(tag, b"")

        if text_of(raw(_BURNED_IN)).upper().startswith("Y") and not self.pixels_cleaned:
            raise NotPlain  # the careful way says why it is refused
        sop_class, sop_instance, study, series = (
            raw(tag).decode("latin-1").strip(" \0") for tag in _OWN_UIDS
        )
        if sop_class != self.sop_class or not all(map(valid_uid, (sop_class, sop_instance, study, series))):
            raise NotPlain
        frame = text_of(raw(_FRAME))
        return Who(
            sop_class_uid=sop_class,
            sop_instance_uid=sop_instance,
            study_uid=study,
            series_uid=series,
            frame_of_reference_uid=frame if valid_uid(frame) else "",
            patient_id=text_of(raw(PATIENT_ID)),
            issuer=text_of(raw(_ISSUER)),
            accession=text_of(raw(ACCESSION)),
            names=tuple(filter(None, map(raw, NAMES))),
            numbers=tuple(filter(None, [*map(raw, NUMBERS), *self._nested_ids(nested)])),
            others=tuple(others),
        )

    def _nested_ids(self, sequence: Element | None) -> Iterator[bytes]:
        if sequence is None:
            return
        for one in items_of(self.head, sequence.value, sequence.end, open_ended=sequence.open_ended, deep=1):
            for inner in walk(self.head, one.content, one.content_end, _LOOK_AT_ALL, deep=1).elements:
                if inner.tag == PATIENT_ID:
                    yield self.head[inner.value : inner.end]


@lru_cache(maxsize=64)
def _stamps(stamps: Stamps, codes: Codes) -> tuple[bytes, ...]:
    """These stamps as they are written, in the order of their tags: the same ones in every object of a study."""
    written = {tag: element(tag, vr.encode(), even(value, b" ")) for tag, vr, value in stamps}
    items = b"".join(
        item(
            element(0x00080100, b"SH", even(value.encode(), b" "))
            + element(0x00080102, b"SH", even(scheme.encode(), b" "))
            + element(0x00080104, b"LO", even(meaning.encode(), b" "))
        )
        for value, scheme, meaning in codes
    )
    written[CODES_OF_METHOD] = element(CODES_OF_METHOD, b"SQ", items)
    return tuple(written[tag] for tag in sorted(written))


class _Treatment(NamedTuple):
    """What is done with elements of one tag and VR, and what stands for them where nothing is left or nothing is said."""

    deed: Deed
    vr: str
    emptied: bytes
    replaced: bytes


class _Decisions:
    """What is done with the elements of one depth: decided once for each tag and VR, as the six bytes are written."""

    def __init__(self, profile: Profile, depth: Depth, sop_class: str) -> None:
        self.profile, self.depth, self.sop_class = profile, depth, sop_class
        self.treatments: dict[bytes, _Treatment] = {}
        self.table = Table(self._what)

    def _what(self, key: bytes, tag: int, vr: str) -> int:
        """May a walk pass over it, or leave it out, without a look?"""
        deed = decide(self.profile, tag, vr, self.sop_class, self.depth)
        if deed == Deed.NOT_POSSIBLE or (vr == "UN" and deed not in (_REMOVED, _PRIVATE)):
            raise NotPlain
        emptied, replaced = (element(tag, key[4:], value) for value in (b"", dummy(vr)))
        self.treatments[key] = _Treatment(deed, vr, emptied, replaced)
        if self.depth == Depth.TOP and (tag in _LOOKED_AT or vr == "PN"):
            return LOOK
        return STAYS if deed is _KEPT else GOES if deed is _REMOVED else LOOK


def _decisions(profile: Profile, depth: Depth, sop_class: str) -> _Decisions:
    name = (depth, sop_class if depth == Depth.TOP else "")
    known: _Decisions | None = profile.deeds.get(name)
    if known is None or len(known.table.known) > _MOST_REMEMBERED:  # objects made to fill the memory do not
        known = profile.deeds[name] = _Decisions(profile, depth, sop_class)
    return known


class _Cleaner:
    """Treats one level after the other; `done` counts what happened to the elements."""

    def __init__(self, profile: Profile, leaving: Leaving, stamped: frozenset[int]) -> None:
        self.profile, self.leaving, self.stamped = profile, leaving, stamped
        self.done: Counter[Deed] = Counter()
        self.deep = 0
        self.sop_class = leaving.who.sop_class_uid
        self._changes: Mapping[Deed, Callable[[bytes], bytes]] = {
            Deed.UIDS_MAPPED: leaving.uids,
            Deed.DATES_MOVED: leaving.dates,
            Deed.ACCESSION_MAPPED: leaving.accessions,
            Deed.TITLE_MAPPED: leaving.titles,
        }

    def cuts(self, data: bytes, walked: Walked, known: _Decisions, depth: Depth) -> list[Cut]:
        """What changes in this level: from where to where, and what stands there instead."""
        cuts: list[Cut] = [(start, end, b"") for start, end in walked.gone]
        if walked.gone_count:
            self.done[_REMOVED] += walked.gone_count
        safe = self._safe_private(data, walked.elements)
        for one in walked.elements:
            if depth == Depth.TOP and one.tag in self.stamped:
                cuts.append((one.start, one.end, b""))
                continue
            treatment = known.treatments[one.key]
            deed = treatment.deed
            if deed is _KEPT:
                continue
            if deed is _EMPTIED:
                self.done[deed] += 1
                cuts.append((one.start, one.end, treatment.emptied))
                continue
            new = self._rewritten(data, one, treatment, depth, safe)
            if new is not None:
                cuts.append((one.start, one.end, new))
        return cuts

    def _rewritten(
        self, data: bytes, one: Element, treatment: _Treatment, depth: Depth, safe: frozenset[int]
    ) -> bytes | None:
        """What stands in the place of this element; None if it stays as it is."""
        deed = treatment.deed
        if deed is _CHECKED:
            if not self.leaving.names_the_patient(data[one.value : one.end]):
                return None
            deed = Deed.REPLACED
        elif deed is _PRIVATE:
            if one.tag in safe:
                return None
            deed = _REMOVED
        new: bytes | None = b""
        if deed in _WALKED:
            new = self._walked(data, one, below(deed, depth))
        elif deed is not _REMOVED:
            deed, new = self._changed(data[one.value : one.end], one, treatment, deed, depth)
        self.done[deed] += 1
        return new

    def _changed(
        self, value: bytes, one: Element, treatment: _Treatment, deed: Deed, depth: Depth
    ) -> tuple[Deed, bytes | None]:
        if deed is Deed.CLEANED:
            kept = self.leaving.cleaned(value)
            if kept:
                return deed, element(one.tag, one.key[4:], even(kept, b" "))
            deed = instead(self.profile, one.tag, treatment.vr, self.sop_class, depth)
        if deed is _REMOVED:
            return deed, b""
        if deed is _EMPTIED:
            return deed, treatment.emptied
        if deed is Deed.REPLACED:
            return deed, None if says_nothing(treatment.vr, value) else treatment.replaced
        if not value:
            return deed, None
        if not value.isascii():
            raise NotPlain
        padding = b"\0" if treatment.vr == "UI" else b" "
        return deed, element(one.tag, one.key[4:], even(self._changes[deed](value), padding))

    def _walked(self, data: bytes, sequence: Element, depth: Depth) -> bytes | None:
        """The sequence with its items treated; None if nothing in them changed."""
        written: list[bytes] = []
        known = _decisions(self.profile, depth, self.sop_class)
        changed = False
        self.deep += 1
        for one in items_of(
            data, sequence.value, sequence.end, open_ended=sequence.open_ended, deep=self.deep
        ):
            inside = walk(data, one.content, one.content_end, known.table, deep=self.deep)
            cuts = self.cuts(data, inside, known, depth)
            changed = changed or bool(cuts)
            content = _joined(data, one.content, one.content_end, cuts)
            written.append(item(content) if cuts else data[one.start : one.end])
        self.deep -= 1
        return element(sequence.tag, b"SQ", b"".join(written)) if changed else None

    def _safe_private(self, data: bytes, elements: list[Element]) -> frozenset[int]:
        if not self.profile.safe_private.attributes:
            return frozenset()
        private = [one for one in elements if one.tag >> 16 & 1]
        creators = {one.tag: data[one.value : one.end] for one in private if 0x10 <= one.tag & 0xFFFF <= 0xFF}
        found = (
            (one.tag, one.key[4:].decode("ascii"), data[one.value : one.end])
            for one in private
            if one.tag & 0xFFFF >= 0x1000
        )
        return self.leaving.safe_private(creators, found)


def _joined(data: bytes, start: int, end: int, cuts: list[Cut]) -> bytes:
    """These bytes with the cuts made. Of two at one place the first given comes first."""
    out: list[bytes] = []
    for cut_start, cut_end, new in sorted(cuts, key=_PLACE):
        if cut_start < start:
            raise NotPlain  # two cuts overlap: going back would bring out what the first took away
        out += (data[start:cut_start], new)
        start = cut_end
    out.append(data[start:end])
    return b"".join(out)
