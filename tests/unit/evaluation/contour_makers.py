"""Series headers and RT structure sets made of a few polygons."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid

from alarp.evaluation import contouring

SERIES, FRAME = "1.2.826.0.1.3680043.10.1.1", "1.2.826.0.1.3680043.10.1.2"
SPACING = (3.0, 1.0, 1.0)


def headers(
    slices=8, *, size=40, step=SPACING[0], spacing=(1.0, 1.0), orientation=(1, 0, 0, 0, 1, 0), series=SERIES
):
    normal = np.cross(orientation[:3], orientation[3:])
    made = []
    for k in range(slices):
        image = Dataset()
        image.SOPClassUID, image.SOPInstanceUID, image.Modality = (
            CTImageStorage,
            generate_uid(entropy_srcs=[series, str(k)]),
            "CT",
        )
        image.SeriesInstanceUID, image.FrameOfReferenceUID = series, FRAME
        image.Rows = image.Columns = size
        image.ImageOrientationPatient = list(orientation)
        image.ImagePositionPatient = [float(v) for v in normal * k * step]
        image.PixelSpacing = list(spacing)
        made.append(image)
    return made


def square(low, high, *, z, across=None):
    """The corners of a square from `low` to `high` (mm, x and y) in the plane z; `across` overrides x."""
    left, right = across or (low, high)
    return [(left, low, z), (right, low, z), (right, high, z), (left, high, z)]


def rtstruct(structures, *, series=SERIES, frame=FRAME, kind="CLOSED_PLANAR"):
    """A structure set: name -> list of polygons of (x, y, z) in mm."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = (
        RTStructureSetStorage,
        generate_uid(entropy_srcs=["rt"]),
        "RTSTRUCT",
    )
    reference, study, item = Dataset(), Dataset(), Dataset()
    item.SeriesInstanceUID = series
    study.RTReferencedSeriesSequence = [item]
    reference.FrameOfReferenceUID, reference.RTReferencedStudySequence = frame, [study]
    made.ReferencedFrameOfReferenceSequence = [reference]
    made.StructureSetROISequence, made.ROIContourSequence = [], []
    for number, (name, polygons) in enumerate(structures.items(), start=1):
        roi, outlines = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, name, frame
        outlines.ReferencedROINumber, outlines.ContourSequence = number, []
        for polygon in polygons:
            contour = Dataset()
            contour.ContourGeometricType = kind
            contour.NumberOfContourPoints = len(polygon)
            contour.ContourData = [f"{v:.3f}" for point in polygon for v in point]
            outlines.ContourSequence.append(contour)
        made.StructureSetROISequence.append(roi)
        made.ROIContourSequence.append(outlines)
    return made


def block(low=10.2, high=20.2, *, slices=(2, 3, 4), step=SPACING[0], shift=0.0):
    """A block of squares on some slices."""
    return [square(low, high, z=k * step, across=(low + shift, high + shift)) for k in slices]


def write(dataset, path):
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)
    return path


PROTOCOL = {
    "title": "Liver contours", "version": 1, "kind": "contouring", "product": {"name": "LiverContour", "version": "1.0"},
    "cases": "cases.csv", "images": "ct", "tolerance_mm": 2, "reference_standard": "one oncologist, reviewed by a second",
}  # fmt: skip


def protocol(**changes):
    return contouring.parse(PROTOCOL | changes)


def enrolled(case="c1", *, patient=None, output="o.dcm", reference="r.dcm", declared=None):
    return contouring.Enrolled(case, patient or case, "ct", reference, output, declared, {})


def evaluate(plan, pairs, names):
    """Summarise (reference, output) pairs of structure dictionaries; None is a file that is not there."""
    grid = contouring.grid_from_headers("c", headers())
    results = []
    for number, (reference, output) in enumerate(pairs):
        sets = [
            None if content is None else contouring.structure_set(f"c{number}", role, rtstruct(content), grid)
            for role, content in (("reference", reference), ("output", output))
        ]
        results.append(contouring.evaluate_case(plan, enrolled(f"c{number}"), names, grid, *sets))
    return contouring.summarise(plan, results)
