"""What does a product's page say: what is it, may it be used, what was claimed, and which papers run out when?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alarp.records.products.claims import GradedClaim, figure_of
from alarp.records.products.queries import SOON_DAYS, Owed
from alarp.standards.products import load_device_terms, load_document_kinds, load_statements
from alarp.web import shapes

RULE_WORDS = {
    "modalities": "modality",
    "body_parts": "body part",
    "views": "view",
    "age_min_years": "from age",
    "age_max_years": "up to age",
    "manufacturers": "manufacturer",
    "sop_classes": "SOP class",
    "transfer_syntaxes": "transfer syntax",
    "slice_spacing_min_mm": "slice spacing from (mm)",
    "slice_spacing_max_mm": "slice spacing up to (mm)",
}
_TITLES = {kind.slug: kind.title for kind in load_document_kinds()}


@dataclass(frozen=True)
class Statement:
    """One of the six statements; while it is missing, the question that goes to the supplier."""

    name: str
    text: str
    question: str = ""
    stated_by: float = 0.0

    @property
    def missing(self) -> bool:
        return not self.text.strip()

    @property
    def rarity(self) -> str:
        """'17 % of radiology AI products state it', so that nobody takes the gap for this supplier's alone."""
        return f"{100 * self.stated_by:.0f} % of 139 radiology AI products state it"


@dataclass(frozen=True)
class PaperLine:
    """One thing the supplier owes, as it stands today."""

    title: str
    reference: str
    body: str
    checked: str
    until: date | None
    left: str
    state: str  # holds, soon, lapsed, missing
    blocks: str
    document: int | None
    file: str

    @property
    def sign(self) -> str:
        return {"holds": "✓", "soon": "▲", "lapsed": "✕", "missing": "○"}[self.state]


BLOCKS = {
    "close": "shuts the gate and closes the route",
    "shut": "shuts the gate",
    "warn": "shown only",
}


def paper_line(one: Owed) -> PaperLine:
    """One row of the table of papers."""
    from alarp.report.expiry import days_in_words  # brings the chart library

    row = one.newest
    left = (row.valid_to - one.day).days if row and row.valid_to else None
    state = "missing" if row is None else "holds" if one.holding else "lapsed"
    if state == "holds" and left is not None and left <= SOON_DAYS:
        state = "soon"
    return PaperLine(
        title=_TITLES[row.kind] if row else one.title,
        reference=row.reference if row else "",
        body=row.issuing_body if row else "",
        checked=row.checked_against if row else "",
        until=row.valid_to if row else None,
        left=days_in_words(row.valid_to, one.day) if row else "missing",
        state=state,
        blocks=BLOCKS[one.on_lapse],
        document=row.pk if row and row.document_sha256 else None,
        file=row.document_name if row else "",
    )


def timeline(owed: Sequence[Owed], version: str) -> str:
    """The picture of what runs out when: what is on the register, and what blocks while it is missing."""
    from alarp.report.expiry import Paper, expiry_timeline

    shown = [one for one in owed if one.newest or one.on_lapse != "warn"]
    if not shown:
        return ""
    papers = [
        Paper(
            _TITLES[one.newest.kind] if one.newest else one.title,
            one.newest.valid_to if one.newest else None,
            held=one.newest is not None,
        )
        for one in shown
    ]
    return expiry_timeline(papers, shown[0].day, title=f"What runs out when for {version}")


@dataclass(frozen=True)
class DeviceFacts:
    """What it is under device law, as pairs of words."""

    rows: tuple[tuple[str, str], ...]
    stated: str


def device_facts(device: Any) -> DeviceFacts | None:
    """The newest statement of device status."""
    if device is None:
        return None
    titles = {c.slug: c.title for what in ("classes", "routes") for c in load_device_terms(what)}
    rows = (
        ("Class", titles.get(device.device_class, device.device_class)),
        ("Route to the market", titles.get(device.market_route, device.market_route)),
        ("MHRA registration", device.registration),
        ("GMDN code", device.gmdn),
        ("UDI", device.udi),
        ("UK responsible person", device.responsible),
    )
    by = f"Stated by {device.stated_by}" if device.stated_by else "Stated in the Trust's description"
    return DeviceFacts(tuple((name, text or "not stated") for name, text in rows), by)


