"""The audit trail: every event, newest first, and the proof that none was touched."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.records import clock
from alarp.records.audit import queries
from alarp.records.audit.models import AuditStream
from alarp.records.deployments.models import Deployment
from alarp.web.access import page
from alarp.web.audit import presenters


def _titles() -> dict[str, str]:
    return {d.slug: str(d) for d in Deployment.objects.select_related("version__product", "site")}


def _shown(request: HttpRequest, stream: str) -> HttpResponse:
    before = request.GET.get("before", "")
    start = int(before) if before.isdecimal() and len(before) < 16 else None
    events = queries.events(stream or None, before=start, limit=presenters.PAGE + 1)
    streams = AuditStream.objects.order_by("slug").values_list("slug", flat=True)
    shown = presenters.page(events, stream=stream, streams=streams, titles=_titles())
    return render(request, "audit/audit.jinja", {"page": shown})


@page("view_audit")
def audit(request: HttpRequest) -> HttpResponse:
    """Every chain together, in the order of writing."""
    return _shown(request, "")


def _stream(slug: str) -> AuditStream:
    found = AuditStream.objects.filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


@page("view_audit", of=_stream)
def one_stream(request: HttpRequest, stream: AuditStream) -> HttpResponse:
    """One chain: a deployment's, or the site's own."""
    return _shown(request, stream.slug)


@page("view_audit", sends="view_audit")
def verify(request: HttpRequest) -> HttpResponse:
    """Look at every event of every chain, now. It takes as long as there are events, so it is asked for."""
    if request.method != "POST":
        return render(request, "audit/verify.jinja", {"page": None})
    shown = presenters.checked(queries.verify(), _titles(), clock.now())
    return render(request, "audit/verify.jinja", {"page": shown})
