"""How is one piece of work compared fairly? In turn, several times, by the middle value."""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
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


def _family(pid: int) -> list[int]:
    """This process and its children, by the kernel's own list."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:  # it has ended since it was listed: its time is its parent's now
        return []
    return [pid, *(grandchild for child in listed for grandchild in _family(int(child)))]


def processor_s(pid: int) -> float:
    """The processor time that this process and its children, ended or not, have used so far."""
    ticks = 0
    for one in _family(pid):
        numbers = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, numbers[11:15] if one == pid else numbers[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def most_memory_mb(pid: int) -> float:
    """The most that any one process of the family ever held in memory."""
    peaks = []
    for one in _family(pid):
        lines = Path(f"/proc/{one}/status").read_text().splitlines()
        peaks += [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    return max(peaks)


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
