"""To whom is an incident owed, by when, and what would the report say? Drafts only: Alarp sends nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timezone import localtime

from alarp.records.watch.incidents import OUTCOMES, State
from alarp.records.watch.models import Incident, JournalEntry
from alarp.standards.watch import ReportRoute, harm_levels, report_routes


@dataclass(frozen=True)
class Owed:
    """One report: to whom, by when, whether it was sent, and its draft."""

    route: ReportRoute
    due_at: datetime
    sent: JournalEntry | None
    draft: str

    def late(self, now: datetime) -> bool:
        return self.sent is None and now > self.due_at


def owed(incident: Incident, now: State) -> tuple[Owed, ...]:
    """Which reports are owed for this incident, the most urgent first? A clock runs from when it was opened here."""
    sent = {str(entry.facts.get("route")): entry for entry in now.reported}
    found = [
        Owed(
            route=route,
            due_at=incident.opened_at + timedelta(hours=route.within_h),
            sent=sent.get(route.slug),
            draft=draft(incident, now, route),
        )
        for route in report_routes()
        if applies(route, incident, now) or route.slug in sent
    ]
    return tuple(sorted(found, key=lambda one: one.due_at))


def applies(route: ReportRoute, incident: Incident, now: State) -> bool:
    """Do this incident's facts meet the route's condition?"""
    facts = now.harm.facts if now.harm else {}
    levels = [choice.slug for choice in harm_levels()]
    harm = levels.index(facts["level"]) if facts.get("level") in levels else 0
    return {
        "always": True,
        "device-suspected": bool(facts.get("device")) or incident.alert_id is not None,
        "exposure": bool(facts.get("exposure")),
        "data-breach": bool(facts.get("data_breach")),
        "harm-moderate": harm >= levels.index("moderate"),
    }[route.when]


def draft(incident: Incident, now: State, route: ReportRoute) -> str:
    """The report as it could be sent; it names no patient, because nothing here does."""
    version, site = incident.deployment.version, incident.deployment.site
    happened = localtime(incident.happened_at)
    levels = {choice.slug: choice.title for choice in harm_levels()}
    harm = levels.get(str(now.harm.facts.get("level")), "not judged yet") if now.harm else "not judged yet"
    lines = [
        f"{route.title}: {version} ({version.product.supplier.name}) at {site.name}.",
        f"When: {happened.day} {happened:%B %Y}, {happened:%H:%M}. Our reference: {incident.deployment.slug}-{incident.number}.",
        f"What happened: {incident.summary}",
        f"Harm: {harm}." + (f" {now.harm.text}" if now.harm else ""),
        f"Made safe: {now.made_safe.text}" if now.made_safe else "Made safe: not yet.",
        f"Cause: {now.cause.text}" if now.cause else "Cause: being looked for.",
    ]
    if now.decision:
        lines.append(f"Decision: {OUTCOMES.get(now.outcome, now.outcome)}. {now.decision.text}")
    return "\n".join(lines)
