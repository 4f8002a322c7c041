"""What does a module's page say: what it asks, how I did, and, once it is passed, why each case is as it is?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alarp.pathway import Score
from alarp.web import shapes


@dataclass(frozen=True)
class ModuleCard:
    """A module in a list."""

    pk: int
    title: str
    about: str
    edition: int
    cases: int
    failures: int
    pass_words: str
    valid_days: int
    accreditor: str
    grants: tuple[str, ...]
    mine: str

    @property
    def asks(self) -> str:
        """'8 cases, the AI is wrong in 3 of them'"""
        if not self.cases:
            return "Taken elsewhere; a trainer records the certificate."
        return f"{self.cases} cases. {self.pass_words}"


def pass_words(module: Any) -> str:
    """'To pass: 75 % of the cases, and 100 % of those where the AI is wrong.'"""
    text = f"To pass: {module.pass_mark:.0%} of the cases judged rightly"
    if module.failures_mark is not None:
        text += f", and {module.failures_mark:.0%} of those where the AI is wrong"
    return f"{text}."


def module_card(
    module: Any, role: Callable[[str], str], *, items: Sequence[bool], record: Any | None, today: date
) -> ModuleCard:
    """`items`: for each case of its assessment, whether the AI is right."""
    words = {"unaided": "acts unaided", "supervised": "acts under supervision", "none": "is not entitled"}
    grants = tuple(
        f"{'Every other role' if slug == 'every' and len(module.grants) > 1 else 'Every role' if slug == 'every' else role(slug)} {words[may]}"
        for slug, may in module.grants.items()
    )
    mine = ""
    if record is not None:
        ended = record.expires_on < today
        mine = f"You passed it on {_day(record.dated)}; it {'expired' if ended else 'holds until'} {_day(record.expires_on)}."
    return ModuleCard(
        pk=module.pk,
        title=module.title,
        about=module.tool or "General: every tool",
        edition=module.edition,
        cases=len(items),
        failures=sum(not right for right in items),
        pass_words=pass_words(module),
        valid_days=module.valid_days,
        accreditor=module.accreditor,
        grants=grants,
        mine=mine,
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


@dataclass(frozen=True)
class Answered:
    """One case of an assessment that was passed: what the learner said, and what is true."""

    number: int
    case_text: str
    ai_said: str
    ai_right: bool
    judged_right: bool
    reason: str


@dataclass(frozen=True)
class AttemptLine:
    """One attempt with its two counts, and the cases once it was passed."""

    at: Any
    passed: bool
    correct: shapes.Number
    caught: shapes.Number | None
    cases: tuple[Answered, ...]
    summary: str = ""

    @property
    def missed(self) -> tuple[Answered, ...]:
        return tuple(case for case in self.cases if not case.judged_right)

    @property
    def seen(self) -> tuple[Answered, ...]:
        return tuple(case for case in self.cases if case.judged_right)


def attempt_line(attempt: Any, items: Sequence[Any], share: Callable[[str, int, int], Any]) -> AttemptLine:
    """The key is shown once the module is passed; before that it would be the answer sheet."""
    cases = tuple(
        Answered(
            item.number,
            item.case_text,
            item.ai_said,
            item.ai_right,
            attempt.answers.get(str(item.number)) == ("right" if item.ai_right else "wrong"),
            item.reason,
        )
        for item in items
    )
    return AttemptLine(
        at=attempt.at,
        passed=attempt.passed,
        correct=shapes.number(share("correct_share", attempt.correct, attempt.items)),
        caught=shapes.number(share("failures_caught_share", attempt.caught, attempt.failures))
        if attempt.failures
        else None,
        cases=cases if attempt.passed else (),
        summary=Score(attempt.correct, attempt.items, attempt.caught, attempt.failures).sentence,
    )
