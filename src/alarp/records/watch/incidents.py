"""What went wrong, is it safe now, why did it happen, and what was decided? A journal that is only added to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from alarp.kernel import BadInput, NotNow
from alarp.pathway import StepUp, policies
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment, refuse_now
from alarp.records.deployments.models import Deployment, RouteClosure
from alarp.records.hazards.models import Hazard
from alarp.records.ledger.models import Study
from alarp.records.people.models import Person
from alarp.records.watch.models import Alert, Incident, JournalEntry
from alarp.standards.watch import harm_levels, report_routes

REOPEN, KEEP_CLOSED, STOP = "reopen", "keep-closed", "stop"
OUTCOMES = {
    REOPEN: "The route may be opened again",
    KEEP_CLOSED: "The route stays closed",
    STOP: "The tool is to be stopped at its review gate",
}
CONDITIONS = ("device", "exposure", "data_breach")


@dataclass(frozen=True)
class State:
    """Where does an incident stand, read from its journal: the last entry of each kind counts."""

    made_safe: JournalEntry | None
    cause: JournalEntry | None
    harm: JournalEntry | None
    decision: JournalEntry | None
    closed: JournalEntry | None
    hazards: tuple[JournalEntry, ...]
    reported: tuple[JournalEntry, ...]

    @property
    def outcome(self) -> str:
        return str(self.decision.facts.get("outcome", "")) if self.decision else ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What is still owed before it can be closed?"""
        owed = (
            (self.made_safe, "it is not made safe"),
            (self.cause, "its cause is not found"),
            (self.decision, "nothing is decided"),
        )
        return tuple(words for entry, words in owed if entry is None)


def state(incident: Incident) -> State:
    """Read the journal once."""
    last: dict[str, JournalEntry] = {}
    entries = list(incident.journal.select_related("by").order_by("pk"))
    for entry in entries:
        last[entry.kind] = entry
    kinds = JournalEntry
    return State(
        made_safe=last.get(kinds.MADE_SAFE),
        cause=last.get(kinds.CAUSE),
        harm=last.get(kinds.HARM),
        decision=last.get(kinds.DECISION),
        closed=last.get(kinds.CLOSED),
        hazards=tuple(e for e in entries if e.kind == kinds.HAZARD),
        reported=tuple(e for e in entries if e.kind == kinds.REPORTED),
    )


def open_incident(
    deployment: Deployment,
    summary: str,
    *,
    by: Person,
    alert: Alert | None = None,
    study: Study | None = None,
    closure: RouteClosure | None = None,
    happened_at: datetime | None = None,
) -> Incident:
    """Begin an incident: from an alert, from feedback on a study, or by hand."""
    permissions.check(by, "report_incident", deployment)
    if not summary.strip():
        raise BadInput(
            "An incident needs a summary: what happened, to which studies, without any patient's name."
        )
    if happened_at is not None and happened_at > clock.now():
        raise BadInput("The incident is dated ahead of now; give the moment when it happened.")
    if alert is not None and alert.deployment_id != deployment.pk:
        raise BadInput(f"Alert {alert.number} belongs to another deployment; open the incident there.")
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        if alert is not None and Incident.objects.filter(alert=alert).exists():
            raise NotNow(f"Alert {alert.number} has an incident already; go on there.")
        last = deployment.incidents.aggregate(last=Max("number"))["last"] or 0
        incident = Incident(
            deployment=deployment,
            number=last + 1,
            summary=summary.strip(),
            happened_at=happened_at or (alert.cause_at if alert else at),
            opened_by=by,
            opened_at=at,
            alert=alert,
            closure=closure or (alert.closure if alert else None),
            study=study,
        )
        incident.save()
        record(
            by,
            "incident opened",
            f"incident {incident.number} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            summary=incident.summary,
            alert=alert.number if alert else None,
        )
    return incident


def add_note(incident: Incident, text: str, *, by: Person) -> JournalEntry:
    """Write down what was found or done."""
    return _enter(incident, JournalEntry.NOTE, text, {}, by)


def make_safe(incident: Incident, text: str, *, by: Person) -> JournalEntry:
    """Say what keeps patients safe from now on, such as the route that is closed and who reads without the tool."""
    return _enter(incident, JournalEntry.MADE_SAFE, text, {}, by)


def find_cause(incident: Incident, text: str, *, by: Person) -> JournalEntry:
    """Say why it happened."""
    return _enter(incident, JournalEntry.CAUSE, text, {}, by)


def judge_harm(
    incident: Incident,
    level: str,
    text: str,
    *,
    device: bool = False,
    exposure: bool = False,
    data_breach: bool = False,
    by: Person,
) -> JournalEntry:
    """Say how much harm came of it, and what sort of event it was: both decide which reports are owed."""
    if level not in {choice.slug for choice in harm_levels()}:
        known = ", ".join(choice.slug for choice in harm_levels())
        raise BadInput(f"The harm is {level!r}; it is one of {known}.")
    facts = {"level": level, "device": device, "exposure": exposure, "data_breach": data_breach}
    return _enter(incident, JournalEntry.HARM, text, facts, by)


