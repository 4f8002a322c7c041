"""How does an object leave the Trust without its person? The Basic Profile of PS3.15 Annex E, at every depth."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR, repeater_has_tag
from pydicom.dataelem import DataElement

from alarp.identity.header import Header, read_header
from alarp.identity.objects import UNREADABLE, code_item, open_dataset, part10_bytes, sequence_of, unreadable
from alarp.identity.profile import KEEP, OPTIONS, SHIFT, Profile
from alarp.identity.pseudonyms import Pseudonyms
from alarp.identity.structure import PIXEL_DATA, Encoding, layout
from alarp.kernel import BadInput

METHOD = "Alarp, DICOM PS3.15 Basic Profile"

_CLASS_LIKE = (
    "SOPClass",
    "GeneralSOPClass",
    "TransferSyntax",
    "CodingScheme",
    "ContextUID",
    "MappingResource",
)
_ALWAYS_GONE = frozenset(
    {0x04000500, 0x4FFE0001}
)  # encrypted attributes; MAC parameters of a removed signature
_UNLISTED_GONE = frozenset({"PN", "DA", "DT", "TM", "AE", "LT", "ST", "UT", "UR", "UN"})
_TEXT = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_SHORT_WORD, _LONG_WORD = 3, 5
_ACCESSION = 0x00080050
_EQUIPMENT = frozenset({0x00080070, 0x00081090, 0x00181020})  # a patient may be called as a manufacturer is
_DUMMY_TEXT = "ANONYMISED"
_DUMMY: dict[str, Any] = {
    "AS": "000Y",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "UR": "urn:anonymised",
    "DS": "0",
    "IS": "0",
    "AT": 0,
    **dict.fromkeys(("FD", "FL"), 0.0),
    **dict.fromkeys(("SL", "SS", "SV", "UL", "US", "UV"), 0),
    **dict.fromkeys(("OB", "OD", "OF", "OL", "OV", "OW", "UN"), b"\0" * 8),
}


@dataclass(frozen=True)
class Deidentified:
    """What leaves, under which names, by which profile and key? Recorded with every send."""

    part10: bytes
    patient_pseudonym: str
    accession_pseudonym: str
    study_uid: str
    series_uid: str
    sop_instance_uid: str
    frame_of_reference_uid: str
    profile_name: str
    profile_version: str
    key_version: int


def deidentify(part10: bytes, *, profile: Profile, pseudonyms: Pseudonyms) -> Deidentified:
    """What may leave in place of this object?

    Every attribute is treated as `profile` says, at every depth and also inside sequences that the table
    does not list. Stricter than the table: all private and unknown attributes go, and so do unlisted
    person names, dates, times, free text (LT, ST, UT) and addresses (AE, UR); an unlisted UID that names
    an instance is mapped; an unlisted text in which the patient's own name, number or accession stands is
    replaced. A sequence with action D, and a kept reference sequence, has every text in it
    replaced. Pixel data keep their bytes and are never decoded; the transfer syntax stays. The given bytes
    are not changed. Raises BadInput for an object that cannot be read whole, and for one that says its
    pixels carry identifiers.
    """
    header = read_header(part10)
    if header.burned_in.startswith("Y"):
        raise BadInput(
            "The object says that its pixels carry identifying text (Burned In Annotation (0028,0301) is YES); "
            "hold it, since only its header can be de-identified."
        )
    encoding = _known_encoding(part10, header)
    dataset = open_dataset(part10, pixels=True)
    outgoing = _Outgoing(profile, pseudonyms, header)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outgoing.clean(dataset, nested=False, dummy=False)
            outgoing.stamp(dataset)
    except UNREADABLE as error:
        raise unreadable(error) from None
    return Deidentified(
        part10=part10_bytes(dataset, encoding),
        patient_pseudonym=outgoing.patient,
        accession_pseudonym=outgoing.accession,
        study_uid=outgoing.uid(header.study_uid),
        series_uid=outgoing.uid(header.series_uid),
        sop_instance_uid=outgoing.uid(header.sop_instance_uid),
        frame_of_reference_uid=outgoing.uid(header.frame_of_reference_uid),
        profile_name=profile.name,
        profile_version=profile.version,
        key_version=pseudonyms.key_version,
    )


def _known_encoding(part10: bytes, header: Header) -> Encoding:
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


class _Outgoing:
    """One object on its way out. `patient` and `accession` are the names under which it goes."""

    def __init__(self, profile: Profile, pseudonyms: Pseudonyms, header: Header) -> None:
        self.profile, self.pseudonyms, self.header = profile, pseudonyms, header
        self.patient = pseudonyms.subject(header.patient_id, header.issuer, header.study_uid)
        self.accession = pseudonyms.accession(header.accession)
        self.shift_days = pseudonyms.date_shift_days(header.patient_id, header.issuer)
        self.keeps_uids = "retain-uids" in profile.options
        self.own_words = _own_words(header)

    def uid(self, uid: str) -> str:
        return uid if self.keeps_uids else self.pseudonyms.uid(uid)

    def clean(self, dataset: Any, *, nested: bool, dummy: bool) -> None:
        """Treats one data set in place; `dummy` replaces also the text that the table does not list."""
        for tag in list(dataset.keys()):
            if _goes_unseen(tag):
                del dataset[tag]
                continue
            action = self.profile.resolved(int(tag), self.header.sop_class_uid, nested=nested)
            if action == "X":
                del dataset[tag]
            elif action == KEEP:
                self._keep(dataset, tag, dummy=False)
            elif action is not None:
                self._act(dataset, tag, action, dummy)
            else:
                self._unlisted(dataset, tag, dummy)

    def _act(self, dataset: Any, tag: Any, action: str, dummy: bool) -> None:
        element = dataset[tag]
        if int(tag) == _ACCESSION:
            element.value = self.pseudonyms.accession(str(element.value or ""))
        elif action == "U" and element.VR == "SQ":
            self._descend(element, dummy=True)
        elif action == "U" or element.VR == "UI":
            self._map_uids(element)
        elif action == "Z":
            _empty(dataset, element)
        elif action == SHIFT:
            self._shift(element)
        elif element.VR == "SQ":
            self._descend(element, dummy=True)
        elif not element.is_empty:
            _replace(dataset, element)

    def _unlisted(self, dataset: Any, tag: Any, dummy: bool) -> None:
        """Leaves an element that nobody lists raw, as it was read, unless its kind can carry a person."""
        if int(tag) in PIXEL_DATA:
            return
        vr = dataset.get_item(tag).VR
        if vr in (None, "UN"):
            vr = dictionary_VR(tag)
        if vr == "SQ" or vr == "UI":
            self._keep(dataset, tag, dummy)
        elif vr in _UNLISTED_GONE or dataset.get_item(tag).VR == "UN":
            if dummy and vr != "UN":
                _replace(dataset, dataset[tag])
            else:
                del dataset[tag]
        elif vr in _TEXT and vr != "CS" and (dummy or self._names_the_patient(dataset.get_item(tag))):
            _replace(dataset, dataset[tag])

    def _names_the_patient(self, element: Any) -> bool:
        if int(element.tag) in _EQUIPMENT:
            return False
        value = element.value
        text = value.decode("latin-1").lower() if isinstance(value, bytes) else str(value or "").lower()
        return bool(self.own_words.intersection(re.split(r"[^0-9a-z]+", text))) or any(
            word in text for word in self.own_words if len(word) >= _LONG_WORD
        )

    def _keep(self, dataset: Any, tag: Any, dummy: bool) -> None:
        element = dataset[tag]
        if element.VR == "SQ":
            self._descend(element, dummy)
        elif element.VR == "UI" and not _class_like(int(tag)):
            self._map_uids(element)

    def _descend(self, element: Any, dummy: bool) -> None:
        for item in element.value or ():
            self.clean(item, nested=True, dummy=dummy)

    def _map_uids(self, element: Any) -> None:
        if element.VR != "UI":
            raise ValueError("a UID attribute that is not of VR UI")
        value = element.value
        if isinstance(value, str) or value is None:
            element.value = self.uid(str(value or ""))
        else:
            element.value = [self.uid(str(part)) for part in value]

    def _shift(self, element: Any) -> None:
        if element.VR in ("DA", "DT"):
            parts = element.value if hasattr(element.value, "append") else [element.value]
            element.value = [_shifted(str(part or ""), self.shift_days) for part in parts]

    def stamp(self, dataset: Any) -> None:
        """Writes the names that stand outside, and says what was done (PS3.15 E.1.1, PS3.3 C.12.1)."""
        dataset.PatientName = self.patient
        dataset.PatientID = self.patient
        dataset.AccessionNumber = self.accession
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = [METHOD, f"Table E.1-1, {self.profile.version}"]
        codes = [code_item("113100", "DCM", "Basic Application Confidentiality Profile")]
        codes += [code_item(OPTIONS[option][0], "DCM", OPTIONS[option][1]) for option in self.profile.options]
        dataset.DeidentificationMethodCodeSequence = sequence_of(codes)
        dataset.LongitudinalTemporalInformationModified = self._dates_word()

    def _dates_word(self) -> str:
        if "retain-full-dates" in self.profile.options:
            return "UNMODIFIED"
        return "MODIFIED" if "retain-modified-dates" in self.profile.options else "REMOVED"


def _own_words(header: Header) -> frozenset[str]:
    """The patient's name parts, numbers and accession, as they would stand in a technical text."""
    parts = re.split(r"[\^=\s,'’\-]+", header.patient_name)
    words = {part.lower() for part in (*parts, header.patient_id, header.accession, header.nhs_number)}
    return frozenset(word for word in words if len(word) >= _SHORT_WORD)


