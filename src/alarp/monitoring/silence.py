"""Is it quiet by chance, or has something come loose? Expected volume by hour of the week, and Poisson's law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from alarp.kernel import Measure

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
HOURS = 168  # of the week, from Monday 00:00
ENOUGH_WEEKS = 4


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How many studies does each hour of the week usually bring, and from how many weeks is that known?"""

    per_hour: tuple[float, ...]
    days: int
    total: int
    method: str


def rhythm(by_day: Ints, weekdays: Ints) -> Rhythm:
    """How many studies are to be expected in each hour of the week?

    `by_day` holds one row of 24 counts for each day that was watched, quiet days included; `weekdays` says which day
    of the week each was (0 is Monday). With four weeks of every weekday: the mean of that hour of the week. With
    less: the mean of that hour over working days, or over week-ends, or, where one of the two was not seen, over all
    days. No day at all: nothing is expected.
    """
    days = len(by_day)
    if not days:
        return Rhythm((0.0,) * HOURS, 0, 0, "nothing was watched yet")
    seen = np.bincount(weekdays, minlength=7)
    if seen.min() >= ENOUGH_WEEKS:
        means = [by_day[weekdays == day].mean(axis=0) for day in range(7)]
        method = f"mean of each hour of the week over {days} days"
    else:
        weekend = weekdays >= 5
        means = [_mean(by_day, weekend == (day >= 5)) for day in range(7)]
        method = f"mean of each hour over {days} days, working days and week-ends apart"
    return Rhythm(tuple(np.concatenate(means).tolist()), days, int(by_day.sum()), method)


def _mean(by_day: Ints, chosen: npt.NDArray[np.bool_]) -> Floats:
    rows = by_day[chosen] if chosen.any() else by_day
    mean: Floats = rows.mean(axis=0)
    return mean


def expected(known: Rhythm, hours: list[tuple[int, float]]) -> float:
    """How many studies should these hours (hour of the week, share of it that passed) have brought?"""
    return sum(known.per_hour[hour % HOURS] * share for hour, share in hours)


def chance_of_so_few(seen: int, mean: float) -> float:
    """How likely are so few studies, or fewer, when this many are usual? Exact Poisson tail, P(N <= seen).

    With nothing expected it is 1: silence says nothing. Arrivals that come in bursts make silence likelier than
    this says, so the limit is set low.
    """
    return 1.0 if mean <= 0 else float(special.pdtr(seen, mean))


def silence(seen: int, mean: float, *, subgroup: str = "all") -> Measure:
    """Is it quieter than chance allows? The estimate is the chance of so few; `n` is the number expected, rounded."""
    if mean <= 0:
        return Measure.not_measurable(
            "chance_of_so_few", because="no study was expected in this time", subgroup=subgroup
        )
    return Measure(
        "chance_of_so_few",
        chance_of_so_few(seen, mean),
        method=f"exact Poisson tail, {mean:.1f} expected",
        n=round(mean),
        events=seen,
        subgroup=subgroup,
    )
