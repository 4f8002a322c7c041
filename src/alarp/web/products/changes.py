"""How does the register grow? Each form here is one command of the records."""

from __future__ import annotations

import mimetypes
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from alarp.records import permissions
from alarp.records.products import commands, queries
from alarp.records.products.commands import Paper, Promise
from alarp.records.products.models import Product, SupplierDocument, Version
from alarp.web import find
from alarp.web.access import page
from alarp.web.forms import handed_over
from alarp.web.products import forms, presenters


@page("register_product", sends="register_product")
def register_product(request: HttpRequest) -> HttpResponse:
    """Put a product on the register; its first version comes next."""
    form = forms.ProductForm(request.POST or None)
    if permissions.is_supplier(request.user):
        form.fields["supplier"].queryset = form.fields["supplier"].queryset.filter(
            pk=request.user.organisation_id
        )
        del form.fields["new_supplier"]
    made: list[Product] = []

    def command(given: dict[str, Any]) -> None:
        supplier = given["supplier"] or given["new_supplier"]
        made.append(
            commands.register_product(
                supplier, given["slug"], given["name"], given["kind"], given["summary"], by=request.user
            )
        )

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, f"{made[0]} is on the register. Add its version next.")
        return redirect("register-version", slug=made[0].slug)
    return render(request, "products/register.jinja", {"form": form, "title": "Register a product"})


@page("register_product", of=find.product, sends="register_product")
def register_version(request: HttpRequest, product: Product) -> HttpResponse:
    """Add a version with what its supplier states; what is left blank becomes a question to the supplier."""
    form = forms.VersionForm(request.POST or None)
    made: list[Version] = []

    def command(given: dict[str, Any]) -> None:
        made.append(
            commands.register_version(
                product,
                given["number"],
                given["released_on"],
                given["fingerprint"],
                form.use(),
                by=request.user,
            )
        )

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, f"{made[0]} is on the register.{_twins(request, made[0])}")
        return redirect("product", slug=product.slug)
    context = {"form": form, "product": product, "title": f"Register a version of {product}"}
    return render(request, "products/register.jinja", context)


def _twins(request: HttpRequest, version: Version) -> str:
    """Is there a tool for the same images in use here already? Said before anybody spends money (P19)."""
    from alarp.web.products.views import trust_for

    trust = trust_for(request.user)
    found = queries.alike(version, trust) if trust else ()
    if not found:
        return ""
    names = ", ".join(str(deployment) for deployment in found)
    return f" Look first: {names} already does this to the same images in your Trust."


@page("register_product", of=find.version, sends="register_product")
def intended_use(request: HttpRequest, version: Version) -> HttpResponse:
    """Make the statements that are missing."""
    use = getattr(version, "intended_use", None)
    missing = use.missing if use else None
    committee = bool(use and use.screening and not use.screening_committee)
    form = forms.IntendedUseForm(
        request.POST or None,
        asked=missing if missing is not None else [s.slug for s in forms.load_statements()],
        committee=committee,
    )

    def command(given: dict[str, Any]) -> None:
        commands.state_intended_use(
            version,
            form.statements(),
            screening_committee=given.get("screening_committee", ""),
            by=request.user,
        )

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "Stated. It stands for this version from now on.")
        return redirect("product", slug=version.product.slug)
    context = {
        "form": form if form.fields else None,
        "product": version.product,
        "title": f"What is missing of the intended use of {version}",
        "lead": "What was stated once is never reworded; a change of meaning is a new version.",
        "stated": [s for s in presenters.statements(use) if not s.missing],
    }
    return render(request, "products/register.jinja", context)


@page("register_product", of=find.version, sends="register_product")
def device(request: HttpRequest, version: Version) -> HttpResponse:
    """Say what the version is under device law."""
    known = queries.device_of(version)
    names = ("device_class", "market_route", "registration", "gmdn", "udi", "responsible")
    form = forms.DeviceForm(
        request.POST or None, initial={n: getattr(known, n) for n in names} if known else None
    )
    if request.method == "POST" and handed_over(
        form, lambda given: commands.state_device(version, **given, by=request.user)
    ):
        messages.success(request, f"The device status of {version} is stated.")
        return redirect("product", slug=version.product.slug)
    context = {"form": form, "product": version.product, "title": f"{version} under device law"}
    return render(request, "products/register.jinja", context)


@page("register_product", of=find.version, sends="register_product")
def add_document(request: HttpRequest, version: Version) -> HttpResponse:
    """Record a certificate or another paper of the supplier's."""
    supplier = version.product.supplier
    here = SupplierDocument.objects.filter(
        Q(version=version) | Q(version__isnull=True, supplier=supplier), superseded_by__isnull=True
    ).order_by("kind", "reference")
    form = forms.DocumentForm(
        request.POST or None,
        request.FILES or None,
        documents=here,
        initial={"kind": request.GET.get("kind", "")},
    )

    def command(given: dict[str, Any]) -> None:
        upload = given["document"]
        paper = Paper(
            kind=given["kind"],
            reference=given["reference"],
            issuing_body=given["issuing_body"],
            checked_against=given["checked_against"],
            valid_from=given["valid_from"],
            valid_to=given["valid_to"],
            document=upload.read() if upload else None,
            document_name=upload.name if upload else "",
            document_type=(mimetypes.guess_type(upload.name)[0] or "application/octet-stream")
            if upload
            else "",
        )
        commands.record_document(version, paper, supersedes=given["supersedes"], by=request.user)

    if request.method == "POST" and handed_over(form, command):
        messages.success(request, "The document is on the register.")
        return redirect("product", slug=version.product.slug)
    context = {
        "form": form,
        "product": version.product,
        "title": f"A document of {supplier} for {version}",
        "with_file": True,
    }
    return render(request, "products/register.jinja", context)


@page("edit_claims", of=find.version, sends="edit_claims")
def add_claim(request: HttpRequest, version: Version) -> HttpResponse:
    """Write down what the supplier claims, so that it can be held against evidence."""
    form = forms.ClaimForm(request.POST or None)

    def command(given: dict[str, Any]) -> None:
        promise = Promise(
            text=given["text"],
            source=given["source"],
            measure=given["measure"],
            figure=given["figure"],
            at_least=given["side"] == "at_least",
            subgroup=given["subgroup"] or "all",
            population=given["population"],
            threshold=given["threshold"],
            about=given["about"],
        )
        commands.add_claim(version, promise, by=request.user)

    if request.method == "POST" and handed_over(form, command):
        messages.success(
            request, "The claim is written down. Lay evidence beside it, or mark it unsupported."
        )
        return redirect("product", slug=version.product.slug)
    context = {"form": form, "product": version.product, "title": f"What is claimed of {version}?"}
    return render(request, "products/register.jinja", context)
