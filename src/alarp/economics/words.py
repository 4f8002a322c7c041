"""How are money, counts and months written for a person?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any


def pounds(value: float) -> str:
    """'£265,000', '−£1,250', '£20.50' below a hundred when there are pence."""
    sign = "−" if value < 0 else ""
    size = abs(value)
    if size < 100 and round(size, 2) != round(size):
        return f"{sign}£{size:,.2f}"
    return f"{sign}£{size:,.0f}"


def count(value: float) -> str:
    """'12,000', '1.5'."""
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:,.1f}"


def people(value: float) -> str:
    """Whole people from ten on, a tenth below: '39', '8.6'."""
    return f"{value:,.0f}" if abs(value) >= 10 else count(value)


def day(iso: str) -> str:
    """'2029-01-01' as '1 January 2029'."""
    there = date.fromisoformat(iso)
    return f"{there.day} {there:%B %Y}"


def months(value: float) -> str:
    """'1 month', '18 months'."""
    return f"{value:g} month" if value == 1 else f"{value:g} months"


def minutes(value: float) -> str:
    """'20.0', '0.42': a tenth of a minute is enough from one minute on."""
    return f"{value:.1f}" if value >= 1 or not value else f"{value:.2f}"


def number(value: float) -> str:
    """A figure as it was stated, with thousands marked."""
    return f"{value:,.10g}"


def per_study(found: Mapping[str, Any]) -> str:
    """'£3.10 whole-life, £1.20 of it licence', or why it cannot be said."""
    e = found["volumes"]["expected"]
    if e["cost_a_study"] is None:
        return f"not measurable: no {found['studies']} at this volume"
    return f"£{e['cost_a_study']:,.2f} over the whole life, £{e['licence_a_study']:,.2f} of it licence"
