"""`alarp status`: where does every tool stand, on which signed evidence?"""

from __future__ import annotations

from typing import Any

import typer

from alarp.cli import answers


def _gate(deployment: Any, row: Any) -> dict[str, Any]:
    decisions = (
        deployment.decisions.filter(gate=row.gate).order_by("signed_at", "pk").select_related("person")
    )
    hashes = deployment.answers.filter(gate=row.gate).values_list("evidence__sha256", flat=True)
    return {
        "gate": row.gate,
        "status": row.status,
        "since": row.since.isoformat(),
        "reason": row.reason,
        "evidence": sorted(set(hashes)),
        "decisions": [
            {
                "role": decision.role,
                "person": str(decision.person),
                "outcome": decision.outcome,
                "meaning": decision.meaning,
                "reason": decision.reason,
                "signed_at": decision.signed_at.isoformat(),
                "evidence_hashes": decision.evidence_hashes,
                "evidence_digest": decision.evidence_digest,
            }
            for decision in decisions
        ],
    }


def _deployment(deployment: Any) -> dict[str, Any]:
    from alarp.records.deployments import queries

    route = queries.route(deployment)
    return {
        "deployment": deployment.slug,
        "product": deployment.version.product.name,
        "version": deployment.version.number,
        "site": deployment.site.name,
        "stage": deployment.stage,
        "stage_since": deployment.stage_since.isoformat(),
        "route": str(route.state),
        "reason": route.reason,
        "next_gate": queries.next_gate(deployment),
        "gates": [_gate(deployment, row) for row in deployment.gates.order_by("pk")],
        "open_holds": deployment.holds.filter(answered_at__isnull=True).count(),
    }


def status(
    as_json: bool = typer.Option(False, "--json", help="Print every gate, decision and digest as JSON."),
) -> None:
    """Show every deployment: stage, route with its reason, next gate."""
    from alarp.records import boot

    boot()
    from alarp.records.deployments.models import Deployment

    rows = [
        _deployment(d) for d in Deployment.objects.select_related("version__product", "site").order_by("slug")
    ]
    if as_json:
        answers.as_json(rows)
        return
    for row in rows:
        waits = f"; next gate: {row['next_gate']}" if row["next_gate"] else ""
        typer.echo(f"{row['deployment']}: {row['stage']}, route {row['route']} ({row['reason']}){waits}")
    if not rows:
        typer.echo("No tool has been proposed yet.")
