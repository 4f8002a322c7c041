"""The two ways in: HL7 v2 from a known sender, FHIR R4 from a person or a system; each with its own answer."""

from __future__ import annotations

import json
import re
from datetime import datetime

from alarp.records import permissions
from alarp.records.configuration import configuration
from alarp.records.messages.doors.taking import Verdict, take
from alarp.records.messages.models import Message
from alarp.records.messages.reading import fhir, hl7v2
from alarp.records.messages.reading.issuers import Issuers
from alarp.records.messages.reading.segments import Header
from alarp.records.people.models import Person

APPLICATION = "ALARP"
CODES = {Message.TAKEN: "AA", Message.UNUSED: "AA", Message.WAITING: "AE", Message.REFUSED: "AR"}
ERRORS = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    205: "Duplicate key identifier",
    207: "Application internal error",
}  # HL7 table 0357


def receive_hl7(data: bytes, header: Header, *, issuer: str = "") -> Message:
    """Take in one HL7 message whose sender is known; its `answer` is the acknowledgement to send.

    `issuer`: whose the patient numbers are that name no authority (PID-3.4).
    """
    settings = configuration()

    def answer(verdict: Verdict, message: Message) -> str:
        return acknowledgement(header, verdict, number=f"ACK{message.pk}", at=message.received_at)

    return take(
        data,
        hl7v2.envelope(header),
        lambda: hl7v2.read(data, header, hl7v2.WishField.read(settings.hl7_opt_out)).issued_by(issuer),
        answer,
        by=recorder(),
    )


def recorder() -> Person | None:
    """In whose name are opt-outs of messages recorded? Nobody: none are taken from messages."""
    name = configuration().opt_outs_by
    return Person.objects.filter(username=name, is_active=True).first() if name else None


def acknowledgement(header: Header, verdict: Verdict, *, number: str, at: datetime) -> str:
    """The ACK for a message, in its sender's own delimiters (HL7 v2.5.1 ch. 2.9). It names no patient."""
    marks = header.delimiters
    encoding = marks.component + marks.repetition + marks.escape + marks.sub
    event = header.text(9, 2)
    kind = marks.component.join(["ACK", *([event, "ACK"] if event else [])])
    version = header.raw(12) or "2.5.1"
    stamp = at.strftime("%Y%m%d%H%M%S+0000")
    receiver, facility = header.raw(5) or APPLICATION, header.raw(6)
    msh = [
        "MSH",
        encoding,
        receiver,
        facility,
        header.raw(3),
        header.raw(4),
        stamp,
        "",
        kind,
        number,
        "P",
        version,
    ]
    sentence = marks.do(_ascii(verdict.reason))
    msa = ["MSA", CODES[verdict.outcome], header.raw(10)] + ([sentence] if sentence else [])
    segments = [marks.field.join(msh), marks.field.join(msa)]
    if sentence:
        code = marks.component.join([str(verdict.code), ERRORS.get(verdict.code, ""), "HL70357"])
        segments.append(marks.field.join(["ERR", "", "", code, "E", "", "", "", sentence]))
    return "".join(f"{segment}\r" for segment in segments)


def _ascii(text: str) -> str:
    """Whatever character set the sender reads, ASCII is in it."""
    return re.sub(r"\s+", " ", text.replace("…", "...")).encode("ascii", "replace").decode("ascii")


def read_fhir(data: bytes, *, by: Person) -> tuple[fhir.Incoming, ...]:
    """The resources of a file that may say something here; raises BadInput when it is no FHIR JSON."""
    permissions.check(by, "resolve_quarantine")
    return tuple(one for one in fhir_in(data, sender=f"FHIR {by.username}") if one.envelope.kind != "Patient")


def fhir_in(data: bytes, *, sender: str, issuer: str = "", batch: bool = False) -> tuple[fhir.Incoming, ...]:
    """The resources that a known system has sent, Patients among them; raises BadInput when they are no FHIR JSON.

    `issuer`: whose the patient numbers are that name neither a system nor an assigner.
    """
    settings = configuration()
    issuers = Issuers.read(settings.fhir_issuers, own=issuer)
    category = settings.fhir_opt_out_category
    return tuple(fhir.resources(data, sender=sender, category=category, batch=batch, issuers=issuers))


def receive_fhir(one: fhir.Incoming, *, by: Person | None) -> Message:
    """Take in one resource; its `answer` is an OperationOutcome. `by`: in whose name an opt-out is recorded."""

    def answer(verdict: Verdict, message: Message) -> str:
        return json.dumps(fhir.outcome(verdict.reason))

    return take(one.data, one.envelope, one.read, answer, by=by)
