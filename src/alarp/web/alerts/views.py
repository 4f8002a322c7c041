"""What alarms now, who has it in hand, and at which figure would it alarm?"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.kernel import Stage
from alarp.pathway.alarms import in_force
from alarp.records import clock, permissions
from alarp.records.assurance import notifications
from alarp.records.deployments.models import Deployment
from alarp.records.watch import commands, queries
from alarp.records.watch.models import Alert, RuleDraft
from alarp.standards.watch import monitors
from alarp.web import find
from alarp.web.access import page
from alarp.web.alerts import find as find_here
from alarp.web.alerts import forms, presenters
from alarp.web.forms import handed_over

ENDED_SHOWN = 30


@page("view_alerts")
def alerts(request: HttpRequest) -> HttpResponse:
    """Every open alert of the tools that this person may see, and those that ended lately."""
    notifications.delivered_to(request.user, "page of alerts")
    now, tools = clock.now(), find_here.visible(request.user, "view_alerts")
    may = {d.pk for d in tools if permissions.allowed(request.user, "acknowledge_alert", d)}

    def lines(rows: Any) -> list[presenters.AlertLine]:
        return [presenters.line(a, now, may=a.deployment_id in may) for a in rows]

    open_ones = presenters.first_the_unseen(lines(queries.alerts(tools, open_only=True)))
    context = {
        "lines": open_ones,
        "sentence": presenters.sentence(open_ones),
        "ended": lines(queries.alerts(tools, open_only=False)[:ENDED_SHOWN]),
    }
    return render(request, "alerts/alerts.jinja", context)


@page("view_alerts", of=find_here.alert, sends="acknowledge_alert")
def alert(request: HttpRequest, alert: Alert) -> HttpResponse:
    """One alert: figure against limit, who was told when, and the button that says 'I have it'."""
    form = forms.AcknowledgeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.acknowledge(alert, given["note"], by=request.user)
    ):
        messages.success(request, f"Alert {alert.number} is yours. Nobody else is told.")
        return redirect("alert", slug=alert.deployment.slug, number=alert.number)
    may = permissions.allowed(request.user, "acknowledge_alert", alert.deployment)
    context = {
        "alert": presenters.line(alert, clock.now(), may=may),
        "form": form,
        "deployment": alert.deployment,
        "part_title": f"Alert {alert.number}",
        "may_report": permissions.allowed(request.user, "report_incident", alert.deployment),
    }
    return render(request, "alerts/alert.jinja", context)


@page("view_monitoring", of=find.deployment, sends="draft_alarms")
def alarms(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """At which figure does it warn, at which does the route close? The rules in force, and the draft."""
    form = forms.WholeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.issue_stop_rule(deployment, by=request.user)
    ):
        messages.success(request, "Issued as evidence of the live gate. In force once it is signed there.")
        return redirect("alarms", slug=deployment.slug)
    signed = queries.signed(deployment)
    draft = queries.draft_of(deployment)
    drafted = RuleDraft.objects.filter(deployment=deployment).select_related("changed_by").first()
    stopped = Stage(deployment.stage) in (Stage.RETIRE, Stage.RETIRED)
    context = {
        "deployment": deployment,
        "part_title": "Alarms",
        "form": form,
        "signed": signed,
        "rules": [presenters.rule_line(r) for r in in_force(signed.alarm_rules if signed else ())],
        "criteria": [presenters.criterion_line(c) for c in (signed.review_criteria if signed else ())],
        "draft_rules": [presenters.rule_line(r) for r in draft.alarm_rules],
        "draft_criteria": [presenters.criterion_line(c) for c in draft.review_criteria],
        "drafted": drafted,
        "may_draft": not stopped and permissions.allowed(request.user, "draft_alarms", deployment),
    }
    return render(request, "alerts/alarms.jinja", context)


@page("draft_alarms", of=find.deployment, sends="draft_alarms")
def draft(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Work the rules out: one box for each, an empty one at the end of each list."""
    now = queries.draft_of(deployment)
    sending = request.POST if request.method == "POST" else None
    rules = forms.RuleSet(sending, prefix="rules", initial=forms.rule_initial(now.alarm_rules))
    criteria = forms.CriterionSet(
        sending, prefix="criteria", initial=forms.criterion_initial(now.review_criteria)
    )
    form = forms.WholeForm(sending)

    def command(given: dict[str, Any]) -> None:
        commands.save_draft(deployment, forms.rows_of(rules), forms.rows_of(criteria), by=request.user)

    if sending is not None and rules.is_valid() and criteria.is_valid() and handed_over(form, command):
        messages.success(request, "The draft is kept. Issue it when it is ready to be signed.")
        return redirect("alarms", slug=deployment.slug)
    if sending is not None:
        for one in (*rules.forms, *criteria.forms):
            for name, errors in one.errors.items():
                form.add_error(None, f"{one.fields[name].label}: {errors[0]}")
    context = {
        "deployment": deployment,
        "part_title": "Draft of the alarm rules",
        "form": form,
        "rules": rules,
        "criteria": criteria,
        "titles": {slug: monitor.title for slug, monitor in monitors().items()},
    }
    return render(request, "alerts/draft.jinja", context)
