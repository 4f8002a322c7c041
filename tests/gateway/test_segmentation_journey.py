"""A segmentation, made with highdicom on what the tool was sent, goes back under the original study."""

from __future__ import annotations

from datetime import UTC, datetime

import highdicom as hd
import numpy as np
import pytest
from faketool import deliver
from pictures import whole
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian
from test_journey import Hospital, hospital  # noqa: F401  the hospital with Orthanc as its PACS

from alarp.phantom import SCANNERS, abdomen_ct, fictional_patient

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def scan() -> list[Dataset]:
    """A small CT with a whole geometry, entered as the hospital's route takes it."""
    made = abdomen_ct(
        patient=fictional_patient(77),
        scanner=SCANNERS[0],
        when=datetime(2026, 1, 5, 10, 15, tzinfo=UTC),
        rng=np.random.default_rng(77),
        accession="SEG77",
        slices=4,
        matrix=64,
    )
    for one in made.datasets:
        one.BodyPartExamined = "CHEST"
    return list(made.datasets)


def segmentation(images: list[Dataset]) -> Dataset:
    """A block in the middle of the CT, under the names that the images carry at the tool."""
    images = whole(sorted(images, key=lambda one: float(one.ImagePositionPatient[2])))
    mask = np.zeros((len(images), images[0].Rows, images[0].Columns), np.uint8)
    mask[:, 20:40, 20:40] = 1
    what = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Liver",
        segmented_property_category=codes.SCT.Organ,
        segmented_property_type=codes.SCT.Liver,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name="Block", version="1.0", family=codes.DCM.ArtificialIntelligence
        ),
    )
    return hd.seg.Segmentation(
        source_images=images,
        pixel_array=mask,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[what],
        series_instance_uid=hd.UID(),
        series_number=9,
        sop_instance_uid=hd.UID(),
        instance_number=1,
        manufacturer="Fake tool",
        manufacturer_model_name="Block",
        software_versions="1.0",  # the approved one
        device_serial_number="1",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )


@pytest.mark.need("G02", "G11", "G14")
def test_a_segmentation_is_filed_under_the_original_study_in_the_original_frame_of_reference(
    hospital: Hospital,  # noqa: F811
) -> None:
    images = scan()
    study = hospital.send(images)
    assert hospital.results(study) == ["filed"]  # the structured report of the hospital's own tool
    made = segmentation(hospital.at_the_tool(study))
    assert str(images[0].StudyInstanceUID) != str(made.StudyInstanceUID)
    assert deliver([made], hospital.house.port, "READER") == [0]
    assert hospital.results(study, 2) == ["filed", "filed"]
    (filed,) = [one for one in hospital.pacs.instances(study) if one["Modality"] == "SEG"]
    assert filed["SOPClassUID"] == SEGMENTATION
    assert filed["PatientID"] == images[0].PatientID
    assert filed["AccessionNumber"] == images[0].AccessionNumber
    assert filed["FrameOfReferenceUID"] == images[0].FrameOfReferenceUID
    references = filed["ReferencedSeriesSequence"][0]
    assert references["SeriesInstanceUID"] == images[0].SeriesInstanceUID
    assert {r["ReferencedSOPInstanceUID"] for r in references["ReferencedInstanceSequence"]} == {
        one.SOPInstanceUID for one in images
    }


@pytest.mark.need("G02", "G14")
def test_a_segmentation_in_another_frame_of_reference_is_quarantined(hospital: Hospital) -> None:  # noqa: F811
    images = scan()
    for one in images:
        one.StudyInstanceUID = one.StudyInstanceUID[:-3] + "111"
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID[:-3] + "111"
    study = hospital.send(images)
    assert hospital.results(study) == ["filed"]
    made = segmentation(hospital.at_the_tool(study))
    made.FrameOfReferenceUID = hd.UID()
    assert deliver([made], hospital.house.port, "READER") == [0]
    name = str(made.SOPInstanceUID)
    hospital.house.until(f"Quarantine.objects.filter(instance__sop_uid={name!r}).count()", 1)
    assert not [one for one in hospital.pacs.instances(study) if one["Modality"] == "SEG"]
