"""What the board says above the fold."""

from __future__ import annotations

from types import SimpleNamespace as Fact
from typing import Any

import pytest

from alarp.kernel import RouteState
from alarp.web.board import presenters
from unit.web.board_facts import Rows, gate

TITLES = {"clinical-lead": "Clinical lead", "pacs-manager": "PACS manager"}


def row(state: RouteState = RouteState.LIVE, *, days: int = 0, waiting: str | None = "clinical-lead",
        holds: Rows | None = None, mine: frozenset[str] = frozenset()) -> presenters.BoardRow:  # fmt: skip
    deployment: Any = Fact(
        slug="tool",
        version="Tool 1",
        site="River",
        use="Read first",
        gates=Rows(),
        holds=holds or Rows(),
        supply_led=False,
        raised_by_role="Reader",
    )
    fact = Fact(
        deployment=deployment, route=Fact(state=state, reason="because"), next_gate="need", met=1, criteria=3,
        waiting_for=waiting, days_waiting=days, stage="live",
    )  # fmt: skip
    return presenters.row(fact, gates=[gate("need")], titles=TITLES, my_roles=mine)


def test_a_row_says_how_much_of_the_next_gate_is_met_with_its_denominator() -> None:
    assert row().sentence == "Need: 1 of 3 criteria met"


def test_the_summary_counts_states_holds_and_the_longest_wait() -> None:
    hold = Fact(number=1, concern="!", answered_at=None)
    board = presenters.Board(
        (row(), row(RouteState.SILENT, days=12), row(RouteState.CLOSED, holds=Rows([hold])))
    )
    assert board.summary == (
        "3 deployments: 1 live, 1 silent, 1 closed. 1 open safety hold. The longest wait is 12 days."
    )


def test_an_answered_hold_is_no_open_hold() -> None:
    answered = Fact(number=1, concern="!", answered_at="yesterday")
    shown = row(RouteState.CLOSED, holds=Rows([answered]))
    assert shown.open_holds == ()
    assert not shown.route.held


def test_what_waits_for_me_comes_longest_first_and_nobody_elses_is_among_it() -> None:
    mine = frozenset({"clinical-lead"})
    board = presenters.Board(
        (row(days=2, mine=mine), row(days=9, mine=mine), row(waiting="pacs-manager", mine=mine))
    )
    assert [r.waiting.days for r in board.yours if r.waiting] == [9, 2]


@pytest.mark.parametrize("rows", [()])
def test_an_empty_board_says_so(rows: tuple[presenters.BoardRow, ...]) -> None:
    assert presenters.Board(rows).summary == "No tool has been proposed yet."
