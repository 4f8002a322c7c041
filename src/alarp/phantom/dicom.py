"""How does a simulated picture become a DICOM object? The modules that all our objects share.

Patient, General Study, General Series, General Equipment, SOP Common (PS3.3 C.7.1.1, C.7.2.1, C.7.3.1,
C.7.5.1, C.12.1) and the pixels in Explicit VR Little Endian.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from alarp.phantom.patients import Patient
from alarp.phantom.scan import UidSource
from alarp.phantom.scanners import Scanner

IMPLEMENTATION_UID = "2.25.216047289117531985266310982466170911117"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who was examined where, when, under which accession number? What all objects of a study repeat."""

    patient: Patient
    scanner: Scanner
    when: datetime
    accession: str
    uid: UidSource


def new_object(visit: Visit, *, sop_class: str, modality: str, purpose: str) -> Dataset:
    """Which attributes does every object of this visit start with?"""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.FileMetaInformationVersion = b"\x00\x01"
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = visit.uid(purpose)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION_UID
    dataset.file_meta.ImplementationVersionName = "ALARP_SIM"
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = visit.uid(purpose)
    dataset.Modality = modality
    _say_when(dataset, visit)
    _say_who(dataset, visit)
    _say_which_machine(dataset, visit.scanner)
    return dataset


def _say_when(dataset: Dataset, visit: Visit) -> None:
    day, moment = visit.when.strftime("%Y%m%d"), visit.when.strftime("%H%M%S")
    for event in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{event}Date", day)
        setattr(dataset, f"{event}Time", moment)
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = day, moment
    dataset.StudyInstanceUID = visit.uid("study")
    dataset.StudyID = visit.accession[-16:]
    dataset.AccessionNumber = visit.accession
    dataset.ReferringPhysicianName = "SIM^REFERRER"


def _say_who(dataset: Dataset, visit: Visit) -> None:
    patient = visit.patient
    dataset.PatientName = patient.name
    dataset.PatientID = patient.patient_id
    dataset.IssuerOfPatientID = patient.issuer
    dataset.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    dataset.PatientSex = patient.sex
    dataset.PatientAge = f"{patient.age_years(visit.when.date()):03d}Y"
    dataset.PatientSize = patient.size_m
    dataset.PatientWeight = patient.weight_kg
    if patient.nhs_number:
        other = Dataset()
        other.PatientID = patient.nhs_number
        other.IssuerOfPatientID = "NHS"
        other.TypeOfPatientID = "TEXT"
        dataset.OtherPatientIDsSequence = [other]


def _say_which_machine(dataset: Dataset, scanner: Scanner) -> None:
    dataset.Manufacturer = scanner.manufacturer
    dataset.ManufacturerModelName = scanner.model
    dataset.SoftwareVersions = scanner.software
    dataset.StationName = scanner.station
    dataset.DeviceSerialNumber = scanner.serial
    dataset.InstitutionName = "SIMULATED HOSPITAL"


def set_pixels(dataset: Dataset, pixels: NDArray[np.uint16] | NDArray[np.int16], *, bits: int) -> None:
    """Which attributes describe these 16-bit pixels (PS3.3 C.7.6.3)?"""
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    dataset["PixelData"].VR = "OW"
