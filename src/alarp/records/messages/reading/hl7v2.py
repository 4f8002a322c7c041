"""What does an HL7 v2 message say? Orders, reports, changes and merges of patients, wishes about AI. Pure.

Which field holds what follows IHE Radiology TF-2 (RAD-4 orders, RAD-12 patient update, RAD-28 reports) and HL7
v2.5.1 ch. 3, 4 and 7; where senders differ, the fields are asked in the order given below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from alarp.identity import is_nhs_number
from alarp.records.messages.reading.said import (
    Letter,
    Merged,
    Ordered,
    Reported,
    Unusable,
    Whom,
    Wish,
    check_length,
)
from alarp.records.messages.reading.segments import (
    BAD_FIELD,
    BAD_SEGMENT,
    Header,
    Segment,
    moment,
    segments_of,
)

MERGES = frozenset({"A18", "A30", "A34", "A36", "A39", "A40", "A47"})
UNMERGES = frozenset({"A37"})
CHANGES = frozenset({"A08", "A28", "A31"})
NHS_TYPES, NHS_AUTHORITIES = frozenset({"NH", "NHS"}), frozenset({"NHS", "NHSNBR", "NHSNMBR"})
NHS_OID = "2.16.840.1.113883.2.1.4.1"  # NHS number, HL7 UK's OID registry
DICOM_STUDY = "113014"  # DICOM Study, DCM (PS3.16 annex D), the observation that names the study (IHE RAD-28)
ORDER_STATES = {
    "NW": "open",
    "SN": "open",
    "": "open",
    "CA": "cancelled",
    "OC": "cancelled",
    "DC": "cancelled",
}
ORDER_STATUS = {"CM": "completed", "CA": "cancelled", "DC": "cancelled"}
REPORT_STATUS = {"P": "P", "A": "P", "R": "P", "F": "F", "C": "C"}
NO_REPORT_YET = frozenset({"O", "I", "S", "X", "Y", "Z", "N"})  # ordered, scheduled, cancelled (table 0123)
TEXTS = frozenset({"TX", "FT", "ST"})


@dataclass(frozen=True, slots=True)
class WishField:
    """Where a patient administration system writes that a patient does not want AI (setting `hl7_opt_out`)."""

    field: str = ""
    no: str = "Y"
    again: str = "N"
    since: str = ""
    tools: str = ""

    @classmethod
    def read(cls, text: str) -> WishField:
        """From `field=ZAI-1 no=Y again=N from=ZAI-2 tools=ZAI-3`. Raises BadInput for anything else."""
        pairs = dict(pair.partition("=")[::2] for pair in text.split())
        places = [pairs.get(name, "") for name in ("field", "from", "tools")]
        known = set(pairs) <= {"field", "no", "again", "from", "tools"}
        if pairs and not (
            known and places[0] and all(not p or re.fullmatch(r"[A-Z][A-Z0-9]{2}-\d{1,3}", p) for p in places)
        ):
            raise Unusable(
                f"Setting hl7_opt_out is {text!r}; write it as field=ZAI-1 no=Y again=N from=ZAI-2 tools=ZAI-3."
            )
        return cls(places[0], pairs.get("no", "Y"), pairs.get("again", "N"), places[1], places[2])


def read(data: bytes, header: Header, wish_field: WishField) -> Letter:
    """The letter in these bytes. Raises Unusable when it is refused, or of a kind we use and not understood."""
    letter = envelope(header)
    _check_header(header)
    segments = segments_of(data, header)
    kind, event = header.text(9), header.text(9, 2)
    if kind == "ADT":
        return _patients(letter, event, segments, wish_field)
    if (kind, event) in {("ORM", "O01"), ("OMI", "O23")}:
        return replace(letter, orders=tuple(_order(group, segments) for group in _groups(segments)))
    if (kind, event) == ("ORU", "R01"):
        found = (_report(group, segments) for group in _groups(segments))
        return replace(letter, reports=tuple(one for one in found if one is not None))
    return letter


def envelope(header: Header) -> Letter:
    """Who wrote it, and under which number, before anything else is known."""
    kind = "^".join(part for part in (header.text(9), header.text(9, 2)) if part)
    number = header.text(10)[:200]
    return Letter("hl7", header.sender[:200], number, kind[:60], moment(header.text(7)), once=bool(number))


def _check_header(header: Header) -> None:
    if not header.text(10):
        raise Unusable("The message has no control id (MSH-10).", code=BAD_FIELD, refused=True)
    if not header.text(9):
        raise Unusable("The message does not say of what type it is (MSH-9).", code=BAD_FIELD, refused=True)
    if not re.fullmatch(r"2(\.[1-9](\.\d)?)?", header.text(12)):
        raise Unusable("The version in MSH-12 is not HL7 2.1 to 2.9.", code=203, refused=True)
    if header.text(11) != "P":
        raise Unusable(
            "The message is not for production (MSH-11 is not P); test messages do not come in here.",
            code=202,
            refused=True,
        )


def _first(segments: tuple[Segment, ...], name: str) -> Segment | None:
    return next((one for one in segments if one.name == name), None)


def _asked(segments: tuple[Segment, ...], *places: tuple[str, int, int]) -> str:
    """The first of these fields that says something."""
    for name, field, component in places:
        for one in segments:
            if one.name == name and (found := one.text(field, component, 1)):
                return found
    return ""


# Patients


def whom(segment: Segment, fields: tuple[int, ...]) -> Whom:
    """The patient of a PID (fields 3, 2, 4, 19) or MRG (fields 1, 4) segment; the first field that names one leads.

    An NHS number counts only with its check digit; one digit ten times over is a placeholder, not a number.
    """
    hospital: list[tuple[str, str]] = []
    nhs_number = ""
    for field in fields:
        for value in segment.repetitions(field):
            number, issuer = segment.part(value, 1), segment.part(value, 4, 1)
            oid, kind = segment.part(value, 4, 2), segment.part(value, 5)
            digits = re.sub(r"[\s-]", "", number)
            check_length(number, issuer)
            is_nhs = (
                kind.upper() in NHS_TYPES
                or issuer.upper() in NHS_AUTHORITIES
                or oid == NHS_OID
                or field == 19
            )
            if is_nhs:
                if is_nhs_number(digits) and len(set(digits)) > 1:
                    nhs_number = nhs_number or digits
            elif number and (number, issuer) not in hospital and (field == fields[0] or not hospital):
                hospital.append((number, issuer))
    return Whom(tuple(hospital), nhs_number)


def _patient(segments: tuple[Segment, ...]) -> Whom:
    pid = _first(segments, "PID")
    found = whom(pid, (3, 2, 4, 19)) if pid else Whom()
    if not found:
        raise Unusable("The message names no patient (PID-3).", code=BAD_FIELD)
    return found


def _patients(letter: Letter, event: str, segments: tuple[Segment, ...], wish_field: WishField) -> Letter:
    if event in UNMERGES:
        raise Unusable(
            "A merge is not undone by a message: opt-outs of both stand until a person withdraws them. "
            "Look at both patients and record what holds."
        )
    if event in MERGES:
        letter = replace(letter, merges=_merges(segments))
    elif event in CHANGES:
        letter = replace(letter, same=(_patient(segments),))
    wish = _wish(segments, wish_field)
    return replace(letter, wishes=(wish,)) if wish else letter


def _merges(segments: tuple[Segment, ...]) -> tuple[Merged, ...]:
    pids = [one for one in segments if one.name == "PID"]
    mrgs = [one for one in segments if one.name == "MRG"]
    if not pids or len(pids) != len(mrgs):
        raise Unusable(
            f"A merge needs one MRG for each PID; found {len(pids)} PID and {len(mrgs)} MRG.",
            code=BAD_SEGMENT,
        )
    pairs = [Merged(whom(pid, (3, 2, 4, 19)), whom(mrg, (1, 4))) for pid, mrg in zip(pids, mrgs, strict=True)]
    if not all(pair.kept and pair.gone for pair in pairs):
        raise Unusable("The merge does not name both patients (PID-3, MRG-1).", code=BAD_FIELD)
    return tuple(pairs)


def _wish(segments: tuple[Segment, ...], wish_field: WishField) -> Wish | None:
    value = _at(segments, wish_field.field)
    if value not in (wish_field.no, wish_field.again) or not value:
        return None
    tools = tuple(word for word in re.split(r"[\s,;]+", _at(segments, wish_field.tools)) if word)
    return Wish(
        _patient(segments), value == wish_field.no, tools, moment(_at(segments, wish_field.since)), ""
    )


def _at(segments: tuple[Segment, ...], place: str) -> str:
    name, _, field = place.partition("-")
    return _asked(segments, (name, int(field), 1)) if field else ""


# Orders and reports


def _groups(segments: tuple[Segment, ...]) -> list[tuple[Segment, ...]]:
    """The segments of each order: a group begins at an ORC, or at an OBR when the one before has its own."""
    groups: list[list[Segment]] = []
    before: list[Segment] = []
    for one in segments:
        held = {s.name for s in groups[-1]} if groups else set()
        if one.name == "ORC" or (one.name == "OBR" and (not groups or "OBR" in held)):
            groups.append([one])
        elif one.name in {"OBR", "OBX", "IPC", "ZDS", "TQ1", "NTE"}:
            (groups[-1] if groups else before).append(one)
    if not groups:
        raise Unusable("The message holds neither ORC nor OBR.", code=BAD_SEGMENT)
    groups[0] += before
    return [tuple(group) for group in groups]


ACCESSION = (("IPC", 1, 1), ("OBR", 18, 1), ("OBR", 3, 1), ("ORC", 3, 1))
STUDY_UID = (("IPC", 3, 1), ("ZDS", 1, 1))


def _order(group: tuple[Segment, ...], segments: tuple[Segment, ...]) -> Ordered:
    accession = _asked(group, *ACCESSION)
    placer = _asked(group, ("OBR", 2, 1), ("ORC", 2, 1))
    if not accession and not placer:
        raise Unusable(
            "An order has neither an accession nor a placer number (OBR-18, OBR-3, OBR-2).", code=BAD_FIELD
        )
    state = ORDER_STATES.get(_asked(group, ("ORC", 1, 1)), "changed")
    orc = _first(group, "ORC")
    obr = _first(group, "OBR")
    requested = (orc.time(9) if orc else None) or (obr.time(6) if obr else None)
    return Ordered(
        whom=_patient(segments),
        accession=accession,
        state=ORDER_STATUS.get(_asked(group, ("ORC", 5, 1)), state),
        placer=placer,
        study_uid=_asked(group, *STUDY_UID),
        procedure_code=_asked(group, ("OBR", 4, 1), ("OBR", 44, 1)),
        procedure=_asked(group, ("OBR", 4, 2), ("OBR", 4, 5), ("OBR", 44, 2)),
        modality=_asked(group, ("IPC", 5, 1), ("OBR", 24, 1)),
        requested_at=requested,
    )


def _report(group: tuple[Segment, ...], segments: tuple[Segment, ...]) -> Reported | None:
    """The report of one OBR; nothing when there is none yet (ordered, scheduled, cancelled)."""
    stated = _asked(group, ("OBR", 25, 1), ("OBX", 11, 1))
    if stated in NO_REPORT_YET:
        return None
    status = REPORT_STATUS.get(stated)
    if status is None:
        raise Unusable("The report's status (OBR-25) is none of P, F and C.", code=103)
    accession = _asked(group, ("OBR", 18, 1), ("IPC", 1, 1), ("OBR", 3, 1), ("ORC", 3, 1))
    study_uid = _study_named(group) or _asked(group, *STUDY_UID)
    if not accession and not study_uid:
        raise Unusable(
            "The report names neither an accession number nor a study (OBR-18, OBR-3).", code=BAD_FIELD
        )
    text = "\n".join(_lines(group))
    if not text.strip():
        raise Unusable("The report holds no text (OBX of type TX, FT or ST).", code=BAD_FIELD)
    obr = _first(group, "OBR")
    return Reported(
        whom=_patient(segments),
        status=status,
        text=text,
        accession=accession,
        study_uid=study_uid,
        procedure_code=_asked(group, ("OBR", 4, 1)),
        reader=_reader(group),
        reported_at=obr.time(22) if obr else None,
    )


def _study_named(group: tuple[Segment, ...]) -> str:
    return next((o.text(5) for o in group if o.name == "OBX" and o.text(3) == DICOM_STUDY), "")


def _lines(group: tuple[Segment, ...]) -> list[str]:
    observed = [o for o in group if o.name == "OBX" and o.text(2) in TEXTS and o.text(3) != DICOM_STUDY]
    return [line for one in observed for line in one.lines(5)]


def _reader(group: tuple[Segment, ...]) -> str:
    """Who reported: OBR-32 (sub-components of its first component), else OBX-16; number first, where there is one."""
    obr = _first(group, "OBR")
    named = [obr.text(32, 1, n) for n in (1, 2, 3)] if obr else []
    if not any(named):
        named = [_asked(group, ("OBX", 16, n)) for n in (1, 2, 3)]
    return " ".join(part for part in named if part)[:100]
