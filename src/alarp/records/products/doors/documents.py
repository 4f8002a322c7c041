"""How does a supplier's document come into the register? Once, with the day until which it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow
from alarp.records import clock, objects, permissions
from alarp.records.audit.commands import SITE, record
from alarp.records.people.models import Person
from alarp.records.products.models import SupplierDocument, Version
from alarp.standards.products import DocumentKind, load_document_kinds

Actor = Person | str
LENGTHS = {"reference": 120, "issuing_body": 200, "checked_against": 200}


@dataclass(frozen=True)
class Paper:
    """What a document says of itself, as somebody brings it."""

    kind: str
    reference: str
    issuing_body: str = ""
    checked_against: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    document: bytes | None = None
    document_name: str = ""
    document_type: str = ""


def kind_of(slug: str) -> DocumentKind:
    """The kind of this name; BadInput for one that the standards do not know."""
    for kind in load_document_kinds():
        if kind.slug == slug:
            return kind
    raise BadInput(f"There is no kind of supplier document {slug!r}; see the list in the standards.")


def record_document(
    version: Version, paper: Paper, *, supersedes: SupplierDocument | None = None, by: Person
) -> SupplierDocument:
    """Record a document about this version, or about its supplier where the kind says so.

    By the supplier's own people or by a Trust's who looked it up. A newer one stands beside the older; one that was
    wrong is superseded and counts no more.
    """
    permissions.check(by, "register_product", version)
    return enter_document(version, paper, by, supersedes=supersedes)


def enter_document(
    version: Version, paper: Paper, actor: Actor, *, supersedes: SupplierDocument | None = None
) -> SupplierDocument:
    """Write a document, as a person brings it or a Trust's description says it."""
    kind = kind_of(paper.kind)
    since, until = _dates(kind, paper)
    _check_texts(kind, paper)
    supplier = version.product.supplier
    row = SupplierDocument(
        supplier=supplier,
        version=version if kind.about == "version" else None,
        kind=kind.slug,
        reference=paper.reference.strip(),
        issuing_body=paper.issuing_body.strip(),
        checked_against=paper.checked_against.strip(),
        valid_from=since,
        valid_to=until,
        recorded_by=None if isinstance(actor, str) else actor,
        recorded_at=clock.now(),
        supersedes=supersedes,
        **_kept(paper),
    )
    with transaction.atomic():
        if supersedes is not None:
            _check_supersedes(supersedes, row)
        row.save()
        record(
            actor,
            "supplier document recorded",
            f"product {version.product.slug}" if row.version else f"organisation {supplier.slug}",
            stream=SITE,
            kind=kind.slug,
            reference=row.reference,
            valid_to=until.isoformat() if until else "",
            document=row.document_sha256,
        )
    return row


def _dates(kind: DocumentKind, paper: Paper) -> tuple[date, date | None]:
    since = paper.valid_from or localdate(clock.now())
    until = paper.valid_to
    if until is None and kind.valid_days is not None:
        until = since + timedelta(days=kind.valid_days)
    if kind.expires and until is None:
        raise BadInput(f"{kind.title} {paper.reference}: give the day until which it is valid.")
    if until is not None and until < since:
        raise BadInput(
            f"{kind.title} {paper.reference} would end on {until}, before it begins on {since}; correct one of them."
        )
    return since, until


def _check_texts(kind: DocumentKind, paper: Paper) -> None:
    if not paper.reference.strip():
        raise BadInput(f"{kind.title}: give its number or reference, so that somebody can look it up.")
    for name, most in LENGTHS.items():
        if len(getattr(paper, name)) > most:
            raise BadInput(f"{kind.title}: {name.replace('_', ' ')} has more than {most} characters.")
    if paper.document is not None and not paper.document:
        raise BadInput(f"The document {paper.document_name!r} is empty; choose the file again.")
    if paper.document and (not paper.document_name.strip() or len(paper.document_name) > 200):
        raise BadInput("A document needs its file name, of 1 to 200 characters.")


def _kept(paper: Paper) -> Mapping[str, str]:
    if not paper.document:
        return {}
    return {
        "document_sha256": objects.put(paper.document),
        "document_name": paper.document_name,
        "document_type": paper.document_type[:100],
    }


def _check_supersedes(old: SupplierDocument, new: SupplierDocument) -> None:
    old = SupplierDocument.objects.select_for_update().get(pk=old.pk)
    if (old.kind, old.supplier_id, old.version_id) != (new.kind, new.supplier_id, new.version_id):
        raise BadInput(
            f"{old.reference} is another document; only one of the same kind and product replaces it."
        )
    if hasattr(old, "superseded_by"):
        raise NotNow(f"{old.reference} was replaced already; replace the newest.")
