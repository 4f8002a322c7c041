"""Stop, continue or scale? The review as computed, and its way to the gate."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.kernel import Stage
from alarp.pathway.review_rules import METHOD
from alarp.records import permissions
from alarp.records.deployments.models import Deployment
from alarp.records.watch import commands, queries
from alarp.web import find
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.reviews import forms, presenters


@page("view_monitoring", of=find.deployment, sends="prepare_review")
def review(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """What do the figures since go-live come to, against what was signed before?"""
    form = forms.ReviewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.issue_review(deployment, given["counter_argument"], by=request.user),
    ):
        messages.success(
            request, "Issued for the review gate. It is signed there, by people who did not issue it."
        )
        return redirect("review", slug=deployment.slug)
    live = Stage(deployment.stage) in (Stage.LIVE, Stage.REVIEW)
    criteria = queries.criteria_of(deployment)
    context = {
        "deployment": deployment,
        "part_title": "Review",
        "form": form,
        "live": live,
        "criteria": criteria,
        "page": presenters.review_page(queries.compute_review(deployment)) if live and criteria else None,
        "method": METHOD,
        "since": queries.since_of(deployment),
        "issued": queries.last_issued(deployment),
        "may_prepare": live and permissions.allowed(request.user, "prepare_review", deployment),
        "retiring": queries.checklist(deployment) is not None,
    }
    return render(request, "reviews/review.jinja", context)
