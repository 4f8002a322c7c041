"""What do we know, who says so, and does the signature hold? One page for each piece of evidence."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header

from alarp.kernel import BrokenEvidence
from alarp.records import clock, objects, permissions
from alarp.records.evidence import commands, queries
from alarp.records.evidence.models import Evidence
from alarp.standards import load_pathway
from alarp.web import find
from alarp.web.access import page
from alarp.web.evidence import forms, presenters, sharing
from alarp.web.forms import handed_over

# What a browser may show by itself; everything else is only saved.
SHOWN = {"application/pdf", "text/plain", "image/png", "image/jpeg"}


def verdict_on(evidence: Evidence) -> tuple[bool, str]:
    """Does the signature hold now? With the sentence of who checked it."""
    try:
        return True, queries.verify_file(queries.export(evidence)).sentence
    except BrokenEvidence as broken:
        return False, str(broken)


@page("view_products", of=find.evidence)
def evidence(request: HttpRequest, evidence: Evidence) -> HttpResponse:
    """One piece of evidence, verified as it is shown."""
    sharing.check(request.user, evidence)
    stands, verdict = verdict_on(evidence)
    shown = presenters.page(
        evidence,
        verdict=verdict,
        stands=stands,
        titles={gate.slug: gate.title for gate in load_pathway().all_gates},
        today=clock.now().date(),
    )
    may_withdraw = permissions.allowed(request.user, "upload_evidence", evidence) and not shown.withdrawn
    return render(request, "evidence/evidence.jinja", {"page": shown, "may_withdraw": may_withdraw})


@page("view_products", of=find.evidence)
def download(request: HttpRequest, evidence: Evidence) -> HttpResponse:
    """The export: one file that `alarp evidence verify` proves without Alarp's database."""
    sharing.check(request.user, evidence)
    return _file(
        queries.export(evidence), "application/json", f"evidence-{evidence.sha256[:12]}.json", show=False
    )


@page("view_products", of=find.evidence)
def document(request: HttpRequest, evidence: Evidence) -> HttpResponse:
    """The document that this evidence carries, byte for byte."""
    sharing.check(request.user, evidence)
    if not evidence.document_sha256:
        raise Http404
    kind = evidence.document_type.partition(";")[0].strip().lower()
    safe = kind if kind in SHOWN else "application/octet-stream"
    name = evidence.document_name or f"document-{evidence.document_sha256[:12]}"
    return _file(objects.get(evidence.document_sha256), safe, name, show=kind in SHOWN)


def _file(data: bytes, kind: str, name: str, *, show: bool) -> HttpResponse:
    response = HttpResponse(data, content_type=kind + ("; charset=utf-8" if kind.startswith("text/") else ""))
    response["Content-Disposition"] = content_disposition_header(not show, name)
    response["Cache-Control"] = "private, no-store"
    return response


@page("upload_evidence", of=find.evidence, sends="upload_evidence")
def withdraw(request: HttpRequest, evidence: Evidence) -> HttpResponse:
    """Say that it no longer stands: nothing is deleted, the gates that it held decide again."""
    form = forms.WithdrawForm(request.POST or None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.withdraw(evidence, reason=given["reason"], by=request.user)
    ):
        messages.success(request, "Withdrawn. The gates that stood on it are re-opened.")
        return redirect("evidence", sha256=evidence.sha256)
    return render(request, "evidence/withdraw.jinja", {"form": form, "evidence": evidence})
