"""How does a protocol come about? A template, the text with its check beside it, another product, the lock."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header

from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.people.queries import trust_of
from alarp.records.products.models import Version
from alarp.records.protocols import commands, queries
from alarp.records.protocols.models import EvaluationProtocol
from alarp.web import find
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.protocols import find as here
from alarp.web.protocols import forms, presenters
from alarp.web.protocols.views import may

_PRODUCT = re.compile(r"^product:.*\n(?:[ \t]+.*\n)*", re.MULTILINE)
_TO_FILL_IN = re.compile(r"\s*(?:\bat|\bof|\bin|,|:)?\s*<.*$")


@page("prepare_evaluation", of=find.deployment, sends="prepare_evaluation")
def begin(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """Begin a protocol from a national template, for one version of a product."""
    from alarp.standards.evaluation import load_templates

    known = {template.name: template for template in load_templates()}
    form = forms.BeginForm(
        request.POST or None,
        templates=[(name, _TO_FILL_IN.sub("", t.values["title"])) for name, t in known.items()],
        versions=_versions(deployment),
        initial={"version": str(deployment.version_id)},
    )
    made = []

    def command(given: dict[str, Any]) -> None:
        template = known[given["template"]]
        version = Version.objects.select_related("product").get(pk=given["version"])
        text = _filled_in(template.text, version, str(trust_of(deployment.site)))
        made.append(
            commands.start_protocol(
                deployment, text, by=request.user, template=template.name, version=version
            )
        )

    if request.method == "POST" and handed_over(form, command):
        return redirect("edit-protocol", slug=deployment.slug, protocol=made[0].number)
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": "Begin a protocol",
        "hints": {name: template.purpose for name, template in known.items()},
    }
    return render(request, "protocols/begin.jinja", context)


def _versions(deployment: Deployment) -> list[tuple[str, str]]:
    """This tool's version first, then the other versions that are registered, by name."""
    rows = Version.objects.select_related("product").order_by("product__name", "number")
    listed = sorted(rows, key=lambda v: v.pk != deployment.version_id)
    return [(str(v.pk), str(v)) for v in listed]


def _filled_in(text: str, version: Version, trust: str) -> str:
    """The template with what the site knows already: the product, its version, the Trust. Comments stay."""
    product = json.dumps({"name": version.product.name, "version": version.number}, ensure_ascii=False)
    return _PRODUCT.sub(lambda _: f"product: {product}\n", text, count=1).replace("<the Trust>", trust)


@page("prepare_evaluation", of=here.protocol, sends="prepare_evaluation")
def edit(request: HttpRequest, protocol: EvaluationProtocol) -> HttpResponse:
    """The text, and beside it what it says in plain English. Checked without being saved, or saved as a draft."""
    deployment = protocol.deployment
    revision = queries.latest_revision(protocol)
    locked = queries.is_locked(protocol)
    sending = request.method == "POST" and not locked
    form = forms.TextOfProtocolForm(request.POST if sending else None, initial={"text": revision.text})
    text, saved = revision.text, False
    if sending and form.is_valid():
        text = form.cleaned_data["text"]
        if "save" in request.POST:
            saved = handed_over(
                form, lambda given: commands.save_protocol(protocol, given["text"], by=request.user)
            )
    told = presenters.check(text)
    if told.trouble and sending and form.is_valid():
        form.add_error("text", told.trouble)
    elif saved:
        messages.success(request, "Saved as a draft.")
        return redirect("protocol", slug=deployment.slug, protocol=protocol.number)
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": f"Protocol {protocol.number}",
        "protocol": protocol,
        "revision": queries.latest_revision(protocol),
        "locked": locked,
        "check": told,
        "kept": saved,
    }
    return render(request, "protocols/edit.jinja", context)


@page("prepare_evaluation", of=here.protocol, sends="prepare_evaluation")
def adapt(request: HttpRequest, protocol: EvaluationProtocol) -> HttpResponse:
    """The same plan for another product or version, or a new version of a locked protocol."""
    from alarp.evaluation import read_text

    deployment = protocol.deployment
    form = forms.AdaptForm(
        request.POST or None,
        versions=_versions(deployment),
        initial={"version": str(protocol.version_id)},
    )
    made = []

    def command(given: dict[str, Any]) -> None:
        version = Version.objects.select_related("product").get(pk=given["version"])
        revision = queries.latest_revision(protocol)
        text = revision.text
        if version.pk != protocol.version_id:
            text = adapted(read_text(text), version)
        made.append(
            commands.start_protocol(
                deployment,
                text,
                by=request.user,
                template=protocol.template,
                version=version,
                earlier=protocol if version.pk == protocol.version_id else None,
            )
        )

    if request.method == "POST" and handed_over(form, command):
        return redirect("edit-protocol", slug=deployment.slug, protocol=made[0].number)
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": f"Use protocol {protocol.number} again",
        "protocol": protocol,
    }
    return render(request, "protocols/adapt.jinja", context)


def adapted(values: Any, version: Version) -> str:
    """This plan for that version, as the command line adapts it."""
    from alarp.evaluation import adapt as to_product
    from alarp.evaluation import write_text

    changed = to_product(
        values, name=version.product.name, version=version.number, begun_at=clock.now().date().isoformat()
    )
    return write_text(changed)


@page("view_protocols", of=here.protocol, sends="lock_protocol")
def lock(request: HttpRequest, protocol: EvaluationProtocol) -> HttpResponse:
    """Fix the text before the truth is read: what exactly is locked, and the signature."""
    deployment = protocol.deployment
    revision = queries.latest_revision(protocol)
    form = forms.LockForm(request.POST or None, request=request, initial={"digest": revision.digest})

    def command(given: dict[str, Any]) -> None:
        commands.lock_protocol(protocol, given["digest"], form.step_up, by=request.user)

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "Locked. From now on the truth may be read under it.")
        return redirect("protocol", slug=deployment.slug, protocol=protocol.number)
    context = {
        "form": form,
        "deployment": deployment,
        "part_title": f"Lock protocol {protocol.number}",
        "protocol": protocol,
        "revision": revision,
        "lock": queries.lock_of(protocol),
        "check": presenters.check(revision.text),
        **may(request, deployment),
    }
    return render(request, "protocols/lock.jinja", context)


@page("view_protocols", of=here.protocol)
def text(request: HttpRequest, protocol: EvaluationProtocol) -> HttpResponse:
    """The protocol as a file, byte for byte: `alarp evaluate` reads it."""
    revision = queries.latest_revision(protocol)
    answer = HttpResponse(revision.text, content_type="application/yaml; charset=utf-8")
    name = f"protocol-{protocol.deployment.slug}-{protocol.number}.yaml"
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer
