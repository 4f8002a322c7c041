"""What becomes of what was acknowledged when the ledger, the machine or a process of the gateway gives way?"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from house import House, database_on, wait_for
from pictures import CR, files, image, send_file, series
from pydicom.uid import ExplicitVRLittleEndian

OUT_OF_RESOURCES = 0xA700


@pytest.mark.need("G01", "G17")
def test_what_was_acknowledged_while_the_ledger_was_away_is_written_when_it_is_back(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(quiet_s=60)
    fails(house, "OperationalError", nth=1)
    listener = house.start("listener")
    pictures = files(series(4), tmp_path)
    statuses = [send_file(house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) for file in pictures]
    assert statuses == [0, 0, 0, 0]
    log = house.folder / "listener.log"
    wait_for(lambda: "what came stays in the spool" in log.read_text())
    assert "Sorrowfield" not in log.read_text()
    house.end(listener, signal.SIGKILL)
    assert len(spooled(house)) == 4 and house.ask("Instance.objects.count()") == 0
    (house.data / "crash.json").unlink()
    house.start("listener")
    house.until("Instance.objects.count()", 4)
    wait_for(lambda: list((house.data / "objects" / "spool").iterdir()) == [])
    assert house.ask("max(Instance.objects.values_list('times_received', flat=True))") == 1


def test_a_database_that_was_started_anew_turns_no_caller_away_and_loses_nothing(
    new_house: Callable[..., House], postgres_url: str, tmp_path: Path
) -> None:
    url = database_on(postgres_url)
    house = new_house(quiet_s=60, gateway_processes=1, database_url=url)
    house.start("listener")
    first, second = files(series(2), tmp_path)
    assert send_file(house.port, first, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
    assert house.ask("Instance.objects.count()") == 1
    with psycopg.connect(postgres_url, autocommit=True) as server:
        ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        server.execute(ours, [url.rsplit("/", 1)[1]])
    assert send_file(house.port, second, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
    house._probe = house.start("probe", "ready", stdin=True)  # its connection is gone as well
    house.until("Instance.objects.count()", 2)


def test_an_object_that_cannot_be_written_down_stops_none_behind_it_and_is_not_lost(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(quiet_s=60)
    poison, *others = series(4)
    fails(house, "DataError", nth=1, only=str(poison.SOPInstanceUID))
    listener = house.start("listener")
    for file in files([poison, *others], tmp_path):
        assert send_file(house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
    house.until("Instance.objects.count()", 3)
    (kept,) = spooled(house)
    assert kept.suffix == ".aside" and poison.PixelData in kept.read_bytes()
    house.end(listener)
    (house.data / "crash.json").unlink()
    house.start("listener")
    house.until("Instance.objects.count()", 4)
    assert spooled(house) == []


def test_what_a_power_cut_left_torn_is_told_apart_from_what_was_acknowledged(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(quiet_s=60)
    fails(house, "OperationalError", nth=1)
    listener = house.start("listener")
    for file in files(series(4), tmp_path):
        assert send_file(house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
    house.end(listener, signal.SIGKILL)
    whole, torn, headless, nothing = sorted(spooled(house))
    digest = hashlib.sha256(whole.read_bytes()).hexdigest()
    torn.write_bytes(torn.read_bytes()[:-50] + bytes(50))
    headless.write_bytes(bytes(200) + headless.read_bytes()[200:])
    nothing.write_bytes(b"")
    (house.data / "crash.json").unlink()
    house.start("listener")
    house.until("Instance.objects.count()", 3)
    reasons = house.ask("list(Quarantine.objects.values_list('reason', flat=True))")
    assert len(reasons) == 2
    assert all("the machine stopped before they were on its disk" in reason for reason in reasons)
    filed = "Instance.objects.filter(study__isnull=False).values_list('sha256', flat=True).get()"
    assert house.ask(filed) == digest
    assert spooled(house) == []


def fails(house: House, error: str, *, nth: int, only: str = "") -> None:
    """Let the clerk's writing fail from the `nth` object on, or for this one only, with this error of the database."""
    point = {
        "program": "listener",
        "function": "alarp.records.ledger.arrivals:_row",
        "when": "fails",
        "nth": nth,
        "error": error,
        "only": only,
    }
    (house.data / "crash.json").write_text(json.dumps([point]))


def spooled(house: House) -> list[Path]:
    return [file for file in (house.data / "objects" / "spool").iterdir() if file.suffix != ".written"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_receiving_process_that_dies_is_replaced_and_nothing_acknowledged_is_lost(
    new_house: Callable[..., House], tmp_path: Path, how: signal.Signals
) -> None:
    house = new_house(quiet_s=60, gateway_processes=2)
    parent = house.start("listener")
    acknowledged, images = 0, files(series(24), tmp_path)
    for number, file in enumerate(images):
        if number % 8 == 4:
            for child in children_of(parent.pid):
                os.kill(child, how)
        acknowledged += send_file(house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
    assert acknowledged >= 20
    assert house.ask("Instance.objects.count()") >= acknowledged
    wait_for(lambda: len(children_of(parent.pid)) == 3)  # two that receive, one that writes
    house.end(parent, signal.SIGKILL)
    wait_for(lambda: house.storescu(images[:1]).returncode != 0)  # the children ended with their parent


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_gateway_told_to_end_lets_a_sender_come_to_its_end(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(quiet_s=60, gateway_processes=2)
    parent = house.start("listener")
    pictures = files(series(60), tmp_path)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(house.storescu, pictures)
        house.until("Instance.objects.count() > 3")
        house.end(parent)
        assert sending.result().returncode == 0
    assert house.ask("Instance.objects.count()") == 60
    assert "Traceback" not in (house.folder / "listener.log").read_text()
    assert house.storescu(pictures[:1]).returncode != 0


def test_a_disk_that_fills_up_inside_an_object_refuses_it_and_keeps_the_rest(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(quiet_s=60, gateway_processes=1)
    listener = house.start("listener")
    wait_for(lambda: len(children_of(listener.pid)) == 2)
    for receiver in children_of(listener.pid):
        resource.prlimit(receiver, resource.RLIMIT_FSIZE, (20_000_000, 20_000_000))
    small, large = image(), image(Rows=5000, Columns=5000, PixelData=bytes(25_000_000))
    sent = [
        send_file(house.port, file, sop_class=CR, syntax=ExplicitVRLittleEndian)
        for file in files([small, large, image()], tmp_path)
    ]
    assert sent == [0, OUT_OF_RESOURCES, 0]
    assert house.ask("Instance.objects.count()") == 2
    assert list((house.data / "objects" / "incoming").iterdir()) == []


def test_a_large_object_costs_the_gateway_no_memory(new_house: Callable[..., House], tmp_path: Path) -> None:
    house = new_house(quiet_s=60, gateway_processes=1)
    listener = house.start("listener")
    small, large = files(
        [image(), image(Rows=15_000, Columns=10_000, PixelData=bytes(150_000_000))], tmp_path
    )
    assert send_file(house.port, small, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
    assert house.ask("Instance.objects.count()") == 1
    before_kb = {child: own_memory_kb(child) for child in children_of(listener.pid)}
    assert send_file(house.port, large, sop_class=CR, syntax=ExplicitVRLittleEndian) == 0
    assert house.ask("Instance.objects.count()") == 2
    assert all(own_memory_kb(child) < before_kb[child] + 20_000 for child in children_of(listener.pid))


def own_memory_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0])
