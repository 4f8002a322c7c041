"""Orthanc's DICOMweb plug-in as a real peer: it takes what we file, stores here, searches here and fetches."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orthanc
import pytest
from house import House, free_port
from orthanc import Orthanc
from pictures import files, series
from pydicom import dcmread
from pydicom.dataset import Dataset

pytestmark = pytest.mark.need("G11", "G18")


class Place:
    """Alarp's DICOMweb service and an Orthanc that knows it by three names: a PACS that pulls, and a scanner twice."""

    def __init__(self, folder: Path, plugin: Path) -> None:
        http = free_port()
        self.house = House(folder / "house", quiet_s=60, dicomweb_port=http)
        for aet in ("VIEWER", "WEBPACS"):
            self.house.peer(aet, "pacs", free_port())
        self.house.ask("Peer.objects.filter(aet='VIEWER').update(may_pull=True)")
        viewer, scanner = (self.house.token(aet) for aet in ("VIEWER", "SCANNER"))

        def known(token: str, chunked: bool) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {token}"}
            return {
                "Url": f"http://127.0.0.1:{http}/dicom-web/",
                "HttpHeaders": headers,
                "ChunkedTransfers": chunked,
            }

        servers = {
            "viewer": known(viewer, True),
            "scanner": known(scanner, True),
            "whole": known(scanner, False),
        }
        self.peer = Orthanc(
            folder / "orthanc", Plugins=[str(plugin)], DicomWeb={"Enable": True, "Servers": servers}
        )
        self.url = f"http://127.0.0.1:{self.peer.http}"
        self.house.ask(
            f"Peer.objects.filter(aet='WEBPACS').update(way='dicomweb', url='{self.url}/dicom-web')"
        )
        self.house.start("dicomweb")

    def as_client(self, server: str, what: str, **asked: Any) -> httpx.Response:
        """Have Orthanc ask us: `stow`, `qido` or `retrieve`."""
        return httpx.post(f"{self.url}/dicom-web/servers/{server}/{what}", json=asked, timeout=60)

    def holds(self, images: list[Dataset]) -> list[str]:
        """Give these to Orthanc itself; answers its names for them."""
        return [
            httpx.post(f"{self.url}/instances", content=written(one), timeout=20).json()["ID"]
            for one in images
        ]

    def close(self) -> None:
        self.peer.close()
        self.house.close()


def written(image: Dataset) -> bytes:
    file = io.BytesIO()
    image.save_as(file, enforce_file_format=True)
    return file.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    plugin = orthanc.plugin("OrthancDicomWeb")
    if plugin is None:
        pytest.skip("Orthanc's DICOMweb plug-in is not installed: apt-get install orthanc-dicomweb")
    made = Place(tmp_path_factory.mktemp("orthanc-dicomweb"), plugin)
    yield made
    made.close()


def test_what_we_call_taken_lies_in_orthanc(place: Place) -> None:
    images = series(3)
    for file in files(images, place.house.folder / "out"):
        said = place.house.ask(
            "from pathlib import Path\n"
            "from alarp.gateway import associations, ways\n"
            f"item = associations.Outgoing.of(Path({str(file)!r}))\n"
            "with ways.open_to(Peer.objects.get(aet='WEBPACS'), [item]) as store:\n"
            "    store(item, 0)\n"
            "answer = 'taken'"
        )
        assert said == "taken"
    lying = {one["SOPInstanceUID"] for one in place.peer.instances(str(images[0].StudyInstanceUID))}
    assert lying == {str(image.SOPInstanceUID) for image in images}
    there = place.house.ask(
        "from alarp.gateway import ways\n"
        f"answer = ways.has(Peer.objects.get(aet='WEBPACS'), study_uid={str(images[0].StudyInstanceUID)!r}, "
        f"series_uid={str(images[0].SeriesInstanceUID)!r}, sop_uid={str(images[0].SOPInstanceUID)!r})"
    )
    assert there is True


@pytest.mark.parametrize("server", ["scanner", "whole"])
def test_what_orthanc_stores_here_is_durable_and_once(place: Place, server: str) -> None:
    images = series(4)
    names = place.holds(images)
    for _ in range(2):
        assert place.as_client(server, "stow", Resources=names, Synchronous=True).status_code == 200
    rows = place.house.ask(
        f"list(Instance.objects.filter(study__study_uid={str(images[0].StudyInstanceUID)!r})"
        ".values_list('sop_uid', 'times_received', 'peer__aet'))"
    )
    assert sorted(rows) == sorted([str(image.SOPInstanceUID), 2, "SCANNER"] for image in images)


def test_orthanc_finds_a_study_here_and_fetches_it_as_it_came(place: Place) -> None:
    images = series(3)
    names = place.holds(images)
    assert place.as_client("scanner", "stow", Resources=names, Synchronous=True).status_code == 200
    for name in names:
        httpx.delete(f"{place.url}/instances/{name}", timeout=20)
    study = str(images[0].StudyInstanceUID)
    found = place.as_client(
        "viewer", "qido", Uri="/studies", Arguments={"PatientID": str(images[0].PatientID)}
    )
    assert [one["0020000D"]["Value"] for one in found.json()] == [study]
    fetched = place.as_client("viewer", "retrieve", Resources=[{"Study": study}], Synchronous=True)
    assert fetched.status_code == 200 and fetched.json()["ReceivedInstancesCount"] == "3"
    back = [
        dcmread(io.BytesIO(httpx.get(f"{place.url}/instances/{name}/file", timeout=20).content))
        for name in names
    ]
    assert sorted(back, key=lambda one: one.SOPInstanceUID) == sorted(
        images, key=lambda one: one.SOPInstanceUID
    )


def test_a_peer_that_may_not_pull_finds_nothing_and_fetches_nothing(place: Place) -> None:
    (image,) = series(1)
    names = place.holds([image])
    place.as_client("scanner", "stow", Resources=names, Synchronous=True)
    httpx.delete(f"{place.url}/instances/{names[0]}", timeout=20)
    study = str(image.StudyInstanceUID)
    assert (
        place.as_client("scanner", "qido", Uri="/studies", Arguments={"StudyInstanceUID": study}).status_code
        >= 400
    )
    fetched = place.as_client("scanner", "retrieve", Resources=[{"Study": study}], Synchronous=True)
    assert fetched.status_code >= 400 and place.peer.instances(study) == []
