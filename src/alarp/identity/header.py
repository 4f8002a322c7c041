"""What does the header of this object say about patient, study, equipment and what it refers to?"""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.values import convert_value

from alarp.identity.objects import UNREADABLE, broken, unreadable
from alarp.identity.structure import Broken, Layout, Leaf, layout, leaves
from alarp.kernel import BadInput

NHS_NUMBER_OID = "2.16.840.1.113883.2.1.4.1"

_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*")
_DAYS_PER_YEAR = 365.25
_UNIT_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / _DAYS_PER_YEAR, "D": 1 / _DAYS_PER_YEAR}

OTHER_PATIENT_IDS = 0x00101002
_DELIMITERS_BYTES = 1024  # of empty items and ends behind the last element of a sequence
_WANTED = {
    keyword: int(tag_for_keyword(keyword) or 0)
    for keyword in [
        "SpecificCharacterSet",
        "ImageType",
        "SOPClassUID",
        "SOPInstanceUID",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "Modality",
        "Manufacturer",
        "ReferringPhysicianName",
        "StationName",
        "StudyDescription",
        "SeriesDescription",
        "ManufacturerModelName",
        "PatientName",
        "PatientID",
        "IssuerOfPatientID",
        "OtherPatientIDs",
        "PatientBirthDate",
        "PatientSex",
        "PatientAge",
        "BodyPartExamined",
        "SoftwareVersions",
        "ViewPosition",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "StudyID",
        "FrameOfReferenceUID",
        "BurnedInAnnotation",
    ]
}
_WANTED_TAGS = frozenset(_WANTED.values())
_OWN_NAME = _WANTED["SOPInstanceUID"]

_REFERENCED_SOP = 0x00081155
_REFERENCED_STUDIES = frozenset({0x00081110, 0x30060012})  # here a "SOP Instance UID" is a study's
_NOT_STORED = frozenset(
    {0x00081111, 0x00081120, 0x00081125}
)  # performed step, patient, visit: no stored object


@dataclass(frozen=True, slots=True)
class References:
    """Which other objects does this one name, at any depth?"""

    referenced_sop_uids: frozenset[str]
    referenced_study_uids: frozenset[str]
    referenced_series_uids: frozenset[str]
    referenced_frame_of_reference_uids: frozenset[str]


@dataclass(frozen=True)
class Header:
    """What the gateway knows of one object without touching its pixels. Text is decoded; absent is empty."""

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    transfer_syntax: str
    patient_id: str
    issuer: str
    nhs_number: str
    patient_name: str
    birth_date: str
    sex: str
    age_years: float | None
    accession: str
    study_id: str
    study_date: str
    study_time: str
    study_description: str
    referring_physician: str
    modality: str
    body_part: str
    view: str
    manufacturer: str
    model: str
    software: str
    station_name: str
    image_type: tuple[str, ...]
    burned_in: str
    description: str
    frame_of_reference_uid: str
    character_set: tuple[str, ...]
    referenced_sop_uids: frozenset[str] = frozenset()
    referenced_study_uids: frozenset[str] = frozenset()
    referenced_series_uids: frozenset[str] = frozenset()
    referenced_frame_of_reference_uids: frozenset[str] = frozenset()


def read_header(part10: bytes) -> Header:
    """What does this object's header say?

    Reads files with and without preamble and file meta, implicit and explicit, little and big endian,
    deflated, and never decodes a pixel. Raises BadInput, one sentence, for bytes that are not DICOM, for an
    object that is cut off, and for a missing or invalid UID (PS3.5 section 9.1: at most 64 characters,
    numbers without leading zeros, parted by dots), since UIDs become keys and paths.
    """
    try:
        where = layout(part10)
        name, rest, references = _walked(where)
    except Broken as error:
        raise _as_bad_input(part10, error) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = _header(rest, where.encoding.transfer_syntax)
            sop_uid = _uid(_Values(name), "SOPInstanceUID", "SOP Instance UID (0008,0018)")
    except UNREADABLE as error:
        raise unreadable(error) from None
    return replace(header, sop_instance_uid=sop_uid, **asdict(references))


def _as_bad_input(part10: bytes, error: Broken) -> BadInput:
    if part10[128:132] != b"DICM" and part10[:2] not in (b"\x02\x00", b"\x08\x00", b"\x00\x08"):
        return BadInput(
            f"These {len(part10)} bytes are not a DICOM object (no DICM mark and no DICOM element); send DICOM Part 10."
        )
    return broken(error)


