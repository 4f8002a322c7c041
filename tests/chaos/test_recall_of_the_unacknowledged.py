"""Is a supplier asked to delete what it may have, when a worker died before the tool's answer was written down?"""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path

import pytest
from house import House, database_on, free_port, wait_for
from pictures import files, patient, series

RECALLS = "__import__('alarp.records.assurance.models').records.assurance.models.Recall.objects"
SEND, LEAVES = "alarp.gateway.associations:store", "alarp.records.egress:leaving"


@pytest.mark.need("G06", "G08")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_left_and_was_never_acknowledged_is_recalled_and_what_did_not_leave_is_not(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("postgres_url") if database == "postgresql" else ""
    house = House(
        tmp_path, database_url=database_on(server) if server else "", sweep_s=0.3, quiet_s=0.2, lease_s=1.5
    )
    with contextlib.closing(house):
        tool, folder = free_port(), tmp_path / "tool"
        house.peer("READER", "tool", tool)
        house.start("listener")
        house.start("faketool", str(tool), str(house.port), "READER", str(folder), "600")  # it stays silent
        only, second, none = (
            _dies_while_sending(house, tmp_path / name, function, when, nth)
            for name, function, when, nth in (
                ("only", SEND, "after", 1),
                ("second", SEND, "after", 2),
                ("none", LEAVES, "before", 1),
            )
        )
        assert len((folder / "arrivals").read_text().splitlines()) == 3
        assert house.ask("Dispatch.objects.filter(sent_at__isnull=False).count()") == 1
        house.start("worker")
        house.until("Work.objects.exclude(state='done').count()", 0)
        assert house.ask("Dispatch.objects.exclude(state='opted-out').count()") == 0
        recalled = house.ask(f"list({RECALLS}.values('dispatch__study', 'images', 'unanswered', 'letter'))")
        found = {row["dispatch__study"]: row for row in recalled}
        assert {study: (row["images"], row["unanswered"]) for study, row in found.items()} == {
            only: (0, 1),
            second: (1, 1),
        }
        assert none not in found
        for row in recalled:
            assert "may have been sent, whole or in part: 1 " in row["letter"]


def _dies_while_sending(house: House, folder: Path, function: str, when: str, nth: int) -> int:
    """A worker dies at this place, and then the patient says no; the number of the study."""
    who = patient()
    images = series(3, PatientID=who)
    point = {"program": "worker", "function": function, "when": when, "nth": nth}
    (house.data / "crash.json").write_text(json.dumps([point]))
    worker: subprocess.Popen[str] = house.start("worker")
    house.storescu(files(images, folder))
    wait_for(lambda: worker.poll() is not None, seconds=60)
    (house.data / "crash.json").unlink()
    assert worker.returncode == -9
    house.ask(
        "from django.utils import timezone\n"
        "OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), "
        f"patient_id={who!r}, recorded_by=Person.objects.first(), recorded_at=timezone.now())"
    )
    return int(house.ask(f"Study.objects.get(study_uid={str(images[0].StudyInstanceUID)!r}).pk"))
