"""Is a study complete? Not by a quiet timer alone, when its sender can say how much there is. The sender: Orthanc."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from house import House
from orthanc import Orthanc
from pictures import files, series
from pydicom.dataset import Dataset

COMPLETE = "Study.objects.get().completed_at is not None"
COUNTS = (
    "[Instance.objects.count(), Study.objects.get().expected_instances, Study.objects.get().expected_from]"
)
WAITED = "AuditEvent.objects.filter(action='study waits for the rest').count()"


class Source:
    """An Orthanc that holds a study and sends on as much of it as it is told to."""

    def __init__(self, folder: Path, house: House, images: list[Dataset]) -> None:
        self.orthanc = Orthanc(folder / "orthanc")
        self.url = f"http://127.0.0.1:{self.orthanc.http}"
        self.ids = []
        for file in files(images, folder / "images"):
            kept = httpx.post(f"{self.url}/instances", content=file.read_bytes(), timeout=20)
            self.ids.append(kept.raise_for_status().json()["ID"])
        house.peer("PACS", "source", self.orthanc.port)
        to = ["ALARP", "127.0.0.1", house.port]
        httpx.put(f"{self.url}/modalities/alarp", json=to).raise_for_status()

    def send(self, *numbers: int) -> None:
        chosen = [self.ids[number] for number in numbers]
        sent = httpx.post(f"{self.url}/modalities/alarp/store", json=chosen, timeout=60)
        sent.raise_for_status()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[House | Source]]:
    made: list[House | Source] = []
    yield made
    for one in made:
        one.close() if isinstance(one, House) else one.orthanc.close()


def begin(started: list[House | Source], folder: Path, **settings: float) -> tuple[House, Source]:
    house = House(folder / "house", quiet_s=0.4, **settings)
    started.append(house)
    house.start("listener")
    source = Source(folder, house, series(3))
    started.append(source)
    house.start("worker")
    return house, source


@pytest.mark.need("G01")
def test_a_study_waits_for_what_its_sender_says_is_missing_and_is_complete_when_it_has_come(
    started: list[House | Source], tmp_path: Path
) -> None:
    house, source = begin(started, tmp_path, incomplete_wait_s=120)
    source.send(0, 1)
    house.until(WAITED, 1)
    assert house.ask(COUNTS) == [2, 3, "PACS"]
    assert house.ask(COMPLETE) is False

    source.send(2)

    house.until(COMPLETE)
    assert house.ask(COUNTS) == [3, 3, "PACS"]


@pytest.mark.need("G01")
def test_no_study_waits_for_ever_and_both_numbers_stand_beside_each_other(
    started: list[House | Source], tmp_path: Path
) -> None:
    house, source = begin(started, tmp_path, incomplete_wait_s=0.5)
    source.send(0, 1)
    house.until(COMPLETE)
    assert house.ask(COUNTS) == [2, 3, "PACS"]
    (told,) = house.ask("[e.details for e in AuditEvent.objects.filter(action='study complete')]")
    assert (told["objects"], told["expected"]) == (2, 3)


def test_a_sender_that_cannot_be_asked_leaves_it_to_the_quiet_timer(
    started: list[House | Source], tmp_path: Path
) -> None:
    house, source = begin(started, tmp_path, incomplete_wait_s=120)
    house.ask("Peer.objects.filter(aet='PACS').update(port=1)")
    source.send(0, 1)
    house.until(COMPLETE)
    assert house.ask(COUNTS) == [2, None, ""]
