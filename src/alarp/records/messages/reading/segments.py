"""From received bytes to the fields of an HL7 v2 message: delimiters, character sets, escapes, times. Pure.

The `hl7` package splits; escapes are undone here, because the package writes a text that it cannot undo into
the log, and these texts name patients.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import hl7

from alarp.records.messages.reading.said import Unusable

LONDON = ZoneInfo("Europe/London")  # a time without an offset is the hospital's own
HEADER = re.compile(rb"MSH([^\w\s])([^\w\s]{2,4})\1")
SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
# MSH-18, HL7 table 0211 (v2.5.1 ch. 2C): the name there, the codec here.
CHARACTER_SETS = {
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
}
BAD_FIELD, BAD_TYPE, BAD_SEGMENT = 101, 102, 100


@dataclass(frozen=True, slots=True)
class Delimiters:
    """How this sender parts fields, components, repetitions and sub-components, and how it escapes."""

    field: str
    component: str
    repetition: str
    escape: str
    sub: str

    def undo(self, text: str) -> str:
        """The text with its escapes undone (v2.5.1 ch. 2.7); one that is not known is left out, as it says nothing."""
        text = text.replace("\x00", "")  # no database keeps it
        if self.escape not in text:
            return text
        plain = {"F": self.field, "S": self.component, "R": self.repetition, "E": self.escape, "T": self.sub}

        def meant(found: re.Match[str]) -> str:
            code = found.group(1)
            if code in plain:
                return plain[code]
            if code.startswith(".br") or code.startswith(".sp"):
                return "\n"
            if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
                return bytes.fromhex(code[1:]).decode("iso8859-1").replace("\x00", "")
            return ""

        mark = re.escape(self.escape)
        return re.sub(f"{mark}([^{mark}]*){mark}", meant, text)

    def do(self, text: str) -> str:
        """The text with every delimiter escaped, on one line."""
        codes = {
            self.escape: "E",
            self.field: "F",
            self.component: "S",
            self.repetition: "R",
            self.sub: "T",
        }
        parts = (
            f"{self.escape}{codes[c]}{self.escape}" if c in codes else c
            for c in re.sub(r"[\r\n]+", " ", text)
        )
        return "".join(parts)


STANDARD = Delimiters("|", "^", "~", "\\", "&")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; a field that is not there is empty, and so is one that holds the null value `""`."""

    name: str
    _fields: hl7.Segment
    _delimiters: Delimiters

    def raw(self, field: int) -> str:
        """A field as it was sent."""
        try:
            return str(self._fields[field])
        except IndexError:
            return ""

    def text(self, field: int, component: int = 1, sub: int = 0, *, repetition: int = 1) -> str:
        """One value, its escapes undone; `sub` 0: all its sub-components."""
        repeated = self.repetitions(field)
        if len(repeated) < repetition:
            return ""
        return self.part(repeated[repetition - 1], component, sub)

    def repetitions(self, field: int) -> list[str]:
        return self.raw(field).split(self._delimiters.repetition)

    def part(self, value: str, component: int, sub: int = 0) -> str:
        """One component of a value as it was sent."""
        parts = value.split(self._delimiters.component)
        found = parts[component - 1] if len(parts) >= component else ""
        if sub:
            inner = found.split(self._delimiters.sub)
            found = inner[sub - 1] if len(inner) >= sub else ""
        return "" if found == '""' else self._delimiters.undo(found).strip()

    def lines(self, field: int) -> list[str]:
        """Every repetition of a text, whole: a stray component separator in a report ends nothing."""
        return [self._delimiters.undo(value) for value in self.repetitions(field)]

    def time(self, field: int, component: int = 1) -> datetime | None:
        return moment(self.text(field, component, 1))


@dataclass(frozen=True, slots=True)
class Header:
    """MSH: who says what to whom, in whose delimiters."""

    delimiters: Delimiters
    fields: tuple[str, ...]

    def raw(self, field: int) -> str:
        """MSH-n as it was sent (n counts as the standard counts: MSH-1 is the field separator)."""
        return self.fields[field] if field < len(self.fields) else ""

    def text(self, field: int, component: int = 1) -> str:
        first = self.raw(field).split(self.delimiters.repetition)[0]
        parts = first.split(self.delimiters.component)
        return self.delimiters.undo(parts[component - 1]).strip() if len(parts) >= component else ""

    @property
    def sender(self) -> str:
        """Sending application and facility, as the list of senders writes them."""
        return f"{self.text(3)}|{self.text(4)}"


def header_of(data: bytes) -> Header | None:
    """The first segment, read byte by byte, so that even a message in an unknown character set gets an answer."""
    match = HEADER.match(data)
    if match is None or b"\x00" in re.split(rb"[\r\n]", data, maxsplit=1)[0]:
        return None
    marks = match.group(2).decode("latin-1") + "\\&"[len(match.group(2)) - 2 :]
    field = match.group(1).decode("latin-1")
    if len({field, *marks}) != 5:
        return None
    line = re.split(rb"[\r\n]", data, maxsplit=1)[0].decode("latin-1")
    first, *rest = line.split(field)
    return Header(Delimiters(field, *marks), (first, field, *rest))


def decoded(data: bytes, header: Header) -> str:
    """The message as text. Raises Unusable when it is not in the character set that it names."""
    named = header.raw(18).split(header.delimiters.repetition)[0].strip().upper()
    if not named:  # many senders do not say: UTF-8 where it can be that, else the Western European set
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("iso8859-1")
    codec = CHARACTER_SETS.get(named)
    if codec is None:
        raise Unusable(
            "The character set in MSH-18 is not one that is read here; send ASCII, 8859/1, 8859/15 or UNICODE UTF-8.",
            code=103,
        )
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        raise Unusable(
            f"The message is not in the character set {named} that MSH-18 names.", code=BAD_TYPE
        ) from None


def segments_of(data: bytes, header: Header) -> tuple[Segment, ...]:
    """Every segment in the order sent, known or not."""
    text = re.sub(r"\r\n|\n", "\r", decoded(data, header))
    try:
        parsed = hl7.parse(text)
    except (hl7.HL7Exception, ValueError, IndexError, AssertionError):
        raise Unusable("The message cannot be split into segments.", code=BAD_SEGMENT) from None
    return tuple(_named(parsed, header.delimiters))


def _named(parsed: hl7.Message, delimiters: Delimiters) -> Iterator[Segment]:
    for segment in parsed:
        name = str(segment[0]) if len(segment) else ""
        if not name.strip():
            continue
        if not SEGMENT.fullmatch(name):
            raise Unusable("A segment's name is not three letters or digits.", code=BAD_SEGMENT)
        yield Segment(name, segment, delimiters)


def moment(text: str) -> datetime | None:
    """An HL7 time (DTM) as a moment; nothing when it is empty, no time, or none that a message means (1900 to 2200)."""
    try:
        found = hl7.parse_datetime(text)
        if found is None or not 1900 <= found.year <= 2200:
            return None
        return found if found.tzinfo else found.replace(tzinfo=LONDON)
    except (ValueError, OverflowError):
        return None
