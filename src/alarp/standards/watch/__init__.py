"""What is watched after go-live, what is owed after an incident, and what ends a tool? One file per version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from alarp.kernel import BadInput
from alarp.pathway import (
    AlarmRule,
    Monitor,
    ReviewCriterion,
    read_alarm_rules,
    read_monitors,
    read_review_criteria,
)
from alarp.standards.roles import load_roles

__all__ = [
    "Choice",
    "ReportRoute",
    "RetirementStep",
    "default_alarm_rules",
    "default_review_criteria",
    "feedback_reasons",
    "gateway_rules",
    "harm_levels",
    "monitors",
    "report_routes",
    "retirement_steps",
]

WATCH = "watch-2026.1"
RETIREMENT = "retirement-2026.1"
FEEDBACK = "feedback-2026.1"
ROUTES = "incident-routes-2026.1"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person may choose, in words."""

    slug: str
    title: str
    says: str = ""
    hazard: str = ""  # of the starter library, where one fits


@dataclass(frozen=True, slots=True)
class RetirementStep:
    """What must be done before a stopped tool is gone, and who answers for it?"""

    slug: str
    title: str
    asks: str
    role: str
    source: str


@dataclass(frozen=True, slots=True)
class ReportRoute:
    """To whom is an incident of this sort owed, by which clock, and who sends it?"""

    slug: str
    title: str
    to: str
    when: str
    within_h: int
    clock: str
    by_role: str
    source: str


def _table(name: str) -> Mapping[str, Any]:
    value = yaml.safe_load((files(__name__) / f"{name}.yaml").read_text(encoding="utf-8"))
    if not isinstance(value, Mapping) or value.get("version") != name:
        raise BadInput(f"{name}.yaml does not say that it is version {name}; the two must agree.")
    return value


@cache
def monitors() -> Mapping[str, Monitor]:
    """What can be watched, by slug?"""
    return read_monitors(_table(WATCH)["monitors"], where=f"{WATCH}.yaml")


@cache
def default_alarm_rules() -> tuple[AlarmRule, ...]:
    """From which alarm rules does a Trust's own discussion start?"""
    return read_alarm_rules(
        _table(WATCH)["alarm_rules"], monitors=monitors(), roles=[role.slug for role in load_roles()]
    )


@cache
def gateway_rules() -> Mapping[str, AlarmRule]:
    """Which rules watch the gateway itself wherever traffic may flow, signed or not? By the monitor they watch."""
    rules = read_alarm_rules(
        _table(WATCH)["gateway_rules"], monitors=monitors(), roles=[role.slug for role in load_roles()]
    )
    return {rule.monitor: rule for rule in rules}


@cache
def default_review_criteria() -> tuple[ReviewCriterion, ...]:
    """From which review criteria does a Trust's own discussion start?"""
    return read_review_criteria(_table(WATCH)["review_criteria"], monitors=monitors())


@cache
def retirement_steps() -> tuple[RetirementStep, ...]:
    """What must be done before a stopped tool is gone?"""
    return tuple(RetirementStep(**row) for row in _table(RETIREMENT)["steps"])


@cache
def feedback_reasons() -> tuple[Choice, ...]:
    """Why may somebody say that a result is wrong?"""
    return tuple(Choice(**row) for row in _table(FEEDBACK)["reasons"])


@cache
def harm_levels() -> tuple[Choice, ...]:
    """How much harm came of it, in the words of LFPSE, from none to fatal?"""
    return tuple(Choice(**row) for row in _table(ROUTES)["harms"])


@cache
def report_routes() -> tuple[ReportRoute, ...]:
    """Who may have to be told of an incident?"""
    return tuple(ReportRoute(**row) for row in _table(ROUTES)["routes"])
