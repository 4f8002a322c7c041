"""From scanner to tool to PACS: who may go, under which name, and who comes back?

Real processes: dcmtk as the scanner, the gateway's listener and worker, a tool of its own, Orthanc as PACS.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from faketool import deliver, report
from house import House, free_port
from orthanc import Orthanc
from pictures import files, image, patient, series, uid
from pydicom import dcmread
from pydicom.dataset import Dataset

IDENTIFIERS = (b"Sorrowfield", b"Quentin", b"Larkspurn", b"Nettlebridge", b"19610509")


@dataclass
class Hospital:
    house: House
    pacs: Orthanc
    tool_folder: Path
    opt_out_file: Path
    tmp: Path

    def send(self, images: list[Dataset], *, calling: str = "SCANNER") -> str:
        """Send these images of one study; answers the study's UID."""
        done = self.house.storescu(files(images, self.tmp / uid()), calling=calling)
        assert done.returncode == 0, done.stderr
        return str(images[0].StudyInstanceUID)

    def state(self, study: str, expected: str, *, number: int = 1) -> str:
        """Wait until the study's dispatch stands there; answers the reason."""
        one = f"Dispatch.objects.filter(study__study_uid={study!r}, number={number})"
        self.house.until(f"{one}.values_list('state', flat=True).first()", expected)
        return str(self.house.ask(f"{one}.get().reason"))

    def at_the_tool(self, study: str) -> list[Dataset]:
        """What the tool holds of this study, under the names it was sent with."""
        names = self.house.ask(
            f"list(DispatchInstance.objects.filter(dispatch__study__study_uid={study!r})"
            ".exclude(sop_uid_sent='').values_list('sop_uid_sent', flat=True))"
        )
        held = [self.tool_folder / "in" / f"{name}.dcm" for name in names]
        return [dcmread(file) for file in held if file.exists()]

    def results(self, study: str, n: int = 1) -> list[str]:
        """Wait for `n` results of this study, none of them on its way to the PACS; answers their states."""
        of_study = f"Result.objects.filter(dispatch__study__study_uid={study!r}).order_by('pk')"
        states: list[str] = []

        def settled() -> bool:
            # One question: a busy machine may send a study's images in two rounds, and a second result follows
            states[:] = self.house.ask(f"list({of_study}.values_list('state', flat=True))")
            return len(states) >= n and "filing" not in states

        end = time.monotonic() + 20
        while not settled():
            assert time.monotonic() < end, f"{study} has the results {states}\n{self.house.where()}"
            time.sleep(0.05)
        return states


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("hospital")
    register = folder / "opt-outs.csv"
    register.write_text("nhs_number,patient_id,issuer\n")
    house = House(folder, opt_out_file=register)
    pacs = Orthanc(folder / "orthanc")
    try:
        tool = free_port()
        house.peer("READER", "tool", tool)
        house.peer("PACS", "pacs", pacs.port)
        house.ask(
            "n = IntendedUse.objects.update(rules={'modalities': ['CR', 'CT'], 'body_parts': ['CHEST'], "
            "'age_min_years': 18})"
        )
        for program in ("listener", "worker"):
            house.start(program)
        house.start("faketool", str(tool), str(house.port), "READER", str(folder / "tool"))
        yield Hospital(house, pacs, folder / "tool", register, folder / "sent")
        balance = house.balance()
        assert balance["balanced"], balance["sentence"]
    finally:
        house.close()
        pacs.close()


@pytest.fixture(autouse=True)
def live_again(hospital: Hospital) -> Iterator[None]:
    hospital.house.route("reader", "live")
    yield
    hospital.house.route("reader", "live")


