"""The shapes that recur: what they say, before anything draws them."""

from __future__ import annotations

import pytest

from alarp.kernel import Measure, RouteState
from alarp.web import shapes
from unit.web.board_facts import gate

GATES = [gate("need"), gate("appraise"), gate("evaluate")]


def test_a_gate_line_fills_what_is_passed_rings_what_is_next_and_bars_what_was_reopened() -> None:
    line = shapes.gate_line(GATES, {"need": "open", "appraise": "re-opened"}, "evaluate")
    assert [station.state for station in line] == ["passed", "reopened", "next"]
    assert [station.words for station in line] == ["passed", "re-opened", "next"]


def test_a_gate_without_a_status_lies_ahead() -> None:
    assert shapes.gate_line(GATES, {}, "need")[2].state == "ahead"


@pytest.mark.parametrize(("days", "said"), [(0, "since today"), (1, "1 day"), (12, "12 days")])
def test_a_waiting_chip_counts_days(days: int, said: str) -> None:
    assert shapes.Waiting("Clinical lead", days).since == said


def test_a_wait_of_a_week_is_marked_and_a_shorter_one_is_not() -> None:
    assert shapes.Waiting("x", 7).long
    assert not shapes.Waiting("x", 6).long


def test_a_route_that_a_hold_closed_says_so_and_carries_its_own_sign() -> None:
    closed = shapes.RouteSwitch(RouteState.CLOSED, "…", held=True)
    assert (closed.word, closed.sign) == ("Closed by a safety hold", "held")
    assert shapes.RouteSwitch(RouteState.LIVE, "…").sign == "live"


def test_a_share_is_read_in_per_cent_with_its_interval_counts_and_method() -> None:
    measure = Measure("sensitivity", 0.9398, 0.912, 0.962, method="Wilson", n=332, events=312)
    assert shapes.number(measure) == shapes.Number("94 %", "(91-96), 312 of 332, Wilson")


def test_a_distance_is_not_a_share() -> None:
    assert shapes.number(Measure("hd95_mm", 4.2, 3.1, 5.5, n=20)).figure == "4.2"


def test_what_cannot_be_measured_says_why_instead_of_zero() -> None:
    found = shapes.number(Measure.not_measurable("specificity", because="nobody is healthy"))
    assert found == shapes.Number("not measurable", "nobody is healthy")


def test_headline_numbers_come_from_all_cases_never_from_a_subgroup() -> None:
    rows = [
        Measure("sensitivity", 0.5, n=4, events=2, subgroup="scanner=A").as_dict() | {"p": None},
        Measure("sensitivity", 0.75, n=8, events=6).as_dict() | {"p": None},
    ]
    assert shapes.headline_numbers({"measures": rows}) == (("Sensitivity", shapes.Number("75 %", "6 of 8")),)
