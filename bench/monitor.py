"""A year of a million events: day cubes and their statistics, beside a scan of the raw events for the same numbers.

The peer is polars itself, group by group over the raw columns, as a notebook does it: it has to read the whole year
again for each day's report. Ours folds a day into counts once; the second comparison is that of one day's increment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from alarp.monitoring import Coded, Columns, fold, shift
from alarp.monitoring.cube import OUTCOMES, SCORE_BINS, SENT, DayCube
from alarp.monitoring.rates import wilson
from bench.measuring import Row, faster, medians

EVENTS, DAYS, SCANNERS, ROUNDS = 1_000_000, 365, 36, 3
FIRST = date(2025, 1, 1).toordinal()
NAMES = tuple(f"scanner {n:02}" for n in range(SCANNERS))


def events(count: int) -> Columns:
    """A year of invented events; labels on three in ten."""
    draw = np.random.default_rng(20261122)
    nothing = Coded(np.full(count, -1, dtype=np.int64), ())
    outcome = draw.choice(len(OUTCOMES), count, p=[0.95, 0.01, 0.01, 0.01, 0.01, 0.01])
    agreement = np.where(draw.random(count) < 0.3, draw.choice(2, count, p=[0.9, 0.1]), -1)
    return Columns(
        day=np.sort(draw.integers(FIRST, FIRST + DAYS, count)),
        hour=draw.integers(0, 24, count),
        scanner=Coded(draw.integers(0, SCANNERS, count), NAMES),
        route=Coded(np.zeros(count, dtype=np.int64), ("live",)),
        outcome=Coded(outcome, OUTCOMES),
        reason=nothing,
        decision=Coded(draw.integers(0, 2, count), ("Flagged", "Not flagged")),
        version=Coded(np.zeros(count, dtype=np.int64), ("1.0",)),
        software=nothing,
        agreement=Coded(agreement, ("agree", "disagree")),
        corrects=nothing,
        score=draw.beta(2, 6, count),
        turnaround_s=draw.lognormal(5, 0.6, count),
    )


def frame(columns: Columns) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day": columns.day,
            "scanner": columns.scanner.codes,
            "outcome": columns.outcome.codes,
            "agreement": columns.agreement.codes,
            "bin": np.clip((columns.score * SCORE_BINS).astype(np.int64), 0, SCORE_BINS - 1),
        }
    )


def part(columns: Columns, chosen: np.ndarray) -> Columns:
    """The events of some rows."""
    coded = (
        "scanner",
        "route",
        "outcome",
        "reason",
        "decision",
        "version",
        "software",
        "agreement",
        "corrects",
    )
    plain = ("day", "hour", "score", "turnaround_s")
    return Columns(
        **{n: Coded(getattr(columns, n).codes[chosen], getattr(columns, n).names) for n in coded},
        **{n: getattr(columns, n)[chosen] for n in plain},
    )


def statistics(cube: DayCube) -> dict[str, tuple[float, float, float]]:
    """For each scanner: PSI of the second half-year against the first, missing share, agreement's lower bound."""
    found, half = {}, FIRST + DAYS // 2
    scanner = np.array([cell.scanner for cell in cube.cells])
    early = np.array([cell.day < half for cell in cube.cells])
    scores, outcomes = cube.families["scores"].counts, cube.families["outcomes"]
    lost = [outcomes.names.index(n) for n in ("overdue", "failed")]
    sent = [outcomes.names.index(n) for n in SENT]
    agreed = cube.families["agreement"].counts
    for name in NAMES:
        here = scanner == name
        psi = shift(scores[here & early].sum(axis=0), scores[here & ~early].sum(axis=0)).psi.estimate or 0.0
        total = outcomes.counts[here].sum(axis=0)
        agree, disagree = (int(v) for v in agreed[here].sum(axis=0)[:2])
        found[name] = (psi, total[lost].sum() / total[sent].sum(), wilson(agree, agree + disagree)[0])
    return found


def by_scan(raw: pl.DataFrame) -> dict[str, tuple[float, float, float]]:
    """The same numbers from the raw events: one scan with a group by for each."""
    half = FIRST + DAYS // 2
    bins = raw.group_by("scanner", pl.col("day") < half, "bin").len()
    table = np.zeros((SCANNERS, 2, SCORE_BINS), dtype=np.int64)
    scanner, early, place, count = (bins[n].to_numpy() for n in bins.columns)
    table[scanner, early.astype(int), place] = count
    ends = (
        raw.group_by("scanner", "outcome")
        .len()
        .pivot("outcome", index="scanner", values="len")
        .sort("scanner")
    )
    said = raw.filter(pl.col("agreement") >= 0).group_by("scanner", "agreement").len()
    judged = said.pivot("agreement", index="scanner", values="len").sort("scanner")
    found = {}
    for n, name in enumerate(NAMES):
        psi = shift(table[n, 1], table[n, 0]).psi.estimate or 0.0
        sent = sum(int(ends[str(OUTCOMES.index(o))][n]) for o in SENT)
        lost = sum(int(ends[str(OUTCOMES.index(o))][n]) for o in ("overdue", "failed"))
        agree, disagree = int(judged["0"][n]), int(judged["1"][n])
        found[name] = (psi, lost / sent, wilson(agree, agree + disagree)[0])
    return found


def run() -> Iterator[Row]:
    columns = events(EVENTS)
    raw, cube = frame(columns), fold(columns)
    ours, theirs = statistics(cube), by_scan(raw)
    if any(max(abs(a - b) for a, b in zip(ours[n], theirs[n], strict=True)) > 1e-12 for n in NAMES):
        raise AssertionError("the cube and the scan give other numbers: a speed means nothing")

    folded, read, scanned = medians(
        [lambda: fold(columns), lambda: statistics(cube), lambda: by_scan(raw)], rounds=ROUNDS
    )
    per_s = f"{EVENTS / folded / 1e6:.1f} million events/s"
    yield faster(
        f"{len(NAMES)} scanners' figures, a year of {EVENTS:,} events",
        "polars, scan of raw events",
        read,
        scanned,
    )
    yield faster(
        f"fold {EVENTS:,} events into day cubes ({per_s})", "polars, one scan of them", folded, scanned
    )

    day = np.flatnonzero(columns.day == FIRST + DAYS - 1)
    increment = part(columns, day)
    alone, rescan = medians([lambda: fold(increment), lambda: by_scan(raw)], rounds=ROUNDS)
    yield faster(
        f"one more day ({len(day):,} events; its row is added, nothing else read)",
        "polars, the year again",
        alone,
        rescan,
    )
