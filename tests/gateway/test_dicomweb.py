"""The same rules by HTTP: dicomweb-client stores, searches and fetches; what is hostile or not allowed gets nothing."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from house import House, free_port
from pictures import files, image, patient, series
from pydicom.dataset import Dataset

NAME = "Sorrowfield"


class Place:
    """A DICOMweb service, a worker, a tool that pulls, a PACS that pulls, and a source that only stores."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http = free_port()
        self.house = House(
            folder, quiet_s=0.2, dicomweb_port=self.http, pull_most_answers=6, dicomweb_most_mb=4
        )
        self.tokens: dict[str, str] = {}
        for aet, kind in (("READER", "tool"), ("VIEWER", "pacs")):
            self.house.peer(aet, kind, free_port())
        self.house.ask("Peer.objects.filter(aet__in=['READER', 'VIEWER']).update(may_pull=True)")
        for aet in ("READER", "VIEWER", "SCANNER"):
            self.tokens[aet] = self.house.token(aet)
        self.house.start("dicomweb")
        self.house.start("worker")
        self.url = f"http://127.0.0.1:{self.http}/dicom-web"

    def client(self, aet: str) -> DICOMwebClient:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.tokens[aet]}"
        return DICOMwebClient(self.url, session=session)

    def get(self, path: str, *, aet: str = "VIEWER", **headers: str) -> httpx.Response:
        known = {"Authorization": f"Bearer {self.tokens[aet]}"} if aet else {}
        return httpx.get(self.url + path, headers=known | headers, timeout=30)

    def post(self, body: bytes, *, kind: str, path: str = "/studies", aet: str = "SCANNER") -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[aet]}", "Content-Type": kind}
        return httpx.post(self.url + path, content=body, headers=headers, timeout=30)

    def study(self, n: int = 1, *, ready: bool = True, **values: Any) -> tuple[str, str]:
        """Store one study by STOW-RS; answers its UID and the one under which the tool knows it."""
        images = whole(series(n, **values))
        self.client("SCANNER").store_instances(images)
        study = str(images[0].StudyInstanceUID)
        if not ready:
            return study, ""
        rows = (
            f"Dispatch.objects.filter(study__study_uid={study!r}, state='waiting').exclude(study_uid_sent='')"
        )
        self.house.until(f"{rows}.count()", 1)
        return study, self.house.ask(f"{rows}[0].study_uid_sent")

    def opt_out(self, study: str) -> None:
        self.house.ask(
            "from django.utils import timezone\n"
            f"s = Study.objects.get(study_uid={study!r})\n"
            "OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id=s.patient_id,"
            " recorded_by=Person.objects.get(username='pat'), recorded_at=timezone.now())"
        )

    def audit(self, action: str) -> list[dict[str, Any]]:
        return self.house.ask(
            f"[e.details for e in AuditEvent.objects.filter(action={action!r}).order_by('pk')]"
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("dicomweb"))
    try:
        yield made
    finally:
        made.house.close()


def whole(images: list[Dataset]) -> list[Dataset]:
    """As they would be read from files: the client writes a preamble only where there was one."""
    for one in images:
        one.preamble = b"\0" * 128
    return images


def ids(found: list[dict[str, Any]], tag: str = "0020000D") -> list[str]:
    return [one[tag]["Value"][0] for one in found]


def bytes_of(made: Dataset) -> bytes:
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


@pytest.mark.need("G18")
def test_what_is_stored_by_stow_is_kept_like_what_comes_by_c_store(place: Place) -> None:
    (one,) = whole(series(1))
    answer = place.client("SCANNER").store_instances([one])
    assert answer.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == one.SOPInstanceUID
    assert "FailedSOPSequence" not in answer
    row = f"Instance.objects.get(sop_uid={str(one.SOPInstanceUID)!r})"
    assert place.house.ask(f"[{row}.peer.aet, {row}.direction, {row}.study.patient_id]") == [
        "SCANNER",
        "source",
        one.PatientID,
    ]
    place.client("SCANNER").store_instances([one])
    assert place.house.ask(
        f"[{row}.times_received, Instance.objects.filter(sop_uid={str(one.SOPInstanceUID)!r}).count()]"
    ) == [2, 1]


@pytest.mark.need("G18")
def test_the_same_object_by_c_store_and_by_stow_is_one_object(place: Place) -> None:
    (one,) = whole(series(1))
    place.client("SCANNER").store_instances([one])
    place.house.start("listener")
    assert place.house.storescu(files([one], place.folder / "by-dimse")).returncode == 0
    assert place.house.ask(
        f"[list(Instance.objects.filter(sop_uid={str(one.SOPInstanceUID)!r}).values_list('times_received'))]"
    ) == [[[2]]]


