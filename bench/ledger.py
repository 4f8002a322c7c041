"""Durable steps: claim, do nothing, finish, ask for the next; each claim and each finish is one synced commit.

Beside a queue that is fast and forgets (huey on SQLite, when installed) and beside a bare SQLite loop that
writes one synced row a step: the floor that no ledger in this database can go under.
"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measuring import Row, faster, medians, not_measured

STEPS, ROUNDS = 100, 3
OURS = f"""
import sys, time
from alarp.records import boot; boot()
from alarp.records import tables; tables.lay()
from django.db import transaction
from alarp.records.ledger import work
for line in sys.stdin:
    work.ask("bench", line.strip(), {{}})
    for number in range({STEPS}):
        (step,) = work.claim("bench")
        with transaction.atomic():
            work.finish(step)
            work.ask("bench", f"{{line.strip()}}:{{number}}", {{}})
    work.stop(work.claim("bench")[0], phase="bench", sentence="")
    print("done", flush=True)
"""
HUEY = f"""
import sys
from huey import SqliteHuey
huey = SqliteHuey(filename=sys.argv[1], fsync=True)
@huey.task()
def step(n):
    return None
for line in sys.stdin:
    for number in range({STEPS}):
        step(number)
        huey.execute(huey.dequeue())
    print("done", flush=True)
"""


class _Program:
    """A process that does one round for each line it is given."""

    def __init__(self, source: str, *arguments: str, **env: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", source, *arguments],
            env=os.environ | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.round = 0

    def __call__(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.round += 1
        self.process.stdin.write(f"{self.round}\n")
        self.process.stdin.flush()
        if self.process.stdout.readline().strip() != "done":
            raise RuntimeError("a contender of the ledger's bench ended early")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def run() -> Iterator[Row]:
    work = "one durable step (two synced commits) on SQLite"
    with tempfile.TemporaryDirectory(prefix="alarp-bench-") as name:
        folder = Path(name)
        bare = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
        bare.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE step (n INTEGER);")

        def floor() -> None:
            for number in range(STEPS):
                bare.execute("INSERT INTO step VALUES (?)", (number,))

        programs = {"ours": _Program(OURS, ALARP_DATA=str(folder / "alarp"))}
        peer = "huey 3 with fsync (loses the step when killed)"
        if importlib.util.find_spec("huey"):
            programs[peer] = _Program(HUEY, str(folder / "huey.sqlite3"))
        try:
            times = medians([*programs.values(), floor], rounds=ROUNDS)
        finally:
            for program in programs.values():
                program.end()
        yield faster(work, "bare SQLite, one synced insert (the floor)", times[0], times[-1], each=STEPS)
        if peer in programs:
            yield faster(work, peer, times[0], times[1], each=STEPS)
        else:
            yield not_measured(work, peer, "it is not installed")