def _goes_unseen(tag: Any) -> bool:
    """Private, unknown, group-length, command, file-meta and directory attributes go without being read."""
    if tag.is_private or tag.element == 0 or tag.group <= 0x0004 or int(tag) in _ALWAYS_GONE:
        return True
    return not (dictionary_has_tag(tag) or repeater_has_tag(tag))


def _class_like(tag: int) -> bool:
    try:
        keyword = dictionary_keyword(tag)
    except KeyError:
        return False
    return any(part in keyword for part in _CLASS_LIKE) and "Instance" not in keyword.replace(
        "StoredInstanceTransfer", ""
    )


def _empty(dataset: Any, element: Any) -> None:
    element.value = sequence_of([]) if element.VR == "SQ" else None


def _replace(dataset: Any, element: Any) -> None:
    """Puts a value that says nothing in the place of one that may; numbers in binary become 0."""
    vr = element.VR
    dataset[element.tag] = DataElement(
        element.tag, vr, _DUMMY_TEXT if vr in _TEXT else _DUMMY.get(vr, b"\0" * 8)
    )


def _shifted(text: str, days: int) -> str:
    """A date or date-time moved by whole days; what cannot be read as one is emptied."""
    try:
        moved = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return moved.strftime("%Y%m%d") + text[8:]