@pytest.mark.need("G07")
def test_a_tool_searches_and_fetches_under_its_pseudonyms_and_never_a_name(place: Place) -> None:
    study, outside = place.study(2)
    tool = place.client("READER")
    found = tool.search_for_studies(search_filters={"StudyInstanceUID": outside})
    assert ids(found) == [outside] and NAME not in str(found) and study not in str(found)
    assert found[0]["00100020"]["Value"][0].startswith("ALARP")
    got = tool.retrieve_study(outside)
    assert len(got) == 2
    text = "\n".join(str(one) + str(one.file_meta) for one in got)
    assert NAME not in text and study not in text
    assert place.house.ask(f"Dispatch.objects.get(study_uid_sent={outside!r}).state") == "sent"
    described = tool.retrieve_study_metadata(outside)
    assert len(described) == 2 and NAME not in str(described) and study not in str(described)


@pytest.mark.need("G07")
def test_an_opted_out_study_is_absent_and_404_to_a_tool_that_holds_its_uid(place: Place) -> None:
    study, outside = place.study(2)
    tool = place.client("READER")
    one = tool.search_for_instances(study_instance_uid=outside)[0]
    path = f"/studies/{outside}/series/{one['0020000E']['Value'][0]}/instances/{one['00080018']['Value'][0]}"
    assert place.get(path, aet="READER", Accept="application/dicom; transfer-syntax=*").status_code == 200
    place.opt_out(study)
    assert outside not in ids(tool.search_for_studies())
    assert tool.search_for_studies(search_filters={"StudyInstanceUID": outside}) == []
    for asked in (
        f"/studies/{outside}",
        f"/studies/{study}",
        path,
        f"{path}/metadata",
        f"{path}/frames/1",
        f"/studies/{outside}/metadata",
    ):
        assert place.get(asked, aet="READER").status_code == 404, asked
    assert place.get(f"/studies/{outside}/series", aet="READER").status_code == 204
    refused = [e for e in place.audit("pull refused") if "opted out" in e["reason"]]
    assert {e["service"] for e in refused} >= {"QIDO-RS", "WADO-RS"}
    clinical = place.client("VIEWER")
    assert ids(clinical.search_for_studies(search_filters={"StudyInstanceUID": study})) == [study]
    assert len(clinical.retrieve_study(study)) == 2


@pytest.mark.need("G07")
def test_an_opt_out_in_the_middle_of_a_wado_retrieval_breaks_it_off(place: Place) -> None:
    study, outside = place.study(3, Rows=512, Columns=1024, PixelData=secrets.token_bytes(512 * 1024))
    headers = {"Authorization": f"Bearer {place.tokens['READER']}"}
    got = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream("GET", f"{place.url}/studies/{outside}", headers=headers, timeout=30) as answer,
    ):
        assert answer.status_code == 200
        for number, data in enumerate(answer.iter_raw(64 * 1024)):
            if number == 0:
                place.opt_out(study)
            got += data
    boundary = answer.headers["Content-Type"].split("boundary=")[1]
    assert f"--{boundary}--".encode() not in got
    sent = place.house.ask(
        f"DispatchInstance.objects.filter(dispatch__study_uid_sent={outside!r}, sent_at__isnull=False).count()"
    )
    assert sent < 3


def test_searches_page_and_say_that_there_is_more(place: Place) -> None:
    who = patient()
    for _ in range(8):
        place.study(1, ready=False, PatientID=who)
    first = place.get(f"/studies?PatientID={who}")
    assert len(first.json()) == 6 and "more results" in first.headers["Warning"]
    rest = place.get(f"/studies?PatientID={who}&offset=6")
    assert len(rest.json()) == 2 and "Warning" not in rest.headers
    two = place.get(f"/studies?PatientID={who}&limit=2&offset=1")
    assert len(two.json()) == 2
    assert len({*ids(first.json()), *ids(rest.json())}) == 8
    assert ids(two.json()) == ids(first.json())[1:3]


def test_series_instances_and_included_fields_are_answered(place: Place) -> None:
    study, _ = place.study(2, ready=False)
    viewer = place.client("VIEWER")
    (one,) = viewer.search_for_series(study_instance_uid=study)
    assert one["00201209"]["Value"] == [2] and one["00080060"]["Value"] == ["CR"]
    instances = viewer.search_for_instances(study_instance_uid=study, fields=["PatientAge"])
    assert sorted(each["00200013"]["Value"][0] for each in instances) == [1, 2]
    assert {each["00101010"]["Value"][0] for each in instances} == {"064Y"}
    assert place.get("/studies?NotAKeyword=1").status_code == 400
    assert place.get("/studies?limit=many").status_code == 400


def test_an_instance_comes_back_byte_for_byte_with_its_frames_and_is_never_transcoded(place: Place) -> None:
    study, _ = place.study(1, ready=False)
    viewer = place.client("VIEWER")
    (found,) = viewer.search_for_instances(study_instance_uid=study)
    where = (study, found["0020000E"]["Value"][0], found["00080018"]["Value"][0])
    got = viewer.retrieve_instance(*where)
    stored = place.house.ask(f"Instance.objects.get(sop_uid={where[2]!r}).sha256")
    file = place.house.data / "objects" / stored[:2] / stored
    path = f"/studies/{where[0]}/series/{where[1]}/instances/{where[2]}"
    plain = place.get(path, Accept="application/dicom")
    assert plain.headers["Content-Type"] == "application/dicom" and plain.content == file.read_bytes()
    (frame,) = viewer.retrieve_instance_frames(*where, frame_numbers=[1])
    assert bytes(frame) == bytes(got.PixelData)
    assert place.get(f"{path}/frames/2").status_code == 404
    jpeg = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50'
    assert place.get(path, Accept=jpeg).status_code == 406
    assert place.get(path, Accept="image/png").status_code == 406