@pytest.mark.need("G02", "G03", "G11")
def test_a_result_comes_back_to_the_pacs_under_the_original_study_and_nothing_left_names_the_patient(
    hospital: Hospital,
) -> None:
    images = series(3, NumberOfStudyRelatedInstances="3")
    study = hospital.send(images)
    assert hospital.results(study) == ["filed"]
    (filed,) = hospital.pacs.instances(study)
    assert (filed["PatientID"], filed["AccessionNumber"]) == (images[0].PatientID, images[0].AccessionNumber)
    assert filed["PatientName"] == "Sorrowfield^Quentin" and filed["Modality"] == "SR"
    references = filed["CurrentRequestedProcedureEvidenceSequence"][0]["ReferencedSeriesSequence"][0]
    assert {r["ReferencedSOPInstanceUID"] for r in references["ReferencedSOPSequence"]} == {
        one.SOPInstanceUID for one in images
    }
    secret = (*IDENTIFIERS, images[0].PatientID.encode(), images[0].AccessionNumber.encode(), study.encode())
    sent = list((hospital.tool_folder / "in").glob("*.dcm"))
    assert len(hospital.at_the_tool(study)) == 3
    for file in sent:
        assert not [word for word in secret if word in file.read_bytes()]
    assert hospital.house.ask(f"Dispatch.objects.get(study__study_uid={study!r}).profile").endswith("key 1")
    pixels = {bytes(one.PixelData) for one in hospital.at_the_tool(study)}
    assert pixels == {bytes(one.PixelData) for one in images}


def test_a_silent_route_keeps_the_result_and_never_files_it(hospital: Hospital) -> None:
    hospital.house.route("reader", "silent")
    study = hospital.send([image()])
    assert hospital.results(study) == ["kept"]
    hospital.house.route("reader", "live")
    time.sleep(1)
    assert hospital.results(study) == ["kept"]
    assert hospital.pacs.instances(study) == []


def test_closing_the_route_stops_the_very_next_study(hospital: Hospital) -> None:
    before = hospital.send([image()])
    assert hospital.results(before) == ["filed"]
    hospital.house.route("reader", "closed", "Hold 1: wrong side marked.")
    after = hospital.send([image()])
    assert "route was closed: Hold 1" in hospital.state(after, "held")
    hospital.house.route("reader", "live")
    time.sleep(1)
    assert hospital.state(after, "held")  # it came while a human read alone: it stays so
    assert hospital.at_the_tool(after) == []


def test_a_result_that_comes_after_the_route_was_closed_is_kept_and_not_filed(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    tool, pacs = free_port(), free_port()
    house.peer("READER", "tool", tool)
    house.peer("PACS", "pacs", pacs)
    house.start("listener")
    house.start("worker")
    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"), "3")
    house.storescu(files([image()], tmp_path / "out"))
    house.until("Dispatch.objects.filter(state='sent').count()", 1)
    house.route("reader", "closed", "Hold 1.")
    house.until("list(Result.objects.values_list('state', flat=True))", ["kept"])
    assert house.ask("Work.objects.filter(kind='file').count()") == 0
    assert house.balance()["returned"] == 1


@pytest.mark.need("G06")
def test_an_opted_out_patient_has_nothing_sent(hospital: Hospital) -> None:
    who = patient()
    hospital.house.ask(
        f"o = OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id={who!r}, "
        "recorded_by=Person.objects.first(), recorded_at=__import__('django.utils.timezone').utils.timezone.now())"
    )
    study = hospital.send([image(PatientID=who)])
    hospital.state(study, "opted-out")
    assert hospital.at_the_tool(study) == []
    hospital.house.ask(
        f"n = OptOut.objects.filter(patient_id={who!r}).update(withdrawn_by=Person.objects.first(), "
        "withdrawn_at=__import__('django.utils.timezone').utils.timezone.now())"
    )
    later = hospital.send([image(PatientID=who)])
    assert hospital.results(later) == ["filed"]  # withdrawing restores future studies
    hospital.state(study, "opted-out")  # and only those


@pytest.mark.need("G06")
def test_an_opt_out_between_receipt_and_sending_is_honoured(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    tool = free_port()
    house.peer("READER", "tool", tool)
    house.start("listener")
    house.start("worker")
    who = patient()
    house.storescu(files(series(3, PatientID=who), tmp_path))
    house.until("Dispatch.objects.filter(state='held', phase='connect').count()", 1)  # the tool is down
    house.ask(
        f"o = OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id={who!r}, "
        "recorded_by=Person.objects.first(), recorded_at=__import__('django.utils.timezone').utils.timezone.now())"
    )
    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
    house.until("Dispatch.objects.filter(state='opted-out').count()", 1)
    assert not (tmp_path / "tool" / "arrivals").exists()
    balance = house.balance()
    assert balance["balanced"] and balance["opted_out"] == 3 and balance["sent"] == 0


@pytest.mark.need("G06")
def test_an_unreachable_register_holds_and_the_backlog_leaves_when_it_is_back(hospital: Hospital) -> None:
    listed, free = patient(), patient()
    hospital.opt_out_file.rename(hospital.opt_out_file.with_suffix(".away"))
    studies = {who: hospital.send([image(PatientID=who)]) for who in (listed, free)}
    for study in studies.values():
        assert "opt-out list is missing" in hospital.state(study, "held")
        assert hospital.at_the_tool(study) == []
    with hospital.opt_out_file.open("w", newline="") as handle:
        csv.writer(handle).writerows([["nhs_number", "patient_id", "issuer"], ["", listed, ""]])
    assert hospital.results(studies[free]) == ["filed"]
    hospital.state(studies[listed], "opted-out")
    old = time.time() - 30 * 3600
    os.utime(hospital.opt_out_file, (old, old))
    study = hospital.send([image()])
    assert "hours old" in hospital.state(study, "held")
    hospital.opt_out_file.write_text("nonsense\n")
    hospital.opt_out_file.write_text("nhs_number,patient_id,issuer\n")
    assert hospital.results(study) == ["filed"]


@pytest.mark.need("G10")
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"Modality": "MR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, "modality is MR"),
        ({"BodyPartExamined": "ANKLE"}, "body part is ANKLE"),
        ({"BodyPartExamined": ""}, "body part is not stated"),
        ({"PatientAge": "009Y"}, "for 18 and over"),
        ({"PatientName": "Phantom^Weekly QA"}, "quality-assurance"),
    ],
)
def test_a_study_outside_the_intended_use_is_refused_with_its_reason(
    hospital: Hospital, values: dict[str, str], reason: str
) -> None:
    study = hospital.send([image(**values)])
    assert reason in hospital.state(study, "refused")
    assert hospital.at_the_tool(study) == []


