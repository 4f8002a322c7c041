"""Do the tools compute on pixels, and how well? Measured on simulated scans and on real ones."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from tool_readback import (
    circles,
    decision_of,
    dice,
    mask_of,
    measurement_groups,
    reason_of,
    score_of,
)

from alarp.demo.tools.livercontour import LiverContour
from alarp.demo.tools.noduleflag import NoduleFlag
from alarp.demo.tools.results import to_bytes
from alarp.demo.tools.spool import Spool
from alarp.phantom import SCANNERS, abdomen_ct, chest_film, fictional_patient, random_nodules

WHEN = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
SOURCE = Path(__file__).resolve().parents[3] / "src/alarp/demo/tools"


def film(number: int, *, sick: bool, diameter_mm=(8.0, 25.0), scanner: int | None = None):
    rng, patient = np.random.default_rng(number), fictional_patient(1000 + number)
    nodules = random_nodules(patient, rng, diameter_mm=diameter_mm) if sick else ()
    return chest_film(
        patient=patient,
        scanner=SCANNERS[number % 3 if scanner is None else scanner],
        nodules=nodules,
        when=WHEN,
        rng=rng,
        accession=f"F{number}",
    )


def ct(number: int):
    return abdomen_ct(
        patient=fictional_patient(2000 + number),
        scanner=SCANNERS[number % 3],
        when=WHEN,
        rng=np.random.default_rng(number),
        accession=f"C{number}",
    )


def real_film(name: str) -> Dataset:
    path = get_testdata_file(name, download=False)
    assert path, f"{name} is not in the pydicom-data package"
    return dcmread(path)


def test_nodules_score_higher_than_normal_films_on_every_scanner() -> None:
    scores = {
        (scanner, sick): [
            score_of(NoduleFlag().analyse(list(film(k, sick=sick, scanner=scanner).datasets)))
            for k in range(5)
        ]
        for scanner in range(3)
        for sick in (True, False)
    }
    sick = np.array([s for (_, is_sick), values in scores.items() if is_sick for s in values])
    well = np.array([s for (_, is_sick), values in scores.items() if not is_sick for s in values])
    auc = ((sick[:, None] > well) + 0.5 * (sick[:, None] == well)).mean()
    assert auc > 0.85
    assert (well >= 0.5).mean() <= 0.25
    assert (sick >= 0.5).mean() >= 0.6
    for scanner in range(3):
        assert np.median(scores[scanner, True]) > np.median(scores[scanner, False])


def test_a_large_nodule_is_flagged_and_circled_where_it_is() -> None:
    scan = film(3, sick=True, diameter_mm=(22.0, 24.0))
    (truth,) = scan.truth.nodules
    report = NoduleFlag().analyse(list(scan.datasets))
    assert decision_of(report) == "FLAGGED"
    spacing = float(scan.datasets[0].PixelSpacing[0])
    near = min(np.hypot(x - 0.5 - truth.column, y - 0.5 - truth.row) * spacing for x, y, _ in circles(report))
    assert near < truth.diameter_mm / 2


def test_the_real_chest_film_with_many_nodules_is_flagged() -> None:
    report = NoduleFlag().analyse([real_film("RG1_UNCR.dcm")])
    assert decision_of(report) == "FLAGGED"
    assert score_of(report) > 0.5
    assert len(circles(report)) >= 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [("RG3_UNCR.dcm", "NOT-CHEST"), ("CT_small.dcm", "NOT-A-FILM"), ("MR_small.dcm", "NOT-A-FILM")],
)
def test_what_is_no_chest_film_is_answered_with_the_reason_not_with_a_score(name: str, reason: str) -> None:
    report = NoduleFlag().analyse([real_film(name)])
    assert decision_of(report) == "NOT-ANALYSED"
    assert reason_of(report) == reason
    assert b"NODULE-SCORE" not in to_bytes(report)


def test_a_film_without_lungs_is_not_scored() -> None:
    dataset = film(1, sick=False).datasets[0]
    dataset.PixelData = np.full((dataset.Rows, dataset.Columns), 1000, np.uint16).tobytes()
    assert reason_of(NoduleFlag().analyse([dataset])) == "NO-LUNGS"


def test_pixels_that_do_not_decode_are_answered_with_the_reason() -> None:
    dataset = film(1, sick=False).datasets[0]
    dataset.PixelData = b"\x00\x01\x02\x03"
    assert reason_of(NoduleFlag().analyse([dataset])) == "NO-PIXELS"


def test_every_group_of_the_report_names_tool_version_and_source() -> None:
    scan = film(3, sick=True, diameter_mm=(22.0, 24.0))
    report = NoduleFlag().analyse(list(scan.datasets))
    groups = measurement_groups(report)
    assert len(groups) >= 2
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0]
    assert evidence.StudyInstanceUID == scan.datasets[0].StudyInstanceUID
    assert (
        evidence.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        == scan.datasets[0].SOPInstanceUID
    )
    for group in groups:
        words = [item.TextValue for item in group[0].ContentSequence if item.ValueType == "TEXT"]
        assert {"NoduleFlag", "2.1.0"} <= set(words)


@pytest.mark.parametrize("number", range(6))
def test_the_simulated_liver_is_contoured_on_every_scanner(number: int) -> None:
    scan = ct(number)
    result = LiverContour().analyse(list(scan.datasets))
    assert result.Modality == "RTSTRUCT"
    drawn, true = (mask_of(s, "liver", scan.datasets) for s in (result, scan.truth.structure_set))
    assert dice(drawn, true) > 0.90


@pytest.mark.shared
def test_the_real_liver_agrees_with_its_reference(shared: Path) -> None:
    folder = shared / "data/ct_abdomen_rtstruct"
    images = [dcmread(path) for path in sorted((folder / "ct").iterdir())]
    result = LiverContour().analyse(images)
    reference = dcmread(folder / "rtstruct_reference.dcm")
    assert dice(mask_of(result, "liver", images), mask_of(reference, "liver", images)) > 0.92


@pytest.mark.need("G14")
def test_the_structure_set_keeps_frame_of_reference_and_refers_to_every_slice() -> None:
    scan = ct(1)
    result = LiverContour().analyse(list(scan.datasets))
    frame = result.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    sent = {d.SOPInstanceUID for d in scan.datasets}
    assert frame.FrameOfReferenceUID == scan.datasets[0].FrameOfReferenceUID
    assert series.SeriesInstanceUID == scan.datasets[0].SeriesInstanceUID
    assert {i.ReferencedSOPInstanceUID for i in series.ContourImageSequence} == sent
    heights = {d.SOPInstanceUID: float(d.ImagePositionPatient[2]) for d in scan.datasets}
    for contour in result.ROIContourSequence[0].ContourSequence:
        at = heights[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        assert {float(v) for v in contour.ContourData[2::3]} == {at}
    assert (result.PatientID, result.StudyInstanceUID, result.AccessionNumber) == (
        scan.datasets[0].PatientID,
        scan.datasets[0].StudyInstanceUID,
        scan.datasets[0].AccessionNumber,
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda images: images[:3], "TOO-FEW-SLICES"),
        (lambda images: images[:10] + images[14:], "UNEVEN-SLICES"),
        (lambda images: [tilted(i) for i in images], "NOT-AXIAL-CT"),
        (lambda images: [emptied(i) for i in images], "NO-BODY"),
    ],
    ids=["three slices", "a gap", "tilted", "air"],
)
def test_a_ct_that_must_not_be_contoured_is_answered_with_the_reason(spoil, reason: str) -> None:
    report = LiverContour().analyse(spoil(list(ct(2).datasets)))
    assert report.Modality == "SR"
    assert reason_of(report) == reason


def tilted(image: Dataset) -> Dataset:
    image.ImageOrientationPatient = [1, 0, 0, 0, 0.94, -0.34]
    return image


def emptied(image: Dataset) -> Dataset:
    image.PixelData = bytes(len(image.PixelData))
    return image


@pytest.mark.parametrize("tool", [NoduleFlag, LiverContour])
def test_the_same_input_gives_the_same_bytes(tool) -> None:
    make = (lambda: film(5, sick=True)) if tool is NoduleFlag else (lambda: ct(0))
    one, again = (to_bytes(tool().analyse(list(make().datasets))) for _ in range(2))
    assert one == again


def test_the_tools_import_nothing_of_alarp_but_themselves() -> None:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert not name.startswith("alarp") or name.startswith("alarp.demo.tools"), path


def test_a_restart_does_not_take_up_studies_that_were_analysed_before(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.receive("1.2.3", "1.2.3.4", b"an object")
    (batch,) = spool.complete(quiet_s=0)
    spool.finish(batch, "result.dcm", b"a result")
    assert Spool(tmp_path).complete(quiet_s=0) == []
    spool.receive("1.2.3", "1.2.3.5", b"a late object")
    (late,) = Spool(tmp_path).complete(quiet_s=0)
    assert len(late.files) == 2 and len(late.fresh) == 1
