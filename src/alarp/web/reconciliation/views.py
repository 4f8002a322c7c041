"""Reconciliation: one day's balance as a sentence, a table, and the studies behind each number."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from alarp.kernel import BadInput
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import recounting
from alarp.records.ledger.queries import reconcile
from alarp.web.access import page
from alarp.web.reconciliation import presenters


@page("view_reconciliation")
def reconciliation(request: HttpRequest) -> HttpResponse:
    """Does the day balance? Today's when the address names none."""
    today = timezone.localdate(clock.now())
    asked = request.GET.get("day", "")
    try:
        day = date.fromisoformat(asked) if asked else today
        found = reconcile(day)
    except (ValueError, OverflowError):
        raise BadInput(
            "The address names no day. Write it as 2026-06-03, or leave it out for today."
        ) from None
    every = Deployment.objects.select_related("version__product", "site")
    names = {d.slug: str(d) for d in every}
    shown = presenters.page(found, today=today, names=names, recount=recounting.latest(day))
    return render(request, "reconciliation/reconciliation.jinja", {"page": shown})
