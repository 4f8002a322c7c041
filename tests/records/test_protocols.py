"""Protocols on the site: saved in revisions, locked once, run on counted openings, signed only when locked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import chest_evaluation as chest
import pytest
import valley
from django.db import DatabaseError, transaction

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.records import clock, objects
from alarp.records.audit.models import AuditEvent
from alarp.records.evidence.queries import check_seal
from alarp.records.evidence.sealing import seal_holds
from alarp.records.ledger.models import Work
from alarp.records.protocols import commands, queries
from alarp.records.protocols.doors import running
from alarp.records.protocols.models import EvaluationRun, Opening


def physicist() -> Any:
    return valley.person("lead-physicist")


# The text and its lock


def test_a_text_that_cannot_be_read_is_kept_with_the_reason_and_cannot_be_locked(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    text = chest.protocol_text(deployment).replace("higher_means: disease\n", "")
    saved = commands.save_protocol(protocol, text, by=physicist())
    assert "higher_means" in saved.trouble and not saved.digest
    with pytest.raises(BadInput, match="higher_means"):
        commands.lock_protocol(protocol, "", valley.proof_of_self(), by=physicist())


def test_each_save_is_a_revision_and_the_same_text_saved_twice_is_one(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    text = chest.protocol_text(deployment).replace("0.5", "0.6")
    first = commands.save_protocol(protocol, text, by=physicist())
    assert commands.save_protocol(protocol, text, by=physicist()).pk == first.pk
    assert [r.number for r in protocol.revisions.order_by("number")] == [1, 2]


@pytest.mark.need("E06")
def test_a_locked_protocol_is_sealed_and_takes_no_other_text(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    lock = chest.locked(protocol)
    expected = {"digest": lock.revision.digest, "username": physicist().username}
    assert seal_holds(lock.envelope, expected, subject=deployment)
    with pytest.raises(NotNow, match="is locked"):
        commands.save_protocol(protocol, chest.protocol_text(deployment, "2"), by=physicist())
    with pytest.raises(NotNow, match="locked already"):
        chest.locked(protocol)
    assert AuditEvent.objects.filter(action="evaluation protocol locked").count() == 1


def test_a_protocol_that_changed_since_it_was_read_is_not_locked(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    seen = protocol.revisions.last().digest
    commands.save_protocol(protocol, chest.protocol_text(deployment).replace("0.5", "0.6"), by=physicist())
    with pytest.raises(NotNow, match="has changed since"):
        commands.lock_protocol(protocol, seen, valley.proof_of_self(), by=physicist())


def test_a_protocol_about_another_product_is_not_locked(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    other = chest.protocol_text(deployment).replace(deployment.version.number, "9.9")
    commands.save_protocol(protocol, other, by=physicist())
    with pytest.raises(BadInput, match="field 'product' says"):
        chest.locked(protocol)


def test_a_protocol_with_a_question_that_nobody_answered_is_not_locked(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    open_question = chest.protocol_text(deployment).replace("60 consecutive films", "<sites and dates>")
    commands.save_protocol(protocol, open_question, by=physicist())
    with pytest.raises(BadInput, match="Fill in"):
        chest.locked(protocol)


def test_a_changed_protocol_needs_a_new_version_and_names_the_one_before(deployment: Any) -> None:
    first = chest.begun(deployment)
    chest.locked(first)
    changed = chest.protocol_text(deployment).replace("0.5", "0.6")
    second = commands.start_protocol(deployment, changed, by=physicist(), earlier=first)
    with pytest.raises(BadInput, match="give the changed protocol a new version"):
        chest.locked(second)
    commands.save_protocol(second, changed.replace("version: 1", "version: 2"), by=physicist())
    chest.locked(second)
    run = chest.done(chest.asked(second, chest.cases(deployment)))
    assert [old["version"] for old in queries.result_of(run)["protocol"]["earlier"]] == ["1"]


@pytest.mark.parametrize("role", ["radiographer", "executive", "patient-representative"])
def test_a_protocol_is_written_and_locked_only_by_who_may(deployment: Any, role: str) -> None:
    with pytest.raises(NotPermitted):
        commands.start_protocol(deployment, chest.protocol_text(deployment), by=valley.person(role))
    protocol = chest.begun(deployment)
    with pytest.raises(NotPermitted):
        commands.lock_protocol(
            protocol, protocol.revisions.last().digest, valley.proof_of_self(), by=valley.person(role)
        )


# Cases


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("../cases.csv", b"a,b\n", "not a CSV file"),
        ("scan.dcm", b"a,b\n", "not a CSV file"),
        ("cases.csv", b"  \n", "is empty"),
    ],
)
def test_an_upload_that_is_no_table_is_refused_by_name(
    deployment: Any, name: str, content: bytes, why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        chest.cases(deployment, name, content)


def test_a_folder_outside_the_evaluation_folder_is_refused(
    deployment: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="No evaluation folder is set up"):
        commands.add_folder(deployment, "Scans", "liver", by=physicist())
    point_to(monkeypatch, tmp_path / "shared")
    (tmp_path / "shared" / "liver").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    for folder in ("../secret", "", "/etc", "nowhere"):
        with pytest.raises(BadInput, match="There is no folder"):
            commands.add_folder(deployment, "Scans", folder, by=physicist())
    (tmp_path / "shared" / "liver" / "cases.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(BadInput, match="leads out of its folder"):
        commands.add_folder(deployment, "Scans", "liver", by=physicist())


def test_a_folder_that_changed_since_it_was_added_fails_the_run_by_the_files_name(
    deployment: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(monkeypatch, tmp_path)
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "cases.csv").write_bytes(chest.cases_csv())
    test_set = commands.add_folder(deployment, "Films", "films", by=physicist())
    protocol = chest.begun(deployment)
    assert chest.done(chest.asked(protocol, test_set)).state == EvaluationRun.DONE
    (tmp_path / "films" / "cases.csv").write_bytes(chest.cases_csv().replace(b"nodule", b"none"))
    run = chest.done(chest.asked(protocol, test_set))
    assert run.state == EvaluationRun.FAILED and "'cases.csv'" in run.trouble


def point_to(monkeypatch: pytest.MonkeyPatch, folder: Any) -> None:
    from dataclasses import replace

    from alarp.records.protocols.doors import gathering

    changed = replace(gathering.configuration(), evaluation_folder=str(folder))
    monkeypatch.setattr(gathering, "configuration", lambda: changed)


# Runs


def test_a_run_needs_the_files_that_the_protocol_names(deployment: Any) -> None:
    with pytest.raises(BadInput, match=r"names the file 'cases\.csv', which test set 1 does not"):
        chest.asked(chest.begun(deployment), chest.cases(deployment, "films.csv"))


@pytest.mark.need("E01")
def test_a_run_answers_with_the_same_bytes_twice_and_counts_each_opening(deployment: Any) -> None:
    protocol, test_set = chest.begun(deployment), chest.cases(deployment)
    chest.locked(protocol)
    first, second = (chest.done(chest.asked(protocol, test_set)) for _ in range(2))
    assert first.state == second.state == EvaluationRun.DONE
    assert first.result_sha256 == second.result_sha256
    result = queries.result_of(first)
    assert result["protocol"]["exploratory"] is False
    assert result["protocol"]["locked_by"] == protocol.lock.file["envelope"]["signatures"][0]["keyid"]
    counts = {k: v for k, v in result["outcomes"].items() if k != "enrolled"}
    assert sum(counts.values()) == result["enrolled"] == 60
    assert queries.use_of(test_set).openings == 2
    assert Work.objects.filter(kind="evaluate").count() == 2


def test_a_run_on_an_unlocked_protocol_is_exploratory_for_ever_and_never_signed(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    run = chest.done(chest.asked(protocol, chest.cases(deployment)))
    chest.locked(protocol)
    assert queries.result_of(run)["protocol"]["exploratory"] is True
    with pytest.raises(NotNow, match="exploratory"):
        commands.sign_run(run, valley.proof_of_self(), by=physicist())


def test_a_case_that_cannot_be_read_fails_the_run_with_one_sentence_that_names_it(deployment: Any) -> None:
    broken = chest.cases_csv().replace(b"c7,none", b"c7,maybe")
    run = chest.done(chest.asked(chest.begun(deployment), chest.cases(deployment, content=broken)))
    assert run.state == EvaluationRun.FAILED
    assert "c7" in run.trouble and "maybe" in run.trouble


def test_a_run_whose_process_died_is_taken_up_again_and_the_dead_one_can_write_nothing(
    deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = chest.asked(chest.begun(deployment), chest.cases(deployment))
    dead = running.take(run.pk, "dead")
    assert dead is not None and running.take(run.pk, "eager") is None
    assert running.forsaken() == []
    later = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert running.forsaken() == [run.pk]
    assert chest.done(run).state == EvaluationRun.DONE
    for write in (lambda: running.tell(dead, "late", 1, 2), lambda: running.fail(dead, "late")):
        with pytest.raises(running.Taken):
            write()
    assert Opening.objects.filter(run=run).count() == 1


def test_a_run_that_dies_again_and_again_is_given_up_with_a_reason(
    deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = chest.asked(chest.begun(deployment), chest.cases(deployment))
    begin = clock.now()
    for hour in range(running.MOST_TAKES + 1):
        monkeypatch.setattr(clock, "now", lambda hour=hour: begin + timedelta(hours=hour))
        running.take(run.pk, f"process {hour}")
    run.refresh_from_db()
    assert run.state == EvaluationRun.FAILED and "begun 5 times" in run.trouble


@pytest.mark.need("E06")
def test_the_third_product_version_on_one_test_set_is_warned_of(deployment: Any) -> None:
    from alarp.records.products.models import Version

    test_set = chest.cases(deployment)
    product = deployment.version.product
    worn = []
    for number in ("7.1", "7.2", "7.3"):
        version = Version.objects.create(product=product, number=number, added_at=clock.now())
        text = chest.protocol_text(deployment).replace(f'"{deployment.version.number}"', f'"{number}"')
        protocol = commands.start_protocol(deployment, text, by=physicist(), version=version)
        chest.done(chest.asked(protocol, test_set))
        worn.append(queries.use_of(test_set).worn)
    assert worn == [False, False, True]


@pytest.mark.need("E08")
def test_runs_of_two_products_on_one_plan_are_comparable_and_another_threshold_is_not(
    deployment: Any,
) -> None:
    test_set = chest.cases(deployment)
    text = chest.protocol_text(deployment)
    plain = commands.start_protocol(deployment, text, by=physicist())
    other = commands.start_protocol(deployment, text.replace("Lungtool", "Othertool"), by=physicist())
    moved = commands.start_protocol(deployment, text.replace("0.5", "0.4"), by=physicist())
    runs = [chest.done(chest.asked(p, test_set)) for p in (plain, other, moved)]
    assert [r.pk for r in queries.comparable(runs[0])] == [runs[0].pk, runs[1].pk]


# Signing


@pytest.mark.need("E05")
def test_a_signed_run_is_evidence_about_the_version_with_the_protocols_design(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    chest.locked(protocol)
    run = chest.done(chest.asked(protocol, chest.cases(deployment)))
    signed = commands.sign_run(run, valley.proof_of_self(), by=physicist())
    evidence = signed.evidence
    check_seal(evidence)
    assert (evidence.kind, evidence.design, evidence.version) == (
        "evaluation",
        "retrospective",
        deployment.version,
    )
    assert evidence.body == json.loads(objects.get(run.result_sha256))
    with pytest.raises(NotNow, match="signed already"):
        commands.sign_run(run, valley.proof_of_self(), by=physicist())


def test_the_database_refuses_to_change_a_lock_an_opening_or_an_answer(deployment: Any) -> None:
    from django.db import connection

    protocol = chest.begun(deployment)
    chest.locked(protocol)
    chest.done(chest.asked(protocol, chest.cases(deployment)))
    for change in (
        "UPDATE protocols_protocollock SET role = 'x'",
        "UPDATE protocols_protocolrevision SET text = 'x'",
        "DELETE FROM protocols_opening",
        "UPDATE protocols_evaluationrun SET result_sha256 = 'x'",
        "DELETE FROM protocols_evaluationrun",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
