"""What does a tool that speaks no DICOM say of a study? Its JSON, read strictly: nothing in it is passed over."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarp.identity.header import valid_uid
from alarp.kernel import BadInput

MOST_BYTES = 2**20
MOST_STATEMENTS, MOST_IMAGES = 500, 20_000
TEXT = 64  # LO, the representation of a code's meaning (PS3.5 table 6.2-1)
CODE = 16  # SH, of its value and of the scheme's name
_FIELDS = {
    *("result_id", "study_uid", "patient_id", "accession", "images", "algorithm", "made_at"),
    *("not_analysed", "statements"),
}
_UCUM = re.compile(r"[\x21-\x7e]{1,16}")


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: value, coding scheme, and what it means in words."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that the tool says: a number with its unit (UCUM), or a word. `images` empty: it is about all."""

    name: Code
    number: float | None
    unit: str
    word: Code | None
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one tool says of one study, under the names that the study was sent with.

    `not_analysed` is the reason when it could not read the study; then there are no statements.
    """

    result_id: str
    study_uid: str
    patient_id: str
    accession: str
    images: tuple[str, ...]
    algorithm: str
    version: str
    manufacturer: str
    made_at: datetime
    not_analysed: str
    statements: tuple[Statement, ...]


def read(text: bytes) -> Finding:
    """Which finding is this JSON? Raises BadInput, one sentence, for whatever is missing, unknown or of no sense.

    No value is repeated in the sentence: a tool may have written a name where it does not belong.
    """
    if len(text) > MOST_BYTES:
        raise BadInput(
            f"The finding is larger than {MOST_BYTES // 2**20} MB; send its numbers, not its images."
        )
    try:
        table = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadInput("The finding is no JSON in UTF-8; correct and send it again.") from None
    table = _table(table, "The finding", _FIELDS)
    images = _images(table.get("images"), "The finding")
    if not images:
        raise BadInput("The finding names no images; name those that it rests on by their SOP Instance UIDs.")
    algorithm = _table(table.get("algorithm"), "algorithm", {"name", "version", "manufacturer"})
    reason = _text(table, "not_analysed", "The finding", most=TEXT, needed=False)
    statements = _statements(table.get("statements", []), images)
    if bool(reason) == bool(statements):
        raise BadInput(
            "The finding has to say something: statements, or under not_analysed why the study was not analysed, "
            "and not both."
        )
    return Finding(
        result_id=_text(table, "result_id", "The finding", most=TEXT),
        study_uid=_uid(table.get("study_uid"), "study_uid"),
        patient_id=_text(table, "patient_id", "The finding", most=TEXT),
        accession=_text(table, "accession", "The finding", most=CODE, needed=False),
        images=images,
        algorithm=_text(algorithm, "name", "algorithm", most=TEXT),
        version=_text(algorithm, "version", "algorithm", most=TEXT),
        manufacturer=_text(algorithm, "manufacturer", "algorithm", most=TEXT, needed=False),
        made_at=_moment(table.get("made_at")),
        not_analysed=reason,
        statements=statements,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput(
            "The finding says one field twice; which of both is meant cannot be known. Say it once."
        )
    return found


def _no_constant(_: str) -> Any:
    raise BadInput("The finding holds a number that is none (NaN or Infinity); leave that statement out.")


def _table(value: Any, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where} is no JSON object with fields; see the how-to for one that is.")
    strange = sorted(set(value) - known)
    if strange:
        raise BadInput(
            f"{where} has {len(strange)} fields that are not known; use {', '.join(sorted(known))}."
        )
    return value


def _text(table: Mapping[str, Any], field: str, where: str, *, most: int, needed: bool = True) -> str:
    value = table.get(field, "" if not needed else None)
    if not isinstance(value, str) or (needed and not value.strip()):
        raise BadInput(f"{where} has no text under {field}; write it.")
    text = value.strip()
    if len(text) > most or "\\" in text or not text.isprintable():
        raise BadInput(f"{where}: {field} is one line of at most {most} characters without a backslash.")
    return text


def _uid(value: Any, where: str) -> str:
    if not isinstance(value, str) or not valid_uid(value):
        raise BadInput(f"{where} is no UID (PS3.5 section 9.1); take it from the images that were sent.")
    return value


def _images(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_IMAGES:
        raise BadInput(f"{where}: images is a list of at most {MOST_IMAGES} SOP Instance UIDs.")
    return tuple(dict.fromkeys(_uid(one, f"{where}: an entry of images") for one in value))


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput(
            "The finding's made_at is when the tool read the study, with its time zone, such as "
            "2026-06-03T14:05:00+01:00."
        )
    return moment


def _statements(value: Any, images: tuple[str, ...]) -> tuple[Statement, ...]:
    if not isinstance(value, list) or len(value) > MOST_STATEMENTS:
        raise BadInput(f"The finding's statements are a list of at most {MOST_STATEMENTS}.")
    return tuple(_statement(one, f"Statement {n}", images) for n, one in enumerate(value, start=1))


def _statement(value: Any, where: str, images: tuple[str, ...]) -> Statement:
    table = _table(value, where, {"name", "code", "value", "unit", "says", "says_code", "images"})
    own = _images(table.get("images"), where)
    if set(own) - set(images):
        raise BadInput(f"{where} is about images that the finding does not name; name them there as well.")
    name = _concept(table, "name", "code", where)
    if ("value" in table) == ("says" in table):
        raise BadInput(f"{where} gives either a number under value or a word under says; give one of them.")
    if "says" in table:
        return Statement(name, None, "", _concept(table, "says", "says_code", where), own)
    number = table["value"]
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise BadInput(f"{where}: value is no number; write one, or a word under says.")
    unit = table.get("unit", "1")
    if not isinstance(unit, str) or not _UCUM.fullmatch(unit):
        raise BadInput(f"{where}: unit is a UCUM unit such as mm, ml or 1, of at most {CODE} characters.")
    return Statement(name, float(number), unit, None, own)


def _concept(table: Mapping[str, Any], words: str, code: str, where: str) -> Code:
    """The concept under its own code, or under one of ours that follows from its words."""
    meaning = _text(table, words, where, most=TEXT)
    if table.get(code) is None:
        return Code("", "", meaning)
    given = _table(table[code], f"{where}: {code}", {"value", "scheme"})
    return Code(
        _text(given, "value", f"{where}: {code}", most=CODE),
        _text(given, "scheme", f"{where}: {code}", most=CODE),
        meaning,
    )
