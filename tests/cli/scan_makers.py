"""One small scan and its outlines in every form: a CT series, label maps, a DICOM SEG, a structure set, a dose."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pack_bits
from pydicom.uid import RTDoseStorage, SegmentationStorage, generate_uid

from alarp.cli import scans
from alarp.evaluation import contouring, read_csv
from alarp.kernel import BadInput
from unit.evaluation.contour_makers import FRAME, SERIES, headers, rtstruct, write

SHAPE, SPACING = (8, 40, 40), (3.0, 1.0, 1.0)
AFFINE = np.diag([-1.0, -1.0, 3.0, 1.0])  # NIfTI counts to the right and forwards
PLAN = {
    "title": "Liver contours", "version": 1, "kind": "contouring", "cases": "cases.csv", "tolerance_mm": 2,
    "reference_standard": "one oncologist, reviewed by a second", "labels": {1: "liver", 2: "spleen"},
}  # fmt: skip


def blank():
    return np.zeros(SHAPE, dtype=np.uint8)


def block(value=1, *, shift=0, low=11, high=21, slices=slice(2, 5), into=None):
    """Label `value` in a block of voxels (slice, row, column); `shift` moves it along the columns."""
    made = blank() if into is None else into
    made[slices, low:high, low + shift : high + shift] = value
    return made


def nifti(path, labels, *, affine=AFFINE, dtype=np.uint8):
    nibabel.save(nibabel.Nifti1Image(np.transpose(labels, (2, 1, 0)).astype(dtype), affine), path)
    return path.name


def series(folder, name="ct"):
    (folder / name).mkdir()
    for number, image in enumerate(headers(SHAPE[0])):
        image.BitsAllocated = image.BitsStored = 16
        image.HighBit, image.PixelRepresentation, image.SamplesPerPixel = 15, 0, 1
        image.PhotometricInterpretation, image.RescaleSlope, image.RescaleIntercept = "MONOCHROME2", 1, -1000
        image.PixelData = (np.add.outer(np.arange(40), np.arange(40)) * 10).astype("<u2").tobytes()
        write(image, folder / name / f"{number}.dcm")
    return name


def structure_set(path, structures):
    write(rtstruct(structures), path)
    return path.name


def seg(path, masks, *, kind="BINARY", frame=FRAME, keep_empty=False, spoil=lambda made: None):
    """A SEG with one segment a name; only slices that hold the segment are frames, unless `keep_empty`."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = (
        SegmentationStorage,
        generate_uid(entropy_srcs=["seg"]),
        "SEG",
    )
    made.FrameOfReferenceUID, made.SegmentationType = frame, kind
    made.Rows, made.Columns, made.SamplesPerPixel, made.PhotometricInterpretation = 40, 40, 1, "MONOCHROME2"
    bits = 1 if kind == "BINARY" else 8
    made.BitsAllocated = made.BitsStored = bits
    made.HighBit, made.PixelRepresentation, made.MaximumFractionalValue = bits - 1, 0, 200
    shared, orientation, spacing = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    spacing.PixelSpacing, spacing.SpacingBetweenSlices, spacing.SliceThickness = [1, 1], 3, 3
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [orientation], [spacing]
    made.SharedFunctionalGroupsSequence, made.PerFrameFunctionalGroupsSequence, made.SegmentSequence = (
        [shared],
        [],
        [],
    )
    frames = []
    for number, (name, mask) in enumerate(masks.items(), start=1):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel = number, name
        made.SegmentSequence.append(segment)
        for plane in range(SHAPE[0]):
            if not keep_empty and not mask[plane].any():
                continue
            group, position, identity = Dataset(), Dataset(), Dataset()
            position.ImagePositionPatient = [0.0, 0.0, plane * 3.0]
            identity.ReferencedSegmentNumber = number
            group.PlanePositionSequence, group.SegmentIdentificationSequence = [position], [identity]
            made.PerFrameFunctionalGroupsSequence.append(group)
            frames.append(mask[plane])
    stack = np.stack(frames)
    made.NumberOfFrames = len(frames)
    made.PixelData = pack_bits((stack != 0).ravel()) if bits == 1 else stack.astype(np.uint8).tobytes()
    spoil(made)
    write(made, path)
    return path.name


def dose(path, gray_at, *, units="GY", frame=FRAME):
    """A dose on 5 mm points that reach beyond the images; `gray_at(x, y, z)` in mm."""
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.Modality = (
        RTDoseStorage,
        generate_uid(entropy_srcs=["dose"]),
        "RTDOSE",
    )
    made.FrameOfReferenceUID, made.DoseUnits, made.DoseGridScaling = frame, units, 0.001
    made.ImagePositionPatient, made.ImageOrientationPatient = [-5, -5, -5], [1, 0, 0, 0, 1, 0]
    made.PixelSpacing, made.GridFrameOffsetVector = [5, 5], [5.0 * k for k in range(7)]
    made.Rows = made.Columns = 11
    made.NumberOfFrames, made.SamplesPerPixel, made.PhotometricInterpretation = 7, 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 32
    made.HighBit, made.PixelRepresentation = 31, 0
    z, y, x = np.meshgrid(*(np.arange(n) * 5.0 - 5 for n in (7, 11, 11)), indexing="ij")
    made.PixelData = np.rint(gray_at(x, y, z) * 1000).astype("<u4").tobytes()
    write(made, path)
    return path.name


def read(folder, rows, *, tables=None, **changes):
    """The case results of a cases table: `rows` of text under its header."""
    values = {k: v for k, v in (PLAN | changes).items() if v is not None}
    plan = contouring.parse(values)
    enrolled = contouring.parse_cases(plan, read_csv(rows, name="cases.csv"))
    asked = contouring.asking(plan, scans.structure_names(plan, enrolled, folder))
    return asked, [scans.read_and_compare(asked, case, folder)[0] for case in enrolled]


def found(folder, rows, *, tables=None, **changes):
    asked, results = read(folder, rows, **changes)
    return scans.conclude(asked, results, tables or {}, folder)


def rows_of(findings):
    return {(m.measure, m.subgroup): m for m in findings.measures}


__all__ = [
    "FRAME", "SERIES", "blank", "block", "dose", "found", "nifti", "read", "rows_of", "seg", "series", "structure_set",
]  # fmt: skip


ONE = "case,reference,output\na,r.nii.gz,o.nii.gz\n"


def pair(folder, reference, output, **options):
    nifti(folder / "r.nii.gz", reference)
    nifti(folder / "o.nii.gz", output, **options)
    return folder


def refused(folder, rows=ONE, **changes):
    with pytest.raises(BadInput) as said:
        found(folder, rows, **changes)
    assert str(said.value).count("\n") == 0
    return str(said.value)
