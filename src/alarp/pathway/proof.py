"""Who sealed these bytes, and are they the bytes that were sealed? DSSE and in-toto, without a network.

DSSE v1 (https://github.com/secure-systems-lab/dsse), in-toto Statement v1
(https://github.com/in-toto/attestation), Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
import binascii
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from alarp.kernel import BrokenEvidence, canonical_json, sha256_hex
from alarp.pathway.route import day_in_words

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
EVIDENCE_TYPE = "https://alarp.example/evidence/v1"
DECISION_TYPE = "https://alarp.example/decision/v1"
HEADS_TYPE = "https://alarp.example/audit-heads/v1"
FILE_FORMAT = "alarp-evidence-1"


@dataclass(frozen=True, slots=True)
class Verified:
    """What did an evidence file prove?"""

    sentence: str
    kind: str
    title: str
    product: str
    version: str
    keyid: str
    organisation: str
    sha256: str
    expires_on: str
    expired: bool


def keyid_of(public_pem: str | bytes) -> str:
    """Which fingerprint names this public key? SHA-256 of its DER form, in hexadecimal."""
    der = _public_key(public_pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256_hex(der)


def _public_key(pem: str | bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode("ascii") if isinstance(pem, str) else pem)
    except (ValueError, UnicodeEncodeError):
        raise BrokenEvidence("The public key is not a PEM key; ask the organisation for it again.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise BrokenEvidence("The public key is not an Ed25519 key; ask the organisation for the right one.")
    return key


def statement(
    *, subjects: list[dict[str, Any]], predicate_type: str, predicate: Mapping[str, Any]
) -> dict[str, Any]:
    """The in-toto Statement that says this of these subjects."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }


def seal(value: Mapping[str, Any], private_pem: bytes) -> dict[str, Any]:
    """A DSSE envelope over this statement's canonical JSON."""
    key = load_pem_private_key(private_pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise BrokenEvidence("The organisation's private key is not an Ed25519 key; create a new one.")
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    envelope = Envelope(canonical_json(dict(value)), PAYLOAD_TYPE, {})
    keyid = keyid_of(public)
    envelope.sign(CryptoSigner(key, SSlibKey.from_crypto(key.public_key(), keyid=keyid)))
    sealed: dict[str, Any] = envelope.to_dict()
    return sealed


def payload_of(envelope: Mapping[str, Any]) -> bytes:
    """The bytes that the envelope carries; BrokenEvidence when it is not an envelope."""
    return _read(envelope).payload


def _read(envelope: Any) -> Envelope:
    try:
        read = Envelope.from_dict(copy.deepcopy(dict(envelope)))
        if not read.signatures:
            raise ValueError
    except Exception:
        raise BrokenEvidence(
            "The envelope lacks its payload or its signatures; ask for the file again."
        ) from None
    return read


def open_sealed(envelope: Mapping[str, Any], public_pem: str | bytes) -> dict[str, Any]:
    """The statement inside, once this key's signature over exactly these bytes holds; else BrokenEvidence."""
    read = _read(envelope)
    keyid = keyid_of(public_pem)
    if keyid not in read.signatures:
        signed_by = next(iter(read.signatures))
        raise BrokenEvidence(
            f"Signed with key {signed_by[:12]}…, not with key {keyid[:12]}…; do not rely on it."
        )
    try:
        _public_key(public_pem).verify(bytes.fromhex(read.signatures[keyid].signature), read.pae())
    except (InvalidSignature, ValueError):
        raise BrokenEvidence(
            "The signature does not fit the payload: it was altered after signing, or signed with another key; do not rely on it."
        ) from None
    try:
        value = json.loads(read.payload)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BrokenEvidence("The signed payload is not a statement; ask for the file again.")
    return value


def verify_file(data: bytes, trusted_public_pem: bytes | None = None, *, on: date | None = None) -> Verified:
    """Does this exported evidence prove what it says? Offline; raises BrokenEvidence with one sentence.

    With `trusted_public_pem` the signature must be that key's; without it the file's own key is used and named,
    for the reader to compare with what the organisation publishes. With `on` the expiry is judged on that day.
    """
    table = _file_table(data)
    envelope, own_pem = table["envelope"], table["public_key"]
    address = sha256_hex(payload_of(envelope))
    if address != table["sha256"]:
        raise BrokenEvidence(
            "The payload was altered: its digest is not the address in the file. Do not rely on it."
        )
    if trusted_public_pem is not None and keyid_of(trusted_public_pem) != keyid_of(own_pem):
        raise BrokenEvidence(
            f"The file names key {keyid_of(own_pem)[:12]}…; the key you trust is {keyid_of(trusted_public_pem)[:12]}…. "
            "Do not rely on it."
        )
    value = open_sealed(envelope, trusted_public_pem or own_pem)
    said = _predicate(value)
    _check_document(table, value, said)
    return _verified(said, keyid_of(own_pem), address, on)


def _file_table(data: bytes) -> dict[str, Any]:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError):
        raise BrokenEvidence("This file is not JSON; give a file that Alarp exported as evidence.") from None
    if not isinstance(table, dict) or table.get("format") != FILE_FORMAT:
        raise BrokenEvidence(f"This file is not Alarp evidence: its format is not {FILE_FORMAT}.")
    for field, kind in (("envelope", dict), ("public_key", str), ("organisation", str), ("sha256", str)):
        if not isinstance(table.get(field), kind) or not table[field]:
            raise BrokenEvidence(f"The file lacks its {field!r}; ask for it again.")
    return table


