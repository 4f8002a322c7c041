"""What happened, is it safe now, why, what was decided, who is owed a report by when?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarp.records.watch.incidents import OUTCOMES, State
from alarp.records.watch.models import Incident, JournalEntry
from alarp.records.watch.routing import Owed
from alarp.standards.watch import harm_levels, report_routes
from alarp.web import words

TITLES = {
    JournalEntry.NOTE: "Note",
    JournalEntry.MADE_SAFE: "Made safe",
    JournalEntry.CAUSE: "Cause",
    JournalEntry.HARM: "Harm",
    JournalEntry.HAZARD: "Hazard",
    JournalEntry.DECISION: "Decision",
    JournalEntry.REPORTED: "Report sent",
    JournalEntry.CLOSED: "Closed",
}
ORDER = (JournalEntry.MADE_SAFE, JournalEntry.CAUSE, JournalEntry.DECISION, JournalEntry.CLOSED)
TO_DO = {
    JournalEntry.MADE_SAFE: "Not yet: what keeps patients safe from now on?",
    JournalEntry.CAUSE: "Not found yet: why did it happen?",
    JournalEntry.DECISION: "Not decided: may the route open again?",
    JournalEntry.CLOSED: "Open.",
}


@dataclass(frozen=True)
class Entry:
    """One entry of the journal."""

    title: str
    text: str
    extra: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Step:
    """One of the four things that an incident owes."""

    title: str
    done: bool
    text: str
    who: str
    at: datetime | None


@dataclass(frozen=True)
class IncidentLine:
    """One incident in a list."""

    number: int
    slug: str
    tool: str
    site: str
    summary: str
    opened_at: datetime
    harm: str
    stands: str
    open: bool


def harm_title(state: State) -> str:
    titles = {choice.slug: choice.title for choice in harm_levels()}
    return titles.get(str(state.harm.facts.get("level")), "") if state.harm else ""


def stands(state: State) -> str:
    """'Not made safe', 'Safe; its cause is not found', 'Closed'."""
    if state.closed is not None:
        return "Closed"
    if state.made_safe is None:
        return "Not made safe yet"
    if state.cause is None:
        return "Safe; its cause is not found"
    if state.decision is None:
        return "Safe, cause found; nothing is decided"
    return f"Decided: {OUTCOMES.get(state.outcome, state.outcome).lower()}"


def incident_line(incident: Incident, state: State) -> IncidentLine:
    return IncidentLine(
        number=incident.number,
        slug=incident.deployment.slug,
        tool=str(incident.deployment.version),
        site=str(incident.deployment.site),
        summary=incident.summary,
        opened_at=incident.opened_at,
        harm=harm_title(state),
        stands=stands(state),
        open=state.closed is None,
    )


def steps(state: State) -> tuple[Step, ...]:
    """Made safe, cause, decision, closed: what is done, and what is owed."""
    entries = {
        JournalEntry.MADE_SAFE: state.made_safe,
        JournalEntry.CAUSE: state.cause,
        JournalEntry.DECISION: state.decision,
        JournalEntry.CLOSED: state.closed,
    }
    return tuple(
        Step(
            title=TITLES[kind],
            done=(found := entries[kind]) is not None,
            text=(f"{_extra(found)} {found.text}".strip() if found else TO_DO[kind]),
            who=str(found.by) if found else "",
            at=found.at if found else None,
        )
        for kind in ORDER
    )


def _extra(entry: JournalEntry) -> str:
    """What an entry says beside its words."""
    facts: dict[str, Any] = entry.facts
    if entry.kind == JournalEntry.DECISION:
        return f"{OUTCOMES.get(str(facts.get('outcome')), '')}."
    if entry.kind == JournalEntry.HARM:
        titles = {choice.slug: choice.title for choice in harm_levels()}
        return f"{titles.get(str(facts.get('level')), '')}."
    if entry.kind == JournalEntry.HAZARD:
        return f"Hazard {facts.get('hazard')}."
    if entry.kind == JournalEntry.REPORTED:
        titles = {route.slug: route.title for route in report_routes()}
        return f"{titles.get(str(facts.get('route')), '')}."
    return ""


def journal(entries: Sequence[JournalEntry]) -> tuple[Entry, ...]:
    """Everything that was written, in order."""
    return tuple(Entry(TITLES[e.kind], e.text, _extra(e), str(e.by), e.at) for e in entries)


@dataclass(frozen=True)
class Report:
    """One report that is owed: to whom, by which clock, and its draft."""

    title: str
    to: str
    clock: str
    due_at: datetime
    by_role: str
    sent: str
    sent_at: datetime | None
    late: bool
    draft: str
    source: str


def report(owed: Owed, now: datetime) -> Report:
    return Report(
        title=owed.route.title,
        to=owed.route.to,
        clock=owed.route.clock,
        due_at=owed.due_at,
        by_role=words.role(owed.route.by_role),
        sent=f"{owed.sent.text} ({owed.sent.by})" if owed.sent else "",
        sent_at=owed.sent.at if owed.sent else None,
        late=owed.late(now),
        draft=owed.draft,
        source=owed.route.source,
    )
