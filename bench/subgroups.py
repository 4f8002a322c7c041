"""Sensitivity and specificity with their intervals in 200 subgroups: ours beside the ways other tools group.

The limit is one `numpy.bincount`: over a code that somebody else has already made, and with the making of it. The
peers' intervals are left to them: they are given the counts only, so their ratios are lower bounds.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from alarp.evaluation.subgroups import accuracy_by_group
from bench.measuring import Row, faster, medians, not_measured

GROUPS, SEED = 200, 20260601
ROWS = 10_000_000
FEW_ROWS = 100_000  # for the peer that takes minutes where the others take seconds
ROUNDS = 3


class Data:
    """Cases of known truth with an answer each, one in ten diseased, in groups of equal size."""

    def __init__(self, rows: int) -> None:
        draw = np.random.default_rng(SEED)
        self.group = draw.integers(0, GROUPS, rows)
        self.diseased = draw.random(rows) < 0.1
        self.flagged = draw.random(rows) < np.where(self.diseased, 0.9, 0.08)
        self.code = self._coded()

    def _coded(self) -> np.ndarray:
        return 4 * self.group + 2 * self.diseased + self.flagged

    def ours(self) -> np.ndarray:
        found = accuracy_by_group(self.group, self.diseased, self.flagged, groups=GROUPS)
        return np.array([found["sensitivity"].estimate, found["specificity"].estimate])

    def counted(self) -> np.ndarray:
        return _shares(np.bincount(self.code, minlength=4 * GROUPS).reshape(GROUPS, 2, 2))

    def coded_and_counted(self) -> np.ndarray:
        return _shares(np.bincount(self._coded(), minlength=4 * GROUPS).reshape(GROUPS, 2, 2))


def _shares(counts: np.ndarray) -> np.ndarray:
    return np.array([counts[:, 1, 1] / counts[:, 1].sum(1), counts[:, 0, 0] / counts[:, 0].sum(1)])


def _from_rows(group: Any, diseased: Any, flagged: Any, size: Any) -> np.ndarray:
    counts = np.zeros((GROUPS, 2, 2), dtype=np.int64)
    counts[np.asarray(group), np.asarray(diseased).astype(int), np.asarray(flagged).astype(int)] = np.asarray(
        size
    )
    return _shares(counts)


def by_polars(data: Data) -> Callable[[], np.ndarray]:
    frame = pl.DataFrame({"group": data.group, "diseased": data.diseased, "flagged": data.flagged})

    def work() -> np.ndarray:
        found = frame.group_by("group", "diseased", "flagged").len()
        return _from_rows(*(found[name].to_numpy() for name in ("group", "diseased", "flagged", "len")))

    return work


def by_pandas(package: Any, data: Data) -> Callable[[], np.ndarray]:
    frame = package.DataFrame({"group": data.group, "diseased": data.diseased, "flagged": data.flagged})

    def work() -> np.ndarray:
        found = frame.groupby(["group", "diseased", "flagged"]).size().reset_index(name="size")
        return _from_rows(*(found[name].to_numpy() for name in ("group", "diseased", "flagged", "size")))

    return work


def by_duckdb(package: Any, data: Data) -> Callable[[], np.ndarray]:
    session = package.connect()
    frame = {"g": data.group, "d": data.diseased, "f": data.flagged}
    session.register("cases", frame)
    session.execute("CREATE TABLE held AS SELECT * FROM cases")

    def work() -> np.ndarray:
        found = session.execute("SELECT g, d, f, count(*) AS size FROM held GROUP BY g, d, f").fetchnumpy()
        return _from_rows(found["g"], found["d"], found["f"], found["size"])

    return work


def by_fairlearn(package: Any, data: Data) -> Callable[[], np.ndarray]:
    def work() -> np.ndarray:
        frame = package.MetricFrame(
            metrics={"sensitivity": package.true_positive_rate, "specificity": package.true_negative_rate},
            y_true=data.diseased.astype(int),
            y_pred=data.flagged.astype(int),
            sensitive_features=data.group,
        )
        found = frame.by_group.sort_index()
        return np.array([found["sensitivity"].to_numpy(), found["specificity"].to_numpy()])

    return work


PEERS = {
    "pandas": ("pandas", by_pandas),
    "duckdb, its own table": ("duckdb", by_duckdb),
    "fairlearn MetricFrame": ("fairlearn.metrics", by_fairlearn),
}


def _compared(rows: int, wanted: set[str]) -> Iterator[Row]:
    data = Data(rows)
    work = f"sensitivity and specificity in {GROUPS} subgroups, {rows:,} rows"
    contenders: dict[str, Callable[[], np.ndarray]] = {
        "numpy.bincount of a ready code (the limit)": data.counted,
        "numpy.bincount with its code": data.coded_and_counted,
        "polars group_by": by_polars(data),
    }
    for name, (module, make) in PEERS.items():
        if name not in wanted:
            continue
        try:
            contenders[name] = make(importlib.import_module(module), data)
        except ImportError:
            yield not_measured(work, name, "it is not installed")
    ours = data.ours()
    for name, contender in contenders.items():
        if not np.allclose(contender(), ours, rtol=0, atol=1e-12):
            raise AssertionError(f"{name} gives other shares than ours: a speed means nothing")
    taken, *others = medians([data.ours, *contenders.values()], rounds=ROUNDS)
    for name, theirs in zip(contenders, others, strict=True):
        yield faster(work, name, taken, theirs)


def run() -> Iterator[Row]:
    yield from _compared(ROWS, {"pandas", "duckdb, its own table"})
    yield from _compared(FEW_ROWS, set(PEERS))
