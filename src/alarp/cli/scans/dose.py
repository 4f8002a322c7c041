"""Which dose does an RTDOSE give to each voxel of a grid? (DICOM PS3.3 C.8.8.3)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from alarp.evaluation.contouring import Grid
from alarp.evaluation.contouring.dvh import dose_in
from alarp.evaluation.contouring.raster import Box
from alarp.kernel import BadInput


def dose_on(case: str, role: str, dataset: Any, grid: Grid) -> Callable[[Box], npt.NDArray[np.float64]]:
    """Which dose (Gy) does each voxel of a block of this grid receive? Linear between dose points, NaN beyond them.

    Refused by case and column: no RTDOSE, relative dose, another frame of reference, planes that are not stated.
    """
    if str(getattr(dataset, "Modality", "")) != "RTDOSE":
        raise BadInput(f"Case {case}: column '{role}' names a DICOM object that is no RTDOSE.")
    if str(getattr(dataset, "DoseUnits", "")) != "GY":
        raise BadInput(
            f"Case {case}: column '{role}' names a dose in units '{getattr(dataset, 'DoseUnits', '')}'; dose in Gy is "
            "wanted, since a relative dose says nothing of an organ."
        )
    frame = str(getattr(dataset, "FrameOfReferenceUID", "") or "")
    if grid.frame_of_reference and frame != grid.frame_of_reference:
        raise BadInput(
            f"Case {case}: the dose in column '{role}' lies in another frame of reference than the images; give the dose "
            "of this plan."
        )
    try:
        gray = np.asarray(dataset.pixel_array, dtype=np.float64) * float(dataset.DoseGridScaling)
        source = _grid(dataset, gray.shape if gray.ndim == 3 else (1, *gray.shape))
    except (AttributeError, ValueError, TypeError, NotImplementedError, RuntimeError) as error:
        raise BadInput(
            f"Case {case}: column '{role}' names an RTDOSE that cannot be read ({error})."
        ) from error
    offsets = np.asarray([float(v) for v in dataset.GridFrameOffsetVector])
    if len(offsets) != source.shape[0] or (len(offsets) > 1 and np.ptp(np.diff(offsets)) > 0.01):
        raise BadInput(f"Case {case}: column '{role}' names a dose whose planes are not evenly spaced.")
    volume = gray.reshape(source.shape)

    return lambda box: dose_in(box, grid, volume, source)


def _grid(dataset: Any, shape: tuple[int, ...]) -> Grid:
    orientation = np.array([float(v) for v in dataset.ImageOrientationPatient])
    across, down = orientation[:3], orientation[3:]
    offsets = [float(v) for v in dataset.GridFrameOffsetVector]
    step = offsets[1] - offsets[0] if len(offsets) > 1 else float(dataset.SliceThickness or 1)
    normal = np.cross(across, down)
    return Grid(
        origin=np.array([float(v) for v in dataset.ImagePositionPatient]),
        along_columns=across,
        along_rows=down,
        normal=normal if step > 0 else -normal,
        spacing_mm=(abs(step), float(dataset.PixelSpacing[0]), float(dataset.PixelSpacing[1])),
        shape=(int(shape[0]), int(shape[1]), int(shape[2])),
        frame_of_reference=str(getattr(dataset, "FrameOfReferenceUID", "") or ""),
        series="",
    )
