"""How is the true outline of an organ written down? As an RT Structure Set (PS3.3 A.19)."""

from __future__ import annotations

from collections.abc import Callable

from pydicom import Dataset

from alarp.phantom.dicom import Visit, new_object
from alarp.phantom.union import Polygon

RT_STRUCTURE_SET_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
STUDY_MANAGEMENT_RETIRED = "1.2.840.10008.3.1.2.3.1"
Outlines = Callable[[float], list[Polygon]]
"""Which closed polygons bound an organ in the plane at this height (mm)?"""
COLOURS = ([200, 120, 60], [60, 160, 200], [120, 200, 80])


def structure_set(visit: Visit, images: tuple[Dataset, ...], rois: dict[str, Outlines]) -> Dataset:
    """Which structure set holds the analytic outline of these organs on every one of the images?"""
    dataset = new_object(
        visit, sop_class=RT_STRUCTURE_SET_STORAGE, modality="RTSTRUCT", purpose="true structure set"
    )
    dataset.SeriesInstanceUID = visit.uid("true structure series")
    dataset.SeriesNumber, dataset.InstanceNumber = 90, 1
    dataset.SeriesDescription = "Analytic truth (simulated)"
    dataset.OperatorsName = ""
    dataset.StructureSetLabel = "TRUTH"
    dataset.StructureSetDate, dataset.StructureSetTime = dataset.StudyDate, dataset.StudyTime
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.FrameOfReferenceUID = images[0].FrameOfReferenceUID
    dataset.PositionReferenceIndicator = ""
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(images)]
    dataset.StructureSetROISequence = []
    dataset.ROIContourSequence = []
    dataset.RTROIObservationsSequence = []
    for number, (name, bounds) in enumerate(rois.items(), start=1):
        _add_roi(dataset, number, name, bounds, images)
    return dataset


def _reference(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = image.SOPClassUID
    item.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return item


def _frame_of_reference(images: tuple[Dataset, ...]) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = images[0].SeriesInstanceUID
    series.ContourImageSequence = [_reference(image) for image in images]
    study = Dataset()
    study.ReferencedSOPClassUID = STUDY_MANAGEMENT_RETIRED
    study.ReferencedSOPInstanceUID = images[0].StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID = images[0].FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    return frame


def _add_roi(dataset: Dataset, number: int, name: str, bounds: Outlines, images: tuple[Dataset, ...]) -> None:
    roi = Dataset()
    roi.ROINumber, roi.ROIName = number, name
    roi.ReferencedFrameOfReferenceUID = images[0].FrameOfReferenceUID
    roi.ROIGenerationAlgorithm = "AUTOMATIC"
    roi.ROIGenerationDescription = "Analytic shape"
    dataset.StructureSetROISequence.append(roi)

    contours = Dataset()
    contours.ROIDisplayColor = COLOURS[(number - 1) % len(COLOURS)]
    contours.ReferencedROINumber = number
    contours.ContourSequence = [
        _contour(polygon, image)
        for image in images
        for polygon in bounds(float(image.ImagePositionPatient[2]))
    ]
    dataset.ROIContourSequence.append(contours)

    observation = Dataset()
    observation.ObservationNumber = observation.ReferencedROINumber = number
    observation.RTROIInterpretedType = "ORGAN"
    observation.ROIInterpreter = ""
    dataset.RTROIObservationsSequence.append(observation)


def _contour(polygon: Polygon, image: Dataset) -> Dataset:
    z = image.ImagePositionPatient[2]
    contour = Dataset()
    contour.ContourImageSequence = [_reference(image)]
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(polygon)
    contour.ContourData = [value for x, y in polygon for value in (f"{x:.3f}", f"{y:.3f}", f"{z}")]
    return contour
