"""After the patient has said no: stopped, recalled, remembered; and a witness that does not ask the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, free_port
from pictures import files, image, patient, series

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


@pytest.fixture
def house(new_house: Callable[..., House], tmp_path: Path) -> Iterator[House]:
    """A hospital whose tool answers and whose PACS is away: results are matched and wait to be filed."""
    made = new_house(sweep_s=0.3)
    tool = free_port()
    made.peer("READER", "tool", tool)
    made.peer("PACS", "pacs", free_port())
    for program in ("listener", "worker"):
        made.start(program)
    made.start("faketool", str(tool), str(made.port), "READER", str(tmp_path / "tool"))
    yield made


def command(house: House, *arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "alarp.cli", *arguments]
    return subprocess.run(whole, env=house.env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.need("G06", "G08")
def test_an_opt_out_after_sending_recalls_what_left_and_keeps_the_result_from_the_pacs(
    house: House, tmp_path: Path
) -> None:
    who = patient()
    images = series(2, PatientID=who)
    house.storescu(files(images, tmp_path / "out"))
    house.until("list(Result.objects.values_list('state', flat=True))", ["filing"])
    opt_out(house, who)
    house.until("list(Result.objects.values_list('state', flat=True))", ["kept"])
    house.until(f"{RECALLS}.count()", 1)
    recall: dict[str, Any] = house.ask(f"{RECALLS}.values('images', 'letter', 'opt_out', 'dispatch').get()")
    assert recall["images"] == 2 and recall["opt_out"] == 1
    sent = house.ask("Dispatch.objects.values('patient_pseudonym', 'study_uid_sent').get()")
    assert sent["patient_pseudonym"] in recall["letter"] and sent["study_uid_sent"] in recall["letter"]
    for secret in (who, "Sorrowfield", images[0].StudyInstanceUID, images[0].AccessionNumber):
        assert secret not in recall["letter"]
    found = house.ask(PROVE)
    assert found["proven"] and found["lines"] == 2 and not found["stood"]
    (left,) = found["before"]
    assert (left["study"], left["images"], left["said_no"]) == (1, 2, "opt-out 1")
    assert found["rows"] == [{"study": 1, "instances": 3, "left": 2}]


RECALLS = "__import__('alarp.records.assurance.models').records.assurance.models.Recall.objects"


@pytest.mark.need("G06")
def test_a_dispatched_image_of_an_opted_out_patient_is_found_although_the_ledger_was_doctored(
    house: House, tmp_path: Path
) -> None:
    who = patient()
    house.storescu(files([image(PatientID=who)], tmp_path / "his"))
    house.storescu(files([image()], tmp_path / "another"))
    house.until("Result.objects.count()", 2)
    assert house.ask(PROVE)["proven"]
    opt_out(house, who, minutes_ago=60)  # it should never have left
    house.ask(
        f"d = Dispatch.objects.get(study__patient_id={who!r})\n"
        "Result.objects.filter(dispatch=d).delete()\n"
        "d.items.update(sent_at=None, sop_uid_sent='', sent_sha256='')\n"
        "Dispatch.objects.filter(pk=d.pk).update(state='opted-out', sent_at=None, due_at=None, returned_at=None)\n"
        "Study.objects.filter(pk=d.study_id).update(patient_id='SOMEBODY ELSE', nhs_number='')\n"
    )
    found = house.ask(PROVE)
    assert not found["proven"]
    assert [(row["study"], row["images"]) for row in found["stood"]] == [(1, 1)]
    done = command(house, "opt-outs", "proof")
    assert done.returncode == 3, done.stderr
    assert "Study 1: 1 to reader" in done.stdout and "NOT proven" in done.stdout
    assert who not in done.stdout + done.stderr
    said = house.ask(
        "list(AuditEvent.objects.filter(action='opt-out proof computed').values_list('details__proven', flat=True))"
    )
    assert said == [True, False, False]


@pytest.mark.need("G06")
@pytest.mark.parametrize("how", ["a line taken out", "a stranger's object"])
def test_a_record_that_is_not_whole_or_not_explained_leaves_the_proof_open(
    house: House, tmp_path: Path, how: str
) -> None:
    house.storescu(files(series(2), tmp_path / "out"))
    house.until("Result.objects.count()", 1)
    (file,) = (house.data / "egress").glob("*/*.jsonl")
    if how == "a line taken out":
        file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
        assert "1 object left which the egress record" in house.ask(PROVE)["troubles"][0]
    else:
        house.ask(
            "from alarp.records import egress\n"
            "l = egress.leaving(b'a picture', peer='READER', deployment='reader', sop_uid='2.25.77')\n"
        )
        found = house.ask(PROVE)
        assert found["unexplained"] == [{"deployment": "reader", "objects": 1}]
        assert not found["proven"]


def test_the_command_says_proven_and_leaves_with_nothing(house: House) -> None:
    done = command(house, "opt-outs", "proof", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["proven"] is True
    wrong = command(house, "opt-outs", "proof", "--from", "2026-11-31")
    assert wrong.returncode == 2 and "'2026-11-31' is not a day" in wrong.stderr


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
