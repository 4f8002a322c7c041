"""A puller sees what it may see and nothing else: dcmtk's findscu, movescu and getscu against the running gateway."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, free_port
from pictures import CR, files, patient, series
from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

NAME = "Sorrowfield"


class Place:
    """A hospital whose AI tool pulls, a PACS workstation that pulls, and a storescp for each to move to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.house = House(folder, quiet_s=0.2, sweep_s=0.3)
        self.receivers: list[subprocess.Popen[bytes]] = []
        for aet, kind in (("READER", "tool"), ("VIEWER", "pacs"), ("NOPULL", "pacs")):
            port = free_port()
            self.house.peer(aet, kind, port)
            self._receiver(aet, port)
        self.house.ask("Peer.objects.filter(aet__in=['READER', 'VIEWER']).update(may_pull=True)")
        self.house.start("listener")
        self.house.start("worker")

    def _receiver(self, aet: str, port: int) -> None:
        place = self.folder / aet
        place.mkdir()
        command = ["storescp", "-aet", aet, "-od", str(place), "+xa", "+uf", str(port)]
        self.receivers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def study(self, n: int = 1, *, ready: bool = True, **values: Any) -> tuple[str, str]:
        """Send one study of n images; answers its original UID and the UID under which the tool knows it."""
        images = series(n, **values)
        study = str(images[0].StudyInstanceUID)
        assert self.house.storescu(files(images, self.folder / study)).returncode == 0
        if not ready:
            return study, ""
        self.house.until(
            f"Dispatch.objects.filter(study__study_uid={study!r}, state='waiting').exclude(study_uid_sent='').count()",
            1,
        )
        return study, self.house.ask(f"Dispatch.objects.get(study__study_uid={study!r}).study_uid_sent")

    def opt_out(self, study: str) -> None:
        self.house.ask(
            "from django.utils import timezone\n"
            f"s = Study.objects.get(study_uid={study!r})\n"
            "OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id=s.patient_id,"
            " recorded_by=Person.objects.get(username='pat'), recorded_at=timezone.now())"
        )

    def audit(self, action: str, study: str) -> list[dict[str, Any]]:
        pk = self.house.ask(f"Study.objects.get(study_uid={study!r}).pk")
        return self.house.ask(
            f"[e.details for e in AuditEvent.objects.filter(action={action!r}, subject='study {pk}').order_by('pk')]"
        )

    def find(
        self, *keys: str, calling: str = "READER", level: str = "STUDY", model: str = "-S"
    ) -> list[Dataset]:
        """What findscu finds: the answers as files."""
        place = self.folder / f"found-{time.monotonic_ns()}"
        place.mkdir()
        done = self._dcmtk(
            "findscu", "-d", model, "-X", "-od", str(place), *_keys(level, keys), calling=calling
        )
        self.said = done.stdout + done.stderr
        return [dcmread(file, force=True) for file in sorted(place.glob("rsp*.dcm"))]

    def move(self, *keys: str, calling: str = "READER", to: str = "READER", level: str = "STUDY") -> str:
        done = self._dcmtk("movescu", "-d", "-S", "-aem", to, *_keys(level, keys), calling=calling)
        return done.stdout + done.stderr

    def get(self, *keys: str, calling: str = "READER", level: str = "STUDY") -> tuple[list[Dataset], str]:
        place = self.folder / f"got-{time.monotonic_ns()}"
        place.mkdir()
        done = self._dcmtk("getscu", "-d", "-S", "-od", str(place), *_keys(level, keys), calling=calling)
        return [dcmread(file) for file in sorted(place.iterdir())], done.stdout + done.stderr

    def _dcmtk(self, program: str, *arguments: str, calling: str) -> subprocess.CompletedProcess[str]:
        command = [program, "-aet", calling, "-aec", "ALARP", *arguments, "127.0.0.1", str(self.house.port)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, errors="replace"
        )

    def moved(self, aet: str, study: str) -> list[Dataset]:
        found = [dcmread(file) for file in sorted((self.folder / aet).iterdir())]
        return [one for one in found if one.StudyInstanceUID == study]

    def close(self) -> None:
        self.house.close()
        for process in self.receivers:
            process.terminate()
            process.wait(timeout=10)


