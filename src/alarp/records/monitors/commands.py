"""How do events come in that the ledger does not know by itself, and how is a day closed?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from alarp.kernel import BadInput, digest
from alarp.monitoring import Event, against, knowledge_time
from alarp.monitoring.cube import AGREEMENT, OUTCOMES
from alarp.records import clock
from alarp.records.audit.commands import record
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch
from alarp.records.ledger.reconciliation import bounds
from alarp.records.monitors.due import roll_due
from alarp.records.monitors.events import answer_of
from alarp.records.monitors.models import DeliveredEvent, RolledDay
from alarp.records.monitors.rolling import roll
from alarp.records.people.models import Person

__all__ = ["Delivery", "deliver", "judge", "roll", "roll_due"]

ROUTES = ("silent", "live", "closed")
_KEPT = tuple(
    f.name for f in DeliveredEvent._meta.concrete_fields if f.name in set(Event.__slots__) - {"deployment"}
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery brought: how many events were new, how many had been delivered before."""

    new: int
    known_before: int

    @property
    def sentence(self) -> str:
        before = (
            f"; {self.known_before:,} had been delivered before and count once" if self.known_before else ""
        )
        return f"{self.new:,} new event{'s' if self.new != 1 else ''} taken{before}."


def deliver(deployment: Deployment, events: Iterable[Event], *, source: str, by: Person | str) -> Delivery:
    """Take these events about this deployment, all or none.

    An event's own name, with deployment and source, decides whether it came before: the same again counts once, the
    same name with another content is refused (a correction is an event of its own that `corrects` the earlier one). What
    lies ahead of our clock is refused. When it became known is decided here, never by the sender, and never goes
    back (`alarp.monitoring.knowledge_time`), so that a closed day stays closed.
    """
    if not source.strip():
        raise BadInput("A delivery names its source, such as 'reports' or 'feedback'.")
    now = clock.now()
    known_at = knowledge_time(now, _last_known(), now)
    rows: dict[str, DeliveredEvent] = {}
    for number, event in enumerate(events, start=1):
        row = _row(
            deployment, event, source.strip()[:100], known_at, now, f"Event {number} ({event.event_id})"
        )
        first = rows.setdefault(row.event_id, row)
        _same(first.content, row.content, event)
    with transaction.atomic():
        before = dict(DeliveredEvent.objects.filter(event_id__in=rows).values_list("event_id", "content"))
        new = [row for key, row in rows.items() if key not in before]
        for key, content in before.items():
            if content != rows[key].content:
                raise BadInput(
                    f"An event delivered before ({key[:12]}…) comes again and says something else; "
                    "deliver the correction as an event of its own that corrects it."
                )
        DeliveredEvent.objects.bulk_create(new)
        if new:
            record(
                by,
                "events delivered",
                f"events of {deployment.slug}",
                stream=deployment.slug,
                source=source.strip()[:100],
                new=len(new),
                known_before=len(before),
            )
    return Delivery(len(new), len(before))


def judge(
    dispatch: Dispatch,
    agreement: str,
    *,
    source: str,
    name: str,
    reason: str = "",
    corrects: str = "",
    by: Person | str,
) -> Delivery:
    """Somebody says of this study's result: it agrees or disagrees with the report, or a user calls it wrong or unsure.

    It counts on the day the study was sent. Who calls a result wrong does not say how often it is right, so wrong and
    unsure are set against all results, agree and disagree against each other.

    `name` is the judgement's own name at its source (such as a feedback's row number), so that it counts once.
    """
    study = dispatch.study
    event = Event(
        event_id=f"{dispatch.pk}:{name}",
        at=dispatch.sent_at or dispatch.created_at,
        known_at=clock.now(),
        deployment=dispatch.deployment.slug,
        route=dispatch.route_when_sent or "closed",
        station=study.station,
        manufacturer=study.manufacturer,
        model=study.model,
        agreement=agreement,
        decision=answer_of(dispatch).get("decision", ""),
        reason=reason,
        corrects=corrects,
    )
    return deliver(dispatch.deployment, [event], source=source, by=by)


def _last_known() -> datetime | None:
    """The latest moment at which we knew something, or the end of the last closed day."""
    last = DeliveredEvent.objects.aggregate(last=Max("known_at"))["last"]
    closed = RolledDay.objects.aggregate(last=Max("day"))["last"]
    known = [last] if last else []
    if closed:
        known.append(bounds(closed + timedelta(days=1))[0])
    return max(known, default=None)


def _row(
    deployment: Deployment, event: Event, source: str, known_at: datetime, now: datetime, name: str
) -> DeliveredEvent:
    event = replace(event, known_at=max(event.at, now), route=event.route or "live")
    sentence = _says_something(event) or against(event, now) or _too_long(event)
    if sentence:
        raise BadInput(f"{name}: {sentence} Nothing was taken.")
    said = _content(event)
    return DeliveredEvent(
        event_id=digest({"deployment": deployment.slug, "source": source, "name": event.event_id}),
        content=digest(said),
        deployment=deployment,
        source=source,
        known_at=max(event.at, known_at),
        **{n: getattr(event, n) for n in _KEPT if n not in ("event_id", "known_at")},
    )


def _says_something(event: Event) -> str:
    if not event.event_id.strip():
        return "it has no name; give each event a name of its own, so that it counts once."
    for what, value, known in (
        ("outcome", event.outcome, OUTCOMES),
        ("agreement", event.agreement, AGREEMENT),
        ("route", event.route, ROUTES),
        ("corrects", event.corrects, (*OUTCOMES, *AGREEMENT)),
    ):
        if value and value not in known:
            return f"its {what} is {value!r}; it is one of {', '.join(known)}."
    if not event.outcome and not event.agreement and event.minutes_saved is None:
        return "it says neither an outcome nor an agreement nor minutes saved; give one of them."
    return ""


def _too_long(event: Event) -> str:
    for name in _KEPT:
        most = getattr(DeliveredEvent._meta.get_field(name), "max_length", None)
        value = getattr(event, name)
        if name != "event_id" and most and isinstance(value, str) and len(value) > most:
            return f"its {name} has {len(value)} characters; {most} is the most."
    return ""


def _content(event: Event) -> dict[str, Any]:
    said = {k: v for k, v in asdict(event).items() if k not in ("event_id", "known_at", "deployment")}
    return said | {"at": event.at.astimezone(UTC).isoformat(timespec="microseconds")}


def _same(first: str, second: str, event: Event) -> None:
    if first != second:
        raise BadInput(f"The event {event.event_id!r} comes twice and says two things; nothing was taken.")
