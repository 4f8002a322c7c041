"""Studies: what arrived, where each stands, one study's whole journey."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from alarp.kernel import Unavailable
from alarp.records import clock, permissions
from alarp.records.assurance import clearances
from alarp.records.ledger import queries
from alarp.records.ledger.models import Instance, Quarantine, Result, Study
from alarp.records.training.queries import withheld
from alarp.web.access import page
from alarp.web.feedback.presenters import asks
from alarp.web.forms import handed_over
from alarp.web.studies import find, listing, presenters
from alarp.web.studies.barred import barred
from alarp.web.studies.forms import ClearForm, FilterForm, SearchForm
from alarp.web.studies.patients import identifiers
from alarp.web.studies.told import facts as told


@page("view_studies", sends="view_studies")
def studies(request: HttpRequest) -> HttpResponse:
    """Today's studies, those of another day, or those that a search finds (sent, so that no address names anybody)."""
    now = clock.now()
    today = timezone.localdate(now)
    named = permissions.allowed(request.user, "view_identifiers")
    want = listing.wanted(request.GET, today)
    search = SearchForm(request.POST if request.method == "POST" else None, by_identifier=named)
    searching = search.is_bound and search.is_valid()
    if searching:
        rows = list(listing.searched(search.cleaned_data["number"], by_identifier=named))
        shown = presenters.search_result(rows, now=now, named=named)
    else:
        rows = list(listing.found(want, now=now))
        strays = listing.strays(want)
        shown = presenters.listed(rows, want, strays=strays, today=today, now=now, named=named)
    asked = {"day": want.day, "state": want.state, "deployment": want.deployment}
    context = {
        "page": shown,
        "search": search,
        "form": search,
        "filters": FilterForm(initial=asked),
        "searching": searching,
    }
    return render(request, "studies/studies.jinja", context)


@page("clear_pictures", of=find.study, sends="clear_pictures")
def clear(request: HttpRequest, study: Study) -> HttpResponse:
    """Somebody has looked: no text in the pictures names the patient."""
    form = ClearForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and handed_over(
        form, lambda given: clearances.clear(study, reason=given["reason"], by=request.user)
    ):
        messages.success(request, "The pictures are cleared. What waited for a look goes on its way.")
        return redirect("study", study=study.pk)
    shows_images = permissions.allowed(request.user, "view_images")
    context = {
        "form": form,
        "number": study.pk,
        "waits": tuple(dispatch.reason for dispatch in clearances.waiting(study)),
        "shows_images": shows_images,
    }
    return render(request, "studies/clear.jinja", context)


@page("view_studies", of=find.study)
def study(request: HttpRequest, study: Study) -> HttpResponse:
    """One study: from whom, through which phases, to which tools, what came back."""
    now = clock.now()
    instances = list(study.instances.filter(direction=Instance.SOURCE).order_by("pk"))
    refusal = _opt_out(study)
    shown = presenters.StudyPage(
        number=study.pk,
        kind=presenters.kind_of(study),
        who=identifiers(study) if permissions.allowed(request.user, "view_identifiers") else None,
        facts=(
            ("Received from", _source(study)),
            ("Scanner", presenters.scanner_of(study)),
            *told(study),
        ),
        received=study.first_received_at,
        completed=study.completed_at,
        opt_out=refusal,
        opted_out=bool(refusal),
        lines=presenters.lines_of(study, now=now),
        note=presenters.note_on(study),
        journey=presenters.happenings(queries.journey(study)),
        results=_cards(request.user, study),
        series=presenters.series_lines(instances),
        quarantined=_quarantined(request.user, study),
        shows_images=permissions.allowed(request.user, "view_images"),
    )
    context = {
        "page": shown,
        "may_opt_out": permissions.allowed(request.user, "record_opt_out"),
        "may_clear": permissions.allowed(request.user, "clear_pictures") and bool(clearances.waiting(study)),
        "asks": asks(request.user, study),
    }
    return render(request, "studies/study.jinja", context)


def _source(study: Study) -> str:
    return f"{study.peer.name}, {study.peer.site}" if study.peer.site else study.peer.name


def _cards(person: Any, study: Study) -> tuple[presenters.ResultCard, ...]:
    """What came back; of a tool that this person is not entitled to act on, only that it came, and why."""
    related = (
        "instance",
        "dispatch__deployment__version__product",
        "dispatch__deployment__site__parent__parent",
    )
    results = list(Result.objects.filter(dispatch__study=study).select_related(*related).order_by("pk"))
    tools = {r.dispatch.deployment_id: r.dispatch.deployment for r in results}
    hidden = {pk: answer.because for pk, answer in withheld(person, tools.values()).items()}
    said_no = barred(study, tools.values())
    return tuple(
        presenters.result_card(
            r, hidden.get(r.dispatch.deployment_id, ""), opted_out=said_no.get(r.dispatch.deployment_id, "")
        )
        for r in results
    )


def _opt_out(study: Study) -> str:
    """Why this study may not go to some or every tool; empty when nothing bars it."""
    if study.opted_out_on_receipt:
        return "The patient had opted out of AI when the study arrived: nothing leaves."
    try:
        whole = queries.opted_out(study)
        if whole:
            return f"{whole.sentence} Nothing of this study is sent to any tool."
        for dispatch in study.dispatches.all():
            refusal = queries.opted_out(study, dispatch.deployment)
            if refusal:
                return f"{refusal.sentence} Nothing of this study is sent to {dispatch.deployment.version}."
    except Unavailable as trouble:
        return str(trouble)
    return ""


def _quarantined(person: Any, study: Study) -> tuple[tuple[int, str], ...]:
    """Quarantine entries about this study: its own objects, and results that named its pseudonyms."""
    if not permissions.allowed(person, "view_quarantine"):
        return ()
    dispatches = list(study.dispatches.all())
    tools = [d.deployment_id for d in dispatches]
    own = Quarantine.objects.filter(instance__study=study)
    near = Quarantine.objects.filter(deployment__in=tools, instance__study__isnull=True)
    named = [item for item in near if presenters.names_it(item, dispatches)]
    return tuple((item.pk, item.reason) for item in [*own, *named])
