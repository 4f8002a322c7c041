"""Who accepts a residual risk, who says that the tool is safe, and what the gate and the traffic make of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hazard_log
import pytest
import valley
from django.utils.timezone import localdate
from hazard_log import (
    EXECUTIVE,
    LEVEL_1,
    LEVEL_3,
    OFFICER,
    WRITER,
    accept,
    against,
    hazard,
    imported,
    row,
    score,
    state,
)

from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.pathway import StepUp
from alarp.records import clock
from alarp.records.hazards import checks, commands
from alarp.records.hazards.models import LogVersion, RiskAcceptance, SafetyStatement
from alarp.records.hazards.queries import log_of
from alarp.safety import Condition

TODAY = localdate(clock.now())
CONDITION = Condition(
    "Late results are listed", ("X1",), "Ten days without a miss", "clinical-lead", TODAY + timedelta(60)
)


@pytest.fixture
def deployment(trust: None) -> Any:
    return valley.proposed(pathway="national-2026.2")


@pytest.fixture
def writer(trust: None) -> Any:
    return valley.person(WRITER)


def in_use(deployment: Any) -> Any:
    """As if every gate had been opened: the checks look only at the stage."""
    type(deployment).objects.filter(pk=deployment.pk).update(stage="live")
    deployment.refresh_from_db()
    return deployment


@pytest.mark.need("A01")
def test_a_level_3_risk_stands_with_two_signatures_and_a_review_date(deployment: Any) -> None:
    imported(deployment, row("X1", **LEVEL_3))
    assert len(against(deployment)) == 2
    accept(deployment)
    assert against(deployment) == (
        "X1 (Hazard X1) has residual risk level 3; executive has not accepted it.",
    )
    accept(deployment, role=EXECUTIVE)
    assert against(deployment) == ()


REFUSED = [
    ({"review_on": None}, BadInput, "carries the day on which it is looked at again"),
    ({"review_on": TODAY}, BadInput, "does not lie ahead"),
    ({"justification": " "}, BadInput, "cannot reasonably be reduced further"),
    ({"role": "radiographer", "by": OFFICER}, BadInput, "not by 'radiographer'"),
    ({"role": EXECUTIVE, "by": OFFICER}, NotPermitted, "do not hold the role executive"),
    ({"by": "clinical-lead"}, NotPermitted, "You may not accept a residual risk"),
    ({"step_up": StepUp("password", clock.now() - timedelta(hours=1))}, NotNow, "more than 5 minutes ago"),
    ({"revision_digest": "0" * 64}, NotNow, "has changed since you looked at it"),
]


@pytest.mark.parametrize(
    ("more", "error", "sentence"), REFUSED, ids=[s or "old proof" for _, _, s in REFUSED]
)
def test_an_acceptance_is_whole_or_refused(
    deployment: Any, more: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    imported(deployment, row("X1", **LEVEL_3))
    more = more | ({"by": valley.person(more["by"])} if "by" in more else {})
    with pytest.raises(error, match=sentence):
        accept(deployment, **more)
    assert not RiskAcceptance.objects.exists()


@pytest.mark.need("A01")
def test_nobody_accepts_a_level_4_and_level_1_asks_for_nobody(deployment: Any) -> None:
    worst = {"severity": "major", "likelihood": "high"}
    imported(deployment, row("X1", initial=worst, residual=worst), row("X2", **LEVEL_1))
    with pytest.raises(NotNow, match="residual risk level 4, which nobody may accept"):
        accept(deployment, role=EXECUTIVE)
    with pytest.raises(NotNow, match="needs no acceptance"):
        accept(deployment, "X2")
    assert against(deployment) == (
        "X1 (Hazard X1) has residual risk level 4, which nobody may accept; eliminate it or add controls.",
    )


def test_who_scored_a_risk_does_not_accept_it(deployment: Any) -> None:
    imported(deployment, row("X1"))
    officer = valley.person(OFFICER)
    commands.score_hazard(hazard(deployment), score(4, 3), score(4, 1), "silent run", "as before", by=officer)
    with pytest.raises(NotPermitted, match="who scores a risk does not accept it"):
        accept(deployment)


def test_who_declared_an_interest_in_the_supplier_accepts_nothing(deployment: Any) -> None:
    from alarp.records.people.commands import declare_interest

    imported(deployment, row("X1"))
    officer = valley.person(OFFICER)
    declare_interest(valley.organisation("lungco"), "Shares", by=officer)
    with pytest.raises(NotPermitted, match="You declared an interest"):
        accept(deployment)


def test_a_later_revision_voids_an_acceptance(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    accept(deployment)
    assert against(deployment) == ()
    commands.edit_hazard(hazard(deployment), {"harm": "Said plainer"}, "plainer words", by=writer)
    assert against(deployment) == (
        "X1 (Hazard X1) has residual risk level 2; clinical-safety-officer has not accepted it.",
    )


def test_an_acceptance_whose_seal_does_not_hold_counts_for_nothing(deployment: Any) -> None:
    from alarp.records.hazards.facts import log_of as read

    imported(deployment, row("X1"), row("X2"))
    real = accept(deployment)
    other = hazard(deployment, "X2").revisions.get()
    RiskAcceptance(
        revision=other,
        role=OFFICER,
        level=2,
        justification="as X1",
        envelope=real.envelope,
        by=real.by,
        at=real.at,
    ).save()
    assert len(read(deployment).hazard("X1").acceptances) == 1
    assert read(deployment).hazard("X2").acceptances == ()


# The officer's statement and the report


def test_a_statement_keeps_the_log_as_it_was(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    said = state(deployment, "conditional", conditions=(CONDITION,))
    assert (said.log_version.number, said.log_version.digest) == (1, log_of(deployment).digest)
    assert said.log_version.snapshot["hazards"][0]["number"] == "X1"
    state(deployment, "yes")
    assert LogVersion.objects.count() == 1
    commands.edit_hazard(hazard(deployment), {"harm": "Plainer"}, "plainer", by=writer)
    assert state(deployment).log_version.number == 2


STATEMENTS = [
    ({"answer": "conditional"}, BadInput, "needs at least one condition"),
    ({"answer": "yes", "words": ""}, BadInput, "needs its reasons in words"),
    ({"answer": "yes", "by": "clinical-lead"}, NotPermitted, "safety officer"),
    ({"answer": "yes", "log_digest": "0" * 64}, NotNow, "has changed since you looked"),
]


@pytest.mark.parametrize(("more", "error", "sentence"), STATEMENTS, ids=[s for _, _, s in STATEMENTS])
def test_a_statement_is_whole_or_refused(
    deployment: Any, more: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    imported(deployment, row("X1"))
    more = more | ({"by": valley.person(more["by"])} if "by" in more else {})
    with pytest.raises(error, match=sentence):
        state(deployment, **more)
    assert not SafetyStatement.objects.exists()


def test_with_an_unscored_or_unacceptable_hazard_the_officer_can_only_say_no(
    deployment: Any, writer: Any
) -> None:
    commands.start_log(deployment, by=writer)
    with pytest.raises(NotNow, match=r"H01 .* has no score; the statement can only be 'no'"):
        state(deployment)
    assert state(deployment, "no", words="Nothing is scored yet.").answer == "no"


def issued(deployment: Any, **more: Any) -> Any:
    return commands.issue_safety_case(deployment, by=more.pop("by", valley.person(WRITER)))


@pytest.mark.need("A01")
def test_the_report_answers_the_safety_case_and_the_residual_risk_at_the_gate(deployment: Any) -> None:
    imported(deployment, row("X1", **LEVEL_3), row("X2", **LEVEL_1))
    accept(deployment)
    accept(deployment, role=EXECUTIVE)
    state(deployment, "conditional", conditions=(CONDITION,))
    paper = issued(deployment)
    assert set(deployment.answers.values_list("criterion", flat=True)) == {"safety-case", "residual-risk"}
    assert paper.body["log_digest"] == log_of(deployment).digest
    assert paper.body["residual"] == {"1": 1, "2": 0, "3": 1, "4": 0, "5": 0}
    assert paper.body["statement"]["conditions"][0]["test"] == "Ten days without a miss"
    assert paper.body["not_standing"] == []
    assert paper.document_name in ("safety-case-flag-river-v1.pdf", "safety-case-flag-river-v1.html")
    assert checks.safety_case_current(deployment, clock.now()) == ()


def test_who_signs_for_the_report_does_not_issue_it(deployment: Any) -> None:
    imported(deployment, row("X1"))
    state(deployment)
    with pytest.raises(NotPermitted, match="You sign for the safety case as clinical-safety-officer"):
        issued(deployment, by=valley.person(OFFICER))


def test_no_report_without_a_statement_on_the_log_as_it_stands(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    with pytest.raises(NotNow, match="has given no statement on the log as it stands"):
        issued(deployment)
    state(deployment)
    commands.edit_hazard(hazard(deployment), {"harm": "Plainer"}, "plainer", by=writer)
    with pytest.raises(NotNow, match="has given no statement on the log as it stands"):
        issued(deployment)


def test_a_safety_case_is_current_until_the_log_or_the_officer_says_something_else(
    deployment: Any, writer: Any
) -> None:
    imported(deployment, row("X1"))
    assert "No safety case report has been issued" in checks.safety_case_current(deployment, clock.now())[0]
    state(deployment)
    issued(deployment)
    assert checks.safety_case_current(deployment, clock.now()) == ()
    state(deployment, "no", words="It failed in the drill.")
    assert checks.safety_case_current(deployment, clock.now()) == (
        "The clinical safety officer says no: It failed in the drill.",
    )
    commands.edit_hazard(hazard(deployment), {"harm": "Plainer"}, "plainer", by=writer)
    assert (
        "has changed since the safety case report" in checks.safety_case_current(deployment, clock.now())[0]
    )


# The traffic of a tool in use


@pytest.mark.need("A01")
def test_a_risk_that_rises_to_4_in_use_speaks_against_the_route_and_an_edited_word_does_not(
    deployment: Any, writer: Any, django_assert_max_num_queries: Any
) -> None:
    imported(deployment, row("X1"), row("X2", **LEVEL_1))
    accept(deployment)
    in_use(deployment)
    commands.edit_hazard(hazard(deployment), {"harm": "Said plainer"}, "plainer words", by=writer)
    assert against(deployment) == ()
    commands.score_hazard(
        hazard(deployment), score(4, 4), score(4, 4), "three in a week", "it is worse", by=writer
    )
    with django_assert_max_num_queries(2):
        said = checks.hazards_acceptable(deployment, clock.now())
    assert said == ("Hazard X1 (Hazard X1) stands at risk level 4, which nobody may accept.",)


def test_a_rise_within_what_may_be_accepted_needs_the_acceptances_anew(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1"))
    accept(deployment)
    in_use(deployment)
    commands.score_hazard(
        hazard(deployment), score(4, 3), score(4, 2), "two in a week", "it is worse", by=writer
    )
    assert "rose from level 2 to 3 since it was accepted" in against(deployment)[0]
    accept(deployment)
    accept(deployment, role=EXECUTIVE)
    assert against(deployment) == ()


def test_a_control_that_falls_in_use_counts_at_the_initial_risk(deployment: Any, writer: Any) -> None:
    imported(deployment, row("X1", initial={"severity": "major", "likelihood": "high"}))
    accept(deployment)
    in_use(deployment)
    commands.set_control_state(hazard_log.control(deployment), "proposed", "switched off", by=writer)
    assert against(deployment) == ("Hazard X1 (Hazard X1) stands at risk level 4, which nobody may accept.",)


def test_an_acceptance_that_is_due_for_review_speaks_against_the_route(deployment: Any) -> None:
    imported(deployment, row("X1", **LEVEL_3))
    soon = TODAY + timedelta(days=3)
    accept(deployment, review_on=soon)
    accept(deployment, role=EXECUTIVE, review_on=soon)
    in_use(deployment)
    assert against(deployment) == ()
    said = checks.hazards_acceptable(deployment, clock.now() + timedelta(days=4))
    assert len(said) == 1 and "its acceptance was to be reviewed on" in said[0]


def test_a_new_unaccepted_hazard_of_level_3_does_not_close_a_route_in_use(
    deployment: Any, writer: Any
) -> None:
    imported(deployment, row("X1", **LEVEL_1))
    in_use(deployment)
    commands.add_hazard(deployment, row("X2", **LEVEL_3), by=writer)
    assert against(deployment) == ()