def valid_uid(text: str) -> bool:
    """Is this a UID as PS3.5 section 9.1 writes it?"""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def is_nhs_number(text: str) -> bool:
    """Is this a valid NHS number: ten digits whose modulus-11 check digit holds (NHS Data Dictionary, NHS NUMBER)?"""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()):
        return False
    check = (
        11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    )
    return check != 10 and check % 11 == int(digits[9])


@lru_cache(maxsize=16)
def _header(stated: _Stated, transfer_syntax: str) -> Header:
    """All but the object's own name and its references: what the images of a series say alike is decoded once."""
    dataset = _Values(stated)
    study_date, birth_date = _text(dataset, "StudyDate"), _text(dataset, "PatientBirthDate")
    patient_id = _text(dataset, "PatientID")
    return Header(
        sop_class_uid=_uid(dataset, "SOPClassUID", "SOP Class UID (0008,0016)"),
        sop_instance_uid="",
        study_uid=_uid(dataset, "StudyInstanceUID", "Study Instance UID (0020,000D)"),
        series_uid=_uid(dataset, "SeriesInstanceUID", "Series Instance UID (0020,000E)"),
        transfer_syntax=transfer_syntax,
        patient_id=patient_id,
        issuer=_text(dataset, "IssuerOfPatientID"),
        nhs_number=_nhs_number(dataset, patient_id),
        patient_name=_text(dataset, "PatientName"),
        birth_date=birth_date,
        sex=_text(dataset, "PatientSex"),
        age_years=_age_years(_text(dataset, "PatientAge"), birth_date, study_date),
        accession=_text(dataset, "AccessionNumber"),
        study_id=_text(dataset, "StudyID"),
        study_date=study_date,
        study_time=_text(dataset, "StudyTime"),
        study_description=_text(dataset, "StudyDescription"),
        referring_physician=_text(dataset, "ReferringPhysicianName"),
        modality=_text(dataset, "Modality"),
        body_part=_text(dataset, "BodyPartExamined"),
        view=_text(dataset, "ViewPosition"),
        manufacturer=_text(dataset, "Manufacturer"),
        model=_text(dataset, "ManufacturerModelName"),
        software="\\".join(_texts(dataset, "SoftwareVersions")),
        station_name=_text(dataset, "StationName"),
        image_type=_texts(dataset, "ImageType"),
        burned_in=_text(dataset, "BurnedInAnnotation").upper(),
        description=_text(dataset, "SeriesDescription"),
        frame_of_reference_uid=_optional_uid(dataset, "FrameOfReferenceUID"),
        character_set=_texts(dataset, "SpecificCharacterSet"),
    )


class _Stated(NamedTuple):
    """Bytes of a data set's first level that a header tells of: (tag, VR, value) each, and Other Patient IDs as it lies."""

    implicit: bool
    little: bool
    elements: tuple[tuple[int, str, bytes], ...]
    other_ids: bytes = b""


class _Values:
    """What was stated, decoded by the DICOM library when asked for.

    Handing the library the few values wanted, in place of the whole header, makes reading twice as fast.
    """

    def __init__(self, stated: _Stated) -> None:
        self._stated = stated
        self._found = {tag: (vr, value) for tag, vr, value in stated.elements}
        self._encodings: list[str] = []  # the name of a character set is plain ASCII
        self._encodings = convert_encodings(list(_texts(self, "SpecificCharacterSet")) or None)

    def get(self, keyword: str) -> Any:
        """This attribute's value as the library gives it; None when it is absent."""
        tag = _WANTED[keyword]
        if tag not in self._found:
            return None
        vr, value = self._found[tag]
        vr = dictionary_VR(tag) if vr == "UN" else vr
        implicit, little = self._stated.implicit, self._stated.little
        raw = RawDataElement(BaseTag(tag), vr, len(value), value, 0, implicit, little)
        return convert_value(vr, raw, self._encodings)

    def other_ids(self) -> Any:
        """The items of Other Patient IDs Sequence, whose nesting only the library knows; of its bytes alone."""
        stated = self._stated
        if not stated.other_ids:
            return ()
        part = BytesIO(stated.other_ids)
        found = read_dataset(part, stated.implicit, stated.little, stop_when=_another_element)
        return found.get("OtherPatientIDsSequence") or ()


def _another_element(tag: int, vr: str | None, length: int) -> bool:
    return tag != OTHER_PATIENT_IDS


