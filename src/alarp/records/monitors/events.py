"""What became known between two moments? One event for each way a dispatch ended, and each that was delivered.

Read from the ledger's own rows, four times by an index on a time: the cost is that of the days asked for, however
long the history is. Nothing about the patient is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Concat

from alarp.kernel import Phase, RouteState
from alarp.monitoring import Event
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch, Result, Work
from alarp.records.monitors.models import DeliveredEvent

CLOSED = RouteState.CLOSED.value
_ENDS = (Dispatch.FAILED, Dispatch.REFUSED, Dispatch.OPTED_OUT, Dispatch.HELD)
_FIELDS = ("station", "manufacturer", "model", "software")
_DELIVERED = (
    "event_id", "at", "known_at", "route", *_FIELDS, "outcome", "reason", "turnaround_s", "score", "decision",
    "version", "agreement", "corrects", "minutes_saved",
)  # fmt: skip
# How a refusal's sentence begins (records.ledger.eligibility), and what a chart calls it.
_RULES = {
    "The modality": "modality",
    "The body part": "body part",
    "The view": "view",
    "The sex": "sex",
    "The manufacturer": "manufacturer",
    "The model": "model",
    "The SOP class": "SOP class",
    "The transfer syntax": "transfer syntax",
    "The slice spacing": "slice spacing",
    "The age": "age",
    "The patient is": "age",
    "The study has": "too few images",
    "The rule": "unknown rule",
}


def known_between(begin: datetime, end: datetime, deployment: Deployment | None = None) -> list[Event]:
    """Every event that became known from `begin` (included) to `end` (not included), in the order it was known."""
    found = [
        *_returned(begin, end, deployment),
        *_overdue(begin, end, deployment),
        *_ended(begin, end, deployment),
        *_delivered(begin, end, deployment),
    ]
    return sorted(found, key=lambda event: (event.known_at, event.event_id))


def _dispatches(deployment: Deployment | None) -> QuerySet[Dispatch]:
    every = Dispatch.objects.filter(study__synthetic=False)
    if deployment is not None:
        every = every.filter(deployment=deployment)
    return every.select_related("study", "deployment").only(
        *(f"study__{name}" for name in _FIELDS),
        *("deployment__slug", "state", "phase", "reason", "created_at", "changed_at"),
        *("route_when_sent", "sent_at", "due_at", "returned_at"),
    )


def _returned(begin: datetime, end: datetime, deployment: Deployment | None) -> Iterator[Event]:
    summaries = Result.objects.only("dispatch_id", "summary").order_by("pk")
    rows = _dispatches(deployment).filter(returned_at__gte=begin, returned_at__lt=end, sent_at__isnull=False)
    for row in rows.prefetch_related(Prefetch("results", summaries)):
        sent, back = row.sent_at, row.returned_at
        assert sent is not None and back is not None
        took = (back - sent).total_seconds()
        late = row.due_at is not None and back > row.due_at
        yield _event(
            row,
            "returned",
            at=min(sent, back),  # our own clock may have gone back: then the turnaround is not known
            known_at=back,
            turnaround_s=took if took >= 0 else None,
            corrects="overdue" if late else "",
            **answer_of(row),
        )


def answer_of(row: Dispatch) -> dict[str, Any]:
    """The first score, decision and version that this dispatch's results hold."""
    found: dict[str, Any] = {}
    for result in row.results.all():
        for name in ("score", "decision", "version"):
            value = result.summary.get(name)
            if name not in found and value not in (None, ""):
                found[name] = float(value) if name == "score" else str(value)[:60]
    return found


def _overdue(begin: datetime, end: datetime, deployment: Deployment | None) -> Iterator[Event]:
    rows = _dispatches(deployment).filter(
        Q(returned_at__isnull=True) | Q(returned_at__gt=F("due_at")),
        state__in=(Dispatch.SENT, Dispatch.RETURNED),
        due_at__gte=begin,
        due_at__lt=min(end, clock.now()),
    )
    for row in rows:
        yield _event(row, "overdue", at=row.sent_at, known_at=row.due_at, reason="no answer in time")


def _ended(begin: datetime, end: datetime, deployment: Deployment | None) -> Iterator[Event]:
    """What was refused, opted out, failed, or held for good: nobody will take it up again."""
    key = Concat(OuterRef("deployment_id"), Value(":"), OuterRef("pk"), output_field=CharField())
    open_work = Work.objects.filter(kind="send", state__in=(Work.READY, Work.LEASED), key=key)
    rows = _dispatches(deployment).filter(state__in=_ENDS, changed_at__gte=begin, changed_at__lt=end)
    for row in rows.exclude(Q(state=Dispatch.HELD) & Exists(open_work)):
        at = min(row.sent_at or row.created_at, row.changed_at)
        yield _event(row, row.state, at=at, known_at=row.changed_at, reason=reason_class(row))


def reason_class(row: Dispatch) -> str:
    """Why it ended so, in a word or two that many share: never the sentence, which speaks of one study."""
    if row.state == Dispatch.OPTED_OUT:
        return "opted out"
    if row.state == Dispatch.REFUSED:
        return next(
            (word for start, word in _RULES.items() if row.reason.startswith(start)), "held on receipt"
        )
    if row.reason.startswith("Came while the route was closed"):
        return "route closed"
    return {Phase.CONNECT.value: "no connection", Phase.DEIDENTIFY.value: "not de-identified"}.get(
        row.phase, str(row.phase)
    )


def _event(row: Dispatch, outcome: str, *, at: Any, known_at: Any, **more: Any) -> Event:
    return Event(
        event_id=f"dispatch {row.pk} {outcome}",
        at=at,
        known_at=max(at, known_at),
        deployment=row.deployment.slug,
        route=row.route_when_sent or CLOSED,
        outcome=outcome,
        **{name: getattr(row.study, name) for name in _FIELDS},
        **more,
    )


def _delivered(begin: datetime, end: datetime, deployment: Deployment | None) -> Iterator[Event]:
    rows = DeliveredEvent.objects.filter(known_at__gte=begin, known_at__lt=end)
    if deployment is not None:
        rows = rows.filter(deployment=deployment)
    for row in rows.values("deployment__slug", *_DELIVERED):
        yield Event(deployment=row.pop("deployment__slug"), **row)
