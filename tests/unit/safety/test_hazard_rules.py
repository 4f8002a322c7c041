"""What speaks against a hazard, a score, an acceptance, a log: each a sentence that can be acted on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hazards_here import DAY, EXECUTIVE, OFFICER, SCHEME, accepted, control, hazard, score

from alarp.safety import (
    Controlled,
    ControlState,
    Hazard,
    Patients,
    Status,
    against_closing,
    against_hazard,
    against_log,
    against_score,
    against_transfer,
    control_states,
    controlled,
    falls,
    initial_matrix,
    levels,
    reopened_by,
    residual_matrix,
    unscored,
    untested,
    unwatched,
)

PROPOSED, BUILT = ControlState.PROPOSED, ControlState.BUILT
EFFECTIVE = ControlState.VERIFIED_EFFECTIVE


def against(one: Hazard, *others: Hazard) -> tuple[str, ...]:
    return against_hazard(one, SCHEME, control_states((one, *others)), DAY)


def test_a_measured_watched_hazard_of_level_1_with_a_built_control_may_stand() -> None:
    assert against(hazard()) == ()


@pytest.mark.need("A01")
def test_r1_a_control_that_is_not_built_scores_nothing() -> None:
    (said,) = against(hazard(controls=(control(state=PROPOSED),)))
    assert "no control is built" in said
    assert against(hazard(controls=(control(state=BUILT),))) == ()


def test_r1_does_not_ask_for_a_control_where_nothing_is_claimed() -> None:
    assert against(hazard(controls=(), initial=score(2, 1), residual=score(2, 1))) == ()


@pytest.mark.need("A01")
@pytest.mark.parametrize("likelihood", [1, 2])
def test_r2_an_unmeasured_hazard_is_at_least_of_medium_likelihood(likelihood: int) -> None:
    (said,) = against_score(
        "H1", score(2, 3), score(2, likelihood), measured=False, built_controls=1, scheme=SCHEME
    )
    assert "nothing has measured it; an unmeasured hazard is at least Medium" in said
    assert not against_score("H1", score(2, 3), score(2, 3), measured=False, built_controls=0, scheme=SCHEME)


def test_a_residual_above_the_initial_risk_is_no_score() -> None:
    said = against_score("H1", score(2, 2), score(2, 3), measured=True, built_controls=1, scheme=SCHEME)
    assert said[0].startswith("H1: the residual risk is above the initial one")


@pytest.mark.need("A01")
def test_r3_a_hazard_that_leans_on_another_ones_control_opens_again_when_that_falls() -> None:
    first, leaning = hazard("H01"), hazard("H02", controls=(), leans_on=("H01/C1",))
    assert against(leaning, first) == ()
    assert reopened_by((first, leaning, hazard("H03")), "H01", "C1") == ("H01", "H02")
    fallen = hazard("H01", controls=(control(state=PROPOSED),))
    said = against(leaning, fallen)
    assert "H02 leans on control H01/C1, which is not built; build it or score without it." in said
    assert any("no control is built" in sentence for sentence in said)


def test_only_a_step_back_is_a_fall() -> None:
    assert falls(EFFECTIVE, ControlState.VERIFIED_IMPLEMENTED)
    assert falls(BUILT, PROPOSED)
    assert not falls(BUILT, BUILT)
    assert not falls(BUILT, EFFECTIVE)


def test_a_re_opened_hazard_says_why_and_counts_at_its_initial_risk() -> None:
    one = hazard(initial=score(4, 4), residual=score(4, 1), reopened_because="Control C1 fell.")
    assert against(one) == ("H01 (Lost) is open again: Control C1 fell. Score it again.",)
    assert residual_matrix((one,), SCHEME).at_level(4) == 1


def test_an_unscored_and_an_unwatched_hazard_shut_the_case() -> None:
    assert "has no score" in against(hazard(initial=None, residual=None))[0]
    assert against(hazard(monitors=())) == ("H01 (Lost) is unwatched; name the monitor that watches it.",)


@pytest.mark.need("A01")
@pytest.mark.parametrize(("severity", "likelihood", "level"), [(5, 2, 4), (4, 5, 5)])
def test_a_residual_of_4_or_5_can_never_be_accepted(severity: int, likelihood: int, level: int) -> None:
    worst = score(severity, likelihood, Patients.SEVERAL)
    one = hazard(
        initial=worst,
        residual=worst,
        acceptances=accepted(OFFICER, EXECUTIVE, review_on=date(2027, 1, 1)),
    )
    assert against(one) == (
        f"H01 (Lost) has residual risk level {level}, which nobody may accept; eliminate it or add controls.",
    )


def level_3(**more: Any) -> Hazard:
    return hazard(initial=score(4, 3), residual=score(4, 2), **more)


@pytest.mark.need("A01")
def test_level_3_needs_the_officer_and_the_executive_with_a_review_date() -> None:
    later = date(2027, 5, 1)
    assert len(against(level_3())) == 2
    (said,) = against(level_3(acceptances=accepted(OFFICER, review_on=later)))
    assert said == "H01 (Lost) has residual risk level 3; executive has not accepted it."
    assert against(level_3(acceptances=accepted(OFFICER, EXECUTIVE, review_on=later))) == ()
    assert len(against(level_3(acceptances=accepted(OFFICER, EXECUTIVE)))) == 2


def test_an_acceptance_of_level_3_ends_on_its_review_date() -> None:
    assert against(level_3(acceptances=accepted(OFFICER, EXECUTIVE, review_on=DAY))) == ()
    overdue = against(level_3(acceptances=accepted(OFFICER, EXECUTIVE, review_on=date(2026, 11, 21))))
    assert len(overdue) == 2
    assert "was to be reviewed on 21 November 2026" in overdue[0]


def test_one_person_cannot_accept_a_level_3_risk_in_both_roles() -> None:
    both = accepted(OFFICER, EXECUTIVE, review_on=date(2027, 1, 1))
    (said,) = against(level_3(acceptances=(both[0], replace(both[1], person=both[0].person))))
    assert "one person accepted it in two roles" in said


def test_level_2_needs_the_officer_alone_and_level_1_nobody() -> None:
    two = hazard(initial=score(3, 3), residual=score(3, 2))
    assert against(two) == (
        "H01 (Lost) has residual risk level 2; clinical-safety-officer has not accepted it.",
    )
    assert against(replace(two, acceptances=accepted(OFFICER))) == ()


def test_an_empty_log_speaks_against_itself() -> None:
    assert against_log((), SCHEME, DAY) == (
        "There is no hazard log; start one from the library or import it.",
    )


def test_a_hazard_set_aside_with_its_reason_asks_for_nothing_more() -> None:
    aside = hazard(initial=None, residual=None, status=Status.CLOSED, status_because="no triage here")
    assert aside.set_aside
    assert against(aside) == ()
    assert unscored((aside,)) == unwatched((aside,)) == ()


@pytest.mark.parametrize(
    ("states", "residual", "wanted"),
    [
        ((), score(4, 3), Controlled.UNCONTROLLED),
        ((PROPOSED,), score(4, 3), Controlled.UNCONTROLLED),
        ((BUILT, PROPOSED), score(4, 1), Controlled.PARTLY),
        ((EFFECTIVE, BUILT), score(4, 1), Controlled.PARTLY),
        ((EFFECTIVE, EFFECTIVE), score(4, 1), Controlled.CONTROLLED),
        ((EFFECTIVE,), score(4, 2), Controlled.BAND_LIMITED),
    ],
)
def test_how_well_a_hazard_is_held_back_stands_beside_its_level(
    states: tuple[ControlState, ...], residual: Any, wanted: Controlled
) -> None:
    """At Major, Low and Medium are both level 3: a proven control may not move the level."""
    one = hazard(
        initial=score(4, 3),
        residual=residual,
        controls=tuple(control(f"C{n}", state) for n, state in enumerate(states)),
    )
    assert controlled(one, SCHEME) is wanted


def test_the_matrix_counts_every_scored_hazard_once() -> None:
    log = (hazard("H01"), level_3(), hazard("H03", initial=None, residual=None))
    before, after = initial_matrix(log, SCHEME), residual_matrix(log, SCHEME)
    assert before.total == after.total == 2
    assert levels(before, SCHEME) == {5: 0, 4: 0, 3: 1, 2: 1, 1: 0}
    assert levels(after, SCHEME) == {5: 0, 4: 0, 3: 1, 2: 0, 1: 1}
    assert [len(r) for r in after.rows] == [5] * 5
    assert after.rows[0][0].likelihood == 5


def test_hazards_that_no_test_addresses_are_named() -> None:
    tested = hazard("H02", controls=(control(mechanism=2),))
    assert untested((hazard("H01"), tested)) == ("H01",)


def test_a_hazard_is_closed_only_when_its_controls_are_verified() -> None:
    (said,) = against_closing(hazard(), SCHEME)
    assert "its controls C1 are not verified" in said
    assert against_closing(hazard(controls=(control(state=EFFECTIVE),)), SCHEME) == ()
    assert against_closing(hazard(initial=None, residual=None), SCHEME) == ()


def test_a_hazard_is_transferred_only_when_our_own_controls_are_built() -> None:
    assert against_transfer(hazard()) == ()
    assert "not built; finish them first" in against_transfer(hazard(controls=(control(state=PROPOSED),)))[0]
    assert "has no score" in against_transfer(hazard(initial=None, residual=None))[0]
