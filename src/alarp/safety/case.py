"""What is a clinical safety case report made from? The facts of one deployment at one moment, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alarp.safety.hazard import Hazard
from alarp.safety.scheme import RiskScheme

ANSWERS = {
    "yes": "The tool is safe to use here, as described.",
    "conditional": "The tool is safe to use here only under the conditions below.",
    "no": "The tool is not safe to use here.",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a conditional statement, and how anybody can see that it is met."""

    condition: str
    hazards: tuple[str, ...]
    test: str
    owner: str
    due: date


@dataclass(frozen=True, slots=True)
class Statement:
    """What the clinical safety officer says: yes, no, or conditional with conditions."""

    answer: str
    words: str
    by: str
    registration: str
    on: date
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """One person of the safety work, with role and registration."""

    role: str
    person: str
    registration: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """One section of the guidance's table: its number, its heading, what a reader must find in it."""

    number: int
    heading: str
    holds: str


@dataclass(frozen=True, slots=True)
class SafetyCase:
    """Everything that the report says, and nothing that it works out."""

    product: str
    supplier: str
    site: str
    use: str
    phase: str
    system: tuple[tuple[str, str], ...]
    people: tuple[Approval, ...]
    chapters: tuple[Chapter, ...]
    scheme: RiskScheme
    hazards: tuple[Hazard, ...]
    statement: Statement | None
    log_version: int
    log_digest: str
    dated: date
    library: str
    roles: dict[str, str]


def against_statement(
    answer: str, words: str, conditions: tuple[Condition, ...], known: tuple[str, ...]
) -> str:
    """What is wrong with this statement? A condition names the hazards it closes, a test, an owner and a date."""
    if answer not in ANSWERS:
        return f"The statement is {answer!r}; it is one of {', '.join(ANSWERS)}."
    if not words.strip():
        return "The statement needs its reasons in words."
    if answer == "conditional" and not conditions:
        return (
            "A conditional statement needs at least one condition, with the hazards it closes, a test of "
            "completion, an owner and a date."
        )
    if answer != "conditional" and conditions:
        return f"The statement is {answer}, yet it has conditions; make it conditional or take them away."
    for place, one in enumerate(conditions, start=1):
        for name, value in (
            ("condition", one.condition),
            ("test of completion", one.test),
            ("owner", one.owner),
        ):
            if not value.strip():
                return f"Condition {place} has no {name}; write it."
        if not one.hazards:
            return f"Condition {place} names no hazard; say which it closes."
        for number in one.hazards:
            if number not in known:
                return f"Condition {place} names hazard {number}, which is not in the log; correct it."
    return ""
