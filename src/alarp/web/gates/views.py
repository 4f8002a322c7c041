"""What exactly am I signing? The gate page, its signature, and the evidence that answers a criterion."""

from __future__ import annotations

import mimetypes
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import clock, permissions
from alarp.records.deployments import commands, queries
from alarp.records.deployments.models import Deployment
from alarp.records.evidence import commands as evidence
from alarp.records.evidence.models import Evidence
from alarp.web import find, words
from alarp.web.access import page
from alarp.web.deployments import pictures
from alarp.web.deployments import presenters as deployments
from alarp.web.forms import handed_over
from alarp.web.gates import forms, presenters

REVIEW_MEANINGS = ("continue", "scale", "stop")
SAID = {
    "approve": "Signed: approved.",
    "refuse": "Signed: refused, with your reason.",
    "ask": "Your question stands at the gate.",
}


def _sign_form(request: HttpRequest, deployment: Deployment, view: Any) -> forms.SignForm:
    signers = [(role, words.role(role)) for role in view.gate.roles]
    mine = permissions.team_roles(request.user, deployment)
    own = [pair for pair in signers if pair[0] in mine]
    sending = request.method == "POST"
    form = forms.SignForm(
        request.POST if sending else None,
        request=request,
        roles=signers if sending else own or signers,
        meanings=REVIEW_MEANINGS if view.gate.slug == "review" else (),
        initial={"evidence_digest": view.evidence_digest},
    )
    if not own:
        form.fields["role"].choices = [("", "Choose a role"), *signers]
    return form


@page("view_deployment", of=find.deployment, sends="sign_gate")
def gate(request: HttpRequest, deployment: Deployment, gate: str) -> HttpResponse:
    """The gate with everything a signature binds to, and the form that signs it."""
    slug = find.gate(deployment, gate).slug
    view = queries.gate_view(deployment, slug)
    form = _sign_form(request, deployment, view)

    def command(given: dict[str, Any]) -> None:
        commands.decide(
            deployment,
            slug,
            role=given["role"],
            outcome=given["outcome"],
            reason=given["reason"],
            evidence_digest=given["evidence_digest"],
            step_up=form.step_up,
            meaning=given["meaning"] or None,
            by=request.user,
        )

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, SAID[form.cleaned_data["outcome"]])
        return redirect("gate", slug=deployment.slug, gate=slug)
    return render(request, "gates/gate.jinja", _gate_context(request, deployment, view, form))


def _gate_context(
    request: HttpRequest, deployment: Deployment, view: Any, form: forms.SignForm
) -> dict[str, Any]:
    now, titles = clock.now(), words.role_titles()
    summary = deployments.gate_summary(view, titles, now, deployment)
    decisions = view.decisions
    last = max((d.signed_at for d in decisions), default=None)
    answers = list(deployment.answers.filter(gate=view.gate.slug).select_related("evidence__withdrawal"))
    reopenings = deployment.reopenings.filter(gate=view.gate.slug)
    bodies = [e.body for c in view.criteria for e in c.evidence if isinstance(e.body, dict)]
    mine = permissions.team_roles(request.user, deployment)
    return {
        "deployment": deployment,
        "gate": summary,
        "line": pictures.line(deployment, queries.next_gate(deployment)),
        "digest": view.evidence_digest,
        "pieces": presenters.evidence_of(summary.rows),
        "said": presenters.said(decisions, view.evidence_digest, titles),
        "changes": presenters.changes_since(last, answers, reopenings),
        "look_twice": presenters.look_twice(summary, bodies, now.date()),
        "signing": presenters.Signing(
            roles=tuple((r, titles.get(r, r)) for r in view.gate.roles if r in mine),
            needed=tuple(titles.get(r, r) for r in view.signatures_needed),
        ),
        "form": form,
        "signable": view.signable,
        "may_sign": permissions.allowed(request.user, "sign_gate", deployment),
        "may_answer": permissions.allowed(request.user, "upload_evidence", deployment),
    }


@page("upload_evidence", of=find.deployment, sends="upload_evidence")
def answer(request: HttpRequest, deployment: Deployment, gate: str, criterion: str) -> HttpResponse:
    """Put evidence before a criterion: a new document or result, or a piece that is here already."""
    view = queries.gate_view(deployment, find.gate(deployment, gate).slug)
    asked = next((c for c in view.criteria if c.criterion.slug == criterion), None)
    if asked is None:
        raise Http404
    form = forms.AnswerForm(
        request.POST or None,
        request.FILES or None,
        deployment=deployment,
        kind=asked.criterion.evidence_kind,
        organisation=request.user.organisation,
    )

    def command(given: dict[str, Any]) -> None:
        piece = given["existing_evidence"] or _recorded(request, deployment, asked.criterion, given)
        commands.answer(deployment, view.gate.slug, criterion, piece, by=request.user)

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "The evidence is recorded and answers this criterion.")
        return redirect("gate", slug=deployment.slug, gate=view.gate.slug)
    context = {
        "form": form,
        "deployment": deployment,
        "gate": view.gate,
        "row": deployments.criterion_row(asked, words.role_titles(), clock.now().date(), deployment),
    }
    return render(request, "gates/answer.jinja", context)


def _recorded(
    request: HttpRequest, deployment: Deployment, criterion: Any, given: dict[str, Any]
) -> Evidence:
    """The uploaded file as signed evidence; an evaluation's result is its body, any other file its document."""
    document = given["document"]
    return evidence.record(
        kind=criterion.evidence_kind,
        title=given["title"],
        version=deployment.version,
        organisation=request.user.organisation,
        design=given["design"],
        dated=given["dated"],
        expires_on=given["expires_on"],
        body=given["body"],
        document=given["bytes"],
        document_name=document.name,
        document_type=mimetypes.guess_type(document.name)[0] or "application/octet-stream",
        supersedes=given["supersedes"],
        by=request.user,
    )
