"""Two retrievals of one study at once, on either database; and a PACS that searches and fetches by itself: Orthanc."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest
from house import House
from orthanc import Orthanc
from pictures import files, patient, series


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A hospital whose tool pulls, on each database."""
    url = ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        name = f"pull_{time.monotonic_ns()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = server.rsplit("/", 1)[0] + f"/{name}"
    made = House(tmp_path, database_url=url, quiet_s=0.2, gateway_processes=2)
    made.peer("READER", "tool", 1)
    made.ask("Peer.objects.filter(aet='READER').update(may_pull=True)")
    made.start("listener")
    made.start("worker")
    yield made
    made.close()


@pytest.mark.need("G01", "G07")
def test_a_study_that_is_fetched_twice_at_once_is_sent_once_and_each_image_counted_once(
    house: House, tmp_path: Path
) -> None:
    images = series(12)
    study = str(images[0].StudyInstanceUID)
    assert house.storescu(files(images, tmp_path / "sent")).returncode == 0
    rows = f"Dispatch.objects.filter(study__study_uid={study!r}, state='waiting').exclude(study_uid_sent='')"
    house.until(f"{rows}.count()", 1)
    outside = house.ask(f"{rows}[0].study_uid_sent")

    def get(number: int) -> int:
        place = tmp_path / f"got-{number}"
        place.mkdir()
        command = ["getscu", "-S", "-aet", "READER", "-aec", "ALARP", "-od", str(place)]
        command += ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={outside}"]
        subprocess.run([*command, "127.0.0.1", str(house.port)], capture_output=True, timeout=60, check=False)
        return len(list(place.iterdir()))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(get, range(3))) == [12, 12, 12]
    house.until(f"Dispatch.objects.get(study__study_uid={study!r}).state", "sent")
    items = f"DispatchInstance.objects.filter(dispatch__study__study_uid={study!r})"
    assert house.ask(f"[{items}.count(), {items}.filter(sent_at__isnull=False).count()]") == [12, 12]
    events = "[e.action for e in AuditEvent.objects.filter(stream__slug='reader').order_by('seq')]"
    assert house.ask(events).count("study fetched") == 3 and house.ask(events).count("dispatch sent") == 1
    balance = house.balance()
    assert (balance["received"], balance["sent"], balance["expected"]) == (12, 12, 1)
    assert balance["balanced"] is True, balance["sentence"]


@pytest.mark.need("G18")
def test_an_orthanc_finds_a_study_and_has_it_moved_to_itself(tmp_path: Path) -> None:
    house, pacs = House(tmp_path / "house", quiet_s=60), Orthanc(tmp_path / "orthanc")
    try:
        house.peer("PACS", "pacs", pacs.port)
        house.ask("Peer.objects.filter(aet='PACS').update(may_pull=True)")
        house.start("listener")
        who = patient()
        images = series(3, PatientID=who)
        assert house.storescu(files(images, tmp_path / "sent")).returncode == 0
        assert house.storescu(files(series(1), tmp_path / "other")).returncode == 0
        url = f"http://127.0.0.1:{pacs.http}"
        httpx.put(f"{url}/modalities/alarp", json=["ALARP", "127.0.0.1", house.port]).raise_for_status()
        asked = {"Level": "Study", "Query": {"PatientID": who, "StudyDescription": "", "StudyTime": ""}}
        found = httpx.post(f"{url}/modalities/alarp/query", json=asked, timeout=30).json()
        assert len(pacs.get(f"{found['Path']}/answers")) == 1
        done = httpx.post(
            f"{url}{found['Path']}/retrieve", json={"TargetAet": "PACS", "Synchronous": True}, timeout=60
        )
        assert done.status_code == 200
        assert len(pacs.instances(str(images[0].StudyInstanceUID))) == 3 == pacs.count()
    finally:
        house.close()
        pacs.close()
