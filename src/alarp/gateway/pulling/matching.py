"""Does a value match what was asked for? Query keys and their rules (PS3.4 C.2.2.2), the same for C-FIND and QIDO-RS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

from alarp.identity.header import valid_uid
from alarp.kernel import BadInput

PATIENT, STUDY, SERIES, IMAGE = "PATIENT", "STUDY", "SERIES", "IMAGE"
LEVELS = (PATIENT, STUDY, SERIES, IMAGE)
UNIQUE = {
    PATIENT: "PatientID",
    STUDY: "StudyInstanceUID",
    SERIES: "SeriesInstanceUID",
    IMAGE: "SOPInstanceUID",
}

# What can be asked for and is answered, by level (PS3.4 C.6.1.1 and C.6.2.1: unique and required keys first).
KEYS: Mapping[str, tuple[str, ...]] = {
    PATIENT: ("PatientID", "PatientName", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"),
    STUDY: ("StudyInstanceUID", "StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyDescription",
            "ReferringPhysicianName", "PatientAge", "ModalitiesInStudy", "SOPClassesInStudy",
            "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
    SERIES: ("SeriesInstanceUID", "Modality", "SeriesNumber", "SeriesDescription", "SeriesDate", "SeriesTime",
             "BodyPartExamined", "ProtocolName", "Manufacturer", "ManufacturerModelName", "Laterality",
             "FrameOfReferenceUID", "NumberOfSeriesRelatedInstances"),
    IMAGE: ("SOPInstanceUID", "SOPClassUID", "InstanceNumber", "ContentDate", "ContentTime", "Rows", "Columns",
            "BitsAllocated", "NumberOfFrames", "AvailableTransferSyntaxUID"),
}  # fmt: skip
LEVEL_OF = {keyword: level for level in LEVELS for keyword in KEYS[level]}
_WILD = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_RANGES = frozenset({"DA", "TM", "DT"})
_COUNTED = frozenset(
    keyword for keyword in LEVEL_OF if keyword.startswith("NumberOf") and "Related" in keyword
)


@dataclass(frozen=True, slots=True)
class Query:
    """A level, what must match, and what is wanted back. Keys that nobody here knows are left out."""

    level: str
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()

    def at(self, level: str) -> dict[str, tuple[str, ...]]:
        """The keys that belong to this level."""
        return {keyword: values for keyword, values in self.keys.items() if LEVEL_OF[keyword] == level}

    def one(self, keyword: str) -> str:
        """The single value of this key; empty when it has none or several."""
        values = self.keys.get(keyword, ())
        return values[0] if len(values) == 1 else ""


def query(level: str, asked: Iterable[tuple[str, Any]]) -> Query:
    """A query from keywords and their values; an empty value matches everything and is wanted back.

    Raises BadInput for a level that is not one, and for a UID that is not a UID.
    """
    if level not in LEVELS:
        raise BadInput(
            "The query names no level, or one that is none; it is PATIENT, STUDY, SERIES or IMAGE."
        )
    keys: dict[str, tuple[str, ...]] = {}
    wanted: list[str] = []
    known = {keyword for above in LEVELS[: LEVELS.index(level) + 1] for keyword in KEYS[above]}
    for keyword, value in asked:
        if keyword not in known:
            continue
        wanted.append(keyword)
        values = texts(value)
        if dictionary_VR(keyword) == "UI" and not all(valid_uid(one) for one in values):
            raise BadInput(f"The query's {keyword} is not a UID; correct the query.")
        if values and keyword not in _COUNTED and set(values) != {"*"}:
            keys[keyword] = values
    return Query(level, keys, tuple(dict.fromkeys(wanted)))


def texts(value: Any) -> tuple[str, ...]:
    """A value as the texts it is made of: several values stand beside each other or are parted by backslashes."""
    if value is None:
        return ()
    if isinstance(value, str) or hasattr(value, "components"):
        parts = str(value).split("\\")
    elif isinstance(value, Iterable):
        parts = [str(one) for one in value]
    else:
        parts = [str(value)]
    return tuple(part.strip(" \0") for part in parts if part.strip(" \0"))


def matches(keyword: str, wanted: tuple[str, ...], have: Any) -> bool:
    """Does this value (or one of these values) match one of the wanted ones? Nothing matches a value that is absent."""
    vr = dictionary_VR(keyword)
    found = texts(have)
    return any(_one(vr, one, each) for one in wanted for each in found)


def _one(vr: str, wanted: str, have: str) -> bool:
    if vr in _RANGES:
        return _in_range(vr, wanted, have)
    if vr == "PN":
        wanted, have = wanted.casefold(), _unpadded_name(have).casefold()
        return wild(wanted, have) or _unpadded_name(wanted) == have
    if vr in _WILD:
        return wild(wanted, have)
    return _number(wanted) == _number(have) if vr in ("IS", "US", "UL", "DS") else wanted == have


def _unpadded_name(name: str) -> str:
    """A person's name without empty components at its end and without its ideographic forms' separators."""
    return name.rstrip("=").rstrip("^")


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _in_range(vr: str, wanted: str, have: str) -> bool:
    """'20260101-20260131', '-20260131', '20260101-', or a single value; a shorter time stands for its whole span."""
    have = have.replace(":", "").replace(".", "") if vr == "DA" else have.replace(":", "")
    if "-" not in wanted:
        return have == wanted or (vr == "TM" and have.startswith(wanted))
    low, _, high = wanted.partition("-")
    return (not low or have >= low) and (not high or have[: len(high)] <= high)


def wild(pattern: str, text: str) -> bool:
    """Does the text fit a pattern with * (anything) and ? (one character)? In time that grows with both, no faster."""
    at = star = mark = 0
    star = -1
    place = 0
    while place < len(text):
        if at < len(pattern) and (pattern[at] == "?" or pattern[at] == text[place] != "*"):
            at, place = at + 1, place + 1
        elif at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, place, at + 1
        elif star >= 0:
            mark += 1
            at, place = star + 1, mark
        else:
            return False
    return all(rest == "*" for rest in pattern[at:])


def tag_of(keyword: str) -> int:
    """The tag of a keyword this room knows."""
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return tag
