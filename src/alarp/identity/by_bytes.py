"""The swift way out: explicit VR little endian, walked once as bytes. What is kept is never decoded, nor copied here.

The answer is a list of segments: new bytes, and ranges of the source that stay as they are, so that whoever writes
the file can have the pixels copied by the kernel. Whatever is not plain (another transfer syntax, an odd length, tags
out of order, a VR nobody knows, a value that is no ASCII where a name is made from it) is left to `by_dataset`.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from alarp.identity.deeds import DEEPER, Deed, Depth, below, decide, instead
from alarp.identity.explicit import (
    LONG,
    SHORT,
    Element,
    NotPlain,
    Range,
    Source,
    element,
    elements_of,
    end_of_fragments,
    even,
    item,
    items_of,
    read_head,
    read_length,
    text_of,
)
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
)
from alarp.identity.objects import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from alarp.identity.profile import Profile
from alarp.identity.pseudonyms import Pseudonyms
from alarp.identity.structure import EXPLICIT_LITTLE

HEAD_BYTES = 1 << 16

_OWN_UIDS = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)
_COMPRESSED = ("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5")
_DEFLATED = frozenset({"1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
_KEPT, _REMOVED, _CHECKED, _PRIVATE = Deed.KEPT, Deed.REMOVED, Deed.CHECKED, Deed.PRIVATE
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
        self.size = len(source)
        self.syntax, start = _transfer_syntax(head)
        self.elements, self.pixels = self._top(start)
        self.tail = source[self.pixels.end : self.size] if self.pixels else b""
        self.behind, _ = elements_of(self.tail, 0, len(self.tail), deep=1)
        if self.pixels and self.behind and self.behind[0].tag <= self.elements[-1].tag:
            raise NotPlain
        self.leaving = Leaving(profile, pseudonyms, self._who())
        self.cleaner = _Cleaner(profile, self.leaving)

    def segments(self) -> tuple[tuple[bytes | Range, ...], Leaving, Mapping[Deed, int]]:
        stamps = self._stamps()
        out = [_file_meta(self.leaving, self.syntax)]
        elements = self.elements[:-1] if self.pixels else self.elements
        self.cleaner.level(self.head, elements, Depth.TOP, out, stamps)
        parts: list[bytes | Range] = [b"".join(out)]
        if self.pixels:
            parts.append(self.pixels)
            rest: list[bytes] = []
            self.cleaner.level(self.tail, self.behind, Depth.TOP, rest, {})
            if rest:
                parts.append(b"".join(rest))
        return tuple(parts), self.leaving, self.cleaner.done

    def _top(self, start: int) -> tuple[list[Element], Range | None]:
        """The elements of the head, and where the pixels lie if they reach beyond it; those are the last element then."""
        elements, end = elements_of(self.head, start, len(self.head))
        last = elements[-1] if elements else None
        if last is None or end == len(self.head):
            if len(self.head) < self.size:
                raise NotPlain
            return elements, None
        stop = last.end
        if last.open_ended:
            if not self.syntax.startswith(_COMPRESSED):
                raise NotPlain
            stop = end_of_fragments(self.source, last.value, self.size)
        if stop > self.size:
            raise NotPlain
        return elements, Range(last.start, stop)

    def _who(self) -> Who:
        found = {one.tag: one for one in self.elements}

        def raw(tag: int) -> bytes:
            one = found.get(tag)
            return self.head[one.value : one.end] if one else b""

        if text_of(raw(0x00280301)).upper().startswith("Y") and not self.pixels_cleaned:
            raise NotPlain  # the careful way says why it is refused
        uids = [raw(tag).decode("latin-1").strip(" \0") for tag in _OWN_UIDS]
        frame = text_of(raw(0x00200052))
        if not all(map(valid_uid, uids)):
            raise NotPlain
        other_ids = found.get(OTHER_IDS)
        nested = list(self._nested_ids(other_ids)) if other_ids else []
        others = (one for one in self.elements if one.key[4:] == b"PN" and one.tag not in NAMES)
        sop_class, sop_instance, study, series = uids
        return Who(
            sop_class_uid=sop_class,
            sop_instance_uid=sop_instance,
            study_uid=study,
            series_uid=series,
            frame_of_reference_uid=frame if valid_uid(frame) else "",
            patient_id=text_of(raw(0x00100020)),
            issuer=text_of(raw(0x00100021)),
            accession=text_of(raw(0x00080050)),
            names=tuple(filter(None, map(raw, NAMES))),
            numbers=tuple(filter(None, [*map(raw, NUMBERS), *nested])),
            others=tuple(self.head[one.value : one.end] for one in others if one.end > one.value),
        )

    def _nested_ids(self, sequence: Element) -> Iterator[bytes]:
        for found in items_of(
            self.head, sequence.value, sequence.end, open_ended=sequence.open_ended, deep=1
        ):
            yield from (self.head[one.value : one.end] for one in found.elements if one.tag == PATIENT_ID)

    def _stamps(self) -> dict[int, bytes]:
        stamps = {
            tag: element(tag, vr.encode(), even(value, b" "))
            for tag, vr, value in self.leaving.stamps(pixels_cleaned=self.pixels_cleaned)
        }
        codes = b"".join(
            item(
                element(0x00080100, b"SH", even(value.encode(), b" "))
                + element(0x00080102, b"SH", even(scheme.encode(), b" "))
                + element(0x00080104, b"LO", even(meaning.encode(), b" "))
            )
            for value, scheme, meaning in self.leaving.codes(pixels_cleaned=self.pixels_cleaned)
        )
        stamps[CODES_OF_METHOD] = element(CODES_OF_METHOD, b"SQ", codes)
        return dict(sorted(stamps.items()))


class _Cleaner:
    """Treats one level after the other; `done` counts what happened to the elements."""

    def __init__(self, profile: Profile, leaving: Leaving) -> None:
        self.profile, self.leaving = profile, leaving
        self.done: Counter[Deed] = Counter()
        self.deep = 0
        self.sop_class = leaving.who.sop_class_uid
        self._changes: Mapping[Deed, Callable[[bytes], bytes]] = {
            Deed.UIDS_MAPPED: leaving.uids,
            Deed.DATES_MOVED: leaving.dates,
            Deed.ACCESSION_MAPPED: leaving.accessions,
            Deed.TITLE_MAPPED: leaving.titles,
        }

    def level(
        self,
        data: bytes,
        elements: list[Element],
        depth: Depth,
        out: list[bytes],
        stamps: Mapping[int, bytes],
    ) -> bool:
        """Writes one level to `out`; `stamps` stand in the place of what was there. True if anything changed."""
        known = self._known(depth)
        safe = self._safe_private(data, elements)
        waiting = list(stamps.items())
        run = at = elements[0].start if elements else 0
        before = len(out)
        for one in elements:
            while waiting and waiting[0][0] <= one.tag:
                out.append(data[run:at])
                out.append(waiting.pop(0)[1])
                run = at
            if one.tag in stamps:
                new: bytes | None = b""
            else:
                deed = known.get(one.key)
                if deed is None:
                    deed = self._decide(known, one, depth)
                if deed is _KEPT:
                    at = one.end
                    continue
                new = self._rewritten(data, one, deed, depth, safe)
            if new is not None:
                out.append(data[run : one.start])
                out.append(new)
                run = one.end
            at = one.end
        out.append(data[run:at])
        out.extend(stamp for _, stamp in waiting)
        return len(out) > before + 1

    def _known(self, depth: Depth) -> dict[bytes, Deed]:
        name = (depth, self.sop_class if depth == Depth.TOP else "")
        known: dict[bytes, Deed] = self.profile.deeds.setdefault(name, {})
        if len(known) > _MOST_REMEMBERED:
            known.clear()  # objects made to fill the memory do not
        return known

    def _decide(self, known: dict[bytes, Deed], one: Element, depth: Depth) -> Deed:
        vr = one.key[4:].decode("ascii")
        deed = decide(self.profile, one.tag, vr, self.sop_class, depth)
        if deed == Deed.NOT_POSSIBLE or (vr == "UN" and deed not in (_REMOVED, _PRIVATE)):
            raise NotPlain
        known[one.key] = deed
        return deed

    def _rewritten(
        self, data: bytes, one: Element, deed: Deed, depth: Depth, safe: frozenset[int]
    ) -> bytes | None:
        """What stands in the place of this element; None if it stays as it is."""
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
            deed, new = self._changed(data[one.value : one.end], one, deed, depth)
        self.done[deed] += 1
        return new

    def _changed(self, value: bytes, one: Element, deed: Deed, depth: Depth) -> tuple[Deed, bytes | None]:
        vr = one.key[4:].decode("ascii")
        if deed == Deed.CLEANED:
            kept = self.leaving.cleaned(value)
            if kept:
                return deed, element(one.tag, one.key[4:], even(kept, b" "))
            deed = instead(self.profile, one.tag, vr, self.sop_class, depth)
        if deed == _REMOVED:
            return deed, b""
        if deed == Deed.EMPTIED:
            return deed, element(one.tag, one.key[4:], b"")
        if deed == Deed.REPLACED:
            return deed, None if says_nothing(vr, value) else element(one.tag, one.key[4:], dummy(vr))
        if not value:
            return deed, None
        if not value.isascii():
            raise NotPlain
        return deed, element(
            one.tag, one.key[4:], even(self._changes[deed](value), b"\0" if vr == "UI" else b" ")
        )

    def _walked(self, data: bytes, sequence: Element, depth: Depth) -> bytes | None:
        written: list[bytes] = []
        changed = False
        self.deep += 1
        for found in items_of(
            data, sequence.value, sequence.end, open_ended=sequence.open_ended, deep=self.deep
        ):
            out: list[bytes] = []
            if self.level(data, found.elements, depth, out, {}):
                changed = True
                written.append(item(b"".join(out)))
            else:
                written.append(data[found.start : found.end])
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


def _transfer_syntax(head: bytes) -> tuple[str, int]:
    """Which transfer syntax has this object, and where does its data set begin?"""
    if head[128:132] != b"DICM":
        raise NotPlain
    position, syntax = 132, ""
    while head[position : position + 2] == b"\x02\x00":
        _, number, vr, length = read_head(head, position)
        start = position + 8
        if vr in LONG:
            (length,) = read_length(head, start)
            start += 4
        elif vr not in SHORT:
            raise NotPlain
        if number == 0x0010:
            syntax = text_of(head[start : start + length])
        position = start + length
    plain = syntax == EXPLICIT_LITTLE or (syntax.startswith(_COMPRESSED) and syntax not in _DEFLATED)
    if not plain:
        raise NotPlain
    return syntax, position


def _file_meta(leaving: Leaving, syntax: str) -> bytes:
    """An empty preamble and a file meta of our own (PS3.10 section 7.1): nothing of the source's is copied."""
    elements = [
        element(0x00020001, b"OB", b"\0\1"),
        element(0x00020002, b"UI", even(leaving.who.sop_class_uid.encode(), b"\0")),
        element(0x00020003, b"UI", even(leaving.uid(leaving.who.sop_instance_uid).encode(), b"\0")),
        element(0x00020010, b"UI", even(syntax.encode(), b"\0")),
        element(0x00020012, b"UI", even(IMPLEMENTATION_CLASS_UID.encode(), b"\0")),
        element(0x00020013, b"SH", even(IMPLEMENTATION_VERSION_NAME.encode(), b" ")),
    ]
    content = b"".join(elements)
    return b"\0" * 128 + b"DICM" + element(0x00020000, b"UL", len(content).to_bytes(4, "little")) + content
