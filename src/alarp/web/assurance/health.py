"""Health by traffic: the synthetic studies of each route, how long they took, where they broke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from pydicom.uid import generate_uid

from alarp.kernel import NotNow
from alarp.records import permissions
from alarp.records.assurance import alarms, probes
from alarp.records.assurance.models import Probe
from alarp.records.configuration import configuration
from alarp.records.deployments.models import Deployment
from alarp.report.control_charts import Mark, control_chart
from alarp.report.document import Table
from alarp.web import find
from alarp.web.access import page
from alarp.web.alerts.find import visible

CHARTED = 60
WORDS = {
    Probe.ASKED: "waits",
    Probe.UNDER_WAY: "under way",
    Probe.PASSED: "passed",
    Probe.FAILED: "failed",
}


@dataclass(frozen=True)
class RouteHealth:
    """One tool's route: the last probe, and those before it."""

    deployment: Deployment
    last: Probe | None
    svg: str
    table: Table
    may_ask: bool

    @property
    def sentence(self) -> str:
        if self.last is None:
            return "No synthetic study has gone through this route yet."
        if self.last.state == Probe.FAILED:
            return f"The last one failed to {self.last.phase}: {self.last.sentence}"
        return self.last.sentence or "The last one was asked for."

    @property
    def style(self) -> str:
        return {Probe.PASSED: "steady", Probe.FAILED: "moved"}.get(
            self.last.state if self.last else "", "look"
        )


@page("view_health")
def health(request: HttpRequest) -> HttpResponse:
    """Every route that traffic may reach, with its probes."""
    known = {deployment.pk for deployment in alarms.connected()}
    seen = [d for d in visible(request.user, "view_health") if d.pk in known or d.probes.exists()]
    routes = [_route(d, permissions.allowed(request.user, "ask_probe", d)) for d in seen]
    context = {"routes": routes, "every_min": configuration().health_every_min, "words": WORDS}
    return render(request, "assurance/health.jinja", context)


@page("view_health", of=find.deployment, sends="ask_probe")
def probe(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """One route's probes; the button sends another."""
    refused = ""
    if request.method == "POST":
        try:
            made = probes.ask(deployment, generate_uid(prefix=None), by=request.user)
        except NotNow as refusal:
            refused = str(refusal)
        else:
            messages.success(request, f"Probe {made.number} is on its way; look again in a minute.")
            return redirect("probe", slug=deployment.slug)
    may = permissions.allowed(request.user, "ask_probe", deployment)
    context = {
        "deployment": deployment,
        "part_title": "Health",
        "route": _route(deployment, may),
        "refused": refused,
        "words": WORDS,
    }
    return render(request, "assurance/probe.jinja", context)


def _route(deployment: Deployment, may_ask: bool) -> RouteHealth:
    found = probes.history([deployment.pk])[:CHARTED]
    return RouteHealth(deployment, found[0] if found else None, _chart(found), _table(found), may_ask)


def _seconds(probe: Probe) -> float | None:
    return (probe.ended_at - probe.asked_at).total_seconds() if probe.ended_at else None


def _chart(found: Sequence[Probe]) -> str:
    over = [p for p in reversed(found) if p.ended_at]
    if len(over) < 2:
        return ""
    marks = [
        Mark(
            f"{p.asked_at.day}/{p.asked_at.month}",
            _seconds(p) or 0.0,
            "neither" if p.state == Probe.FAILED else "common",
            0,
        )
        for p in over
    ]
    failed = sum(p.state == Probe.FAILED for p in over)
    return control_chart(
        marks,
        (),
        title="Seconds from sending to filing",
        description=f"{len(over)} probes, {failed} of them failed (diamonds).",
        unit="seconds",
        floor_at=0.0,
    )


def _table(found: Sequence[Probe]) -> Table:
    rows = []
    for p in found:
        took = _seconds(p)
        rows.append(
            (
                f"{p.number}",
                f"{p.asked_at:%d %b %Y, %H:%M} UTC",
                WORDS[p.state],
                p.phase or "—",
                f"{took:.1f} s" if took is not None else "—",
                str(p.by) if p.by else "on schedule",
            )
        )
    return Table(
        caption="Synthetic studies, newest first",
        columns=("Number", "Asked", "Came through", "Reached", "Took", "Asked by"),
        rows=tuple(rows),
        note="",
    )
