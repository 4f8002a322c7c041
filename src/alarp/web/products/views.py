"""Which AI tools exist, intended for what, in which versions, on which papers?"""

from __future__ import annotations

from functools import partial

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from alarp.records import clock, permissions
from alarp.records.evidence.models import Evidence
from alarp.records.products.models import Product
from alarp.web import find
from alarp.web.access import page
from alarp.web.evidence import sharing
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
    return render(request, "products/products.jinja", {"lines": lines})


@page("view_products", of=find.product)
def product(request: HttpRequest, product: Product) -> HttpResponse:
    """One product: its versions, newest first."""
    papers = Evidence.objects.select_related(
        "author", "organisation", "withdrawal", "version__product"
    ).order_by("-dated", "-pk")
    versions = (
        product.versions.select_related("intended_use")
        .prefetch_related(Prefetch("evidence", papers))
        .order_by("-added_at", "-pk")
    )
    seen = partial(sharing.readable, request.user)
    context = {
        "product": product,
        "line": presenters.product_line(product),
        "versions": [presenters.version_card(v, clock.now().date(), readable=seen) for v in versions],
    }
    return render(request, "products/product.jinja", context)
