"""What did the supplier answer, what did they decline, and how do others compare?"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow
from alarp.records import clock, permissions
from alarp.records.deployments.models import Deployment
from alarp.records.products import commands, diligence, queries
from alarp.records.products.models import DueDiligenceAnswer, Version
from alarp.standards.products import load_question_set
from alarp.web import find
from alarp.web.access import page
from alarp.web.claims import forms, presenters
from alarp.web.claims.views import trust_here
from alarp.web.forms import handed_over
from alarp.web.products.views import trust_for


@page("view_claims", of=find.deployment, sends="upload_evidence")
def due_diligence(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Every question with what came back; issued from here as evidence."""
    refused = ""
    if request.method == "POST":
        try:
            commands.issue_due_diligence(deployment, by=request.user)
        except (BadInput, NotNow) as refusal:
            refused = str(refusal)
        else:
            messages.success(request, "Issued as evidence; it answers the criterion due diligence.")
            return redirect("due-diligence", slug=deployment.slug)
    supplier = permissions.is_supplier(request.user)
    asked = diligence.asked_of(deployment.version, trust_here(request.user, deployment))
    context = {
        "part_title": "Due diligence",
        "deployment": deployment,
        "asked": presenters.diligence(asked),
        "question_set": load_question_set(),
        "papers": queries.lapsed(deployment.version, localdate(clock.now()), asked_at="procure"),
        "refused": refused,
        "may_edit": permissions.allowed(request.user, "edit_claims", deployment),
        "may_accept": permissions.allowed(request.user, "judge_claims", deployment),
        "may_issue": permissions.allowed(request.user, "upload_evidence", deployment) and not supplier,
    }
    return render(request, "claims/due_diligence.jinja", context)


@page("edit_claims", of=find.deployment, sends="edit_claims")
def answer(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Write down what came back, to as many questions as one likes."""
    supplier = permissions.is_supplier(request.user)
    form = forms.AnswersForm(request.POST or None, supplier=supplier)

    def command(given: dict[str, Any]) -> None:
        commands.answer_questions(
            deployment.version, form.answers(), said_by=given.get("said_by", ""), by=request.user
        )

    if request.method == "POST" and handed_over(form, command):
        number = len(form.answers())
        messages.success(
            request, f"{number} {'answer is' if number == 1 else 'answers are'} written down, and stay."
        )
        return redirect("due-diligence", slug=deployment.slug)
    asked = diligence.asked_of(deployment.version, trust_here(request.user, deployment))
    known = {one.question.slug: presenters.answer_line(one) for one in asked}
    context = {
        "part_title": "Answer the questions",
        "deployment": deployment,
        "form": form,
        "questions": [known[one.slug] for one in form.questions],
    }
    return render(request, "claims/answer.jinja", context)


@page("judge_claims", of=find.deployment, sends="judge_claims")
def accept(request: HttpRequest, deployment: Deployment, question: str) -> HttpResponse:
    """Accept by name that a question was declined."""
    asked = diligence.asked_of(deployment.version, trust_here(request.user, deployment))
    found = next((one for one in asked if one.question.slug == question), None)
    if found is None or found.answer is None:
        raise Http404
    declined = found.answer
    form = forms.AcceptForm(request.POST or None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.accept_declined(declined, given["reason"], by=request.user)
    ):
        messages.success(request, "Accepted in your name. That it was declined stays to be read.")
        return redirect("due-diligence", slug=deployment.slug)
    context = {
        "part_title": "Accept a declined answer",
        "deployment": deployment,
        "asked": presenters.answer_line(found),
        "form": form,
        "verb": "Accept it in my name",
    }
    return render(request, "claims/change.jinja", context)


@page("view_claims")
def compared(request: HttpRequest) -> HttpResponse:
    """One version of each product, side by side: the newest that was asked anything, or else the newest."""
    asked = set(DueDiligenceAnswer.objects.values_list("version", flat=True))
    chosen: dict[int, Version] = {}
    rows = Version.objects.select_related("product__supplier").order_by("product__name", "-added_at", "-pk")
    for version in sorted(rows, key=lambda v: v.pk not in asked):
        if permissions.allowed(request.user, "view_claims", version):
            chosen.setdefault(version.product_id, version)
    versions = sorted(chosen.values(), key=str)
    found = diligence.compared(versions, trust_for(request.user))
    columns = [(v.product.slug, str(v), v.product.supplier.name) for v in versions]
    context = {"compared": presenters.compared(columns, [found[v.pk] for v in versions])}
    return render(request, "claims/compared.jinja", context)
