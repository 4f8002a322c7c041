"""`alarp watch`: what alarmed, who has it in hand, what was decided?"""

from __future__ import annotations

from typing import Any

import typer

from alarp.cli import answers


def _seconds(later: Any, earlier: Any) -> float | None:
    return round((later - earlier).total_seconds(), 3) if later is not None and earlier is not None else None


def _alert(alert: Any) -> dict[str, Any]:
    taken = getattr(alert, "acknowledgement", None)
    ended = getattr(alert, "end", None)
    closed_at = alert.closure.closed_at if alert.closure else None
    return {
        "deployment": alert.deployment.slug,
        "number": alert.number,
        "monitor": alert.monitor,
        "subgroup": alert.subgroup,
        "cause": alert.sentence,
        "reaction": alert.reaction,
        "role": alert.role,
        "told": sorted({r.person.username for n in alert.notices.all() for r in n.recipients.all()}),
        "escalated": max((n.step for n in alert.notices.all()), default=0),
        "cause_at": alert.cause_at.isoformat(),
        "alert_at": alert.raised_at.isoformat(),
        "closed_at": closed_at.isoformat() if closed_at else None,
        "cause_to_alert_s": _seconds(alert.raised_at, alert.cause_at),
        "cause_to_closure_s": _seconds(closed_at, alert.cause_at),
        "acknowledged_by": taken.by.username if taken else None,
        "acknowledged_in_time": taken.in_time if taken else None,
        "ended": ended.because if ended else None,
    }


def _decisions() -> list[dict[str, Any]]:
    """What people decided about going on or stopping, oldest first: at a gate, on an incident, at a review."""
    from alarp.records.deployments.models import Abandonment, Decision, RouteClosure
    from alarp.records.watch.models import JournalEntry, ReviewRecord

    found = [
        _decided(
            row, "stopped before go-live", "stop", row.by, row.at, row.reason, role=row.role, gate=row.gate
        )
        for row in Abandonment.objects.select_related("deployment", "by")
    ]
    for entry in JournalEntry.objects.filter(kind=JournalEntry.DECISION).select_related(
        "incident__deployment", "by"
    ):
        outcome = str(entry.facts.get("outcome", ""))
        found.append(
            _decided(
                entry.incident,
                "incident",
                outcome,
                entry.by,
                entry.at,
                entry.text,
                incident=entry.incident.number,
            )
        )
    for closure in RouteClosure.objects.filter(lifted_at__isnull=False).select_related(
        "deployment", "lifted_by"
    ):
        found.append(
            _decided(
                closure,
                "route opened again",
                "reopen",
                closure.lifted_by,
                closure.lifted_at,
                closure.lifted_because,
            )
        )
    computed = {r.deployment_id: r.decision for r in ReviewRecord.objects.order_by("pk")}
    for decision in Decision.objects.filter(gate="review", outcome="approve").select_related(
        "deployment", "person"
    ):
        found.append(
            _decided(
                decision,
                "review",
                decision.meaning,
                decision.person,
                decision.signed_at,
                decision.reason,
                role=decision.role,
                computed=computed.get(decision.deployment_id),
            )
        )
    return sorted(found, key=lambda row: row["at"])


def _decided(
    about: Any, kind: str, outcome: str, by: Any, at: Any, reason: str, **more: Any
) -> dict[str, Any]:
    return {
        "deployment": about.deployment.slug,
        "kind": kind,
        "outcome": outcome,
        "by": by.username,
        "at": at.isoformat(),
        "reason": reason,
        **more,
    }


def watch(
    as_json: bool = typer.Option(False, "--json", help="Print every alert, incident and decision as JSON."),
) -> None:
    """Show alerts and decisions. Leaves with 3 when an alert is open that nobody acknowledged."""
    from alarp.records import boot

    boot()
    from alarp.records.watch.models import Alert, Incident

    rows = (
        Alert.objects.select_related("deployment", "closure", "acknowledgement__by", "end")
        .prefetch_related("notices__recipients__person")
        .order_by("raised_at", "pk")
    )
    alerts, decisions = [_alert(alert) for alert in rows], _decisions()
    if as_json:
        answers.as_json({"alerts": alerts, "incidents": Incident.objects.count(), "decisions": decisions})
    else:
        for alert in alerts:
            hand = (
                f"in hand of {alert['acknowledged_by']}"
                if alert["acknowledged_by"]
                else "nobody has it in hand"
            )
            typer.echo(f"{alert['deployment']} alert {alert['number']}: {alert['cause']} ({hand})")
        for decision in decisions:
            typer.echo(
                f"{decision['deployment']}: {decision['kind']}, {decision['outcome']}: {decision['reason']}"
            )
        if not alerts and not decisions:
            typer.echo("Nothing alarmed, nothing was decided.")
    if any(a["acknowledged_by"] is None and a["ended"] is None for a in alerts):
        raise typer.Exit(3)
