"""How many minutes, or how many studies, until it pays: for the licence alone, for running it, for everything?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from alarp.economics.case import Benefit, Case
from alarp.economics.figures import HOUR_MIN, ONE, ZERO
from alarp.economics.flows import LICENCE, Flow, Year, flow
from alarp.economics.price import kinks

LICENCE_ONLY, RUNNING, WHOLE_LIFE = "licence only", "running", "whole life"
VIEWS = (LICENCE_ONLY, RUNNING, WHOLE_LIFE)
_TELLABLE = Decimal("1e-9")  # the last digits of a quotient are no reason for one more study


@dataclass(frozen=True, slots=True)
class BreakEven:
    """What must be reached so that benefits equal costs; None with the reason when no number does it.

    `minutes` are minutes per study that are really realised, `found_minutes` what the case expects of them.
    """

    view: str
    cost_a_study: Decimal | None
    minutes: Decimal | None
    minutes_because: str
    found_minutes: Decimal
    volume: Decimal | None
    volume_because: str


def cost_of(view: str) -> Callable[[Year], Decimal]:
    """Which costs of a year does this view count?"""
    if view == LICENCE_ONLY:
        return lambda year: year.of(LICENCE)
    if view == RUNNING:
        return lambda year: sum((i.amount for i in year.costs if i.phase == "run"), ZERO)
    return lambda year: year.cost


def break_even(case: Case, view: str, volume: Decimal) -> BreakEven:
    """At which realised minutes per study, and from which yearly volume on, do benefits equal these costs?

    Both sides are worth of today, so the time of payments counts. Minutes carry what the other benefits leave.
    """
    here = flow(case, volume)
    minutes, why_not = _minutes(case, here, cost_of(view))
    studies, why_no_volume = _volume(case, cost_of(view))
    discounted = here.total(lambda _: volume, discounted=True) - volume  # year 0 has no studies
    cost = here.total(cost_of(view), discounted=True)
    return BreakEven(
        view=view,
        cost_a_study=cost / discounted if discounted else None,
        minutes=minutes,
        minutes_because=why_not,
        found_minutes=realised_minutes(case),
        volume=studies,
        volume_because=why_no_volume,
    )


def realised_minutes(case: Case) -> Decimal:
    """How many minutes per study does the case expect to be really saved?"""
    return sum((b.minutes.value * b.realised.value for b in case.benefits if b.minutes), ZERO)


def _minutes(case: Case, here: Flow, cost: Callable[[Year], Decimal]) -> tuple[Decimal | None, str]:
    timed = [b for b in case.benefits if b.minutes is not None]
    if not timed:
        return None, "the case names no minutes saved"
    worth = _minute_worth(case, here, timed)
    if worth is None:
        return None, "several professions save minutes and none is expected, so no mix of them is known"
    if not worth:
        return None, "a saved minute is worth nothing here: the volume or the wage is 0"
    others = here.total(lambda year: year.benefit, discounted=True) - worth * realised_minutes(case)
    return max(ZERO, (here.total(cost, discounted=True) - others) / worth), ""


def _minute_worth(case: Case, here: Flow, timed: list[Benefit]) -> Decimal | None:
    """What is one realised minute per study worth over the whole case, in the mix that the case expects?"""
    worths = [_minute_of(case, here, benefit) for benefit in timed]
    if len(timed) == 1:
        return worths[0]
    shares = [b.minutes.value * b.realised.value for b in timed if b.minutes]
    total = sum(shares, ZERO)
    if not total:
        return None
    return sum((w * s for w, s in zip(worths, shares, strict=True)), ZERO) / total


def _minute_of(case: Case, here: Flow, benefit: Benefit) -> Decimal:
    wage = case.wage(benefit.wage).value / HOUR_MIN
    return here.total(lambda y: wage * here.volume if y.year >= benefit.first else ZERO, discounted=True)


def _volume(case: Case, cost: Callable[[Year], Decimal]) -> tuple[Decimal | None, str]:
    """The smallest yearly volume whose benefits cover these costs, in whole studies.

    Between two volumes at which the price changes everything is a straight line, so each stretch is solved exactly.
    """

    def net(volume: Decimal) -> Decimal:
        here = flow(case, volume)
        return here.total(lambda y: y.benefit - cost(y), discounted=True)

    below = ZERO
    for above in (*kinks(case.price), None):
        found = _root(net, below, above)
        if found is not None:
            return found.quantize(_TELLABLE).to_integral_value(rounding=ROUND_CEILING), ""
        below = above if above is not None else below
    if net(ZERO) >= 0 and net(below + ONE) >= 0:
        return ZERO, ""
    return None, "a study costs as much as it saves, or more, so no volume pays"


def _root(net: Callable[[Decimal], Decimal], below: Decimal, above: Decimal | None) -> Decimal | None:
    """Where in (below, above] does this straight line rise to zero? Below itself lies on the stretch before."""
    right = above if above is not None else below + 2
    middle = (below + right) / 2
    slope = (net(right) - net(middle)) / (right - middle)
    start = net(right) - slope * (right - below)
    if start >= 0:  # the price fell at `below`: the next whole study has the new one
        return below // 1 + 1 if below > 0 else None
    if slope <= 0:
        return None
    root = below - start / slope
    return root if above is None or root <= above else None