def _walked(where: Layout) -> tuple[_Stated, _Stated, References]:
    """The object's own name, the rest that it states, and what it refers to.

    Walks the bytes to the very end, so that an object which is cut off anywhere is found out here.
    """
    found: dict[int, tuple[int, str, bytes]] = {}
    others: list[Leaf] = []
    named: dict[str, set[str]] = {"sop": set(), "study": set(), "series": set(), "frame": set()}
    for leaf in leaves(where):
        if not leaf.parents:
            if leaf.tag in _WANTED_TAGS:
                found[leaf.tag] = leaf.tag, leaf.vr, bytes(where.data[leaf.start : leaf.end])
            continue
        if leaf.parents[0] == OTHER_PATIENT_IDS:
            others.append(leaf)
        kind = _reference_kind(leaf.tag, leaf.parents)
        if kind:
            named[kind].update(_values(where.data[leaf.start : leaf.end]))
    references = References(*(frozenset(named[kind]) for kind in ("sop", "study", "series", "frame")))
    encoding = where.encoding.implicit, where.encoding.little
    own = found.pop(_OWN_NAME, None)
    return (
        _Stated(*encoding, (own,) if own else ()),
        _Stated(*encoding, tuple(found.values()), _other_ids(where, others)),
        references,
    )


def _other_ids(where: Layout, leaves: Sequence[Leaf]) -> bytes:
    """The bytes of Other Patient IDs Sequence, from its head on."""
    if not leaves:
        return b""
    group, number = divmod(OTHER_PATIENT_IDS, 1 << 16)
    head = struct.pack("<HH" if where.encoding.little else ">HH", group, number)
    start = where.data.rfind(head, 0, leaves[0].start)
    return bytes(where.data[start : leaves[-1].end + _DELIMITERS_BYTES])


def _texts(dataset: Any, keyword: str) -> tuple[str, ...]:
    value = dataset.get(keyword)
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__") or hasattr(value, "components"):
        value = [value]
    return tuple(str(part).strip(" \0") for part in value)


def _text(dataset: Any, keyword: str) -> str:
    """The first value as text: none of these attributes means anything by its second."""
    parts = _texts(dataset, keyword)
    return parts[0] if parts else ""


def _uid(dataset: Any, keyword: str, name: str) -> str:
    parts = _texts(dataset, keyword)
    if not parts or not any(parts):
        raise BadInput(f"The object has no {name} in its data set; hold it and ask the sender to repair it.")
    if len(parts) != 1 or not valid_uid(parts[0]):
        raise BadInput(
            f"The {name} of the object is not a valid UID (at most 64 characters, numbers without leading "
            "zeros, parted by dots); hold it and ask the sender to repair it."
        )
    return parts[0]


def _optional_uid(dataset: Any, keyword: str) -> str:
    text = _text(dataset, keyword)
    return text if valid_uid(text) else ""


def _nhs_number(dataset: _Values, patient_id: str) -> str:
    if is_nhs_number(patient_id):
        return _digits(patient_id)
    for item in dataset.other_ids():
        number = _text(item, "PatientID")
        if _says_nhs(item) and is_nhs_number(number):
            return _digits(number)
    # Retired, and still where many systems write it; it names no issuer, so only the check digit speaks for it.
    others = {_digits(text) for text in _texts(dataset, "OtherPatientIDs") if is_nhs_number(text)}
    return others.pop() if len(others) == 1 else ""


def _says_nhs(item: Any) -> bool:
    if any("NHS" in _text(item, keyword).upper() for keyword in ("IssuerOfPatientID", "TypeOfPatientID")):
        return True
    qualifiers = item.get("IssuerOfPatientIDQualifiersSequence") or ()
    return any(_text(qualifier, "UniversalEntityID") == NHS_NUMBER_OID for qualifier in qualifiers)


def _digits(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def _age_years(age: str, birth_date: str, study_date: str) -> float | None:
    match = re.fullmatch(r"([0-9]{1,3})([DWMY])", age.upper())
    if match:
        return int(match[1]) * _UNIT_YEARS[match[2]]
    born, studied = _date(birth_date), _date(study_date)
    if born is None or studied is None or studied < born:
        return None
    return (studied - born).days / _DAYS_PER_YEAR


def _date(text: str) -> date | None:
    digits = text.replace(".", "")
    if not re.fullmatch(r"[0-9]{8}", digits):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _reference_kind(tag: int, parents: tuple[int, ...]) -> str:
    if not parents:
        return ""
    if tag == _REFERENCED_SOP:
        if parents[-1] in _REFERENCED_STUDIES:
            return "study"
        return "" if parents[-1] in _NOT_STORED else "sop"
    return {0x0020000D: "study", 0x0020000E: "series", 0x00200052: "frame", 0x30060024: "frame"}.get(tag, "")


def _values(value: bytes) -> Iterator[str]:
    for part in value.decode("ascii", "replace").split("\\"):
        text = part.strip(" \0")
        if text:
            yield text
