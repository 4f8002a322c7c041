"""Who answers, where do the data go, is the PACS side ready, do the connections work?"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.kernel import BadInput
from alarp.records import clock, permissions
from alarp.records.deployments.models import Deployment
from alarp.records.governance import commands, documents, queries
from alarp.records.governance.models import (
    DataFlow,
    ImpactAssessment,
    Readiness,
    ReadinessSeal,
    Responsibilities,
)
from alarp.web import find
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.governance import forms, presenters
from alarp.web.governance.overview import overview

TITLE = "Governance"


def shown(
    request: HttpRequest, template: str, title: str, deployment: Deployment, **more: Any
) -> HttpResponse:
    """One page about this deployment, with what this person may do on it."""
    context = {
        "deployment": deployment,
        "part_title": title,
        "may_edit": permissions.allowed(request.user, "edit_governance", deployment),
        **more,
    }
    return render(request, f"governance/{template}.jinja", context)


@page("view_governance", of=find.deployment, sends="upload_evidence")
def governance(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The six questions, how each stands, and the door by which a record becomes evidence."""
    if request.method == "POST":
        issue = commands.ISSUES.get(request.POST.get("issue", ""))
        if issue is None:
            raise BadInput(
                f"There is nothing to issue under that name; issue one of {', '.join(commands.ISSUES)}."
            )
        evidence = issue(deployment, by=request.user)
        messages.success(request, f"'{evidence.title}' is issued, sealed, and answers its criterion.")
        return redirect("governance", slug=deployment.slug)
    return shown(
        request,
        "governance",
        TITLE,
        deployment,
        overview=overview(deployment, clock.now()),
        may_issue=permissions.allowed(request.user, "upload_evidence", deployment),
    )


@page("view_governance", of=find.deployment, sends="acknowledge")
def responsibilities(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Who is answerable at each step, and the button by which one says to have read it."""
    current = queries.latest(Responsibilities, deployment)
    form = forms.ReadForm(request.POST or None, initial={"read": current.digest if current else ""})
    if request.method == "POST" and handed_over(
        form, lambda given: commands.acknowledge(deployment, read=given["read"], by=request.user)
    ):
        messages.success(request, "Acknowledged. It is kept with your name and this version.")
        return redirect("responsibilities", slug=deployment.slug)
    read = queries.acknowledgements(deployment)
    return shown(
        request,
        "responsibilities",
        "Who is answerable here?",
        deployment,
        current=current,
        matrix=presenters.matrix(current.rows, current.template) if current else None,
        read=read,
        mine=next((a for a in read if a.person_id == request.user.pk), None),
        waiting=queries.outstanding(deployment) if current else (),
        may_acknowledge=permissions.allowed(request.user, "acknowledge", deployment),
        form=form,
    )


@page("edit_governance", of=find.deployment, sends="edit_governance")
def change_responsibilities(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """A new version of the matrix."""
    current = queries.latest(Responsibilities, deployment)
    form = forms.ResponsibilitiesForm(request.POST or None, current=current)
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.set_responsibilities(deployment, form.rows(given), by=request.user),
    ):
        messages.success(request, "Written. Everybody is asked to acknowledge this version.")
        return redirect("responsibilities", slug=deployment.slug)
    return shown(
        request, "change_responsibilities", "Write who answers", deployment, form=form, current=current
    )


@page("view_governance", of=find.deployment)
def data_flow(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Both legs of the round trip, with what the ledger counted on each."""
    flow = queries.latest(DataFlow, deployment)
    assessment = queries.latest(ImpactAssessment, deployment)
    return shown(
        request,
        "data_flow",
        "Where do the data go?",
        deployment,
        flow=flow,
        gaps=queries.gaps(flow),
        legs=presenters.legs(flow.legs if flow else {}, queries.volumes(deployment)),
        days=queries.VOLUME_DAYS,
        profile=presenters.profile(queries.profile_of(deployment)),
        assessment=assessment,
        to_write=queries.to_write(assessment),
    )


@page("edit_governance", of=find.deployment, sends="edit_governance")
def change_data_flow(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """A new version of the data flow."""
    current = queries.latest(DataFlow, deployment)
    form = forms.DataFlowForm(request.POST or None, current=current)
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.set_data_flow(
            deployment, form.given(given), profile=given["profile"], by=request.user
        ),
    ):
        messages.success(request, "The data flow is recorded as a new version.")
        return redirect("data-flow", slug=deployment.slug)
    return shown(request, "change_data_flow", "Record the data flow", deployment, form=form, current=current)


@page("edit_governance", of=find.deployment, sends="edit_governance")
def assessment(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The impact assessment: what the record fills in, and the parts that a person writes."""
    current = queries.latest(ImpactAssessment, deployment)
    form = forms.AssessmentForm(request.POST or None, written=current.written if current else {})
    if request.method == "POST" and handed_over(
        form, lambda given: commands.write_assessment(deployment, given, by=request.user)
    ):
        messages.success(request, "Written. The parts that are still empty are shown as to be written.")
        return redirect("data-flow", slug=deployment.slug)
    story = documents.assessment(deployment, queries.latest(DataFlow, deployment), current)
    return shown(request, "assessment", "Impact assessment", deployment, form=form, story=story)


@page("view_governance", of=find.deployment, sends="sign_readiness")
def readiness(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The checklist as it stands, and the PACS manager's signature."""
    current = queries.latest(Readiness, deployment)
    form = forms.SignReadinessForm(
        request.POST or None, request=request, initial={"read": current.digest if current else ""}
    )
    if request.method == "POST" and handed_over(
        form,
        lambda given: commands.sign_readiness(
            deployment, read=given["read"], step_up=form.step_up, by=request.user
        ),
    ):
        messages.success(request, "Signed and sealed. Another person issues it as evidence.")
        return redirect("readiness", slug=deployment.slug)
    return shown(
        request,
        "readiness",
        "Is the PACS and IT side ready?",
        deployment,
        current=current,
        points=presenters.points(current.answers if current else {}, clock.now().date()),
        unanswered=queries.unanswered(current),
        seal=ReadinessSeal.objects.select_related("person").filter(readiness=current).first(),
        may_sign=permissions.allowed(request.user, "sign_readiness", deployment),
        form=form,
    )


@page("edit_governance", of=find.deployment, sends="edit_governance")
def change_readiness(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """A new version of the checklist."""
    current = queries.latest(Readiness, deployment)
    form = forms.ReadinessForm(request.POST or None, current=current)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.set_readiness(deployment, form.given(given), by=request.user)
    ):
        messages.success(request, "Kept. The PACS manager signs it when every point is answered.")
        return redirect("readiness", slug=deployment.slug)
    return shown(request, "change_readiness", "Answer the checklist", deployment, form=form, current=current)


@page("view_governance", of=find.deployment, sends="edit_governance")
def connections(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The self-tests of the connections, newest first, and the button that asks for one."""
    if request.method == "POST":
        test = commands.ask_self_test(deployment, by=request.user)
        messages.success(
            request, f"Self-test {test.number} is asked for. A worker looks now; load the page again."
        )
        return redirect("connections", slug=deployment.slug)
    reports = [presenters.report(t, documents.figure) for t in queries.self_tests(deployment)]
    return shown(
        request,
        "connections",
        "Do the connections work?",
        deployment,
        latest=reports[0] if reports else None,
        earlier=reports[1:],
    )
