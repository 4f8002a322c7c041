"""Will the PACS keep what was filed? An Orthanc answers for it, misses what it lost, and gets it again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from house import House
from orthanc import Orthanc
from pictures import files, series

from throwaway_postgres import free_port

STATE = "list(Result.objects.values_list('state', flat=True))"
COMMITTED = "Result.objects.filter(committed_at__isnull=False).count()"
ASK_AGAIN = (
    "[Result.objects.update(committed_at=None), "
    "Work.objects.filter(kind='commit').update(state='ready', due_at='2026-01-01T00:00:00Z', owner='')]"
)
EVENTS = "list(AuditEvent.objects.filter(subject__startswith='study').values_list('action', flat=True))"


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Orthanc]:
    made = Orthanc(tmp_path / "orthanc")
    yield made
    made.close()


@pytest.fixture
def house(tmp_path: Path, pacs: Orthanc) -> Iterator[House]:
    made = House(tmp_path / "house", quiet_s=0.3)
    tool = free_port()
    made.peer("READER", "tool", tool)
    made.peer("PACS", "pacs", pacs.port)
    made.start("listener")
    made.start("worker")
    made.start("faketool", str(tool), str(made.port), "READER", str(tmp_path / "tool"))
    made.route("reader", "live")
    yield made
    made.close()


def send(house: House, folder: Path) -> None:
    assert house.storescu(files(series(2, NumberOfStudyRelatedInstances="2"), folder)).returncode == 0


@pytest.mark.need("G01", "G11")
def test_a_pacs_answers_for_what_was_filed_and_what_it_lost_goes_there_again(
    house: House, pacs: Orthanc, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{pacs.http}"
    httpx.put(f"{url}/modalities/alarp", json=["ALARP", "127.0.0.1", house.port]).raise_for_status()
    send(house, tmp_path / "sent")
    house.until(COMMITTED, 1, seconds=40)
    assert house.ask(STATE) == ["filed"]

    for instance in pacs.get("/instances"):
        httpx.delete(f"{url}/instances/{instance}", timeout=20).raise_for_status()
    house.ask(ASK_AGAIN)

    house.until(f"'result lost by the PACS' in {EVENTS}", seconds=40)
    house.until(STATE, ["filed"], seconds=90)
    assert pacs.count() == 1
    house.until(COMMITTED, 1, seconds=40)


@pytest.mark.need("G15")
def test_nobody_but_the_pacs_has_a_say_on_what_is_committed(
    house: House, pacs: Orthanc, tmp_path: Path
) -> None:
    """The same Orthanc under another kind of peer: its report is refused."""
    url = f"http://127.0.0.1:{pacs.http}"
    httpx.put(f"{url}/modalities/alarp", json=["ALARP", "127.0.0.1", house.port]).raise_for_status()
    send(house, tmp_path / "sent")
    house.until(COMMITTED, 1, seconds=40)
    house.ask(
        "[Peer.objects.filter(aet='PACS').update(kind='source'), Result.objects.update(committed_at=None)]"
    )
    (uid,) = house.ask("list(Result.objects.values_list('instance__sop_uid', flat=True))")
    asked = {
        "DicomInstances": [{"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "SOPInstanceUID": uid}],
    }
    httpx.post(f"{url}/modalities/alarp/storage-commitment", json=asked, timeout=30)
    assert house.ask(COMMITTED) == 0


def test_a_pacs_that_knows_no_commitment_and_no_query_holds_nothing_up(tmp_path: Path) -> None:
    """dcmtk's storescp answers C-STORE and C-ECHO alone."""
    house, tool, port = House(tmp_path / "house", quiet_s=0.3), free_port(), free_port()
    (tmp_path / "got").mkdir()
    archive = subprocess.Popen(["storescp", "-aet", "PACS", "-od", str(tmp_path / "got"), str(port)])
    try:
        house.peer("READER", "tool", tool)
        house.peer("PACS", "pacs", port)
        house.start("listener")
        house.start("worker")
        house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
        house.route("reader", "live")
        send(house, tmp_path / "sent")
        house.until("Work.objects.filter(kind='commit', state='done').count()", 1, seconds=40)
        assert house.ask(COMMITTED) == 0
        assert "result not committed" in house.ask(EVENTS)
    finally:
        house.close()
        archive.terminate()
        archive.wait(timeout=20)
