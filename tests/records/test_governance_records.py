"""Who answers, where data go, what patients are told: what is refused, what is kept, what the gates hear."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import house_governance as house
import pytest
import valley
from django.db import connection, transaction
from django.db.utils import DatabaseError

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.records import clock
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments import commands as deployments
from alarp.records.deployments import queries as routes
from alarp.records.evidence.queries import check_seal
from alarp.records.governance import checks, commands, queries
from alarp.records.governance.models import (
    Acknowledgement,
    DataFlow,
    PatientInformation,
    Readiness,
    ReadinessSeal,
    Responsibilities,
)

TEAM = 14


def by(username: str) -> Any:
    return valley.person(username)


def acknowledge(deployment: Any, username: str) -> Acknowledgement:
    current = queries.latest(Responsibilities, deployment)
    assert current is not None
    return commands.acknowledge(deployment, read=current.digest, by=by(username))


def everybody_acknowledges(deployment: Any) -> None:
    for person in queries.outstanding(deployment):
        acknowledge(deployment, person.username)


# Who answers


@pytest.mark.need("A03", "A04")
def test_a_step_that_nobody_answers_for_is_refused_by_its_name(deployment: Any) -> None:
    rows = [row for row in house.rows() if row["step"] != "incident"]
    with pytest.raises(BadInput, match="Nobody answers for 'Incident'"):
        commands.set_responsibilities(deployment, rows, by=by("digital-lead"))
    with pytest.raises(BadInput, match="Nobody answers for 'Request'"):
        commands.set_responsibilities(deployment, house.rows(request=""), by=by("digital-lead"))
    assert queries.latest(Responsibilities, deployment) is None


@pytest.mark.need("A03", "A04")
def test_a_step_that_two_parties_answer_for_is_refused_with_both_named(deployment: Any) -> None:
    rows = [*house.rows(), {"step": "reading", "accountable": "supplier", "here": "", "consulted": []}]
    with pytest.raises(BadInput, match=r"answered for more than once \(Supplier and User\)"):
        commands.set_responsibilities(deployment, rows, by=by("digital-lead"))


def test_who_answers_for_a_step_is_not_consulted_on_it(deployment: Any) -> None:
    rows = house.rows()
    rows[0]["consulted"] = [rows[0]["accountable"]]
    with pytest.raises(BadInput, match="consults User, who answers for it"):
        commands.set_responsibilities(deployment, rows, by=by("digital-lead"))


@pytest.mark.need("A03")
def test_a_new_version_asks_everybody_to_acknowledge_anew(deployment: Any) -> None:
    commands.set_responsibilities(deployment, house.rows(), by=by("digital-lead"))
    assert not queries.acknowledged(by("reader"), deployment)
    acknowledge(deployment, "reader")
    assert queries.acknowledged(by("reader"), deployment)
    commands.set_responsibilities(deployment, house.rows(change="supplier"), by=by("digital-lead"))
    assert not queries.acknowledged(by("reader"), deployment)
    assert Acknowledgement.objects.count() == 1  # the old one stays what it was


def test_only_the_version_on_the_page_is_acknowledged(deployment: Any) -> None:
    first = commands.set_responsibilities(deployment, house.rows(), by=by("digital-lead"))
    commands.set_responsibilities(deployment, house.rows(change="supplier"), by=by("digital-lead"))
    with pytest.raises(NotNow, match="changed since you opened the page"):
        commands.acknowledge(deployment, read=first.digest, by=by("reader"))


def test_acknowledging_twice_leaves_one_row_and_one_event(deployment: Any) -> None:
    commands.set_responsibilities(deployment, house.rows(), by=by("digital-lead"))
    assert acknowledge(deployment, "reader").pk == acknowledge(deployment, "reader").pk
    assert AuditEvent.objects.filter(action="responsibilities acknowledged").count() == 1


def test_the_same_matrix_again_is_no_new_version(deployment: Any) -> None:
    commands.set_responsibilities(deployment, house.rows(), by=by("digital-lead"))
    with pytest.raises(NotNow, match="Nothing changed"):
        commands.set_responsibilities(deployment, house.rows(), by=by("digital-lead"))


@pytest.mark.need("A03", "A04")
def test_the_gate_hears_who_has_not_acknowledged_yet(deployment: Any) -> None:
    now = clock.now()
    assert "Nobody has written" in checks.responsibilities_acknowledged(deployment, now)[0]
    commands.set_responsibilities(deployment, house.rows(), by=by("digital-lead"))
    (sentence,) = checks.responsibilities_acknowledged(deployment, now)
    assert f"and {TEAM - 3} more" in sentence
    everybody_acknowledges(deployment)
    assert checks.responsibilities_acknowledged(deployment, now) == ()


def test_a_reader_may_acknowledge_but_not_write_the_matrix(deployment: Any) -> None:
    with pytest.raises(NotPermitted):
        commands.set_responsibilities(deployment, house.rows(), by=by("reader"))
    with pytest.raises(NotPermitted):
        commands.set_responsibilities(deployment, house.rows(), by=by("stranger"))


# Where data go


@pytest.mark.need("G05")
def test_a_missing_leg_and_a_missing_field_are_both_named(deployment: Any) -> None:
    now = clock.now()
    assert "No data flow is recorded" in checks.data_flow_complete(deployment, now)[0]
    only_out = {"outbound": house.legs()["outbound"]}
    commands.set_data_flow(deployment, only_out, by=by("information-governance"))
    assert checks.data_flow_complete(deployment, now) == (
        "Inbound: from the tool back to the hospital: nothing is recorded of this leg.",
    )
    commands.set_data_flow(deployment, house.legs(retention=""), by=by("information-governance"))
    assert checks.data_flow_complete(deployment, now) == (
        "Outbound: from the hospital to the tool: Retention not recorded.",
    )
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    assert checks.data_flow_complete(deployment, now) == ()


def test_a_leg_that_does_not_exist_is_refused(deployment: Any) -> None:
    with pytest.raises(BadInput, match="There is no leg sideways"):
        commands.set_data_flow(deployment, {"sideways": {}}, by=by("information-governance"))


@pytest.mark.need("G03", "G05")
def test_another_de_identification_profile_shuts_the_route_until_it_is_assessed_again(
    deployment: Any,
) -> None:
    somebody = by("information-governance")
    commands.set_data_flow(deployment, house.legs(), by=somebody)
    live = valley.bring_to(deployment, "live")
    commands.set_data_flow(live, house.legs(country="Ireland"), by=somebody)  # by the same profile as before
    assert routes.route(live).state is RouteState.LIVE
    assert queries.profile_of(live) == "basic"
    commands.set_data_flow(live, house.legs(), profile="radiotherapy", by=somebody)
    assert queries.profile_of(live) == "radiotherapy"
    assert routes.route(live).state is RouteState.CLOSED
    reopened = live.reopenings.get(gate="procure")
    assert reopened.cause == "what leaves changed"
    assert "by the de-identification profile 'radiotherapy' in place of 'basic'" in reopened.reason
    commands.set_data_flow(live, house.legs(country="Ireland"), by=somebody)  # nobody chose: it stays
    assert queries.profile_of(live) == "radiotherapy"


@pytest.mark.parametrize(
    ("name", "why"), [("quality", "leaves too much of a patient"), ("none", "There is no")]
)
def test_a_profile_that_is_not_for_patients_or_not_held_is_refused(
    deployment: Any, name: str, why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        commands.set_data_flow(deployment, house.legs(), profile=name, by=by("information-governance"))
    assert not DataFlow.objects.exists()


@pytest.mark.need("G05")
def test_an_impact_assessment_with_a_part_unwritten_is_not_issued(deployment: Any) -> None:
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    written = house.assessment()
    commands.write_assessment(deployment, written | {"risks": ""}, by=by("information-governance"))
    with pytest.raises(NotNow, match="still to be written in: Risks"):
        commands.issue_data_flow(deployment, by=by("data-analyst"))
    commands.write_assessment(deployment, written, by=by("information-governance"))
    evidence = commands.issue_data_flow(deployment, by=by("data-analyst"))
    assert evidence.kind == "dpia"
    assert evidence.body["data_flow"]["legs"]["inbound"]["article_9"] == "9(2)(h): provision of health care"
    assert evidence.body["data_flow"]["de_identification"] == {"name": "basic", "version": 1, "options": []}
    check_seal(evidence)
    assert deployment.answers.get(gate="procure", criterion="dpia").evidence == evidence


def test_a_draft_of_the_assessment_shows_what_is_to_be_written(deployment: Any) -> None:
    from alarp.records.governance import documents

    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    story = documents.assessment(deployment, queries.latest(DataFlow, deployment), None)
    unwritten = [s["heading"] for s in story["sections"] if s["paragraphs"][0].startswith("▲ To be written")]
    assert unwritten == [
        "1. Screening and summary",
        "6. Security",
        "8. Rights and transparency",
        "10. Risks and what is done about them",
        "11. Review and sign-off",
    ]
    assert "5 parts are to be written" in story["warnings"][0]
    assert len(story["sections"]) == 11


# The PACS and IT side


def sign(deployment: Any, username: str = "pacs-manager") -> ReadinessSeal:
    current = queries.latest(Readiness, deployment)
    assert current is not None
    return commands.sign_readiness(
        deployment, read=current.digest, step_up=valley.proof_of_self(), by=by(username)
    )


@pytest.mark.need("G12")
def test_the_checklist_stands_only_when_it_is_whole_and_the_pacs_manager_signed_it(deployment: Any) -> None:
    now = clock.now()
    some = dict(list(house.answers().items())[:3])
    commands.set_readiness(deployment, some, by=by("pacs-manager"))
    assert "not answered for: Routing" in checks.readiness_signed(deployment, now)[0]
    with pytest.raises(NotNow, match="Not answered yet"):
        sign(deployment)
    commands.set_readiness(deployment, house.answers(), by=by("pacs-manager"))
    assert "waits for the PACS manager's signature" in checks.readiness_signed(deployment, now)[0]
    with pytest.raises(NotPermitted):
        sign(deployment, "digital-lead")
    sign(deployment)
    assert checks.readiness_signed(deployment, now) == ()


@pytest.mark.need("G12")
def test_a_changed_checklist_wants_a_new_signature(deployment: Any) -> None:
    commands.set_readiness(deployment, house.answers(), by=by("pacs-manager"))
    sign(deployment)
    changed = house.answers()
    changed["storage"]["note"] = "A new shelf of disks"
    commands.set_readiness(deployment, changed, by=by("pacs-manager"))
    assert "Version 2" in checks.readiness_signed(deployment, clock.now())[0]


def test_a_point_that_was_planned_for_a_day_that_is_past_keeps_the_gate_shut(deployment: Any) -> None:
    planned = house.answers()
    due = clock.now().date() + timedelta(days=3)
    planned["firewall"] = {"state": "planned", "note": "", "due": due.isoformat()}
    commands.set_readiness(deployment, planned, by=by("pacs-manager"))
    sign(deployment)
    assert checks.readiness_signed(deployment, clock.now()) == ()
    later = clock.now() + timedelta(days=5)
    assert checks.readiness_signed(deployment, later) == (
        "Planned for a day that is past, and not said to be ready: firewall.",
    )


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"state": "planned", "due": ""}, "'Firewall' is planned; give the day"),
        ({"state": "planned", "due": "2020-01-01"}, "which is past"),
        ({"state": "not-needed"}, "'Firewall' is not needed; say why"),
        ({"state": "perhaps"}, "it is ready, planned or not-needed"),
    ],
)
def test_an_answer_that_says_too_little_is_refused(
    deployment: Any, answer: dict[str, str], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        commands.set_readiness(deployment, {"firewall": answer}, by=by("pacs-manager"))


@pytest.mark.need("G12")
def test_another_person_issues_the_checklist_that_the_pacs_manager_sealed(deployment: Any) -> None:
    commands.set_readiness(deployment, house.answers(), by=by("pacs-manager"))
    with pytest.raises(NotNow, match="waits for the PACS manager"):
        commands.issue_readiness(deployment, by=by("digital-lead"))
    sign(deployment)
    evidence = commands.issue_readiness(deployment, by=by("digital-lead"))
    assert evidence.author == by("digital-lead")
    assert evidence.body["signed_by"] == "The pacs-manager"


# Patients and the public


@pytest.mark.need("A08")
def test_an_entry_says_what_changed_or_why_nothing_did(deployment: Any) -> None:
    day = date(2026, 6, 3)
    with pytest.raises(BadInput, match="what changed because of it"):
        commands.log_involvement(
            deployment, day, "Chest clinic, 8 people", "May AI read first?", "Yes, if", " ",
            by=by("patient-representative"),
        )  # fmt: skip
    with pytest.raises(BadInput, match="lies ahead"):
        commands.log_involvement(
            deployment, clock.now().date() + timedelta(days=1), "Group", "a", "b", "c", by=by("digital-lead")
        )
    with pytest.raises(NotNow, match="Nobody was asked yet"):
        commands.issue_patient_view(deployment, by=by("digital-lead"))
    commands.log_involvement(
        deployment, day, "Chest clinic, 8 people", "May AI read first?", "Yes, if we are told",
        "A poster at the desk", by=by("patient-representative"),
    )  # fmt: skip
    evidence = commands.issue_patient_view(deployment, by=by("digital-lead"))
    assert evidence.body["entries"][0]["changed"] == "A poster at the desk"


# What patients are told


def tell(deployment: Any, **changed: str) -> PatientInformation:
    return commands.write_patient_information(
        deployment, house.given(**changed), by=by("information-governance")
    )


def evaluated(deployment: Any, **counts: int) -> Any:
    paper = valley.paper("evaluation", design="retrospective", body=house.evaluation(**counts))
    gate = valley.queries.pathway_of(deployment).gate("evaluate")
    criterion = next(c for c in gate.criteria if c.evidence_kind == "evaluation")
    deployments.answer(deployment, "evaluate", criterion.slug, paper, by=by("writer"))
    return paper


def text_of(information: PatientInformation, form: str = "full") -> str:
    return " ".join(line for _, lines in information.text[form] for line in lines)


@pytest.mark.need("A06")
def test_accuracy_is_told_in_natural_frequencies_from_the_local_evaluation(deployment: Any) -> None:
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    assert "We are still testing how well the tool works here" in text_of(tell(deployment))
    evaluated(deployment)
    told = tell(deployment)
    assert (
        "We tested it here on 200 cases. Of 100 people who have a lung nodule, the tool points out about 93 "
        "and misses about 7. Of 100 people who do not have a lung nodule, it marks about 12 by mistake."
    ) in text_of(told)
    assert "The tool finds 93 of them. It misses 7 of them." in text_of(told, "easy")
    assert told.text["counts"]["with_it"] == 100
    assert "may lie between" not in text_of(told)  # this evaluation gave no interval


@pytest.mark.need("A06")
def test_patients_are_told_how_sure_the_number_is(deployment: Any) -> None:
    from alarp.records.governance.texts import accuracy_sentences
    from alarp.standards.governance import load_patient_text

    found = house.evaluation(found=19, ill=20)
    found["measures"][0] |= {"low": 0.764, "high": 0.991}
    said = accuracy_sentences(load_patient_text(), "a lung nodule", found)["full"]
    assert "points out about 95 and misses about 5" in said
    assert "We tested 20 people with it" in said and "between 76 and 99" in said


def test_an_evaluation_that_could_not_measure_is_told_as_not_known_yet(deployment: Any) -> None:
    from alarp.records.governance.texts import accuracy_sentences
    from alarp.standards.governance import load_patient_text

    found = house.evaluation()
    found["measures"][0]["estimate"] = None
    assert "still testing" in accuracy_sentences(load_patient_text(), "a lung nodule", found)["full"]


@pytest.mark.need("A06")
def test_the_text_names_tool_place_processor_retention_training_and_the_way_to_say_no(
    deployment: Any,
) -> None:
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    said = text_of(tell(deployment))
    for words in (
        "At River Hospital we use a computer tool called Flag with some chest X-rays.",
        "Server room, Riverside Hospital, United Kingdom",
        "Brightlung Ltd does this for us",
        "Deleted after 30 days, with a deletion log.",
        "Your X-ray is not used to train the tool.",
        "Your care stays the same if you say no.",
        "Valley NHS Trust",
    ):
        assert words in said


def test_without_a_data_flow_there_is_nothing_to_tell(deployment: Any) -> None:
    with pytest.raises(NotNow, match="record it first, patients are told it"):
        tell(deployment)


def test_a_question_without_an_answer_is_named(deployment: Any) -> None:
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    with pytest.raises(BadInput, match=r"'How does a patient say no\?' has no answer"):
        tell(deployment, object=" ")


@pytest.mark.need("A06")
def test_a_change_of_data_flow_version_or_evaluation_makes_the_published_text_outdated(
    deployment: Any,
) -> None:
    now = clock.now()
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    tell(deployment)
    assert "is not published" in checks.patient_information_current(deployment, now)[0]
    commands.publish_patient_information(deployment, by=by("information-governance"))
    assert checks.patient_information_current(deployment, now) == ()
    commands.set_data_flow(deployment, house.legs(country="Ireland"), by=by("information-governance"))
    assert "The data flow was changed" in checks.patient_information_current(deployment, now)[0]
    with pytest.raises(NotNow, match="out of date"):
        commands.issue_patient_information(deployment, by=by("data-analyst"))
    tell(deployment)
    commands.publish_patient_information(deployment, by=by("information-governance"))
    assert checks.patient_information_current(deployment, now) == ()
    evaluated(deployment)
    assert "newer local evaluation" in checks.patient_information_current(deployment, now)[0]
    tell(deployment)
    commands.publish_patient_information(deployment, by=by("information-governance"))
    deployments.change_version(deployment, valley.version("2.0"), by=by("lead-physicist"))
    deployment.refresh_from_db()
    assert "It speaks of version 1.0, not of 2.0." in checks.patient_information_current(deployment, now)[0]


@pytest.mark.need("A06")
def test_what_is_published_becomes_evidence_with_its_reading_ease(deployment: Any) -> None:
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    tell(deployment)
    published = commands.publish_patient_information(deployment, by=by("information-governance"))
    evidence = commands.issue_patient_information(deployment, by=by("data-analyst"))
    ease = evidence.body["reading_ease"]
    assert ease["easy"]["score"] > ease["full"]["score"] > 50
    assert published.leaflet_sha256 and published.easy_leaflet_sha256
    from alarp.records import objects

    assert objects.get(published.leaflet_sha256).startswith(b"%PDF")


def test_the_easy_variant_keeps_to_short_sentences(deployment: Any) -> None:
    import re

    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    told = tell(deployment)
    sentences = re.split(r"(?<=[.!?])\s+", text_of(told, "easy"))
    assert max(len(s.split()) for s in sentences) <= 15


# Rows that never change


@pytest.mark.parametrize(
    "table",
    [
        "responsibilities",
        "acknowledgement",
        "dataflow",
        "impactassessment",
        "involvement",
        "readiness",
        "readinessseal",
        "patientinformation",
        "publication",
    ],
)
def test_what_was_written_is_neither_changed_nor_deleted(deployment: Any, table: str) -> None:
    commands.set_responsibilities(deployment, house.rows(), by=by("digital-lead"))
    acknowledge(deployment, "reader")
    commands.set_data_flow(deployment, house.legs(), by=by("information-governance"))
    commands.write_assessment(deployment, house.assessment(), by=by("information-governance"))
    commands.log_involvement(deployment, date(2026, 6, 3), "a", "b", "c", "d", by=by("digital-lead"))
    commands.set_readiness(deployment, house.answers(), by=by("pacs-manager"))
    sign(deployment)
    tell(deployment)
    commands.publish_patient_information(deployment, by=by("information-governance"))
    for statement in (f"UPDATE governance_{table} SET id = id", f"DELETE FROM governance_{table}"):
        with pytest.raises(DatabaseError, match="is never"), transaction.atomic(), connection.cursor() as c:
            c.execute(statement)
