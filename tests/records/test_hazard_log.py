"""The hazard log: started from the library, scored by people, never edited, never deleted."""

from __future__ import annotations

from typing import Any

import hazard_log
import pytest
import valley
from django.db import IntegrityError, connection, transaction
from hazard_log import WRITER, control, hazard, imported, now, row, score, table

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.records.audit.models import AuditEvent
from alarp.records.audit.queries import verify
from alarp.records.hazards import commands
from alarp.records.hazards.models import Hazard, HazardRevision
from alarp.records.hazards.queries import log_of
from alarp.safety import Status


@pytest.fixture
def writer(trust: None) -> Any:
    return valley.person(WRITER)


@pytest.mark.need("A01")
def test_a_log_begins_with_the_library_s_hazards_that_fit_unscored(deployment: Any, writer: Any) -> None:
    made = commands.start_log(deployment, by=writer)
    log = log_of(deployment)
    assert len(made) == len(log.hazards) == 22
    assert all(not h.scored for h in log.hazards)
    assert all(c.state == "proposed" for h in log.hazards for c in h.controls)
    assert len(hazard_log.against(deployment)) == 22


def test_a_log_is_started_once(deployment: Any, writer: Any) -> None:
    commands.start_log(deployment, by=writer)
    with pytest.raises(NotNow, match="has a hazard log already"):
        commands.start_log(deployment, by=writer)


@pytest.mark.parametrize("role", ["executive", "procurement", "vendor", "stranger", "admin"])
def test_who_has_no_such_role_in_the_team_cannot_write_the_log(deployment: Any, role: str) -> None:
    with pytest.raises(NotPermitted):
        commands.start_log(deployment, by=valley.person(role))
    assert not Hazard.objects.exists()


