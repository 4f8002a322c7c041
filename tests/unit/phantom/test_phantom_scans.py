"""Are the simulated scans valid DICOM, repeatable, and true to what they say they show?"""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import numpy as np
import pydicom
import pytest

from alarp.kernel import BadInput
from alarp.phantom import (
    SCANNERS,
    Nodule,
    abdomen_ct,
    chest_film,
    fictional_nhs_number,
    fictional_patient,
    qa_film,
    random_nodules,
)
from alarp.phantom.anatomy import abdomen_of
from alarp.phantom.patients import check_digit
from alarp.phantom.union import outlines, polygon_area_mm2

WHEN = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)


def film(scanner=SCANNERS[0], nodules=(), seed=1, patient=7, **more):
    return chest_film(
        patient=fictional_patient(patient),
        scanner=scanner,
        nodules=nodules,
        when=WHEN,
        rng=np.random.default_rng(seed),
        accession="ACC0001",
        **more,
    )


def ct(scanner=SCANNERS[0], seed=1, patient=7, **more):
    return abdomen_ct(
        patient=fictional_patient(patient),
        scanner=scanner,
        when=WHEN,
        rng=np.random.default_rng(seed),
        accession="ACC0002",
        **{"slices": 8, "spacing_mm": 15.0, "matrix": 128, **more},
    )


def as_file(dataset: pydicom.Dataset) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


COMMON = "PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyDate StudyTime StudyID AccessionNumber ReferringPhysicianName Modality SeriesInstanceUID SeriesNumber Manufacturer SOPClassUID SOPInstanceUID InstanceNumber"
PIXELS = "SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation PixelData ImageType"
OF_KIND = {
    "CR": "BodyPartExamined ViewPosition PatientOrientation PixelSpacing PixelIntensityRelationshipSign Laterality",
    "CT": "FrameOfReferenceUID ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness RescaleSlope RescaleIntercept KVP AcquisitionNumber PositionReferenceIndicator PatientPosition",
}


@pytest.mark.parametrize("scanner", SCANNERS, ids=lambda s: s.station)
@pytest.mark.parametrize("make", [film, ct], ids=["film", "ct"])
def test_every_object_reads_back_with_all_that_its_iod_requires(make, scanner) -> None:
    for dataset in make(scanner=scanner).datasets:
        read = pydicom.dcmread(io.BytesIO(as_file(dataset)))
        for keyword in f"{COMMON} {PIXELS} {OF_KIND[dataset.Modality]}".split():
            assert keyword in read, keyword
        assert read.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
        assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID
        assert read.SOPInstanceUID.startswith("2.25.")
        assert len(read.SOPInstanceUID) <= 64
        assert read.pixel_array.shape == (read.Rows, read.Columns)
        assert "simulated" in read.ManufacturerModelName