def _keys(level: str, keys: tuple[str, ...]) -> list[str]:
    return [part for key in (f"QueryRetrieveLevel={level}", *keys) for part in ("-k", key)]


def status_of(said: str) -> list[str]:
    """The status codes of the final responses that dcmtk tells of, the last one last."""
    return re.findall(r"DIMSE Status\s*: (0x[0-9a-f]{4})", said)


def counted(said: str) -> tuple[int, int]:
    """Completed and failed sub-operations of the last response."""
    done = re.findall(r"Completed Suboperations\s*: (\d+)", said)
    failed = re.findall(r"Failed Suboperations\s*: (\d+)", said)
    return int(done[-1]), int(failed[-1])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("pulling"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(autouse=True)
def open_route(place: Place) -> None:
    place.house.route("reader", "live")


def everywhere(objects: list[Dataset]) -> str:
    return "\n".join(str(one) + str(one.file_meta) for one in objects)


@pytest.mark.need("G07")
def test_a_tool_finds_and_fetches_a_study_under_its_pseudonyms_and_never_a_name(place: Place) -> None:
    study, outside = place.study(3)
    found = place.find("StudyInstanceUID", "PatientID", "PatientName", "StudyDate", "ModalitiesInStudy",
                       "NumberOfStudyRelatedInstances", "AccessionNumber", "StudyDescription")  # fmt: skip
    mine = next(one for one in found if one.StudyInstanceUID == outside)
    assert study not in {one.StudyInstanceUID for one in found}
    assert mine.PatientID.startswith("ALARP") and str(mine.PatientName) == mine.PatientID
    assert (mine.ModalitiesInStudy, mine.NumberOfStudyRelatedInstances) == ("CR", 3)
    assert NAME not in str(found)
    got, said = place.get(f"StudyInstanceUID={outside}")
    assert counted(said) == (3, 0) and status_of(said)[-1] == "0x0000"
    said = place.move(f"StudyInstanceUID={outside}")
    assert counted(said) == (3, 0) and status_of(said)[-1] == "0x0000"
    moved = place.moved("READER", outside)
    assert len(got) == len(moved) == 3
    for one in (*got, *moved):
        assert (one.PatientID, one.PatientIdentityRemoved) == (mine.PatientID, "YES")
    assert NAME not in everywhere([*got, *moved]) and study not in everywhere([*got, *moved])
    state = place.house.ask(
        f"list(Dispatch.objects.filter(study_uid_sent={outside!r}).values_list('state', 'route_when_sent'))"
    )
    assert state == [["sent", "live"]]
    assert [e["service"] for e in place.audit("study fetched", study)] == ["C-GET", "C-MOVE"]


@pytest.mark.need("G07")
def test_an_opted_out_study_is_absent_and_refused_to_a_tool_that_holds_its_uid(place: Place) -> None:
    study, outside = place.study(2)
    other, _ = place.study(1)
    assert outside in {one.StudyInstanceUID for one in place.find("StudyInstanceUID")}
    place.opt_out(study)
    assert outside not in {one.StudyInstanceUID for one in place.find("StudyInstanceUID")}
    for level, keys in (
        ("STUDY", ()),
        ("SERIES", ("SeriesInstanceUID",)),
        ("IMAGE", ("SeriesInstanceUID=1.2", "SOPInstanceUID")),
    ):
        assert place.find(f"StudyInstanceUID={outside}", *keys, level=level) == []
    for held in (outside, study):
        got, said = place.get(f"StudyInstanceUID={held}")
        assert got == [] and counted(said) == (0, 0) and status_of(said)[-1] == "0x0124"
        said = place.move(f"StudyInstanceUID={held}")
        assert counted(said) == (0, 0) and status_of(said)[-1] == "0x0124"
    assert place.moved("READER", outside) == []
    refused = place.audit("pull refused", study)
    assert {e["service"] for e in refused} >= {"C-FIND", "C-GET", "C-MOVE"}
    assert all("opted out" in e["reason"] for e in refused)
    assert (
        place.house.ask(
            f"DispatchInstance.objects.filter(dispatch__study__study_uid={study!r}, sent_at__isnull=False).count()"
        )
        == 0
    )
    assert place.house.ask(f"Dispatch.objects.get(study__study_uid={study!r}).state") == "opted-out"
    assert place.audit("pull refused", other) == []


@pytest.mark.need("G07")
def test_a_tool_hears_the_same_of_a_study_that_never_was_and_of_one_it_must_not_have(place: Place) -> None:
    study, outside = place.study(1)
    place.opt_out(study)
    answers = []
    for asked in (outside, "1.2.3.4.5.6.7"):
        _, said = place.get(f"StudyInstanceUID={asked}")
        answers.append((status_of(said)[-1], counted(said)))
    assert answers[0] == answers[1] == ("0x0124", (0, 0))


@pytest.mark.need("G06")
def test_what_stands_ready_for_a_tool_is_taken_away_when_its_patient_says_no(place: Place) -> None:
    study, _ = place.study(1)
    place.opt_out(study)
    place.house.until(f"Dispatch.objects.get(study__study_uid={study!r}).state", "opted-out")


@pytest.mark.need("G07")
def test_an_opt_out_in_the_middle_of_a_retrieval_stops_the_rest(place: Place) -> None:
    study, outside = place.study(5)
    got: list[str] = []

    def store(event: Any) -> int:
        got.append(event.request.AffectedSOPInstanceUID)
        if len(got) == 2:
            place.opt_out(study)
        return 0x0000

    entity = AE(ae_title="READER2")
    entity.add_supported_context(CR)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    try:
        place.house.peer("READER2", "tool", server.server_address[1])
        said = place.move(f"StudyInstanceUID={outside}", to="READER2")
    finally:
        server.shutdown()
    assert counted(said) == (2, 3) and status_of(said)[-1] == "0xb000"
    assert len(got) == 2
    assert [e["service"] for e in place.audit("pull refused", study)] == ["C-MOVE"]
    sent = place.house.ask(
        f"DispatchInstance.objects.filter(dispatch__study__study_uid={study!r}, sent_at__isnull=False).count()"
    )
    assert sent == 2
    state, reason = place.house.ask(
        f"list(Dispatch.objects.filter(study__study_uid={study!r}).values_list('state', 'reason'))"
    )[0]
    assert state == "opted-out" and "2 of 5 images had been fetched before" in reason


def test_a_closed_route_makes_everything_absent_and_an_open_one_shows_it_again(place: Place) -> None:
    study, outside = place.study(1)
    place.house.route("reader", "closed", "A safety hold.")
    assert place.find("StudyInstanceUID") == []
    got, said = place.get(f"StudyInstanceUID={outside}")
    assert got == [] and status_of(said)[-1] == "0x0124"
    assert "route is closed" in place.audit("pull refused", study)[-1]["reason"]
    place.house.route("reader", "live")
    assert outside in {one.StudyInstanceUID for one in place.find("StudyInstanceUID")}


@pytest.mark.need("G06")
def test_a_clinical_system_still_sees_an_opted_out_study_as_it_arrived(place: Place) -> None:
    who = patient()
    study, _ = place.study(2, PatientID=who)
    place.opt_out(study)
    found = place.find(
        f"PatientID={who}", "PatientName", "StudyInstanceUID", "StudyTime", "StudyID", calling="VIEWER"
    )
    assert [(one.StudyInstanceUID, str(one.PatientName), one.StudyTime, one.StudyID) for one in found] == [
        (study, "Sorrowfield^Quentin", "101500", "17")
    ]
    said = place.move(f"StudyInstanceUID={study}", calling="VIEWER", to="VIEWER")
    assert counted(said) == (2, 0)
    assert {str(one.PatientName) for one in place.moved("VIEWER", study)} == {"Sorrowfield^Quentin"}


@pytest.mark.need("G15")
def test_nothing_with_a_name_is_moved_to_a_tool_and_nothing_of_a_tool_to_anybody_else(place: Place) -> None:
    study, outside = place.study(1)
    said = place.move(f"StudyInstanceUID={study}", calling="VIEWER", to="READER")
    assert status_of(said)[-1] == "0xa801"
    for to in ("VIEWER", "NOPULL", "NOBODY"):
        assert status_of(place.move(f"StudyInstanceUID={outside}", to=to))[-1] == "0xa801"
    assert place.moved("READER", study) == place.moved("VIEWER", outside) == []


@pytest.mark.need("G15")
def test_who_may_not_pull_hears_so(place: Place) -> None:
    study, _ = place.study(1)
    assert place.find(f"StudyInstanceUID={study}", calling="NOPULL") == []
    assert status_of(place.said)[-1] == "0x0124"
    got, said = place.get(f"StudyInstanceUID={study}", calling="NOPULL")
    assert got == [] and status_of(said)[-1] == "0x0124"


def test_series_and_images_are_found_below_a_study_that_is_named(place: Place) -> None:
    study, _ = place.study(2)
    series = place.find(
        f"StudyInstanceUID={study}",
        "SeriesInstanceUID",
        "Modality",
        "NumberOfSeriesRelatedInstances",
        calling="VIEWER",
        level="SERIES",
    )
    assert [(one.Modality, one.NumberOfSeriesRelatedInstances) for one in series] == [("CR", 2)]
    images = place.find(
        f"StudyInstanceUID={study}",
        f"SeriesInstanceUID={series[0].SeriesInstanceUID}",
        "SOPInstanceUID",
        "InstanceNumber",
        calling="VIEWER",
        level="IMAGE",
    )
    assert sorted(int(one.InstanceNumber) for one in images) == [1, 2]
    one = place.find(
        f"StudyInstanceUID={study}",
        f"SeriesInstanceUID={series[0].SeriesInstanceUID}",
        "SOPInstanceUID",
        "InstanceNumber=2",
        calling="VIEWER",
        level="IMAGE",
    )
    assert [int(each.InstanceNumber) for each in one] == [2]
    assert place.find("SeriesInstanceUID", calling="VIEWER", level="SERIES") == []  # no study is named
    assert status_of(place.said)[-1] == "0xa900"


def test_wildcards_ranges_lists_and_the_patient_root_are_matched_as_the_standard_says(place: Place) -> None:
    who = patient()
    january, _ = place.study(1, PatientID=who, StudyDate="20260105", PatientName="Oakhampton^Bertrand")
    march, _ = place.study(1, PatientID=who, StudyDate="20260301", PatientName="Oakhampton^Bertrand")

    def found(*keys: str, **how: str) -> set[str]:
        return {
            one.StudyInstanceUID for one in place.find("StudyInstanceUID", *keys, calling="VIEWER", **how)
        }

    mine = f"PatientID={who}"
    assert found(mine) == {january, march}
    assert found("PatientName=OAKH?MPTON^B*") == {january, march}
    assert found("PatientName=oakhampton^bertrand", "StudyDate=20260201-") == {march}
    assert found(mine, "StudyDate=-20260131") == {january}
    assert found(mine, "StudyDate=20260105-20260301") == {january, march}
    assert found(mine, "StudyDate=20260302-20270101") == set()
    assert found(f"StudyInstanceUID={january}\\{march}", mine) == {january, march}
    assert found(mine, "ModalitiesInStudy=CT") == set()
    assert found(mine, model="-P") == {january, march}
    people = place.find(mine, "PatientName", calling="VIEWER", level="PATIENT", model="-P")
    assert [str(one.PatientName) for one in people] == ["Oakhampton^Bertrand"]


@pytest.mark.need("G15")
@pytest.mark.parametrize("calling", ["READER", "VIEWER"])
def test_no_log_tells_what_was_asked_for_however_wrong_it_is(place: Place, calling: str) -> None:
    for key in (
        "StudyDate", "PatientAge", "NumberOfStudyRelatedInstances", "StudyInstanceUID", "PatientID",
        "ModalitiesInStudy", "AccessionNumber",
    ):  # fmt: skip
        place.find(f"{key}=Gravenstone{'x' * 60}", calling=calling)
        place.move("StudyInstanceUID=1.2.3", f"{key}=Gravenstone", calling=calling)
    place.find(level="Gravenstone", calling=calling)
    for log in place.folder.glob("*.log"):
        assert "gravenstone" not in log.read_text().lower(), log.name
