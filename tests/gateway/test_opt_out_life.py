"""After the patient has said no: stopped, recalled, remembered; and a witness that does not ask the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from house import House, free_port
from pictures import files, image, patient, series
from pydicom.dataset import Dataset

PROVE = (
    "import datetime\nfrom alarp.records import clock\nfrom alarp.records.assurance import proofs\n"
    "d = datetime.timedelta(days=1)\np = proofs.prove(clock.now() - d, clock.now() + d)\n"
    "answer = {'proven': p.proven, **p.body}\n"
)


def opt_out(house: House, who: str, *, minutes_ago: float = 0) -> None:
    house.ask(
        "import datetime\nfrom alarp.records import clock\n"
        f"at = clock.now() - datetime.timedelta(minutes={minutes_ago})\n"
        f"o = OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id={who!r}, "
        "recorded_by=Person.objects.first(), recorded_at=at)\n"
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A hospital whose tool answers and whose PACS is away: results are matched and wait to be filed.

    One for the tests that follow each other here; the last of them spoils its record.
    """
    folder = tmp_path_factory.mktemp("opt-outs")
    made = House(folder, sweep_s=0.3)
    try:
        tool = free_port()
        made.peer("READER", "tool", tool)
        made.peer("PACS", "pacs", free_port())
        for program in ("listener", "worker"):
            made.start(program)
        made.start("faketool", str(tool), str(made.port), "READER", str(folder / "tool"))
        yield made
    finally:
        made.close()


def left(house: House, images: list[Dataset], folder: Path) -> int:
    """Send these images of one study and wait for its result; answers the study's number."""
    house.storescu(files(images, folder))
    of_study = f"Result.objects.filter(dispatch__study__study_uid={str(images[0].StudyInstanceUID)!r})"
    house.until(f"{of_study}.count()", 1)
    return int(house.ask(f"{of_study}.get().dispatch.study_id"))


def command(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "alarp.cli", *arguments]
    return subprocess.run(whole, env=house.env, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_says_proven_and_leaves_with_nothing(house: House) -> None:
    done = command(house, "opt-outs", "proof", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["proven"] is True
    wrong = command(house, "opt-outs", "proof", "--from", "2026-11-31")
    assert wrong.returncode == 2 and "'2026-11-31' is not a day" in wrong.stderr


@pytest.mark.need("G06", "G08")
def test_an_opt_out_after_sending_recalls_what_left_and_keeps_the_result_from_the_pacs(
    house: House, tmp_path: Path
) -> None:
    who = patient()
    images = series(2, PatientID=who)
    study = left(house, images, tmp_path)
    opt_out(house, who)
    house.until(f"Result.objects.get(dispatch__study={study}).state", "kept")
    house.until(f"{RECALLS}.filter(dispatch__study={study}).count()", 1)
    recall = house.ask(f"{RECALLS}.values('images', 'letter', 'opt_out').get(dispatch__study={study})")
    assert recall["images"] == 2 and recall["opt_out"] is not None
    sent = house.ask(f"Dispatch.objects.values('patient_pseudonym', 'study_uid_sent').get(study={study})")
    assert sent["patient_pseudonym"] in recall["letter"] and sent["study_uid_sent"] in recall["letter"]
    for secret in (who, "Sorrowfield", images[0].StudyInstanceUID, images[0].AccessionNumber):
        assert secret not in recall["letter"]
    found = house.ask(PROVE)
    assert found["proven"] and found["lines"] == 2 and not found["stood"]
    (row,) = found["before"]
    assert (row["study"], row["images"]) == (study, 2) and row["said_no"].startswith("opt-out ")
    assert found["rows"] == [{"study": study, "instances": 3, "left": 2}]


RECALLS = "__import__('alarp.records.assurance.models').records.assurance.models.Recall.objects"


@pytest.mark.need("G06")
def test_a_dispatched_image_of_an_opted_out_patient_is_found_although_the_ledger_was_doctored(
    house: House, tmp_path: Path
) -> None:
    who = patient()
    study = left(house, [image(PatientID=who)], tmp_path / "his")
    other = left(house, [image()], tmp_path / "another")
    assert house.ask(PROVE)["proven"]
    opt_out(house, who, minutes_ago=60)  # it should never have left
    house.until(f"{RECALLS}.filter(dispatch__study={study}).count()", 1)
    house.ask(
        f"d = Dispatch.objects.get(study={study})\n"
        "Result.objects.filter(dispatch=d).delete()\n"
        "d.items.update(sent_at=None, sop_uid_sent='', sent_sha256='')\n"
        "Dispatch.objects.filter(pk=d.pk).update(state='opted-out', sent_at=None, due_at=None, returned_at=None)\n"
        "Study.objects.filter(pk=d.study_id).update(patient_id='SOMEBODY ELSE', nhs_number='')\n"
    )
    found = house.ask(PROVE)
    assert not found["proven"]
    assert [(row["study"], row["images"]) for row in found["stood"]] == [(study, 1)]
    assert other not in {row["study"] for row in found["before"]}
    done = command(house, "opt-outs", "proof")
    assert done.returncode == 3, done.stderr
    assert f"Study {study}: 1 to reader" in done.stdout and "NOT proven" in done.stdout
    assert who not in done.stdout + done.stderr
    said = house.ask(
        "list(AuditEvent.objects.filter(action='opt-out proof computed').values_list('details__proven', flat=True))"
    )
    assert said[-3:] == [True, False, False]


@pytest.mark.need("G06")
def test_an_object_that_nothing_received_explains_and_a_line_taken_out_leave_the_proof_open(
    house: House, tmp_path: Path
) -> None:
    house.ask(
        "from alarp.records import egress\n"
        "l = egress.leaving(b'a picture', peer='READER', deployment='reader', sop_uid='2.25.77')\n"
    )
    assert house.ask(PROVE)["unexplained"] == [{"deployment": "reader", "objects": 1}]
    left(house, series(2), tmp_path)
    file = next(f for f in (house.data / "egress").glob("*/*.jsonl") if b"2.25.77" not in f.read_bytes())
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))
    assert any("1 object left which the egress record" in line for line in house.ask(PROVE)["troubles"])


@pytest.mark.need("G08")
def test_while_the_opt_out_list_cannot_be_asked_nothing_is_sent_and_somebody_is_told(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    register = tmp_path / "list.csv"
    house = new_house(sweep_s=0.3, opt_out_file=register)
    house.peer("READER", "tool", free_port())
    for program in ("listener", "worker"):
        house.start(program)
    house.storescu(files([image()], tmp_path / "out"))
    house.until("list(Dispatch.objects.values_list('state', 'phase'))", [["held", "opt-out"]])
    alerts = "__import__('alarp.records.watch.models').records.watch.models.Alert.objects"
    house.until(f"{alerts}.filter(monitor='register-unreachable', end__isnull=True).count()", 1)
    assert not list((house.data / "egress").glob("*/*"))
    register.write_text("nhs_number,patient_id\n")
    house.until(f"{alerts}.filter(monitor='register-unreachable', end__isnull=False).count()", 1)
