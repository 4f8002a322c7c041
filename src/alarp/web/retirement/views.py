"""What does a stopped tool still owe, and who has done what of it?"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.kernel import Stage
from alarp.records import clock, permissions
from alarp.records.deployments.models import Deployment
from alarp.records.watch import commands, queries
from alarp.web import find, words
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.retirement import forms


@page("view_monitoring", of=find.deployment, sends="keep_retirement")
def retirement(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The checklist: each step with who did it, when and how; what is left; issuing it as evidence."""
    found = queries.checklist(deployment)
    steps = queries.steps(found) if found else ()
    left = [(step.slug, step.title) for step in steps if step.done is None]
    issuing = "issue" in request.POST
    sending = request.POST if request.method == "POST" else None
    form = forms.StepForm(None if issuing else sending, steps=left or [("", "Nothing is left")])
    issue = forms.IssueForm(sending if issuing else None)
    if issuing and handed_over(issue, lambda _: commands.issue_retirement(deployment, by=request.user)):
        messages.success(
            request, "Issued for the retire gate: decommissioning, traffic drained, data returned."
        )
        return redirect("gate", slug=deployment.slug, gate="retire")
    if (
        sending is not None
        and not issuing
        and handed_over(
            form,
            lambda given: commands.tick_off(deployment, given["step"], given["note"], by=request.user),
        )
    ):
        messages.success(request, "The step is done.")
        return redirect("retirement", slug=deployment.slug)
    context = {
        "deployment": deployment,
        "part_title": "Retirement",
        "form": issue if issuing else form,
        "step_form": form,
        "checklist": found,
        "steps": steps,
        "roles": {step.slug: words.role(step.role) for step in steps},
        "left": left,
        "still_out": queries.still_out(deployment, clock.now()) if found else (),
        "may_keep": deployment.stage == Stage.RETIRE
        and permissions.allowed(request.user, "keep_retirement", deployment),
    }
    return render(request, "retirement/retirement.jinja", context)
