"""Under which names does one object leave, and what do its values become? Bytes in, bytes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from alarp.identity.profile import CLEAN_PIXELS, FULL_DATES, MODIFIED_DATES, OPTIONS, RETAIN_UIDS, Profile
from alarp.identity.pseudonyms import Pseudonyms

METHOD = "Alarp, DICOM PS3.15 Basic Profile"
NAMES = (0x00100010, 0x00101001, 0x00101005)
NUMBERS = (0x00100020, 0x00101000, 0x00080050)
OTHER_IDS, PATIENT_ID, CODES_OF_METHOD = 0x00101002, 0x00100020, 0x00120064
STRINGS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)

_SHORT_WORD, _LONG_WORD = 3, 5
_ESCAPED = re.compile(rb"\x1b\$[()\-.]?[0-9A-Za-z]([^\x1b]*)")
_ESCAPE = re.compile(rb"\x1b[\x20-\x2f]*[\x30-\x7e]")
_BETWEEN_NAMES = re.compile(rb"[\^=\\\s,'\-]+")
_NO_WORD = re.compile(rb"[^0-9a-z]+")
_SAFE_TOKEN = re.compile(rb"[A-Za-z0-9*.]+")
_MEASURED = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,2})?(?:mm|cm|gy|kv|kev|ms|fr|deg)")

_DUMMY_TEXT = b"ANONYMISED"
_DUMMY = {
    "AS": b"000Y",
    "DA": b"19000101",
    "DT": b"19000101000000",
    "TM": b"000000",
    "UR": b"urn:anonymised",
    "DS": b"0 ",
    "IS": b"0 ",
    **dict.fromkeys(("SS", "US"), b"\0" * 2),
    **dict.fromkeys(("AT", "FL", "SL", "UL"), b"\0" * 4),
    **dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), _DUMMY_TEXT),
}
_LONG_DUMMY = b"\0" * 8
_CODE_OF_PROFILE = ("113100", "Basic Application Confidentiality Profile")


@dataclass(frozen=True, slots=True)
class Who:
    """What the header says of whom the object is, as far as its new names depend on it.

    `names` are the raw values of the patient's names, `numbers` of the patient's numbers and the accession: none of
    their words may stand in any text. `others` are the raw values of every other person's name at the top level.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    patient_id: str
    issuer: str
    accession: str
    names: tuple[bytes, ...]
    numbers: tuple[bytes, ...]
    others: tuple[bytes, ...]


class Leaving:
    """One object on its way out: its names, and what becomes of each kind of value."""

    def __init__(self, profile: Profile, pseudonyms: Pseudonyms, who: Who) -> None:
        self.profile, self.pseudonyms, self.who = profile, pseudonyms, who
        self.patient = pseudonyms.subject(who.patient_id, who.issuer, who.study_uid)
        self.accession = pseudonyms.accession(who.accession)
        self.keeps_uids = RETAIN_UIDS in profile.options
        self.days = (
            pseudonyms.shift_of_subject(who.patient_id, who.issuer, who.study_uid)
            if MODIFIED_DATES in profile.options
            else 0
        )
        self.words, self._long_words, self.raw_words = _looked_for(who.names, who.numbers)
        self._uids: dict[bytes, bytes] = {}

    def uid(self, uid: str) -> str:
        return uid if self.keeps_uids else self.pseudonyms.uid(uid)

    def uids(self, value: bytes) -> bytes:
        """Every UID of this value under its name outside; the same one always under the same.

        Also where UIDs are retained: what is asked for here has no such word in the table.
        """
        mapped = self._uids.get(value)
        if mapped is None:
            parts = value.rstrip(b" \0").split(b"\\")
            mapped = b"\\".join(
                self.pseudonyms.uid(part.decode("latin-1").strip(" \0")).encode("latin-1") for part in parts
            )
            self._uids[value] = mapped
        return mapped

    def accessions(self, value: bytes) -> bytes:
        return self.pseudonyms.accession(value.strip(b" \0").decode("latin-1")).encode("ascii")

    def titles(self, value: bytes) -> bytes:
        parts = [part.strip(b" \0").decode("latin-1") for part in value.split(b"\\")]
        return b"\\".join(self.pseudonyms.title(part).encode("ascii") for part in parts)

    def dates(self, value: bytes) -> bytes:
        """Every date or date-time moved by this patient's days; what cannot be read as one is emptied."""
        return b"\\".join(_moved(part.strip(b" \0"), self.days) for part in value.split(b"\\"))

    def names_the_patient(self, value: bytes) -> bool:
        """Does the patient's own name, number or accession stand in this text, as a word or hidden in one?"""
        if any(raw in value for raw in self.raw_words):
            return True
        text = value.lower()
        if not any(word in text for word in self.words):
            return False
        return any(word in text for word in self._long_words) or not self.words.isdisjoint(
            _NO_WORD.split(text)
        )

    def cleaned(self, value: bytes) -> bytes:
        """Only the words of this text that are known to be safe and are nobody's name here; empty when none is."""
        if b"\x1b" in value:
            return b""
        named, _ = _words_of(self.who.others)
        kept = [
            token
            for token in _SAFE_TOKEN.findall(value)
            if _is_safe(token.lower(), self.profile.safe_words) and token.lower() not in self.words | named
        ]
        return b" ".join(kept)

    def safe_private(
        self, creators: Mapping[int, bytes], elements: Iterable[tuple[int, str | None, bytes]]
    ) -> frozenset[int]:
        """Which of these private elements may stay, with the creators of their blocks? By creator, group, number, VR.

        `creators` holds the value of each (gggg,00bb); an element is tag, declared VR (None: not declared), value.
        """
        kept: set[int] = set()
        for tag, vr, value in elements:
            reserving = tag & 0xFFFF0000 | (tag >> 8 & 0xFF)
            creator = creators.get(reserving, b"").strip(b" \0").decode("latin-1")
            listed = self.profile.safe_private.attributes.get((creator, tag >> 16, tag & 0xFF))
            if listed is not None and vr in (None, listed) and not self.names_the_patient(value):
                kept |= {tag, reserving}
        return frozenset(kept)

    def stamps(self, *, pixels_cleaned: bool) -> list[tuple[int, str, bytes]]:
        """The names under which it leaves, and what was done (PS3.15 E.1.1, PS3.3 C.12.1), in order of their tags.

        The sequence of codes (0012,0064) is not among them: see `codes`.
        """
        method = f"{METHOD}\\Table E.1-1, {self.profile.version}"
        stamps = [
            (0x00080050, "SH", self.accession),
            (0x00100010, "PN", self.patient),
            (0x00100020, "LO", self.patient),
            (0x00120062, "CS", "YES"),
            (0x00120063, "LO", method),
            (0x00280303, "CS", self._dates_word()),
        ]
        if pixels_cleaned:
            stamps.insert(5, (0x00280301, "CS", "NO"))
        return [(tag, vr, text.encode("ascii")) for tag, vr, text in stamps]

    def codes(self, *, pixels_cleaned: bool) -> list[tuple[str, str, str]]:
        """The codes of the profile and of what was done beyond it (CID 7050): value, scheme, meaning."""
        done = {*self.profile.options} | ({CLEAN_PIXELS} if pixels_cleaned else set())
        return [
            (value, "DCM", meaning)
            for value, meaning in (_CODE_OF_PROFILE, *(OPTIONS[option] for option in sorted(done)))
        ]

    def _dates_word(self) -> str:
        if FULL_DATES in self.profile.options:
            return "UNMODIFIED"
        return "MODIFIED" if MODIFIED_DATES in self.profile.options else "REMOVED"


