"""A reader says that a result is wrong; somebody looks; the reader is told what came of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import permissions
from alarp.records.ledger.models import Dispatch
from alarp.records.watch import commands, queries
from alarp.records.watch.models import Feedback
from alarp.web.access import own, page
from alarp.web.alerts.find import visible
from alarp.web.feedback import find, forms, presenters
from alarp.web.forms import handed_over

ANSWERED_SHOWN = 30


@page("give_feedback", of=find.dispatch, sends="give_feedback")
def give(request: HttpRequest, dispatch: Dispatch) -> HttpResponse:
    """Say it: one reason, one button."""
    form = forms.FeedbackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.give(
            dispatch, given["verdict"], given["reason"], given["text"], by=request.user
        ),
    ):
        messages.success(
            request, "Thank you. It is counted, somebody will look, and you will be told what came of it."
        )
        return redirect("study", study=dispatch.study_id)
    context = {"form": form, "dispatch": dispatch, "tool": str(dispatch.deployment.version)}
    return render(request, "feedback/give.jinja", context)


@page("view_incidents")
def feedback(request: HttpRequest) -> HttpResponse:
    """What users reported and nobody has answered yet, and what was answered lately."""
    tools = visible(request.user, "view_incidents")
    answered = Feedback.objects.filter(triage__isnull=False, deployment__in=tools).select_related(
        "deployment__version__product", "deployment__site", "by", "triage__by", "triage__incident"
    )
    context = {
        "waiting": [presenters.said(row) for row in queries.waiting().filter(deployment__in=tools)],
        "answered": [presenters.said(row) for row in answered.order_by("-triage__at")[:ANSWERED_SHOWN]],
    }
    return render(request, "feedback/feedback.jinja", context)


@page("view_incidents", of=find.feedback, sends="handle_incident")
def triage(request: HttpRequest, feedback: Feedback) -> HttpResponse:
    """One report: what was said, and what comes of it."""
    form = forms.TriageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.triage(feedback, given["outcome"], given["answer"], by=request.user)
    ):
        messages.success(request, f"{feedback.by} is told.")
        return redirect("triage", feedback=feedback.pk)
    shown = presenters.said(feedback)
    may = permissions.allowed(request.user, "handle_incident", feedback.deployment)
    context = {
        "said": shown,
        "form": form,
        "may_answer": may and not shown.outcome,
        "may_see_study": permissions.allowed(request.user, "view_studies"),
    }
    return render(request, "feedback/triage.jinja", context)


@own
def mine(request: HttpRequest) -> HttpResponse:
    """What came of what I reported?"""
    context = {
        "answers": [presenters.said(t.feedback, t) for t in queries.answers_for(request.user, most=50)],
        "waiting": [presenters.said(row) for row in queries.given_by(request.user, most=50)],
    }
    return render(request, "feedback/mine.jinja", context)
