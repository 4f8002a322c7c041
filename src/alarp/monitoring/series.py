"""Which value has each period, for a chart over time? The same numbers as the reading, day by day or week by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from alarp.monitoring.columns import Columns
from alarp.monitoring.cube import OUTCOMES, SCORE_EDGES, SENT, TURNAROUND_EDGES_S, DayCube, fold
from alarp.monitoring.readings import is_flag
from alarp.monitoring.turnaround import ranks

Ints = npt.NDArray[np.int64]
ENOUGH_A_DAY = 20.0  # with fewer, a week is one point: the share of a handful is noise
GROUP = 10  # studies to a point, where there are no days to compare yet


@dataclass(frozen=True, slots=True)
class Period:
    """One point of a chart: its name, the day it begins on, its value and the count that it rests on."""

    label: str
    begins: date
    value: float
    n: int


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one monitor over time; a period with nothing to measure is left out, never 0."""

    monitor: str
    unit: str
    step: str  # day, week, or 10 studies
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


def step_for(cube: DayCube, first: date, last: date) -> str:
    """Is a day one point, or a week? A day where it brings 20 studies, or where there are no two weeks to compare."""
    sent = cube.by_day("outcomes", first.toordinal(), last.toordinal())
    asked = sent[:, [OUTCOMES.index(name) for name in SENT]].sum(axis=1)
    with_some = np.flatnonzero(asked)
    if not len(with_some):
        return "day"
    span = int(with_some[-1] - with_some[0]) + 1
    return "week" if span >= 14 and asked.sum() / span < ENOUGH_A_DAY else "day"


def series(
    monitor: str, cube: DayCube, first: date, last: date, *, approved: str = "", step: str = ""
) -> Series:
    """The monitor's value in each day (or week, where days are thin) from first to last.

    The mean score is that of the bins' middles. Weeks are counted back from the last day; days before the first study,
    and a first week that is not whole, are left out, so that every point covers the same time. Volume goes by days.
    """
    step = step or ("day" if monitor in ("volume", "silence") else step_for(cube, first, last))
    begun = [cell.day for cell in cube.cells if cell.route != "closed"]
    if not begun:
        return Series(monitor, UNITS.get(monitor, ""), step, ())
    first = max(first, date.fromordinal(min(begun)))
    length = 1 if step == "day" else 7
    whole = max(0, (last - first).days + 1) // length
    start = last - timedelta(days=whole * length - 1)
    return _series(monitor, cube, start, last, length, step, approved)


def series_of_groups(monitor: str, cube: DayCube, *, approved: str = "") -> Series:
    """The same from groups of consecutive studies: `cube` holds each group as if it were a day of its own, from 1."""
    groups = max((cell.day for cell in cube.cells), default=0)
    step = f"{GROUP} studies"
    found = _series(monitor, cube, date.fromordinal(1), date.fromordinal(max(1, groups)), 1, step, approved)
    named = tuple(
        Period(
            f"{GROUP * (p.begins.toordinal() - 1) + 1}-{GROUP * p.begins.toordinal()}", p.begins, p.value, p.n
        )
        for p in found.periods
    )
    return Series(monitor, found.unit, step, named)


def grouped(columns: Columns, size: int = GROUP) -> DayCube:
    """These events, in their order, as groups of so many studies; a last group that is not full is left out."""
    asked = np.isin(columns.outcome.codes, [i for i, n in enumerate(columns.outcome.names) if n in SENT])
    number = (np.cumsum(asked) - 1) // size + 1
    full = asked & (number <= int(asked.sum()) // size)
    return fold(columns.renumbered(np.where(full, number, 0))).where(lambda cell: cell.day > 0)


def _series(
    monitor: str, cube: DayCube, start: date, last: date, length: int, step: str, approved: str
) -> Series:
    whole = ((last - start).days + 1) // length
    table = {
        name: cube.by_day(name, start.toordinal(), last.toordinal())
        .reshape(whole, length, len(family.names))
        .sum(axis=1)
        for name, family in cube.families.items()
    }
    names = {name: family.names for name, family in cube.families.items()}
    found = []
    for i in range(whole):
        value, n = _value(monitor, {name: rows[i] for name, rows in table.items()}, names, approved)
        begins = start + timedelta(days=i * length)
        if value is not None:
            found.append(Period(f"{begins.day} {begins:%b}", begins, value, n))
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