def test_images_that_come_late_leave_in_a_second_round(hospital: Hospital) -> None:
    first, late = series(2)
    study = hospital.send([first])
    hospital.results(study)
    hospital.send([late])
    hospital.state(study, "returned", number=2)
    assert len(hospital.at_the_tool(study)) == 2


def forged(kind: str, mine: list[Dataset], other: list[Dataset]) -> Dataset:
    """A result that claims to belong to `mine` but is wrong in one way."""
    made = report(mine)
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = uid()
    if kind == "another patient":
        made.PatientID = other[0].PatientID
    elif kind == "another study":
        made.StudyInstanceUID = other[0].StudyInstanceUID
    elif kind == "another accession":
        made.AccessionNumber = other[0].AccessionNumber
    elif kind == "no accession":
        made.AccessionNumber = ""
    elif kind == "images of another study":
        made.CurrentRequestedProcedureEvidenceSequence = report(
            other
        ).CurrentRequestedProcedureEvidenceSequence
    elif kind == "images that were never sent":
        item = made.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = uid()
    elif kind == "no images":
        del made.CurrentRequestedProcedureEvidenceSequence
    elif kind == "an unknown study":
        made.StudyInstanceUID = uid()
    elif kind == "the SOP Instance UID of a sent image":
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = mine[0].SOPInstanceUID
    elif kind == "a structure set on another series":
        made = contours(mine[0], frame=uid())
    return made


def contours(on: Dataset, *, frame: str) -> Dataset:
    """A structure set of nothing, in this frame of reference."""
    made = report([on])
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    made.Modality = "RTSTRUCT"
    del made.ContentSequence
    reference = Dataset()
    reference.FrameOfReferenceUID = frame
    made.ReferencedFrameOfReferenceSequence = [reference]
    return made


