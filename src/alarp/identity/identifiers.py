"""By which words, numbers and UIDs would this patient be recognised? What the leak scanner looks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.uid import UID_dictionary

from alarp.identity.header import is_nhs_number
from alarp.identity.objects import broken
from alarp.identity.structure import Broken, Layout, layout, leaves

_PATIENT_NAMES = frozenset({0x00100010, 0x00101001, 0x00101005, 0x00101060})
_IDS = {
    0x00100020: "patient ID",
    0x00101000: "other patient ID",
    0x00101090: "medical record locator",
    0x00380010: "admission ID",
    0x00080050: "accession number",
    0x00402016: "order number",
    0x00402017: "order number",
    0x00102154: "telephone number",
    0x00101040: "address",
    0x00080080: "institution",
    0x00080081: "institution",
    0x00081040: "institution",
}
_BIRTH_DATE = 0x00100030
_STUDY_DATES = frozenset({0x00080020, 0x00080021, 0x00080022, 0x00080023, 0x0008002A})
_UIDS = frozenset(
    {
        0x00080018,
        0x0020000D,
        0x0020000E,
        0x00200052,
        0x00081155,
        0x30060024,
        0x00083010,
        0x00181002,
        0x00080014,
    }
    | {0x00209161, 0x00080017, 0x00200200, 0x00020003}
)
_CHARACTER_SET = 0x00080005
_TELLING = frozenset({_CHARACTER_SET, _BIRTH_DATE, *_STUDY_DATES, *_PATIENT_NAMES, *_IDS, *_UIDS})
_ESCAPE = re.compile(rb"\x1b(?:\$[()\-]?|[(),\-./])[@-Z0-9]")
_SAYS_NOTHING = frozenset({"anonymised", "anonymized", "anonymous", "unknown", "none", "null", "19000101"})
_SHORTEST = 3
_OTHERS = frozenset({"name of another person", "institution", "date of the study"})


@dataclass(frozen=True)
class Identifiers:
    """One patient's identifiers as bytes to look for, each with its kind. Never shown, never logged.

    `words` are ASCII, in lower case, and are looked for as whole words; `numbers` are the words made of
    digits alone; `spellings` are names beyond ASCII in the study's character sets; `uids` are whole UIDs.
    """

    words: dict[bytes, str] = field(repr=False)
    numbers: dict[bytes, str] = field(repr=False)
    spellings: dict[bytes, str] = field(repr=False)
    uids: dict[bytes, str] = field(repr=False)

    def __or__(self, other: Identifiers) -> Identifiers:
        """The identifiers of two objects together, as for a study."""
        return Identifiers(
            self.words | other.words,
            self.numbers | other.numbers,
            self.spellings | other.spellings,
            self.uids | other.uids,
        )

    @property
    def of_patient(self) -> Identifiers:
        """What names the patient and nobody else, without the UIDs: the same in every object of a study."""
        words, numbers, spellings = (
            {text: kind for text, kind in texts.items() if kind not in _OTHERS}
            for texts in (self.words, self.numbers, self.spellings)
        )
        return Identifiers(words, numbers, spellings, {})


def identifiers_of(part10: bytes, *, keeps_uids: bool = False, keeps_dates: bool = False) -> Identifiers:
    """By what would somebody recognise the patient of this object?

    Every person name at any depth (its parts of three letters or more; beyond ASCII of two characters or
    more, and names of shorter parts as a whole), patient ID and other IDs, NHS number, accession,
    institution, birth date and dates of the study in their usual spellings, and the object's UIDs (UIDs and
    dates of the study not when the profile keeps them: `keeps_uids`, `keeps_dates`). Raises BadInput for an
    object that is not whole.
    """
    found: list[tuple[str, str]] = []
    uids: dict[bytes, str] = {}
    codecs: set[str] = {"utf-8"}
    try:
        for tag, vr, value, encodings in _texts(layout(part10)):
            codecs.update(encodings)
            if tag in _UIDS and not keeps_uids:
                uids.update(_uid_needles(value))
            elif tag in _STUDY_DATES and not keeps_dates:
                text = value[:8].decode("ascii", "replace")
                found.extend((spelling, "date of the study") for spelling in _date_spellings(text))
            elif vr == "PN" or tag in _PATIENT_NAMES or tag in _IDS or tag == _BIRTH_DATE:
                found.extend(_needles(tag, decode_bytes(value, encodings, set())))
    except Broken as error:
        raise broken(error) from None
    return _sorted(found, codecs, uids)


def identifiers_known(*, name: str, numbers: Iterable[str], birth_date: str) -> Identifiers:
    """By what would somebody recognise a patient of whom the hospital has told us this much? Text as it is decoded."""
    found = [*_needles(0x00100010, name), *_needles(_BIRTH_DATE, birth_date)]
    for number in numbers:
        found.extend(_needles(0x00100020, number))
    return _sorted(found, {"utf-8"}, {})


def _sorted(found: Iterable[tuple[str, str]], codecs: set[str], uids: dict[bytes, str]) -> Identifiers:
    """These texts with their kinds, each by the way in which it is looked for."""
    words: dict[bytes, str] = {}
    numbers: dict[bytes, str] = {}
    spellings: dict[bytes, str] = {}
    for text, kind in found:
        if text.lower() in _SAYS_NOTHING:
            continue
        if not text.isascii():
            spellings |= dict.fromkeys(_spelled(text, codecs), kind)
        elif text.isdigit():
            numbers[text.encode()] = kind
        else:
            words[text.lower().encode()] = kind
    return Identifiers(words, numbers, spellings, uids)


def _texts(where: Layout) -> Iterator[tuple[int, str, bytes, list[str]]]:
    """The elements that tell who it is, with the codecs of the character set in force where they stand."""
    in_force: dict[tuple[int, ...], list[str]] = {}
    for leaf in leaves(where):
        if leaf.tag not in _TELLING and leaf.vr != "PN":
            continue
        value = where.data[leaf.start : leaf.end].rstrip(b" \0")
        if leaf.tag == _CHARACTER_SET:
            names = [part.strip() for part in value.decode("ascii", "replace").split("\\")]
            in_force[leaf.parents] = convert_encodings(names)
        above = (in_force.get(leaf.parents[:depth]) for depth in range(len(leaf.parents), -1, -1))
        yield leaf.tag, leaf.vr, value, next((codecs for codecs in above if codecs), ["iso8859"])


def _uid_needles(value: bytes) -> Iterator[tuple[bytes, str]]:
    for uid in value.split(b"\\"):
        if len(uid) >= 10 and uid.decode("ascii", "replace") not in UID_dictionary:
            yield uid, "original UID"


def _needles(tag: int, text: str) -> Iterator[tuple[str, str]]:
    for value in text.split("\\"):
        if tag == _BIRTH_DATE:
            yield from ((spelling, "birth date") for spelling in _date_spellings(value.strip()))
        elif tag not in _IDS:
            kind = "patient name" if tag in _PATIENT_NAMES else "name of another person"
            yield from ((part, kind) for part in _name_parts(value))
        elif len(value.strip()) >= _SHORTEST:
            yield value.strip(), _IDS[tag]
            if is_nhs_number(value):
                yield from ((spelling, "NHS number") for spelling in _nhs_spellings(value))


def _name_parts(name: str) -> Iterator[str]:
    for component in re.split(r"[\^=]", name):
        parts = {component.strip(), *re.split(r"[\s,'’\-]+", component)}
        yield from (part for part in sorted(parts) if len(part) >= (_SHORTEST if part.isascii() else 2))
    yield from _short_names(name)


def _short_names(name: str) -> Iterator[str]:
    """Ng^Bo has no part that is long enough to be looked for; family and given name beside each other are."""
    for group in name.split("="):
        family, given, *_ = [part.strip() for part in f"{group}^".split("^")]
        both = bool(family and given) and f"{family}{given}".isascii()
        if both and min(len(family), len(given)) < _SHORTEST:
            yield from (f"{family}{sign}{given}" for sign in ("^", " ", ",", ", "))
            yield f"{given} {family}"


def _nhs_spellings(number: str) -> tuple[str, ...]:
    digits = re.sub(r"[ \-]", "", number)
    parts = (digits[:3], digits[3:6], digits[6:])
    return digits, " ".join(parts), "-".join(parts)


def _date_spellings(text: str) -> Iterable[str]:
    if not re.fullmatch(r"[0-9]{8}", text) or text in _SAYS_NOTHING:
        return ()
    year, month, day = text[:4], text[4:6], text[6:]
    if not ("01" <= month <= "12" and "01" <= day <= "31" and year >= "1850"):
        return ()  # eight digits, and no date
    joined = [sign.join((day, month, year)) for sign in ("/", "-", ".")]
    return [text, *joined, *(sign.join((year, month, day)) for sign in ("-", ".", "/"))]


def _spelled(text: str, codecs: set[str]) -> Iterator[bytes]:
    for codec in codecs:
        for spelling in {text, text.upper(), text.lower()}:
            try:
                coded = _ESCAPE.sub(b"", spelling.encode(codec))
            except (UnicodeEncodeError, LookupError):
                continue
            if len(coded) >= _SHORTEST:
                yield coded
