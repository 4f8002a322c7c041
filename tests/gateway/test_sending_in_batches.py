"""A study leaves image by image and is proved as a whole; what a dying worker leaves open is known afterwards."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from house import House
from pictures import CR, files, image, patient, series
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt

IMAGES, KILLED_AT = 40, 36
DOCUMENT = "1.2.840.10008.5.1.4.1.1.104.1"
EGRESS = (
    "import datetime\nfrom alarp.records import egress\nfrom django.utils import timezone\n"
    "day = datetime.timedelta(days=1)\n"
    "found = egress.read(timezone.now() - day, timezone.now() + day)\n"
    "answer = [[line.sop_uid, line.sha256] for line in found.lines]"
)


class Tool:
    """A tool that looks at the gateway while an image comes in."""

    def __init__(self, house: House, look: Callable[[int], None]) -> None:
        self.taken: list[str] = []
        self._look = look
        entity = AE(ae_title="READER")
        for sop_class in (CR, DOCUMENT):
            entity.add_supported_context(sop_class, ALL_TRANSFER_SYNTAXES)
        server = entity.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self._take)]
        )
        assert server is not None
        self.close = server.shutdown
        house.peer("READER", "tool", int(server.server_address[1]))

    def _take(self, event: evt.Event) -> int:
        self.taken.append(str(event.request.AffectedSOPInstanceUID))
        self._look(len(self.taken))
        return 0x0000


def _has_row(house: House, sop_uid: str) -> bool:
    """Does the ledger hold this name outside, as another process sees it now?"""
    with closing(sqlite3.connect(house.data / "alarp.sqlite3")) as ledger:
        rows = ledger.execute("SELECT 1 FROM ledger_dispatchinstance WHERE sop_uid_sent = ?", [sop_uid])
        return rows.fetchone() is not None


def _killed(house: House, at: int) -> tuple[Tool, list[int]]:
    """A tool that kills the process of this number once, while that hands it its image `at`."""
    dying: list[int] = []

    def look(n: int) -> None:
        if n == at and dying:
            os.kill(dying.pop(), signal.SIGKILL)

    return Tool(house, look), dying


def _dies(house: House, dying: list[int]) -> None:
    worker = house.start("worker")
    dying.append(worker.pid)
    worker.wait(timeout=60)


@pytest.mark.need("G03")
def test_of_a_study_whose_last_image_may_not_leave_nothing_leaves(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    tool = Tool(house, lambda _: None)
    images = series(3)
    bad = image(
        StudyInstanceUID=images[0].StudyInstanceUID,
        PatientID=images[0].PatientID,
        AccessionNumber=images[0].AccessionNumber,
        SOPClassUID=DOCUMENT,
        Modality="DOC",
        EncapsulatedDocument=b"%PDF-1.7 ",
    )
    del bad.PixelData
    house.start("listener")
    house.storescu(files([*images, bad], tmp_path))
    house.start("worker")
    house.until("list(Dispatch.objects.values_list('state', flat=True))", ["held"])
    tool.close()
    assert tool.taken == []
    assert house.ask("Dispatch.objects.get().sent_at") is None and house.ask(EGRESS) == []


def test_a_study_leaves_with_one_image_on_disk_at_a_time_and_its_names_written_down_before(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    on_disk: list[int] = []
    named: list[bool] = []

    def look(n: int) -> None:
        on_disk.append(len(list((house.data / "objects" / "incoming").glob("outgoing-*/*"))))
        named.append(_has_row(house, tool.taken[-1]))

    tool = Tool(house, look)
    house.start("listener")
    house.storescu(files(series(IMAGES), tmp_path))
    house.start("worker")
    house.until("list(Dispatch.objects.values_list('state', flat=True))", ["sent"])
    tool.close()
    assert on_disk == [1] * IMAGES and named == [True] * IMAGES
    assert house.ask("DispatchInstance.objects.filter(sent_at__isnull=False).count()") == IMAGES
    noted = house.ask("list(DispatchInstance.objects.values_list('sop_uid_sent', 'sent_sha256'))")
    assert sorted(noted) == sorted(house.ask(EGRESS))
    assert house.ask("Work.objects.get(kind='send').payload['under_way']") == []


@pytest.mark.need("G01", "G06")
def test_what_a_killed_worker_sent_is_sent_again_as_the_same_bytes_or_said_to_be_unknown(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    who, tool, dying = patient(), *_killed(house, KILLED_AT)
    house.start("listener")
    house.storescu(files(series(IMAGES, PatientID=who), tmp_path))
    _dies(house, dying)
    acknowledged = house.ask("DispatchInstance.objects.filter(sent_at__isnull=False).count()")
    unsure = len(house.ask("Work.objects.get(kind='send').payload['under_way']"))
    assert 1 <= acknowledged < KILLED_AT <= acknowledged + unsure
    tool.taken.clear()
    house.ask(
        f"OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id={who!r}, "
        "recorded_by=Person.objects.first(), recorded_at=__import__('django.utils.timezone').utils.timezone.now()).pk"
    )
    house.start("worker")
    house.until("list(Dispatch.objects.values_list('state', flat=True))", ["opted-out"])
    reason = house.ask("Dispatch.objects.get().reason")
    assert f"{acknowledged} of {IMAGES} images had been sent before" in reason
    assert f"Whether {unsure} more had been, nobody knows" in reason
    assert tool.taken == []
    tool.close()


@pytest.mark.need("G01")
def test_the_successor_of_a_killed_worker_sends_the_rest_under_the_same_names_and_every_time_is_on_record(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    tool, dying = _killed(house, KILLED_AT)
    house.start("listener")
    house.storescu(files(series(IMAGES), tmp_path))
    _dies(house, dying)
    house.start("worker")
    house.until("list(Dispatch.objects.values_list('state', flat=True))", ["sent"])
    tool.close()
    names = dict(house.ask("list(DispatchInstance.objects.values_list('sop_uid_sent', 'sent_sha256'))"))
    came, lines = Counter(tool.taken), [tuple(line) for line in house.ask(EGRESS)]
    assert set(came) == set(names) and max(came.values()) == 2
    assert Counter(name for name, _ in lines) == came
    assert all(names[name] == sha256 for name, sha256 in lines)
