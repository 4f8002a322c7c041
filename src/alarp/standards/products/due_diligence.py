"""Which questions does a buyer ask of every supplier alike, and what must an answer say at least? (P13)"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from alarp.kernel import BadInput
from alarp.standards.products.rows import Row, document, filled, read

NEWEST = "due-diligence-2026.1"
ANSWERED_BY = ("supplier", "trust", "both")


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its topic, who answers it, and what the answer must say at least."""

    slug: str
    topic: str
    asks: str
    least: str
    answered_by: str
    required: bool
    source: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of one version, in order."""

    version: str
    title: str
    questions: tuple[Question, ...]

    def question(self, slug: str) -> Question:
        """The question of this name; BadInput when there is none."""
        for one in self.questions:
            if one.slug == slug:
                return one
        raise BadInput(f"The question set {self.version} has no question {slug!r}.")


@cache
def load_question_set(version: str = NEWEST) -> QuestionSet:
    """Which questions are asked under this version?"""
    return QuestionSet(version, document(version)["title"], read(version, "questions", _question))


def _question(row: Row) -> Question:
    filled(NEWEST, row, "topic", "asks", "least", "answered_by", "source")
    if row["answered_by"] not in ANSWERED_BY:
        raise BadInput(
            f"{NEWEST}.yaml: {row['slug']} is answered by {row['answered_by']!r}; use {', '.join(ANSWERED_BY)}."
        )
    return Question(
        slug=row["slug"],
        topic=row["topic"],
        asks=row["asks"],
        least=row["least"],
        answered_by=row["answered_by"],
        required=bool(row["required"]),
        source=row["source"],
    )
