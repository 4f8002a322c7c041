"""One tool's training: who is entitled among those who are to use it, what ends, and its evidence."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate

from alarp.kernel import digest
from alarp.records import clock, permissions
from alarp.records.deployments.issuing import in_force
from alarp.records.deployments.models import Deployment
from alarp.records.training import commands, documents, queries
from alarp.records.training.models import Module
from alarp.records.training.roll import Roll
from alarp.standards.competences import load_framework
from alarp.web import find, shapes, words
from alarp.web.access import page
from alarp.web.competences import forms, presenters
from alarp.web.evaluations.presenters import without_inline_style
from alarp.web.forms import handed_over


@page("view_training", of=find.deployment, sends="keep_training")
def training(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The coverage as a picture, then every user with the reason; users join and leave here."""
    ending = request.method == "POST" and "user" in request.POST
    adding = request.method == "POST" and not ending
    form = forms.UserForm(request.POST if adding else None, deployment=deployment)
    if ending:
        _end(request, deployment)
        return redirect("training", slug=deployment.slug)
    if adding and handed_over(form, lambda given: commands.add_user(deployment, **given, by=request.user)):
        messages.success(request, f"{form.cleaned_data['person']} is named as a user.")
        return redirect("training", slug=deployment.slug)
    return render(request, "competences/training.jinja", _context(request, deployment, form))


def _end(request: HttpRequest, deployment: Deployment) -> None:
    form = forms.EndUserForm(request.POST)
    row = (
        deployment.users.filter(pk=form.cleaned_data["user"], until=None).first() if form.is_valid() else None
    )
    if row is None:
        raise Http404
    commands.end_user(row, by=request.user)
    messages.success(request, f"{row.person} is no longer named as a user.")


def _context(request: HttpRequest, deployment: Deployment, form: forms.UserForm) -> dict[str, Any]:
    now = clock.now()
    today = localdate(now)
    roll = Roll([deployment], now)
    found = queries.coverage_on(roll, deployment)
    within = load_framework().expiry_warning_days
    evidence = in_force(deployment, queries.GATE, queries.CRITERION)
    return {
        "part_title": "Training",
        "deployment": deployment,
        "found": found,
        "lead": found.sentence,
        "number": shapes.number(found.measure),
        "chart": drawn(found) if found.rows else None,
        "users": presenters.user_lines(found.rows, words.role, today),
        "modules": roll.modules_for(deployment),
        "has_specific": any(m.version_id for m in roll.modules_for(deployment)),
        "withheld": roll.trains_for(deployment),
        "expiring": queries.expiring(today, within, deployments=[deployment]),
        "today": today,
        "within": within,
        "evidence": shapes.evidence_card(evidence, today) if evidence else None,
        "form": form,
        "may_keep": permissions.allowed(request.user, "keep_training", deployment),
    }


def drawn(found: queries.Coverage) -> dict[str, Any]:
    """The coverage's chart with its table, drawn once for each state of affairs."""
    chart = documents.coverage_chart(found)

    def draw() -> str:
        from alarp.report.charts import (
            draw as to_svg,  # brings the chart library: only where it is drawn anew
        )

        return without_inline_style(to_svg(chart))

    svg = cache.get_or_set(f"training-chart-{digest(chart)}", draw, timeout=None)
    return {"title": chart["title"], "svg": svg, "table": chart["table"]}


@page("view_training", of=find.deployment, sends="keep_training")
def record_training(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Record training that was done elsewhere."""
    modules: tuple[Module, ...] = Roll([deployment], clock.now(), people=[]).modules_for(deployment)
    form = forms.RecordForm(request.POST or None, deployment=deployment, modules=modules)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.record_training(**given, by=request.user)
    ):
        messages.success(request, f"The training of {form.cleaned_data['person']} is on record.")
        return redirect("training", slug=deployment.slug)
    context = {
        "part_title": "Record training",
        "deployment": deployment,
        "form": form,
        "modules": modules,
        "may_keep": permissions.allowed(request.user, "keep_training", deployment),
    }
    return render(request, "competences/record.jinja", context)


@page("view_training", of=find.deployment, sends="keep_training")
def issue_training(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Issue who is trained as the live gate's evidence, with the share that the signature will bind."""
    default = load_framework().coverage_target
    found = queries.coverage(deployment)
    form = forms.IssueForm(request.POST or None, initial={"target": round(100 * found.target)})

    def command(given: dict[str, Any]) -> None:
        target = given["target"] / 100
        commands.issue_training(deployment, target=target, reason=given["reason"], by=request.user)

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "Issued as evidence for the live gate. Another person signs it there.")
        return redirect("training", slug=deployment.slug)
    context = {
        "part_title": "Issue as evidence",
        "deployment": deployment,
        "form": form,
        "lead": found.sentence,
        "default": default,
        "source": load_framework().coverage_source,
        "may_keep": permissions.allowed(request.user, "keep_training", deployment),
    }
    return render(request, "competences/issue.jinja", context)
