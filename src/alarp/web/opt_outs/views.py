"""Opt-outs: a patient at the desk says no, and from that moment nothing of theirs goes to AI."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from alarp.kernel import BadInput
from alarp.records import permissions
from alarp.records.ledger import commands, wishes
from alarp.records.ledger.models import OptOut, Study
from alarp.records.people.models import Organisation
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.opt_outs import presenters, register
from alarp.web.opt_outs.forms import EVERY, ImportForm, OptOutForm
from alarp.web.studies.patients import identifiers

PAGE = 100


@page("view_opt_outs")
def opt_outs(request: HttpRequest) -> HttpResponse:
    """The register, newest first."""
    named = permissions.allowed(request.user, "view_identifiers")
    rows = OptOut.objects.select_related(
        "deployment__version__product", "deployment__site", "recorded_by", "withdrawn_by"
    ).order_by("-pk")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 16:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: PAGE + 1])
    shown = presenters.OptOutList(
        rows=tuple(presenters.row(r, named=named) for r in found[:PAGE]),
        standing=OptOut.objects.filter(withdrawn_at__isnull=True).count(),
        named=named,
        older=f"{reverse('opt-outs')}?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    )
    may = permissions.allowed(request.user, "record_opt_out")
    may_prove = permissions.allowed(request.user, "view_opt_out_proofs")
    context = {"page": shown, "may_record": may, "may_prove": may_prove}
    return render(request, "opt_outs/opt_outs.jinja", context)


@page("record_opt_out", sends="record_opt_out")
def record(request: HttpRequest) -> HttpResponse:
    """One field, the rest as it is usual; then one confirmation; then it is in force."""
    form = OptOutForm(request.POST or None, initial={"number": _number_of(request), "reach": [EVERY]})
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return render(request, "opt_outs/record.jinja", {"form": form})
    if "confirmed" in request.POST and handed_over(form, lambda given: _record(request, form)):
        return redirect("opt-outs")
    named = permissions.allowed(request.user, "view_identifiers")
    shown = _confirmation(form, named=named)
    return render(request, "opt_outs/confirm.jinja", {"form": form, "page": shown})


def _number_of(request: HttpRequest) -> str:
    """The number of a study's patient, for who comes from the study's page; the address names the study only."""
    asked = request.GET.get("study", "")
    if not (asked.isdecimal() and len(asked) < 16 and permissions.allowed(request.user, "view_identifiers")):
        return ""
    study = Study.objects.filter(pk=int(asked)).first()
    return (study.nhs_number or study.patient_id) if study else ""


def _organisation(person: Any) -> Organisation:
    if person.organisation is None:
        raise BadInput(
            "Your account belongs to no organisation. Ask the administrator to say where you work."
        )
    organisation: Organisation = person.organisation
    return organisation


def _record(request: HttpRequest, form: OptOutForm) -> None:
    patient = register.whole(form.patient)
    recorded = commands.record_opt_outs(
        form.deployments,
        patient_id=patient.patient_id,
        issuer=patient.issuer,
        nhs_number=patient.nhs_number,
        effective_from=form.effective_from,
        organisation=_organisation(request.user),
        by=request.user,
    )
    numbers = ", ".join(str(row.pk) for row in recorded)
    subject = f"Opt-out {numbers} is" if len(recorded) == 1 else f"Opt-outs {numbers} are"
    begins = form.effective_from
    when = f"in force from {begins.day} {begins:%B %Y}" if begins else "in force now"
    messages.success(request, f"{subject} {when}: nothing of this patient goes to {form.words}.")


def _confirmation(form: OptOutForm, *, named: bool) -> presenters.Confirmation:
    patient = form.patient
    studies = register.studies_of(patient)
    known = {identifiers(s): None for s in studies[:20]} if named else {}
    people = {(who.name, who.born): who for who in known}
    return presenters.Confirmation(
        patient=patient,
        reach=form.words,
        begins=form.effective_from,
        known_as=tuple(people.values()),
        also=register.whole(patient).also if named else "",
        flight=presenters.in_flight(studies.count(), register.dispatches_of(patient, form.deployments)),
        standing=presenters.standing_sentence(register.standing_of(patient, form.deployments)),
    )


@page("record_opt_out", sends="record_opt_out")
def import_list(request: HttpRequest) -> HttpResponse:
    """A list from another system: all of it or nothing, every fault by its line."""
    form = ImportForm(request.POST or None, request.FILES or None)
    said: list[str] = []

    def take_in(given: dict[str, Any]) -> None:
        said.append(wishes.import_file(given["file"].read(), given["file"].name, by=request.user).sentence)

    if request.method == "POST" and handed_over(form, take_in):
        messages.success(request, said[0])
        return redirect("opt-outs")
    return render(request, "opt_outs/import.jinja", {"form": form})


@page("record_opt_out", of=register.opt_out, sends="record_opt_out")
def withdraw(request: HttpRequest, opt_out: OptOut) -> HttpResponse:
    """The patient has changed their mind: future studies only."""
    if request.method == "POST":
        commands.withdraw_opt_out(opt_out, by=request.user)
        messages.success(request, f"Opt-out {opt_out.pk} is withdrawn, for studies that come from now on.")
        return redirect("opt-outs")
    named = permissions.allowed(request.user, "view_identifiers")
    return render(request, "opt_outs/withdraw.jinja", {"page": presenters.row(opt_out, named=named)})
