"""What is planned for this tool, on which cases, and what came out? The room's first page, a protocol, a test set."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import clock, permissions
from alarp.records.configuration import configuration
from alarp.records.deployments.models import Deployment
from alarp.records.protocols import commands, queries
from alarp.records.protocols.models import EvaluationProtocol, TestSet
from alarp.web import find
from alarp.web.access import page
from alarp.web.evaluations.presenters import without_inline_style
from alarp.web.forms import handed_over
from alarp.web.protocols import find as here
from alarp.web.protocols import forms, presenters
from alarp.web.protocols.paging import newest_first
from alarp.web.protocols.spanning import spanning


@page("view_protocols", of=find.deployment)
def protocols(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Protocols, test sets and runs of this tool, and the next thing to do."""
    protocols = newest_first(queries.protocols_of(deployment), request, "protocols", anchor="the-protocols")
    runs = newest_first(queries.runs_of(deployment), request, "runs", anchor="the-runs")
    sets = newest_first(deployment.test_sets.select_related("by"), request, "cases", anchor="the-cases")
    context = {
        "deployment": deployment,
        "part_title": "Evaluation",
        "counts": queries.counts_of(deployment),
        "protocols": presenters.protocol_lines(protocols.rows),
        "test_sets": [presenters.test_set_line(row) for row in sets.rows],
        "runs": [presenters.run_line(row) for row in runs.rows],
        "parts": {"protocols": protocols, "runs": runs, "cases": sets},
        "span": spanning(deployment, clock.now()),
        "drawn": without_inline_style,
        "may_prepare": permissions.allowed(request.user, "prepare_evaluation", deployment),
    }
    return render(request, "protocols/protocols.jinja", context)


@page("view_protocols", of=here.protocol)
def protocol(request: HttpRequest, protocol: EvaluationProtocol) -> HttpResponse:
    """One protocol: what it plans in plain English, its lock, its runs."""
    deployment = protocol.deployment
    revision = queries.latest_revision(protocol)
    lock = queries.lock_of(protocol)
    own = queries.runs_of(deployment).filter(revision__protocol=protocol)
    runs = newest_first(own, request, "runs", anchor="the-runs")
    used = {run.test_set_id: run.test_set for run in runs.rows}
    context = {
        "deployment": deployment,
        "part_title": revision.title,
        "protocol": protocol,
        "revision": revision,
        "lock": lock,
        "earlier": queries.locked_before(protocol),
        "check": presenters.check(revision.text),
        "runs": [presenters.run_line(run) for run in runs.rows],
        "more_runs": runs,
        "test_sets": [presenters.test_set_line(row) for row in used.values()],
        **may(request, deployment),
    }
    return render(request, "protocols/protocol.jinja", context)


def may(request: HttpRequest, deployment: Deployment) -> dict[str, Any]:
    """What this person may do with the tool's evaluations."""
    return {
        "may_prepare": permissions.allowed(request.user, "prepare_evaluation", deployment),
        "may_lock": permissions.allowed(request.user, "lock_protocol", deployment),
        "may_sign": permissions.allowed(request.user, "sign_evaluation", deployment),
    }


@page("prepare_evaluation", of=find.deployment, sends="prepare_evaluation")
def add_test_set(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Cases with their truth: tables from this computer, or a folder on the server."""
    form = forms.TestSetForm(
        request.POST or None, request.FILES or None, folders=bool(configuration().evaluation_folder)
    )

    def command(given: dict[str, Any]) -> None:
        if given.get("folder"):
            made = commands.add_folder(deployment, given["title"], given["folder"], by=request.user)
        else:
            made = commands.add_uploaded(deployment, given["title"], given["files"], by=request.user)
        messages.success(request, f"Kept as test set {made.number}. Its truth has not been opened.")

    if request.method == "POST" and handed_over(form, command):
        return redirect("protocols", slug=deployment.slug)
    return render(request, "protocols/add_test_set.jinja", _about(deployment, "Add cases", form=form))


@page("view_protocols", of=here.test_set)
def test_set(request: HttpRequest, test_set: TestSet) -> HttpResponse:
    """One test set: its files by their digests, and every opening of its truth."""
    every = queries.openings_of(test_set)
    here_opened = every.filter(run__deployment=test_set.deployment_id)
    openings = newest_first(here_opened, request, "openings", anchor="openings", key="pk")
    total = here_opened.filter(pk__lte=openings.rows[0].pk).count() if openings.rows else 0
    context = _about(
        test_set.deployment,
        f"Test set {test_set.number}: {test_set.title}",
        test_set=test_set,
        line=presenters.test_set_line(test_set),
        files=test_set.files.order_by("name")[:200],
        openings=[(total - place, opening) for place, opening in enumerate(openings.rows)],
        more=openings,
        elsewhere=every.exclude(run__deployment=test_set.deployment_id).count(),
    )
    return render(request, "protocols/test_set.jinja", context)


def _about(deployment: Deployment, title: str, **more: Any) -> dict[str, Any]:
    return {"deployment": deployment, "part_title": title, **more}
