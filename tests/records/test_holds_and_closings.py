"""A safety hold shuts gate and route at once, until the officer it names has answered in writing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import valley
from django.db import IntegrityError, connection, transaction

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.records import clock
from alarp.records.deployments import commands, queries
from alarp.records.deployments.commands import StepUp
from alarp.records.deployments.models import Hold


@pytest.fixture
def silent(deployment: Any) -> Any:
    return valley.bring_to(deployment, "integrate")


def hold(
    deployment: Any, by: str = "patient-representative", officer: str = "clinical-safety-officer"
) -> Hold:
    return commands.raise_hold(
        deployment,
        "Two films were flagged on the wrong side.",
        "The cause is found and shown on ten films.",
        valley.person(officer),
        by=valley.person(by),
    )


@pytest.mark.need("A11")
@pytest.mark.parametrize("role", ["patient-representative", "radiographer", "procurement", "data-analyst"])
def test_anybody_on_the_team_can_raise_a_hold_and_the_route_is_closed_at_once(silent: Any, role: str) -> None:
    assert queries.route(silent).state is RouteState.SILENT
    raised = hold(silent, by=role)
    found = queries.route(silent)
    assert found.state is RouteState.CLOSED
    assert found.reason.startswith(f"Safety hold {raised.number} is open since")


@pytest.mark.need("A11")
def test_a_hold_shuts_the_gate_until_it_is_answered(silent: Any) -> None:
    roles = valley.answered(silent, "integrate").roles
    raised = hold(silent)
    with pytest.raises(NotNow, match="Safety hold 1 is open"):
        valley.sign(silent, "integrate", roles[0])
    answer(raised)
    for role in roles:
        valley.sign(silent, "integrate", role)
    silent.refresh_from_db()
    assert silent.stage == "go-live"


def answer(
    raised: Hold, by: str = "clinical-safety-officer", text: str = "Found and shown.", **more: Any
) -> Hold:
    step_up = more.get("step_up", valley.proof_of_self())
    return commands.answer_hold(raised, text, step_up, by=valley.person(by))


@pytest.mark.need("A11")
def test_only_the_named_officer_answers_in_writing_with_proof_of_who_they_are(silent: Any) -> None:
    raised = hold(silent)
    with pytest.raises(NotPermitted, match=r"is The clinical-safety-officer's to answer"):
        answer(raised, by="clinical-lead")
    with pytest.raises(BadInput, match="in writing"):
        answer(raised, text="  ")
    with pytest.raises(NotNow, match="more than 5 minutes"):
        answer(raised, step_up=StepUp("password", clock.now() - timedelta(minutes=10)))
    assert queries.route(silent).state is RouteState.CLOSED
    answer(raised)
    assert queries.route(silent).state is RouteState.SILENT
    with pytest.raises(NotNow, match="answered already"):
        answer(raised)


@pytest.mark.need("A11")
def test_a_hold_cannot_be_deleted_or_reworded_not_even_in_the_database(silent: Any) -> None:
    raised = hold(silent)
    for sql in (
        "DELETE FROM deployments_hold",
        "UPDATE deployments_hold SET concern = 'nothing'",
        "UPDATE deployments_hold SET officer_id = raised_by_id",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    answer(raised)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE deployments_hold SET answer = 'something else'")


@pytest.mark.need("A12")
def test_a_hold_needs_its_concern_and_what_would_end_it(silent: Any) -> None:
    officer, by = valley.person("clinical-safety-officer"), valley.person("reader")
    with pytest.raises(BadInput, match="concern in writing"):
        commands.raise_hold(silent, " ", "An end.", officer, by=by)
    with pytest.raises(BadInput, match="exit criterion"):
        commands.raise_hold(silent, "A concern.", "", officer, by=by)


@pytest.mark.need("A12")
def test_an_open_hold_ages_on_the_board_until_it_is_answered(silent: Any) -> None:
    raised = hold(silent)
    later = clock.now() + timedelta(days=5)
    (row,) = queries.board(valley.person("executive"), at=later)
    assert row.open_holds == 1
    assert (later - raised.raised_at).days == 5
    answer(raised)
    assert queries.board(valley.person("executive"))[0].open_holds == 0


def test_nobody_outside_the_team_raises_a_hold_and_nobody_answers_their_own(silent: Any) -> None:
    for outsider in ("writer", "vendor", "region", "stranger"):
        with pytest.raises(NotPermitted):
            hold(silent, by=outsider)
    with pytest.raises(BadInput, match="does not answer it"):
        hold(silent, by="clinical-safety-officer")
    with pytest.raises(BadInput, match="can answer a hold"):
        hold(silent, officer="writer")


def test_the_officer_of_an_open_hold_cannot_leave_the_team(silent: Any) -> None:
    raised = hold(silent)
    member = silent.team.get(role="clinical-safety-officer")
    with pytest.raises(NotNow, match="still has to answer hold 1"):
        commands.leave_team(member, by=valley.person("service-manager"))
    answer(raised)
    commands.leave_team(member, by=valley.person("service-manager"))


def test_holds_are_numbered_and_each_closes_on_its_own(silent: Any) -> None:
    first, second = hold(silent), hold(silent, by="reader")
    assert (first.number, second.number) == (1, 2)
    answer(first)
    assert "Safety hold 2" in queries.route(silent).reason


@pytest.mark.need("G17")
def test_closing_by_hand_closes_at_once_and_only_a_signed_lifting_opens_again(silent: Any) -> None:
    closure = commands.close_route(silent, "The PACS is being moved.", by=valley.person("pacs-manager"))
    found = queries.route(silent)
    assert (found.state, "The PACS is being moved." in found.reason) == (RouteState.CLOSED, True)
    with pytest.raises(NotPermitted, match="open this route again"):
        commands.lift_closure(closure, "Moved.", valley.proof_of_self(), by=valley.person("pacs-manager"))
    with pytest.raises(NotNow, match="more than 5 minutes"):
        stale = StepUp("password", clock.now() - timedelta(minutes=10))
        commands.lift_closure(closure, "Moved.", stale, by=valley.person("clinical-lead"))
    with pytest.raises(BadInput, match="reason in writing"):
        commands.lift_closure(closure, " ", valley.proof_of_self(), by=valley.person("clinical-lead"))
    commands.lift_closure(closure, "Moved.", valley.proof_of_self(), by=valley.person("clinical-lead"))
    assert queries.route(silent).state is RouteState.SILENT
    with pytest.raises(NotNow, match="lifted already"):
        commands.lift_closure(closure, "Again.", valley.proof_of_self(), by=valley.person("clinical-lead"))


def test_closing_needs_a_reason_and_a_role(silent: Any) -> None:
    with pytest.raises(BadInput, match="reason in writing"):
        commands.close_route(silent, "", by=valley.person("pacs-manager"))
    with pytest.raises(NotPermitted):
        commands.close_route(silent, "Because.", by=valley.person("procurement"))
