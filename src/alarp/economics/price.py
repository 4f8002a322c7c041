"""What does the supplier charge in a year, at this volume?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from alarp.economics.figures import ONE, ZERO, Figure

MARGINAL, WHOLE = "marginal", "whole"


@dataclass(frozen=True, slots=True)
class Band:
    """The price of a study up to this yearly volume; None: of every further one."""

    up_to: Decimal | None
    price: Figure


@dataclass(frozen=True, slots=True)
class Price:
    """Per study in bands, a subscription, a minimum commitment, and how all of them rise.

    Marginal bands price each study by the band it falls into; whole bands price all of a year's studies by the
    band that the year reaches. A commitment is money a year or a number of studies that is paid for anyway.
    """

    bands: tuple[Band, ...]
    banding: str
    subscription: Figure | None
    commitment: Figure | None
    committed_studies: Figure | None
    indexation: Figure | None


def use(price: Price, volume: Decimal) -> Decimal:
    """What do this many studies cost by the bands alone, in the first year's prices?"""
    if not price.bands:
        return ZERO
    if price.banding == WHOLE:
        return volume * _band_reached(price, volume).price.value
    total, below = ZERO, ZERO
    for band in price.bands:
        top = volume if band.up_to is None else min(volume, band.up_to)
        if top <= below:
            break
        total += (top - below) * band.price.value
        below = top
    return total


def _band_reached(price: Price, volume: Decimal) -> Band:
    return next(b for b in price.bands if b.up_to is None or volume <= b.up_to)


def licence(price: Price, volume: Decimal, year: int) -> Decimal:
    """What does the supplier charge in this year (1, 2, …)? The dearer of use and commitment, and the subscription.

    From year 2 on everything has risen by the indexation, once for each year.
    """
    studies = volume if price.committed_studies is None else max(volume, price.committed_studies.value)
    charged = use(price, studies)
    if price.commitment is not None:
        charged = max(charged, price.commitment.value)
    if price.subscription is not None:
        charged += price.subscription.value
    rise = ZERO if price.indexation is None else price.indexation.value
    return charged * (ONE + rise) ** (year - 1)


def kinks(price: Price) -> tuple[Decimal, ...]:
    """At which volumes does the charge change its slope or jump? In order; needed to solve for a volume exactly."""
    bounds = {band.up_to for band in price.bands if band.up_to is not None}
    if price.committed_studies is not None:
        bounds.add(price.committed_studies.value)
    if price.commitment is not None:
        bounds.update(_where_use_reaches(price, price.commitment.value))
    return tuple(sorted(b for b in bounds if b > 0))


def _where_use_reaches(price: Price, amount: Decimal) -> Iterator[Decimal]:
    """The volumes at which use alone costs exactly this, band by band."""
    below, spent = ZERO, ZERO
    for band in price.bands:
        each = band.price.value
        start = below * each if price.banding == WHOLE else spent
        if each > 0:
            volume = below + (amount - start) / each
            if below < volume and (band.up_to is None or volume <= band.up_to):
                yield volume
        if band.up_to is not None:
            spent += (band.up_to - below) * each
            below = band.up_to
