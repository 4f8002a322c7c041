"""Which figure moves the answer most, when it goes to the ends of its own range and all others stay?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from alarp.economics.case import Case
from alarp.economics.figures import Figure, figures_of, with_value
from alarp.economics.flows import flow


@dataclass(frozen=True, slots=True)
class Swing:
    """One bar of the tornado: the net present value at the figure's low end and at its high end."""

    figure: Figure
    low: Decimal
    high: Decimal
    at_low: Decimal
    at_high: Decimal

    @property
    def width(self) -> Decimal:
        return abs(self.at_high - self.at_low)


def net_present_value(case: Case) -> Decimal:
    """What is the whole case worth today at its expected volume: benefits of every class less all costs?"""
    return flow(case, case.volume.value).total(lambda year: year.net, discounted=True)


def tornado(case: Case) -> tuple[Swing, ...]:
    """One-way sensitivity: each figure with a range goes to its ends alone; the widest swing first."""
    swings = []
    for figure in figures_of(case):
        if figure.low is None and figure.high is None:
            continue
        low = figure.value if figure.low is None else figure.low
        high = figure.value if figure.high is None else figure.high
        at_low, at_high = (net_present_value(with_value(case, figure.key, v)) for v in (low, high))
        swings.append(Swing(figure, low, high, at_low, at_high))
    return tuple(sorted(swings, key=lambda s: (-s.width, s.figure.key)))
