"""Where in the patient does each voxel of this series lie?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alarp.evaluation.intervals import FloatArray
from alarp.kernel import BadInput

_DIRECTION_TOLERANCE = 1e-3
_EVEN_TOLERANCE = 0.02  # of the slice spacing
_IN_PLANE_TOLERANCE_MM = 0.05


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of voxel centres: slices along the normal, rows down, columns across.

    `origin` is the centre of the first voxel in patient coordinates (mm); `along_columns` is the direction in
    which the column index grows (the first three Image Orientation values, DICOM PS3.3 C.7.6.2), `along_rows` the
    direction in which the row index grows. Spacing and shape run (slice, row, column).
    """

    origin: FloatArray
    along_columns: FloatArray
    along_rows: FloatArray
    normal: FloatArray
    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int]
    frame_of_reference: str
    series: str

    def to_index(self, points_mm: FloatArray) -> FloatArray:
        """At which fractional (slice, row, column) do these patient points lie?"""
        offset = points_mm - self.origin
        axes = np.stack([self.normal, self.along_rows, self.along_columns], axis=1)
        return np.asarray(offset @ axes / np.array(self.spacing_mm), dtype=np.float64)

    @property
    def voxel_ml(self) -> float:
        return float(np.prod(self.spacing_mm)) / 1000.0


def grid_from_headers(case: str, headers: Sequence[Any]) -> Grid:
    """On which grid was this series taken? From headers alone; pixels are never decoded.

    Refused, by name: no image, two series, two frames of reference, spacing missing, slices that differ in
    size or direction, missing or doubled slices, a tilted gantry (slices not stacked along their normal).
    """
    if not headers:
        raise BadInput(f"Case {case}: the images folder holds no DICOM image; give the folder of the series.")
    for attribute, what in (
        ("SeriesInstanceUID", "series"),
        ("FrameOfReferenceUID", "frames of reference"),
        ("Rows", "numbers of rows"),
        ("Columns", "numbers of columns"),
    ):
        values = {str(_value(case, header, attribute)) for header in headers}
        if len(values) > 1:
            raise BadInput(
                f"Case {case}: the images folder holds {len(values)} {what} ({attribute}); give one series."
            )
    first = headers[0]
    orientation = _numbers(case, first, "ImageOrientationPatient", 6)
    spacing = _numbers(case, first, "PixelSpacing", 2)
    for header in headers[1:]:
        if (
            np.abs(_numbers(case, header, "ImageOrientationPatient", 6) - orientation).max()
            > _DIRECTION_TOLERANCE
        ):
            raise BadInput(
                f"Case {case}: the slices point in different directions (ImageOrientationPatient differs)."
            )
        if not np.allclose(_numbers(case, header, "PixelSpacing", 2), spacing, rtol=1e-4):
            raise BadInput(f"Case {case}: the slices differ in PixelSpacing; one grid needs one spacing.")
    if spacing.min() <= 0:
        raise BadInput(f"Case {case}: PixelSpacing is {spacing[0]:g}\\{spacing[1]:g}; it must be above 0 mm.")
    across, down = orientation[:3], orientation[3:]
    normal = np.cross(across, down)
    positions = np.array([_numbers(case, header, "ImagePositionPatient", 3) for header in headers])
    depth = positions @ normal
    positions, depth = positions[np.argsort(depth)], np.sort(depth)
    step = _slice_spacing(case, first, depth)
    _refuse_shear(case, positions, across, down)
    return Grid(
        origin=positions[0],
        along_columns=across,
        along_rows=down,
        normal=normal,
        spacing_mm=(step, float(spacing[0]), float(spacing[1])),
        shape=(len(headers), int(first.Rows), int(first.Columns)),
        frame_of_reference=str(first.FrameOfReferenceUID),
        series=str(first.SeriesInstanceUID),
    )


def _value(case: str, header: Any, attribute: str) -> Any:
    value = getattr(header, attribute, None)
    if value is None or str(value) == "":
        raise BadInput(f"Case {case}: an image has no {attribute}; without it contours cannot be placed.")
    return value


def _numbers(case: str, header: Any, attribute: str, count: int) -> FloatArray:
    value = _value(case, header, attribute)
    try:
        numbers = np.array([float(v) for v in value], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"Case {case}: {attribute} is not {count} numbers; correct the image's header."
        ) from error
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise BadInput(f"Case {case}: {attribute} is not {count} finite numbers; correct the image's header.")
    return numbers


def _slice_spacing(case: str, first: Any, depth: FloatArray) -> float:
    if len(depth) == 1:
        thickness = float(_value(case, first, "SliceThickness"))
        if thickness <= 0:
            raise BadInput(
                f"Case {case}: one slice with SliceThickness {thickness:g}; it must be above 0 mm."
            )
        return thickness
    gaps = np.diff(depth)
    step = float(np.median(gaps))
    if gaps.min() <= _EVEN_TOLERANCE * max(step, 1e-6):
        raise BadInput(
            f"Case {case}: two images lie at the same slice position; give one series without repeats."
        )
    worst = int(np.argmax(np.abs(gaps - step)))
    if abs(gaps[worst] - step) > _EVEN_TOLERANCE * step:
        raise BadInput(
            f"Case {case}: slices are {step:g} mm apart but {gaps[worst]:g} mm between slice {worst + 1} and "
            f"{worst + 2}; a slice is missing or the spacing changes, so volumes would be wrong."
        )
    return float((depth[-1] - depth[0]) / (len(depth) - 1))


def _refuse_shear(case: str, positions: FloatArray, across: FloatArray, down: FloatArray) -> None:
    for direction in (across, down):
        drift = positions @ direction
        if np.ptp(drift) > _IN_PLANE_TOLERANCE_MM:
            raise BadInput(
                f"Case {case}: slices shift sideways by {np.ptp(drift):.2f} mm along the stack (tilted gantry); "
                "resample the series to a straight grid first."
            )
