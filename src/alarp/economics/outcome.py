"""What does one more unit of outcome cost?"""

from __future__ import annotations

from decimal import Decimal


def cost_per_outcome(more_cost: Decimal, more_outcome: Decimal) -> Decimal | None:
    """What does each additional unit (a quality-adjusted life year, a person found) cost?

    The incremental cost-effectiveness ratio: additional cost / additional outcome, both against the same
    alternative. None unless it costs more and brings more: a ratio of two negatives, or of a saving, misleads.
    """
    if more_cost <= 0 or more_outcome <= 0:
        return None
    return more_cost / more_outcome
