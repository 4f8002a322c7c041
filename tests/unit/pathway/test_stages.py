"""The table of stages: nothing is skipped, nothing is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarp.kernel import NotNow, Stage
from alarp.pathway import TO_LIVE, TRANSITIONS, Event
from alarp.pathway.model import CHANGE, REVIEW
from alarp.pathway.states import BEFORE_LIVE, WAITS_IN, after, next_gate, settled, signable


def test_every_stage_is_entered_and_left_but_the_first_and_the_last() -> None:
    entered = {row.next for row in TRANSITIONS}
    left = {row.stage for row in TRANSITIONS}
    assert entered | {Stage.NEED} == set(Stage)
    assert left == set(Stage) - {Stage.RETIRED}


def test_one_event_at_one_gate_leads_to_one_stage() -> None:
    keys = [(row.stage, row.event, row.gate) for row in TRANSITIONS]
    assert len(keys) == len(set(keys))


def test_an_event_that_the_table_does_not_know_is_refused() -> None:
    with pytest.raises(NotNow, match="In stage need the gate live cannot be opened"):
        after(Stage.NEED, Event.OPENED, "live")


@pytest.mark.need("X01")
def test_only_opening_every_gate_one_after_the_other_leads_from_need_to_live() -> None:
    """Walk the whole graph by `opened` alone: each stage has one way on, and it is the next one."""
    stage, walked = Stage.NEED, []
    while stage is not Stage.LIVE:
        ways = [row for row in TRANSITIONS if row.stage is stage and row.event is Event.OPENED]
        assert len(ways) == 1
        walked.append(ways[0].gate)
        stage = ways[0].next
    assert tuple(walked) == TO_LIVE


def test_no_row_outside_the_gates_and_the_restored_change_leads_into_live() -> None:
    into = {(row.stage, row.event) for row in TRANSITIONS if row.next is Stage.LIVE}
    assert into == {
        (Stage.GO_LIVE, Event.OPENED),
        (Stage.CHANGE, Event.RESTORED),
        (Stage.REVIEW, Event.CONTINUED),
    }


def test_a_reopening_before_live_falls_back_to_the_earlier_of_the_two() -> None:
    assert after(Stage.INTEGRATE, Event.REOPENED, "appraise") is Stage.APPRAISE
    assert after(Stage.APPRAISE, Event.REOPENED, "procure") is Stage.APPRAISE


def test_any_reopening_in_use_leads_to_change() -> None:
    for stage in (Stage.LIVE, Stage.REVIEW, Stage.CHANGE):
        for gate in TO_LIVE:
            assert after(stage, Event.REOPENED, gate) is Stage.CHANGE


def test_a_gate_that_still_stands_open_is_passed_without_signing_again() -> None:
    still_open = ("need", "appraise", "procure")
    assert settled(Stage.EVALUATE, (*still_open, "evaluate")) is Stage.INTEGRATE


def test_change_is_left_only_when_every_gate_and_the_change_gate_are_signed() -> None:
    assert settled(Stage.CHANGE, TO_LIVE) is Stage.CHANGE
    assert settled(Stage.CHANGE, (*TO_LIVE[:-1], CHANGE)) is Stage.CHANGE
    assert settled(Stage.CHANGE, (*TO_LIVE, CHANGE)) is Stage.LIVE


def test_a_later_gate_cannot_be_signed_before_an_earlier_one() -> None:
    for place, (gate, stage) in enumerate(WAITS_IN.items()):
        assert signable(stage, TO_LIVE[:place]) == TO_LIVE[: place + 1]
        assert next_gate(stage, TO_LIVE[:place]) == gate


def test_the_review_comes_after_live_and_the_retirement_after_a_stop() -> None:
    assert all(REVIEW not in signable(stage, ()) for stage in BEFORE_LIVE)
    assert REVIEW in signable(Stage.REVIEW, TO_LIVE)
    assert signable(Stage.RETIRE, TO_LIVE) == ("retire",)
    assert signable(Stage.RETIRED, TO_LIVE) == ()
    assert next_gate(Stage.RETIRED, TO_LIVE) is None


@pytest.mark.need("X01")
@given(
    st.lists(
        st.tuples(st.sampled_from(("open", "re-open")), st.sampled_from((*TO_LIVE, CHANGE))), max_size=60
    )
)
def test_no_walk_reaches_live_while_a_gate_stands_shut(moves: list[tuple[str, str]]) -> None:
    """Any order of openings (where the table lets one sign) and re-openings (where a gate stands open)."""
    stage, standing = Stage.NEED, set[str]()
    for move, gate in moves:
        if move == "open" and gate in signable(stage, sorted(standing)) and gate not in standing:
            standing.add(gate)
            stage = settled(after(stage, Event.OPENED, gate), standing) if stage is not Stage.LIVE else stage
        elif move == "re-open" and gate in standing and gate in TO_LIVE:
            standing.discard(gate)
            stage = after(stage, Event.REOPENED, gate)
            if stage is Stage.CHANGE:
                standing.discard(CHANGE)
        if stage is Stage.LIVE:
            assert set(TO_LIVE) <= standing
        if stage in BEFORE_LIVE:
            assert WAITS_IN[next(g for g in TO_LIVE if g not in standing)] is stage
