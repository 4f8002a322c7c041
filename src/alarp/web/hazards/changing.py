"""How is the hazard log worked on? Importing, adding, describing, controlling, settling: one form each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records.deployments.models import Deployment
from alarp.records.hazards import commands, queries
from alarp.records.hazards.models import Control, Hazard
from alarp.web import find
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.hazards import find as here
from alarp.web.hazards import forms


def _page(
    request: HttpRequest,
    deployment: Deployment,
    form: Form,
    command: Callable[[dict[str, Any]], Any],
    *,
    title: str,
    verb: str,
    done: str,
    back: Hazard | None = None,
    lead: str = "",
    upload: bool = False,
) -> HttpResponse:
    """A page that is one form: sent, it becomes a command; refused, it says why."""
    if request.method == "POST" and handed_over(form, command):
        messages.success(request, done)
        if back is not None:
            return redirect("hazard", slug=deployment.slug, number=back.number)
        return redirect("hazards", slug=deployment.slug)
    context = {
        "part_title": title,
        "deployment": deployment,
        "form": form,
        "verb": verb,
        "lead": lead,
        "back": back,
        "upload": upload,
    }
    return render(request, "hazards/form.jinja", context)


@page("edit_hazards", of=find.deployment, sends="edit_hazards")
def import_hazards(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Take in a log that was written elsewhere."""
    form = forms.ImportForm(request.POST or None, request.FILES or None)
    return _page(
        request,
        deployment,
        form,
        lambda given: commands.import_log(
            deployment, commands.read_table(given["log"].read()), by=request.user
        ),
        title="Import a hazard log",
        verb="Import",
        done="The hazard log is imported.",
        lead="A table with one row for each hazard. It is read whole or not at all; a refusal names the row.",
        upload=True,
    )


@page("edit_hazards", of=find.deployment, sends="edit_hazards")
def add(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """A hazard that the library does not know."""
    form = forms.DescribeForm(request.POST or None)

    def command(given: dict[str, Any]) -> None:
        taken = set(deployment.hazards.values_list("number", flat=True))
        number = next(f"T{n:02}" for n in range(1, len(taken) + 2) if f"T{n:02}" not in taken)
        row = {
            "number": number,
            **{name: given[name] for name in ("name", "description", "effect", "harm")},
            "causes": list(forms.lines(given["causes"])),
            "existing_controls": list(forms.lines(given["existing_controls"])),
            "monitors": [{"monitor": w.monitor, "limit": w.limit} for w in form.monitors],
        }
        commands.add_hazard(deployment, row, by=request.user)

    return _page(
        request,
        deployment,
        form,
        command,
        title="Add a hazard",
        verb="Add",
        done="The hazard is in the log; score it next.",
    )


@page("edit_hazards", of=here.hazard, sends="edit_hazards")
def describe(request: HttpRequest, hazard: Hazard) -> HttpResponse:
    """The hazard in other words, or watched by another monitor."""
    core = queries.log_of(hazard.deployment).hazard(hazard.number)
    form = forms.ChangeForm(request.POST or None, initial=forms.ChangeForm.shown(core))

    def command(given: dict[str, Any]) -> None:
        changes = {
            **{name: given[name] for name in ("name", "description", "effect", "harm")},
            "causes": forms.lines(given["causes"]),
            "existing_controls": forms.lines(given["existing_controls"]),
            "monitors": (*form.monitors, *core.monitors[1:]),
        }
        commands.edit_hazard(hazard, changes, given["because"], by=request.user)

    return _page(
        request,
        hazard.deployment,
        form,
        command,
        title=f"Describe {core.number} anew",
        verb="Write the revision",
        done="Written. Acceptances of the revision before no longer count at a gate.",
        back=hazard,
        lead="The score stays as it is. Whoever accepted the risk before accepts it anew.",
    )


@page("edit_hazards", of=here.hazard, sends="edit_hazards")
def add_control(request: HttpRequest, hazard: Hazard) -> HttpResponse:
    """A control that somebody proposes."""
    form = forms.ControlForm(request.POST or None)
    return _page(
        request,
        hazard.deployment,
        form,
        lambda given: commands.add_control(hazard, **given, by=request.user),
        title=f"Add a control to {hazard.number}",
        verb="Propose the control",
        done="The control is proposed. It scores nothing until it is built.",
        back=hazard,
    )


@page("edit_hazards", of=here.control, sends="edit_hazards")
def control(request: HttpRequest, control: Control) -> HttpResponse:
    """How far a control has come."""
    hazard = control.hazard
    log = queries.log_of(hazard.deployment)
    address = f"{hazard.number}/{control.number}"
    form = forms.StateForm(request.POST or None, initial={"state": log.states[address].value})
    return _page(
        request,
        hazard.deployment,
        form,
        lambda given: commands.set_control_state(control, given["state"], given["evidence"], by=request.user),
        title=f"Control {address}",
        verb="Record",
        done="Recorded.",
        back=hazard,
        lead=f"{control.text}. A step back opens {hazard.number}, and every hazard that leans on it, again.",
    )


@page("edit_hazards", of=here.hazard, sends="edit_hazards")
def settle(request: HttpRequest, hazard: Hazard) -> HttpResponse:
    """Close the hazard, or hand it to another party."""
    form = forms.SettleForm(request.POST or None)

    def command(given: dict[str, Any]) -> None:
        if given["status"] == "closed":
            commands.close_hazard(hazard, given["because"], by=request.user)
        else:
            commands.transfer_hazard(hazard, given["to"], given["because"], by=request.user)

    return _page(
        request,
        hazard.deployment,
        form,
        command,
        title=f"Close or transfer {hazard.number}",
        verb="Record",
        done="Recorded.",
        back=hazard,
        lead="A hazard is never deleted. One that has no score is set aside: say why it does not apply here.",
    )