@pytest.mark.need("G15")
def test_without_a_token_there_is_no_service_and_the_attempt_is_written_down(place: Place) -> None:
    before = len(place.audit("association refused"))
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic cGF0OnBhdA=="}):
        answer = httpx.get(f"{place.url}/studies", headers=headers)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    assert len(place.audit("association refused")) == before + 1
    assert place.get("/studies", aet="SCANNER").status_code == 403


@pytest.mark.need("G15")
def test_a_token_holds_only_from_the_addresses_of_its_peer_and_ends_with_it(place: Place) -> None:
    ask = place.house.ask
    ask("Peer.objects.filter(aet='VIEWER').update(addresses='10.0.0.0/8')")
    assert place.get("/studies").status_code == 401
    ask("Peer.objects.filter(aet='VIEWER').update(addresses='10.0.0.0/8 127.0.0.1', enabled=False)")
    assert place.get("/studies").status_code == 401
    ask("Peer.objects.filter(aet='VIEWER').update(enabled=True)")
    assert place.get("/studies?limit=1").status_code == 200
    assert place.tokens["VIEWER"] not in str(ask("list(Peer.objects.values())"))


@pytest.mark.parametrize(
    "path",
    [
        "/studies/../../etc/passwd",
        "/studies/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/studies/1.2.3/series/..%2f..%2fkeys",
        "/studies/1.02.3",
        "/studies/" + "1" * 65,
        "/instances/1.2.3",
        "/studies/1.2/rendered",
        "/studies/1.2/series/1.3/instances/1.4/frames/0",
    ],
)
def test_a_path_that_is_none_gets_nothing(place: Place, path: str) -> None:
    answer = place.get(path)
    assert answer.status_code in (400, 404) and len(answer.content) < 200


HOSTILE = {
    "cut off": (b"--x\r\nContent-Type: application/dicom\r\n\r\nDICM", 'boundary=x', 400),
    "no boundary": (b"--x\r\n\r\n--x--", "start=x", 400),
    "a boundary of 71": (b"--x--", "boundary=" + "b" * 71, 400),
    "a head without an end": (b"--x\r\n" + b"a" * 20_000, "boundary=x", 400),
    "not dicom": (b"--x\r\nContent-Type: application/dicom\r\n\r\nno such thing\r\n--x--\r\n", "boundary=x", 409),
    "an empty part": (b"--x\r\n\r\n\r\n--x--\r\n", "boundary=x", 409),
    "too big": (b"--x\r\n\r\n" + b"\0" * (5 * 2**20) + b"\r\n--x--", "boundary=x", 413),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_leaves_nothing_and_ends_nothing(place: Place, name: str) -> None:
    body, boundary, status = HOSTILE[name]
    before = place.house.ask("Instance.objects.count()")
    kind = f'multipart/related; type="application/dicom"; {boundary}'
    assert place.post(body, kind=kind).status_code == status
    assert place.house.ask("Instance.objects.count()") == before
    assert not list((place.house.data / "objects" / "incoming").glob("stow-*"))
    assert place.get("/studies?limit=1").status_code in (200, 204)


def test_of_several_objects_each_is_answered_for_itself(place: Place) -> None:
    good, bad, foreign = image(), image(), image()
    bad.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    parts = [bytes_of(good), b"DICM" * 100, bytes_of(foreign)]
    body = (
        b"".join(b"--x\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in parts)
        + b"--x--\r\n"
    )
    kind = 'multipart/related; type="application/dicom"; boundary=x'
    answer = place.post(body, kind=kind, path=f"/studies/{good.StudyInstanceUID}")
    assert answer.status_code == 202
    assert ids(answer.json()["00081199"]["Value"], "00081155") == [good.SOPInstanceUID]
    reasons = [one["00081197"]["Value"][0] for one in answer.json()["00081198"]["Value"]]
    assert reasons == [0xC000, 0xA900]
    assert place.house.ask(f"Instance.objects.filter(sop_uid={str(foreign.SOPInstanceUID)!r}).count()") == 0


def test_a_mutating_or_unknown_method_is_not_answered(place: Place) -> None:
    headers = {"Authorization": f"Bearer {place.tokens['VIEWER']}"}
    for method in ("DELETE", "PUT", "PATCH"):
        assert httpx.request(method, f"{place.url}/studies/1.2.3", headers=headers).status_code == 405
    assert place.post(b"{}", kind="application/json").status_code == 415


def test_no_log_line_names_a_patient_or_a_token(place: Place) -> None:
    text = (place.folder / "dicomweb.log").read_text()
    assert NAME not in text and "HOSP" not in text and "/studies/" not in text and "Traceback" not in text
    assert not any(token in text for token in place.tokens.values())
