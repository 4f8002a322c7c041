"""How does evidence come in, and how does it stop standing? It is recorded once, sealed, and never edited."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.timezone import localdate

from alarp.kernel import BadInput, Design, NotNow, NotPermitted, Tier, canonical_json, sha256_hex
from alarp.pathway.proof import EVIDENCE_TYPE, payload_of, statement
from alarp.records import clock, objects, permissions
from alarp.records.audit.commands import SITE
from alarp.records.audit.commands import record as audit
from alarp.records.deployments.doors.changing import reopen_where_used
from alarp.records.evidence import keys
from alarp.records.evidence.locked import refuse_exploratory
from alarp.records.evidence.models import Evidence, SigningKey, Withdrawal
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import line_of
from alarp.records.products.identity import version_subject
from alarp.records.products.models import Version

__all__ = ["create_key", "record", "withdraw"]


def create_key(organisation: Organisation, *, by: Person | str = "set-up") -> SigningKey:
    """Give the organisation a new signing key; the one before stays known, to verify what it sealed."""
    at = clock.now()
    keyid, public = keys.make(organisation)
    with transaction.atomic():
        SigningKey.objects.filter(organisation=organisation, retired_at__isnull=True).update(retired_at=at)
        key = SigningKey.objects.create(
            organisation=organisation, keyid=keyid, public_pem=public, created_at=at
        )
        audit(by, "signing key created", f"organisation {organisation.slug}", stream=SITE, at=at, keyid=keyid)
    return key


def record(
    kind: str,
    title: str,
    version: Version,
    organisation: Organisation,
    design: Design | str,
    dated: date,
    expires_on: date | None = None,
    body: dict[str, Any] | None = None,
    document: bytes | None = None,
    document_name: str = "",
    document_type: str = "",
    supersedes: Evidence | None = None,
    *,
    by: Person,
) -> Evidence:
    """Record and seal one piece of evidence about exactly this version, with its document where there is one."""
    _check_may_speak(by, organisation, version)
    design = _checked(kind, title, design, dated, expires_on, body, document, document_name, document_type)
    refuse_exploratory(kind, body, document)
    _check_supersedes(supersedes, kind, version, organisation)
    at = clock.now()
    document_sha256 = objects.put(document) if document else ""
    said = {
        "kind": kind,
        "title": title.strip(),
        "product": version.product.name,
        "version": version.number,
        "organisation": organisation.name,
        "author": str(by),
        "author_username": by.username,
        "design": design.value,
        "dated": dated.isoformat(),
        "expires_on": expires_on.isoformat() if expires_on else "",
        "recorded_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "supersedes": supersedes.sha256 if supersedes else "",
        "body": body or {},
    }
    subjects = [version_subject(version)]
    if document_sha256:
        said["document"] = {"name": document_name, "type": document_type, "sha256": document_sha256}
        subjects.append({"name": document_name, "digest": {"sha256": document_sha256}})
    envelope = keys.seal_for(
        organisation, statement(subjects=subjects, predicate_type=EVIDENCE_TYPE, predicate=said)
    )
    evidence = Evidence(
        sha256=sha256_hex(payload_of(envelope)),
        kind=kind,
        title=title.strip(),
        version=version,
        organisation=organisation,
        author=by,
        design=design.value,
        dated=dated,
        received_at=at,
        expires_on=expires_on,
        supersedes=supersedes,
        body=body or {},
        document_sha256=document_sha256,
        document_name=document_name if document_sha256 else "",
        document_type=document_type if document_sha256 else "",
        envelope=envelope,
    )
    with transaction.atomic():
        evidence.save()
        audit(
            by,
            "evidence recorded",
            f"evidence {evidence.sha256}",
            stream=SITE,
            at=at,
            sha256=evidence.sha256,
            kind=kind,
            title=evidence.title,
            version=str(version),
            organisation=organisation.slug,
            supersedes=said["supersedes"],
        )
        if supersedes is not None:
            reopen_where_used(supersedes, at, by)
    return evidence


def _check_may_speak(by: Person, organisation: Organisation, version: Version) -> None:
    """A Trust's people speak for their Trust, a supplier's for the supplier, about its own products."""
    if permissions.is_supplier(by):
        permissions.check(by, "upload_evidence", version)
        if organisation.pk != by.organisation_id:
            raise NotPermitted(
                f"You work for {by.organisation}; you cannot give evidence for {organisation}."
            )
        return
    if organisation.tier == Tier.SUPPLIER:  # a Trust's person files what the supplier sent
        permissions.check(by, "upload_evidence")
        if organisation.pk != version.product.supplier_id:
            raise BadInput(f"{organisation.name} does not supply {version.product.name}.")
        return
    permissions.check(by, "upload_evidence", organisation)


def _checked(
    kind: str,
    title: str,
    design: Design | str,
    dated: date,
    expires_on: date | None,
    body: dict[str, Any] | None,
    document: bytes | None,
    document_name: str,
    document_type: str,
) -> Design:
    if not kind or slugify(kind) != kind:
        raise BadInput(f"The kind of evidence is {kind!r}; take lower-case letters, digits and hyphens.")
    if not title.strip() or len(title.strip()) > 200:
        raise BadInput("Evidence needs a title of 1 to 200 characters.")
    try:
        design = Design(design)
    except ValueError:
        raise BadInput(f"The design is {design!r}; it is one of {', '.join(Design)}.") from None
    if dated > localdate(clock.now()):
        raise BadInput(f"The evidence is dated {dated}, which lies ahead; give the day it speaks of.")
    if expires_on is not None and expires_on < dated:
        raise BadInput(
            f"The evidence expires on {expires_on}, before its own date {dated}; correct one of them."
        )
    if document is not None and not document:
        raise BadInput(f"The document {document_name!r} is empty; choose the file again.")
    if len(kind) > 50 or len(document_type) > 100:
        raise BadInput("The kind of evidence has at most 50 characters, the document's type at most 100.")
    if document and (not document_name.strip() or len(document_name) > 200):
        raise BadInput("A document needs its file name, of 1 to 200 characters.")
    if document is None and not body:
        raise BadInput("Evidence says something: give a document or a body.")
    try:
        canonical_json(body or {})
    except (TypeError, ValueError):
        raise BadInput("The evidence's body holds a value that JSON does not know, such as NaN.") from None
    return design


def _check_supersedes(old: Evidence | None, kind: str, version: Version, organisation: Organisation) -> None:
    if old is None:
        return
    if old.kind != kind or old.version_id != version.pk:
        raise BadInput(
            f"'{old.title}' is {old.kind} about {old.version}; only evidence of the same kind about the same "
            "version supersedes it."
        )
    if old.organisation_id != organisation.pk:
        raise BadInput(f"'{old.title}' was given by {old.organisation.name}; only they supersede it.")
    if old.superseded_by.exists():
        raise NotNow(f"'{old.title}' was superseded already; supersede the newest.")


def withdraw(evidence: Evidence, reason: str, *, by: Person) -> Withdrawal:
    """Say that this evidence no longer stands; every gate that was signed on it opens again, and routes close."""
    if permissions.is_supplier(by):
        if by.organisation_id != evidence.organisation_id:
            raise NotPermitted(
                f"'{evidence.title}' was given by {evidence.organisation.name}; only they withdraw it."
            )
        permissions.check(by, "upload_evidence", evidence.version)
    else:
        _check_trust_may_withdraw(evidence, by)
    if not reason.strip():
        raise BadInput("To withdraw evidence needs a reason in writing.")
    at = clock.now()
    with transaction.atomic():
        if Withdrawal.objects.filter(evidence=evidence).exists():
            raise NotNow(f"'{evidence.title}' was withdrawn already.")
        row = Withdrawal(evidence=evidence, by=by, at=at, reason=reason.strip())
        row.save()
        audit(
            by,
            "evidence withdrawn",
            f"evidence {evidence.sha256}",
            stream=SITE,
            at=at,
            sha256=evidence.sha256,
            reason=row.reason,
            title=evidence.title,
        )
        reopen_where_used(evidence, at, by)
    return row


def _check_trust_may_withdraw(evidence: Evidence, by: Person) -> None:
    """Their own Trust's evidence, or a supplier's that this Trust filed."""
    if evidence.organisation.tier == Tier.SUPPLIER:
        permissions.check(by, "upload_evidence")
        own = {o.pk for o in line_of(by.organisation)} if by.organisation else set()
        filed_by = evidence.author.organisation
        if filed_by is None or filed_by.pk not in own:
            raise NotPermitted(
                f"'{evidence.title}' was given by {evidence.organisation.name}; only they withdraw it."
            )
        return
    permissions.check(by, "upload_evidence", evidence.organisation)
