"""What does a piece of evidence prove, here and as a file that travels?"""

from __future__ import annotations

import base64
import json
from datetime import date, datetime

from django.utils.timezone import localdate

from alarp.kernel import BrokenEvidence, sha256_hex
from alarp.pathway import Verified
from alarp.pathway.proof import FILE_FORMAT, open_sealed, payload_of
from alarp.pathway.proof import verify_file as verify_file_on
from alarp.records import clock, objects
from alarp.records.evidence.models import Evidence, SigningKey

__all__ = ["Verified", "check_seal", "export", "key_of", "standing", "verify_file"]


def key_of(evidence: Evidence) -> SigningKey:
    """The public key whose seal this evidence carries."""
    signatures = evidence.envelope.get("signatures") or [{}]
    key = SigningKey.objects.filter(keyid=signatures[0].get("keyid", "")).first()
    if key is None:
        raise BrokenEvidence(f"'{evidence.title}' is signed with a key that is not known here.")
    return key


def check_seal(evidence: Evidence) -> dict[str, object]:
    """The signed statement, once its seal, its address and its document hold; else BrokenEvidence."""
    if sha256_hex(payload_of(evidence.envelope)) != evidence.sha256:
        raise BrokenEvidence(f"'{evidence.title}' was altered: its digest is not its address.")
    value = open_sealed(evidence.envelope, key_of(evidence).public_pem)
    if evidence.document_sha256:
        objects.get(evidence.document_sha256)
    return value


def standing(evidence: Evidence, at: datetime | None = None) -> str:
    """Does this evidence still stand? Empty, or why not: withdrawn, superseded, expired."""
    at = at or clock.now()
    withdrawal = getattr(evidence, "withdrawal", None)
    if withdrawal is not None and withdrawal.at <= at:
        return f"Withdrawn: {withdrawal.reason}"
    newer = evidence.superseded_by.filter(received_at__lte=at).first()
    if newer is not None:
        return f"Superseded by '{newer.title}'."
    if evidence.expires_on and evidence.expires_on < localdate(at):
        return f"Expired on {evidence.expires_on:%d %B %Y}."
    return ""


def export(evidence: Evidence) -> bytes:
    """One JSON file that proves this evidence anywhere: envelope, public key, organisation, document."""
    key = key_of(evidence)
    table = {
        "format": FILE_FORMAT,
        "sha256": evidence.sha256,
        "envelope": evidence.envelope,
        "public_key": key.public_pem,
        "organisation": key.organisation.name,
    }
    if evidence.document_sha256:
        table["document"] = base64.b64encode(objects.get(evidence.document_sha256)).decode("ascii")
    return json.dumps(table, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8")


def verify_file(data: bytes, trusted_public_pem: bytes | None = None, *, on: date | None = None) -> Verified:
    """Does this exported file prove what it says, judged on this day (today when none is given)?"""
    return verify_file_on(data, trusted_public_pem, on=on or localdate(clock.now()))
