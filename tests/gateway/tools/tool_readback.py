"""What does a tool's answer say? Read with the libraries a hospital would use, not with the tool's own code."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom as hd
import numpy as np
from PIL import Image, ImageDraw
from pydicom import Dataset


def measurement_groups(report: Dataset) -> list[Dataset]:
    sr = hd.sr.ComprehensiveSR.from_dataset(report)
    return [
        *sr.content.get_image_measurement_groups(),
        *sr.content.get_planar_roi_measurement_groups(),
    ]


def score_of(report: Dataset) -> float:
    sr = hd.sr.ComprehensiveSR.from_dataset(report)
    (film,) = sr.content.get_image_measurement_groups()
    return float(next(m.value for m in film.get_measurements() if m.name.value == "NODULE-SCORE"))


def decision_of(report: Dataset) -> str:
    return said(report, "DECISION")


def reason_of(report: Dataset) -> str:
    return said(report, "REASON")


def said(report: Dataset, what: str) -> str:
    sr = hd.sr.ComprehensiveSR.from_dataset(report)
    (film,) = sr.content.get_image_measurement_groups()
    return str(next(e.value.value for e in film.get_qualitative_evaluations() if e.name.value == what))


def circles(report: Dataset) -> list[tuple[float, float, float]]:
    """Column, row and radius of every finding."""
    sr = hd.sr.ComprehensiveSR.from_dataset(report)
    found = []
    for group in sr.content.get_planar_roi_measurement_groups():
        (x, y), (rim, _) = group.roi.value
        found.append((float(x), float(y), float(rim - x)))
    return found


def mask_of(structures: Dataset, name: str, images: Sequence[Dataset]) -> np.ndarray:
    """The voxels inside a structure, contours of one slice combined by exclusive or."""
    number = next(s.ROINumber for s in structures.StructureSetROISequence if s.ROIName.lower() == name)
    lines: dict[float, list[np.ndarray]] = {}
    for roi in structures.ROIContourSequence:
        if roi.ReferencedROINumber == number:
            for contour in roi.ContourSequence:
                points = np.array(contour.ContourData, float).reshape(-1, 3)
                lines.setdefault(round(points[0, 2], 1), []).append(points)
    return np.stack([slice_mask(image, lines) for image in images])


def slice_mask(image: Dataset, lines: dict[float, list[np.ndarray]]) -> np.ndarray:
    mask = np.zeros((image.Rows, image.Columns), bool)
    origin = np.array(image.ImagePositionPatient, float)
    for points in lines.get(round(origin[2], 1), []):
        pixels = (points[:, :2] - origin[:2]) / np.array(image.PixelSpacing, float)[::-1]
        drawing = Image.new("L", (image.Columns, image.Rows))
        ImageDraw.Draw(drawing).polygon([tuple(p) for p in pixels], fill=1)
        mask ^= np.array(drawing) > 0
    return mask


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))
