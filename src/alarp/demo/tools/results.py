"""What do all results of a tool share? Identity copied from the input, and UIDs and times derived from it.

The same input gives the same bytes, so a result sent twice is one result.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

IMPLEMENTATION_UID = "2.25.98813379471028815566314109520318735481"
PATIENT_AND_STUDY = [
    "PatientID",
    "IssuerOfPatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
]
MAY_BE_ABSENT = {"IssuerOfPatientID"}


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made the result? Name and version of the tool and its supplier."""

    name: str
    version: str
    manufacturer: str


class CannotAnalyse(Exception):
    """The input is outside what the tool can read. `code` is short and stable, `reason` for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def derived_uid(*parts: str) -> str:
    """Which UID follows from these words? (2.25, PS3.5 B.2)"""
    number = int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:16], "big")
    return f"2.25.{number}"


def moment_of(source: Dataset) -> tuple[str, str]:
    """Which date and time does a result carry? Those of its source: a tool with no clock repeats itself."""
    for event in ("Content", "Acquisition", "Series", "Study"):
        if day := str(source.get(f"{event}Date") or ""):
            return day, str(source.get(f"{event}Time") or "000000")
    return "20000101", "000000"


def with_identity(source: Dataset) -> Dataset:
    """The source with every identifying attribute present, empty where it was missing."""
    for keyword in PATIENT_AND_STUDY:
        if keyword not in source and keyword not in MAY_BE_ABSENT:
            setattr(source, keyword, "")
    return source


def seed_of(maker: Maker, sources: Sequence[Dataset]) -> tuple[str, ...]:
    """From which words do a result's UIDs follow? The tool, the patient as told, and every source object."""
    first = sources[0]
    return (
        maker.name,
        maker.version,
        str(first.PatientID),
        str(first.StudyInstanceUID),
        *sorted(str(source.SOPInstanceUID) for source in sources),
    )


def start_result(
    maker: Maker, source: Dataset, *, sop_class: str, modality: str, seed: tuple[str, ...]
) -> Dataset:
    """Which attributes does a result start with, that is not built by a library?"""
    result = Dataset()
    result.file_meta = FileMetaDataset()
    result.file_meta.MediaStorageSOPClassUID = sop_class
    result.file_meta.MediaStorageSOPInstanceUID = derived_uid("object", *seed)
    result.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    result.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    result.SpecificCharacterSet = "ISO_IR 192"
    result.SOPClassUID, result.SOPInstanceUID = sop_class, derived_uid("object", *seed)
    result.SeriesInstanceUID = derived_uid("series", *seed)
    result.Modality = modality
    for keyword in PATIENT_AND_STUDY:
        if keyword in source:
            result[keyword] = source[keyword]
    result.Manufacturer, result.ManufacturerModelName = maker.manufacturer, maker.name
    result.SoftwareVersions = maker.version
    stamp(result, source)
    return result


def stamp(result: Dataset, source: Dataset) -> None:
    """Replace every time of making by the source's."""
    day, time = moment_of(source)
    for event in ("Content", "InstanceCreation", "Series"):
        setattr(result, f"{event}Date", day)
        setattr(result, f"{event}Time", time)


def to_bytes(result: Dataset) -> bytes:
    """The result as a DICOM file."""
    buffer = io.BytesIO()
    dcmwrite(buffer, result, enforce_file_format=True)
    return buffer.getvalue()
