"""Which CT series does a contouring tool read, as a volume in HU and millimetres?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from alarp.demo.tools.results import CannotAnalyse

Volume = NDArray[np.float32]
Mask = NDArray[np.bool_]

LEAST_SLICES = 5


@dataclass(frozen=True, slots=True)
class Grid:
    """How large is a voxel (slice, row, column), in millimetres? Columns run to the patient's left."""

    slice_mm: float
    row_mm: float
    column_mm: float

    @property
    def voxel_ml(self) -> float:
        return self.slice_mm * self.row_mm * self.column_mm / 1000


@dataclass(frozen=True, slots=True)
class Stack:
    """One CT series as a volume, slices from the feet upwards."""

    slices: tuple[Dataset, ...]
    hu: Volume
    grid: Grid


def ct_stack(objects: Sequence[Dataset]) -> Stack:
    """Which series of the study is read: the longest axial CT, evenly spaced, in one frame of reference?"""
    series: dict[str, list[Dataset]] = defaultdict(list)
    for source in objects:
        if source.get("Modality") == "CT" and "PixelData" in source and is_axial(source):
            series[str(source.SeriesInstanceUID)].append(source)
    if not series:
        raise CannotAnalyse("NOT-AXIAL-CT", "no axial CT images in the study")
    images = max(series.values(), key=len)
    if len(images) < LEAST_SLICES:
        raise CannotAnalyse("TOO-FEW-SLICES", f"{len(images)} slices; at least {LEAST_SLICES} are needed")
    images.sort(key=height_mm)
    gaps = np.diff([height_mm(image) for image in images])
    if gaps.min() <= 0.01 or gaps.max() > 1.5 * gaps.min():
        raise CannotAnalyse("UNEVEN-SLICES", "slices are missing, doubled or unevenly spaced")
    if len({(i.Rows, i.Columns, str(i.FrameOfReferenceUID), str(i.PixelSpacing)) for i in images}) > 1:
        raise CannotAnalyse("MIXED-SERIES", "slices differ in size or frame of reference")
    row_mm, column_mm = (float(v) for v in images[0].PixelSpacing)
    hu = np.stack([hounsfield(image) for image in images])
    return Stack(tuple(images), hu, Grid(float(np.median(gaps)), row_mm, column_mm))


def is_axial(image: Dataset) -> bool:
    """Do rows run to the patient's left and columns to the back, and does the image say where it lies?"""
    needed = ("ImagePositionPatient", "PixelSpacing", "FrameOfReferenceUID", "SeriesInstanceUID")
    if any(not image.get(keyword) for keyword in needed):
        return False
    orientation = [float(v) for v in image.get("ImageOrientationPatient") or ()]
    return len(orientation) == 6 and bool(np.allclose(orientation, [1, 0, 0, 0, 1, 0], atol=1e-3))


def height_mm(image: Dataset) -> float:
    return float(image.ImagePositionPatient[2])


def hounsfield(image: Dataset) -> NDArray[np.float32]:
    """The CT numbers of one slice."""
    try:
        stored = image.pixel_array.astype(np.float32)
    except Exception as broken:  # a decoder may raise anything
        raise CannotAnalyse("NO-PIXELS", "the pixels cannot be decoded") from broken
    slope, intercept = float(image.get("RescaleSlope") or 1), float(image.get("RescaleIntercept") or 0)
    return np.asarray(stored * np.float32(slope) + np.float32(intercept), dtype=np.float32)
