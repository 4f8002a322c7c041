"""The careful way out: any transfer syntax, by way of the DICOM library's data set. Slower, and it reads everything."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement

from alarp.identity.deeds import Deed, Depth, below, decide, instead
from alarp.identity.header import Header, read_header
from alarp.identity.leaving import (
    CODES_OF_METHOD,
    NAMES,
    NUMBERS,
    OTHER_IDS,
    PATIENT_ID,
    STRINGS,
    Leaving,
    Who,
    dummy,
    says_nothing,
    stamped,
)
from alarp.identity.objects import UNREADABLE, code_item, open_dataset, part10_bytes, sequence_of, unreadable
from alarp.identity.profile import Profile
from alarp.identity.pseudonyms import Pseudonyms
from alarp.identity.structure import Encoding, layout
from alarp.kernel import BadInput

_WALKED = frozenset({Deed.WALKED, Deed.WALKED_STRICTLY, Deed.WALKED_CLEANING})


def rewrite(
    part10: bytes, profile: Profile, pseudonyms: Pseudonyms, *, pixels_cleaned: bool
) -> tuple[bytes, Leaving, Mapping[Deed, int]]:
    """Which bytes leave in place of this object, under which names, and what was done how often?

    Raises BadInput for an object that cannot be read whole.
    """
    header = read_header(part10)
    encoding = _known_encoding(part10)
    dataset = open_dataset(part10, pixels=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            leaving = Leaving(profile, pseudonyms, _who(header, dataset))
            cleaner = _Cleaner(profile, leaving)
            _unstamp(dataset, pixels_cleaned)
            cleaner.clean(dataset, Depth.TOP)
            _stamp(dataset, leaving, pixels_cleaned)
    except UNREADABLE as error:
        raise unreadable(error) from None
    return part10_bytes(dataset, encoding), leaving, cleaner.done


def _known_encoding(part10: bytes) -> Encoding:
    where = layout(part10)
    if not any(leaf.tag == 0x00020010 for leaf in where.meta) and b"\xfe\xff\x00\xe0" in part10[-(1 << 30) :]:
        _refuse_unnamed_compression(part10)
    return where.encoding


def _refuse_unnamed_compression(part10: bytes) -> None:
    dataset = open_dataset(part10, pixels=True)
    element = dataset.get_item(0x7FE00010) if 0x7FE00010 in dataset else None
    if element is not None and getattr(element, "length", 0) == 0xFFFFFFFF:
        raise BadInput(
            "The object has compressed pixels but names no Transfer Syntax (0002,0010); hold it and ask the "
            "sender for it with its file meta."
        )


def _who(header: Header, dataset: Any) -> Who:
    other_ids = dataset.get(OTHER_IDS)
    nested = [_raw(item, PATIENT_ID) for item in (other_ids.value if other_ids else ())]
    return Who(
        sop_class_uid=header.sop_class_uid,
        sop_instance_uid=header.sop_instance_uid,
        study_uid=header.study_uid,
        series_uid=header.series_uid,
        frame_of_reference_uid=header.frame_of_reference_uid,
        patient_id=header.patient_id,
        issuer=header.issuer,
        accession=header.accession,
        names=tuple(filter(None, (_raw(dataset, tag) for tag in NAMES))),
        numbers=tuple(filter(None, [*(_raw(dataset, tag) for tag in NUMBERS), *nested])),
        others=tuple(filter(None, _other_people(dataset))),
    )


def _other_people(dataset: Any) -> Iterator[bytes]:
    for tag in _tags(dataset):
        if int(tag) not in NAMES and _vr(dataset, tag)[1] == "PN":
            yield _raw(dataset, tag)


def _tags(dataset: Any) -> list[Any]:
    """The tags that are there. Iterating over the data set itself would decode every element."""
    return list(dataset.keys())


def _raw(dataset: Any, tag: Any) -> bytes:
    """The bytes of a value as they came, or as ASCII where the library has decoded it already."""
    if tag not in dataset:
        return b""
    value = dataset.get_item(tag).value
    if isinstance(value, bytes):
        return value
    parts = [] if value is None else value if isinstance(value, (list, tuple)) else [value]
    if hasattr(value, "append") and not isinstance(value, (list, tuple)):
        parts = list(value)
    return "\\".join(str(part) for part in parts).encode("utf-8")


def _vr(dataset: Any, tag: Any) -> tuple[str, str]:
    """The declared VR (UN where none is), and the one that is meant."""
    declared = dataset.get_item(tag).VR
    if declared in (None, "UN"):
        try:
            meant = dictionary_VR(tag)[:2]
        except KeyError:
            return "UN", "UN"
        return (meant, meant) if declared is None else ("UN", meant)
    return str(declared), str(declared)


class _Cleaner:
    """Treats data sets in place; `done` counts what happened to the elements."""

    def __init__(self, profile: Profile, leaving: Leaving) -> None:
        self.profile, self.leaving = profile, leaving
        self.done: Counter[Deed] = Counter()
        self._changes: Mapping[Deed, Callable[[bytes], bytes]] = {
            Deed.UIDS_MAPPED: leaving.uids,
            Deed.DATES_MOVED: leaving.dates,
            Deed.ACCESSION_MAPPED: leaving.accessions,
            Deed.TITLE_MAPPED: leaving.titles,
        }

    def clean(self, dataset: Any, depth: Depth) -> None:
        safe = self._safe_private(dataset)
        for tag in _tags(dataset):
            declared, meant = _vr(dataset, tag)
            deed = decide(self.profile, int(tag), declared, self.leaving.who.sop_class_uid, depth)
            if deed == Deed.PRIVATE:
                deed = Deed.KEPT if int(tag) in safe else Deed.REMOVED
            self._do(dataset, tag, deed, meant, depth)

    def _do(self, dataset: Any, tag: Any, deed: Deed, vr: str, depth: Depth) -> None:
        if deed == Deed.CHECKED:
            named = self.leaving.names_the_patient(_raw(dataset, tag))
            deed = Deed.REPLACED if named else Deed.KEPT
        elif deed == Deed.CLEANED:
            deed = self._clean_text(dataset, tag, vr, depth)
        if deed == Deed.REMOVED:
            del dataset[tag]
        elif deed == Deed.NOT_POSSIBLE:
            raise ValueError("a UID attribute that is not of VR UI")
        elif deed in _WALKED:
            for item in dataset[tag].value or ():
                self.clean(item, below(deed, depth))
        elif deed == Deed.EMPTIED:
            dataset[tag].value = sequence_of([]) if vr == "SQ" else None
        elif deed in self._changes and _raw(dataset, tag):
            _set(dataset, tag, dataset[tag].VR, self._changes[deed](_raw(dataset, tag)))
        elif deed == Deed.REPLACED and not says_nothing(vr, _raw(dataset, tag)):
            _set(dataset, tag, vr, dummy(vr))
        if deed != Deed.KEPT:
            self.done[deed] += 1

    def _clean_text(self, dataset: Any, tag: Any, vr: str, depth: Depth) -> Deed:
        kept = self.leaving.cleaned(_raw(dataset, tag))
        if kept:
            _set(dataset, tag, vr, kept)
            return Deed.CLEANED
        return instead(self.profile, int(tag), vr, self.leaving.who.sop_class_uid, depth)

    def _safe_private(self, dataset: Any) -> frozenset[int]:
        """Which private elements of this data set are on the list of safe ones, and the creators they need?"""
        if not self.profile.safe_private.attributes:
            return frozenset()
        creators = {
            int(tag): _raw(dataset, tag)
            for tag in _tags(dataset)
            if tag.is_private and 0x10 <= tag.element <= 0xFF
        }
        elements = (
            (int(tag), dataset.get_item(tag).VR, _raw(dataset, tag))
            for tag in _tags(dataset)
            if tag.is_private and tag.element >= 0x1000
        )
        return self.leaving.safe_private(creators, elements)


def _set(dataset: Any, tag: Any, vr: str, value: bytes) -> None:
    """Puts these bytes in place of the value, to be written as they are."""
    if vr in STRINGS and len(value) % 2:
        value += b"\0" if vr == "UI" else b" "
    if vr in STRINGS:
        dataset[tag] = DataElement(
            tag, vr, value.decode("ascii").rstrip(" \0") or None, already_converted=False
        )
    else:
        dataset[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)


def _unstamp(dataset: Any, pixels_cleaned: bool) -> None:
    for tag in stamped(pixels_cleaned=pixels_cleaned):
        if tag in dataset:
            del dataset[tag]


def _stamp(dataset: Any, leaving: Leaving, pixels_cleaned: bool) -> None:
    for tag, vr, value in leaving.stamps(pixels_cleaned=pixels_cleaned):
        dataset[tag] = DataElement(tag, vr, value.decode("ascii"))
    codes = [code_item(*code) for code in leaving.codes(pixels_cleaned=pixels_cleaned)]
    dataset[CODES_OF_METHOD] = DataElement(CODES_OF_METHOD, "SQ", sequence_of(codes))