def link_hazard(incident: Incident, number: str, text: str, *, by: Person) -> JournalEntry:
    """Say which hazard of the log this was, so that its likelihood is looked at again."""
    return _enter(incident, JournalEntry.HAZARD, text, {"hazard": _hazard(incident.deployment, number)}, by)


def _hazard(deployment: Deployment, number: str) -> str:
    wanted = number.strip().upper()
    if not Hazard.objects.filter(deployment=deployment, number=wanted).exists():
        raise BadInput(f"The hazard log of {deployment.slug} has no hazard {wanted}; add it there first.")
    return wanted


def report_sent(incident: Incident, route: str, text: str, *, by: Person) -> JournalEntry:
    """Say that an owed report was sent, and under which reference."""
    if route not in {r.slug for r in report_routes()}:
        known = ", ".join(r.slug for r in report_routes())
        raise BadInput(f"There is no report {route!r}; the reports are {known}.")
    return _enter(incident, JournalEntry.REPORTED, text, {"route": route}, by)


def close(incident: Incident, text: str, *, by: Person) -> JournalEntry:
    """Close the incident: made safe, cause found, decided."""
    return _enter(incident, JournalEntry.CLOSED, text, {}, by)


def _enter(incident: Incident, kind: str, text: str, facts: dict[str, Any], by: Person) -> JournalEntry:
    permissions.check(by, "handle_incident", incident.deployment)
    return _write(incident, kind, text, facts, by)


def decide(incident: Incident, outcome: str, text: str, step_up: StepUp, *, by: Person) -> JournalEntry:
    """Decide, signed: the route may be opened again, stays closed, or the tool is to be stopped.

    It may be opened again only once the incident is made safe and its cause is found.
    """
    permissions.check(by, "decide_incident", incident.deployment)
    if outcome not in OUTCOMES:
        raise BadInput(f"The decision is {outcome!r}; it is one of {', '.join(OUTCOMES)}.")
    return _write(incident, JournalEntry.DECISION, text, {"outcome": outcome}, by, step_up=step_up)


def _write(
    incident: Incident,
    kind: str,
    text: str,
    facts: dict[str, Any],
    by: Person,
    *,
    step_up: StepUp | None = None,
) -> JournalEntry:
    if not text.strip():
        raise BadInput("An entry of the journal needs words: what was found, done or decided.")
    with transaction.atomic():
        deployment = locked(incident.deployment)
        at = moment(deployment)
        now = state(incident)
        refuse_now(_against(incident, kind, facts, now))
        envelope = None
        if step_up is not None:
            refuse_now(policies.step_up_is_fresh(step_up, clock.now()))
            envelope = _sealed(incident, deployment, facts, text.strip(), step_up, by)
        entry = JournalEntry(
            incident=incident, kind=kind, text=text.strip(), facts=facts, by=by, at=at, envelope=envelope
        )
        entry.save()
        record(
            by,
            f"incident {kind}",
            f"incident {incident.number} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            text=entry.text,
            **facts,
        )
    return entry


def _against(incident: Incident, kind: str, facts: dict[str, Any], now: State) -> str | None:
    if now.closed is not None and kind != JournalEntry.REPORTED:
        return f"Incident {incident.number} is closed; open a new one if it happens again."
    if kind == JournalEntry.CLOSED and now.missing:
        return f"Incident {incident.number} cannot be closed yet: {' and '.join(now.missing)}."
    if kind == JournalEntry.DECISION and facts.get("outcome") == REOPEN:
        owed = [words for words in now.missing if words != "nothing is decided"]
        if owed:
            return f"The route cannot be opened again yet: {' and '.join(owed)}."
    return None


def _sealed(
    incident: Incident, deployment: Deployment, facts: dict[str, Any], text: str, step_up: StepUp, by: Person
) -> dict[str, Any]:
    from alarp.records.evidence.sealing import seal

    roles = permissions.team_roles(by, deployment) & permissions.ACTIONS["decide_incident"].roles
    said = {"incident": incident.number, "summary": incident.summary, "reason": text}
    return seal(
        said, subject=deployment, by=by, step_up=step_up, role=min(roles), meaning=str(facts["outcome"])
    )


def bar_to_lifting(closure: RouteClosure) -> str:
    """A closing with an incident is lifted only when that is made safe, its cause found, and decided so."""
    for incident in Incident.objects.filter(closure=closure).order_by("number"):
        now = state(incident)
        if now.missing:
            return f"Incident {incident.number} belongs to this closing: {' and '.join(now.missing)}."
        if now.outcome != REOPEN:
            return f"Incident {incident.number} decided: {OUTCOMES[now.outcome].lower()}. Decide anew first."
    return ""
