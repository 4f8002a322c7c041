"""What becomes of work that was under way when the patient said no? Cancelled, recalled from the supplier, remembered.

What has not left is stopped at the gate by the gateway itself, image by image; here its steps are brought forward
so that nobody waits for a retry to see it. What left before is recalled: the supplier is asked, in a letter that
knows pseudonyms only, to delete it, and with it what may have left: bytes that were handed to the socket and never
acknowledged, because a worker died at that moment (`departures`). The letter is the Trust's to send; what the supplier
answers is written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from alarp.kernel import BadInput, NotNow
from alarp.records import clock, permissions
from alarp.records.assurance.departures import Departure, departed
from alarp.records.assurance.models import Recall, RecallEntry
from alarp.records.audit.commands import record
from alarp.records.configuration import configuration
from alarp.records.ledger import opt_outs, work
from alarp.records.ledger.identities import PatientIds, known_as
from alarp.records.ledger.models import Dispatch, OptOut, Study, Work
from alarp.records.people.models import Person

KIND = "recall"
LOOK_AGAIN = timedelta(seconds=1)


def ask_for_new_ones(moment: datetime) -> None:
    """Ask for the step that follows up each new opt-out, and once a day (and for each new Trust list) everybody's."""
    followed = Work.objects.filter(kind=KIND).values_list("key", flat=True)
    known = {int(key) for key in followed if key.isdecimal()}
    standing = OptOut.objects.filter(withdrawn_at__isnull=True).values_list("pk", flat=True)
    asks = {str(pk): pk for pk in standing if pk not in known}
    everybody = f"everybody {moment.date().isoformat()} {_edition()}".strip()
    if not followed.filter(key=everybody).exists():
        asks[everybody] = 0
    if asks:
        with transaction.atomic():
            for key, pk in asks.items():
                work.ask(KIND, key, {"opt_out": pk})


def _edition() -> str:
    """Which state of the Trust's list is this? Empty when none is set or it is missing."""
    file = configuration().opt_out_file
    try:
        return str(Path(file).stat().st_mtime_ns) if file else ""
    except OSError:
        return ""


def follow_up(step: work.Claim) -> None:
    """Stop what is under way for this opt-out (or, once a day, for everybody's), and recall what left before.

    What is being sent at this moment stops before its next image and is recalled once it has: the step comes again.
    Raises Unavailable when the Trust's list cannot be asked: tried again later.
    """
    row = OptOut.objects.filter(pk=step.payload.get("opt_out", 0)).first()
    found = _everybodys() if row is None else _of(row)
    under_way = _under_way([dispatch for dispatch, _ in found])
    stopped = [(dispatch, opt_out) for dispatch, opt_out in found if dispatch.pk not in under_way]
    left = departed([dispatch for dispatch, _ in stopped])
    with transaction.atomic():
        if under_way:
            work.postpone(step, due_at=clock.now() + LOOK_AGAIN)
        else:
            work.finish(step)
        _bring_forward(found)
        for dispatch, opt_out in stopped:
            if dispatch.pk in left and not Recall.objects.filter(dispatch=dispatch).exists():
                _ask(dispatch, opt_out, left[dispatch.pk], clock.now())


def _of(row: OptOut) -> list[tuple[Dispatch, int | None]]:
    """Every dispatch of this patient's studies that the opt-out reaches, whatever name merges gave them."""
    names = known_as(PatientIds.of(row))
    might = Q(pk__in=[])
    for name in names:
        if name.nhs_number:
            might |= Q(nhs_number=name.nhs_number)
        if name.patient_id:
            might |= Q(patient_id__iexact=name.patient_id)
    theirs = [
        study.pk
        for study in Study.objects.filter(might, synthetic=False)
        if any(name.same_patient(PatientIds.of(study)) for name in names)
    ]
    reached = _dispatches().filter(study__in=theirs)
    if row.deployment_id:
        reached = reached.filter(deployment=row.deployment_id)
    if row.withdrawn_at is not None or (row.effective_from and row.effective_from > clock.now()):
        return []
    return [(dispatch, row.pk) for dispatch in reached]


def _everybodys() -> list[tuple[Dispatch, int | None]]:
    """Every dispatch that left or may have, and whose patient has said no by now, wherever that is written."""
    now, found = clock.now(), []
    for dispatch in _dispatches().exclude(study_uid_sent="").filter(recall__isnull=True).iterator(500):
        refusal = opt_outs.find(PatientIds.of(dispatch.study), deployment=dispatch.deployment, since=now)
        if refusal is not None:
            found.append((dispatch, refusal.opt_out))
    return found


def _dispatches() -> QuerySet[Dispatch]:
    related = ("study", "deployment__version__product__supplier")
    return Dispatch.objects.filter(study__synthetic=False).select_related(*related).order_by("pk")


def _bring_forward(found: list[tuple[Dispatch, int | None]]) -> None:
    """What waits for another try is looked at now, and stopped at the gate."""
    now = clock.now()
    waiting = [d for d, _ in found if d.state in (Dispatch.READY, Dispatch.HELD)]
    keys = [f"{d.deployment_id}:{d.pk}" for d in waiting]
    Work.objects.filter(kind="send", key__in=keys, state=Work.READY, due_at__gt=now).update(due_at=now)


