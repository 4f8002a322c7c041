"""Is anything that was acknowledged lost when the power fails? What was not synced is gone (power.py)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from actors import (
    PATIENCE_S,
    Processes,
    Scanner,
    counting_pacs,
    drain,
    lives,
    nothing_is_doubled_or_misfiled,
)
from house import House, free_port, wait_for
from power import Disk, library
from power_postgres import Cluster
from pydicom import dcmread

from throwaway_postgres import ThrowawayPostgres

CUTS = int(os.environ.get("CHAOS_CUTS", "8"))


def test_the_disk_forgets_what_was_not_synced_and_keeps_what_was(tmp_path: Path) -> None:
    """The instrument itself: each of these is what the other tests rest on."""
    folder = tmp_path / "disk"
    folder.mkdir()
    disk = Disk(folder, tmp_path / "platter")
    program = f"""
import os
os.chdir({str(folder)!r})
def write(name, text):
    with open(name, "w") as out:
        out.write(text); out.flush(); os.fsync(out.fileno())
def sync_folder():
    here = os.open(".", os.O_RDONLY); os.fsync(here); os.close(here)
write("kept", "first")
write("renamed", "old")
write("removed", "gone on the disk that was")
sync_folder()
open("kept", "w").write("second, not synced")
os.rename("renamed", "new")
os.unlink("removed")
write("nameless", "synced, but not its folder")
"""
    environment = os.environ | disk.environment(library(tmp_path))
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    disk.cut(None)
    there = {file.name: file.read_text() for file in folder.iterdir()}
    assert there == {"kept": "first", "renamed": "old", "removed": "gone on the disk that was"}


@pytest.mark.parametrize("fsync", [True, False], ids=["synced", "not-synced"])
def test_postgresql_keeps_a_commit_over_a_cut_when_it_syncs_and_only_then(
    tmp_path: Path, cluster: ThrowawayPostgres, fsync: bool
) -> None:
    """The instrument under PostgreSQL: without its syncs the cut takes what was committed."""
    with psycopg.connect(cluster.url, autocommit=True) as link:
        link.execute("CREATE TABLE said (word text)")
    machine = Cluster(cluster, library(tmp_path), fsync=fsync)
    with psycopg.connect(cluster.url, autocommit=True) as link:
        link.execute("INSERT INTO said VALUES ('committed')")
    machine.dies()
    machine.disk.cut(None)
    machine.start()
    with psycopg.connect(cluster.url, autocommit=True) as link:
        assert link.execute("SELECT word FROM said").fetchall() == ([("committed",)] if fsync else [])


@pytest.mark.need("G01", "G17")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_after_power_cuts_everything_acknowledged_is_there_and_nothing_arrives_twice(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    """By turns, nothing but what was synced is left, and of the rest a page here and there has reached the disk.

    PostgreSQL stands on the machine whose power fails, with a disk of its own that is cut at the same moment.
    """
    preloaded = library(tmp_path)
    with contextlib.ExitStack() as closing:
        server = request.getfixturevalue("cluster") if database == "postgresql" else None
        settings = {"quiet_s": 0.2, "retry_most_s": 0.3, "lease_s": 1.5, "gateway_processes": 2}
        house = House(tmp_path, database_url=server.url if server else "", **settings)
        closing.callback(house.close)
        pacs, tool = closing.enter_context(counting_pacs(tmp_path / "pacs")), free_port()
        house.peer("READER", "tool", tool)
        house.peer("PACS", "pacs", pacs)
        # The tool is another machine: its power does not fail with ours.
        house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
        house.end(house._probe)
        cluster = Cluster(server, preloaded) if server else None
        disk = Disk(house.data, tmp_path / "platter")
        house.env |= disk.environment(preloaded)
        gateway = Processes(house, ["listener", "worker0"], [])
        closing.callback(gateway.end)
        scanner = Scanner(house.port, tmp_path / "scanner", pacs=tmp_path / "pacs")
        scanner.start()
        _cut_again_and_again(scanner, gateway, disk, cluster)
        scanner.stop()
        house._probe = house.start("probe", "ready", stdin=True)
        drain(house)
        print(f"{CUTS} cuts, {len(scanner.acknowledged)} images acknowledged")
        _everything_acknowledged_is_there(house, scanner)
        nothing_is_doubled_or_misfiled(house, scanner, tmp_path / "pacs")


def _cut_again_and_again(scanner: Scanner, gateway: Processes, disk: Disk, cluster: Cluster | None) -> None:
    dice = random.Random("power")
    for number in range(CUTS):
        acknowledged, end = len(scanner.acknowledged), time.monotonic() + PATIENCE_S
        while len(scanner.acknowledged) < acknowledged + 3 and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(dice.uniform(0.0, 0.4))
        _all_die(gateway)
        pages = dice if number % 2 else None
        if cluster is not None:
            cluster.dies()
            cluster.disk.cut(pages)
            cluster.start()
        disk.cut(pages)
        for name in gateway.names:
            gateway.rise(name)


def _all_die(gateway: Processes) -> None:
    """The machine stops: every process of it, and every child."""
    everybody = [pid for name in gateway.names for pid in (gateway.pids[name], *gateway.children(name))]
    for pid in everybody:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(lives(pid) for pid in everybody), seconds=PATIENCE_S)


def _everything_acknowledged_is_there(house: House, scanner: Scanner) -> None:
    """Byte for byte and in the ledger. What reached the disk torn, nobody was told of: it is kept apart, not sent."""
    sound = "Instance.objects.filter(direction='source', quarantine__isnull=True)"
    rows = house.ask(f"list({sound}.values_list('sop_uid', 'sha256'))")
    assert sorted(sop for sop, _ in rows) == sorted(scanner.acknowledged)
    for sop, sha256 in rows:
        stored = (house.data / "objects" / sha256[:2] / sha256).read_bytes()
        assert hashlib.sha256(stored).hexdigest() == sha256
        assert bytes(dcmread(scanner.acknowledged[sop]).PixelData) in stored
    torn = house.ask("list(Quarantine.objects.values_list('reason', flat=True))")
    assert all("before they were on its disk" in reason for reason in torn), torn
    balance = house.balance()
    assert balance["balanced"], balance["sentence"]
    assert (balance["sent"], balance["held"]) == (len(scanner.acknowledged), len(torn)), balance
    assert house.ask(
        "from alarp.records.audit.queries import verify\nanswer = all(check.ok for check in verify())"
    )
