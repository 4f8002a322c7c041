"""Who takes part when things break: the processes that die, the scanner that goes on sending, the PACS that counts."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from house import House, wait_for
from pictures import CR, files, send_file, series
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

PATIENCE_S = 420.0  # no claim of speed: other tests may use the machine


class Processes:
    """The gateway's programs, forked from one that has everything loaded; each may die and rise again."""

    def __init__(self, house: House, names: list[str], tool: list[str]) -> None:
        self._nursery = house.start("nursery", stdin=True)
        self._asking = threading.Lock()
        self._tool = tool
        self.names = names
        self.pids: dict[str, int] = {}
        for name in names:
            self.rise(name)

    def rise(self, name: str, points: list[dict[str, Any]] | None = None) -> None:
        """Start it; `points` are the places at which it kills itself (tests/gateway/programs.py)."""
        program = kind_of(name)
        arguments = self._tool if program == "faketool" else []
        wanted = {"program": program, "arguments": arguments, "points": points or []}
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        with self._asking:
            self._nursery.stdin.write(json.dumps(wanted) + "\n")
            self._nursery.stdin.flush()
            self.pids[name] = json.loads(self._nursery.stdout.readline())["pid"]

    def alive(self, name: str) -> bool:
        try:
            os.kill(self.pids[name], 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self, name: str) -> bool:
        """SIGKILL; True when there was somebody to kill."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pids[name], signal.SIGKILL)
            wait_for(lambda: not self.alive(name), seconds=PATIENCE_S)
            return True
        return False

    def children(self, name: str) -> list[int]:
        """The processes that this one has forked: a listener's receivers."""
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{self.pids[name]}/task/{self.pids[name]}/children").read_text()
            return [int(pid) for pid in text.split()]
        return []

    def end(self) -> None:
        for name in self.names:
            self.kill(name)


def lives(pid: int) -> bool:
    """Is this process there, and more than the remains that nobody has collected yet?"""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")


def kind_of(name: str) -> str:
    return name.rstrip("0123456789")


class Scanner(threading.Thread):
    """Sends studies one after the other; an image that was not acknowledged is sent again until it is.

    It keeps no more than `AHEAD` studies before the PACS, so that what is under way stays little.
    """

    AHEAD = 5

    def __init__(self, port: int, folder: Path, *, pacs: Path, images: int = 2) -> None:
        super().__init__(daemon=True)
        self.port, self.folder, self.images = port, folder, images
        self.pacs = pacs / "arrivals.jsonl"
        self.acknowledged: dict[str, Path] = {}
        self.patients: dict[str, str] = {}
        self.enough = threading.Event()
        self.trouble: Exception | None = None

    def run(self) -> None:
        try:
            self._send()
        except Exception as error:
            self.trouble = error  # a scanner that died would leave little to be lost

    def _send(self) -> None:
        for number in itertools.count():
            if self.enough.is_set():
                return
            images = series(self.images)
            self.patients[str(images[0].StudyInstanceUID)] = str(images[0].PatientID)
            for one, file in zip(images, files(images, self.folder / str(number)), strict=True):
                while send_file(self.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) != 0:
                    time.sleep(0.05)
                self.acknowledged[str(one.SOPInstanceUID)] = file
            while not self.enough.is_set() and number - self.filed() >= self.AHEAD:
                time.sleep(0.05)

    def filed(self) -> int:
        """How many results has the PACS?"""
        return len(self.pacs.read_bytes().splitlines()) if self.pacs.exists() else 0

    def stop(self) -> None:
        """End with the study that is under way."""
        self.enough.set()
        self.join(timeout=PATIENCE_S)
        assert self.trouble is None, f"the scanner ended: {self.trouble!r}"
        assert not self.is_alive(), "the scanner's last study was never acknowledged"


@contextlib.contextmanager
def counting_pacs(folder: Path) -> Iterator[int]:
    """A PACS that answers queries and writes down every single arrival; its port."""
    words = ["alarp.demo.pacs", "--ae", "PACS", "--port", "0", "--folder", str(folder)]
    process = subprocess.Popen([sys.executable, "-m", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.kill()
        process.wait()


def drain(house: House) -> None:
    """Wait until nothing is under way any more: neither taken in, nor to be done, nor awaited from the tool."""
    over = "Dispatch.objects.exclude(state__in=['returned', 'opted-out']).count()"
    work = "Work.objects.exclude(state='done').count()"
    spool = house.data / "objects" / "spool"  # what was taken in and is not in the ledger yet

    def empty() -> bool:
        return not spool.is_dir() or not any(spool.iterdir())

    end = time.monotonic() + PATIENCE_S
    still = 0
    while still < 3:  # a result that is on its way asks for new work when it comes
        still = still + 1 if empty() and not house.ask(over) and not house.ask(work) else 0
        assert time.monotonic() < end, f"not drained after {PATIENCE_S:g} s\n{house.where()}"
        time.sleep(0.1)


def nothing_is_lost(house: House, scanner: Scanner) -> None:
    """Every image that the scanner was told Success for is there, byte for byte, and has its one row."""
    rows = house.ask("list(Instance.objects.filter(direction='source').values_list('sop_uid', 'sha256'))")
    assert sorted(sop for sop, _ in rows) == sorted(scanner.acknowledged)
    for sop, sha256 in rows:
        stored = (house.data / "objects" / sha256[:2] / sha256).read_bytes()
        sent = dcmread(scanner.acknowledged[sop])
        assert bytes(sent.PixelData) in stored
    assert house.ask("list(Quarantine.objects.values_list('reason', flat=True))") == []
    balance = house.balance()
    assert balance["balanced"], balance["sentence"]
    assert balance["received"] == balance["sent"] + balance["opted_out"] == len(scanner.acknowledged), balance
    checks = house.ask(
        "from alarp.records.audit.queries import verify\nanswer = [[c.ok, c.sentence] for c in verify()]"
    )
    assert checks and all(ok for ok, _ in checks), checks


def nothing_is_doubled_or_misfiled(house: House, scanner: Scanner, folder: Path) -> None:
    """The PACS got one result for each study, once, under its own patient."""
    lines = (folder / "arrivals.jsonl").read_text().splitlines()
    arrivals = Counter(json.loads(line)["sop_instance_uid"] for line in lines)
    assert set(arrivals.values()) == {1}, [sop for sop, n in arrivals.items() if n > 1]
    assert len(arrivals) == house.ask("Result.objects.filter(state='filed').count()")
    answered = set()
    for file in folder.glob("*.dcm"):
        filed = dcmread(file)
        assert scanner.patients[str(filed.StudyInstanceUID)] == filed.PatientID
        answered.add(str(filed.StudyInstanceUID))
    assert answered == set(scanner.patients)
