"""Opt-outs from lists, HL7 and FHIR: all of a file or nothing, once, and never against what a person wrote down."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alarp.cli.__main__ import app
from alarp.kernel import BadInput
from alarp.records import clock
from alarp.records.audit.models import AuditEvent
from alarp.records.ledger import opt_outs, wishes
from alarp.records.ledger.commands import record_opt_out, record_opt_outs, withdraw_opt_out
from alarp.records.ledger.identities import PatientIds
from alarp.records.ledger.models import OptOut, Peer, Study
from alarp.records.messages import commands, queries
from alarp.records.messages.models import Message
from alarp.records.messages.reading import lists
from alarp.records.messages.reading.segments import header_of
from hl7_words import NHS, OTHER_NHS, message, msh, pid

pytestmark = pytest.mark.django_db
MAPPING = "field=ZAI-1 no=Y again=N from=ZAI-2 tools=ZAI-3"
NHS_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"


@pytest.fixture
def desk(deployment: Any) -> Any:
    import valley

    return valley.person("radiographer")


def bring(text: str, desk: Any, name: str = "list.csv") -> wishes.Imported:
    return wishes.import_file(text.encode(), name, by=desk)


def barred(at: Any = None, tool: Any = None, **numbers: str) -> bool:
    return opt_outs.find(PatientIds(**numbers), deployment=tool, since=at or clock.now()) is not None


@pytest.fixture
def mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    from alarp.records.messages.doors import sources

    settings = replace(sources.configuration(), hl7_opt_out=MAPPING, opt_outs_by="radiographer")
    for module in (sources, lists):
        monkeypatch.setattr(module, "configuration", lambda: settings)


@pytest.mark.need("G06")
def test_a_list_comes_in_once_and_the_same_row_twice_is_one_opt_out(desk: Any, deployment: Any) -> None:
    text = (
        "nhs_number,patient_id,issuer,from,tools,note\n"
        f"943 476 5919,,,,,\n{NHS},,,,,again\n,H2,NORTH,2026-01-01,flag-river,letter\n\n"
    )
    assert bring(text, desk) == wishes.Imported(2, 0, 1)
    assert bring(text, desk) == wishes.Imported(0, 0, 3)
    assert barred(nhs_number=NHS) and barred(tool=deployment, patient_id="h2") and not barred(patient_id="h2")
    row = OptOut.objects.get(patient_id="H2")
    assert (row.source, row.deployment, row.recorded_by) == ("csv", deployment, desk)
    assert row.effective_from is not None and row.effective_from.date().isoformat() == "2026-01-01"
    said = AuditEvent.objects.filter(action="opt-outs imported").first()
    assert said is not None and said.details["recorded"] == 2 and NHS not in str(said.details)


def test_every_bad_row_is_named_by_its_line_and_nothing_of_the_list_is_taken(desk: Any) -> None:
    text = (
        "nhs_number,patient_id,from,tools\n"
        f"{NHS},,,\n9434765918,,,\n,,2026-01-01,\n,H1,yesterday,\n,H2,,no-such-tool\n,H3\n,H4,,,\n"
    )
    with pytest.raises(BadInput) as refusal:
        bring(text, desk)
    said = str(refusal.value)
    assert said.startswith("Nothing was taken in.") and "9434765918" not in said
    for line, fault in {
        3: "NHS number",
        4: "names no patient",
        5: "not a day",
        7: "more or fewer cells",
    }.items():
        assert f"line {line}: " in said and fault in said.split(f"line {line}: ")[1].split(";")[0]
    assert not OptOut.objects.exists()
    with pytest.raises(BadInput, match="line 2: there is no tool 'no-such-tool'"):
        bring("patient_id,tools\nH2,no-such-tool\n", desk)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("name,surname\na,b\n", "list.csv", "columns"),
        ("nhs_number,colour\n1,red\n", "list.csv", "'colour' is none of them"),
        ("nhs_number,nhs_number\n1,2\n", "list.csv", "each once"),
        ("nhs_number\n", "list.csv", "no patient"),
        ('patient_id\n"H1\n', "list.csv", "not CSV"),
        ("nhs_number\n", "list.xls", "must end in"),
        ("{}", "list.json", "resourceType"),
        ("[" * 100_000, "list.json", "not JSON"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_a_sentence(desk: Any, text: str, name: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        bring(text, desk, name)


def test_who_may_not_record_an_opt_out_may_not_import_one(desk: Any) -> None:
    import valley

    from alarp.kernel import NotPermitted

    with pytest.raises(NotPermitted):
        bring(f"nhs_number\n{NHS}\n", valley.person("stranger"))


@pytest.mark.need("G06")
def test_an_opt_out_that_begins_later_bars_from_then_on_and_also_what_has_not_left(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clock.now()
    record_opt_out(
        patient_id="H2", effective_from=before + timedelta(days=1), organisation=desk.organisation, by=desk
    )
    assert not barred(at=before, patient_id="h2")
    monkeypatch.setattr(opt_outs.clock, "now", lambda: before + timedelta(days=2))
    assert barred(at=before, patient_id="h2")


def test_an_opt_out_that_was_withdrawn_before_it_began_never_stood(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clock.now()
    row = record_opt_out(
        patient_id="H2", effective_from=before + timedelta(days=1), organisation=desk.organisation, by=desk
    )
    withdraw_opt_out(row, by=desk)
    monkeypatch.setattr(opt_outs.clock, "now", lambda: before + timedelta(days=2))
    assert not barred(at=before, patient_id="h2")


def test_several_tools_are_recorded_together_or_not_at_all(desk: Any, deployment: Any) -> None:
    who = {"organisation": desk.organisation, "by": desk}
    assert len(record_opt_outs([deployment], patient_id="H2", **who)) == 1
    assert [row.deployment for row in record_opt_outs(patient_id="H3", **who)] == [None]
    with pytest.raises(BadInput):
        record_opt_outs([deployment, deployment], nhs_number="123", **who)
    assert OptOut.objects.count() == 2


def adt(number: str, *wish: str, nhs: str = NHS) -> bytes:
    return message(msh("ADT^A31", number), pid("H2", nhs=nhs), "|".join(["ZAI", *wish]))


def receive(data: bytes) -> Message:
    header = header_of(data)
    assert header is not None
    return commands.receive_hl7(data, header)


@pytest.mark.need("G06")
def test_an_opt_out_comes_by_adt_and_goes_by_adt_but_what_a_person_recorded_stays(
    desk: Any, mapped: None, deployment: Any
) -> None:
    assert receive(adt("M1", "Y", "20260101", "flag-river")).outcome == "taken"
    assert barred(tool=deployment, patient_id="h2") and not barred(patient_id="h2")
    assert receive(adt("M2", "N")).outcome == "taken" and not barred(tool=deployment, patient_id="h2")
    record_opt_out(patient_id="H2", organisation=desk.organisation, by=desk)
    assert receive(adt("M3", "N")).outcome == "unused" and barred(patient_id="h2")
    assert receive(adt("M4", "Y", "", "nowhere")).reason.startswith("There is no tool")


def test_without_a_person_to_answer_for_it_an_opt_out_by_message_waits_and_is_not_lost(
    desk: Any, mapped: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alarp.records.messages.doors import sources

    settings = replace(sources.configuration(), opt_outs_by="")
    monkeypatch.setattr(sources, "configuration", lambda: settings)
    row = receive(adt("M1", "Y"))
    assert row.outcome == "waiting" and "opt_outs_by" in row.reason and row.content_kept


def test_an_opt_out_by_message_in_the_name_of_somebody_who_may_not_waits(
    desk: Any, mapped: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alarp.records.messages.doors import sources

    settings = replace(sources.configuration(), opt_outs_by="stranger")
    monkeypatch.setattr(sources, "configuration", lambda: settings)
    row = receive(adt("M1", "Y"))
    assert row.outcome == "waiting" and "may not record an opt-out" in row.reason


def test_a_file_of_adt_messages_is_taken_whole(desk: Any, mapped: None) -> None:
    data = adt("M1", "Y") + b"\n" + adt("M2", "Y", nhs=OTHER_NHS).replace(b"H2", b"H3")
    assert wishes.import_file(data, "export.hl7", by=desk) == wishes.Imported(2, 0, 0)
    with pytest.raises(BadInput, match="message 2: carries no opt-out in ZAI-1"):
        wishes.import_file(adt("M1", "Y") + adt("M3", "?"), "export.hl7", by=desk)


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"system": NHS_SYSTEM, "value": NHS},
        {"type": {"coding": [{"code": "MR"}]}, "value": "H2", "assigner": {"display": "NORTH"}},
    ],
}
AI = {"coding": [{"code": "ai-reading"}]}


def consent(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": {"coding": [{"code": "treatment"}]},
        "category": [AI],
        "patient": {"reference": "Patient/p1"},
        "policyRule": {"text": "AI reading"},
        "provision": {"type": "deny"},
    } | more


def bundle(*resources: dict[str, Any]) -> str:
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


@pytest.mark.need("G06")
def test_a_consent_that_denies_is_an_opt_out_and_an_inactive_one_its_end(desk: Any) -> None:
    assert bring(bundle(PATIENT, consent()), desk, "c.json") == wishes.Imported(1, 0, 0)
    assert barred(nhs_number=NHS) and barred(patient_id="h2", issuer="north")
    assert OptOut.objects.get().source == "fhir"
    assert bring(bundle(PATIENT, consent(status="inactive")), desk, "c.json") == wishes.Imported(0, 1, 0)
    assert not barred(nhs_number=NHS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "draft"}, "draft"),
        ({"scope": None}, "Consent.scope is missing"),
        ({"colour": "red"}, "Consent.colour is not valid"),
        ({"category": [{"coding": [{"code": "other"}]}]}, "no Consent about AI"),
        ({"provision": {"type": "deny", "provision": [{"type": "permit"}]}}, "exceptions"),
        ({"provision": {"type": "deny", "period": {"end": "2027-01-01"}}}, "has an end"),
        ({"provision": {}}, "neither deny nor permit"),
        ({"patient": {"reference": "Patient/other"}}, "not named by an identifier"),
        ({"provision": {"type": "deny", "code": [{"coding": [{"code": "nowhere"}]}]}}, "no tool 'nowhere'"),
    ],
)
def test_a_consent_that_says_something_else_is_refused_whole(
    desk: Any, change: dict[str, Any], said: str
) -> None:
    odd = {name: value for name, value in consent(**change).items() if value is not None}
    with pytest.raises(BadInput) as refusal:
        bring(bundle(PATIENT, consent(), odd), desk, "c.json")
    assert said in str(refusal.value) and "Consent 3" in str(refusal.value) and NHS not in str(refusal.value)
    assert not OptOut.objects.exists()


def diagnostic(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "id": "d1",
        "status": "final",
        "code": {"coding": [{"code": "XCHES"}]},
        "subject": {"identifier": {"system": NHS_SYSTEM, "value": NHS}},
        "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "value": "A1"}],
        "resultsInterpreter": [{"display": "Dr Reader"}],
        "issued": "2026-11-22T10:10:00Z",
        "presentedForm": [
            {"contentType": "text/plain", "data": base64.b64encode("Kein Befund, gelöst.".encode()).decode()}
        ],
    } | more


@pytest.fixture
def study(deployment: Any) -> Study:
    peer = Peer.objects.create(aet="CT1", name="CT", kind="source")
    return Study.objects.create(
        study_uid="1.2.3", patient_id="H2", issuer="NORTH", nhs_number=NHS, accession="A1", peer=peer,
        first_received_at=clock.now(), last_received_at=clock.now(),
    )  # fmt: skip


def take_in(resource: dict[str, Any], by: Any) -> Message:
    (one,) = commands.read_fhir(json.dumps(resource).encode(), by=by)
    return commands.receive_fhir(one, by=by)


@pytest.mark.need("G11")
def test_a_report_by_fhir_stands_beside_its_study_and_the_same_again_is_one(study: Study) -> None:
    import valley

    manager = valley.person("pacs-manager")
    assert take_in(diagnostic(), manager).pk == take_in(diagnostic(), manager).pk
    take_in(diagnostic(status="corrected", issued="2026-11-22T11:10:00Z", meta={"versionId": "2"}), manager)
    (found,) = queries.reports_of(study)
    assert (found.report.status, found.text, found.earlier) == ("C", "Kein Befund, gelöst.", 1)
    assert found.report.reader == "Dr Reader"


def test_an_imaging_study_by_fhir_says_how_many_instances_there_are(study: Study) -> None:
    import valley

    row = take_in(
        {
            "resourceType": "ImagingStudy", "id": "i1", "status": "available", "numberOfInstances": 4,
            "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}],
            "subject": {"identifier": {"system": NHS_SYSTEM, "value": NHS}}, "started": "2026-11-22T09:00:00+00:00",
        },
        valley.person("pacs-manager"),
    )  # fmt: skip
    study.refresh_from_db()
    assert row.outcome == "taken" and (study.expected_instances, study.expected_from) == (4, "ImagingStudy")
    found = queries.order_of(study)
    assert found is not None and found.state == "completed"


def test_what_was_said_of_a_study_before_it_came_stands_beside_what_came(deployment: Any) -> None:
    import valley

    from alarp.records.ledger import arrivals, dispatches, work

    said = {
        "resourceType": "ImagingStudy", "id": "i1", "status": "available", "numberOfInstances": 4,
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}],
        "subject": {"identifier": {"system": NHS_SYSTEM, "value": NHS}},
    }  # fmt: skip
    take_in(said, valley.person("pacs-manager"))
    peer = Peer.objects.create(aet="CT1", name="CT", kind="source")
    described = arrivals.Described(study_uid="1.2.3", patient_id="H2", nhs_number=NHS, modality="CT")
    arrivals.receive(
        peer, arrivals.Arrival("a" * 64, 9, "1.2.3.1", "1.2", "1.2", modality="CT", study=described)
    )
    Study.objects.update(last_received_at=clock.now() - timedelta(hours=1))
    work.Work.objects.update(due_at=clock.now() - timedelta(hours=1))
    (step,) = work.claim("test")
    dispatches.complete(step, Study.objects.get().pk)
    found = Study.objects.get()
    assert (found.expected_instances, found.expected_from) == (4, "ImagingStudy")
    assert AuditEvent.objects.get(action="study complete").details == {"objects": 1, "expected": 4}


def test_a_resource_that_cannot_be_used_is_kept_with_an_operation_outcome_of_one_sentence(
    study: Study,
) -> None:
    import valley

    row = take_in(diagnostic(status="entered-in-error"), valley.person("pacs-manager"))
    said = json.loads(row.answer)
    assert row.outcome == "waiting" and said["resourceType"] == "OperationOutcome"
    (issue,) = said["issue"]
    assert issue["severity"] == "error" and "entered-in-error" in issue["diagnostics"]


def test_the_command_line_takes_a_list_and_names_the_faults(desk: Any, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"nhs_number\n{NHS}\n")
    done = CliRunner().invoke(app, ["opt-outs", "import", str(file), "--by", "radiographer"])
    assert done.exit_code == 0 and "1 opt-out recorded" in done.output
    file.write_text("nhs_number\n1\n")
    failed = CliRunner().invoke(app, ["opt-outs", "import", str(file), "--by", "radiographer"])
    assert isinstance(failed.exception, BadInput) and "line 2" in str(failed.exception)


def test_the_command_line_takes_fhir_and_says_what_waits(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "reports.json"
    file.write_text(bundle(diagnostic(), diagnostic(id="d2", status="cancelled")))
    done = CliRunner().invoke(app, ["messages", "import", str(file), "--by", "pacs-manager"])
    assert done.exit_code == 1 and "DiagnosticReport 1: taken" in done.output
    told = CliRunner().invoke(app, ["messages", "waiting"])
    assert told.exit_code == 1 and "cancelled" in told.output and NHS not in told.output
