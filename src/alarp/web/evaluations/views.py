"""How good is it here, and for whom is it not?"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.records import clock
from alarp.records.evidence.models import Evidence
from alarp.web import find
from alarp.web.access import page
from alarp.web.evaluations import presenters
from alarp.web.evidence import sharing
from alarp.web.evidence.presenters import is_evaluation
from alarp.web.evidence.views import verdict_on


@page("view_evaluations")
def evaluations(request: HttpRequest) -> HttpResponse:
    """Every evaluation that this person may see, newest first."""
    rows = (
        Evidence.objects.filter(body__schema__startswith="alarp.evaluation/")
        .select_related("version__product__supplier", "organisation__parent", "withdrawal")
        .order_by("-dated", "-pk")
    )
    today = clock.now().date()
    lines = [presenters.line(e, today) for e in rows if sharing.readable(request.user, e)]
    return render(request, "evaluations/evaluations.jinja", {"lines": lines})


@page("view_evaluations", of=find.evidence)
def evaluation(request: HttpRequest, evidence: Evidence) -> HttpResponse:
    """One evaluation as its report, made again from the signed result."""
    sharing.check(request.user, evidence)
    if not is_evaluation(evidence.body):
        raise Http404
    stands, verdict = verdict_on(evidence)
    context = {
        "line": presenters.line(evidence, clock.now().date()),
        "report": presenters.report(evidence.sha256, evidence.body),
        "lock": presenters.lock(evidence.body),
        "drawn": presenters.without_inline_style,
        "stands": stands,
        "verdict": verdict,
        "evidence": evidence,
    }
    return render(request, "evaluations/evaluation.jinja", context)