def _under_way(dispatches: Sequence[Dispatch]) -> set[int]:
    """Which of these is a worker sending now? What it has handed over is known when its lease ends, at the latest."""
    keys = {
        f"{d.deployment_id}:{d.pk}": d.pk for d in dispatches if d.state in (Dispatch.READY, Dispatch.HELD)
    }
    leased = Work.objects.filter(kind="send", state=Work.LEASED, lease_until__gt=clock.now())
    return {keys[key] for key in leased.values_list("key", flat=True) if key in keys}


def _ask(dispatch: Dispatch, opt_out: int | None, left: Departure, now: datetime) -> Recall:
    due_at = now + timedelta(days=configuration().recall_answer_days)
    recall = Recall(
        dispatch=dispatch,
        opt_out_id=opt_out,
        images=left.acknowledged,
        unanswered=left.unanswered,
        asked_at=now,
        due_at=due_at,
        letter=_letter(dispatch, left, due_at.date()),
    )
    recall.save()
    record(
        "gateway",
        "deletion asked for",
        f"study {dispatch.study_id}",
        stream=dispatch.deployment.slug,
        recall=recall.pk,
        images=left.acknowledged,
        unanswered=left.unanswered,
        supplier=dispatch.deployment.version.product.supplier.name,
    )
    return recall


def _letter(dispatch: Dispatch, left: Departure, due: date) -> str:
    version = dispatch.deployment.version
    return "\n".join(
        (
            f"To {version.product.supplier.name}",
            "",
            f"Deletion of data processed by {version} on our instructions",
            "",
            "A patient has objected to AI reading. Please delete, also from backups and from any data set for",
            "training or monitoring, everything you hold of the study below, and everything derived from it.",
            "",
            f"Patient (pseudonym): {dispatch.patient_pseudonym}",
            f"Study Instance UID as sent to you: {dispatch.study_uid_sent}",
            f"Accession (pseudonym): {dispatch.accession_pseudonym or 'none'}",
            *_images(left),
            "",
            f"Please confirm in writing by {due.day} {due:%B %Y}, naming what was deleted and when, or say what you "
            "keep and on which legal ground (UK GDPR articles 17, 21 and 28(3)(g)).",
        )
    )


def _images(left: Departure) -> list[str]:
    first = f"{left.first_at.astimezone(UTC):%d %B %Y %H:%M} UTC"
    if not left.unanswered:
        return [f"Images: {left.acknowledged}, first sent {first}"]
    return [
        f"Images that your system acknowledged: {left.acknowledged}",
        f"Images that may have been sent, whole or in part: {left.unanswered} (no acknowledgement reached us)",
        f"The first began to leave on {first}",
    ]


def write_down(recall: Recall, kind: str, text: str, dated: date, *, by: Person) -> RecallEntry:
    """The request was sent, or the supplier has answered: how, when, in which words."""
    permissions.check(by, "keep_recalls", recall.dispatch.deployment)
    if kind not in (RecallEntry.SENT, RecallEntry.DELETED, RecallEntry.REFUSED):
        raise BadInput(f"{kind!r} is no entry of a recall; use sent, deleted or not-deleted.")
    if not text.strip():
        raise BadInput("Say how it was sent, or what the supplier answered.")
    if dated > clock.now().date():
        raise BadInput(f"The date {dated.isoformat()} lies ahead; give the date on the letter or the answer.")
    with transaction.atomic():
        Dispatch.objects.select_for_update(of=("self",)).get(pk=recall.dispatch_id)
        if answered(recall) is not None:
            raise NotNow("The supplier's answer is written down already.")
        entry = RecallEntry(recall=recall, kind=kind, text=text.strip(), dated=dated, by=by, at=clock.now())
        entry.save()
        record(
            by,
            f"recall {kind}",
            f"study {recall.dispatch.study_id}",
            stream=recall.dispatch.deployment.slug,
            recall=recall.pk,
            dated=dated.isoformat(),
            text=entry.text,
        )
    return entry


def answered(recall: Recall) -> RecallEntry | None:
    """What did the supplier answer? None: nothing yet."""
    return recall.entries.exclude(kind=RecallEntry.SENT).order_by("pk").first()


def state(recall: Recall, now: datetime) -> str:
    """'not sent yet', 'sent', 'overdue', 'deleted' or 'not deleted'."""
    entries = sorted(recall.entries.all(), key=lambda entry: entry.pk)
    last = next((e for e in entries if e.kind != RecallEntry.SENT), None)
    if last is not None:
        return "deleted" if last.kind == RecallEntry.DELETED else "not deleted"
    if now > recall.due_at:
        return "overdue"
    return "sent" if entries else "not sent yet"


def overdue(now: datetime) -> QuerySet[Recall]:
    """Which recalls has no supplier answered in time?"""
    answers = RecallEntry.objects.filter(recall=OuterRef("pk")).exclude(kind=RecallEntry.SENT)
    return Recall.objects.filter(~Exists(answers), due_at__lt=now)


def recalls() -> QuerySet[Recall]:
    """Every recall with its entries, the newest first."""
    related = ("dispatch__deployment__version__product__supplier", "dispatch__deployment__site", "opt_out")
    return Recall.objects.select_related(*related).prefetch_related("entries__by").order_by("-pk")


def counts(now: datetime) -> dict[str, Any]:
    """How many recalls stand where?"""
    found = Recall.objects.aggregate(n=Count("pk"))
    return {"all": found["n"], "overdue": overdue(now).count()}