@pytest.mark.parametrize("make", [film, ct], ids=["film", "ct"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_pixels(make) -> None:
    first, again, other = make(), make(), make(seed=2)
    assert [as_file(d) for d in first.datasets] == [as_file(d) for d in again.datasets]
    assert first.datasets[0].PixelData != other.datasets[0].PixelData
    assert first.datasets[0].SOPInstanceUID == other.datasets[0].SOPInstanceUID


def test_patients_differ_in_anatomy_and_keep_their_own() -> None:
    one, other = abdomen_of(fictional_patient(1)), abdomen_of(fictional_patient(2))
    assert one.liver != other.liver
    assert one == abdomen_of(fictional_patient(1))


@pytest.mark.need("G10")
def test_three_manufacturers_are_named_in_the_headers() -> None:
    assert len({film(scanner=s, pixels=64).datasets[0].Manufacturer for s in SCANNERS}) == 3


def test_a_nodule_stands_on_the_film_where_the_truth_says() -> None:
    nodules = random_nodules(fictional_patient(7), np.random.default_rng(3), count=1, diameter_mm=(20, 20))
    with_it, without = film(nodules=nodules, dose=500.0), film(dose=500.0)
    change = with_it.datasets[0].pixel_array.astype(int) - without.datasets[0].pixel_array.astype(int)
    (truth,) = with_it.truth.nodules
    rows, columns = np.nonzero(change > 0.5 * change.max())
    assert columns.mean() == pytest.approx(truth.column, abs=1.5)
    assert rows.mean() == pytest.approx(truth.row, abs=1.5)
    assert with_it.truth.positive
    assert not without.truth.positive


def test_a_monochrome1_film_is_the_negative_of_a_monochrome2_one() -> None:
    positive, negative = film(scanner=SCANNERS[0]).datasets[0], film(scanner=SCANNERS[2]).datasets[0]
    middle = (slice(900, 1000), slice(480, 540))  # abdomen: dense, so bright on a viewer
    assert positive.PhotometricInterpretation == "MONOCHROME2"
    assert positive.pixel_array[middle].mean() > positive.pixel_array[:20, :20].mean()
    assert negative.PhotometricInterpretation == "MONOCHROME1"
    assert negative.pixel_array[middle].mean() < negative.pixel_array[:20, :20].mean()


def test_nodules_that_cannot_fit_are_refused_in_one_sentence() -> None:
    with pytest.raises(BadInput, match="Ask for fewer or smaller"):
        random_nodules(fictional_patient(1), np.random.default_rng(0), count=1, diameter_mm=(300, 300))


def test_the_voxelised_liver_fills_its_analytic_volume() -> None:
    scan = ct(slices=70, spacing_mm=2.5, matrix=160, dose=1e6)
    pixel_mm = float(scan.datasets[0].PixelSpacing[0])
    areas = {}
    for contour in scan.truth.structure_set.ROIContourSequence[0].ContourSequence:
        polygon = np.array(contour.ContourData, float).reshape(-1, 3)
        areas[polygon[0, 2]] = areas.get(polygon[0, 2], 0.0) + polygon_area_mm2(polygon[:, :2])
    assert sum(areas.values()) * 2.5 / 1000 == pytest.approx(scan.truth.liver_volume_ml, rel=0.01)
    slice_at = scan.datasets[20]
    level = abdomen_of(fictional_patient(7)).liver_hu
    hu = slice_at.pixel_array.astype(float) - 1024
    z = float(slice_at.ImagePositionPatient[2])
    (outline,) = outlines(abdomen_of(fictional_patient(7)).liver, z)
    middle = (outline.mean(axis=0) - float(slice_at.ImagePositionPatient[0])) / pixel_mm
    column, row = (round(v) for v in middle)
    assert np.median(hu[row - 5 : row + 6, column - 5 : column + 6]) == pytest.approx(level, abs=4)


@pytest.mark.need("G14")
def test_the_true_structure_set_refers_to_every_image_and_its_frame_of_reference() -> None:
    scan = ct()
    truth = scan.truth.structure_set
    frame = truth.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert frame.FrameOfReferenceUID == scan.datasets[0].FrameOfReferenceUID
    assert [i.ReferencedSOPInstanceUID for i in series.ContourImageSequence] == [
        d.SOPInstanceUID for d in scan.datasets
    ]
    heights = {d.SOPInstanceUID: float(d.ImagePositionPatient[2]) for d in scan.datasets}
    for contour in truth.ROIContourSequence[0].ContourSequence:
        at = heights[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
        assert contour.ContourGeometricType == "CLOSED_PLANAR"
        assert {float(v) for v in contour.ContourData[2::3]} == {at}
        assert contour.NumberOfContourPoints * 3 == len(contour.ContourData)
    assert truth.StudyInstanceUID == scan.datasets[0].StudyInstanceUID
    assert truth.StructureSetROISequence[0].ROIName == "Liver"


def test_the_quality_assurance_film_looks_like_a_chest_to_all_but_its_patient_id() -> None:
    dataset = qa_film(scanner=SCANNERS[1], when=WHEN, rng=np.random.default_rng(1), accession="QA1").datasets[
        0
    ]
    assert (dataset.Modality, dataset.BodyPartExamined) == ("CR", "CHEST")
    assert dataset.PatientID.startswith("QC")
    assert dataset.QualityControlImage == "YES"


def test_nhs_numbers_are_of_the_test_range_valid_and_never_given_twice() -> None:
    numbers = [fictional_nhs_number(k) for k in range(2000)]
    assert len(set(numbers)) == 2000
    for number in numbers:
        assert number.startswith("999")
        assert len(number) == 10
        assert check_digit(number[:9]) == int(number[9])


def test_the_check_digit_agrees_with_the_published_example() -> None:
    assert check_digit("943476591") == 9  # NHS Data Dictionary's example 943 476 5919


def test_age_counts_completed_years() -> None:
    patient = fictional_patient(3)
    born = patient.birth_date
    birthday = date(born.year + 50, born.month, born.day)
    assert patient.age_years(birthday) == 50
    assert patient.age_years(date.fromordinal(birthday.toordinal() - 1)) == 49


def test_a_nodule_is_what_it_was_asked_to_be() -> None:
    nodule = Nodule((-70.0, 0.0, 100.0), 12.0)
    (shown,) = film(nodules=(nodule,), pixels=256).truth.nodules
    assert shown.diameter_mm == 12.0
    assert shown.contrast == pytest.approx(0.015 * 12)
