"""Has anything moved at this tool? One page of small pictures, and one large picture for each monitor."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.kernel import BadInput
from alarp.records.deployments.models import Deployment
from alarp.records.monitors import queries
from alarp.standards.monitoring import load_monitors
from alarp.web import find
from alarp.web.access import page
from alarp.web.monitor import presenters

DAYS = (7, 30, 90, 365)


def days_in(request: HttpRequest, usual: int) -> int:
    """How far back to look; anything else than an offered span is the usual one."""
    asked = request.GET.get("days", "")
    return int(asked) if asked.isdecimal() and int(asked) in DAYS else usual


@page("view_monitoring", of=find.deployment)
def monitor(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """All monitors of one deployment."""
    days = days_in(request, load_monitors().window_days)
    context = {
        "deployment": deployment,
        "part_title": "Monitor",
        "board": presenters.board(queries.picture(deployment, days=days)),
        "days": days,
        "spans": DAYS,
    }
    return render(request, "monitor/monitor.jinja", context)


@page("view_monitoring", of=find.deployment)
def chart(request: HttpRequest, deployment: Deployment, monitor: str) -> HttpResponse:
    """One monitor over time, by scanner, with its limits and whose they are."""
    try:
        watched = load_monitors().monitor(monitor)
    except BadInput:
        raise Http404 from None
    days = days_in(request, 90)
    context = {
        "deployment": deployment,
        "part_title": watched.title,
        "large": presenters.large(queries.picture(deployment, days=days), watched),
        "days": days,
        "spans": DAYS,
    }
    return render(request, "monitor/chart.jinja", context)