def _predicate(value: Mapping[str, Any]) -> dict[str, Any]:
    said = value.get("predicate")
    if value.get("predicateType") != EVIDENCE_TYPE or not isinstance(said, dict):
        raise BrokenEvidence(f"The statement is not evidence: its type is {value.get('predicateType')!r}.")
    for field in ("kind", "title", "product", "version", "organisation", "dated", "design"):
        if not isinstance(said.get(field), str) or not said[field]:
            raise BrokenEvidence(f"The statement lacks {field!r}; ask for the file again.")
    return said


def _check_document(table: Mapping[str, Any], value: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    document = said.get("document")
    if not document:
        return
    encoded = table.get("document")
    if not isinstance(encoded, str):
        raise BrokenEvidence(f"The document {document['name']!r} is missing from the file; ask for it again.")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BrokenEvidence(
            f"The document {document['name']!r} is not readable (base64); ask for the file again."
        ) from None
    signed = [s.get("digest", {}).get("sha256") for s in value.get("subject", []) if isinstance(s, dict)]
    if sha256_hex(content) != document["sha256"] or document["sha256"] not in signed:
        raise BrokenEvidence(
            f"The document {document['name']!r} is not the one that was signed: it was altered. Do not rely on it."
        )


def _verified(said: Mapping[str, Any], keyid: str, address: str, on: date | None) -> Verified:
    until = said.get("expires_on") or ""
    try:
        end = date.fromisoformat(until) if until else None
        dated = date.fromisoformat(said["dated"])
    except (TypeError, ValueError):
        raise BrokenEvidence("The statement's dates are not days; ask for the file again.") from None
    expired = bool(end and on and end < on)
    sentence = (
        f"Verified: '{said['title']}' ({said['kind']}) about {said['product']} {said['version']}, "
        f"dated {day_in_words(dated)}, signed by {said['organisation']} with key {keyid[:12]}…"
    )
    if end:
        sentence += f"; {'it expired on' if expired else 'valid until'} {day_in_words(end)}"
    return Verified(
        sentence=sentence + ".",
        kind=said["kind"],
        title=said["title"],
        product=said["product"],
        version=said["version"],
        keyid=keyid,
        organisation=said["organisation"],
        sha256=address,
        expires_on=until,
        expired=expired,
    )
