"""An exported file proves what it says, or one sentence says why not."""

from __future__ import annotations

import base64
import json
from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from alarp.kernel import BrokenEvidence, sha256_hex
from alarp.pathway import verify_file
from alarp.pathway.proof import EVIDENCE_TYPE, FILE_FORMAT, keyid_of, payload_of, seal, statement

DOCUMENT = b"%PDF-1.7 the report"


def pair() -> tuple[bytes, str]:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), public


def exported(private: bytes, public: str, **said: Any) -> dict[str, Any]:
    predicate = {
        "kind": "evaluation",
        "title": "Local evaluation",
        "product": "Flag",
        "version": "1.0",
        "organisation": "Valley NHS Trust",
        "dated": "2026-11-01",
        "design": "retrospective",
        "expires_on": "2027-11-01",
        "document": {"name": "report.pdf", "type": "application/pdf", "sha256": sha256_hex(DOCUMENT)},
        **said,
    }
    subjects = [
        {"name": "flag@1.0", "digest": {"sha256": "1" * 64}},
        {"name": "report.pdf", "digest": {"sha256": sha256_hex(DOCUMENT)}},
    ]
    envelope = seal(statement(subjects=subjects, predicate_type=EVIDENCE_TYPE, predicate=predicate), private)
    return {
        "format": FILE_FORMAT,
        "sha256": sha256_hex(payload_of(envelope)),
        "envelope": envelope,
        "public_key": public,
        "organisation": "Valley NHS Trust",
        "document": base64.b64encode(DOCUMENT).decode(),
    }


def as_bytes(table: Any) -> bytes:
    return json.dumps(table).encode()


@pytest.fixture(scope="module")
def keys() -> tuple[bytes, str]:
    return pair()


def test_a_whole_file_says_who_signed_what_about_which_version(keys: tuple[bytes, str]) -> None:
    found = verify_file(as_bytes(exported(*keys)), keys[1].encode(), on=date(2026, 12, 1))
    assert found.sentence.startswith("Verified: 'Local evaluation' (evaluation) about Flag 1.0")
    assert "valid until 1 November 2027" in found.sentence
    assert (found.product, found.version, found.keyid) == ("Flag", "1.0", keyid_of(keys[1]))
    assert not found.expired


def test_expired_evidence_is_verified_and_says_that_it_expired(keys: tuple[bytes, str]) -> None:
    found = verify_file(as_bytes(exported(*keys)), on=date(2027, 11, 2))
    assert found.expired
    assert "it expired on 1 November 2027" in found.sentence


def test_the_reference_implementation_of_dsse_accepts_the_signature(keys: tuple[bytes, str]) -> None:
    private, public = keys
    envelope = Envelope.from_dict(exported(private, public)["envelope"])
    key = SSlibKey.from_crypto(load_pem_public_key(public.encode()), keyid=keyid_of(public))
    assert envelope.verify([key], 1)


def altered_payload(table: dict[str, Any]) -> None:
    payload = base64.b64decode(table["envelope"]["payload"]).replace(b'"1.0"', b'"2.0"')
    table["envelope"]["payload"] = base64.b64encode(payload).decode()


def altered_payload_and_address(table: dict[str, Any]) -> None:
    altered_payload(table)
    table["sha256"] = sha256_hex(base64.b64decode(table["envelope"]["payload"]))


def other_key_in_the_file(table: dict[str, Any]) -> None:
    table["public_key"] = pair()[1]


FAULTS: list[tuple[str, Any, str]] = [
    ("altered payload", altered_payload, "The payload was altered"),
    ("altered payload with its address", altered_payload_and_address, "it was altered after signing"),
    ("another key in the file", other_key_in_the_file, "Signed with key"),
    ("altered document", lambda t: t.update(document=base64.b64encode(b"other").decode()), "it was altered"),
    ("document missing", lambda t: t.pop("document"), "is missing from the file"),
    ("document not base64", lambda t: t.update(document="§§§"), "not readable"),
    ("envelope missing", lambda t: t.pop("envelope"), "lacks its 'envelope'"),
    ("key missing", lambda t: t.pop("public_key"), "lacks its 'public_key'"),
    ("key is not a key", lambda t: t.update(public_key="hello"), "not a PEM key"),
    ("signatures missing", lambda t: t["envelope"].update(signatures=[]), "lacks its payload or its signatures"),
    ("payload is no base64", lambda t: t["envelope"].update(payload=5), "lacks its payload or its signatures"),
    ("signature is no signature", lambda t: t["envelope"]["signatures"][0].update(sig="AAAA"), "was altered after signing"),
    ("another format", lambda t: t.update(format="x"), "is not Alarp evidence"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), [(f[1], f[2]) for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_bad_file_is_refused_in_one_sentence(keys: tuple[bytes, str], change: Any, sentence: str) -> None:
    table = exported(*keys)
    change(table)
    with pytest.raises(BrokenEvidence, match=sentence) as refused:
        verify_file(as_bytes(table))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"not json", b"\xff\xfe", b"[]", b"3", b"[" * 100_000])
def test_bytes_that_are_no_evidence_file_are_refused(data: bytes) -> None:
    with pytest.raises(BrokenEvidence, match="This file is not"):
        verify_file(data)


def test_a_whole_file_of_somebody_else_is_refused_when_a_key_is_trusted(keys: tuple[bytes, str]) -> None:
    with pytest.raises(BrokenEvidence, match="the key you trust is"):
        verify_file(as_bytes(exported(*pair())), keys[1].encode())


def test_somebody_elses_signature_under_the_trusted_keys_name_is_refused(keys: tuple[bytes, str]) -> None:
    forged = exported(pair()[0], keys[1])
    forged["envelope"]["signatures"][0]["keyid"] = keyid_of(keys[1])
    with pytest.raises(BrokenEvidence, match="signed with another key"):
        verify_file(as_bytes(forged), keys[1].encode())


def test_a_signed_statement_that_is_not_evidence_is_refused(keys: tuple[bytes, str]) -> None:
    with pytest.raises(BrokenEvidence, match="lacks 'version'"):
        verify_file(as_bytes(exported(*keys, version="")))
