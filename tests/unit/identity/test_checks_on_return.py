"""Is a result made as a result of AI should be made? Each check of the data, failed by one change to a good object."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from dicom_makers import as_bytes, image, structure_set
from highdicom import sr
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian

from alarp.identity import SentStudy, shortcomings
from alarp.identity.returning import QUARANTINE
from alarp.kernel import BadInput
from alarp.phantom import SCANNERS, abdomen_ct, fictional_patient
from alarp.standards.air import load_return_checks, read_return_checks

CHECKS = load_return_checks()
SLICES = list(
    abdomen_ct(
        patient=fictional_patient(1),
        scanner=SCANNERS[0],
        when=datetime(2026, 1, 5, 10, tzinfo=UTC),
        rng=np.random.default_rng(1),
        accession="A1",
        slices=3,
        matrix=32,
    ).datasets
)
SENT = SentStudy(
    SLICES[0].PatientID,
    SLICES[0].AccessionNumber,
    SLICES[0].StudyInstanceUID,
    frozenset({SLICES[0].SeriesInstanceUID}),
    frozenset(one.SOPInstanceUID for one in SLICES),
    frozenset({SLICES[0].FrameOfReferenceUID}),
)
ALGORITHM = sr.AlgorithmIdentification(name="Reader", version="1.0")


def described(made: Dataset) -> Dataset:
    """With the algorithm among the contributing equipment, and equipment and series named."""
    made.Manufacturer, made.ManufacturerModelName, made.SoftwareVersions = "Maker", "Reader", "1.0"
    made.SeriesNumber = 9
    item = Dataset()
    item.Manufacturer, item.ManufacturerModelName, item.SoftwareVersions = "Maker", "Reader", "1.0"
    item.DeviceUID = "2.25.5"
    made.ContributingEquipmentSequence = [item]
    return made


def report() -> Dataset:
    group = sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=hd.UID(), identifier="one"),
        algorithm_id=ALGORITHM,
        measurements=[sr.Measurement(Code("S", "99T", "Score"), 0.5, Code("1", "UCUM", "no units"))],
        source_images=[sr.SourceImageForMeasurementGroup.from_source_image(SLICES[0])],
    )
    observer = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(uid=hd.UID()),
    )
    content = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=observer),
        procedure_reported=Code("363679005", "SCT", "Imaging procedure"),
        imaging_measurements=[group],
    )
    made = sr.Comprehensive3DSR(
        evidence=SLICES,
        content=content,
        series_instance_uid=hd.UID(),
        series_number=9,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="Maker",
        is_complete=True,
    )
    return described(made)


def segmentation() -> Dataset:
    what = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Liver",
        segmented_property_category=codes.SCT.Organ,
        segmented_property_type=codes.SCT.Liver,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="Reader", version="1.0", family=codes.DCM.ArtificialIntelligence
        ),
    )
    made = hd.seg.Segmentation(
        source_images=SLICES,
        pixel_array=np.ones((3, 32, 32), np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[what],
        series_instance_uid=hd.UID(),
        series_number=9,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="Maker",
        manufacturer_model_name="Reader",
        software_versions="1.0",
        device_serial_number="1",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    return described(made)


def structures() -> Dataset:
    made = structure_set(image(), [SLICES[0].SOPInstanceUID])
    roi = Dataset()
    roi.ROINumber, roi.ROIName, roi.ROIGenerationAlgorithm = 1, "Liver", "AUTOMATIC"
    made.StructureSetROISequence = [roi]
    made.ApprovalStatus = "UNAPPROVED"
    made.Modality, made.SeriesInstanceUID = "RTSTRUCT", hd.UID()
    return described(made)


MAKERS: dict[str, Callable[[], Dataset]] = {
    "report": report,
    "segmentation": segmentation,
    "structures": structures,
}


def group_of(made: Dataset) -> Dataset:
    (container,) = [
        one for one in made.ContentSequence if one.ConceptNameCodeSequence[0].CodeValue == "126010"
    ]
    group: Dataset = container.ContentSequence[0]
    return group


def without(*values: str) -> Callable[[Dataset], None]:
    """Take the items of these concepts out of the measurement group."""

    def change(made: Dataset) -> None:
        group = group_of(made)
        group.ContentSequence = [
            one for one in group.ContentSequence if one.ConceptNameCodeSequence[0].CodeValue not in values
        ]

    return change


def setting(**values: Any) -> Callable[[Dataset], None]:
    def change(made: Dataset) -> None:
        for name, value in values.items():
            setattr(made, name, value)

    return change


def of_first(sequence: str, **values: Any) -> Callable[[Dataset], None]:
    return lambda made: setting(**values)(made[sequence].value[0])


def another_root(made: Dataset) -> None:
    made.ConceptNameCodeSequence[0].CodeValue = "18748-4"
    made.ConceptNameCodeSequence[0].CodingSchemeDesignator = "LN"


@pytest.mark.parametrize("kind", MAKERS)
def test_a_result_that_is_made_as_it_should_be_falls_short_of_nothing(kind: str) -> None:
    assert shortcomings(as_bytes(MAKERS[kind]()), SENT, CHECKS.checks) == ()


CHANGES: list[tuple[str, str, Callable[[Dataset], None]]] = [
    ("series-of-its-own", "report", setting(SeriesInstanceUID=SLICES[0].SeriesInstanceUID)),
    ("series", "segmentation", setting(SeriesNumber=None)),
    ("equipment", "structures", setting(SoftwareVersions="")),
    ("contributing-equipment", "report", of_first("ContributingEquipmentSequence", DeviceUID="")),
    ("root-template", "report", another_root),
    ("algorithm-of-measurements", "report", without("111003")),
    ("tracking", "report", without("112040")),
    ("says-something", "report", without("S")),
    ("completion", "report", setting(CompletionFlag="PARTIAL")),
    ("verification", "report", setting(VerificationFlag="VERIFIED")),
    ("evidence", "report", setting(CurrentRequestedProcedureEvidenceSequence=[])),
    ("algorithm-of-segments", "segmentation", of_first("SegmentSequence", SegmentAlgorithmType="MANUAL")),
    ("algorithm-of-structures", "structures", of_first("StructureSetROISequence", ROIGenerationAlgorithm="")),
    ("approval", "structures", setting(ApprovalStatus="APPROVED")),
]


@pytest.mark.parametrize(("check", "kind", "change"), CHANGES, ids=[c[0] for c in CHANGES])
def test_each_check_finds_its_own_fault_and_no_other(
    check: str, kind: str, change: Callable[[Dataset], None]
) -> None:
    made = MAKERS[kind]()
    change(made)
    found = shortcomings(as_bytes(made), SENT, CHECKS.checks)
    # a report that says nothing says its procedure and language all the same
    assert {one.check.id for one in found} == {check}
    assert all(one.found and one.check.source for one in found)


def test_every_check_of_the_data_has_a_fault_above_and_only_claims_of_a_person_or_of_a_scanner_keep_out() -> (
    None
):
    assert {c[0] for c in CHANGES} == {check.id for check in CHECKS.checks}
    kept_out = {check.id for check in CHECKS.checks if check.effect == QUARANTINE}
    assert kept_out == {"series-of-its-own", "verification", "approval"}


def test_a_real_report_and_a_real_segmentation_are_told_what_they_leave_out(shared: Path) -> None:
    folder = shared / "data" / "seg_sr" / "tid1500_qin_headneck"
    folder = folder if folder.is_dir() else shared / "seg_sr" / "tid1500_qin_headneck"
    found = {
        name: {
            one.check.id for one in shortcomings((folder / f"{name}.dcm").read_bytes(), SENT, CHECKS.checks)
        }
        for name in ("sr", "seg")
    }
    assert found["sr"] == {"equipment", "contributing-equipment", "algorithm-of-measurements", "completion"}
    assert found["seg"] == {"contributing-equipment", "algorithm-of-segments"}  # drawn by hand, and says so
    assert str(dcmread(folder / "sr.dcm").CompletionFlag) == "PARTIAL"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"id": "made-up"}, "Nobody can judge"),
        ({"effect": "ignore"}, "none of quarantine, warn"),
        ({"kind": "picture"}, "none of any"),
        ({"colour": "red"}, "correct"),
    ],
)
def test_a_check_that_nobody_can_judge_or_of_another_word_is_refused(
    change: dict[str, str], sentence: str
) -> None:
    row = {
        "id": "completion",
        "kind": "report",
        "effect": "warn",
        "asks": "a",
        "why": "b",
        "source": "c",
    } | change
    table = {"version": "t", "title": "t", "by_the_match": [], "checks": [row]}
    with pytest.raises(BadInput, match=sentence):
        read_return_checks(table, where="t.yaml")
    with pytest.raises(BadInput, match="says nothing of"):
        read_return_checks(table | {"checks": []}, where="t.yaml")
