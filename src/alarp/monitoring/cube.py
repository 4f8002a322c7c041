"""How often did what happen, on which day, at which scanner? Whole numbers that can be added, merged and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from alarp.monitoring.columns import Coded, Columns

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

OUTCOMES = ("returned", "overdue", "failed", "refused", "opted-out", "held")
SENT = ("returned", "overdue", "failed")  # what a tool was given, or should have been: the denominator
AGREEMENT = ("agree", "disagree", "wrong", "unsure")  # judged with a report; objected to by a user
HOURS = tuple(f"{hour:02}" for hour in range(24))
SCORE_BINS = 32
SCORE_EDGES = np.linspace(0.0, 1.0, SCORE_BINS + 1)
TURNAROUND_BINS = 128
TURNAROUND_EDGES_S = 2.0 ** (np.arange(TURNAROUND_BINS + 1) / 8)  # 1 s to 65,536 s, each bin 9 % wider
FIXED: dict[str, tuple[str, ...]] = {
    "outcomes": OUTCOMES,
    "hours": HOURS,
    "scores": tuple(map(str, range(SCORE_BINS))),
    "turnaround": tuple(map(str, range(TURNAROUND_BINS))),
    "agreement": AGREEMENT,
}
OPEN = ("reasons", "decisions", "versions", "software", "verdicts")
FAMILIES = (*FIXED, *OPEN)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Where a count belongs: the day that the event happened on (ordinal), the scanner, the route it was sent on."""

    day: int
    scanner: str
    route: str


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of count: a column for each name, a row for each cell."""

    names: tuple[str, ...]
    counts: Ints


@dataclass(frozen=True, slots=True)
class DayCube:
    """All counts of one deployment over some days; a late label is an addition to an old cell."""

    cells: tuple[Cell, ...]
    families: Mapping[str, Family]

    @classmethod
    def empty(cls) -> DayCube:
        return cls((), {name: _nothing(name) for name in FAMILIES})

    def __add__(self, other: DayCube) -> DayCube:
        """Both together: what was counted on the same day, scanner and route is added up."""
        return merge((self, other))

    def __sub__(self, other: DayCube) -> DayCube:
        """This without the other: how a delivery that was wrong is taken back."""
        return merge((self, other.negated()))

    def negated(self) -> DayCube:
        return DayCube(self.cells, {n: Family(f.names, -f.counts) for n, f in self.families.items()})

    def where(self, chosen: Callable[[Cell], bool]) -> DayCube:
        """Only the cells that are asked for."""
        keep = [i for i, cell in enumerate(self.cells) if chosen(cell)]
        rows = np.array(keep, dtype=np.int64)
        parts = {n: Family(f.names, f.counts[rows]) for n, f in self.families.items()}
        return DayCube(tuple(self.cells[i] for i in keep), parts)

    def total(self, family: str) -> Ints:
        """The counts of this family, over all cells."""
        total: Ints = self.families[family].counts.sum(axis=0)
        return total

    def count(self, family: str, *names: str) -> int:
        """How often did any of these happen?"""
        known = self.families[family].names
        return int(sum(self.total(family)[known.index(name)] for name in names if name in known))

    def named(self, family: str) -> dict[str, int]:
        """Every name of this family that was counted, and how often."""
        totals = zip(self.families[family].names, self.total(family).tolist(), strict=True)
        return {name: count for name, count in totals if count}

    def by_day(self, family: str, first: int, last: int) -> Ints:
        """One row for each day from first to last (ordinals), quiet days included."""
        found = self.families[family]
        rows = np.zeros((max(0, last - first + 1), len(found.names)), dtype=np.int64)
        for i, cell in enumerate(self.cells):
            if first <= cell.day <= last:
                rows[cell.day - first] += found.counts[i]
        return rows

    @property
    def scanners(self) -> tuple[str, ...]:
        return tuple(sorted({cell.scanner for cell in self.cells}))

    @property
    def days(self) -> tuple[int, ...]:
        return tuple(sorted({cell.day for cell in self.cells}))

    def rows(self) -> Iterable[tuple[Cell, dict[str, dict[str, int]]]]:
        """Each cell with what is not 0 in it: the form in which a database or a file keeps it."""
        for i, cell in enumerate(self.cells):
            kept: dict[str, dict[str, int]] = {}
            for name, family in self.families.items():
                row = family.counts[i]
                if places := np.flatnonzero(row).tolist():
                    kept[name] = {family.names[p]: int(row[p]) for p in places}
            yield cell, kept


def _nothing(name: str) -> Family:
    names = FIXED.get(name, ())
    return Family(names, np.zeros((0, len(names)), dtype=np.int64))


def merge(cubes: Sequence[DayCube]) -> DayCube:
    """What do all of these hold together?"""
    cells = tuple(sorted({cell for cube in cubes for cell in cube.cells}))
    place = {cell: i for i, cell in enumerate(cells)}
    rows = [np.array([place[c] for c in cube.cells], dtype=np.int64) for cube in cubes]
    families = {}
    for name in FAMILIES:
        names = FIXED.get(name) or tuple(sorted({n for cube in cubes for n in cube.families[name].names}))
        column = {n: i for i, n in enumerate(names)}
        counts = np.zeros((len(cells), len(names)), dtype=np.int64)
        for cube, at in zip(cubes, rows, strict=True):
            family = cube.families[name]
            if len(at) and family.names:
                columns = np.array([column[n] for n in family.names], dtype=np.int64)
                np.add.at(counts, (at[:, None], columns[None, :]), family.counts)
        families[name] = Family(names, counts)
    return DayCube(cells, families)


def from_rows(rows: Iterable[tuple[Cell, Mapping[str, Mapping[str, int]]]]) -> DayCube:
    """The cube of what `rows` wrote; several rows for one cell are added up."""
    given = list(rows)
    cells = tuple(sorted({cell for cell, _ in given}))
    place = {cell: i for i, cell in enumerate(cells)}
    families = {}
    for name in FAMILIES:
        names = FIXED.get(name) or tuple(sorted({n for _, kept in given for n in kept.get(name, ())}))
        column = {n: i for i, n in enumerate(names)}
        counts = np.zeros((len(cells), len(names)), dtype=np.int64)
        for cell, kept in given:
            row = place[cell]
            for n, count in kept.get(name, {}).items():
                counts[row, column[n]] += count
        families[name] = Family(names, counts)
    return DayCube(cells, families)


def fold(columns: Columns) -> DayCube:
    """Which counts do these events make? One pass over each column.

    A result counts once: its outcome, hour, reason, decision, version, scanner software, score and turnaround. A
    judgement that says which decision it is about counts as a verdict ('disagree: nodule'), never as another decision. A
    score outside 0 to 1 falls into the first or last bin, as a turnaround beyond the edges does. An event that
    `corrects` an earlier one takes that one's outcome or agreement back and does not count its hour again.
    """
    if not len(columns.day):
        return DayCube.empty()
    row, cells = _rows_of(columns)
    fresh = columns.corrects.codes < 0
    asked = np.isin(columns.outcome.codes, _codes(columns.outcome, SENT))
    families = {
        "outcomes": _counted(row, len(cells), columns.outcome, OUTCOMES),
        "hours": _binned(row, len(cells), columns.hour, asked & fresh, HOURS),
        "scores": _binned(row, len(cells), *score_bins(columns.score), FIXED["scores"]),
        "turnaround": _binned(row, len(cells), *turnaround_bins(columns.turnaround_s), FIXED["turnaround"]),
        "agreement": _counted(row, len(cells), columns.agreement, AGREEMENT),
        "reasons": _counted(row, len(cells), columns.reason),
        "decisions": _counted(row, len(cells), _of_results(columns)),
        "versions": _counted(row, len(cells), columns.version),
        "software": _counted(row, len(cells), columns.software),
    }
    for name, known in (("outcomes", OUTCOMES), ("agreement", AGREEMENT)):
        taken = _counted(row, len(cells), columns.corrects, known)
        families[name] = Family(known, families[name].counts - taken.counts)
    said = verdicts(columns.agreement, columns.decision)
    back = verdicts(_only(columns.corrects, AGREEMENT), columns.decision)
    names = tuple(sorted({*said.names, *back.names}))
    given, taken = (_counted(row, len(cells), one, names) for one in (said, back))
    families["verdicts"] = Family(names, given.counts - taken.counts)
    return DayCube(cells, families)


def _of_results(columns: Columns) -> Coded:
    """The decisions of results; a judgement names the decision that it is about, which is no further one."""
    there = columns.outcome.codes >= 0
    return Coded(np.where(there, columns.decision.codes, -1), columns.decision.names)


def verdicts(agreement: Coded, decision: Coded) -> Coded:
    """What was said of which decision: 'agree: nodule'. No name where one of the two is not known."""
    wide = max(1, len(decision.names))
    known = (agreement.codes >= 0) & (decision.codes >= 0)
    packed = np.where(known, agreement.codes * wide + decision.codes, -1)
    used, codes = np.unique(packed[known], return_inverse=True)
    found = np.full(len(packed), -1, dtype=np.int64)
    found[known] = codes
    names = (f"{agreement.names[p // wide]}: {decision.names[p % wide]}" for p in used.tolist())
    return Coded(found, tuple(names))


def _only(coded: Coded, names: Sequence[str]) -> Coded:
    kept = np.isin(coded.codes, _codes(coded, names))
    return Coded(np.where(kept, coded.codes, -1), coded.names)


def _rows_of(columns: Columns) -> tuple[Ints, tuple[Cell, ...]]:
    """Each event's cell, and the cells in order."""
    first = int(columns.day.min())
    scanners, routes = len(columns.scanner.names), len(columns.route.names)
    packed = ((columns.day - first) * scanners + columns.scanner.codes) * routes + columns.route.codes
    used = np.flatnonzero(np.bincount(packed))
    unordered = [
        Cell(
            first + int(p) // (scanners * routes),
            columns.scanner.names[int(p) // routes % scanners],
            columns.route.names[int(p) % routes],
        )
        for p in used
    ]
    order = sorted(range(len(unordered)), key=unordered.__getitem__)
    place = np.zeros(int(used[-1]) + 1, dtype=np.int64)
    place[used[order]] = np.arange(len(order))
    return place[packed], tuple(unordered[i] for i in order)


def _codes(coded: Coded, names: Sequence[str]) -> list[int]:
    return [i for i, name in enumerate(coded.names) if name in names]


def _counted(row: Ints, cells: int, coded: Coded, names: tuple[str, ...] | None = None) -> Family:
    """Counts by name; with `names` in this order, and others left out."""
    known = names or tuple(sorted(set(coded.names)))
    column = {name: i for i, name in enumerate(known)}
    there = np.array([column.get(name, -1) for name in (*coded.names, "")], dtype=np.int64)
    there[-1] = -1  # the code -1, no name, leads here
    place = there[coded.codes]
    return _binned(row, cells, place, place >= 0, known)


def _binned(row: Ints, cells: int, place: Ints, counts: Bools, names: tuple[str, ...]) -> Family:
    wide = len(names)
    packed = row[counts] * wide + place[counts]
    return Family(names, np.bincount(packed, minlength=cells * wide).reshape(cells, wide).astype(np.int64))


def score_bins(score: npt.NDArray[np.float64]) -> tuple[Ints, Bools]:
    """In which of 32 equal bins from 0 to 1 does each score lie? A score of none has no bin."""
    there = ~np.isnan(score)
    place = np.clip(np.where(there, score, 0.0) * SCORE_BINS, 0, SCORE_BINS - 1).astype(np.int64)
    return place, there


def turnaround_bins(seconds: npt.NDArray[np.float64]) -> tuple[Ints, Bools]:
    """In which bin does each turnaround lie? None, or below 0 (a clock went back), has no bin."""
    there = seconds >= 0
    octaves = np.log2(np.where(there, np.maximum(seconds, 1.0), 1.0)) * 8
    return np.clip(octaves, 0, TURNAROUND_BINS - 1).astype(np.int64), there