SIGNS = {"supported": "✓", "partly supported": "◐", "unsupported": "○", "contradicted": "✕"}
COLOURS = {"supported": "green", "partly supported": "yellow", "unsupported": "grey", "contradicted": "red"}


@dataclass(frozen=True)
class ClaimLine:
    """One claim in a row: what they say, what was found here, how well it stands."""

    number: int
    text: str
    figure: str
    level: str
    because: str
    found: shapes.Number | None

    @property
    def sign(self) -> str:
        return SIGNS[self.level]

    @property
    def colour(self) -> str:
        return COLOURS[self.level]


def claim_line(one: GradedClaim) -> ClaimLine:
    """A claim as the product's page shows it."""
    measure = one.local_measure
    return ClaimLine(
        number=one.claim.number,
        text=one.claim.text,
        figure=figure_of(one.claim),
        level=one.grade.level.value,
        because=one.grade.because,
        found=shapes.number(measure) if measure else None,
    )


@dataclass(frozen=True)
class VersionCard:
    pk: int
    number: str
    released_on: date | None
    fingerprint: str
    statements: tuple[Statement, ...]
    rules: tuple[tuple[str, str], ...]
    screening: bool
    screening_committee: str
    evidence: tuple[shapes.EvidenceCard, ...]
    device: DeviceFacts | None = None
    against: tuple[str, ...] = ()
    papers: tuple[PaperLine, ...] = ()
    timeline: str = ""
    claims: tuple[ClaimLine, ...] = ()
    deployments: tuple[tuple[str, str, str], ...] = ()

    @property
    def stated(self) -> str:
        """'6 of 6 statements of intended use'."""
        present = sum(not s.missing for s in self.statements)
        return f"{present} of {len(self.statements)} statements of intended use"

    @property
    def to_buy(self) -> tuple[PaperLine, ...]:
        """What procurement will ask for and does not hold today."""
        return tuple(
            p for p in self.papers if p.state in ("missing", "lapsed") and p.blocks == BLOCKS["shut"]
        )

    @property
    def first_end(self) -> PaperLine | None:
        """Which paper that blocks runs out first?"""
        ends = [p for p in self.papers if p.until and p.state != "lapsed" and p.blocks != BLOCKS["warn"]]
        return min(ends, key=lambda p: p.until or date.max, default=None)

    @property
    def claims_sentence(self) -> str:
        """'3 claims: 1 supported, 2 unsupported.'"""
        if not self.claims:
            return "No claim is written down."
        levels = [claim.level for claim in self.claims]
        counted = [f"{levels.count(level)} {level}" for level in SIGNS if level in levels]
        return f"{len(levels)} {'claim' if len(levels) == 1 else 'claims'}: {', '.join(counted)}."


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


def statements(use: Any) -> tuple[Statement, ...]:
    """The six statements, the missing ones with their question."""
    return tuple(
        Statement(item.title, getattr(use, item.slug, ""), item.question, item.stated_by)
        for item in load_statements()
    )


def version_card(
    version: Any,
    today: date,
    *,
    readable: Callable[[Any], bool],
    device: Any = None,
    owed: Sequence[Owed] = (),
    against: Iterable[str] = (),
    claims: Iterable[GradedClaim] = (),
) -> VersionCard:
    """One version: intended use with what is missing, device status, papers, claims, and the evidence one may read."""
    use = getattr(version, "intended_use", None)
    return VersionCard(
        pk=version.pk,
        number=version.number,
        released_on=version.released_on,
        fingerprint=version.fingerprint,
        statements=statements(use),
        rules=rules_in_words(use.rules) if use else (),
        screening=bool(getattr(use, "screening", False)),
        screening_committee=getattr(use, "screening_committee", ""),
        evidence=tuple(shapes.evidence_card(e, today) for e in version.evidence.all() if readable(e)),
        device=device_facts(device),
        against=tuple(against),
        papers=tuple(paper_line(one) for one in owed),
        timeline=timeline(owed, str(version)) if owed else "",
        claims=tuple(claim_line(one) for one in claims),
        deployments=tuple((d.slug, str(d.site), d.stage) for d in version.deployments.all()),
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
