"""What is paid and what is gained in each year, and what is that worth today?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from alarp.economics.case import Benefit, BenefitClass, Case, Line, When
from alarp.economics.figures import HOUR_MIN, ONE, ZERO
from alarp.economics.price import licence

LICENCE, RECALLS = "licence", "recalls"
LOW, EXPECTED, HIGH = "low", "expected", "high"


@dataclass(frozen=True, slots=True)
class Item:
    """One cost of one year: which line, in which phase, how much."""

    slug: str
    phase: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Year:
    """One year's flow. Year 0 is before use; `factor` makes it worth of today."""

    year: int
    factor: Decimal
    costs: tuple[Item, ...]
    cash_benefit: Decimal
    other_benefit: Decimal

    @property
    def cost(self) -> Decimal:
        return sum((item.amount for item in self.costs), ZERO)

    @property
    def benefit(self) -> Decimal:
        return self.cash_benefit + self.other_benefit

    @property
    def net(self) -> Decimal:
        return self.benefit - self.cost

    def of(self, slug: str) -> Decimal:
        """What this line costs in this year."""
        return sum((item.amount for item in self.costs if item.slug == slug), ZERO)


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole case at one volume: its years and their totals, as paid and as worth today."""

    volume: Decimal
    years: tuple[Year, ...]

    def total(self, worth: Callable[[Year], Decimal], *, discounted: bool = False) -> Decimal:
        """The sum of something over all years."""
        return sum((worth(y) * (y.factor if discounted else ONE) for y in self.years), ZERO)

    @property
    def studies(self) -> Decimal:
        return self.volume * (len(self.years) - 1)

    @property
    def slugs(self) -> tuple[str, ...]:
        """Which lines the case has, the licence first."""
        return tuple(
            dict.fromkeys(item.slug for year in self.years[1:] + self.years[:1] for item in year.costs)
        )


def factor(rate: Decimal, year: int) -> Decimal:
    """What is £1 at the end of this year worth today?

    1 / (1 + rate) ^ year; year 0 counts in full (HM Treasury, The Green Book, annex on discounting).
    """
    return ONE / (ONE + rate) ** year


def flow(case: Case, volume: Decimal) -> Flow:
    """What is paid and gained in each year at this yearly volume?"""
    return Flow(volume, tuple(_year(case, volume, year) for year in range(case.years + 1)))


def volumes(case: Case) -> tuple[tuple[str, Decimal], ...]:
    """The three volumes of the case."""
    v = case.volume
    low, high = v.value if v.low is None else v.low, v.value if v.high is None else v.high
    return ((LOW, low), (EXPECTED, v.value), (HIGH, high))


def _year(case: Case, volume: Decimal, year: int) -> Year:
    costs = [Item(line.slug, line.phase, line_cost(case, line, year, volume)) for line in case.lines]
    if year:
        costs.insert(0, Item(LICENCE, "run", licence(case.price, volume, year)))
        costs.append(Item(RECALLS, "run", recall_cost(case, volume)))
    return Year(
        year=year,
        factor=factor(case.discount.value, year),
        costs=tuple(costs),
        cash_benefit=_benefits(case, (b for b in case.benefits if b.kind is BenefitClass.CASH), year, volume),
        other_benefit=_benefits(
            case, (b for b in case.benefits if b.kind is not BenefitClass.CASH), year, volume
        ),
    )


def line_cost(case: Case, line: Line, year: int, volume: Decimal) -> Decimal:
    """What does this line cost in this year? Nothing outside its years; per study times the volume."""
    if not line.first <= year <= line.last or (year == 0 and line.when is not When.ONCE):
        return ZERO
    return due(case, line) * volume if line.when is When.PER_STUDY else due(case, line)


def due(case: Case, line: Line) -> Decimal:
    """What is due each time this line falls due? Money as stated, or time at its wage."""
    if line.amount is not None:
        return line.amount.value
    if line.time is None:
        return ZERO
    hours = line.time.value / HOUR_MIN if line.when is When.PER_STUDY else line.time.value
    return hours * case.wage(line.wage).value


def recall_cost(case: Case, volume: Decimal) -> Decimal:
    """What do the additional assessments of a year cost? Negative when fewer people are recalled."""
    if case.recalls is None:
        return ZERO
    more = case.recalls.rate_after.value - case.recalls.rate_before.value
    return more * volume * case.recalls.cost.value


def _benefits(case: Case, benefits: Iterable[Benefit], year: int, volume: Decimal) -> Decimal:
    return sum((benefit_worth(case, b, year, volume) for b in benefits), ZERO)


def benefit_worth(case: Case, benefit: Benefit, year: int, volume: Decimal) -> Decimal:
    """What is this benefit worth in this year? Nothing before its first; per study times the volume."""
    if year < benefit.first:
        return ZERO
    return gained(case, benefit) * volume if benefit.when is When.PER_STUDY else gained(case, benefit)


def gained(case: Case, benefit: Benefit) -> Decimal:
    """What does it bring each time? Minutes at the wage, or money; of both the share that is really realised."""
    if benefit.minutes is not None:
        each = benefit.minutes.value * case.wage(benefit.wage).value / HOUR_MIN
    else:
        each = ZERO if benefit.amount is None else benefit.amount.value
    return each * benefit.realised.value
