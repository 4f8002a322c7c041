"""Messages of the hospital's other systems: what could not be used waits here until somebody has looked."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate

from alarp.kernel import BrokenEvidence
from alarp.records import clock, objects, permissions
from alarp.records.ledger.models import Work
from alarp.records.ledger.reconciliation import bounds
from alarp.records.messages import commands, queries
from alarp.records.messages.models import Message
from alarp.web.access import page
from alarp.web.forms import ResolveForm, handed_over
from alarp.web.messages import find, presenters
from alarp.web.messages.forms import FhirForm

CLOSED_SHOWN = 50


@page("view_quarantine", sends="resolve_quarantine")
def all_messages(request: HttpRequest) -> HttpResponse:
    """What waits, what was looked at lately, what the RIS would not have; and a file of FHIR resources comes in."""
    form = FhirForm(request.POST or None, request.FILES or None)
    said: list[str] = []

    def take_in(given: dict[str, Any]) -> None:
        arrived = commands.read_fhir(given["file"].read(), by=request.user)
        rows = [commands.receive_fhir(one, by=request.user) for one in arrived]
        waiting = sum(row.outcome in (Message.WAITING, Message.REFUSED) for row in rows)
        noun = "resource was" if len(rows) == 1 else "resources were"
        said.append(f"{len(rows)} {noun} read; {waiting} could not be used and wait for a look.")

    if request.method == "POST" and handed_over(form, take_in):
        messages.success(request, said[0])
        return redirect("messages")
    begin, end = bounds(localdate(clock.now()))
    closed = Message.objects.filter(resolved_at__isnull=False).select_related("resolved_by")
    rejected = Work.objects.filter(kind="tell-ris", state=Work.STOPPED).order_by("-done_at")
    shown = presenters.MessageList(
        open=tuple(presenters.entry(row) for row in queries.waiting()[:CLOSED_SHOWN]),
        closed=tuple(presenters.entry(row) for row in closed.order_by("-resolved_at")[:CLOSED_SHOWN]),
        untold=tuple(presenters.untold(step) for step in rejected[:CLOSED_SHOWN]),
        received_today=Message.objects.filter(received_at__gte=begin, received_at__lt=end).count(),
    )
    may = permissions.allowed(request.user, "resolve_quarantine")
    return render(request, "messages/messages.jinja", {"page": shown, "form": form, "may_take_in": may})


@page("view_quarantine", of=find.message, sends="resolve_quarantine")
def message(request: HttpRequest, message: Message) -> HttpResponse:
    """One message: why it was not used, its text for whoever may see whose it is, and how it is resolved."""
    form = ResolveForm(request.POST or None, stays="The message stays as it came.")

    def resolve(given: dict[str, Any]) -> None:
        commands.resolve_message(message, resolution=given["resolution"], by=request.user)

    if request.method == "POST" and handed_over(form, resolve):
        messages.success(request, f"Message {message.pk} is resolved. It stays here as it came.")
        return redirect("message", message=message.pk)
    shown = presenters.entry(message)
    context = {
        "page": shown,
        "form": form,
        "lines": _lines(request, message),
        "may_resolve": shown.open and permissions.allowed(request.user, "resolve_quarantine"),
    }
    return render(request, "messages/message.jinja", context)


def _lines(request: HttpRequest, message: Message) -> tuple[str, ...]:
    if not message.content_kept or not permissions.allowed(request.user, "view_identifiers"):
        return ()
    try:
        return presenters.text_of(objects.get(message.sha256))
    except BrokenEvidence as trouble:
        return (str(trouble),)
