"""Quarantine: what was received and does not fit, kept whole until a person has looked."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import permissions
from alarp.records.ledger import commands, queries
from alarp.records.ledger.models import Quarantine
from alarp.records.ledger.reconciliation import bounds
from alarp.web.access import page
from alarp.web.forms import ResolveForm, handed_over
from alarp.web.quarantine import find, presenters

CLOSED_SHOWN = 50


@page("view_quarantine")
def quarantine(request: HttpRequest) -> HttpResponse:
    """What waits for a look, and what was looked at lately; of one day when the address names one."""
    day = _day(request)
    waiting: QuerySet[Quarantine] = queries.quarantine_open()
    closed = (
        Quarantine.objects.filter(resolved_at__isnull=False)
        .select_related("instance__peer", "deployment__version__product", "resolved_by")
        .order_by("-resolved_at", "-pk")
    )
    if day:
        begin, end = bounds(day)
        waiting, closed = (q.filter(at__gte=begin, at__lt=end) for q in (waiting, closed))
    shown = presenters.QuarantineList(
        open=tuple(presenters.entry(item) for item in waiting),
        closed=tuple(presenters.entry(item) for item in closed[:CLOSED_SHOWN]),
        day=f"{day.day} {day:%B %Y}" if day else "",
    )
    return render(request, "quarantine/quarantine.jinja", {"page": shown})


def _day(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


@page("view_quarantine", of=find.item, sends="resolve_quarantine")
def item(request: HttpRequest, item: Quarantine) -> HttpResponse:
    """One entry: expected beside found; the PACS manager writes what was done."""
    form = ResolveForm(request.POST or None, stays="The object stays here and is never filed.")

    def resolve(given: dict[str, Any]) -> None:
        commands.resolve_quarantine(item, resolution=given["resolution"], by=request.user)

    if request.method == "POST" and handed_over(form, resolve):
        messages.success(request, f"Entry {item.pk} is closed. The object stays here and is never filed.")
        return redirect("quarantine-item", item=item.pk)
    may = item.resolved_at is None and permissions.allowed(
        request.user, "resolve_quarantine", item.deployment
    )
    context = {"page": presenters.entry(item), "form": form, "may_resolve": may}
    return render(request, "quarantine/item.jinja", context)
