"""Which step is next, who does it, and what when they fall silent? Lease, fence, outbox.

A claim gives a worker the right to do one step until its lease ends. Whatever the step changes is
written in the same transaction that finishes, retries or stops the claim, and that write is refused
when somebody else holds the step by then (`LostLease`). External effects come before it, so every
effect must bear being repeated.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import DateTimeField, F, Q, QuerySet
from django.db.models.functions import Coalesce

from alarp.records import clock
from alarp.records.configuration import configuration
from alarp.records.ledger.models import Work

OPEN = (Work.READY, Work.LEASED)
NO_TROUBLE: Mapping[str, Any] = {"phase": "", "trouble": "", "trouble_since": None}


class LostLease(Exception):
    """Somebody else holds this step now: write nothing, walk away."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One step, held by one worker, under one fence."""

    pk: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    owner: str
    fence: int
    attempts: int
    phase: str


def ask(kind: str, key: str, payload: Mapping[str, Any], *, due_at: datetime | None = None) -> None:
    """Ask for one step, in the caller's transaction. Asking twice for the same kind and key asks once."""
    moment = clock.now()
    step = Work(kind=kind, key=key, payload=dict(payload), due_at=due_at or moment, created_at=moment)
    Work.objects.bulk_create([step], ignore_conflicts=True)


def rearm(kind: str, key: str, payload: Mapping[str, Any], *, due_at: datetime) -> None:
    """Ask for a step that may come again (a study's quiet timer): a done one is made ready, an open one put off."""
    again = Work.objects.filter(kind=kind, key=key).exclude(state=Work.LEASED)
    if again.update(state=Work.READY, due_at=due_at, attempts=0, done_at=None, **NO_TROUBLE):
        return
    ask(kind, key, payload, due_at=due_at)  # a leased one sees the new arrival in its own transaction


def claim(owner: str, n: int = 1) -> list[Claim]:
    """Take up to `n` steps that are due or whose worker fell silent."""
    moment = clock.now()
    due = Work.objects.filter(state__in=OPEN, due_at__lte=moment).filter(
        Q(state=Work.READY) | Q(lease_until__lt=moment)
    )
    if not due.exists():  # an idle worker takes no write lock
        return []
    with transaction.atomic():
        rows = due.order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True)
        taken = list(rows[:n])
        if not taken:
            return []
        Work.objects.filter(pk__in=[row.pk for row in taken]).update(
            state=Work.LEASED,
            owner=owner,
            lease_until=moment + timedelta(seconds=configuration().lease_s),
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
        )
    return [
        Claim(row.pk, row.kind, row.key, row.payload, owner, row.fence + 1, row.attempts + 1, row.phase)
        for row in taken
    ]


def _held(step: Claim) -> Any:
    return Work.objects.filter(pk=step.pk, owner=step.owner, fence=step.fence, state=Work.LEASED)


def _write(step: Claim, **values: Any) -> None:
    if _held(step).update(**values) != 1:
        raise LostLease(f"{step.kind} {step.pk}")


def finish(step: Claim) -> None:
    """The step is done; call it first in the transaction that writes what the step found."""
    _write(step, state=Work.DONE, done_at=clock.now(), lease_until=None, trouble="", trouble_since=None)


def renew(step: Claim) -> None:
    """Still at it: hold the lease for another full term."""
    _write(step, lease_until=clock.now() + timedelta(seconds=configuration().lease_s))


def note(step: Claim, **facts: Any) -> None:
    """Keep with the step what a successor must know, such as that an effect was attempted."""
    _write(step, payload={**step.payload, **facts})


def noted(step: Claim) -> Mapping[str, Any]:
    """What the step keeps now: its payload as it was claimed, with what was noted since."""
    return dict(Work.objects.values_list("payload", flat=True).get(pk=step.pk))


def retry(step: Claim, *, phase: str, sentence: str, wait_s: float | None = None) -> None:
    """Come back to it later: a transient fault is never final. The wait doubles up to a ceiling, with jitter."""
    settings = configuration()
    if wait_s is None:
        doubled = settings.retry_first_s * 2.0 ** min(step.attempts - 1, 30)
        wait_s = min(doubled, settings.retry_most_s) * random.uniform(0.8, 1.2)
    _write(
        step,
        state=Work.READY,
        owner="",
        lease_until=None,
        due_at=clock.now() + timedelta(seconds=wait_s),
        phase=phase,
        trouble=sentence[:500],
        trouble_since=Coalesce(F("trouble_since"), clock.now(), output_field=DateTimeField()),
    )


def postpone(step: Claim, *, due_at: datetime, mended: bool = True) -> None:
    """Not yet: nothing went wrong, the step is simply not due.

    `mended`: what went wrong before is over. Without that it is in trouble as long as before: it is only under way again.
    """
    over = {"trouble_since": None} if mended else {}
    _write(step, state=Work.READY, owner="", lease_until=None, due_at=due_at, attempts=0, **over)


def stop(step: Claim, *, phase: str, sentence: str) -> None:
    """It cannot be done: the other side rejected the content. A person sees it and decides."""
    _write(
        step,
        state=Work.STOPPED,
        done_at=clock.now(),
        lease_until=None,
        phase=phase,
        trouble=sentence[:500],
    )


def release(owner: str) -> int:
    """Give back what a dead process of this name held; answers how many steps."""
    return Work.objects.filter(state=Work.LEASED, owner=owner).update(
        state=Work.READY, owner="", lease_until=None, due_at=clock.now()
    )


def wake(kind: str, key_prefix: str) -> int:
    """Do now, and in the order in which they were asked for, what waits out a retry: the other side has just answered.

    Also what is due by now: its waits came to an end at random, and the oldest study is not to come last.
    """
    waiting = Work.objects.filter(kind=kind, key__startswith=key_prefix, state=Work.READY, attempts__gt=0)
    return waiting.exclude(phase="").update(due_at=clock.now(), attempts=0)


def in_trouble() -> QuerySet[Work]:
    """Which open steps have gone wrong at every try of late? Those that have for longest first."""
    return Work.objects.filter(state__in=OPEN, trouble_since__isnull=False).order_by("trouble_since", "pk")
