"""A tool's key is rotated while a study is with it: what was sent before still finds its patient, what comes after
bears other names.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faketool import deliver, report
from house import House
from pictures import files, image, patient, uid
from pydicom import dcmread
from pydicom.dataset import Dataset

ROTATE = """
from alarp.records import pseudonym_keys
from alarp.records.people.models import RoleHolding
pat = Person.objects.get(username="pat")
RoleHolding.objects.get_or_create(person=pat, role="pacs-manager", organisation=pat.organisation, since="2020-01-01")
answer = pseudonym_keys.rotate(Deployment.objects.get(slug="reader"), by=pat)
"""


@pytest.fixture
def house(new_house: Callable[..., House], tmp_path: Path) -> House:
    made = new_house()
    made.run_with_a_silent_tool(tmp_path / "tool")
    return made


def sent(house: House, one: Dataset, tmp_path: Path, *, number: int = 1) -> dict[str, Any]:
    """Send this image and wait until the tool has it; answers the names of its dispatch."""
    done = house.storescu(files([one], tmp_path / uid()))
    assert done.returncode == 0, done.stderr
    dispatch = f"Dispatch.objects.filter(study__study_uid={str(one.StudyInstanceUID)!r}, number={number})"
    house.until(f"{dispatch}.values_list('state', flat=True).first()", "sent")
    names = "'patient_pseudonym', 'study_uid_sent', 'profile', 'items__sop_uid_sent'"
    found: dict[str, Any] = house.ask(f"{dispatch}.values({names}).get()")
    return found


@pytest.mark.need("G02", "G03")
def test_results_of_before_and_after_a_rotation_find_the_same_patient(house: House, tmp_path: Path) -> None:
    person = patient()
    first, second = image(PatientID=person), image(PatientID=person)
    before = sent(house, first, tmp_path)
    assert house.ask(ROTATE) == 2
    after = sent(house, second, tmp_path)

    assert (before["profile"][-5:], after["profile"][-5:]) == ("key 1", "key 2")
    assert before["patient_pseudonym"] != after["patient_pseudonym"]
    assert house.ask("AuditEvent.objects.filter(action='key rotated').count()") == 1

    for names in (before, after):
        held = dcmread(tmp_path / "tool" / "in" / f"{names['items__sop_uid_sent']}.dcm")
        assert deliver([report([held])], house.port, "READER") == [0]
    house.until("Result.objects.count()", 2)
    assert house.ask("Quarantine.objects.count()") == 0
    restored = house.ask(
        "from alarp.identity import read_header\n"
        "from alarp.records import objects\n"
        "headers = [read_header(objects.get(r.restored_sha256)) for r in Result.objects.order_by('pk')]\n"
        "answer = [(h.patient_id, h.study_uid) for h in headers]"
    )
    assert restored == [[person, str(first.StudyInstanceUID)], [person, str(second.StudyInstanceUID)]]


def test_a_later_image_of_a_study_goes_under_the_names_that_the_tool_knows(
    house: House, tmp_path: Path
) -> None:
    first = image()
    before = sent(house, first, tmp_path)
    assert house.ask(ROTATE) == 2
    first.SOPInstanceUID = uid()
    later = sent(house, first, tmp_path, number=2)

    assert later["study_uid_sent"] == before["study_uid_sent"]
    assert later["patient_pseudonym"] == before["patient_pseudonym"]
    assert later["profile"][-5:] == "key 1"
