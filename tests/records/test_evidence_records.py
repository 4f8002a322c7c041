"""Evidence is recorded once, sealed, bound to one version, and proved anywhere."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
import valley

from alarp.kernel import BadInput, BrokenEvidence, NotNow, NotPermitted
from alarp.records import clock, objects
from alarp.records.configuration import configuration
from alarp.records.evidence import commands, queries
from alarp.records.products.models import Version


@pytest.fixture
def today() -> Any:
    return clock.now().date()


def test_a_documents_bytes_are_kept_and_travel_with_its_proof(trust: None) -> None:
    content = b"%PDF-1.7 the report"
    given = {"document": content, "document_name": "report.pdf", "document_type": "application/pdf"}
    paper = valley.paper("evaluation", title="Local evaluation", body=None, **given)
    assert objects.get(paper.document_sha256) == content
    exported = json.loads(queries.export(paper))
    assert base64.b64decode(exported["document"]) == content
    found = queries.verify_file(queries.export(paper))
    assert (found.title, found.product, found.version) == ("Local evaluation", "Flag", "1.0")
    assert found.organisation == "Valley NHS Trust"


def test_the_address_of_evidence_is_the_digest_of_what_was_signed(trust: None) -> None:
    paper = valley.paper("dtac")
    queries.check_seal(paper)
    paper.sha256 = "0" * 64
    with pytest.raises(BrokenEvidence, match="its digest is not its address"):
        queries.check_seal(paper)


def test_the_signed_subject_is_the_version_by_its_fingerprint_or_else_by_its_identity(trust: None) -> None:
    known = valley.version("2.0")
    Version.objects.filter(pk=known.pk).update(fingerprint="f" * 64)
    one: Any = queries.check_seal(valley.paper("dtac", "2.0"))
    other: Any = queries.check_seal(valley.paper("dtac", "1.0"))
    assert one["subject"][0] == {"name": "flag@2.0", "digest": {"sha256": "f" * 64}}
    assert len(other["subject"][0]["digest"]["sha256"]) == 64
    assert one["subject"][0]["digest"] != other["subject"][0]["digest"]


def test_a_document_altered_on_disk_breaks_the_evidence(trust: None) -> None:
    paper = valley.paper("dtac", document=b"as it was", document_name="dtac.pdf")
    objects.path_of(paper.document_sha256).write_bytes(b"as it is")
    with pytest.raises(BrokenEvidence, match="altered on disk"):
        queries.check_seal(paper)


def test_private_keys_are_readable_by_their_owner_alone(trust: None) -> None:
    files = list(configuration().keys.glob("*.pem"))
    assert files
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}


def test_what_an_older_key_sealed_still_verifies_after_a_new_key(trust: None) -> None:
    before = valley.paper("dtac")
    fresh = commands.create_key(valley.organisation("valley"))
    after = valley.paper("dtac")
    assert queries.key_of(before).keyid != queries.key_of(after).keyid == fresh.keyid
    queries.check_seal(before)
    queries.check_seal(after)


def test_without_its_private_key_nothing_is_sealed(trust: None) -> None:
    for file in configuration().keys.glob("valley-*.pem"):
        file.unlink()
    with pytest.raises(NotNow, match="restore it from the backup"):
        valley.paper("dtac")
    commands.create_key(valley.organisation("valley"))


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"title": " "}, "title of 1 to 200"),
    ({"title": "x" * 201}, "title of 1 to 200"),
    ({"design": "guesswork"}, "The design is 'guesswork'"),
    ({"body": {}}, "give a document or a body"),
    ({"body": {"auc": float("nan")}}, "such as NaN"),
    ({"document": b"", "document_name": "empty.pdf"}, "is empty"),
    ({"document": b"x"}, "needs its file name"),
]


@pytest.mark.parametrize(("change", "sentence"), FAULTS)
def test_evidence_that_cannot_be_used_is_refused_in_one_sentence(
    trust: None, change: dict[str, Any], sentence: str
) -> None:
    title = change.pop("title", "A title")
    with pytest.raises(BadInput, match=sentence):
        commands.record(
            "dtac",
            title,
            valley.version(),
            valley.organisation("valley"),
            change.pop("design", "document"),
            clock.now().date(),
            **{"body": {"says": "yes"}, **change},
            by=valley.person("writer"),
        )


def test_evidence_from_tomorrow_or_that_expires_before_its_day_is_refused(trust: None, today: Any) -> None:
    with pytest.raises(BadInput, match="lies ahead"):
        valley.paper("dtac", dated=today + timedelta(days=2))
    with pytest.raises(BadInput, match="before its own date"):
        valley.paper("dtac", dated=today, expires_on=today - timedelta(days=1))
    with pytest.raises(BadInput, match="lower-case letters"):
        valley.paper("Not A Slug")


def test_a_newer_piece_supersedes_one_of_its_own_kind_version_and_organisation_only(trust: None) -> None:
    old = valley.paper("dtac")
    with pytest.raises(BadInput, match="same kind about the same version"):
        valley.paper("dpia", supersedes=old)
    with pytest.raises(BadInput, match="same kind about the same version"):
        valley.paper("dtac", "2.0", supersedes=old)
    with pytest.raises(BadInput, match="only they supersede"):
        valley.paper("dtac", by="vendor", organisation=valley.organisation("lungco"), supersedes=old)
    new = valley.paper("dtac", title="DTAC 2", supersedes=old)
    assert queries.standing(old) == "Superseded by 'DTAC 2'."
    assert queries.standing(new) == ""
    with pytest.raises(NotNow, match="superseded already"):
        valley.paper("dtac", supersedes=old)


def test_evidence_is_withdrawn_once_with_its_reason_by_those_who_gave_it(trust: None) -> None:
    paper = valley.paper("dtac")
    for outsider in ("vendor", "rival", "stranger", "region"):
        with pytest.raises(NotPermitted):
            commands.withdraw(paper, "Because.", by=valley.person(outsider))
    with pytest.raises(BadInput, match="reason in writing"):
        commands.withdraw(paper, " ", by=valley.person("writer"))
    commands.withdraw(paper, "A figure was wrong.", by=valley.person("writer"))
    paper.refresh_from_db()
    assert queries.standing(paper) == "Withdrawn: A figure was wrong."
    with pytest.raises(NotNow, match="withdrawn already"):
        commands.withdraw(paper, "Again.", by=valley.person("writer"))


def test_expired_evidence_says_so(trust: None, today: Any) -> None:
    paper = valley.paper("dtac", dated=today, expires_on=today)
    assert queries.standing(paper) == ""
    assert queries.standing(paper, clock.now() + timedelta(days=1)).startswith("Expired on")


def test_a_suppliers_person_speaks_for_the_supplier_about_its_own_products_only(trust: None) -> None:
    vendor = {"by": "vendor", "organisation": valley.organisation("lungco")}
    assert valley.paper("dtac", **vendor).organisation.slug == "lungco"
    with pytest.raises(NotPermitted, match="cannot give evidence for"):
        valley.paper("dtac", by="vendor")
    with pytest.raises(NotPermitted, match="another supplier's product"):
        valley.paper("dtac", by="rival", organisation=valley.organisation("otherco"))


def test_a_trusts_person_files_what_the_supplier_sent_and_speaks_for_no_other_trust(trust: None) -> None:
    assert valley.paper("dtac", organisation=valley.organisation("lungco")).organisation.slug == "lungco"
    with pytest.raises(BadInput, match="does not supply Flag"):
        valley.paper("dtac", organisation=valley.organisation("otherco"))
    with pytest.raises(NotPermitted):
        valley.paper("dtac", organisation=valley.organisation("hill"))
