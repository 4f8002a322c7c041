"""Which row does this address mean? A page that asks for what is not there is not found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404

from alarp.records.deployments.models import Deployment, Hold, RouteClosure
from alarp.records.evidence.models import Evidence
from alarp.records.products.models import Claim, Product, SupplierDocument, Version
from alarp.standards import load_pathway

_WHOLE = ("version__product__supplier", "version__intended_use", "site")


def deployment(slug: str) -> Deployment:
    return get_object_or_404(Deployment.objects.select_related(*_WHOLE), slug=slug)


def hold(slug: str, number: int) -> Hold:
    return get_object_or_404(
        Hold.objects.select_related("deployment__version__product", "deployment__site"),
        deployment__slug=slug,
        number=number,
    )


def closure(slug: str, closure: int) -> RouteClosure:
    return get_object_or_404(
        RouteClosure.objects.select_related("deployment__version__product"), deployment__slug=slug, pk=closure
    )


def product(slug: str) -> Product:
    return get_object_or_404(Product.objects.select_related("supplier"), slug=slug)


def version(slug: str, version: int) -> Version:
    return get_object_or_404(
        Version.objects.select_related("product__supplier", "intended_use"), product__slug=slug, pk=version
    )


def supplier_document(document: int) -> SupplierDocument:
    return get_object_or_404(
        SupplierDocument.objects.select_related("version__product__supplier", "supplier"), pk=document
    )


@dataclass(frozen=True)
class ClaimAt:
    """A claim as one deployment looks at it."""

    deployment: Deployment
    claim: Claim


def claim(slug: str, claim: int) -> ClaimAt:
    tool = deployment(slug)
    rows = Claim.objects.select_related("version__product__supplier").filter(version=tool.version_id)
    return ClaimAt(tool, get_object_or_404(rows, pk=claim))


def evidence(sha256: str) -> Evidence:
    return get_object_or_404(
        Evidence.objects.select_related("version__product__supplier", "organisation", "author", "supersedes"),
        sha256=sha256,
    )


def gate(deployment: Deployment, slug: str) -> Any:
    """The gate of this deployment's own pathway version."""
    for known in load_pathway(deployment.pathway).all_gates:
        if known.slug == slug:
            return known
    raise Http404
