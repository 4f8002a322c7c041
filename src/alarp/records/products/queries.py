"""Which documents does a supplier owe, which hold, which run out; and is there a tool for the same use already?"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Q

from alarp.kernel import Stage
from alarp.records.deployments.models import Deployment
from alarp.records.people.models import Organisation
from alarp.records.people.queries import below
from alarp.records.products.models import Device, IntendedUse, SupplierDocument, Version
from alarp.standards.products import DocumentKind, load_document_kinds, load_statements

SOON_DAYS = 60
IN_USE = (Stage.LIVE.value, Stage.REVIEW.value, Stage.CHANGE.value)
_KINDS = {kind.slug: kind for kind in load_document_kinds()}


@dataclass(frozen=True)
class Owed:
    """What a supplier must bring: the kinds of which one is enough, and how it stands on this day."""

    kinds: tuple[DocumentKind, ...]
    documents: tuple[SupplierDocument, ...]
    day: date
    subject: str
    supplier: str

    @property
    def title(self) -> str:
        """'UKCA or CE certificate': what is asked for, whichever kind of it comes."""
        return self.kinds[0].group_title

    @property
    def on_lapse(self) -> str:
        return self.kinds[0].on_lapse

    @property
    def asked_at(self) -> str:
        return self.kinds[0].asked_at

    @property
    def holding(self) -> SupplierDocument | None:
        """The document that holds longest on this day."""
        valid = [one for one in self.documents if one.holds(self.day)]
        return max(valid, key=lambda one: one.valid_to or date.max, default=None)

    @property
    def newest(self) -> SupplierDocument | None:
        """The one that holds, or the last one that did."""
        return self.holding or max(
            self.documents, key=lambda one: (one.valid_to or date.max, one.pk), default=None
        )

    @property
    def against(self) -> str:
        """What speaks against it on this day, with who must bring what; empty when it holds."""
        if self.holding is not None:
            return ""
        last = self.newest
        if last is None:
            return f"No {self.title} of {self.subject} is on the register; {self.supplier} must bring it."
        title = _KINDS[last.kind].title
        if last.valid_from > self.day:
            return (
                f"The {title} {last.reference} of {self.subject} holds only from {_day(last.valid_from)}; "
                f"{self.supplier} must bring one that holds today."
            )
        assert last.valid_to is not None  # else it would hold
        return (
            f"The {title} {last.reference} of {self.subject} expired on {_day(last.valid_to)}; "
            f"{self.supplier} must bring the new one."
        )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def owed(version: Version, day: date) -> tuple[Owed, ...]:
    """Everything that this version's supplier owes, in the order of the standards, as it stands on this day."""
    rows: dict[str, list[SupplierDocument]] = defaultdict(list)
    for row in _documents_of(version):
        rows[row.kind].append(row)
    return _owed(version, rows, _device_class(version), day)


def _documents_of(version: Version) -> Iterable[SupplierDocument]:
    """This version's documents and its supplier's, without those that were replaced."""
    supplier = version.product.supplier_id
    return SupplierDocument.objects.filter(
        Q(version=version) | Q(version__isnull=True, supplier=supplier), superseded_by__isnull=True
    ).order_by("pk")


def _device_class(version: Version) -> str:
    newest = Device.objects.filter(version=version).order_by("-pk").values_list("device_class", flat=True)
    return newest.first() or ""


def _owed(
    version: Version, rows: Mapping[str, list[SupplierDocument]], device_class: str, day: date
) -> tuple[Owed, ...]:
    groups: dict[str, list[DocumentKind]] = defaultdict(list)
    for kind in load_document_kinds():
        if not kind.classes or device_class in kind.classes:
            groups[kind.group].append(kind)
    return tuple(
        Owed(
            kinds=tuple(kinds),
            documents=tuple(row for kind in kinds for row in rows.get(kind.slug, ())),
            day=day,
            subject=str(version) if kinds[0].about == "version" else version.product.supplier.name,
            supplier=version.product.supplier.name,
        )
        for kinds in groups.values()
    )


def lapsed(version: Version, day: date, *, asked_at: str) -> tuple[str, ...]:
    """Which documents that are asked for then, and that block, do not hold on this day? In sentences."""
    return tuple(
        one.against
        for one in owed(version, day)
        if one.asked_at == asked_at and one.on_lapse != "warn" and one.against
    )


@dataclass(frozen=True)
class Expiring:
    """A document that runs out soon, or has: for which product, how many days are left, and what it would close."""

    document: SupplierDocument
    kind: DocumentKind
    subject: str
    days_left: int
    deployments: tuple[Deployment, ...]

    @property
    def sentence(self) -> str:
        """'UKCA certificate G10 123 of NoduleFlag 2.1.0 runs out in 12 days.'"""
        what = f"{self.kind.title} {self.document.reference} of {self.subject}"
        if self.days_left < 0:
            assert self.document.valid_to is not None
            return f"{what} expired on {_day(self.document.valid_to)}."
        when = {0: "runs out today", 1: "runs out tomorrow"}.get(
            self.days_left, f"runs out in {self.days_left} days"
        )
        return f"{what} {when}."

    @property
    def closes(self) -> bool:
        """Would its end close the route of a tool in use?"""
        return self.kind.on_lapse == "close" and any(d.stage in IN_USE for d in self.deployments)


