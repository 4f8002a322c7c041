"""Which gates does this deployment's pathway have here, and where on it does it stand?"""

from __future__ import annotations

from django.urls import reverse

from alarp.records.deployments import queries
from alarp.records.deployments.models import Deployment
from alarp.standards import load_pathway
from alarp.web import shapes, words
from alarp.web.deployments.presenters import Deviation, Team
from alarp.web.deployments.presenters import team as presented_team


def line(deployment: Deployment, upcoming: str | None) -> tuple[shapes.Station, ...]:
    """The gate line with a link to each gate; the change gate only while there is a change."""
    pathway = load_pathway(deployment.pathway)
    statuses = {row.gate: row.status for row in deployment.gates.all()}
    change = (pathway.change,) if pathway.change.slug == upcoming else ()
    gates = (*pathway.gates, *change)
    hrefs = {g.slug: reverse("gate", kwargs={"slug": deployment.slug, "gate": g.slug}) for g in gates}
    return shapes.gate_line(gates, statuses, upcoming, hrefs)


def deviations(deployment: Deployment) -> tuple[Deviation, ...]:
    """What this Trust (or its region) asks beyond the national pathway, each with its reason."""
    titles = words.gate_titles(deployment.pathway)
    return tuple(
        Deviation(titles.get(row.gate, row.gate), row.asks, row.reason, str(row.organisation))
        for row in queries.deviations(deployment)
    )


def team(deployment: Deployment) -> Team:
    """Who holds which role today, and which is vacant?"""
    return presented_team(queries.team(deployment), queries.vacant_roles(deployment), words.role_titles())
