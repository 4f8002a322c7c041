"""May somebody act on what a tool says? The rule, fact by fact, and the score of an assessment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.pathway import (
    Entitlement,
    Marks,
    May,
    Module,
    Pass,
    Score,
    TrainingFacts,
    entitlement,
    falls_short,
    score,
)

TODAY = date(2026, 11, 22)
FLAG = Module(
    "flag-2", "Flag 2.0 for readers", "Flag 2.0", (("reader", May.UNAIDED), ("radiographer", May.SUPERVISED))
)
OLD = Module("flag-1", "Flag 1.0 for readers", "Flag 1.0", (("reader", May.UNAIDED),))
BASICS = Module("basics", "AI basics", "")


def facts(**change: Any) -> TrainingFacts:
    trained = TrainingFacts(
        day=TODAY,
        tool="Flag 2.0",
        roles=("reader",),
        modules=(FLAG,),
        passes=(Pass("flag-2", date(2026, 6, 1), date(2027, 5, 31), "Flag 2.0"),),
        acknowledged=True,
    )
    return replace(trained, **change)


def asked(**change: Any) -> Entitlement:
    return entitlement(facts(**change))


@pytest.mark.need("H06")
def test_who_passed_the_module_of_exactly_this_version_is_entitled_until_it_ends() -> None:
    found = asked()
    assert (found.may, found.until, found.entitled) == (May.UNAIDED, date(2027, 5, 31), True)
    assert found.because == (
        "May act on Flag 2.0 unaided: passed 'Flag 2.0 for readers' on 1 June 2026; it holds until 31 May 2027."
    )


@pytest.mark.need("H06")
def test_a_module_about_another_version_entitles_nobody_and_the_sentence_names_both_versions() -> None:
    found = asked(passes=(Pass("flag-1", date(2026, 6, 1), date(2027, 5, 31), "Flag 1.0"),), modules=(FLAG,))
    assert found.may is May.NONE
    assert found.because == (
        "Trained on Flag 1.0, but Flag 2.0 is in use here; pass 'Flag 2.0 for readers', which is about this version."
    )
    assert found.next_module == "flag-2"


@pytest.mark.need("H05")
@pytest.mark.parametrize(
    ("day", "may"),
    [
        (date(2026, 5, 31), May.NONE),
        (date(2026, 6, 1), May.UNAIDED),
        (date(2027, 5, 31), May.UNAIDED),
        (date(2027, 6, 1), May.NONE),
    ],
)
def test_training_counts_from_its_day_to_the_end_of_its_last(day: date, may: May) -> None:
    assert asked(day=day).may is may


def test_an_expired_module_says_since_when() -> None:
    assert (
        asked(day=date(2027, 6, 1)).because == "'Flag 2.0 for readers' expired on 31 May 2027; pass it again."
    )


@pytest.mark.need("H28")
@pytest.mark.parametrize(
    ("roles", "may"),
    [
        (("reader",), May.UNAIDED),
        (("radiographer",), May.SUPERVISED),
        (("radiographer", "reader"), May.UNAIDED),
        (("executive",), May.NONE),
    ],
)
def test_what_a_module_grants_depends_on_the_role(roles: tuple[str, ...], may: May) -> None:
    assert asked(roles=roles).may is may


def test_a_role_that_no_module_is_meant_for_is_told_so() -> None:
    assert (
        asked(roles=("executive",)).because
        == "No training module for Flag 2.0 is meant for the role executive."
    )


def test_of_two_passed_modules_the_one_that_grants_most_counts_whatever_their_order() -> None:
    first_steps = Module("flag-2-start", "First steps", "Flag 2.0", (("every", May.SUPERVISED),))
    passes = (*facts().passes, Pass("flag-2-start", TODAY, date(2030, 1, 1), "Flag 2.0"))
    for modules in ((FLAG, first_steps), (first_steps, FLAG)):
        assert asked(modules=modules, passes=passes).may is May.UNAIDED
    assert asked(modules=(FLAG, first_steps), passes=passes[1:]).may is May.SUPERVISED


def test_who_is_not_named_as_a_user_is_not_entitled_whatever_they_passed() -> None:
    found = asked(roles=())
    assert found.may is May.NONE
    assert "Not named as a user" in found.because


def test_without_a_module_for_the_version_nobody_is_entitled() -> None:
    assert asked(modules=(OLD,)).because == (
        "There is no training module for Flag 2.0 yet, so nobody can be entitled to it."
    )


def test_a_general_module_is_needed_too_and_is_the_next_to_take() -> None:
    found = asked(modules=(FLAG, BASICS))
    assert found.may is May.NONE
    assert (found.because, found.next_module) == ("'AI basics' is not passed yet.", "basics")


def test_a_general_module_that_is_asked_of_another_role_is_not_needed() -> None:
    assert asked(modules=(FLAG, replace(BASICS, asked_of=("executive",)))).entitled


def test_the_entitlement_ends_with_the_first_thing_it_rests_on() -> None:
    passes = (*facts().passes, Pass("basics", TODAY, date(2026, 12, 31)))
    assert asked(modules=(FLAG, BASICS), passes=passes).until == date(2026, 12, 31)


def test_every_reason_against_is_named_not_only_the_first() -> None:
    found = asked(modules=(FLAG, BASICS), passes=(), acknowledged=False)
    assert found.reasons == (
        "'AI basics' is not passed yet.",
        "'Flag 2.0 for readers' is not passed yet.",
        "The responsibilities for this tool are not acknowledged yet.",
    )


KEY = {1: "right", 2: "right", 3: "wrong", 4: "right", 5: "wrong"}


def answered(*wrongly: int) -> dict[int, str]:
    other = {"right": "wrong", "wrong": "right"}
    return {n: other[truth] if n in wrongly else truth for n, truth in KEY.items()}


@pytest.mark.need("H10")
def test_failures_caught_are_counted_apart_from_the_whole() -> None:
    assert score(KEY, answered(3)) == Score(correct=4, items=5, caught=1, failures=2)
    assert score(KEY, answered(1)) == Score(correct=4, items=5, caught=2, failures=2)


@pytest.mark.need("H10")
def test_four_of_five_right_does_not_pass_when_a_failure_slips_by() -> None:
    marks = Marks(overall=0.8, failures=1.0)
    assert falls_short(score(KEY, answered(1)), marks) == ""
    assert falls_short(score(KEY, answered(3)), marks) == (
        "1 of 2 AI failures caught is below the pass mark of 2 of 2 (100%)."
    )
    assert falls_short(score(KEY, answered(1, 2)), marks).startswith("3 of 5 cases judged rightly is below")


@pytest.mark.parametrize(
    ("of", "mark", "least"), [(5, 0.8, 4), (3, 2 / 3, 2), (10, 0.7, 7), (8, 0.75, 6), (3, 0.8, 3)]
)
def test_an_exact_share_passes_and_one_case_less_does_not(of: int, mark: float, least: int) -> None:
    assert falls_short(Score(least, of, 0, 0), Marks(mark)) == ""
    assert falls_short(Score(least - 1, of, 0, 0), Marks(mark)) != ""


@pytest.mark.parametrize("answers", [{}, {1: "right"}, {**KEY, 4: "perhaps"}])
def test_an_unanswered_case_is_no_guess(answers: dict[int, str]) -> None:
    with pytest.raises(BadInput, match=r"Case \d is not answered"):
        score(KEY, answers)
