"""Is anything lost, doubled or misfiled when processes die at the worst moments?

Listener (parent and receiving children), workers and tool are killed with SIGKILL while a scanner goes on sending: at
each named place of every transition on each database (before the bytes are durable, after the PACS has said Success and
before our row says so, ...), and at random moments in between. A scanner that hears no Success sends again, as a real
one does. In each of the four runs at least `KILLS` processes die: 204 together.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from actors import (
    PATIENCE_S,
    Processes,
    Scanner,
    counting_pacs,
    drain,
    kind_of,
    nothing_is_doubled_or_misfiled,
    nothing_is_lost,
)
from house import House, free_port

KILLS = int(os.environ.get("CHAOS_KILLS", "51"))  # in each of four runs
# (transition, function, when): each is reached and died at on both databases. What comes before a place is undone or
# repeated, what comes after it is found done.
PLACES = {
    "listener": [
        ("receive", "alarp.gateway.receiving.room:check_space", "after"),
        ("receive", "alarp.records.spool:add", "before"),
        ("receive", "pathlib:Path.rename", "after"),
        ("receive", "alarp.records.spool:add", "after"),
        ("receive", "alarp.records.objects:adopt", "before"),
        ("receive", "alarp.records.objects:adopt", "after"),
        ("receive", "alarp.records.ledger.arrivals:receive_all", "before"),
        ("receive", "alarp.records.ledger.work:rearm", "after"),
        ("receive", "alarp.records.ledger.arrivals:receive_all", "after"),
    ],
    "worker": [
        ("claim", "alarp.records.ledger.work:claim", "after"),
        ("claim", "alarp.records.ledger.work:finish", "after"),
        ("complete", "alarp.records.ledger.dispatches:complete", "before"),
        ("complete", "alarp.records.ledger.dispatches:complete", "after"),
        ("decide", "alarp.records.ledger.dispatches:decide", "before"),
        ("decide", "alarp.records.ledger.dispatches:decide", "after"),
        ("send", "alarp.records.ledger.dispatches:crosswalk", "after"),
        ("send", "alarp.records.egress:leaving", "after"),
        ("send", "alarp.gateway.associations:store", "before"),
        ("send", "alarp.gateway.associations:store", "after"),
        ("send", "alarp.records.ledger.dispatches:progress", "after"),
        ("send", "alarp.records.ledger.dispatches:sent_all", "before"),
        ("send", "alarp.records.ledger.dispatches:sent_all", "after"),
        ("match", "alarp.records.objects:put", "after"),
        ("match", "alarp.records.ledger.results:accept", "before"),
        ("match", "alarp.records.ledger.results:accept", "after"),
        ("file", "alarp.records.ledger.results:attempt", "after"),
        ("file", "alarp.records.ledger.results:filed", "before"),
        ("file", "alarp.records.ledger.results:filed", "after"),
        ("commit", "alarp.records.ledger.results:looked_for", "before"),
        ("recall", "alarp.records.assurance.recalls:follow_up", "before"),
        ("recall", "alarp.records.assurance.recalls:_ask", "after"),
        ("recall", "alarp.records.assurance.recalls:follow_up", "after"),
    ],
}


class Killers:
    """One for each process, all at work at once, until enough have died and every place was died at."""

    def __init__(self, house: House, processes: Processes, dice: random.Random, share: int) -> None:
        self.house, self.processes, self.dice = house, processes, dice
        self.done: Counter[str] = Counter()
        places = {"listener": PLACES["listener"], "worker": PLACES["worker"][share::2]}
        self.open = {kind: dice.sample(found, len(found)) for kind, found in places.items()}
        self._lock = threading.Lock()
        self._under_way = 0  # places that were taken and not died at yet
        self._threads = [
            threading.Thread(target=self._haunt, args=(name,), daemon=True) for name in processes.names
        ]

    @property
    def enough(self) -> bool:
        with self._lock:
            return self.done.total() >= KILLS and not any(self.open.values()) and not self._under_way

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(timeout=PATIENCE_S)
        assert not any(thread.is_alive() for thread in self._threads)

    def _haunt(self, name: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self.enough and time.monotonic() < end:
            place = self._take(kind_of(name))
            if place is None and self.done.total() >= KILLS:
                time.sleep(0.1)  # enough have died; the last places are reached sooner when the others live
            elif place is None:
                self._strike(name)
            else:
                self._give_back(kind_of(name), place, died=self._die_at(name, *place))
        self.processes.kill(name)
        self.processes.rise(name)

    def _take(self, kind: str) -> tuple[str, str, str] | None:
        with self._lock:
            if not self.open.get(kind):
                return None
            self._under_way += 1
            return self.open[kind].pop(0)

    def _give_back(self, kind: str, place: tuple[str, str, str], *, died: bool) -> None:
        with self._lock:
            self._under_way -= 1
            if not died:  # it did not come there: somebody else did the work
                self.open[kind].append(place)

    def _count(self, what: str) -> None:
        with self._lock:
            self.done[what] += 1

    def _die_at(self, name: str, transition: str, function: str, when: str) -> bool:
        """Have it die at this place; the program writes the place down before it kills itself."""
        kind = kind_of(name)
        mark = f"{name} {self.dice.random()}"
        if self.processes.kill(name):
            self._count(f"{kind} at a random moment")
        point = {"program": kind, "function": function, "when": when, "nth": 1, "mark": mark}
        self.processes.rise(name, [point])
        end = time.monotonic() + 10.0
        while time.monotonic() < end and not self._has_died(mark):
            if not self.processes.alive(name) and not self._has_died(mark):
                self.processes.rise(name, [point])  # its port was not free yet
            time.sleep(0.02)
        if not self._has_died(mark):
            return False
        self._count(f"{transition}: {when} {function}")
        if self.processes.kill(name):  # it was a child of it, and the next child would die there again
            self._count(f"{kind} at a random moment")
        self.processes.rise(name)
        return True

    def _has_died(self, mark: str) -> bool:
        with contextlib.suppress(OSError):
            return mark in (self.house.data / "deaths").read_text().splitlines()
        return False

    def _strike(self, name: str) -> None:
        """Kill it, or one of its children, at a random moment of its life."""
        if not self.processes.alive(name):
            self.processes.rise(name)
        time.sleep(self.dice.uniform(0.05, 1.5))  # rarely enough for studies to go on their way meanwhile
        children = self.processes.children(name)
        if children and self.dice.random() < 0.5:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.dice.choice(children), signal.SIGKILL)
                self._count("receiving child at a random moment")
        elif self.processes.kill(name):
            self._count(f"{kind_of(name)} at a random moment")
            self.processes.rise(name)


@pytest.mark.need("G01", "G02", "G17")
@pytest.mark.parametrize(
    ("database", "workers", "listeners", "share"),
    # Each pair of these at least once, and each half of the worker's places with both databases and both numbers.
    [("sqlite", 1, 1, 0), ("sqlite", 2, 2, 1), ("postgresql", 1, 2, 1), ("postgresql", 2, 1, 0)],
)
@pytest.mark.timeout(900)
def test_after_kills_nothing_acknowledged_is_lost_and_nothing_arrives_twice(
    tmp_path: Path, database: str, workers: int, listeners: int, share: int, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    house = House(
        tmp_path,
        database_url=_fresh(url, workers),
        quiet_s=0.2,
        retry_most_s=0.3,
        lease_s=1.5,
        sweep_s=0.3,
        gateway_processes=listeners,
    )
    processes: Processes | None = None
    tool, folder = free_port(), tmp_path / "tool"
    with counting_pacs(tmp_path / "pacs") as pacs, contextlib.closing(house):
        try:
            house.peer("READER", "tool", tool)
            house.peer("PACS", "pacs", pacs)
            names = ["listener", "faketool", *(f"worker{n}" for n in range(workers))]
            processes = Processes(house, names, [str(tool), str(house.port), "READER", str(folder)])
            scanner = Scanner(house.port, tmp_path / "scanner", pacs=tmp_path / "pacs")
            scanner.start()
            killers = Killers(house, processes, random.Random(f"{database} {workers}"), share)
            killers.start()
            no = _opt_out_until(house, killers)
            scanner.stop()
            killers.join()
            drain(house)
            print(json.dumps({"kills": killers.done.total(), **killers.done}), len(scanner.acknowledged))
            assert killers.enough, (killers.done, killers.open)
            nothing_is_lost(house, scanner)
            nothing_is_doubled_or_misfiled(house, scanner, tmp_path / "pacs")
            _each_is_recalled_once(house, no)
        finally:
            if processes is not None:
                processes.end()  # also after a failure: what rose again would go on working for ever


OPT_OUT = """
from alarp.records.ledger.commands import record_opt_out
study = Study.objects.filter(dispatches__results__state='filed').exclude(pk__in={no}).order_by('pk').first()
if study is not None:
    OptOut.objects.create(organisation=study.peer.site.parent, patient_id=study.patient_id, issuer=study.issuer,
        recorded_by=person, recorded_at=timezone.now())
    answer = study.pk
