"""What the pages of competences and of one's own work say, from facts alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace as Fact
from typing import Any

import pytest

from alarp.kernel import Measure
from alarp.pathway import Entitlement, May
from alarp.standards.competences import load_framework
from alarp.web.competences import learning, presenters
from alarp.web.my_work.presenters import Ends, Waits, my_work

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def card(may: May, *, stage: str = "live", **change: Any) -> presenters.ToolCard:
    deployment = Fact(slug="flag", version="Flag 2.0", site="River", stage=stage)
    answer = Entitlement(may, ("Because.",), **change)
    return presenters.tool_card(deployment, answer, {"1.flag": Fact(pk=7, title="Flag for readers")}, TODAY)


def test_the_lead_counts_tools_in_use_and_names_the_next_module() -> None:
    cards = [
        card(May.UNAIDED, until=TODAY + timedelta(days=30)),
        card(May.NONE, next_module="1.flag"),
        card(May.NONE, stage="integrate"),
    ]
    assert presenters.lead(cards) == (
        "You may act on what the AI says for 1 of 2 tools in use. 1 tool that you are to use is not in use yet. "
        "Next: “Flag for readers”."
    )


def test_who_uses_no_tool_is_told_that_nothing_is_owed() -> None:
    assert "nothing you must pass" in presenters.lead([])


@pytest.mark.parametrize(("days", "soon"), [(0, True), (60, True), (61, False)])
def test_an_entitlement_ends_soon_within_the_days_of_the_standard(days: int, soon: bool) -> None:
    made = card(May.UNAIDED, until=TODAY + timedelta(days=days))
    assert made.ends_soon(load_framework().expiry_warning_days) is soon


def test_each_answer_has_a_word_and_a_mark_of_its_own() -> None:
    signs = [presenters.sign(may) for may in May]
    assert len({s.word for s in signs}) == len({s.mark for s in signs}) == 3


def test_levels_are_drawn_as_shown_owed_and_beyond() -> None:
    line = presenters.StatementLine("Reads a score.", needed=3, reached=1, added_by="")
    assert (line.shown, line.owed, line.beyond) == ("●", "○○", "·")
    assert (line.short, line.words) == (True, "level 1 of 3 needed")
    more = presenters.StatementLine("Reads a score.", needed=1, reached=3, added_by="")
    assert (more.shown, more.owed, more.beyond, more.short) == ("●●●", "", "·", False)


def test_a_domain_counts_only_what_the_roles_need() -> None:
    cards = presenters.domain_cards(load_framework(), ["reader"], {"regulation.intended-use": 3})
    regulation = next(c for c in cards if c.title.startswith("Ethical"))
    assert regulation.sentence == "1 of 3 shown"
    assert presenters.domain_cards(load_framework(), [], {}) == ()


def test_steps_are_drawn_passed_next_and_ahead() -> None:
    two = {s.name: 2 for s in load_framework().statements}
    assert [s.state for s in presenters.step_cards(load_framework(), two)] == ["passed", "passed", "next"]
    assert [s.state for s in presenters.step_cards(load_framework(), {})] == ["next", "ahead", "ahead"]


def test_users_who_are_not_entitled_come_first_and_roles_are_written_out() -> None:
    def row(name: str, may: May, why: str) -> Any:
        return Fact(
            user=Fact(pk=1, person=name, role="reader"), entitlement=Entitlement(may, (why,), until=TODAY)
        )

    lines = presenters.user_lines(
        [row("Ann", May.UNAIDED, "Passed."), row("Bob", May.NONE, "Not meant for the role lead-physicist.")],
        str.title,
        TODAY,
    )
    assert [line.name for line in lines] == ["Bob", "Ann"]
    assert lines[0].because == "Not meant for the role AI lead physicist."


def attempt(passed: bool) -> learning.AttemptLine:
    items = [
        Fact(number=1, case_text="A", ai_said="x", ai_right=True, reason="r"),
        Fact(number=2, case_text="B", ai_said="y", ai_right=False, reason="s"),
    ]
    row = Fact(
        at=NOW, passed=passed, correct=1, items=2, caught=0, failures=1, answers={"1": "right", "2": "right"}
    )
    return learning.attempt_line(
        row, items, lambda name, k, n: Measure(name, k / n, 0.0, 1.0, 0.95, "Wilson", n, k)
    )


def test_the_key_is_shown_only_once_the_module_is_passed() -> None:
    assert attempt(False).cases == ()
    shown = attempt(True)
    assert [c.number for c in shown.missed] == [2]
    assert [c.number for c in shown.seen] == [1]


def test_a_score_is_told_with_its_interval_and_denominators() -> None:
    made = attempt(False)
    assert made.caught is not None
    assert (made.correct.figure, made.correct.rest) == ("50 %", "(0-100), 1 of 2, Wilson")
    assert made.caught.rest.startswith("(0-100), 0 of 1")


def waits(days: int, text: str = "Sign") -> Waits:
    return Waits("Signature", text, "Flag at River", "/", NOW - timedelta(days=days), days)


def test_the_longest_wait_comes_first_and_the_lead_counts() -> None:
    work = my_work([waits(1), waits(12), waits(3)], [], 60)
    assert [w.days for w in work.waits] == [12, 3, 1]
    assert work.lead == "3 things wait for you, the oldest for 12 days. Nothing ends within 60 days."
    assert [w.long for w in work.waits] == [True, False, False]


def test_what_ended_already_comes_before_what_ends_soon() -> None:
    ends = [Ends("Training", "a", "/", TODAY + timedelta(days=n), n) for n in (30, -2, 0)]
    work = my_work([], ends, 60)
    assert [e.when for e in work.ends] == ["2 days ago", "today", "in 30 days"]
    assert work.lead == "Nothing waits for you. 3 things end within 60 days or have ended."
