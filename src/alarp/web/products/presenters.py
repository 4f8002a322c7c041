"""What does a product's page say: what is it for, in which versions, on which papers?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from alarp.web import shapes

STATEMENTS = (
    ("indication", "What for"),
    ("body_part", "Body part"),
    ("population", "For whom"),
    ("user", "Used by"),
    ("environment", "Where"),
    ("principle", "How it works"),
)
RULE_WORDS = {
    "modalities": "modality",
    "body_parts": "body part",
    "views": "view",
    "age_min_years": "from age",
    "age_max_years": "up to age",
    "manufacturers": "manufacturer",
}


@dataclass(frozen=True)
class Statement:
    name: str
    text: str

    @property
    def missing(self) -> bool:
        return not self.text.strip()


@dataclass(frozen=True)
class VersionCard:
    number: str
    released_on: date | None
    fingerprint: str
    statements: tuple[Statement, ...]
    rules: tuple[tuple[str, str], ...]
    evidence: tuple[shapes.EvidenceCard, ...]

    @property
    def stated(self) -> str:
        """'6 of 6 statements of intended use'."""
        present = sum(not s.missing for s in self.statements)
        return f"{present} of {len(self.statements)} statements of intended use"


@dataclass(frozen=True)
class ProductLine:
    slug: str
    name: str
    supplier: str
    kind: str
    summary: str
    versions: tuple[str, ...]
    deployments: tuple[tuple[str, str, str], ...]


def rules_in_words(rules: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The rules that the gateway reads, as a person reads them."""
    return tuple(
        (
            RULE_WORDS.get(name, shapes.words(name)),
            ", ".join(map(str, value)) if isinstance(value, list) else str(value),
        )
        for name, value in rules.items()
    )


def version_card(version: Any, today: date, *, readable: Callable[[Any], bool]) -> VersionCard:
    """One version with its intended use, missing statements included, and the evidence one may read."""
    use = getattr(version, "intended_use", None)
    return VersionCard(
        number=version.number,
        released_on=version.released_on,
        fingerprint=version.fingerprint,
        statements=tuple(Statement(words, getattr(use, name, "")) for name, words in STATEMENTS),
        rules=rules_in_words(use.rules) if use else (),
        evidence=tuple(shapes.evidence_card(e, today) for e in version.evidence.all() if readable(e)),
    )


def product_line(product: Any) -> ProductLine:
    """One product as the list shows it."""
    versions = sorted(product.versions.all(), key=lambda v: v.added_at, reverse=True)
    return ProductLine(
        slug=product.slug,
        name=product.name,
        supplier=str(product.supplier),
        kind=product.kind,
        summary=product.summary,
        versions=tuple(v.number for v in versions),
        deployments=tuple((d.slug, str(d.site), d.stage) for v in versions for d in v.deployments.all()),
    )
