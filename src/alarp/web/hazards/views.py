"""What could hurt a patient here, what holds it back, what watches it? The log, and one hazard of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate

from alarp.records import clock, permissions
from alarp.records.deployments.models import Deployment
from alarp.records.hazards import commands, queries
from alarp.records.hazards.models import ControlChange, Hazard, HazardMove
from alarp.safety import against_hazard
from alarp.standards.safety import load_monitors
from alarp.web import find, words
from alarp.web.access import page
from alarp.web.forms import TextForm, handed_over
from alarp.web.hazards import find as here
from alarp.web.hazards import forms, presenters
from alarp.web.hazards.watching import latest_values


def monitor_titles() -> dict[str, str]:
    return {slug: slug.replace("-", " ").capitalize() for slug in load_monitors()}


@page("view_hazards", of=find.deployment, sends="edit_hazards")
def hazards(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The whole log; sending the form begins it from the library."""
    form = TextForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.start_log(deployment, by=request.user)
    ):
        messages.success(request, "The library's hazards are copied. Score each for this place.")
        return redirect("hazards", slug=deployment.slug)
    log = queries.log_of(deployment)
    view = presenters.log_view(
        log.hazards,
        log.scheme,
        localdate(clock.now()),
        titles=words.role_titles(),
        monitors=monitor_titles(),
        values=latest_values(deployment) if log.hazards else {},
        show=request.GET.get("show", "all"),
    )
    statement = queries.last_statement(deployment)
    context = {
        "part_title": "Hazards",
        "deployment": deployment,
        "form": form,
        "log": view,
        "any": bool(log.hazards),
        "scheme": log.scheme,
        "statement": statement,
        "statement_is_current": statement is not None and statement.log_version.digest == log.digest,
        "may_edit": permissions.allowed(request.user, "edit_hazards", deployment),
        "in_words": words.in_words,
    }
    return render(request, "hazards/hazards.jinja", context)


@page("view_hazards", of=here.hazard, sends="edit_hazards")
def hazard(request: HttpRequest, hazard: Hazard) -> HttpResponse:
    """One hazard, with the form that scores it."""
    deployment = hazard.deployment
    log = queries.log_of(deployment)
    core = log.hazard(hazard.number)
    form = forms.ScoreForm(request.POST or None, scheme=log.scheme, initial=forms.ScoreForm.shown(core))

    def command(given: dict[str, Any]) -> None:
        commands.score_hazard(
            hazard,
            form.score("initial"),
            form.score("residual"),
            given["measured_by"],
            given["rationale"],
            form.addresses,
            by=request.user,
        )

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "Scored. Whoever must accept the residual risk sees it now.")
        return redirect("hazard", slug=deployment.slug, number=hazard.number)
    titles = words.role_titles()
    against = against_hazard(core, log.scheme, log.states, localdate(clock.now()))
    context = {
        "part_title": f"{core.number}: {core.name}",
        "deployment": deployment,
        "hazard": core,
        "initial": presenters.score_view(core.initial, log.scheme),
        "residual": presenters.score_view(core.residual, log.scheme),
        "standing": presenters.score_view(core.standing, log.scheme),
        "rule": log.scheme.rule(log.scheme.level(core.residual)) if core.residual else None,
        "controls": [presenters.control_line(c, titles) for c in core.controls],
        "monitors": presenters.watched(core, monitor_titles(), latest_values(deployment)),
        "against": [words.in_words(s) for s in against],
        "titles": titles,
        "history": history(hazard),
        "form": form,
        "may_edit": permissions.allowed(request.user, "edit_hazards", deployment),
        "may_accept": bool(core.residual) and permissions.allowed(request.user, "accept_risk", deployment),
    }
    return render(request, "hazards/hazard.jinja", context)


def history(hazard: Hazard) -> list[tuple[Any, str, str]]:
    """What was written of this hazard, newest first: when, who, what."""
    found = []
    for r in hazard.revisions.select_related("by").prefetch_related("acceptances__by"):
        levels = f" Level {r.initial_level} before, {r.residual_level} after." if r.residual_level else ""
        found.append((r.at, str(r.by), f"Revision {r.number}: {r.because}{levels}"))
        found += [
            (a.at, str(a.by), f"Accepted as {words.lowered(words.role(a.role))}: {a.justification}")
            for a in r.acceptances.all()
        ]
    for move in HazardMove.objects.filter(revision__hazard=hazard).select_related("by"):
        to = f" to {move.to}" if move.to else ""
        found.append((move.at, str(move.by), f"{move.status.capitalize()}{to}: {move.because}"))
    for change in ControlChange.objects.filter(control__hazard=hazard).select_related("by", "control"):
        state = change.state.replace("-", " ")
        found.append(
            (change.at, str(change.by), f"Control {change.control.number} {state}: {change.evidence}")
        )
    return sorted(found, key=lambda line: line[0], reverse=True)
