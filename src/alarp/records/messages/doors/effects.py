"""What follows from what a message says? Orders and reports are kept, merges bind, wishes become opt-outs."""

from __future__ import annotations

from alarp.kernel import BadInput, digest
from alarp.records import clock, objects
from alarp.records.audit import commands as audit
from alarp.records.ledger import opt_outs, work
from alarp.records.ledger.identities import PatientIds, plain
from alarp.records.ledger.models import Study
from alarp.records.ledger.wishes import apply_wish
from alarp.records.messages.models import Merge, Message, Order, Report
from alarp.records.messages.reading.said import Letter, Merged, Ordered, Reported, Whom
from alarp.records.people.models import Person

ACTOR = "messages"


def follow(message: Message, letter: Letter, by: Person | None) -> bool:
    """Write down everything that this letter says, in the caller's transaction; False when none of it is new."""
    new = bool(letter.orders or letter.reports or letter.merges)
    for order in letter.orders:
        _order(message, order)
    for report in letter.reports:
        _report(message, report)
    for merge in letter.merges:
        _merge(message, merge)
    for whom in letter.same:
        new |= _same(message, whom)
    for wish in letter.wishes:
        if by is None:
            raise BadInput(
                "The message carries an opt-out, and nobody is named in whose name it is recorded: set opt_outs_by."
            )
        new |= bool(apply_wish(wish, source=message.way, reference=f"message {message.pk}", by=by))
    return new


def _said_at(message: Message) -> object:
    return message.sent_at or message.received_at


def _order(message: Message, said: Ordered) -> None:
    Order.objects.create(
        message=message,
        accession=said.accession[:64],
        placer=said.placer[:64],
        study_uid=said.study_uid[:64],
        procedure_code=said.procedure_code[:64],
        procedure=said.procedure[:200],
        modality=said.modality[:16],
        state=said.state,
        requested_at=said.requested_at,
        expected_instances=said.expected_instances,
        said_at=_said_at(message),
        **said.whom.columns,
    )
    if said.expected_instances is not None and said.study_uid:
        expect(said, message.kind)


def expect(said: Ordered, kind: str) -> None:
    """Another system counts this many instances: kept beside what came, for the completeness of the study."""
    for study in Study.objects.filter(study_uid=said.study_uid):
        if any(PatientIds.of(study).same_patient(ids) for ids in names_of(said.whom)):
            Study.objects.filter(pk=study.pk).update(
                expected_instances=said.expected_instances, expected_from=kind[:40], expected_at=clock.now()
            )


def _report(message: Message, said: Reported) -> None:
    Report.objects.create(
        message=message,
        key=digest([message.sender, said.accession or said.study_uid, said.procedure_code]),
        accession=said.accession[:64],
        study_uid=said.study_uid[:64],
        reader=said.reader,
        status=said.status,
        reported_at=said.reported_at,
        text_sha256=objects.put(said.text.encode()),
        said_at=_said_at(message),
        **said.whom.columns,
    )


def names_of(whom: Whom) -> tuple[PatientIds, ...]:
    """Every number in plain form; the NHS number stands with the leading one."""
    nhs_number = plain(whom.nhs_number)
    if not whom.hospital:
        return (PatientIds("", "", nhs_number),)
    return tuple(
        PatientIds(plain(number)[:64], plain(issuer)[:64], nhs_number if place == 0 else "")
        for place, (number, issuer) in enumerate(whom.hospital)
    )


def _merge(message: Message, said: Merged) -> None:
    kept, gone = names_of(said.kept), names_of(said.gone)
    if any(a.patient_id and (a.patient_id, a.issuer) == (b.patient_id, b.issuer) for a in kept for b in gone):
        raise BadInput("The merge names one number on both sides; nothing was merged. Send both numbers.")
    _together(message, kept)
    _together(message, gone)
    for old in gone:
        _write(message, Merge.MERGED, _bare(kept[0]), _bare(old))
    audit.record(ACTOR, "patients merged", f"message {message.pk}", sender=message.sender, numbers=len(gone))
    _recall(message, kept[0])


def _recall(message: Message, name: PatientIds) -> None:
    """An opt-out of this patient reaches studies now that it did not reach before; what left of them is asked back."""
    for opt_out in opt_outs.of_patient(name):
        work.ask("recall", f"{opt_out.pk} after message {message.pk}", {"opt_out": opt_out.pk})


def _bare(name: PatientIds) -> PatientIds:
    """The hospital number alone: its NHS number may be corrected later, the merge stands."""
    return PatientIds(name.patient_id, name.issuer) if name.patient_id else name


def _same(message: Message, whom: Whom) -> bool:
    """The numbers that one message gives one patient; only what is not known so far is written."""
    new = _together(message, names_of(whom)) > 0
    if new:
        audit.record(ACTOR, "patient's numbers changed", f"message {message.pk}", sender=message.sender)
        _recall(message, names_of(whom)[0])
    return new


def _together(message: Message, names: tuple[PatientIds, ...]) -> int:
    lead, written = names[0], 0
    if lead.patient_id and lead.nhs_number:
        told = Merge.objects.filter(kind=Merge.SAME, patient_id=lead.patient_id, issuer=lead.issuer)
        last = told.exclude(nhs_number="").order_by("-pk").first()
        if last is None or last.nhs_number != lead.nhs_number:
            _write(message, Merge.SAME, lead, PatientIds())
            written += 1
    for other in names[1:]:
        bare = _bare(lead)
        known = Merge.objects.filter(
            patient_id=bare.patient_id, issuer=bare.issuer,
            old_patient_id=other.patient_id, old_issuer=other.issuer,
        )  # fmt: skip
        if not known.exists():
            _write(message, Merge.SAME, bare, other)
            written += 1
    return written


def _write(message: Message, kind: str, kept: PatientIds, old: PatientIds) -> None:
    Merge.objects.create(
        message=message,
        kind=kind,
        patient_id=kept.patient_id,
        issuer=kept.issuer,
        nhs_number=kept.nhs_number,
        old_patient_id=old.patient_id,
        old_issuer=old.issuer,
        old_nhs_number=old.nhs_number,
        at=clock.now(),
    )
