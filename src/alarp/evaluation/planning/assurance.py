"""How likely is a study of this size to tell what it is meant to tell?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import Codes, FloatArray, normal_quantile

_TAIL = 1e-9


@dataclass(frozen=True, slots=True)
class Aim:
    """What one proportion must achieve: a narrow interval, a bound above a limit, or both.

    `among` says which cases it is counted over: 'diseased' (sensitivity) or 'healthy' (specificity).
    """

    measure: str
    expected: float
    among: str
    half_width: float | None = None
    at_least: float | None = None

    @property
    def sentence(self) -> str:
        parts = [f"{self.measure} expected {self.expected:g}"]
        if self.half_width is not None:
            parts.append(f"interval within ± {self.half_width:g}")
        if self.at_least is not None:
            parts.append(f"lower bound at least {self.at_least:g}")
        return ", ".join(parts)


def wilson_bounds(events: Codes, n: int, *, level: float) -> tuple[FloatArray, FloatArray]:
    """Between which bounds does each count of n lie? Wilson 1927 (doi:10.2307/2276774), for many counts at once."""
    z = normal_quantile(level)
    share = events / n
    centre, scale = share + z * z / (2 * n), 1 + z * z / n
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (centre - half) / scale, (centre + half) / scale


@lru_cache(maxsize=20_000)  # neighbouring prevalences and sizes ask for the same counts again
def succeeds(aim: Aim, n: int, *, level: float) -> float:
    """How likely is the aim to be reached with n cases in the denominator? Exact, summed over the binomial counts."""
    if n == 0:
        return 0.0
    events = np.arange(int(stats.binom.ppf(_TAIL, n, aim.expected)), n + 1)
    low, high = wilson_bounds(events, n, level=level)
    good = np.ones(len(events), dtype=bool)
    if aim.half_width is not None:
        good &= (high - low) / 2 <= aim.half_width
    if aim.at_least is not None:
        good &= low >= aim.at_least
    return float(stats.binom.pmf(events[good], n, aim.expected).sum())


def assurance(
    aim: Aim, enrolled: int, prevalence: float, *, level: float, design_effect: float = 1.0
) -> float:
    """How likely is the aim to be reached when so many are enrolled and this share has the condition?

    The number of diseased among the enrolled is itself chance (binomial); clustered cases count as enrolled over the
    design effect. O'Hagan, Stevens and Campbell 2005 (doi:10.1002/pst.175) for the idea of assurance.
    """
    worth = int(enrolled / design_effect)
    share = prevalence if aim.among == "diseased" else 1 - prevalence
    least, most = (int(stats.binom.ppf(tail, worth, share)) for tail in (_TAIL, 1 - _TAIL))
    # The chance hardly changes between neighbouring counts: fifty of them carry the sum.
    counts = np.unique(np.linspace(least, most, min(50, most - least + 1)).round().astype(int))
    edges = np.concatenate([[least - 1], (counts[:-1] + counts[1:]) // 2, [most]])
    weights = np.diff(stats.binom.cdf(edges, worth, share))
    return float(sum(w * succeeds(aim, int(n), level=level) for n, w in zip(counts, weights, strict=True)))


def enrolled_for(
    aim: Aim, prevalence: float, wanted: float, *, level: float, design_effect: float = 1.0
) -> int | None:
    """How many must be enrolled for this assurance? None when a hundred thousand do not suffice."""
    low, high = 1, 20
    while assurance(aim, high, prevalence, level=level, design_effect=design_effect) < wanted:
        low, high = high, high * 2
        if low > 100_000:
            return None
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        reached = assurance(aim, middle, prevalence, level=level, design_effect=design_effect) >= wanted
        low, high = (low, middle) if reached else (middle, high)
    return high
