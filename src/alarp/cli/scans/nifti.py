"""Which voxels and which grid stand in a NIfTI file?"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError

from alarp.evaluation.contouring import Grid
from alarp.kernel import BadInput

_TO_MM = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 0.001}
_TO_LPS = np.array(
    [-1.0, -1.0, 1.0]
)  # NIfTI counts to the right and forwards, DICOM to the left and backwards
_SQUARE = 1e-3
_LARGEST_LABEL = 65535


def read_nifti(case: str, role: str, file: Path, name: str) -> tuple[Any, Grid]:
    """Which image stands in this file, and on which grid? The voxels are read when asked for."""
    try:
        image = nibabel.load(file)
        header, shape = image.header, tuple(int(n) for n in image.shape)
    except (ImageFileError, OSError, EOFError, ValueError, zlib.error) as error:
        raise BadInput(
            f"Case {case}: column '{role}' names the file '{name}', which is not a NIfTI image."
        ) from error
    if len(shape) < 3 or any(n != 1 for n in shape[3:]) or min(shape) < 1:
        raise BadInput(
            f"Case {case}: column '{role}' names '{name}' with {len(shape)} dimensions "
            f"({'×'.join(map(str, shape))}); a single volume is wanted."
        )
    return image, _grid(case, role, name, header, image.affine, shape)


def read_labels(case: str, role: str, image: Any, name: str) -> npt.NDArray[np.integer[Any]]:
    """Which number does each voxel carry, as (slice, row, column)? Whole numbers from 0 only."""
    try:
        values = np.asanyarray(image.dataobj).reshape(image.shape[:3])
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise BadInput(
            f"Case {case}: column '{role}' names '{name}', which is cut short or damaged."
        ) from error
    if not np.issubdtype(values.dtype, np.number) or np.issubdtype(values.dtype, np.complexfloating):
        raise BadInput(f"Case {case}: column '{role}' names '{name}', whose voxels are not numbers.")
    if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
        raise BadInput(f"Case {case}: column '{role}' names '{name}', which holds NaN or infinite voxels.")
    low, high = float(values.min()), float(values.max())
    whole = np.issubdtype(values.dtype, np.integer) or bool((values == np.rint(values)).all())
    if low < 0 or high > _LARGEST_LABEL or not whole:
        found = f"values from {low:g} to {high:g}" if whole else "fractions"
        raise BadInput(
            f"Case {case}: column '{role}' names '{name}', whose voxels hold {found}; a label map holds whole numbers "
            f"from 0 to {_LARGEST_LABEL}."
        )
    return np.transpose(values.astype(np.uint16 if high > 255 else np.uint8), (2, 1, 0))


def _grid(case: str, role: str, name: str, header: Any, affine: Any, shape: tuple[int, ...]) -> Grid:
    """On which grid do the voxels lie, in millimetres and DICOM's directions?"""
    if int(header["qform_code"]) == 0 and int(header["sform_code"]) == 0:
        raise BadInput(
            f"Case {case}: column '{role}' names '{name}', whose header does not say where its voxels lie (sform and "
            "qform code are 0), so their spacing is missing; export it with its affine."
        )
    unit = _TO_MM.get(header.get_xyzt_units()[0])
    matrix = np.asarray(affine, dtype=np.float64)
    steps, origin = matrix[:3, :3] * _TO_LPS[:, None], matrix[:3, 3] * _TO_LPS
    spacing = np.linalg.norm(steps, axis=0)
    if unit is None or not np.isfinite(matrix).all() or spacing.min() <= 0:
        raise BadInput(
            f"Case {case}: column '{role}' names '{name}', whose voxel spacing is missing "
            f"({'×'.join(f'{s:g}' for s in spacing)}); export it with its affine."
        )
    _refuse_two_spacings(case, role, name, header, spacing)
    directions = steps / spacing
    if np.abs(directions.T @ directions - np.eye(3)).max() > _SQUARE:
        raise BadInput(
            f"Case {case}: column '{role}' names '{name}', whose axes are not at right angles (a sheared affine); "
            "resample it to a straight grid first."
        )
    spacing = spacing * unit
    return Grid(
        origin=origin * unit,
        along_columns=directions[:, 0],
        along_rows=directions[:, 1],
        normal=directions[:, 2],
        spacing_mm=(float(spacing[2]), float(spacing[1]), float(spacing[0])),
        shape=(shape[2], shape[1], shape[0]),
        frame_of_reference="",
        series="",
    )


def _refuse_two_spacings(
    case: str, role: str, name: str, header: Any, spacing: npt.NDArray[np.float64]
) -> None:
    """Do the two places where a header states the spacing agree?"""
    stated = np.abs(np.asarray(header["pixdim"][1:4], dtype=np.float64))
    if not np.allclose(stated, spacing, rtol=0.01):
        raise BadInput(
            f"Case {case}: column '{role}' names '{name}', whose header states two spacings "
            f"({'×'.join(f'{s:g}' for s in stated)} and {'×'.join(f'{s:g}' for s in spacing)} mm); export it again."
        )
