"""What has happened to a deployment, in order? Told from the rows that decided something, not from the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from alarp.records.deployments.models import Abandonment, Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened: when, what sort, who, in one sentence, with its evidence where there is one."""

    at: datetime
    kind: str
    sentence: str
    by: Person | None = None
    gate: str = ""
    evidence: Evidence | None = None


def timeline(deployment: Deployment) -> tuple[TimelineEntry, ...]:
    """Everything that happened to this deployment, newest first."""
    entries = [
        TimelineEntry(
            deployment.proposed_at, "proposed", f"Proposed for: {deployment.use}", deployment.proposed_by
        ),
        *_team(deployment),
        *_gates(deployment),
        *_holds(deployment),
        *_closures(deployment),
        *_ending(deployment),
    ]
    return tuple(sorted(entries, key=lambda e: e.at, reverse=True))


def _team(deployment: Deployment) -> Iterator[TimelineEntry]:
    for member in deployment.team.select_related("person"):
        yield TimelineEntry(member.since, "team", f"{member.person} joined as {member.role}.", member.person)
        if member.until:
            yield TimelineEntry(
                member.until, "team", f"{member.person} left as {member.role}.", member.person
            )


def _gates(deployment: Deployment) -> Iterator[TimelineEntry]:
    for a in deployment.answers.select_related("evidence", "given_by"):
        yield TimelineEntry(
            a.given_at,
            "evidence",
            f"'{a.evidence.title}' was given for {a.criterion} at gate {a.gate}.",
            a.given_by,
            a.gate,
            a.evidence,
        )
    for d in deployment.decisions.select_related("person"):
        because = f": {d.reason}" if d.reason else "."
        yield TimelineEntry(
            d.signed_at,
            "decision",
            f"{d.person} ({d.role}) signed gate {d.gate}: {d.outcome}, {d.meaning}{because}",
            d.person,
            d.gate,
        )
    for r in deployment.reopenings.all():
        yield TimelineEntry(r.at, "re-opened", f"Gate {r.gate} was re-opened: {r.reason}", None, r.gate)
    for row in deployment.gates.filter(status="open"):
        yield TimelineEntry(row.since, "opened", f"Gate {row.gate} opened.", None, row.gate)


def _holds(deployment: Deployment) -> Iterator[TimelineEntry]:
    for h in deployment.holds.select_related("raised_by", "answered_by"):
        yield TimelineEntry(
            h.raised_at, "hold", f"Safety hold {h.number} was raised: {h.concern}", h.raised_by
        )
        if h.answered_at:
            yield TimelineEntry(
                h.answered_at, "hold", f"Safety hold {h.number} was answered: {h.answer}", h.answered_by
            )


def _ending(deployment: Deployment) -> Iterator[TimelineEntry]:
    row = Abandonment.objects.filter(deployment=deployment).select_related("by").first()
    if row is not None:
        yield TimelineEntry(
            row.at, "decision", f"{row.by} stopped it at gate {row.gate}: {row.reason}", row.by, row.gate
        )


def _closures(deployment: Deployment) -> Iterator[TimelineEntry]:
    for c in deployment.closures.select_related("closed_by", "lifted_by"):
        yield TimelineEntry(c.closed_at, "route", f"The route was closed: {c.reason}", c.closed_by)
        if c.lifted_at:
            yield TimelineEntry(
                c.lifted_at, "route", f"The closing was lifted: {c.lifted_because}", c.lifted_by
            )
