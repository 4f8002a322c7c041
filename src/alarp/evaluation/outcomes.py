"""What became of every enrolled case? Exactly one thing, and the counts add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum

from alarp.kernel import AlarpError


class CaseOutcome(StrEnum):
    """What became of one enrolled case (in contouring: of one structure in one case)?"""

    SCORED = "scored"
    MISSED = "missed"  # contouring: the structure exists, the AI did not outline it
    SPURIOUS = "spurious"  # contouring: the AI outlined what is not there
    BOTH_EMPTY = "both_empty"  # contouring: nothing there, nothing outlined
    AI_FAILED = "ai_failed"
    REJECTED_BY_AI = "rejected_by_ai"
    INDETERMINATE = "indeterminate"
    REFERENCE_MISSING = "reference_missing"


NO_OUTPUT = (CaseOutcome.AI_FAILED, CaseOutcome.REJECTED_BY_AI, CaseOutcome.INDETERMINATE)

DETECTION_OUTCOMES = (
    CaseOutcome.SCORED,
    CaseOutcome.AI_FAILED,
    CaseOutcome.REJECTED_BY_AI,
    CaseOutcome.INDETERMINATE,
    CaseOutcome.REFERENCE_MISSING,
)
CONTOURING_OUTCOMES = tuple(CaseOutcome)


class CountsDoNotAddUp(AlarpError):
    """A case was lost or counted twice: our defect, never the user's."""


def tally(outcomes: Iterable[CaseOutcome], *, enrolled: int, known: Sequence[CaseOutcome]) -> dict[str, int]:
    """How many of the enrolled ended where? Raises if one is lost or counted twice.

    >>> tally([CaseOutcome.SCORED], enrolled=1, known=[CaseOutcome.SCORED])
    {'enrolled': 1, 'scored': 1}
    """
    counts = Counter(outcomes)
    rows = {outcome.value: counts.get(outcome, 0) for outcome in known}
    if sum(rows.values()) != enrolled:
        raise CountsDoNotAddUp(f"{enrolled} enrolled, but the outcomes add up to {sum(rows.values())}.")
    return {"enrolled": enrolled, **rows}
