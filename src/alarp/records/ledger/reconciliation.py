"""Is everything accounted for? One day's balance, to the instance and to the result.

First line: every instance received that day has exactly one disposition. Where it went to several
tools, the first of these that is true for any of them counts: sent, failed, opted out; otherwise held.
Second line: every study that a tool took that day owes a result: returned, overdue or awaited.
Beside the ledger's own rows it counts the object files on disk, and looks for anything that nobody
will ever take up again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Concat

from alarp.kernel import Disposition
from alarp.records import clock, objects, spool
from alarp.records.ledger.models import (
    Dispatch,
    DispatchInstance,
    Instance,
    Peer,
    Quarantine,
    Result,
    Study,
    Work,
)

WAITING = "Waiting for the study to be complete."
UNDECIDED = "Complete; no tool has been chosen yet."
NO_TOOL = "No tool of this Trust takes it."
ON_ITS_WAY = "On its way to the tool."
SOON_WRITTEN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class DeploymentDay:
    """One tool's part of the day."""

    deployment: str
    sent: int
    held: int
    opted_out: int
    failed: int
    expected: int
    returned: int
    overdue: int
    awaited: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The balance of one day. Instances on the first line, results (study and tool) on the second."""

    day: date
    received: int
    sent: int
    held: int
    opted_out: int
    failed: int
    expected: int
    returned: int
    overdue: int
    awaited: int
    quarantined: int
    filed: int
    repeats: int
    missing_files: int
    stranded: tuple[str, ...]
    by_deployment: tuple[DeploymentDay, ...]
    reasons: tuple[tuple[str, int], ...]

    balanced: bool = field(init=False)
    sentence: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "balanced", self._balances())
        object.__setattr__(self, "sentence", self._says())

    def _all_disposed(self) -> bool:
        return self.received == self.sent + self.held + self.opted_out + self.failed

    def _balances(self) -> bool:
        owed = self.expected == self.returned + self.overdue + self.awaited
        return self._all_disposed() and owed and not self.missing_files and not self.stranded

    def _says(self) -> str:
        """'1,204 received = 1,180 sent + 9 held + 12 opted out + 3 failed; 40 results expected = …'"""
        text = (
            f"{self.received:,} received {'=' if self._all_disposed() else '≠'} {self.sent:,} sent + "
            f"{self.held:,} held + {self.opted_out:,} opted out + {self.failed:,} failed; "
            f"{self.expected:,} results expected = {self.returned:,} returned + {self.overdue:,} overdue"
        )
        if self.awaited:
            text += f" + {self.awaited:,} not due yet"
        if self.missing_files:
            text += f"; {self.missing_files:,} object files are missing from the store"
        return text + "".join(f"; {sentence}" for sentence in self.stranded) + "."


def bounds(day: date) -> tuple[datetime, datetime]:
    """When does this day begin and end where the hospital is?"""
    zone = ZoneInfo(settings.TIME_ZONE)
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone)
    return begin.astimezone(UTC), end.astimezone(UTC)


def with_disposition(instances: QuerySet[Instance]) -> QuerySet[Instance]:
    """These source instances, each with the one thing that became of it."""
    items = DispatchInstance.objects.filter(instance=OuterRef("pk"))
    return instances.annotate(
        disposition=Case(
            When(Exists(items.filter(sent_at__isnull=False)), then=Value(Disposition.SENT.value)),
            When(Exists(items.filter(dispatch__state=Dispatch.FAILED)), then=Value(Disposition.FAILED.value)),
            When(
                Exists(items.filter(dispatch__state=Dispatch.OPTED_OUT)),
                then=Value(Disposition.OPTED_OUT.value),
            ),
            default=Value(Disposition.HELD.value),
            output_field=CharField(),
        )
    )


def reconcile(day: date) -> Reconciliation:
    """Does this day's traffic balance, and why was anything not sent?"""
    begin, end = bounds(day)
    received = Instance.objects.filter(direction=Instance.SOURCE, received_at__gte=begin, received_at__lt=end)
    received = received.exclude(study__synthetic=True)  # our own probes are no patients
    counts = Counter(
        dict(with_disposition(received).values_list("disposition").annotate(n=Count("pk")).order_by())
    )
    sent_that_day = Dispatch.objects.filter(sent_at__gte=begin, sent_at__lt=end, study__synthetic=False)
    owed = _owed(sent_that_day)
    every = Instance.objects.filter(received_at__gte=begin, received_at__lt=end)
    return Reconciliation(
        day=day,
        received=received.count(),
        sent=counts[Disposition.SENT.value],
        held=counts[Disposition.HELD.value],
        opted_out=counts[Disposition.OPTED_OUT.value],
        failed=counts[Disposition.FAILED.value],
        expected=sent_that_day.count(),
        returned=owed["returned"],
        overdue=owed["overdue"],
        awaited=owed["awaited"],
        quarantined=Quarantine.objects.filter(at__gte=begin, at__lt=end).count(),
        filed=Result.objects.filter(
            filed_at__gte=begin, filed_at__lt=end, dispatch__study__synthetic=False
        ).count(),
        repeats=every.aggregate(n=Sum(F("times_received") - 1))["n"] or 0,
        missing_files=_missing_files(every, begin, end),
        stranded=stranded(),
        by_deployment=_by_deployment(received, sent_that_day),
        reasons=_reasons(received),
    )