def stamped(*, pixels_cleaned: bool) -> tuple[int, ...]:
    """Which attributes are written anew at the top level of every object, in order of their tags?"""
    burned_in = (0x00280301,) if pixels_cleaned else ()
    return (
        0x00080050,
        0x00100010,
        0x00100020,
        0x00120062,
        0x00120063,
        CODES_OF_METHOD,
        *burned_in,
        0x00280303,
    )


def dummy(vr: str) -> bytes:
    """Which value of this VR says nothing? Padded to an even length (PS3.5 section 6.2)."""
    return _DUMMY.get(vr, _LONG_DUMMY)


def says_nothing(vr: str, value: bytes) -> bool:
    """Is there no value, or nothing but padding in a text?"""
    return not (value.strip(b" \0") if vr in STRINGS else value)


def _moved(text: bytes, days: int) -> bytes:
    try:
        moved = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + timedelta(days=days)
    except (ValueError, OverflowError):
        return b""
    return moved.strftime("%Y%m%d").encode("ascii") + text[8:]


def _is_safe(token: bytes, words: frozenset[str]) -> bool:
    return token.decode("ascii") in words or _MEASURED.fullmatch(token) is not None


def _whole(numbers: Iterable[bytes]) -> frozenset[bytes]:
    """Numbers as they stand and, an NHS number being written with and without spaces, as digits alone."""
    texts = {part.strip().lower() for number in numbers for part in number.strip(b" \0").split(b"\\")}
    texts |= {text.replace(b" ", b"") for text in texts}
    return frozenset(text for text in texts if len(text) >= _SHORT_WORD)


@lru_cache(maxsize=64)
def _looked_for(
    names: tuple[bytes, ...], numbers: tuple[bytes, ...]
) -> tuple[frozenset[bytes], tuple[bytes, ...], tuple[bytes, ...]]:
    """By which words is this patient known: all in ASCII, those of them that are long, and others as bytes?"""
    words, raw = _words_of(names)
    words |= _whole(numbers)
    return words, tuple(word for word in words if len(word) >= _LONG_WORD), raw


@lru_cache(maxsize=64)
def _words_of(values: tuple[bytes, ...]) -> tuple[frozenset[bytes], tuple[bytes, ...]]:
    """The words of these values as they would stand in a technical text: ASCII ones in lower case, others as bytes.

    Text behind an escape sequence to a set of several bytes (ISO 2022) is one word of its own.
    """
    words: set[bytes] = set()
    raw: set[bytes] = set()
    for value in values:
        raw.update(part.strip() for part in _ESCAPED.findall(value))
        plain = _ESCAPE.sub(b"^", _ESCAPED.sub(b"^", value))
        for part in _BETWEEN_NAMES.split(plain.strip(b" \0")):
            (words if part.isascii() else raw).add(part.lower() if part.isascii() else part)
    return (
        frozenset(word for word in words if len(word) >= _SHORT_WORD),
        tuple(sorted(word for word in raw if len(word) >= _SHORT_WORD)),
    )
