"""How does a matched result get its patient back? The original identity, in the original character set."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydicom.charset import convert_encodings

from alarp.identity.header import Header, read_header
from alarp.identity.objects import UNREADABLE, open_dataset, part10_bytes, unreadable
from alarp.identity.pseudonyms import Pseudonyms
from alarp.identity.structure import layout
from alarp.kernel import BadInput

UNICODE = ("ISO_IR 192",)

_MARKERS = (0x00120062, 0x00120063, 0x00120064, 0x00280303)
_OTHER_NAMES = (
    "TypeOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "OtherPatientIDs",
    "OtherPatientNames",
    "OtherPatientIDsSequence",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "MedicalRecordLocator",
    "ReferencedPatientSequence",
    "PatientBirthTime",
    "IssuerOfAccessionNumberSequence",
)
_TEXT = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})


@dataclass(frozen=True)
class Crosswalk:
    """Who is behind the pseudonyms of one study? Stays inside the Trust; every field but the names is secret.

    `uids` leads from each UID under which something was sent to the original one: study, series, objects,
    frames of reference. It is frozen data, so the gateway may store it beside the study.
    """

    patient_pseudonym: str
    accession_pseudonym: str
    patient_id: str = field(repr=False)
    issuer: str = field(repr=False)
    patient_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    sex: str = field(repr=False)
    accession: str = field(repr=False)
    study_id: str = field(repr=False)
    study_date: str = field(repr=False)
    study_time: str = field(repr=False)
    study_description: str = field(repr=False)
    referring_physician: str = field(repr=False)
    character_set: tuple[str, ...]
    uids: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(
        cls, originals: Iterable[Header], pseudonyms: Pseudonyms, *, keeps_uids: bool = False
    ) -> Crosswalk:
        """Which crosswalk leads back to the study of these original headers?

        `keeps_uids` says that the profile sent the original UIDs.
        Raises BadInput when there is none, or when they are not of one study and one patient.
        """
        headers = list(originals)
        if not headers:
            raise BadInput(
                "A crosswalk needs the header of at least one object of the study; none was given."
            )
        first = headers[0]
        people = {(one.study_uid, one.patient_id, pseudonyms.issued_by(one.issuer)) for one in headers}
        if len(people) != 1:
            raise BadInput(
                "The headers for one crosswalk are not of one study of one patient; build one for each."
            )
        return cls(
            patient_pseudonym=pseudonyms.subject(first.patient_id, first.issuer, first.study_uid),
            accession_pseudonym=pseudonyms.accession(first.accession),
            patient_id=first.patient_id,
            issuer=first.issuer,
            patient_name=first.patient_name,
            birth_date=first.birth_date,
            sex=first.sex,
            accession=first.accession,
            study_id=first.study_id,
            study_date=first.study_date,
            study_time=first.study_time,
            study_description=first.study_description,
            referring_physician=first.referring_physician,
            character_set=first.character_set,
            uids={
                uid if keeps_uids else pseudonyms.uid(uid): uid
                for header in headers
                for uid in _own_uids(header)
            },
        )


def _own_uids(header: Header) -> Iterator[str]:
    yield from (header.study_uid, header.series_uid, header.sop_instance_uid)
    if header.frame_of_reference_uid:
        yield header.frame_of_reference_uid
    yield from sorted(header.referenced_frame_of_reference_uids)


def reidentify(part10: bytes, crosswalk: Crosswalk) -> bytes:
    """Which bytes go to PACS for this matched result?

    The patient and study attributes of the original, and every UID we sent turned back at any depth; the
    vendor's own series and SOP Instance UIDs stay; the marks of de-identification go. The pseudonym is also
    turned back where it stands alone as a text value. Text is written in the original's character set when
    the result's own text is plain ASCII or already in that set, and in UTF-8 otherwise, so that no name and
    no finding is lost. The same input always gives the same bytes. Pixel data keep their bytes. Raises
    BadInput for a result that does not carry this crosswalk's pseudonym and study; call `disagreements`
    first, which asks for far more.
    """
    header = read_header(part10)
    if header.patient_id != crosswalk.patient_pseudonym or header.study_uid not in crosswalk.uids:
        raise BadInput(
            "The result does not carry the pseudonym and study of this crosswalk; put it in quarantine, "
            "do not give it this patient's name."
        )
    encoding = layout(part10).encoding
    dataset = open_dataset(part10, pixels=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = _restore_all(dataset, crosswalk)
            _restore_patient(dataset, crosswalk, plain)
    except UNREADABLE as error:
        raise unreadable(error) from None
    return part10_bytes(dataset, encoding)


def _restore_all(dataset: Any, crosswalk: Crosswalk) -> bool:
    """Turns UIDs and lone pseudonyms back at every depth; says whether all text is plain ASCII.

    Reads every text element, so that it can be written again in another character set.
    """
    names = {crosswalk.patient_pseudonym: crosswalk.patient_id}
    if crosswalk.accession_pseudonym:
        names[crosswalk.accession_pseudonym] = crosswalk.accession
    plain = True
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or ():
                plain = _restore_all(item, crosswalk) and plain
                if "SpecificCharacterSet" in item:
                    del item.SpecificCharacterSet
        elif element.VR == "UI":
            _translate(element, crosswalk.uids)
        elif element.VR in _TEXT:
            plain = plain and all(str(part).isascii() for part in _parts(element))
            _translate(element, names)
    return plain


def _parts(element: Any) -> list[Any]:
    value = element.value
    if value is None:
        return []
    return list(value) if element.VM > 1 else [value]


def _translate(element: Any, names: Mapping[str, str]) -> None:
    parts = [str(part).strip(" \0") for part in _parts(element)]
    if any(part in names for part in parts):
        changed = [names.get(part, part) for part in parts]
        element.value = changed if len(changed) > 1 else changed[0]


def _restore_patient(dataset: Any, crosswalk: Crosswalk, plain: bool) -> None:
    for name in (*_MARKERS, *_OTHER_NAMES):
        if name in dataset:
            del dataset[name]
    _set_character_set(dataset, crosswalk, plain)
    dataset.PatientName = crosswalk.patient_name
    dataset.PatientID = crosswalk.patient_id
    dataset.PatientBirthDate = crosswalk.birth_date
    dataset.PatientSex = crosswalk.sex
    dataset.AccessionNumber = crosswalk.accession
    dataset.StudyID = crosswalk.study_id
    dataset.StudyDate = crosswalk.study_date
    dataset.StudyTime = crosswalk.study_time
    dataset.ReferringPhysicianName = crosswalk.referring_physician
    for keyword, value in (
        ("IssuerOfPatientID", crosswalk.issuer),
        ("StudyDescription", crosswalk.study_description),
    ):
        if value:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)


def _set_character_set(dataset: Any, crosswalk: Crosswalk, plain: bool) -> None:
    own = (
        tuple(str(part) for part in _parts(dataset["SpecificCharacterSet"]))
        if "SpecificCharacterSet" in dataset
        else ()
    )
    restored = (
        crosswalk.patient_name,
        crosswalk.referring_physician,
        crosswalk.study_description,
        crosswalk.patient_id,
    )
    wanted = crosswalk.character_set if plain or own == crosswalk.character_set else UNICODE
    if not all(_can_write(text, wanted) for text in restored):
        wanted = UNICODE
    if wanted and any(wanted):
        dataset.SpecificCharacterSet = list(wanted) if len(wanted) > 1 else wanted[0]
    elif "SpecificCharacterSet" in dataset:
        del dataset.SpecificCharacterSet


def _can_write(text: str, character_set: tuple[str, ...]) -> bool:
    """Can every part of this text be written by one of these character sets, and read back the same?"""
    if text.isascii():
        return True
    codecs = convert_encodings(list(character_set)) if any(character_set) else ["ascii"]
    return all(any(_writes(part, codec) for codec in codecs) for part in text.replace("=", "^").split("^"))


def _writes(part: str, codec: str) -> bool:
    try:
        return part.encode(codec).decode(codec) == part
    except (UnicodeError, LookupError):
        return False
