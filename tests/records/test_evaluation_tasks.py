"""What waits in an evaluation stands in My work of whoever can act, and on the board, until somebody has acted."""

from __future__ import annotations

from typing import Any

import chest_evaluation as chest
import pytest
import valley
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alarp.kernel import Unavailable
from alarp.records import clock
from alarp.records.deployments.models import Decision
from alarp.records.protocols import commands
from alarp.web.my_work import gathering
from alarp.web.protocols.tasks import in_short, tasks


@pytest.fixture(autouse=True)
def no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The PDF says nothing about what waits, and takes seconds."""

    def missing(html: str) -> bytes:
        raise Unavailable("no PDF here", phase="pdf")

    monkeypatch.setattr("alarp.report.to_pdf", missing)


def texts(deployment: Any) -> list[str]:
    return [task.text for task in tasks([deployment])]


def my_work(role: str) -> list[tuple[str, str]]:
    """The lines on evaluations in this person's My work: text and address."""
    person, now = valley.person(role), clock.now()
    mine, roles = gathering.teams_of(person)
    rows = gathering.waits(person, mine, roles, now)
    return [(row.text, row.href) for row in rows if row.kind == "Evaluation"]


def missing_most(deployment: Any) -> Any:
    """Cases of which the tool finds too few: it misses what it promises to find."""
    return chest.cases(deployment, content=chest.cases_csv().replace(b"nodule,0.9", b"nodule,0.3", 10))


def test_a_draft_waits_for_its_lock_only_when_no_question_is_left_and_until_it_is_locked(
    deployment: Any,
) -> None:
    protocol = chest.begun(deployment)
    open_question = chest.protocol_text(deployment).replace("60 consecutive films", "<sites and dates>")
    commands.save_protocol(protocol, open_question, by=valley.person("lead-physicist"))
    assert texts(deployment) == []
    commands.save_protocol(protocol, chest.protocol_text(deployment), by=valley.person("lead-physicist"))
    (line,) = my_work("statistician")
    assert line[0] == "Lock protocol 1: Nodules on our chest films"
    assert line[1].endswith("/evaluation/protocols/1/lock/")
    assert my_work("radiographer") == []
    chest.locked(protocol)
    assert texts(deployment) == []


def test_a_failed_run_waits_for_those_who_can_run_it_again_until_they_have(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    chest.locked(protocol)
    broken = chest.cases_csv().replace(b"c7,none", b"c7,maybe")
    chest.done(chest.asked(protocol, chest.cases(deployment, content=broken)))
    assert any("Evaluation run 1 failed: " in text and "c7" in text for text, _ in my_work("data-analyst"))
    assert my_work("radiographer") == []
    again = chest.asked(protocol, chest.cases(deployment))
    assert texts(deployment) == [], "it runs again"
    chest.done(again)
    assert not any("failed" in text for text in texts(deployment))


@pytest.mark.need("E05")
def test_a_result_waits_for_its_signature_and_an_exploratory_one_never_does(deployment: Any) -> None:
    protocol, cases = chest.begun(deployment), chest.cases(deployment)
    chest.done(chest.asked(protocol, cases))
    assert not any("Sign" in text for text in texts(deployment))
    chest.locked(protocol)
    run = chest.done(chest.asked(protocol, cases))
    assert ("Sign evaluation run 2: Nodules on our chest films", run_page(deployment, 2, "sign/")) in my_work(
        "lead-physicist"
    )
    assert in_short(valley.person("lead-physicist"), [deployment])[deployment.pk] == (
        "run 2 waits for its signature"
    )
    commands.sign_run(run, valley.proof_of_self(), by=valley.person("lead-physicist"))
    assert texts(deployment) == []


def run_page(deployment: Any, number: int, rest: str = "") -> str:
    return f"/deployments/{deployment.slug}/evaluation/runs/{number}/{rest}"


@pytest.mark.need("E05")
def test_a_claim_that_was_not_met_waits_for_a_decision_that_is_made_after_it(deployment: Any) -> None:
    protocol = chest.begun(deployment)
    chest.locked(protocol)
    chest.done(chest.asked(protocol, missing_most(deployment)))
    wanted = "Decide what follows: evaluation run 1 did not meet “sensitivity"
    for role in ("clinical-lead", "clinical-safety-officer"):
        (line,) = my_work(role)
        assert line[0].startswith(wanted) and line[1] == run_page(deployment, 1)
    assert my_work("radiographer") == []
    Decision.objects.create(
        deployment=deployment, gate="evaluate", person=valley.person("clinical-lead"), role="clinical-lead",
        outcome="approve", meaning="approve", evidence_hashes=[], evidence_digest="0" * 64,
        authenticated_by="password", signed_at=clock.now(), envelope={},
    )  # fmt: skip
    assert my_work("clinical-lead") == []


def test_the_tasks_of_many_protocols_cost_no_more_queries_than_those_of_one(deployment: Any) -> None:
    def asked() -> int:
        tasks([deployment])  # what never changes is read
        with CaptureQueriesContext(
            connection,
        ) as seen:
            tasks([deployment])
        return len(seen)

    chest.begun(deployment)
    alone = asked()
    for _ in range(3):
        chest.begun(deployment)
    assert asked() == alone and len(texts(deployment)) == 4
