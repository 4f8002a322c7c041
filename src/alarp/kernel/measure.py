"""What number did we find, how sure are we, and out of how many?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Measure:
    """One number with its interval, denominator and method: the only way a result leaves the core.

    `estimate`, `low` and `high` share the unit that the measure's name carries (`hd95_mm`); a proportion
    runs from 0 to 1. `n` is the denominator (cases, patients), `events` the numerator where there is one.
    A measure that cannot be had keeps `estimate` None and says why in `because`; 0/0 is never 0.
    """

    measure: str
    estimate: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    n: int = 0
    events: int | None = None
    subgroup: str = "all"
    because: str = ""

    @classmethod
    def not_measurable(cls, measure: str, *, because: str, n: int = 0, subgroup: str = "all") -> Measure:
        """The honest result when there is nothing to divide by."""
        return cls(measure=measure, estimate=None, n=n, subgroup=subgroup, because=because, method="none")

    @property
    def is_measurable(self) -> bool:
        return self.estimate is not None

    def as_dict(self) -> dict[str, Any]:
        """The row of `result.json`."""
        return asdict(self)

    def sentence(self, *, per_cent: bool = False, digits: int = 3) -> str:
        """How does a person read this? '94 % (91-96), 312 of 332, Wilson'."""
        if self.estimate is None:
            return f"not measurable: {self.because}"

        def show(value: float) -> str:
            return f"{100 * value:.0f}" if per_cent else f"{value:.{digits}g}"

        text = show(self.estimate) + (" %" if per_cent else "")
        if self.low is not None and self.high is not None:
            text += f" ({show(self.low)}-{show(self.high)})"
        counts = f"{self.events} of {self.n}" if self.events is not None else f"n = {self.n}"
        return f"{text}, {counts}" + (f", {self.method}" if self.method else "")
