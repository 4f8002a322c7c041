"""Which file does a column of the cases table name, and what form does it have?"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError

from alarp.cli.scans.nifti import read_nifti
from alarp.evaluation.contouring import Grid
from alarp.kernel import BadInput, digest, sha256_hex

NIFTI, SEG, RTSTRUCT = "NIfTI", "SEG", "RTSTRUCT"
GEOMETRY_TAGS = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "SeriesInstanceUID", "FrameOfReferenceUID", "Rows", "Columns",
    "ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "SliceThickness",
)  # fmt: skip
_NO_IMAGES = ("SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "SR", "PR", "KO", "REG", "RWV")  # objects about a series
UNREADABLE = (EOFError, ValueError, KeyError, AttributeError, NotImplementedError, TypeError, struct.error)


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one case: opened by column, and remembered by hash."""

    case: str
    folder: Path
    hashes: dict[str, str] = field(default_factory=dict)

    def path(self, column: str, name: str) -> Path:
        """Where is the file that this column names?"""
        file = self.folder / name
        if not file.is_file():
            raise BadInput(
                f"Case {self.case}: column '{column}' names the file '{name}', which does not exist."
            )
        return file

    def keep(self, column: str, file: Path) -> None:
        """Remember which bytes were read for this column."""
        self.hashes[f"{self.case}: {column}"] = sha256_hex(file.read_bytes())

    def dicom(self, column: str, name: str, *, tags: Sequence[str] | None = None) -> Any:
        """Which DICOM object stands in the file? With `tags` only these are read, and no hash is kept."""
        file = self.path(column, name)
        if tags is None:
            self.keep(column, file)
        try:
            return pydicom.dcmread(file, specific_tags=None if tags is None else list(tags))
        except (InvalidDicomError, *UNREADABLE) as error:
            raise BadInput(
                f"Case {self.case}: column '{column}' names the file '{name}', which is not a DICOM object"
                f"{' or NIfTI image' if '.nii' not in name else ''}."
            ) from error

    def nifti(self, column: str, name: str) -> tuple[Any, Grid]:
        """Which NIfTI image stands in the file, and on which grid?"""
        file = self.path(column, name)
        self.keep(column, file)
        return read_nifti(self.case, column, file, name)

    def headers(self, images: str) -> Iterator[Any]:
        """Which images does the series folder hold, by their headers? Pixels are not decoded."""
        series = self.folder / images
        if not series.is_dir():
            raise BadInput(
                f"Case {self.case}: column 'images' names the folder '{images}', which does not exist."
            )
        found = {}
        for file in sorted(p for p in series.rglob("*") if p.is_file()):
            try:
                header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=list(GEOMETRY_TAGS))
            except InvalidDicomError:
                continue
            except UNREADABLE as error:
                raise BadInput(
                    f"Case {self.case}: an image in '{images}' is cut short or damaged: {file.name}."
                ) from error
            if str(header.get("Modality", "")) in _NO_IMAGES or "Rows" not in header:
                continue  # another object in the folder, such as the structure set itself
            found[file.relative_to(series).as_posix()] = sha256_hex(file.read_bytes())
            yield header
        self.hashes[f"{self.case}: images"] = digest(found)


def is_nifti(name: str) -> bool:
    """Does the file's name say NIfTI?"""
    return name.lower().endswith((".nii", ".nii.gz"))
