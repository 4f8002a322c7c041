"""Did the learner see where the AI is wrong? The score of one assessment, and whether it passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alarp.kernel import BadInput

RIGHT, WRONG = "right", "wrong"  # what the AI is on a case, and what a learner says of it


@dataclass(frozen=True, slots=True)
class Score:
    """How many cases were judged rightly, and how many of those where the AI was wrong were caught?"""

    correct: int
    items: int
    caught: int
    failures: int

    @property
    def sentence(self) -> str:
        """'7 of 8 cases judged rightly; 2 of 3 AI failures caught'"""
        text = f"{self.correct} of {self.items} cases judged rightly"
        return f"{text}; {self.caught} of {self.failures} AI failures caught" if self.failures else text


@dataclass(frozen=True, slots=True)
class Marks:
    """Which share of all cases, and separately which share of the AI failures, must be judged rightly? (H10)"""

    overall: float
    failures: float | None = None


def score(key: Mapping[int, str], answers: Mapping[int, str]) -> Score:
    """What did the learner score? `key` and `answers` say of each case, by its number, whether the AI is right.

    Every case must be answered: an unanswered one is no guess.
    """
    for number in key:
        if answers.get(number) not in (RIGHT, WRONG):
            raise BadInput(f"Case {number} is not answered; say of each case whether the AI is right.")
    hits = {number for number, truth in key.items() if answers[number] == truth}
    failures = {number for number, truth in key.items() if truth == WRONG}
    return Score(len(hits), len(key), len(hits & failures), len(failures))


def falls_short(found: Score, marks: Marks) -> str:
    """Why does this score not pass? Empty when it does. An exact share passes: 4 of 5 at a mark of 80 %."""
    if _below(found.correct, found.items, marks.overall):
        return (
            f"{found.correct} of {found.items} cases judged rightly is below the pass mark of "
            f"{_needed(found.items, marks.overall)} of {found.items} ({marks.overall:.0%})."
        )
    if marks.failures is not None and _below(found.caught, found.failures, marks.failures):
        return (
            f"{found.caught} of {found.failures} AI failures caught is below the pass mark of "
            f"{_needed(found.failures, marks.failures)} of {found.failures} ({marks.failures:.0%})."
        )
    return ""


def _below(hits: int, of: int, mark: float) -> bool:
    return hits < _needed(of, mark)


def _needed(of: int, mark: float) -> int:
    """The least whole number of hits that reaches the mark; a tiny tolerance keeps 0.8 x 5 at 4."""
    exact = mark * of
    whole = int(exact)
    return whole if exact - whole < 1e-9 else whole + 1