@pytest.mark.need("G02", "G14")
@pytest.mark.parametrize(
    "kind",
    [
        "another patient",
        "another study",
        "another accession",
        "no accession",
        "images of another study",
        "images that were never sent",
        "no images",
        "an unknown study",
        "the SOP Instance UID of a sent image",
        "a structure set on another series",
    ],
)
def test_a_result_that_disagrees_anywhere_is_quarantined_and_never_filed(
    hospital: Hospital, kind: str
) -> None:
    frame = uid()
    studies = [hospital.send(series(2, Modality="CT", FrameOfReferenceUID=frame)) for _ in range(2)]
    for study in studies:
        assert hospital.results(study)[0] == "filed"  # a busy machine may send a study's images in two rounds
    mine, other = (hospital.at_the_tool(study) for study in studies)
    filed = hospital.pacs.count()
    wrong = forged(kind, mine, other)
    assert deliver([wrong], hospital.house.port, "READER") == [0]
    name = str(wrong.SOPInstanceUID)
    hospital.house.until(
        f"Quarantine.objects.filter(instance__sop_uid={name!r}, instance__direction='result').count()", 1
    )
    row = hospital.house.ask(
        f"Quarantine.objects.filter(instance__sop_uid={name!r}).values('reason', 'disagreements', 'deployment__slug').get()"
    )
    assert row["disagreements"] and row["deployment__slug"] == "reader"
    assert all({"field", "expected", "found"} <= set(one) for one in row["disagreements"])
    assert hospital.house.ask(f"Result.objects.filter(instance__sop_uid={name!r}).count()") == 0
    assert hospital.pacs.count() == filed


@pytest.mark.need("G02")
def test_the_same_result_under_new_names_is_filed_once(hospital: Hospital) -> None:
    study = hospital.send([image()])
    hospital.results(study)
    again = report(hospital.at_the_tool(study))
    again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = uid()
    again.SeriesInstanceUID, again.ContentTime = uid(), "130000"
    assert deliver([again], hospital.house.port, "READER") == [0]
    assert hospital.results(study, 2) == ["filed", "kept"]
    assert len(hospital.pacs.instances(study)) == 1


@pytest.mark.need("G17")
def test_a_tool_that_was_down_gets_its_backlog_once(new_house: Callable[..., House], tmp_path: Path) -> None:
    house = new_house()
    tool = free_port()
    house.peer("READER", "tool", tool)
    house.start("listener")
    house.start("worker")
    for _ in range(8):
        house.storescu(files(series(2), tmp_path / uid()))
    house.until("Dispatch.objects.filter(state='held', phase='connect').count()", 8)
    assert "does not answer" in house.ask("Dispatch.objects.first().reason")
    assert house.balance()["held"] == 16
    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
    house.until("Dispatch.objects.filter(state='returned').count()", 8, seconds=40)
    arrivals = (tmp_path / "tool" / "arrivals").read_text().split()
    assert len(arrivals) == len(set(arrivals)) == 16
    # No PACS is entered yet. A study whose images a busy machine takes for complete too early has two results.
    house.until("Result.objects.filter(state='filing').values('dispatch').distinct().count()", 8)
    balance = house.balance()
    assert balance["balanced"] and (balance["sent"], balance["expected"], balance["returned"]) == (16, 8, 8)


@pytest.mark.need("G01")
def test_a_result_that_does_not_come_is_overdue(new_house: Callable[..., House], tmp_path: Path) -> None:
    house = new_house(result_due_min=0.01)
    tool = free_port()
    house.peer("READER", "tool", tool)
    house.start("listener")
    house.start("worker")
    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"), "600")
    house.storescu(files([image()], tmp_path / "out"))
    house.until("Dispatch.objects.filter(state='sent').count()", 1)
    time.sleep(0.7)
    balance = house.balance()
    assert (balance["expected"], balance["returned"], balance["overdue"], balance["awaited"]) == (1, 0, 1, 0)
    assert balance["balanced"]


def test_no_log_line_names_a_patient(hospital: Hospital) -> None:
    hospital.results(hospital.send([image()]))
    for name in ("listener", "worker"):
        said = (hospital.house.folder / f"{name}.log").read_bytes()
        assert not [word for word in IDENTIFIERS if word in said]
    details = str(hospital.house.ask("list(AuditEvent.objects.values_list('subject', 'details'))"))
    assert "Sorrowfield" not in details and "HOSP" not in details


@pytest.mark.need("G01")
def test_one_result_on_images_of_two_rounds_answers_both(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    tool, (first, late) = free_port(), series(2)
    house.peer("READER", "tool", tool)
    house.start("listener")
    house.start("worker")
    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"), "4")
    house.storescu(files([first], tmp_path / "first"))
    house.until("Dispatch.objects.filter(state='sent').count()", 1)
    house.storescu(files([late], tmp_path / "late"))
    house.until("Dispatch.objects.filter(state='returned').count()", 2)
    balance = house.balance()
    assert (balance["expected"], balance["returned"], balance["balanced"]) == (2, 2, True)
    assert house.ask("Result.objects.count()") == 1
