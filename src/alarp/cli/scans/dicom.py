"""Which DICOM objects stand in these files? Headers of a series, and single objects."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError

from alarp.kernel import BadInput, digest, sha256_hex

_GEOMETRY_TAGS = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "SeriesInstanceUID", "FrameOfReferenceUID", "Rows", "Columns",
    "ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "SliceThickness",
)  # fmt: skip
_UNREADABLE = (EOFError, ValueError, KeyError, AttributeError, NotImplementedError, struct.error)


def series_headers(case: str, images: str, folder: Path, hashes: dict[str, str]) -> Iterator[Any]:
    """Which images does this series folder hold, by their headers? Pixels are not decoded."""
    series = folder / images
    if not series.is_dir():
        raise BadInput(f"Case {case}: column 'images' names the folder '{images}', which does not exist.")
    found = {}
    for file in sorted(p for p in series.rglob("*") if p.is_file()):
        try:
            header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(_GEOMETRY_TAGS))
        except InvalidDicomError:
            continue
        except _UNREADABLE as error:
            raise BadInput(
                f"Case {case}: an image in '{images}' is cut short or damaged: {file.name}."
            ) from error
        if "ImagePositionPatient" not in header and "Rows" not in header:
            continue  # another object in the folder, such as the structure set itself
        found[file.relative_to(series).as_posix()] = sha256_hex(file.read_bytes())
        yield header
    hashes[f"{case}: images"] = digest(found)


def dicom_object(case: str, role: str, name: str, folder: Path, hashes: dict[str, str]) -> Any:
    """Which DICOM object stands in the file that this column names?"""
    file = folder / name
    if not file.is_file():
        raise BadInput(f"Case {case}: column '{role}' names the file '{name}', which does not exist.")
    hashes[f"{case}: {role}"] = sha256_hex(file.read_bytes())
    try:
        return pydicom.dcmread(file)
    except (InvalidDicomError, *_UNREADABLE) as error:
        raise BadInput(
            f"Case {case}: column '{role}' names the file '{name}', which is not a DICOM object."
        ) from error