def expiring(day: date, within_days: int = SOON_DAYS) -> tuple[Expiring, ...]:
    """Which documents of tools on the pathway run out within these days, or have, with none to follow? Soonest first.

    Three queries, whatever the number of documents: the board and My work ask on every look.
    """
    deployments = list(
        Deployment.objects.exclude(stage__in=(Stage.RETIRE.value, Stage.RETIRED.value)).select_related(
            "version__product__supplier", "site"
        )
    )
    versions = {d.version_id: d.version for d in deployments}
    suppliers = {d.version.product.supplier_id for d in deployments}
    rows = list(
        SupplierDocument.objects.filter(
            Q(version__in=versions) | Q(version__isnull=True, supplier__in=suppliers),
            superseded_by__isnull=True,
        ).select_related("supplier", "version__product")
    )
    groups: dict[tuple[str, int | None, int], list[SupplierDocument]] = defaultdict(list)
    for row in rows:
        if row.kind in _KINDS:
            groups[(_KINDS[row.kind].group, row.version_id, row.supplier_id)].append(row)
    found = []
    for (_, version, supplier), members in groups.items():
        last = max(members, key=lambda row: row.valid_to or date.max)
        if last.valid_to is None or last.valid_to > day + timedelta(days=within_days):
            continue
        about = [
            d
            for d in deployments
            if (d.version_id == version if version else d.version.product.supplier_id == supplier)
        ]
        subject = str(last.version) if last.version else last.supplier.name
        found.append(Expiring(last, _KINDS[last.kind], subject, (last.valid_to - day).days, tuple(about)))
    return tuple(sorted(found, key=lambda one: (one.days_left, one.document.pk)))


def device_of(version: Version) -> Device | None:
    """What is this version under device law, by the newest statement?"""
    return Device.objects.filter(version=version).select_related("stated_by").order_by("-pk").first()


def against_intended_use(version: Version, eligibility: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """What is missing from the intended use, as questions to the supplier; and where would our use leave it?"""
    use = IntendedUse.objects.filter(version=version).first() or IntendedUse(version=version)
    supplier = version.product.supplier.name
    missing = set(use.missing)
    found = [
        f"{supplier} must state for {version}: {one.question}"
        for one in load_statements()
        if one.slug in missing
    ]
    if use.screening and not use.screening_committee.strip():
        found.append(
            f"{version} is meant for screening; name the National Screening Committee's recommendation for it."
        )
    return (*found, *outside(use.rules, eligibility or {}))


_LISTS = {
    "modalities": "modality",
    "body_parts": "body part",
    "views": "view",
    "sexes": "sex",
    "manufacturers": "manufacturer",
    "models": "model",
    "sop_classes": "SOP class",
    "transfer_syntaxes": "transfer syntax",
}


def outside(stated: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """Where do a deployment's own rules reach beyond the supplier's? A narrower rule never does."""
    found = []
    for key, words in _LISTS.items():
        if key not in stated:
            continue
        strange = [v for v in wanted.get(key, ()) if _plain(v) not in {_plain(s) for s in stated[key]}]
        if strange:
            found.append(f"Our use takes {words} {', '.join(strange)}, which the intended use does not name.")
    for key, words, beyond in (
        ("age_min_years", "patients from the age of", operator.lt),
        ("age_max_years", "patients up to the age of", operator.gt),
        ("slice_spacing_min_mm", "slices apart from (mm)", operator.lt),
        ("slice_spacing_max_mm", "slices apart up to (mm)", operator.gt),
    ):
        if key in stated and key in wanted and beyond(wanted[key], stated[key]):
            found.append(f"Our use takes {words} {wanted[key]}; the intended use says {stated[key]}.")
    return tuple(found)


def _plain(value: Any) -> str:
    return " ".join(str(value).upper().replace("_", " ").split())


def alike(version: Version, around: Organisation) -> tuple[Deployment, ...]:
    """Which tools in use around here (Trust or region) do the same to the same images? Not to buy a thing twice (P19).

    The same kind of tool, at least one modality and one body part in common; other versions of this product are not
    another tool.
    """
    use = IntendedUse.objects.filter(version=version).first()
    rows = (
        Deployment.objects.filter(
            stage__in=IN_USE,
            site__in=[o.pk for o in below(around)],
            version__product__kind=version.product.kind,
        )
        .exclude(version__product=version.product_id)
        .select_related("version__product__supplier", "version__intended_use", "site")
        .order_by("pk")
    )
    rules = use.rules if use else {}
    return tuple(d for d in rows if _same_images(rules, _rules_of(d)))


def _rules_of(deployment: Deployment) -> Mapping[str, Any]:
    use = getattr(deployment.version, "intended_use", None)
    return use.rules if use else {}


def _same_images(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(
        {_plain(v) for v in one.get(key, ())} & {_plain(v) for v in other.get(key, ())}
        for key in ("modalities", "body_parts")
    )
