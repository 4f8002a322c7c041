"""What happened, is it safe now, who is owed a report? Opening an incident, its journal, its decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import clock, permissions
from alarp.records.assurance import notifications
from alarp.records.deployments.models import Deployment
from alarp.records.watch import commands, queries
from alarp.records.watch.models import Alert, Incident, JournalEntry
from alarp.web import find
from alarp.web.access import page
from alarp.web.alerts.find import visible
from alarp.web.forms import handed_over
from alarp.web.incidents import find as find_here
from alarp.web.incidents import forms, presenters


@page("view_incidents")
def incidents(request: HttpRequest) -> HttpResponse:
    """Every incident of the tools that this person may see, those still open first."""
    tools = visible(request.user, "view_incidents")
    rows = queries.incidents(tools)
    lines = [presenters.incident_line(i, queries.state(i)) for i in rows]
    context = {
        "open": [one for one in lines if one.open],
        "closed": [one for one in lines if not one.open],
        "feedback": queries.waiting().count(),
        "unheard": sum(one.counts for one in notifications.notifications(tools, clock.now())),
    }
    return render(request, "incidents/incidents.jinja", context)


@page("report_incident", of=find.deployment, sends="report_incident")
def report(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Open an incident by hand, or from an alert."""
    form = forms.ReportForm(request.POST or None, initial=_from_alert(deployment, request))
    opened: list[Incident] = []

    def command(given: dict[str, Any]) -> None:
        alert = Alert.objects.filter(deployment=deployment, number=given["alert"] or 0).first()
        opened.append(commands.open_incident(deployment, given["summary"], alert=alert, by=request.user))

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, f"Incident {opened[0].number} is open. First: is it safe now?")
        return redirect("incident", slug=deployment.slug, number=opened[0].number)
    context = {"form": form, "deployment": deployment, "part_title": "Open an incident"}
    return render(request, "incidents/report.jinja", context)


def _from_alert(deployment: Deployment, request: HttpRequest) -> dict[str, Any]:
    number = request.GET.get("alert", "")
    alert = (
        Alert.objects.filter(deployment=deployment, number=int(number)).first()
        if number.isdecimal() and len(number) < 9
        else None
    )
    return {"alert": alert.number, "summary": alert.sentence} if alert else {}


@page("view_incidents", of=find_here.incident, sends="handle_incident")
def incident(request: HttpRequest, incident: Incident) -> HttpResponse:
    """One incident: made safe, cause, decision, the reports it owes, and its journal."""
    form = forms.EntryForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(form, lambda given: _enter(incident, given, request.user)):
        messages.success(request, "Written into the journal.")
        return redirect("incident", slug=incident.deployment.slug, number=incident.number)
    now, state = clock.now(), queries.state(incident)
    deployment = incident.deployment
    context = {
        "deployment": deployment,
        "part_title": f"Incident {incident.number}",
        "incident": incident,
        "stands": presenters.stands(state),
        "harm": presenters.harm_title(state),
        "steps": presenters.steps(state),
        "reports": [presenters.report(one, now) for one in queries.owed(incident, state)],
        "journal": presenters.journal(list(incident.journal.select_related("by").order_by("pk"))),
        "closure": incident.closure if incident.closure and incident.closure.lifted_at is None else None,
        "form": form,
        "may_handle": state.closed is None
        and permissions.allowed(request.user, "handle_incident", deployment),
        "may_decide": state.closed is None
        and permissions.allowed(request.user, "decide_incident", deployment),
        "may_lift": state.outcome == "reopen"
        and permissions.allowed(request.user, "lift_closure", deployment),
        "to_stop": state.outcome == "stop",
    }
    return render(request, "incidents/incident.jinja", context)


def _enter(incident: Incident, given: dict[str, Any], person: Any) -> None:
    kind, text = given["entry"], given["text"]
    if kind == JournalEntry.HARM:
        commands.judge_harm(
            incident,
            given["level"],
            text,
            device=given["device"],
            exposure=given["exposure"],
            data_breach=given["data_breach"],
            by=person,
        )
    elif kind == JournalEntry.HAZARD:
        commands.link_hazard(incident, given["hazard"], text, by=person)
    elif kind == JournalEntry.REPORTED:
        commands.report_sent(incident, given["route"], text, by=person)
    else:
        plain = {
            JournalEntry.MADE_SAFE: commands.make_safe,
            JournalEntry.CAUSE: commands.find_cause,
            JournalEntry.NOTE: commands.add_note,
            JournalEntry.CLOSED: commands.close,
        }
        plain[kind](incident, text, by=person)


@page("decide_incident", of=find_here.incident, sends="decide_incident")
def decide(request: HttpRequest, incident: Incident) -> HttpResponse:
    """Sign what follows: open again, stay closed, stop the tool."""
    form = forms.DecideForm(request.POST or None, request=request)
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.decide(
            incident, given["outcome"], given["text"], form.step_up, by=request.user
        ),
    ):
        messages.success(request, "The decision is signed.")
        return redirect("incident", slug=incident.deployment.slug, number=incident.number)
    state = queries.state(incident)
    context = {
        "deployment": incident.deployment,
        "part_title": f"Decide incident {incident.number}",
        "incident": incident,
        "steps": presenters.steps(state)[:2],
        "form": form,
    }
    return render(request, "incidents/decide.jinja", context)
