"""What did patients say, and what are they told?"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.governance import checks, commands, documents, queries
from alarp.records.governance.models import PatientInformation
from alarp.web import find
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.governance import forms
from alarp.web.governance.views import shown


@page("view_governance", of=find.deployment, sends="edit_governance")
def involvement(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The log of conversations with patients and the public."""
    form = forms.InvolvementForm(request.POST or None)
    if request.method == "POST" and handed_over(
        form, lambda given: commands.log_involvement(deployment, **given, by=request.user)
    ):
        messages.success(request, "Logged.")
        return redirect("involvement", slug=deployment.slug)
    return shown(
        request,
        "involvement",
        "What did patients and the public say?",
        deployment,
        entries=queries.involvements(deployment),
        form=form,
    )


@page("view_governance", of=find.deployment, sends="edit_governance")
def patient_information(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """The newest text, how easy it is to read, and whether the public reads it."""
    if request.method == "POST":
        commands.publish_patient_information(deployment, by=request.user)
        messages.success(request, "Published. The public register shows this version from now on.")
        return redirect("patient-information", slug=deployment.slug)
    drafted = queries.latest(PatientInformation, deployment)
    publication = queries.published(deployment)
    return shown(
        request,
        "patient_information",
        "What are patients told?",
        deployment,
        told=drafted,
        ease=documents.ease(drafted) if drafted else None,
        outdated=queries.outdated(drafted, deployment) if drafted else (),
        publication=publication,
        is_published=bool(publication and drafted and publication.information_id == drafted.pk),
        against=checks.patient_information_current(deployment, clock.now()),
    )


@page("edit_governance", of=find.deployment, sends="edit_governance")
def write_patient_information(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """What the record does not know: filled in, it makes the next version."""
    drafted = queries.latest(PatientInformation, deployment)
    form = forms.PatientInformationForm(request.POST or None, given=drafted.given if drafted else {})
    if request.method == "POST" and handed_over(
        form, lambda given: commands.write_patient_information(deployment, given, by=request.user)
    ):
        messages.success(request, "Made from the record. Read it, then publish it.")
        return redirect("patient-information", slug=deployment.slug)
    return shown(request, "write_patient_information", "Write for patients", deployment, form=form)
