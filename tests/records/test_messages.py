"""Orders, reports, changes and merges of patients: kept once, answered rightly, and an opt-out outlives a merge."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from alarp.kernel import BadInput
from alarp.records import clock, objects
from alarp.records.audit.models import AuditEvent
from alarp.records.ledger import opt_outs
from alarp.records.ledger.commands import record_opt_out
from alarp.records.ledger.identities import PatientIds, known_as
from alarp.records.ledger.models import Peer, Study
from alarp.records.messages import commands, queries
from alarp.records.messages.models import Merge, Message, Order, Report
from alarp.records.messages.reading.segments import header_of
from hl7_words import NHS, OTHER_NHS, changed, merge, message, msh, order, pid, report

pytestmark = pytest.mark.django_db


def receive(data: bytes) -> Message:
    header = header_of(data)
    assert header is not None
    return commands.receive_hl7(data, header)


def answer_of(row: Message) -> str:
    return row.answer.split("\r")[1].split("|")[1]


@pytest.fixture
def desk(trust: None) -> Any:
    import valley

    return valley.person("radiographer")


@pytest.fixture
def opted_out(desk: Any) -> Any:
    def record(**numbers: str) -> Any:
        return record_opt_out(**numbers, organisation=desk.organisation, by=desk)

    return record


def barred(**numbers: str) -> bool:
    found = opt_outs.find(PatientIds(**numbers), deployment=None, since=clock.now())
    return found is not None


@pytest.fixture
def study(trust: None) -> Study:
    peer = Peer.objects.create(aet="CT1", name="CT", kind="source")
    return Study.objects.create(
        study_uid="1.2.3", patient_id="H2", issuer="NORTH", accession="A1", peer=peer,
        first_received_at=clock.now(), last_received_at=clock.now(),
    )  # fmt: skip


@pytest.mark.need("G06")
@pytest.mark.parametrize("said_no", ["H1", "H2"])
def test_an_opt_out_of_either_record_is_one_of_both_after_their_merge(opted_out: Any, said_no: str) -> None:
    opted_out(patient_id=said_no, issuer="NORTH")
    other = {"H1": "h2", "H2": "h1"}[said_no]
    assert not barred(patient_id=other, issuer="north")
    row = receive(merge("M1", "H2", "H1"))
    assert answer_of(row) == "AA" and barred(patient_id=other, issuer="north")
    assert not barred(patient_id=other, issuer="south"), "another hospital's number is another patient"
    event = AuditEvent.objects.get(action="patients merged")
    assert event.subject == f"message {row.pk}" and "H1" not in str(event.details)


@pytest.mark.need("G06")
def test_a_chain_of_merges_is_followed_to_both_ends_and_back_again_from_a_circle(opted_out: Any) -> None:
    opted_out(patient_id="H1", issuer="NORTH")
    for number, (kept, gone) in enumerate([("H2", "H1"), ("H3", "H2"), ("H4", "H3"), ("H1", "H4")]):
        receive(merge(f"M{number}", kept, gone))
    assert all(barred(patient_id=f"h{n}", issuer="north") for n in (1, 2, 3, 4))
    assert not barred(patient_id="h5", issuer="north")
    assert len(known_as(PatientIds("h4", "north"))) == 4


@pytest.mark.need("G06")
def test_an_opt_out_by_nhs_number_finds_the_hospital_number_that_a_change_of_patient_named_with_it(
    opted_out: Any,
) -> None:
    opted_out(nhs_number=NHS)
    assert answer_of(receive(changed("M1", "H2", NHS))) == "AA"
    assert barred(patient_id="h2", issuer="north")


@pytest.mark.need("G06")
def test_a_corrected_nhs_number_ends_the_pairing_that_was_a_mistake_and_a_missing_one_ends_nothing(
    opted_out: Any,
) -> None:
    opted_out(nhs_number=NHS)
    receive(changed("M1", "H2", NHS))
    receive(changed("M2", "H2"))
    assert barred(patient_id="h2", issuer="north")
    receive(changed("M3", "H2", OTHER_NHS))
    assert not barred(patient_id="h2", issuer="north")
    receive(changed("M4", "H2", NHS))
    assert barred(patient_id="h2", issuer="north")


def test_a_placeholder_for_an_nhs_number_makes_nobody_the_same_patient(opted_out: Any) -> None:
    receive(changed("M1", "H2", "0000000000"))
    receive(changed("M2", "H3", "0000000000"))
    opted_out(patient_id="H3")
    assert not barred(patient_id="h2", issuer="north") and not Merge.objects.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (merge("M1", "H1", "H1"), "one number on both sides"),
        (merge("M1", "H2", "H1", event="A37"), "not undone by a message"),
        (message(msh("ADT^A40", "M1"), pid()), "one MRG for each PID"),
        (message(msh("ADT^A40", "M1"), pid(), "MRG|"), "does not name both"),
    ],
)
def test_a_merge_with_itself_an_unmerge_and_half_a_merge_are_kept_and_wait_for_a_person(
    data: bytes, said: str, trust: None
) -> None:
    row = receive(data)
    assert answer_of(row) == "AE" and said in row.reason and list(queries.waiting()) == [row]
    assert objects.get(row.sha256) == data and not Merge.objects.exists()
    assert AuditEvent.objects.filter(action="message waiting", subject=f"message {row.pk}").exists()


def test_several_merges_in_one_message_are_each_made(opted_out: Any) -> None:
    opted_out(patient_id="H1")
    opted_out(patient_id="H3")
    receive(message(msh("ADT^A40", "M1"), pid("H2"), "MRG|H1^^^NORTH", pid("H4"), "PV1|", "MRG|H3^^^NORTH"))
    assert barred(patient_id="h2") and barred(patient_id="h4") and Merge.objects.count() == 2


@pytest.mark.need("G18")
def test_the_same_bytes_again_are_answered_alike_and_done_once(trust: None) -> None:
    first, again = receive(order("M1")), receive(order("M1"))
    assert first.pk == again.pk and first.answer == again.answer and Order.objects.count() == 1
    assert Message.objects.get().times_received == 2


@pytest.mark.need("G18")
def test_the_same_control_id_with_other_content_is_kept_and_not_acted_upon(trust: None) -> None:
    receive(order("M1"))
    other = receive(order("M1", control="CA"))
    assert answer_of(other) == "AE" and "other content" in other.reason and Order.objects.count() == 1
    assert objects.get(other.sha256) == order("M1", control="CA") and list(queries.waiting()) == [other]
    assert answer_of(receive(order("M1", sender="PAS|NORTH"))) == "AA", "another sender counts for itself"


@pytest.mark.need("G11")
def test_an_order_is_shown_beside_its_study_as_it_was_last_told(study: Study) -> None:
    receive(order("M1"))
    receive(order("M2", control="XO", at="20261122110000"))
    receive(order("M0", control="NW", at="20261122090000"))
    receive(order("M3", patient="H9", at="20261122120000"))
    found = queries.order_of(study)
    assert found is not None and (found.state, found.procedure, found.placer) == (
        "changed",
        "Chest X-ray",
        "P77",
    )
    assert found.requested_at is not None and f"{found.requested_at:%Y-%m-%d %H:%M}" == "2026-11-22 09:30"


def test_an_omi_order_names_its_study_by_the_imaging_segment(study: Study) -> None:
    data = message(
        msh("OMI^O23^OMI_O23", "M1"),
        pid(),
        "ORC|NW|P1",
        "OBR|1|P1||XCHES^Chest",
        "IPC|A1^RIS|RP1|1.2.3|S1|CR",
    )
    receive(data)
    found = queries.order_of(study)
    assert found is not None and (found.accession, found.study_uid, found.modality) == ("A1", "1.2.3", "CR")


@pytest.mark.need("G11")
def test_a_corrected_report_goes_before_the_final_one_and_a_late_draft_goes_behind(study: Study) -> None:
    receive(report("M1", "Draft.", status="P", at="20261122100000"))
    receive(report("M3", "A nodule.", status="C", at="20261122120000"))
    receive(report("M2", "No lesion.", status="F", at="20261122110000"))
    (found,) = queries.reports_of(study)
    assert (found.text, found.report.status, found.earlier) == ("A nodule.", "C", 2)
    assert found.report.reader == "77 Reader Ann" and queries.study_of(found.report) == study
    since = found.report.said_at.replace(hour=0)
    assert [r.text for r in queries.reports_between(since, since.replace(hour=23))] == ["A nodule."]


def test_a_report_of_a_merged_patient_is_found_with_the_study_under_the_old_number(study: Study) -> None:
    receive(report("M1", patient="H7"))
    assert queries.reports_of(study) == ()
    receive(merge("M2", "H7", "H2"))
    assert [r.text for r in queries.reports_of(study)] == ["No lesion."]


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("", "utf-8"), ("", "latin-1")],
)
def test_a_report_is_read_in_the_character_set_that_it_names(
    study: Study, charset: str, encoding: str
) -> None:
    data = report("M1", "Hämatom, 38 °C", charset=charset).decode().encode(encoding)
    assert answer_of(receive(data)) == "AA" and queries.reports_of(study)[0].text == "Hämatom, 38 °C"


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (report("M1", "ä", charset="ASCII"), "AE", "not in the character set"),
        (report("M1", charset="KLINGON"), "AE", "MSH-18"),
        (report("M1", status="Q"), "AE", "status"),
        (report("M1", ""), "AE", "no text"),
        (report("M1", accession=""), "AE", "neither an accession"),
        (order("M1", version="3.0"), "AR", "version"),
        (order("M1", processing="T"), "AR", "not for production"),
        (order(""), "AR", "control id"),
        (message(msh("ORM^O01", "M1"), pid()), "AE", "neither ORC nor OBR"),
        (message(msh("ORM^O01", "M1"), "ORC|NW|P1"), "AE", "names no patient"),
        (message(msh("ORM^O01", "M1"), "pid|1"), "AE", "three letters"),
    ],
)
def test_what_cannot_be_used_is_kept_with_a_sentence_that_names_nobody(
    data: bytes, code: str, said: str, trust: None
) -> None:
    row = receive(data)
    assert answer_of(row) == code and said in row.reason and "EXAMPLE" not in row.answer
    assert objects.get(row.sha256) == data and not Order.objects.exists() and not Report.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        order("M1", patient="H" * 65),
        order("M1", accession="A" * 500),
        report("M1", "No\\X00\\ lesion\\Xzz\\.\\"),
        order("M1", at="00010101000000"),
        order("M1", at="99999999999999999999"),
        order("M1").replace(b"XCHES^Chest X-ray", b"\x00" + b"^" * 5000),
        changed("M1", "H2", "9" * 300),
    ],
)
def test_a_value_that_no_row_can_hold_stops_no_other_message(data: bytes, trust: None) -> None:
    row = receive(data)
    assert answer_of(row) in ("AA", "AE") and receive(data).pk == row.pk
    assert answer_of(receive(order("M2"))) == "AA"


def test_segments_come_in_any_order_and_unknown_ones_stay_in_what_is_kept(study: Study) -> None:
    first, *rest = report("M1", "Fine.").split(b"\r")
    data = b"\r".join([first, b"ZZ1|local|thing", *reversed([s for s in rest if s])]) + b"\r"
    assert answer_of(receive(data)) == "AA" and queries.reports_of(study)[0].text == "Fine."
    assert b"ZZ1|local|thing" in objects.get(Message.objects.get().sha256)


def test_a_message_that_nobody_here_needs_is_acknowledged_and_its_content_not_kept(trust: None) -> None:
    data = message(msh("ADT^A04", "M1"), pid())
    row = receive(data)
    assert (answer_of(row), row.outcome, row.content_kept) == ("AA", "unused", False)
    assert not objects.path_of(row.sha256).exists() and receive(data).answer == row.answer


def test_an_answer_speaks_the_senders_own_delimiters(trust: None) -> None:
    data = order("M1").replace(b"|", b"!").replace(b"^", b"*").replace(b"MSH!*~\\&", b"MSH!*~\\&")
    row = receive(data)
    assert row.answer.startswith("MSH!*~\\&!ALARP!NORTH!RIS!NORTH!") and "MSA!AA!M1" in row.answer


@pytest.mark.need("G18")
def test_a_message_that_waits_is_an_alert_until_somebody_has_looked(deployment: Any) -> None:
    import valley

    from alarp.records.assurance import alarms

    Peer.objects.create(aet="TOOL", name="Tool", kind="tool", host="h", port=104, deployment=deployment)
    row = receive(order("M1"))
    alarms.look_at_messages_that_wait(clock.now())
    assert not deployment.alerts.exists()
    row = receive(order("M1", control="CA"))
    alarms.look_at_messages_that_wait(clock.now())
    alert = deployment.alerts.get(monitor="messages-waiting")
    assert not hasattr(alert, "end") and alert.role == "pacs-manager"
    commands.resolve_message(row, resolution="Sent again.", by=valley.person("pacs-manager"))
    alarms.look_at_messages_that_wait(clock.now())
    assert deployment.alerts.get().end.because == alarms.BACK[alarms.WAITING]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE hospital_messages_order SET state = 'cancelled'",
        "UPDATE hospital_messages_merge SET patient_id = 'h9'",
        "DELETE FROM hospital_messages_report",
        "DELETE FROM hospital_messages_message",
    ],
)
def test_what_a_message_said_is_never_changed_not_even_past_our_code(statement: str, trust: None) -> None:
    for data in (order("M1"), report("M2"), merge("M3", "H2", "H1"), message(msh("ADT^A04", "M4"), pid())):
        receive(data)
    with pytest.raises(IntegrityError, match=r"never (changed|deleted)"), transaction.atomic():
        connection.cursor().execute(statement)


def test_a_message_is_resolved_once_with_words_by_whoever_may(trust: None) -> None:
    import valley

    row, manager = receive(merge("M1", "H1", "H1")), valley.person("pacs-manager")
    with pytest.raises(BadInput):
        commands.resolve_message(row, resolution=" ", by=manager)
    commands.resolve_message(row, resolution="Asked the records office.", by=manager)
    assert not queries.waiting().exists()