def _owed(sent: QuerySet[Dispatch]) -> dict[str, int]:
    moment = clock.now()
    back = Q(returned_at__isnull=False)
    late = Q(returned_at__isnull=True, due_at__lt=moment)
    found = sent.aggregate(
        returned=Count("pk", filter=back),
        overdue=Count("pk", filter=late),
        awaited=Count("pk", filter=~back & Q(due_at__gte=moment)),
    )
    return {name: int(value) for name, value in found.items()}


def _missing_files(every: QuerySet[Instance], begin: datetime, end: datetime) -> int:
    """How many objects that we answered for are not on the disk with their full size?"""
    missing = 0
    for sha256, size in every.values_list("sha256", "size_bytes").iterator():
        try:
            missing += objects.path_of(sha256).stat().st_size != size
        except OSError:
            missing += 1
    restored = Result.objects.filter(matched_at__gte=begin, matched_at__lt=end).exclude(restored_sha256="")
    for sha256 in restored.values_list("restored_sha256", flat=True).iterator():
        missing += not objects.path_of(sha256).exists()
    return missing


def stranded() -> tuple[str, ...]:
    """Is there anything that waits for a step which nobody will ever do? One sentence for each kind."""
    live = Work.objects.filter(state__in=(Work.READY, Work.LEASED))

    def waits(kind: str, key: Any) -> Exists:
        return Exists(live.filter(kind=kind, key=key))

    own = Concat(OuterRef("pk"), Value(""), output_field=CharField())
    of_deployment = Concat(OuterRef("deployment_id"), Value(":"), OuterRef("pk"), output_field=CharField())
    of_dispatch = Concat(
        OuterRef("dispatch__deployment_id"), Value(":"), OuterRef("pk"), output_field=CharField()
    )
    unclosed = Study.objects.filter(completed_at__isnull=True).exclude(waits("complete", own)).count()
    unsent = Dispatch.objects.filter(state=Dispatch.READY).exclude(waits("send", of_deployment)).count()
    unfiled = Result.objects.filter(state=Result.FILING).exclude(waits("file", of_dispatch)).count()
    unmatched = (
        Instance.objects.filter(direction=Instance.RESULT, result__isnull=True, quarantine__isnull=True)
        .exclude(waits("match", own))
        .count()
    )
    fetching = Peer.objects.filter(kind=Peer.TOOL, may_pull=True).values("deployment")  # takes what it likes
    over = Q(dispatch__state__in=(Dispatch.SENT, Dispatch.RETURNED), sent_at__isnull=True)
    left_out = DispatchInstance.objects.filter(over).exclude(dispatch__deployment__in=fetching).count()
    unwritten = spool.count(came_before=clock.now() - SOON_WRITTEN)
    found = (
        (unwritten, "objects received that nobody writes into the ledger"),
        (unclosed, "studies that nobody will close"),
        (unsent, "studies that nobody will send"),
        (left_out, "images that nobody will send, of studies that have gone"),
        (unmatched, "results that nobody will match"),
        (unfiled, "results that nobody will file"),
    )
    return tuple(f"{count:,} {what}" for count, what in found if count)


def _by_deployment(received: QuerySet[Instance], sent: QuerySet[Dispatch]) -> tuple[DeploymentDay, ...]:
    gone = Q(sent_at__isnull=False)
    not_held = Q(dispatch__state__in=(Dispatch.OPTED_OUT, Dispatch.FAILED))
    rows = (
        DispatchInstance.objects.filter(instance__in=received)
        .values(slug=F("dispatch__deployment__slug"))
        .annotate(
            sent=Count("pk", filter=gone),
            opted_out=Count("pk", filter=~gone & Q(dispatch__state=Dispatch.OPTED_OUT)),
            failed=Count("pk", filter=~gone & Q(dispatch__state=Dispatch.FAILED)),
            held=Count("pk", filter=~gone & ~not_held),
        )
    )
    images = {row["slug"]: row for row in rows}
    slugs = set(images) | set(sent.values_list("deployment__slug", flat=True))
    return tuple(
        DeploymentDay(
            deployment=slug,
            **{
                name: int(images.get(slug, {}).get(name, 0))
                for name in ("sent", "held", "opted_out", "failed")
            },
            expected=sent.filter(deployment__slug=slug).count(),
            **_owed(sent.filter(deployment__slug=slug)),
        )
        for slug in sorted(slugs)
    )


def _reasons(received: QuerySet[Instance]) -> tuple[tuple[str, int], ...]:
    """Why was each instance not sent? The most frequent first."""
    rows = (
        with_disposition(received)
        .exclude(disposition=Disposition.SENT.value)
        .values_list(
            "pk",
            "disposition",
            "quarantine__reason",
            "study__completed_at",
            "items__dispatch__state",
            "items__dispatch__reason",
        )
        .order_by("pk", "items__dispatch_id")
    )
    best: dict[int, tuple[int, str]] = {}
    for pk, disposition, quarantined, completed, state, reason in rows.iterator():
        rank = 0 if state == disposition else (1 if state in (Dispatch.HELD, Dispatch.READY) else 2)
        if quarantined:
            text = f"Quarantined: {quarantined}"
        elif state is None:
            text = NO_TOOL if completed else WAITING
        else:
            text = reason or ON_ITS_WAY
        if pk not in best or rank < best[pk][0]:
            best[pk] = (rank, text)
    return tuple(Counter(text for _, text in best.values()).most_common())
