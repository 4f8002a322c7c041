"""Small DICOM objects for the tests of identity, and a marker planted in every attribute of table E.1-1."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
BASIC_SR = "1.2.840.10008.5.1.4.1.1.88.11"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
KEY = bytes.fromhex("9f1c6a3be0d24c7785a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f607")

MARK = "QZPLANTED"
MARK_DATE = "19371113"
MARK_UID = "1.2.826.0.1.3680043.10.99.4711"
UNLISTED_SEQUENCE = 0x00400260  # Performed Protocol Code Sequence: not in table E.1-1
_PLANTED: dict[str, Any] = {
    "DA": MARK_DATE,
    "DT": MARK_DATE + "111213.4711",
    "TM": "111213.4711",
    "AS": "047Y",
    "UI": MARK_UID,
    "DS": "4711.4711",
    "IS": "47114711",
    "US": 47114 % 65536,
    "UR": "urn:" + MARK,
    "OB": MARK.encode() + b"\0",
    "UN": MARK.encode() + b"\0",
}


def image(**changes: Any) -> Dataset:
    """A tiny CT slice of Ann Example, whose values a test may change."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = CT
    dataset.SOPInstanceUID = "1.2.826.0.1.3680043.10.99.1.1.1"
    dataset.StudyInstanceUID = "1.2.826.0.1.3680043.10.99.1"
    dataset.SeriesInstanceUID = "1.2.826.0.1.3680043.10.99.1.1"
    dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.10.99.1.9"
    dataset.PatientName = "Sandringham^Annabel"
    dataset.PatientID = "RX1-4471"
    dataset.IssuerOfPatientID = "NORTHMOOR"
    dataset.PatientBirthDate = "19520317"
    dataset.PatientSex = "F"
    dataset.AccessionNumber = "ACC-88123"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20250602", "101112", "S77"
    dataset.ReferringPhysicianName = "Referrerson^Ruth"
    dataset.InstitutionName = "Northmoor Infirmary"
    dataset.Modality, dataset.Manufacturer = "CT", "MAKER"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 4, 4, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.PixelData = bytes(range(32))
    dataset["PixelData"].VR = "OW"
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


def as_bytes(dataset: Dataset, transfer_syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    """The data set as a DICOM Part 10 file."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "")
    dataset.file_meta.SourceApplicationEntityTitle = "NORTHMOORCT1"
    out = BytesIO()
    dataset.preamble = b"Sandringham".ljust(128, b"\0")
    dcmwrite(out, dataset, enforce_file_format=False)
    return out.getvalue()


def read(part10: bytes) -> Dataset:
    return dcmread(BytesIO(part10), force=True)


def structured_report(sent: Dataset, referenced: list[str], **changes: Any) -> Dataset:
    """A Basic Text SR as a vendor would return it: pseudonyms copied, own series and SOP UIDs."""
    report = Dataset()
    report.SOPClassUID, report.Modality = BASIC_SR, "SR"
    report.SOPInstanceUID, report.SeriesInstanceUID = generate_uid(None), generate_uid(None)
    for keyword in ("StudyInstanceUID", "PatientName", "PatientID", "AccessionNumber"):
        setattr(report, keyword, sent.get(keyword))
    report.PatientIdentityRemoved = "YES"
    series = Dataset()
    series.SeriesInstanceUID = sent.SeriesInstanceUID
    series.ReferencedSOPSequence = Sequence([_reference(uid) for uid in referenced])
    evidence = Dataset()
    evidence.StudyInstanceUID = sent.StudyInstanceUID
    evidence.ReferencedSeriesSequence = Sequence([series])
    report.CurrentRequestedProcedureEvidenceSequence = Sequence([evidence])
    for keyword, value in changes.items():
        setattr(report, keyword, value)
    return report


def structure_set(sent: Dataset, referenced: list[str], *, frame: str | None = None) -> Dataset:
    """An RTSTRUCT as a vendor would return it."""
    structures = structured_report(sent, [])
    del structures.CurrentRequestedProcedureEvidenceSequence
    structures.SOPClassUID, structures.Modality = RTSTRUCT, "RTSTRUCT"
    series, study, place = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = sent.SeriesInstanceUID
    series.ContourImageSequence = Sequence([_reference(uid) for uid in referenced])
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = sent.StudyInstanceUID
    study.RTReferencedSeriesSequence = Sequence([series])
    place.FrameOfReferenceUID = sent.FrameOfReferenceUID if frame is None else frame
    place.RTReferencedStudySequence = Sequence([study])
    structures.ReferencedFrameOfReferenceSequence = Sequence([place])
    return structures


def _reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CT, uid
    return item


def plant(dataset: Dataset, tags: list[int]) -> int:
    """Puts a marker in each of these tags at the top and two sequences deep in an unlisted one; counts them.

    Identity that the object needs to be a valid object (its UIDs) is kept at the top level.
    """
    inner = Dataset()
    planted = _plant_in(dataset, tags, keep=True) + _plant_in(inner, tags, keep=False)
    for holder in (dataset, inner):
        holder.add_new(0x00110010, "LO", "MAKER")
        holder.add_new(0x00111001, "LO", MARK)
        holder.add_new(0x00111002, "SQ", Sequence([_marked_item()]))
    middle, outer = Dataset(), Dataset()
    middle.add_new(UNLISTED_SEQUENCE, "SQ", Sequence([inner]))
    outer.add_new(UNLISTED_SEQUENCE, "SQ", Sequence([middle]))
    dataset.add_new(UNLISTED_SEQUENCE, "SQ", Sequence([outer]))
    return planted


def _plant_in(dataset: Dataset, tags: list[int], *, keep: bool) -> int:
    count = 0
    for tag in tags:
        if tag >> 16 <= 0x0007 or (keep and tag in dataset and _vr(tag) == "UI"):
            continue
        vr = _vr(tag)
        value = Sequence([_marked_item()]) if vr == "SQ" else _PLANTED.get(vr, MARK)
        dataset[tag] = DataElement(tag, vr, value)
        count += 1
    return count


def _vr(tag: int) -> str:
    """Newer editions have attributes that the library does not know yet: they are planted as text."""
    return dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else "LO"


def _marked_item() -> Dataset:
    item = Dataset()
    item.add_new(0x00181250, "SH", MARK)  # Receive Coil Name: not in table E.1-1
    item.PatientName = f"{MARK}^{MARK}"
    item.CodeMeaning = MARK
    return item


def survivors(dataset: Dataset) -> list[str]:
    """Where is a planted value still to be seen?"""
    found = []
    for element in dataset.iterall():
        if element.VR == "SQ":
            continue
        text = repr(element.value)
        planted = _PLANTED.get(element.VR)
        if MARK in text or MARK_UID in text or (planted is not None and str(planted) in text):
            found.append(f"{element.tag} {element.keyword}")
    return found