"""


def _opt_out_until(house: House, killers: Killers) -> list[int]:
    """While they kill, one patient after the other says no whose study was read already; their row numbers."""
    no: list[int] = []
    house.ask("from django.utils import timezone\nperson = Person.objects.get(username='pat')")
    end = time.monotonic() + PATIENCE_S
    while not killers.enough and time.monotonic() < end:
        study = house.ask(OPT_OUT.format(no=no))
        no += [study] if study is not None else []
        time.sleep(0.3)
    return no


def _each_is_recalled_once(house: House, no: list[int]) -> None:
    """The supplier was asked once, and for nobody else, to delete what left; and nothing left afterwards."""
    recalls = "__import__('alarp.records.assurance.models').records.assurance.models.Recall"
    house.until("Work.objects.filter(kind='recall').exclude(key__startswith='everybody').count()", len(no))
    house.until("Work.objects.exclude(state='done').count()", 0, seconds=PATIENCE_S)
    left = f"Dispatch.objects.filter(study__in={no}, items__sent_at__isnull=False).distinct()"
    recalled = house.ask(f"list({recalls}.objects.order_by('dispatch').values_list('dispatch', flat=True))")
    assert recalled == house.ask(f"list({left}.order_by('pk').values_list('pk', flat=True))")


def _fresh(url: str, workers: int) -> str:
    """A database of this run's own in the cluster."""
    if not url:
        return ""
    import psycopg

    name = f"chaos{workers}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.rsplit("/", 1)[0] + f"/{name}"
