"""Where does a tool that is a program get its images, and where is it told how its run ended?

One folder for each study and tool: `in` with the images as they were sent, `out-…` for what the program writes (a new
one for each run, so that what an earlier run left running writes into nothing that is read), beside them `job.json` (what is run), `outcome.json` (how it ended), `said` (what it printed). The running process holds a lock
on the folder as long as it lives, so a run whose worker died is found again, and one that died itself is run again.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarp.gateway.adapters.commands import Command
from alarp.records.configuration import configuration

RESULT, OUTPUT = "result.json", "out-"
STOPS_WITHIN_S = 15.0
_CHILDREN: list[subprocess.Popen[bytes]] = []  # kept so that they are waited for and leave no zombies


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `exited` with its code, `time limit`, `stopped`, or `not started`."""

    ended: str
    code: int
    seconds: float
    output: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one study at one tool."""

    path: Path

    @classmethod
    def of(cls, aet: str, dispatch: int) -> Folder:
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in aet)
        return cls(configuration().data / "programs" / name / str(dispatch))

    @property
    def exists(self) -> bool:
        return (self.path / "in").is_dir()

    def make(self) -> None:
        root = configuration().data / "programs"
        for folder in (root, self.path.parent, self.path, self.path / "in"):
            folder.mkdir(exist_ok=True, mode=0o700)

    def put(self, file: Path, sop_uid: str) -> None:
        """Put one image there under its UID, durably; the same again is the same."""
        fresh = self.path / f"{sop_uid}.part"
        shutil.copyfile(file, fresh)
        with fresh.open("rb") as handle:
            os.fsync(handle.fileno())
        fresh.replace(self.path / "in" / f"{sop_uid}.dcm")
        for folder in (self.path / "in", self.path):
            opened = os.open(folder, os.O_RDONLY)
            os.fsync(opened)
            os.close(opened)

    @property
    def is_running(self) -> bool:
        return locked(self.path / "lock")

    @property
    def outcome(self) -> Outcome | None:
        """How the run ended; None: it has not been run to its end."""
        try:
            found = json.loads((self.path / "outcome.json").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        return Outcome(str(found["ended"]), int(found["code"]), float(found["seconds"]), str(found["output"]))

    def start(self, command: Command) -> None:
        """Have it run by a process of its own that outlives this one; a second one finds the lock and walks away."""
        name = f"alarp-{self.path.parent.name}-{self.path.name}".lower()
        output = self.path / f"{OUTPUT}{secrets.token_hex(4)}"
        job: dict[str, Any] = {
            "run": command.words(self.path / "in", output, name=name),
            "output": output.name,
            "end": command.ends(name),
            "time_limit_s": command.time_limit_s,
            "at_once": command.at_once,
        }
        fresh = self.path / "job.part"
        fresh.write_text(json.dumps(job), encoding="utf-8")
        fresh.replace(self.path / "job.json")
        words = [sys.executable, "-m", "alarp.gateway.adapters.running", str(self.path)]
        _CHILDREN[:] = [child for child in _CHILDREN if child.poll() is None]
        _CHILDREN.append(
            subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )

    def stop(self) -> None:
        """End the run, if there is one, and wait until it has ended (its container is taken away, too)."""
        until = time.monotonic() + STOPS_WITHIN_S
        while self.path.is_dir() and self.is_running and time.monotonic() < until:
            (self.path / "stop").touch()
            time.sleep(0.05)

    def again(self) -> None:
        """Forget how the last run ended, so that it is run anew."""
        (self.path / "outcome.json").unlink(missing_ok=True)

    def results(self, outcome: Outcome) -> Iterator[Path]:
        """What this run left for us: DICOM files and `result.json`, ordinary files alone, in the order of their names."""
        for file in sorted((self.path / outcome.output).rglob("*")):
            ours = file.name == RESULT or file.suffix.lower() == ".dcm"
            if ours and stat.S_ISREG(file.lstat().st_mode):
                yield file

    def discard(self, *, but_for_a_look: bool = False) -> None:
        """Leave nothing of it, or for whoever looks into a failure what the program wrote and said."""
        if but_for_a_look:
            shutil.rmtree(self.path / "in", ignore_errors=True)
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def has_turn(aet: str, command: Command) -> bool:
    """Do fewer run for this tool than may at once?"""
    slots = slots_of(Folder.of(aet, 0).path.parent, command.at_once)
    return any(not locked(slot) for slot in slots)


def slots_of(tool: Path, at_once: int) -> list[Path]:
    """One file for each that may run at once; who runs holds one of them."""
    return [tool / f"slot-{number}" for number in range(1, at_once + 1)]


def locked(file: Path) -> bool:
    """Does a living process hold this lock?"""
    try:
        with held(file):
            return False
    except BlockingIOError:
        return True


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Hold this lock; raises BlockingIOError when another process does."""
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
