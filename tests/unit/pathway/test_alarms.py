"""Which figure is past which limit, and is what somebody wrote a set of rules at all?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.pathway import AlarmRule, Figure, breaches, read_alarm_rules, same_version
from alarp.pathway.alarms import (
    MUST_BE_WATCHED,
    VERSION_RULE,
    Direction,
    JudgedOn,
    Reaction,
    Unit,
    in_force,
    missing_rules,
    shown,
)
from alarp.standards import load_roles
from alarp.standards.watch import default_alarm_rules, monitors

AT = datetime(2026, 11, 22, tzinfo=UTC)
ROLES = [role.slug for role in load_roles()]
RULE = AlarmRule(
    "results-missing",
    Direction.ABOVE,
    0.05,
    20,
    Reaction.WARN,
    "pacs-manager",
    ("executive",),
    60,
    "Because.",
)


def figure(value: float | None, n: int = 100, **more: Any) -> Figure:
    return Figure(
        "results-missing",
        more.pop("subgroup", "all"),
        value,
        more.pop("low", None),
        more.pop("high", None),
        n,
        AT,
    )


def found(rule: AlarmRule, *figures: Figure) -> list[str]:
    return [breach.sentence for breach in breaches([rule], figures, monitors())]


def test_a_figure_past_its_limit_says_which_where_by_how_much_on_how_many() -> None:
    assert found(RULE, figure(0.125, 212, low=0.09, high=0.17, subgroup="CT 2")) == [
        "Results missing at CT 2 is 12.5 % (9 % to 17 %), above the limit of 5 % (212 studies)."
    ]


@pytest.mark.parametrize(
    ("value", "n", "alarms"),
    [(0.05, 100, False), (0.0500001, 100, True), (0.5, 19, False), (0.5, 20, True), (None, 100, False)],
)
def test_only_strictly_past_the_limit_and_on_enough_studies(
    value: float | None, n: int, alarms: bool
) -> None:
    assert bool(found(RULE, figure(value, n))) is alarms


@pytest.mark.parametrize(
    ("direction", "low", "high", "alarms"),
    [
        (Direction.ABOVE, 0.06, 0.2, True),
        (Direction.ABOVE, 0.04, 0.2, False),
        (Direction.BELOW, 0.01, 0.04, True),
        (Direction.BELOW, 0.01, 0.06, False),
    ],
)
def test_judged_on_the_interval_the_whole_of_it_lies_past_the_limit(
    direction: Direction, low: float, high: float, alarms: bool
) -> None:
    rule = replace(RULE, direction=direction, judged_on=JudgedOn.INTERVAL)
    assert bool(found(rule, figure((low + high) / 2, low=low, high=high))) is alarms


def test_without_an_interval_the_value_itself_is_judged() -> None:
    assert found(replace(RULE, judged_on=JudgedOn.INTERVAL), figure(0.06))


def test_a_rule_looks_at_its_own_monitor_alone() -> None:
    assert found(RULE, replace(figure(0.9), monitor="agreement")) == []


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        ("2.1.0", True),
        (" v2.1.0 ", True),
        ("Version 2.1.0", True),
        ("2.1", False),
        ("2.1.0-rc1", False),
        ("", False),
    ],
)
def test_a_version_is_the_same_whatever_its_case_or_leading_v(seen: str, same: bool) -> None:
    assert same_version(seen, "2.1.0") is same


def test_the_version_is_watched_whether_or_not_somebody_wrote_it() -> None:
    assert in_force([RULE]) == (VERSION_RULE, RULE)
    assert in_force(default_alarm_rules()) == default_alarm_rules()


@pytest.mark.need("M01")
@pytest.mark.parametrize("monitor", MUST_BE_WATCHED)
def test_each_thing_that_must_be_watched_is_missed_when_its_rule_is(monitor: str) -> None:
    (sentence,) = missing_rules([r for r in default_alarm_rules() if r.monitor != monitor], monitors())
    assert monitors()[monitor].title.lower() in sentence


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0327, Unit.SHARE, "3.3 %"),
        (1.0, Unit.SHARE, "100 %"),
        (0.001, Unit.CHANCE, "once in 1,000"),
        (31.25, Unit.MINUTES, "31.2 min"),
        (1234.0, Unit.COUNT, "1,234"),
        (0.314, Unit.INDEX, "0.31"),
        (None, Unit.SHARE, "not measurable"),
    ],
)
def test_a_figure_reads_in_its_own_unit(value: float | None, unit: Unit, text: str) -> None:
    assert shown(value, unit) == text


# --- reading ----------------------------------------------------------------------------------------


def read(**changed: Any) -> tuple[AlarmRule, ...]:
    return read_alarm_rules([RULE.as_dict() | changed], monitors=monitors(), roles=ROLES)


def test_a_rule_survives_being_written_and_read() -> None:
    assert read() == (RULE,)
    assert (
        tuple(
            read_alarm_rules([r.as_dict()], monitors=monitors(), roles=ROLES)[0]
            for r in default_alarm_rules()
        )
        == default_alarm_rules()
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"monitor": "weather"}, "there is no monitor 'weather'"),
        ({"limit": "five"}, "limit is 'five'; give a number"),
        ({"limit": float("nan")}, "give a number"),
        ({"limit": 5}, "the limit is 5; results missing is from 0 to 1"),
        ({"limit": -1}, "the limit is -1"),
        ({"minimum_n": 0}, "minimum_n is 0; give a whole number from 1"),
        ({"reaction": "panic"}, "reaction is 'panic'; it is one of warn, close"),
        ({"direction": "beside"}, "direction is 'beside'"),
        ({"role": "wizard"}, "role is 'wizard', which the role catalogue does not have"),
        ({"escalate_to": []}, "name the role that hears of it next"),
        ({"escalate_to": ["pacs-manager"]}, "a role is there twice"),
        ({"acknowledge_within_min": 1.5}, "acknowledge_within_min is 1.5"),
        ({"because": " "}, "has no text under 'because'"),
        ({"colour": "red"}, "the field 'colour', which is not known"),
        ({"monitor": "version-seen", "limit": 0, "reaction": "warn"}, "always closes the route"),
        ({"monitor": "version-seen", "limit": 1, "reaction": "close"}, "always closes the route"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_in_one_sentence(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refused:
        read(**changed)
    assert "Alarm rule 1" in str(refused.value)


@pytest.mark.parametrize("value", [None, {}, [], "rules", [3]])
def test_what_is_no_list_of_rules_is_refused(value: Any) -> None:
    with pytest.raises(BadInput):
        read_alarm_rules(value, monitors=monitors(), roles=ROLES)


def test_the_same_rule_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="says once more what to do"):
        read_alarm_rules([RULE.as_dict()] * 2, monitors=monitors(), roles=ROLES)
