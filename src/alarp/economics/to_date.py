"""What has been spent and gained so far, by the case's plan and the studies that were really sent?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from alarp.economics.case import Benefit, BenefitClass, Case, Line, When
from alarp.economics.figures import ONE, ZERO
from alarp.economics.flows import due, gained, recall_cost
from alarp.economics.price import use


@dataclass(frozen=True, slots=True)
class ToDate:
    """Money so far: what set-up, licence, running and recalls took by the plan, and what the benefits are worth."""

    set_up: Decimal
    licence: Decimal
    running: Decimal
    recalls: Decimal
    cash_benefit: Decimal
    other_benefit: Decimal

    @property
    def cost(self) -> Decimal:
        return self.set_up + self.licence + self.running + self.recalls

    @property
    def value(self) -> Decimal:
        return self.cash_benefit + self.other_benefit


def to_date(case: Case, elapsed_years: Decimal, sent: Decimal, sent_live: Decimal) -> ToDate:
    """What have these studies in this time cost and brought, if everything else went as the case plans?

    Set-up counts in full. What is paid by the year counts for the share of the year that has passed. Every study
    sent is paid for; only a study sent live brings a benefit or a recall. Studies are spread evenly over the time.
    """
    shares = _shares(elapsed_years)
    return ToDate(
        set_up=sum((_once(case, line, elapsed_years) for line in case.lines), ZERO),
        licence=_licence(case, shares, sent),
        running=sum((_running(case, line, shares, sent) for line in case.lines), ZERO),
        recalls=recall_cost(case, sent_live),
        cash_benefit=_worth(case, BenefitClass.CASH, shares, sent_live),
        other_benefit=_worth(case, BenefitClass.NOT_CASH, shares, sent_live),
    )


def _shares(elapsed: Decimal) -> tuple[Decimal, ...]:
    """Which share of each year has passed? The first year is there from the first moment."""
    whole = int(elapsed)
    rest = elapsed - whole
    return (*(ONE for _ in range(whole)), *((rest,) if rest or not whole else ()))


def _spread(shares: tuple[Decimal, ...], studies: Decimal) -> tuple[Decimal, ...]:
    total = sum(shares, ZERO)
    return tuple(studies * (s / total) for s in shares) if total else (studies,)


def _once(case: Case, line: Line, elapsed: Decimal) -> Decimal:
    return due(case, line) if line.when is When.ONCE and line.first <= elapsed else ZERO


def _running(case: Case, line: Line, shares: tuple[Decimal, ...], sent: Decimal) -> Decimal:
    if line.when is When.YEARLY:
        passed = sum((s for year, s in enumerate(shares, 1) if line.first <= year <= line.last), ZERO)
        return due(case, line) * passed
    if line.when is When.PER_STUDY:
        spread = _spread(shares, sent)
        return due(case, line) * sum(
            (n for year, n in enumerate(spread, 1) if line.first <= year <= line.last), ZERO
        )
    return ZERO


def _licence(case: Case, shares: tuple[Decimal, ...], sent: Decimal) -> Decimal:
    """Year by year: the dearer of use so far and the year's share of the commitment, and the subscription's share."""
    price, total = case.price, ZERO
    rise = ZERO if price.indexation is None else price.indexation.value
    for year, (share, studies) in enumerate(zip(shares, _spread(shares, sent), strict=True), 1):
        least = ZERO if price.committed_studies is None else price.committed_studies.value * share
        charged = use(price, max(studies, least))
        if price.commitment is not None:
            charged = max(charged, price.commitment.value * share)
        if price.subscription is not None:
            charged += price.subscription.value * share
        total += charged * (ONE + rise) ** (year - 1)
    return total


def _worth(case: Case, kind: BenefitClass, shares: tuple[Decimal, ...], live: Decimal) -> Decimal:
    return sum((_one(case, b, shares, live) for b in case.benefits if b.kind is kind), ZERO)


def _one(case: Case, benefit: Benefit, shares: tuple[Decimal, ...], live: Decimal) -> Decimal:
    passed = sum((s for year, s in enumerate(shares, 1) if year >= benefit.first), ZERO)
    studies = sum((n for year, n in enumerate(_spread(shares, live), 1) if year >= benefit.first), ZERO)
    return gained(case, benefit) * (passed if benefit.when is When.YEARLY else studies)
