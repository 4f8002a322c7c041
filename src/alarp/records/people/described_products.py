"""What does a Trust's description say of products: versions, intended use, device status, documents, claims?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from alarp.kernel import BadInput
from alarp.records.ledger.eligibility import check as check_rules
from alarp.records.people.fields import Fields
from alarp.records.products.doors.claiming import Promise
from alarp.records.products.doors.documents import Paper
from alarp.records.products.models import IntendedUse

_DEVICE = ("gmdn", "udi", "registration", "responsible")


@dataclass(frozen=True)
class DeviceRow:
    device_class: str
    route: str
    more: Mapping[str, str]


@dataclass(frozen=True)
class DocumentRow:
    """A paper; `valid_days` counts from the day of the set-up where no last day is given."""

    paper: Paper
    valid_days: int | None


@dataclass(frozen=True)
class VersionRow:
    number: str
    released_on: date | None
    fingerprint: str
    intended_use: Mapping[str, Any]
    device: DeviceRow | None = None
    documents: tuple[DocumentRow, ...] = ()
    claims: tuple[Promise, ...] = ()


@dataclass(frozen=True)
class ProductRow:
    slug: str
    name: str
    supplier: str
    kind: str
    summary: str
    versions: tuple[VersionRow, ...]


def product_row(value: Any, where: str) -> ProductRow:
    """One product of the description; BadInput for the first fault."""
    row = Fields(value, where, {"slug", "name", "supplier", "kind", "summary", "versions"})
    return ProductRow(
        slug=row.slug("slug"),
        name=row.text("name"),
        supplier=row.text("supplier"),
        kind=row.slug("kind"),
        summary=row.text("summary", ""),
        versions=tuple(
            _version(one, f"{where}, version {number}") for number, one in enumerate(row.rows("versions"), 1)
        ),
    )


def _version(value: Any, where: str) -> VersionRow:
    known = {"number", "released_on", "fingerprint", "intended_use", "device", "documents", "claims"}
    row = Fields(value, where, known)
    fingerprint = row.text("fingerprint", "").lower()
    if fingerprint and (len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef")):
        raise BadInput(f"{where}: the fingerprint is not a SHA-256 digest of 64 hexadecimal digits.")
    return VersionRow(
        row.text("number"),
        row.day("released_on"),
        fingerprint,
        _intended_use(value.get("intended_use") or {}, f"{where}, intended_use"),
        _device(value["device"], f"{where}, device") if value.get("device") else None,
        tuple(
            _document(one, f"{where}, documents, entry {n}") for n, one in enumerate(row.rows("documents"), 1)
        ),
        tuple(_claim(one, f"{where}, claims, entry {n}") for n, one in enumerate(row.rows("claims"), 1)),
    )


def _intended_use(value: Any, where: str) -> dict[str, Any]:
    use = Fields(value, where, {*IntendedUse.STATEMENTS, "rules", "screening", "screening_committee"})
    rules = use.value.get("rules") or {}
    if not isinstance(rules, Mapping):
        version = where.removesuffix(", intended_use")
        raise BadInput(
            f"{version}: the rules of the intended use are not a table. Write `modalities: [CR]` and so on."
        )
    check_rules(rules)
    said: dict[str, Any] = {name: use.text(name, "") for name in IntendedUse.STATEMENTS}
    return said | {
        "rules": dict(rules),
        "screening": use.truth("screening", False),
        "screening_committee": use.text("screening_committee", ""),
    }


def _device(value: Any, where: str) -> DeviceRow:
    row = Fields(value, where, {"class", "route", *_DEVICE})
    return DeviceRow(row.text("class"), row.text("route"), {name: row.text(name, "") for name in _DEVICE})


def _document(value: Any, where: str) -> DocumentRow:
    known = {"kind", "reference", "issuing_body", "checked_against", "valid_from", "valid_to", "valid_days"}
    row = Fields(value, where, known)
    days = row.number("valid_days")
    if days is not None and row.day("valid_to") is not None:
        raise BadInput(f"{where}: give either valid_to or valid_days.")
    paper = Paper(
        kind=row.slug("kind"),
        reference=row.text("reference"),
        issuing_body=row.text("issuing_body", ""),
        checked_against=row.text("checked_against", ""),
        valid_from=row.day("valid_from"),
        valid_to=row.day("valid_to"),
    )
    return DocumentRow(paper, None if days is None else int(days))


def _claim(value: Any, where: str) -> Promise:
    texts = {"text", "source", "measure", "subgroup", "population", "threshold", "about"}
    row = Fields(value, where, {*texts, "at_least", "at_most"})
    least, most = row.number("at_least"), row.number("at_most")
    if least is not None and most is not None:
        raise BadInput(f"{where}: a claim has one limit; give either at_least or at_most.")
    return Promise(
        text=row.text("text"),
        source=row.text("source"),
        measure=row.text("measure", ""),
        figure=most if least is None else least,
        at_least=most is None,
        subgroup=row.text("subgroup", "all"),
        population=row.text("population", ""),
        threshold=row.text("threshold", ""),
        about=row.text("about", "performance"),
    )
