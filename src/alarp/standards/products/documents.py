"""Which documents must a supplier bring, how long does each hold, and what does its lapse do?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from alarp.kernel import BadInput
from alarp.standards.products.rows import Row, filled, read

NEWEST = "supplier-documents-2026.1"
ALWAYS, PROCURE, YEARLY = "always", "procure", "live-yearly"
CLOSE, SHUT, WARN = "close", "shut", "warn"
VERSION, SUPPLIER = "version", "supplier"


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """One kind of document: what it says, about whom, for how long, and what follows when it has lapsed."""

    slug: str
    title: str
    says: str
    about: str
    group: str
    group_title: str
    classes: tuple[str, ...]
    expires: bool
    valid_days: int | None
    checked_against: str
    asked_at: str
    on_lapse: str
    source: str


@cache
def load_document_kinds(version: str = NEWEST) -> tuple[DocumentKind, ...]:
    """Which kinds of supplier document are there? Raises BadInput for a row that cannot be used."""
    return read(version, "kinds", _kind)


def _kind(row: Row) -> DocumentKind:
    filled(NEWEST, row, "title", "says", "about", "checked_against", "asked_at", "on_lapse", "source")
    for field, known in (
        ("about", (VERSION, SUPPLIER)),
        ("asked_at", (ALWAYS, PROCURE, YEARLY)),
        ("on_lapse", (CLOSE, SHUT, WARN)),
    ):
        if row[field] not in known:
            raise BadInput(
                f"{NEWEST}.yaml: {row['slug']} has {field} {row[field]!r}; use {', '.join(known)}."
            )
    return DocumentKind(
        slug=row["slug"],
        title=row["title"],
        says=row["says"],
        about=row["about"],
        group=row.get("group", row["slug"]),
        group_title=row.get("group_title", row["title"]),
        classes=tuple(row.get("classes", ())),
        expires=bool(row["expires"]),
        valid_days=row.get("valid_days"),
        checked_against=row["checked_against"],
        asked_at=row["asked_at"],
        on_lapse=row["on_lapse"],
        source=row["source"],
    )
