"""What may everybody know? The tools in use or on trial, in plain words; nothing of proposals, people or patients."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarp.kernel import RouteState, Stage
from alarp.records.deployments import queries as deployments
from alarp.records.deployments.models import Deployment, GateStatus
from alarp.records.governance import queries
from alarp.records.governance.models import Responsibilities
from alarp.records.people.queries import trust_of
from alarp.standards.governance import load_responsibilities

IN_USE, ON_TRIAL, PAUSED = "in use", "on trial", "paused"
# A tool is listed from the day on which studies may go to it, until it is stopped.
LISTED = (Stage.INTEGRATE, Stage.GO_LIVE, Stage.LIVE, Stage.REVIEW, Stage.CHANGE)


@dataclass(frozen=True, slots=True)
class PublicTool:
    """One tool as the public sees it."""

    slug: str
    name: str
    summary: str
    site: str
    trust: str
    standing: str
    since: datetime | None
    told: dict[str, Any] | None
    told_number: int
    told_at: datetime | None
    leaflet_sha256: str
    easy_leaflet_sha256: str
    answers: tuple[tuple[str, str], ...]


def public_tools() -> tuple[PublicTool, ...]:
    """Every tool in use or on trial, by site and name."""
    rows = Deployment.objects.filter(stage__in=LISTED).select_related(
        "version__product__supplier", "site__parent__parent"
    )
    found = [public_tool(row) for row in rows.order_by("site__name", "version__product__name", "slug")]
    return tuple(tool for tool in found if tool is not None)


def public_tool(deployment: Deployment) -> PublicTool | None:
    """This tool as the public sees it; None for what is not in use: a proposal is nobody's business yet."""
    if deployment.stage not in LISTED:
        return None
    was_live = GateStatus.objects.filter(deployment=deployment, gate="live").exclude(status=GateStatus.SHUT)
    if deployment.stage == Stage.CHANGE and not was_live.exists():
        return None
    route = deployments.route(deployment).state
    standing = {RouteState.LIVE: IN_USE, RouteState.SILENT: ON_TRIAL}.get(route, PAUSED)
    publication = queries.published(deployment)
    told = publication.information if publication else None
    return PublicTool(
        slug=deployment.slug,
        name=deployment.version.product.name,
        summary=deployment.version.product.summary,
        site=deployment.site.name,
        trust=str(trust_of(deployment.site)),
        standing=standing,
        since=_since(deployment),
        told=told.text if told else None,
        told_number=told.number if told else 0,
        told_at=told.at if told else None,
        leaflet_sha256=publication.leaflet_sha256 if publication else "",
        easy_leaflet_sha256=publication.easy_leaflet_sha256 if publication else "",
        answers=_answers(deployment),
    )


def _since(deployment: Deployment) -> datetime | None:
    """Since its gate opened: the live gate for what is in use, the procure gate for what is on trial."""
    gate = "procure" if deployment.stage in (Stage.INTEGRATE, Stage.GO_LIVE) else "live"
    row = GateStatus.objects.filter(deployment=deployment, gate=gate, status=GateStatus.OPEN).first()
    return row.since if row else None


def _answers(deployment: Deployment) -> tuple[tuple[str, str], ...]:
    """Which party answers at each step: parties only, never the names of staff."""
    current = queries.latest(Responsibilities, deployment)
    if current is None:
        return ()
    template = load_responsibilities(current.template)
    steps = {step.slug: step.public for step in template.steps}
    who = {party.slug: party.public for party in template.parties}
    return tuple((steps[row["step"]], who[row["accountable"]]) for row in current.rows)
