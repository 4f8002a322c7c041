"""Is anything lost, doubled or misfiled when processes die at the worst moments?

Listener, worker and tool are killed with SIGKILL, at random moments and at named places (after the bytes
are durable and before the row is; after the PACS has said Success and before our row says so; ...), while
a scanner goes on sending. A scanner that hears no Success sends again, as a real one does.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, free_port, wait_for
from pictures import CR, files, send_file, series
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

KILLS = int(os.environ.get("ALARP_KILLS", "27"))  # in each of four runs: 108; 51 make 204, for a night
DRAINED_WITHIN_S = 240  # a patience, no claim: other tests may use the machine
NAMED = {
    "listener": [
        ("alarp.records.objects:place", "before"),
        ("alarp.records.objects:place", "after"),
        ("alarp.records.ledger.work:rearm", "after"),
        ("alarp.records.ledger.arrivals:receive_all", "before"),
        ("alarp.records.ledger.arrivals:receive_all", "after"),
        ("alarp.gateway.listener:keep", "after"),
    ],
    "worker": [
        ("alarp.records.ledger.work:claim", "after"),
        ("alarp.records.ledger.work:finish", "after"),
        ("alarp.records.ledger.dispatches:crosswalk", "after"),
        ("alarp.gateway.associations:store", "before"),
        ("alarp.gateway.associations:store", "after"),
        ("alarp.records.ledger.dispatches:sent_one", "after"),
        ("alarp.records.objects:put", "after"),
        ("alarp.records.ledger.results:accept", "before"),
        ("alarp.records.ledger.results:attempt", "after"),
        ("alarp.records.ledger.results:filed", "before"),
        ("alarp.records.ledger.results:filed", "after"),
    ],
}


class Processes:
    """The processes that die and rise again."""

    def __init__(self, house: House, tool: list[str], workers: int) -> None:
        self.nursery = house.start("nursery", stdin=True)
        self.tool = tool
        self.names = ["listener", "faketool", *(f"worker{n}" for n in range(workers))]
        self.pids: dict[str, int] = {}
        for name in self.names:
            self.rise(name)

    def rise(self, name: str, points: list[dict[str, Any]] | None = None) -> None:
        program = name.rstrip("0123456789")
        wanted = {
            "program": program,
            "arguments": self.tool if program == "faketool" else [],
            "points": points or [],
        }
        assert self.nursery.stdin is not None and self.nursery.stdout is not None
        self.nursery.stdin.write(json.dumps(wanted) + "\n")
        self.nursery.stdin.flush()
        self.pids[name] = json.loads(self.nursery.stdout.readline())["pid"]

    def alive(self, name: str) -> bool:
        try:
            os.kill(self.pids[name], 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pids[name], signal.SIGKILL)
        wait_for(lambda: not self.alive(name))

    def end(self) -> None:
        for name in self.names:
            self.kill(name)


class Scanner(threading.Thread):
    """Sends studies one after the other; an image that was not acknowledged is sent again until it is."""

    def __init__(self, house: House, folder: Path) -> None:
        super().__init__(daemon=True)
        self.house, self.folder = house, folder
        self.acknowledged: dict[str, Path] = {}
        self.patients: dict[str, str] = {}
        self.enough = threading.Event()

    def run(self) -> None:
        for number in itertools.count():
            if self.enough.is_set():
                return
            images = series(2)
            self.patients[str(images[0].StudyInstanceUID)] = str(images[0].PatientID)
            for one, file in zip(images, files(images, self.folder / str(number)), strict=True):
                while send_file(self.house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) != 0:
                    time.sleep(0.05)
                self.acknowledged[str(one.SOPInstanceUID)] = file


def do_the_killing(processes: Processes, dice: random.Random) -> Counter[str]:
    """Kill until it is enough: by turns, half of them at random moments and half at named places."""
    done: Counter[str] = Counter()
    places = {kind: itertools.cycle(dice.sample(found, len(found))) for kind, found in NAMED.items()}
    victims = itertools.cycle([name for name in processes.names for _ in range(2 if "worker" in name else 1)])
    while done.total() < KILLS:
        name = next(victims)
        kind = name.rstrip("0123456789")
        if kind in places and dice.random() < 0.6:
            function, when = next(places[kind])
            processes.kill(name)
            processes.rise(
                name, [{"program": kind, "function": function, "when": when, "nth": dice.randint(1, 3)}]
            )
            end = time.monotonic() + 2.5
            while processes.alive(name) and time.monotonic() < end:
                time.sleep(0.01)
            if not processes.alive(name):
                done[f"{kind} {when} {function}"] += 1
        else:
            time.sleep(dice.uniform(0.02, 0.3))
            done[f"{kind} at a random moment"] += 1
        processes.kill(name)
        processes.rise(name)
    return done


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A PACS that answers queries and writes down every single arrival."""
    folder = tmp_path / "pacs"
    command = [
        sys.executable,
        "-m",
        "alarp.demo.pacs",
        "--ae",
        "PACS",
        "--port",
        "0",
        "--folder",
        str(folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield int(json.loads(process.stdout.readline())["port"]), folder
    process.kill()
    process.wait()


@pytest.mark.need("G01", "G02", "G17")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.timeout(900)
def test_after_kills_nothing_acknowledged_is_lost_and_nothing_arrives_twice(
    tmp_path: Path, pacs: tuple[int, Path], database: str, workers: int, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    house = House(
        tmp_path, database_url=_fresh(url, workers), retry_most_s=0.3, lease_s=1.5, gateway_processes=1
    )
    dice = random.Random(f"{database} {workers}")
    processes: Processes | None = None
    try:
        tool, folder = free_port(), tmp_path / "tool"
        house.peer("READER", "tool", tool)
        house.peer("PACS", "pacs", pacs[0])
        processes = Processes(house, [str(tool), str(house.port), "READER", str(folder)], workers)
        scanner = Scanner(house, tmp_path / "scanner")
        scanner.start()
        done = do_the_killing(processes, dice)
        scanner.enough.set()
        scanner.join(timeout=60)
        assert not scanner.is_alive()
        house.until("Work.objects.exclude(state='done').count()", 0, seconds=DRAINED_WITHIN_S)
        house.until("Dispatch.objects.exclude(state='returned').count()", 0, seconds=DRAINED_WITHIN_S)
        house.until("Work.objects.exclude(state='done').count()", 0, seconds=DRAINED_WITHIN_S)
        print(dict(done), len(scanner.acknowledged))
        assert done.total() >= KILLS and len(done) >= 8
        _nothing_is_lost(house, scanner)
        _nothing_is_doubled_or_misfiled(house, scanner, pacs[1])
    finally:
        if processes is not None:
            processes.end()  # also after a failure: what rose again would go on working for ever
        house.close()


def _fresh(url: str, workers: int) -> str:
    """A database of this run's own in the cluster."""
    if not url:
        return ""
    import psycopg

    name = f"chaos{workers}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.rsplit("/", 1)[0] + f"/{name}"


def _nothing_is_lost(house: House, scanner: Scanner) -> None:
    rows = house.ask("list(Instance.objects.filter(direction='source').values_list('sop_uid', 'sha256'))")
    assert sorted(sop for sop, _ in rows) == sorted(scanner.acknowledged)
    for sop, sha256 in rows:
        stored = (house.data / "objects" / sha256[:2] / sha256).read_bytes()
        sent = dcmread(scanner.acknowledged[sop])
        assert bytes(sent.PixelData) in stored
    assert house.ask("list(Quarantine.objects.values_list('reason', flat=True))") == []
    balance = house.balance()
    assert balance["balanced"] and balance["sent"] == balance["received"] == len(scanner.acknowledged)
    checks = house.ask(
        "from alarp.records.audit.queries import verify\nanswer = [[c.ok, c.sentence] for c in verify()]"
    )
    assert checks and all(ok for ok, _ in checks), checks


def _nothing_is_doubled_or_misfiled(house: House, scanner: Scanner, folder: Path) -> None:
    arrivals = Counter(
        json.loads(line)["sop_instance_uid"] for line in (folder / "arrivals.jsonl").read_text().splitlines()
    )
    assert set(arrivals.values()) == {1}, [sop for sop, n in arrivals.items() if n > 1]
    assert len(arrivals) == house.ask("Result.objects.filter(state='filed').count()")
    answered = set()
    for file in folder.glob("*.dcm"):
        filed = dcmread(file)
        assert scanner.patients[str(filed.StudyInstanceUID)] == filed.PatientID
        answered.add(str(filed.StudyInstanceUID))
    assert answered == set(scanner.patients)
