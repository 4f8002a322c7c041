"""Who does the work on many cases? This process, several of them, or Dask's: the same answers from each."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from alarp.kernel import BadInput, Unavailable

ENGINES = ("local", "dask")
Item = TypeVar("Item")
Answer = TypeVar("Answer")
_THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)  # fmt: skip

# Dask watches its workers closely by default and gives freed memory back at once; both cost a third of a case's time.
_DASK = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.nanny.pre-spawn-environ": {},
    "distributed.scheduler.worker-saturation": "inf",  # the next case lies at the worker when it has done one
}


@dataclass(frozen=True, slots=True)
class Crew:
    """How many processes, of which engine, reached where?"""

    jobs: int = 1
    engine: str = "local"
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise BadInput(f"--jobs is {self.jobs}: give a whole number from 1.")
        if self.engine not in ENGINES:
            raise BadInput(f"--engine is '{self.engine}': it must be one of {', '.join(ENGINES)}.")
        if self.scheduler is not None and self.engine != "dask":
            raise BadInput("--scheduler names a Dask scheduler: use it together with --engine dask.")

    @property
    def alone(self) -> bool:
        return self.engine == "local" and self.jobs == 1

    @property
    def others(self) -> int:
        """How many processes work beside this one? On this machine it is one of the crew and begins at once."""
        return self.jobs - 1 if self.engine == "local" else self.jobs


class Team:
    """The processes of a crew, at work until the evaluation is done: on its cases, and on what can be done beside.

    Without others (one process, or fewer than two cases) everything is done here, when its answer is asked for.
    """

    def __init__(self, crew: Crew, others: Executor | None) -> None:
        self.crew, self.others = crew, others

    def each(
        self, work: Callable[[Item], Answer], items: Sequence[Item], done: Callable[[int], None]
    ) -> list[Answer]:
        """What does `work` say of every item? Answers in the order of the items, whoever finished first.

        At most two items a process are on their way at any time, so memory does not grow with the number of cases.
        The first item that fails stops the rest; Ctrl-C stops at once.
        """
        answers: list[Any] = [None] * len(items)
        for finished, (place, answer) in enumerate(self._unordered(work, items), start=1):
            answers[place] = answer
            done(finished)
        return answers

    def beside(self, work: Callable[..., Answer], *given: Any) -> Callable[[], Answer]:
        """Let another process do this while this one goes on; call what is returned for the answer."""
        if self.others is None:
            return partial(work, *given)
        return self.others.submit(work, *given).result

    def _unordered(
        self, work: Callable[[Item], Answer], items: Sequence[Item]
    ) -> Iterator[tuple[int, Answer]]:
        waiting = list(enumerate(items))[::-1]
        if self.others is None:
            while waiting:
                place, item = waiting.pop()
                yield place, work(item)
            return
        running: dict[Future[Answer], int] = {}
        while waiting or running:
            while waiting and len(running) < _at_hand(self.crew, len(waiting)):
                place, item = waiting.pop()
                running[self.others.submit(work, item)] = place
            takes_part = self.crew.others < self.crew.jobs and bool(waiting)
            if takes_part:
                place, item = waiting.pop()
                yield place, work(item)
            finished, _ = wait(running, timeout=0 if takes_part else None, return_when=FIRST_COMPLETED)
            for future in sorted(finished, key=running.__getitem__):
                yield running.pop(future), future.result()


@contextmanager
def team(crew: Crew, items: int) -> Iterator[Team]:
    """Which team does the work on so many items?"""
    if crew.alone or items < 2:
        yield Team(crew, None)
        return
    with _executor(crew) as others:
        yield Team(crew, others)


def _at_hand(crew: Crew, left: int) -> int:
    """How many items lie with the other processes, so that none waits for this one? Fewer when few are left.

    Near the end each item that lies there is one that this process cannot take.
    """
    return max(crew.others, min(2 * crew.jobs - (crew.jobs - crew.others), left // crew.jobs))


@contextmanager
def _executor(crew: Crew) -> Iterator[Executor]:
    with _few_threads(crew.jobs):
        if crew.engine == "dask":
            with _dask(crew) as pool:
                yield pool
            return
        pool = ProcessPoolExecutor(crew.others, mp_context=get_context("spawn"), initializer=_begin)
        try:
            with _deaf_to_ctrl_c():
                pool.submit(_begun)  # starts the processes
            yield pool
        except BaseException:
            for process in list(pool._processes.values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A process that begins in here never hears Ctrl-C, not even while it is still loading."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begun() -> None:
    """Say nothing, do nothing: the first thing asked of the processes."""


def _begin() -> None:
    """A worker leaves Ctrl-C to the process that began it, and ends when that one is gone, even by a kill -9."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _few_threads(jobs: int) -> Iterator[None]:
    """Let the processes share the cores: each starts with its part of the threads, whatever its libraries like."""
    part = str(max(1, (os.cpu_count() or 1) // jobs))
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update({name: part for name, value in before.items() if value is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


@contextmanager
def _dask(crew: Crew) -> Iterator[Executor]:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise Unavailable(
            "Dask is not installed: install the optional part with `pip install 'alarp[dask]'`, or leave out "
            "--engine dask.",
            phase="dask",
        ) from error
    if crew.scheduler is not None:
        try:
            client = Client(crew.scheduler, timeout=10)
        except (OSError, TimeoutError, ValueError) as error:
            raise Unavailable(
                f"No Dask scheduler answers at {crew.scheduler}: start it, or leave out --scheduler to use this "
                "machine.",
                phase="dask",
            ) from error
        with client:
            yield client.get_executor(pure=False)
        return
    with (
        dask.config.set(_DASK),
        LocalCluster(
            n_workers=crew.jobs,
            threads_per_worker=1,
            memory_limit=0,
            dashboard_address=None,
            silence_logs=logging.ERROR,  # that a worker takes its time to stop is no news for a physicist
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)
