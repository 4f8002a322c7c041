"""How is one piece of work compared fairly? In turn, several times, by the middle value."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import TypedDict

Work = Callable[[], object]


class Row(TypedDict):
    """One comparison. `ratio` above 1 means that ours is that many times better; None means not measured."""

    work: str
    peer: str
    ours: float | None
    theirs: float | None
    unit: str
    ratio: float | None


def seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def used_s() -> float:
    """The processor time that this process and its ended children have used so far."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def medians(contenders: list[Work], *, rounds: int) -> list[float]:
    """How long does each take, in seconds? Interleaved, after one unmeasured round, so that noise falls on all."""
    for contender in contenders:
        contender()
    return [wall for wall, _ in wall_and_processor(contenders, rounds=rounds)]


def wall_and_processor(contenders: list[Work], *, rounds: int) -> list[tuple[float, float]]:
    """How long does each take, and how much processor time does it use (all threads), in seconds? Interleaved.

    Whoever asks has called each once before. Processor time is what a crowded machine disturbs least.
    """
    walls: list[list[float]] = [[] for _ in contenders]
    used: list[list[float]] = [[] for _ in contenders]
    for _ in range(rounds):
        for index, contender in enumerate(contenders):
            began = time.process_time()
            walls[index].append(seconds(contender))
            used[index].append(time.process_time() - began)
    return [(statistics.median(wall), statistics.median(cpu)) for wall, cpu in zip(walls, used, strict=True)]


def faster(work: str, peer: str, ours_s: float, theirs_s: float, *, each: int = 1) -> Row:
    """A comparison of times, in milliseconds for one of `each` items."""
    return Row(
        work=work,
        peer=peer,
        ours=round(1000 * ours_s / each, 4),
        theirs=round(1000 * theirs_s / each, 4),
        unit="ms",
        ratio=round(theirs_s / ours_s, 3),
    )


def not_measured(work: str, peer: str, because: str, *, unit: str = "ms") -> Row:
    """The honest row where a peer, or a part of ours, is not there."""
    return Row(
        work=work, peer=f"{peer} (not measured: {because})", ours=None, theirs=None, unit=unit, ratio=None
    )
