"""What if the ground gives way: PostgreSQL restarts in the middle, or the disk is full?"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from actors import (
    PATIENCE_S,
    Processes,
    Scanner,
    counting_pacs,
    drain,
    lives,
    nothing_is_doubled_or_misfiled,
    nothing_is_lost,
)
from house import House, free_port, wait_for
from pictures import CR, files, send_file, series
from pydicom.uid import ExplicitVRLittleEndian

from throwaway_postgres import ThrowawayPostgres

RESTARTS = [("fast", 2), ("immediate", 2)]  # connections are ended; the server falls over and recovers
SMALL_DISK_MB, PIXELS = 24, 512 * 1024


@pytest.mark.need("G01", "G17")
@pytest.mark.timeout(600)
def test_a_postgresql_that_restarts_in_the_middle_loses_nothing_and_doubles_nothing(
    cluster: ThrowawayPostgres, tmp_path: Path
) -> None:
    house = House(tmp_path, database_url=cluster.url, quiet_s=0.2, retry_most_s=0.3, lease_s=2)
    tool = free_port()
    gateway: Processes | None = None
    with counting_pacs(tmp_path / "pacs") as pacs, contextlib.closing(house):
        try:
            house.peer("READER", "tool", tool)
            house.peer("PACS", "pacs", pacs)
            house.end(house._probe)  # the test's own connection would not bear a restart
            house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
            gateway = Processes(house, ["listener", "worker0", "worker1"], [])
            scanner = Scanner(house.port, tmp_path / "scanner", pacs=tmp_path / "pacs")
            scanner.start()
            for mode, times in RESTARTS:
                for _ in range(times):
                    _comes_through(scanner)
                    cluster.restart(mode)
            _comes_through(scanner)
            scanner.stop()
            assert all(gateway.alive(name) for name in gateway.names)  # nobody had to be started again
            house._probe = house.start("probe", "ready", stdin=True)
            drain(house)
            nothing_is_lost(house, scanner)
            nothing_is_doubled_or_misfiled(house, scanner, tmp_path / "pacs")
        finally:
            if gateway is not None:
                gateway.end()


def _comes_through(scanner: Scanner) -> None:
    """Some more studies go all the way to the PACS."""
    before, end = scanner.filed(), time.monotonic() + PATIENCE_S
    while scanner.filed() < before + 3:
        assert time.monotonic() < end, f"nothing came through for {PATIENCE_S:g} s"
        time.sleep(0.05)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, so small that images fill it."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MB}m,mode=0700", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here ({done.stderr.strip()}): it takes root's rights")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


@pytest.mark.need("G01", "G17")
@pytest.mark.parametrize("least_free_mb", [8, 0], ids=["refused beforehand", "to the last byte"])
@pytest.mark.timeout(600)
def test_a_full_disk_refuses_what_comes_keeps_what_was_acknowledged_and_takes_up_again(
    small_disk: Path, tmp_path: Path, least_free_mb: int
) -> None:
    """With the least free space as set, and without it, so that the disk itself says no in the middle of a file."""
    house = House(small_disk, quiet_s=600, gateway_processes=2, least_free_mb=least_free_mb)
    with contextlib.closing(house):
        listener = house.start("listener")
        acknowledged, refused = _until_refused(house, tmp_path)
        assert acknowledged
        _dies_with_its_children(listener)
        _kept(house, acknowledged)
        subprocess.run(["mount", "-o", "remount,size=256m", str(small_disk)], check=True)
        listener = house.start("listener")
        for name, file in refused.items():
            assert send_file(house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
            acknowledged[name] = file
        house.end(listener)  # it writes down what waits before it ends
        _kept(house, acknowledged)
        rows = house.ask("list(Instance.objects.values_list('sop_uid', flat=True))")
        assert sorted(rows) == sorted(acknowledged)
        assert house.balance()["balanced"]


def _until_refused(house: House, folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """Send until three were not taken; which were, and which were not?"""
    acknowledged: dict[str, Path] = {}
    refused: dict[str, Path] = {}
    while len(refused) < 3:
        image = series(1, Rows=512, Columns=1024)[0]
        image.PixelData = os.urandom(PIXELS)
        (file,) = files([image], folder / str(len(acknowledged) + len(refused)))
        taken = send_file(house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
        (acknowledged if taken else refused)[str(image.SOPInstanceUID)] = file
        assert len(acknowledged) < SMALL_DISK_MB * 2**20 / PIXELS
    return acknowledged, refused


def _dies_with_its_children(listener: subprocess.Popen[str]) -> None:
    """The disk is full, and the machine is restarted."""
    children = Path(f"/proc/{listener.pid}/task/{listener.pid}/children").read_text().split()
    for pid in (listener.pid, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    listener.wait(timeout=PATIENCE_S)
    wait_for(lambda: not any(lives(int(pid)) for pid in children), seconds=PATIENCE_S)


def _kept(house: House, acknowledged: dict[str, Path]) -> None:
    """Every image that was acknowledged lies there, byte for byte: in the store, or where it waits for the ledger."""
    objects = house.data / "objects"
    lying = [file for file in objects.rglob("*") if file.is_file()]
    for file in acknowledged.values():
        pixels = file.read_bytes()[-PIXELS:]
        assert any(pixels in one.read_bytes() for one in lying if one.stat().st_size > len(pixels))
