"""How do a version's papers, claims and answers read as a document? Rows in, the report's own shapes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from alarp.records.deployments import issuing
from alarp.records.deployments.issuing import Printed
from alarp.records.deployments.models import Deployment
from alarp.records.products.claims import GradedClaim, as_measure, figure_of
from alarp.records.products.diligence import Asked
from alarp.records.products.models import Device, IntendedUse, SupplierDocument
from alarp.records.products.queries import Owed
from alarp.report import Document, Section, Table, to_html
from alarp.standards.products import load_device_terms, load_document_kinds, load_statements

Body = dict[str, Any]


def printed(document: Document, name: str) -> Printed:
    """The document as it is issued."""
    return issuing.printed(to_html(document), name)


def _lead(deployment: Deployment, day: date) -> str:
    version = deployment.version
    return f"{version} by {version.product.supplier.name}, for {deployment.site.name}. {in_words(day)}."


def in_words(day: date | None) -> str:
    return f"{day.day} {day:%B %Y}" if day else "no end"


def _provenance(deployment: Deployment, schema: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Deployment", deployment.slug),
        ("Product version", str(deployment.version)),
        ("Form of this evidence", schema),
    )


# Claims

CLAIMS = "alarp.claims/1"


def claims_body(deployment: Deployment, graded: Sequence[GradedClaim]) -> Body:
    """The claims table as data: every claim, its level with the reason, and each piece with its five facets."""
    return {
        "schema": CLAIMS,
        "deployment": deployment.slug,
        "version": str(deployment.version),
        "claims": [_claim_row(one) for one in graded],
    }


def _claim_row(one: GradedClaim) -> Body:
    claim = one.claim
    measure = one.local_measure
    return {
        "number": claim.number,
        "text": claim.text,
        "about": claim.about,
        "measure": claim.measure,
        "subgroup": claim.subgroup,
        "figure": claim.figure,
        "side": "at least" if claim.at_least else "at most",
        "population": claim.population,
        "threshold": claim.threshold,
        "source": claim.source,
        "level": one.grade.level.value,
        "because": one.grade.because,
        "word": {"by": str(one.mark.by), "says": one.mark.word} if one.mark else None,
        "local": measure.as_dict() if measure else None,
        "evidence": [
            {
                "sha256": link.evidence.sha256,
                "title": link.evidence.title,
                "finding": link.finding,
                "found": as_measure(link).sentence() if link.measured else link.found,
                "facets": {f.name: {"reading": f.reading, "holds": f.holds} for f in judged.facets},
            }
            for link, judged in zip(one.links, one.grade.pieces, strict=True)
        ],
    }


def claims_document(deployment: Deployment, graded: Sequence[GradedClaim], day: date) -> Document:
    """What was claimed, how it is supported, and what was found here."""
    levels = [one.grade.level.value for one in graded]
    counted = [f"{levels.count(level)} {level}" for level in dict.fromkeys(levels)]
    against = [one for one in graded if one.grade.level.value == "contradicted"]
    return Document(
        title="What was claimed, and what was found",
        lead=_lead(deployment, day),
        warnings=tuple(f"Claim {one.claim.number} is contradicted: {one.grade.because}" for one in against),
        summary=(f"{len(graded)} {'claim' if len(graded) == 1 else 'claims'}: {', '.join(counted)}.",),
        claims=Table(
            "Claims",
            ("Claim", "Figure", "Found here", "Level", "Because"),
            tuple(
                (
                    f"{one.claim.number}. {one.claim.text}",
                    figure_of(one.claim),
                    one.local_measure.sentence() if one.local_measure else "–",
                    one.grade.level.value,
                    one.grade.because,
                )
                for one in graded
            ),
        ),
        sections=tuple(_claim_section(one) for one in graded),
        provenance=_provenance(deployment, CLAIMS),
    )


def _claim_section(one: GradedClaim) -> Section:
    claim = one.claim
    said = [f"Claimed in: {claim.source}."]
    said += [f"For: {claim.population}."] if claim.population else []
    said += [f"At: {claim.threshold}."] if claim.threshold else []
    said += [f"{one.mark.by} marked it unsupported: {one.mark.word}"] if one.mark else []
    rows = tuple(
        (
            link.evidence.title,
            link.finding,
            *(f"{'✓' if facet.holds else '✗'} {facet.reading}" for facet in judged.facets),
        )
        for link, judged in zip(one.links, one.grade.pieces, strict=True)
    )
    columns = ("Evidence", "Claim", "Design", "Population", "Independence", "Size", "Comparator")
    table = Table("Evidence for and against", columns, rows)
    return Section(f"Claim {claim.number}: {claim.text}", tuple(said), (), (table,) if rows else ())


# Device and documents

DEVICE = "alarp.device/1"


def device_body(deployment: Deployment, device: Device, owed: Iterable[Owed]) -> Body:
    """Class, route, registration and every certificate with its dates, as data."""
    return {
        "schema": DEVICE,
        "deployment": deployment.slug,
        "version": str(deployment.version),
        "device": {
            "class": device.device_class,
            "route": device.market_route,
            "gmdn": device.gmdn,
            "udi": device.udi,
            "registration": device.registration,
            "responsible": device.responsible,
        },
        "documents": [document_row(one.holding) for one in owed if one.holding],
    }


def document_row(row: SupplierDocument) -> Body:
    return {
        "kind": row.kind,
        "reference": row.reference,
        "issuing_body": row.issuing_body,
        "checked_against": row.checked_against,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else "",
        "document": row.document_sha256,
    }


def device_document(deployment: Deployment, device: Device, owed: Sequence[Owed], day: date) -> Document:
    """Is this version a lawful device, and until when?"""
    titles = {c.slug: c.title for what in ("classes", "routes") for c in load_device_terms(what)}
    facts = (
        ("Class", titles[device.device_class]),
        ("Route to the market", titles[device.market_route]),
        ("MHRA registration", device.registration or "–"),
        ("GMDN code", device.gmdn or "–"),
        ("UDI device identifier", device.udi or "–"),
        ("UK responsible person", device.responsible or "–"),
    )
    return Document(
        title="Device status and certificates",
        lead=_lead(deployment, day),
        warnings=(),
        summary=tuple(
            f"{one.title}: holds until {in_words(one.holding.valid_to)}."
            for one in owed
            if one.holding and one.asked_at == "always"
        ),
        claims=Table("Under device law", ("Item", "Stated"), facts),
        sections=(Section("Documents on the register", (), (), (documents_table(owed),)),),
        provenance=_provenance(deployment, DEVICE),
    )


def documents_table(owed: Iterable[Owed]) -> Table:
    """Every document that holds, or what is missing."""
    titles = {kind.slug: kind.title for kind in load_document_kinds()}
    rows = tuple(
        (
            titles[one.newest.kind] if one.newest else one.title,
            one.newest.reference if one.newest else "not on the register",
            one.newest.issuing_body if one.newest else "–",
            in_words(one.newest.valid_to) if one.newest else "–",
            "holds" if one.holding else "does not hold",
        )
        for one in owed
    )
    return Table("Supplier documents", ("Document", "Reference", "Body", "Until", "Today"), rows)


# Intended use

INTENDED_USE = "alarp.intended-use/1"


def intended_use_body(deployment: Deployment, use: IntendedUse) -> Body:
    """The six statements, the gateway's rules, and this deployment's narrower ones, as data."""
    return {
        "schema": INTENDED_USE,
        "deployment": deployment.slug,
        "version": str(deployment.version),
        "statements": {name: getattr(use, name) for name in IntendedUse.STATEMENTS},
        "rules": use.rules,
        "our_use": deployment.use,
        "our_rules": deployment.eligibility,
        "screening": use.screening,
        "screening_committee": use.screening_committee,
    }


def intended_use_document(deployment: Deployment, use: IntendedUse, day: date) -> Document:
    """For what is it meant, and does our use lie within?"""
    rows = tuple((s.title, getattr(use, s.slug)) for s in load_statements())
    ours = [f"Our use: {deployment.use}. {deployment.problem}"]
    if use.screening:
        ours.append(f"Screening use; National Screening Committee: {use.screening_committee}.")
    rules = tuple(
        (key.replace("_", " "), _plain(value), _plain(deployment.eligibility.get(key, "–")))
        for key, value in use.rules.items()
    )
    return Document(
        title="Intended use, and our use within it",
        lead=_lead(deployment, day),
        warnings=(),
        summary=("All six statements are made, and our rules reach nowhere beyond the supplier's.",),
        claims=Table("What the supplier states", ("Statement", "In the supplier's words"), rows),
        sections=(
            Section(
                "Our use",
                tuple(ours),
                (),
                (Table("Rules that the gateway reads", ("Rule", "Supplier", "Ours"), rules),),
            ),
        ),
        provenance=_provenance(deployment, INTENDED_USE),
    )


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


# Due diligence

DUE_DILIGENCE = "alarp.due-diligence/1"


def diligence_body(deployment: Deployment, asked: Sequence[Asked], owed: Iterable[Owed]) -> Body:
    """Every question with its answer, every declined one with who accepted it, and the documents, as data."""
    return {
        "schema": DUE_DILIGENCE,
        "deployment": deployment.slug,
        "version": str(deployment.version),
        "question_set": next((one.answer.question_set for one in asked if one.answer), ""),
        "answers": [_answer_row(one) for one in asked],
        "documents": [document_row(one.holding) for one in owed if one.holding],
    }


def _answer_row(one: Asked) -> Body:
    answer, accepted = one.answer, one.acceptance
    return {
        "question": one.question.slug,
        "outcome": one.outcome,
        "text": answer.text if answer else "",
        "given_by": str(answer.given_by) if answer else "",
        "said_by": answer.said_by if answer else "",
        "on": answer.given_at.date().isoformat() if answer else "",
        "declined_before": one.declined_before is not None,
        "accepted": {"by": str(accepted.by), "because": accepted.reason} if accepted else None,
    }


def diligence_document(
    deployment: Deployment, asked: Sequence[Asked], owed: Sequence[Owed], day: date
) -> Document:
    """What did the supplier answer, and what not?"""
    declined = [one for one in asked if one.outcome == "declined"]
    answered = sum(one.outcome == "answered" for one in asked)
    topics = list(dict.fromkeys(one.question.topic for one in asked))
    return Document(
        title="Due diligence of the supplier",
        lead=_lead(deployment, day),
        warnings=tuple(f"Declined: {one.question.asks}" for one in declined),
        summary=(f"{answered} of {len(asked)} questions answered, {len(declined)} declined.",),
        claims=Table(
            "Declined, and who accepted it",
            ("Question", "Accepted by", "Because"),
            tuple(
                (
                    one.question.asks,
                    str(one.acceptance.by) if one.acceptance else "nobody",
                    one.acceptance.reason if one.acceptance else "–",
                )
                for one in declined
            ),
        ),
        sections=(
            *(_topic(topic, [one for one in asked if one.question.topic == topic]) for topic in topics),
            Section("Supplier documents", (), (), (documents_table(owed),)),
        ),
        provenance=_provenance(deployment, DUE_DILIGENCE),
    )


def _topic(topic: str, asked: Sequence[Asked]) -> Section:
    rows = tuple(
        (
            one.question.asks,
            one.outcome.replace("-", " "),
            one.answer.text if one.answer else "–",
            f"{one.answer.said_by or one.answer.given_by}, {in_words(one.answer.given_at.date())}"
            if one.answer
            else "–",
        )
        for one in asked
    )
    return Section(topic, (), (), (Table(topic, ("Question", "Outcome", "Answer", "Who, when"), rows),))
