"""Which AI tools exist, may they be bought and used, what was claimed of them, and which papers run out when?"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow
from alarp.records import clock, objects, permissions
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Organisation
from alarp.records.people.queries import line_of, trust_of
from alarp.records.products import commands, queries
from alarp.records.products.claims import claims_of
from alarp.records.products.models import Product, SupplierDocument, Version
from alarp.web import find
from alarp.web.access import page
from alarp.web.evidence import sharing
from alarp.web.evidence.views import SHOWN
from alarp.web.products import presenters


@page("view_products")
def products(request: HttpRequest) -> HttpResponse:
    """Every product that this person may see."""
    rows = Product.objects.select_related("supplier").prefetch_related("versions__deployments__site")
    lines = [
        presenters.product_line(p)
        for p in rows.order_by("name")
        if permissions.allowed(request.user, "view_products", p)
    ]
    context = {
        "lines": lines,
        "may_register": permissions.allowed(request.user, "register_product"),
        "may_compare": permissions.allowed(request.user, "view_claims"),
    }
    return render(request, "products/products.jinja", context)


@page("view_products", of=find.product)
def product(request: HttpRequest, product: Product) -> HttpResponse:
    """One product: its versions, newest first."""
    today = localdate(clock.now())
    papers = Evidence.objects.select_related(
        "author", "organisation", "withdrawal", "version__product"
    ).order_by("-dated", "-pk")
    versions = list(
        product.versions.select_related("intended_use", "product__supplier")
        .prefetch_related(Prefetch("evidence", papers), "deployments__site")
        .order_by("-added_at", "-pk")
    )
    context = {
        "product": product,
        "line": presenters.product_line(product),
        # what is deployed comes before what nobody uses yet
        "versions": [
            _card(request, v, today) for v in sorted(versions, key=lambda v: not v.deployments.all())
        ],
        "alike": _alike(request, versions),
        "may_register": permissions.allowed(request.user, "register_product", product),
        "may_claim": permissions.allowed(request.user, "edit_claims", product),
        "may_see_claims": permissions.allowed(request.user, "view_claims", product),
    }
    return render(request, "products/product.jinja", context)


def _card(request: HttpRequest, version: Version, today: Any) -> presenters.VersionCard:
    seen = partial(sharing.readable, request.user)
    may_see_claims = permissions.allowed(request.user, "view_claims", version)
    owed = queries.owed(version, today)
    blocking = [one.against for one in owed if one.asked_at == "always" and one.on_lapse != "warn"]
    use = queries.against_intended_use(version)
    if len(use) > 1:  # the questions stand one by one beside the statements
        use = (
            f"{len(use)} things are missing of the intended use; the questions to the supplier are below.",
        )
    return presenters.version_card(
        version,
        today,
        readable=seen,
        device=queries.device_of(version),
        owed=owed,
        against=[*(s for s in blocking if s), *use],
        claims=claims_of(version, trust_for(request.user)) if may_see_claims else (),
    )


def trust_for(person: Any) -> Organisation | None:
    """For which Trust does this person look? None for a supplier's people: they see what is for everybody."""
    if permissions.is_supplier(person) or person.organisation is None:
        return None
    return trust_of(person.organisation)


def _alike(request: HttpRequest, versions: list[Version]) -> tuple[Deployment, ...]:
    """Tools in use in this person's region that do the same to the same images (P19); nothing for a supplier."""
    if not versions or trust_for(request.user) is None:
        return ()
    around = line_of(request.user.organisation)
    region = next((o for o in around if o.tier == "region"), around[0])
    return queries.alike(versions[0], region)


@page("view_products", of=find.supplier_document)
def supplier_document(request: HttpRequest, document: SupplierDocument) -> HttpResponse:
    """The paper itself, byte for byte."""
    if not document.document_sha256:
        raise Http404
    kind = document.document_type.partition(";")[0].strip().lower()
    shown = kind in SHOWN
    content = kind + ("; charset=utf-8" if kind.startswith("text/") else "")
    response = HttpResponse(
        objects.get(document.document_sha256), content_type=content if shown else "application/octet-stream"
    )
    response["Content-Disposition"] = content_disposition_header(not shown, document.document_name)
    response["Cache-Control"] = "private, no-store"
    return response


ISSUES = {
    "device": (commands.issue_device, "device-registration"),
    "intended-use": (commands.issue_intended_use, "intended-use"),
}


@page("view_products", of=find.deployment, sends="upload_evidence")
def device(request: HttpRequest, deployment: Deployment) -> HttpResponse:
    """May this version lawfully be used here, for our use, until when? Issued from here as evidence."""
    refused = ""
    if request.method == "POST":
        command, criterion = ISSUES.get(request.POST.get("issue", ""), (None, ""))
        if command is None:
            raise Http404
        try:
            command(deployment, by=request.user)
        except (BadInput, NotNow) as refusal:
            refused = str(refusal)
        else:
            messages.success(
                request, f"Issued as evidence; it answers the criterion {criterion.replace('-', ' ')}."
            )
            return redirect("device", slug=deployment.slug)
    today = localdate(clock.now())
    context = {
        "part_title": "Device and papers",
        "deployment": deployment,
        "version": _card(request, deployment.version, today),
        "outside": queries.outside(deployment.version.intended_use.rules, deployment.eligibility)
        if hasattr(deployment.version, "intended_use")
        else (),
        "our_rules": presenters.rules_in_words(deployment.eligibility),
        "refused": refused,
        "may_issue": permissions.allowed(request.user, "upload_evidence", deployment)
        and not permissions.is_supplier(request.user),
        "may_register": permissions.allowed(request.user, "register_product", deployment),
    }
    return render(request, "products/device.jinja", context)
