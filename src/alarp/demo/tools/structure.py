"""How are contours said in DICOM? As an RT Structure Set (PS3.3 A.19) that names every slice it used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from alarp.demo.tools.results import Maker, derived_uid, seed_of, start_result

RT_STRUCTURE_SET_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
DETACHED_STUDY_MANAGEMENT = "1.2.840.10008.3.1.2.3.1"


@dataclass(frozen=True, slots=True)
class Roi:
    """One organ: its name, its colour and its closed lines (n, 3), slice by slice."""

    name: str
    colour: tuple[int, int, int]
    contours: Sequence[tuple[Dataset, list[NDArray[np.float64]]]]


def structure_set(maker: Maker, slices: Sequence[Dataset], rois: Sequence[Roi]) -> Dataset:
    """Which structure set holds these organs on these slices?"""
    seed = seed_of(maker, slices)
    result = start_result(
        maker, slices[0], sop_class=RT_STRUCTURE_SET_STORAGE, modality="RTSTRUCT", seed=seed
    )
    result.SeriesNumber, result.InstanceNumber = 9002, 1
    result.SeriesDescription = f"{maker.name} {maker.version}"
    result.OperatorsName = ""
    result.StructureSetLabel = maker.name
    result.StructureSetDescription = f"Automatic contours by {maker.name} {maker.version}"
    result.StructureSetDate, result.StructureSetTime = result.ContentDate, result.ContentTime
    result.ApprovalStatus = "UNAPPROVED"
    frame = str(slices[0].FrameOfReferenceUID)
    result.FrameOfReferenceUID, result.PositionReferenceIndicator = frame, ""
    result.ReferencedFrameOfReferenceSequence = [referenced_frame(slices)]
    result.StructureSetROISequence = [named(k, roi, frame) for k, roi in enumerate(rois, 1)]
    result.ROIContourSequence = [drawn(k, roi) for k, roi in enumerate(rois, 1)]
    result.RTROIObservationsSequence = [observed(k) for k, _ in enumerate(rois, 1)]
    result.SpecificCharacterSet = slices[0].get("SpecificCharacterSet") or "ISO_IR 192"
    assert result.SOPInstanceUID == derived_uid("object", *seed)
    return result


def referenced(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def referenced_frame(slices: Sequence[Dataset]) -> Dataset:
    """The frame of reference, its study, its series and every slice."""
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = slices[0].SeriesInstanceUID
    series.ContourImageSequence = [referenced(image) for image in slices]
    study.ReferencedSOPClassUID = DETACHED_STUDY_MANAGEMENT
    study.ReferencedSOPInstanceUID = slices[0].StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame.FrameOfReferenceUID = slices[0].FrameOfReferenceUID
    frame.RTReferencedStudySequence = [study]
    return frame


def named(number: int, roi: Roi, frame: str) -> Dataset:
    item = Dataset()
    item.ROINumber, item.ROIName = number, roi.name
    item.ReferencedFrameOfReferenceUID = frame
    item.ROIGenerationAlgorithm = "AUTOMATIC"
    return item


def drawn(number: int, roi: Roi) -> Dataset:
    item = Dataset()
    item.ROIDisplayColor = list(roi.colour)
    item.ReferencedROINumber = number
    item.ContourSequence = [closed_line(line, image) for image, lines in roi.contours for line in lines]
    return item


def closed_line(line: NDArray[np.float64], image: Dataset) -> Dataset:
    item = Dataset()
    item.ContourImageSequence = [referenced(image)]
    item.ContourGeometricType = "CLOSED_PLANAR"
    item.NumberOfContourPoints = len(line)
    item.ContourData = [f"{value:.2f}" for value in line.ravel()]
    return item


def observed(number: int) -> Dataset:
    item = Dataset()
    item.ObservationNumber = item.ReferencedROINumber = number
    item.RTROIInterpretedType = "ORGAN"
    item.ROIInterpreter = ""
    return item