def test_a_score_is_a_new_revision_and_the_old_one_stays(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    commands.score_hazard(
        hazard(deployment), score(4, 3), score(4, 2), "silent run of 500", "one in 500", by=writer
    )
    rows = HazardRevision.objects.filter(hazard=hazard(deployment)).order_by("number")
    assert [(r.number, r.residual_level) for r in rows] == [(1, 2), (2, 3)]
    assert now(deployment).residual == score(4, 2)


@pytest.mark.need("A01")
def test_an_unbuilt_control_and_an_unmeasured_guess_score_nothing(deployment: Any, writer: Any) -> None:
    commands.start_log(deployment, by=writer)
    one = hazard(deployment, "H01")
    with pytest.raises(BadInput, match="no control is built"):
        commands.score_hazard(one, score(4, 4), score(4, 3), "", "we will build it", by=writer)
    commands.set_control_state(control(deployment, "H01"), "built", "release note 4", by=writer)
    with pytest.raises(BadInput, match="nothing has measured it"):
        commands.score_hazard(one, score(4, 4), score(4, 1), "", "never happens", by=writer)
    commands.score_hazard(one, score(4, 4), score(4, 3), "", "built, not measured", by=writer)
    assert now(deployment, "H01").residual == score(4, 3)


def test_a_score_without_its_reasons_is_refused(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    with pytest.raises(BadInput, match="has its reasons in words"):
        commands.score_hazard(hazard(deployment), score(4, 3), score(4, 3), "x", " ", by=writer)


@pytest.mark.need("A01")
def test_a_control_that_falls_opens_its_hazard_and_all_that_lean_on_it(deployment: Any, writer: Any) -> None:
    imported(
        deployment,
        row("X1"),
        row("X2", controls=[], leans_on=["X1/C1"]),
        row("X3"),
    )
    commands.set_control_state(control(deployment), "proposed", "switched off in the upgrade", by=writer)
    assert now(deployment, "X1").reopened_because
    assert "X1/C1 went back from verified-effective to proposed" in now(deployment, "X2").reopened_because
    assert not now(deployment, "X3").reopened_because
    event = AuditEvent.objects.filter(action="control changed").get()
    assert event.details["reopened"] == ["X1", "X2"]


def test_a_re_opened_hazard_stands_again_only_when_it_is_scored_again(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1", **hazard_log.LEVEL_1))
    commands.set_control_state(control(deployment), "built", "the test has to be run again", by=writer)
    assert "is open again" in hazard_log.against(deployment)[0]
    commands.set_control_state(control(deployment), "verified-effective", "test run 4", by=writer)
    assert "is open again" in hazard_log.against(deployment)[0]
    commands.score_hazard(hazard(deployment), score(4, 3), score(2, 1), "test run 4", "as before", by=writer)
    assert hazard_log.against(deployment) == ()


def test_a_closed_hazard_opens_again_when_its_control_falls(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1", **hazard_log.LEVEL_1))
    commands.close_hazard(hazard(deployment), "All is done and shown.", by=writer)
    assert now(deployment).status is Status.CLOSED
    commands.set_control_state(control(deployment), "proposed", "taken out", by=writer)
    assert now(deployment).status is Status.OPEN
    assert hazard_log.against(deployment)


def test_a_hazard_is_closed_when_all_is_done_and_set_aside_when_it_does_not_apply(
    deployment: Any, writer: Any
) -> None:
    commands.start_log(deployment, by=writer)
    commands.close_hazard(hazard(deployment, "H07"), "No work list is ordered by this tool.", by=writer)
    assert now(deployment, "H07").set_aside
    assert not any(s.startswith("H07") for s in hazard_log.against(deployment))
    imported(deployment, row("X1", controls=[row("X1")["controls"][0] | {"state": "built"}]))
    with pytest.raises(NotNow, match="its controls C1 are not verified"):
        commands.close_hazard(hazard(deployment, "X1"), "done", by=writer)


def test_a_transferred_hazard_keeps_who_took_it_and_what_they_declared(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    with pytest.raises(BadInput, match="names who takes it and which controls they declared"):
        commands.transfer_hazard(hazard(deployment), "Lungco", " ", by=writer)
    commands.transfer_hazard(hazard(deployment), "Lungco Ltd", "Notice of 30 days before a change", by=writer)
    one = now(deployment)
    assert (one.status, one.transferred_to) == (Status.TRANSFERRED, "Lungco Ltd")
    assert one.status_because == "Notice of 30 days before a change"


def test_a_hazard_of_our_own_needs_a_new_number(deployment: Any, writer: Any) -> None:
    commands.start_log(deployment, by=writer)
    made = commands.add_hazard(deployment, row("X1"), by=writer)
    assert made.number == "X1"
    with pytest.raises(BadInput, match="two hazards with the number H01; give each its own"):
        commands.add_hazard(deployment, row("H01"), by=writer)


def test_a_changed_text_is_a_revision_with_its_reason(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    with pytest.raises(BadInput, match="has no text 'residual'"):
        commands.edit_hazard(hazard(deployment), {"residual": None}, "sneaky", by=writer)
    commands.edit_hazard(hazard(deployment), {"harm": "Late treatment"}, "said plainer", by=writer)
    assert now(deployment).harm == "Late treatment"
    assert now(deployment).residual == score(4, 1)


def test_an_added_control_is_only_proposed(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    made = commands.add_control(
        hazard(deployment), "A second reader", "business-process-change", 3, "clinical-lead", by=writer
    )
    assert made.number == "C2"
    assert [c.state for c in now(deployment).controls] == ["verified-effective", "proposed"]
    for wrong in (
        ("", "test", 2, "reader"),
        ("x", "spell", 2, "reader"),
        ("x", "test", 9, "reader"),
        ("x", "test", 2, "me"),
    ):
        with pytest.raises(BadInput):
            commands.add_control(hazard(deployment), *wrong, by=writer)


def test_a_control_moves_with_what_shows_it(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    one = control(deployment)
    with pytest.raises(BadInput, match="Say what shows"):
        commands.set_control_state(one, "built", " ", by=writer)
    with pytest.raises(BadInput, match="The state is 'done'"):
        commands.set_control_state(one, "done", "x", by=writer)
    with pytest.raises(NotNow, match="is verified-effective already"):
        commands.set_control_state(one, "verified-effective", "again", by=writer)


# Import


def test_an_import_makes_hazards_controls_and_states_at_once(deployment: Any) -> None:
    imported(deployment, row("X1"), row("X2", leans_on=["X1/C1"], **hazard_log.LEVEL_3))
    log = log_of(deployment)
    assert [h.number for h in log.hazards] == ["X1", "X2"]
    assert log.hazard("X2").leans_on == ("X1/C1",)
    assert log.states == {"X1/C1": "verified-effective", "X2/C1": "verified-effective"}


BAD_TABLES = [
    (table(row("X1"), row("X1")), "two hazards with the number X1"),
    (table(row("X1", leans_on=["X4/C1"])), "leans on control X4/C1, which is not in the log"),
    (table(row("X1", monitors=[{"monitor": "nothing", "limit": "0"}])), "which is no monitor"),
    (table(row("X1"), row("X2", closed="done", controls=[row("X")["controls"][0] | {"state": "built"}])), "not verified"),
    (["no", "table"], "is not a table of fields"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "sentence"), BAD_TABLES, ids=[s for _, s in BAD_TABLES])
def test_an_import_with_one_wrong_row_leaves_nothing_behind(
    deployment: Any, writer: Any, value: Any, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        commands.import_log(deployment, value, by=writer)
    assert not Hazard.objects.exists()
    assert not AuditEvent.objects.filter(action="hazard log imported").exists()


def test_an_import_over_a_log_revises_what_is_here_and_refuses_another_control_of_the_same_number(
    deployment: Any, writer: Any
) -> None:
    imported(deployment, row("X1"))
    imported(deployment, row("X1", harm="Other"), row("X2"))
    assert now(deployment).harm == "Other"
    assert HazardRevision.objects.filter(hazard=hazard(deployment)).count() == 2
    other = row("X1", controls=[row("X1")["controls"][0] | {"text": "Something else"}])
    with pytest.raises(BadInput, match="X1/C1 is another control in this log"):
        imported(deployment, other)


def test_an_import_may_score_what_the_library_began(deployment: Any, writer: Any) -> None:
    commands.start_log(deployment, by=writer)
    thin = {
        "number": "H01",
        "initial": {"severity": "major", "likelihood": "medium"},
        "residual": {"severity": "major", "likelihood": "very low"},
        "measured_by": "silent run",
        "controls": [{"number": "C1", "state": "built", "evidence": "run 3"}, {"number": "C2"}],
    }
    imported(deployment, thin)
    assert now(deployment, "H01").scored
    assert [c.state for c in now(deployment, "H01").controls] == ["built", "proposed"]
    assert Hazard.objects.filter(deployment=deployment).count() == 22


@pytest.mark.parametrize("data", [b"\xff\xfe", b"hazards: [", b"{" * 3000, b"x" * (2 * 2**20 + 1)])
def test_a_file_that_is_no_table_is_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(BadInput) as refusal:
        commands.read_table(data)
    assert str(refusal.value).startswith("The hazard log is")


# What holds for every row


TABLES = (
    "hazards_hazard",
    "hazards_hazardrevision",
    "hazards_control",
    "hazards_controlchange",
    "hazards_hazardmove",
    "hazards_riskacceptance",
    "hazards_logversion",
    "hazards_safetystatement",
)


@pytest.mark.parametrize("name", TABLES)
def test_the_database_refuses_to_change_or_delete_a_row_of_the_log(
    deployment: Any, writer: Any, name: str
) -> None:
    imported(deployment, row("X1"))
    commands.transfer_hazard(hazard(deployment), "Lungco", "Notice", by=writer)
    hazard_log.accept(deployment)
    hazard_log.state(deployment)
    for statement in (f"UPDATE {name} SET id = id + 1000", f"DELETE FROM {name}"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_reading_a_log_takes_as_many_queries_for_two_hazards_as_for_twenty_six(
    deployment: Any, django_assert_max_num_queries: Any
) -> None:
    imported(deployment, *(row(f"X{n}") for n in range(2)))
    with django_assert_max_num_queries(9):
        log_of(deployment)
    imported(deployment, *(row(f"Y{n}") for n in range(24)))
    for number in range(5):
        hazard_log.accept(deployment, f"Y{number}")
    with django_assert_max_num_queries(9):
        assert len(log_of(deployment).hazards) == 26


def test_every_change_stands_in_the_audit_chain(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    commands.set_control_state(control(deployment), "built", "must be shown again", by=writer)
    actions = set(AuditEvent.objects.filter(stream__slug=deployment.slug).values_list("action", flat=True))
    assert {"hazard log imported", "control changed"} <= actions
    assert [check.ok for check in verify(deployment.slug)] == [True]


def test_the_log_of_a_retired_tool_is_kept_as_it_is(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    type(deployment).objects.filter(pk=deployment.pk).update(stage="retired")
    with pytest.raises(NotNow, match="is retired; its hazard log is kept"):
        imported(deployment, row("X2"))
