"""Where does a figure lie against its limits? A line to scale, drawn as SVG; the words stand beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alarp.pathway.alarms import Unit

WIDTH = 240  # of the drawing's own units, the margins included
MARGIN = 6


@dataclass(frozen=True)
class Mark:
    """One limit on the line."""

    x: float
    kind: str  # limit, stop or scale
    text: str


@dataclass(frozen=True)
class Gauge:
    """A figure with its interval and its limits, in the drawing's own units."""

    value: float
    low: float | None
    high: float | None
    marks: tuple[Mark, ...]
    past: bool
    says: str

    @property
    def width(self) -> int:
        return WIDTH


def gauge(
    value: float | None,
    low: float | None,
    high: float | None,
    limits: Sequence[tuple[str, float, str]],
    unit: Unit,
    *,
    past: bool,
    says: str,
) -> Gauge | None:
    """The figure on a line from 0 to somewhat beyond the largest number on it; None where there is no figure.

    A chance is not drawn: its limits lie too close to 0 to be seen.
    """
    if value is None or unit is Unit.CHANCE:
        return None
    numbers = [value, *(limit for _, limit, _ in limits), *(end for end in (low, high) if end is not None)]
    most = max(numbers) * 1.15 or 1.0
    if unit is Unit.SHARE:
        most = min(1.0, most) if max(numbers) <= 1 else most

    def place(number: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * min(max(number, 0), most) / most, 1)

    return Gauge(
        value=place(value),
        low=None if low is None else place(low),
        high=None if high is None else place(high),
        marks=tuple(Mark(place(limit), kind, text) for kind, limit, text in limits),
        past=past,
        says=says,
    )
