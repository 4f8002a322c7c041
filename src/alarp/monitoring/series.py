"""Which value has each period, for a chart over time? The same numbers as the reading, day by day or week by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from alarp.monitoring.cube import OUTCOMES, SCORE_EDGES, SENT, TURNAROUND_EDGES_S, DayCube
from alarp.monitoring.readings import is_flag
from alarp.monitoring.turnaround import ranks

Ints = npt.NDArray[np.int64]
ENOUGH_A_DAY = 5.0  # with fewer a day on average, a week is one point


@dataclass(frozen=True, slots=True)
class Period:
    """One point of a chart: from this day on, its value and the count that it rests on."""

    begins: date
    value: float
    n: int


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one monitor over time; a period with nothing to measure is left out, never 0."""

    monitor: str
    unit: str
    step: str  # day, week
    periods: tuple[Period, ...]

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(p.value for p in self.periods)


UNITS = {
    "volume": "studies sent",
    "missing": "% without result",
    "turnaround": "median turnaround, min",
    "scores": "mean score",
    "flag-rate": "% flagged",
    "silence": "studies sent",
    "agreement": "% agreement",
    "version": "% approved version",
}


def series(
    monitor: str, cube: DayCube, first: date, last: date, *, approved: str = "", step: str = ""
) -> Series:
    """The monitor's value in each day (or week, where days are thin) from first to last.

    The mean score is that of the bins' middles. Weeks are counted back from the last day, and a first week that is
    not whole is left out, so that every point covers the same time.
    """
    days = (last - first).days + 1
    sent = cube.by_day("outcomes", first.toordinal(), last.toordinal())
    asked = int(sent[:, [OUTCOMES.index(name) for name in SENT]].sum())
    step = step or ("day" if asked / max(1, days) >= ENOUGH_A_DAY else "week")
    length = 1 if step == "day" else 7
    skip = days % length
    table = {
        name: cube.by_day(name, first.toordinal(), last.toordinal())[skip:]
        .reshape(-1, length, len(family.names))
        .sum(axis=1)
        for name, family in cube.families.items()
    }
    names = {name: family.names for name, family in cube.families.items()}
    found = []
    for i in range(len(table["outcomes"])):
        value, n = _value(monitor, {name: rows[i] for name, rows in table.items()}, names, approved)
        if value is not None:
            found.append(Period(first + timedelta(days=skip + i * length), value, n))
    return Series(monitor, UNITS.get(monitor, ""), step, tuple(found))


def _value(
    monitor: str, row: dict[str, Ints], names: dict[str, tuple[str, ...]], approved: str
) -> tuple[float | None, int]:
    def count(family: str, *which: str) -> int:
        return int(sum(row[family][names[family].index(w)] for w in which if w in names[family]))

    sent = count("outcomes", *SENT)
    if monitor in ("volume", "silence"):
        return float(sent), sent
    if monitor == "missing":
        return _per_cent(count("outcomes", "overdue", "failed"), sent)
    if monitor == "turnaround":
        return _median(row["turnaround"])
    if monitor == "scores":
        return _mean_score(row["scores"])
    if monitor == "flag-rate":
        return _per_cent(
            count("decisions", *filter(is_flag, names["decisions"])), int(row["decisions"].sum())
        )
    if monitor == "agreement":
        agree = count("agreement", "agree")
        return _per_cent(agree, agree + count("agreement", "disagree"))
    return _per_cent(count("versions", approved), int(row["versions"].sum()))


def _per_cent(part: int, whole: int) -> tuple[float | None, int]:
    return (100 * part / whole, whole) if whole > 0 else (None, 0)


def _median(counts: Ints) -> tuple[float | None, int]:
    n = int(counts.sum())
    if n <= 0:
        return None, 0
    here = int(np.searchsorted(np.cumsum(counts), ranks(n, 0.5)[0]))
    return float(np.sqrt(TURNAROUND_EDGES_S[here] * TURNAROUND_EDGES_S[here + 1]) / 60), n


def _mean_score(counts: Ints) -> tuple[float | None, int]:
    n = int(counts.sum())
    middles = (SCORE_EDGES[:-1] + SCORE_EDGES[1:]) / 2
    return (float(counts @ middles / n), n) if n > 0 else (None, 0)
