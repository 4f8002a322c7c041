"""What holds this tool back? Raising a safety hold, reading it, answering it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import clock, permissions
from alarp.records.deployments import commands
from alarp.records.deployments.models import Deployment, Hold
from alarp.web import find
from alarp.web.access import page
from alarp.web.deployments.presenters import hold_line
from alarp.web.forms import handed_over
from alarp.web.holds import forms


@page("raise_hold", of=find.deployment, sends="raise_hold")
def raise_hold(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Shut the gate and close the route at once."""
    form = forms.RaiseForm(request.POST or None, deployment=deployment)
    raised: list[Hold] = []
    if request.method == "POST" and handed_over(
        form, lambda given: raised.append(commands.raise_hold(deployment, **given, by=request.user))
    ):
        messages.success(request, "The hold is raised. The route is closed from now on.")
        return redirect("hold", slug=deployment.slug, number=raised[0].number)
    return render(request, "holds/raise.jinja", {"form": form, "deployment": deployment})


@page("view_deployment", of=find.hold, sends="answer_hold")
def hold(request: HttpRequest, hold: Hold) -> HttpResponse:
    """One hold, and its answer in writing."""
    form = forms.AnswerHoldForm(request.POST or None, request=request)
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.answer_hold(
            hold, answer=given["answer"], step_up=form.step_up, by=request.user
        ),
    ):
        messages.success(request, "Answered. The hold is cleared; the route follows its gates again.")
        return redirect("hold", slug=hold.deployment.slug, number=hold.number)
    context = {
        "form": form,
        "deployment": hold.deployment,
        "hold": hold_line(hold, clock.now()),
        "may_answer": hold.answered_at is None
        and hold.officer_id == request.user.pk
        and permissions.allowed(request.user, "answer_hold", hold.deployment),
    }
    return render(request, "holds/hold.jinja", context)
