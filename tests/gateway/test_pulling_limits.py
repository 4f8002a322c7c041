"""What a puller may ask at most, how it stops, and that bytes leave as they came: pynetdicom as the other side."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faketool import deliver, report
from house import House
from pictures import CR, files, patient, send_file, series
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000, JPEGLSLossless, RLELossless
from pynetdicom import AE, evt
from pynetdicom.dsutils import decode, split_dataset
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelFind as FIND,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelMove as MOVE,
)

SYNTAXES = [CR, "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"]


class Place:
    """A gateway of one process with small limits, and a viewer that can be slow."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.got, self.pause_s = folder, [], 0.0
        self.house = House(
            folder, quiet_s=0.2, gateway_processes=1, pull_most_answers=3, pull_at_once=1, peer_timeout_s=10
        )
        self.got: list[tuple[str, bytes]] = []
        entity = AE(ae_title="VIEWER")
        for sop_class in SYNTAXES:
            for syntax in (None, JPEG2000, JPEGLSLossless, RLELossless):
                entity.add_supported_context(sop_class, *([syntax] if syntax else []))
        self.server = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._store)]
        )
        self.house.peer("VIEWER", "pacs", self.server.server_address[1])
        self.house.peer("READER", "tool", self.server.server_address[1])
        self.house.ask("Peer.objects.filter(aet__in=['VIEWER', 'READER']).update(may_pull=True)")
        self.house.start("listener")
        self.house.start("worker")

    def _store(self, event: Any) -> int:
        time.sleep(self.pause_s)
        self.got.append((str(event.request.AffectedSOPInstanceUID), event.request.DataSet.getvalue()))
        return 0x0000

    def send(self, n: int = 1, **values: Any) -> str:
        images = series(n, **values)
        study = str(images[0].StudyInstanceUID)
        assert self.house.storescu(files(images, self.folder / study)).returncode == 0
        self.house.ask("0")  # who pulls sees what is in the ledger
        return study

    def link(self, model: str, aet: str = "VIEWER") -> Any:
        entity = AE(ae_title=aet)
        entity.add_requested_context(model)
        found = entity.associate("127.0.0.1", self.house.port, ae_title="ALARP")
        assert found.is_established
        return found

    def find(self, **keys: str) -> tuple[list[Dataset], int]:
        """The answers, and the last status."""
        link, answers, status = self.link(FIND), [], -1
        for code, answer in link.send_c_find(_query(**keys), FIND):
            status = code.Status
            if answer is not None:
                answers.append(answer)
        link.release()
        return answers, status

    def close(self) -> None:
        self.house.close()
        self.server.shutdown()


def _query(**keys: str) -> Dataset:
    made = Dataset()
    made.QueryRetrieveLevel = "STUDY"
    for keyword, value in keys.items():
        setattr(made, keyword, value)
    return made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("limits"))
    try:
        yield made
    finally:
        made.close()


def test_a_query_with_too_many_answers_ends_with_a_refusal_and_never_silently(place: Place) -> None:
    who = patient()
    for _ in range(3):
        place.send(PatientID=who)
    answers, status = place.find(PatientID=who, StudyInstanceUID="")
    assert (len(answers), status) == (3, 0x0000)
    place.send(PatientID=who)
    answers, status = place.find(PatientID=who, StudyInstanceUID="")
    assert (len(answers), status) == (3, 0xA700)


@pytest.mark.need("G02", "G07")
def test_the_result_of_a_study_that_was_fetched_finds_its_way_back(place: Place) -> None:
    study = place.send(2)
    rows = f"Dispatch.objects.filter(study__study_uid={study!r}, state='waiting').exclude(study_uid_sent='')"
    place.house.until(f"{rows}.count()", 1)
    outside = place.house.ask(f"{rows}[0].study_uid_sent")
    place.got.clear()
    link = place.link(MOVE, "READER")
    *_, (status, _) = link.send_c_move(_query(StudyInstanceUID=outside), "READER", MOVE)
    link.release()
    assert status.NumberOfCompletedSuboperations == 2
    images = [decode(io.BytesIO(data), False, True) for _, data in place.got]
    assert deliver([report(images)], place.house.port, "READER") == [0]
    place.house.until(f"Dispatch.objects.get(study__study_uid={study!r}).state", "returned")
    assert place.house.ask("Quarantine.objects.count()") == 0


def test_a_cancelled_move_stops_and_its_counts_say_where(place: Place) -> None:
    study = place.send(12)
    place.got.clear()
    place.pause_s = 0.15
    link, last = place.link(MOVE), None
    try:
        for number, (status, _) in enumerate(
            link.send_c_move(_query(StudyInstanceUID=study), "VIEWER", MOVE, msg_id=7)
        ):
            last = status
            if number == 1:
                link.send_c_cancel(7, query_model=MOVE)
    finally:
        place.pause_s = 0.0
        link.release()
    assert last is not None and last.Status == 0xFE00
    done, left = last.NumberOfCompletedSuboperations, last.NumberOfRemainingSuboperations
    assert done + left == 12 and left > 0 and done == len(place.got)


def test_one_peer_has_so_many_requests_open_and_the_next_waits_its_turn(place: Place) -> None:
    study = place.send(4)
    place.pause_s = 0.3

    def move() -> None:
        link = place.link(MOVE)
        list(link.send_c_move(_query(StudyInstanceUID=study), "VIEWER", MOVE))
        link.release()

    mover = threading.Thread(target=move)
    before = len(place.got)
    mover.start()
    try:
        while len(place.got) == before:
            time.sleep(0.02)
        assert place.find(StudyInstanceUID=study) == ([], 0xA700)
    finally:
        place.pause_s = 0.0
        mover.join()
    assert [one.StudyInstanceUID for one in place.find(StudyInstanceUID=study)[0]] == [study]


@pytest.mark.parametrize("name", ["JPEG2000.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_rle.dcm"])
def test_a_moved_object_has_the_very_bytes_in_which_it_came(place: Place, name: str) -> None:
    file = Path(str(get_testdata_file(name)))
    meta = split_dataset(file)[0]
    uid, sent = str(meta.MediaStorageSOPInstanceUID), str(meta.TransferSyntaxUID)
    assert send_file(place.house.port, file, sop_class=str(meta.MediaStorageSOPClassUID), syntax=sent) == 0
    row = place.house.ask(
        f"list(Instance.objects.filter(sop_uid={uid!r}).values_list('sha256', 'study__study_uid', 'transfer_syntax'))"
    )
    ((sha256, study, syntax),) = row
    stored = place.house.data / "objects" / sha256[:2] / sha256
    place.got.clear()
    link = place.link(MOVE)
    *_, (status, _) = link.send_c_move(_query(StudyInstanceUID=study), "VIEWER", MOVE)
    link.release()
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0x0000, 1)
    ((moved, data),) = place.got
    assert moved == uid and data == stored.read_bytes()[split_dataset(stored)[1] :]
    assert syntax == sent
