"""What did they claim, and what was found? The claims table of one deployment, and the evidence laid beside it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.kernel import BadInput, NotNow
from alarp.records import permissions
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.queries import trust_of
from alarp.records.products import commands
from alarp.records.products.claims import claims_of
from alarp.records.products.commands import Respects
from alarp.web import find
from alarp.web.access import page
from alarp.web.claims import forms, presenters
from alarp.web.evidence import sharing
from alarp.web.forms import handed_over


def trust_here(person: Any, deployment: Deployment) -> Any:
    """Whose view is it? This deployment's Trust; for the supplier's people only what is for everybody."""
    return None if permissions.is_supplier(person) else trust_of(deployment.site)


@page("view_claims", of=find.deployment, sends="upload_evidence")
def claims(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Every claim of this version, graded; issued from here as evidence."""
    refused = ""
    if request.method == "POST":
        try:
            commands.issue_claims(deployment, by=request.user)
        except (BadInput, NotNow) as refusal:
            refused = str(refusal)
        else:
            messages.success(request, "Issued as evidence; it answers the criterion claims.")
            return redirect("claims", slug=deployment.slug)
    graded = claims_of(deployment.version, trust_here(request.user, deployment))
    supplier = permissions.is_supplier(request.user)
    context = {
        "part_title": "Claims",
        "deployment": deployment,
        "table": presenters.ClaimsTable(tuple(presenters.claim_row(one) for one in graded)),
        "refused": refused,
        "may_edit": permissions.allowed(request.user, "edit_claims", deployment),
        "may_mark": permissions.allowed(request.user, "judge_claims", deployment),
        "may_issue": permissions.allowed(request.user, "upload_evidence", deployment) and not supplier,
    }
    return render(request, "claims/claims.jinja", context)


def _linkable(person: Any, claim: Any) -> Any:
    """Evidence of this version that stands and that this person may lay beside the claim."""
    rows = (
        Evidence.objects.filter(version=claim.version, withdrawal=None, superseded_by=None)
        .exclude(kind__in=("claims-table", "due-diligence"))
        .select_related("organisation__parent", "version__product")
        .order_by("-dated", "-pk")
    )
    seen = [e.pk for e in rows if sharing.readable(person, e)]
    return rows.filter(pk__in=seen)


@page("edit_claims", of=find.claim, sends="edit_claims")
def link(request: HttpRequest, at: find.ClaimAt) -> HttpResponse:
    """Lay a piece of evidence beside this claim, in five respects."""
    form = forms.LinkForm(request.POST or None, evidence=_linkable(request.user, at.claim))

    def command(given: dict[str, Any]) -> None:
        evidence = given.pop("evidence")
        commands.link_claim(at.claim, evidence, Respects(**given), by=request.user)

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, f"Linked. The grade of claim {at.claim.number} follows from it.")
        return redirect("claims", slug=at.deployment.slug)
    context = {
        "part_title": f"Evidence for claim {at.claim.number}",
        "deployment": at.deployment,
        "claim": at.claim,
        "form": form,
        "verb": "Link it",
    }
    return render(request, "claims/change.jinja", context)


@page("judge_claims", of=find.claim, sends="judge_claims")
def unsupported(request: HttpRequest, at: find.ClaimAt) -> HttpResponse:
    """Say by name that nothing worth linking was found."""
    form = forms.UnsupportedForm(request.POST or None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.mark_unsupported(at.claim, given["word"], by=request.user)
    ):
        messages.success(request, f"Claim {at.claim.number} is marked unsupported, in your name.")
        return redirect("claims", slug=at.deployment.slug)
    context = {
        "part_title": f"Claim {at.claim.number} is unsupported",
        "deployment": at.deployment,
        "claim": at.claim,
        "form": form,
        "verb": "Mark it unsupported",
    }
    return render(request, "claims/change.jinja", context)
