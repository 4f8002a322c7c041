"""How many more people are called back, what does that take, and how many of them worry for nothing?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from alarp.economics.case import Recalls
from alarp.economics.figures import ZERO


@dataclass(frozen=True, slots=True)
class Recalled:
    """One year's recalls at one rate: who is called, who of them is ill, who worries for nothing."""

    assessments: Decimal
    true_positives: Decimal

    @property
    def worried(self) -> Decimal:
        """Called back without the disease."""
        return self.assessments - self.true_positives

    @property
    def worried_per_true_positive(self) -> Decimal | None:
        return self.worried / self.true_positives if self.true_positives else None


@dataclass(frozen=True, slots=True)
class RecallEffect:
    """A year with the tool against a year without it."""

    before: Recalled
    after: Recalled
    extra_assessments: Decimal
    extra_sessions: Decimal
    extra_cost: Decimal
    extra_worried: Decimal
    extra_true_positives: Decimal
    worried_per_extra_true_positive: Decimal | None
    because: str


def recalled(volume: Decimal, rate: Decimal, prevalence: Decimal, sensitivity: Decimal) -> Recalled:
    """How many people are called back in a year, and how many of them have the disease?

    assessments = volume × rate; true positives = volume × prevalence × sensitivity.
    """
    return Recalled(volume * rate, volume * prevalence * sensitivity)


def recall_effect(recalls: Recalls, volume: Decimal) -> RecallEffect:
    """What does the change of the recall rate do in a year: assessments, clinics, money, people worried?

    Clinic sessions are whole ones, rounded up; a fall gives negative numbers. Worried per additional true
    positive is not measurable unless more are found.
    """
    prevalence = recalls.prevalence.value
    before = recalled(volume, recalls.rate_before.value, prevalence, recalls.sensitivity_before.value)
    after = recalled(volume, recalls.rate_after.value, prevalence, recalls.sensitivity_after.value)
    extra = after.assessments - before.assessments
    found = after.true_positives - before.true_positives
    return RecallEffect(
        before=before,
        after=after,
        extra_assessments=extra,
        extra_sessions=_whole_sessions(extra / recalls.per_session.value),
        extra_cost=extra * recalls.cost.value,
        extra_worried=after.worried - before.worried,
        extra_true_positives=found,
        worried_per_extra_true_positive=(after.worried - before.worried) / found if found > 0 else None,
        because="" if found > 0 else "no more people with the disease are found",
    )


def _whole_sessions(sessions: Decimal) -> Decimal:
    """More sessions are whole ones; what is saved counts only in whole ones too."""
    whole = (
        abs(sessions).to_integral_value(rounding=ROUND_CEILING) if sessions > ZERO else -(abs(sessions) // 1)
    )
    return whole + ZERO
