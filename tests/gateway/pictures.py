"""Small DICOM objects for tests, and a sender that sends bytes exactly as they are."""

from __future__ import annotations

import itertools
import secrets
import tempfile
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE, _config
from pynetdicom.dsutils import encode_file_meta
from pynetdicom.presentation import build_context

CR, CT = "1.2.840.10008.5.1.4.1.1.1", "1.2.840.10008.5.1.4.1.1.2"
_RUN = secrets.randbelow(10**12)
_NUMBERS = itertools.count(1)


def uid() -> str:
    return f"1.2.826.0.1.3680043.10.1500.{_RUN}.{next(_NUMBERS)}"


def patient() -> str:
    """A patient number that nobody else has in this run."""
    return f"HOSP{_RUN % 10**6:06d}{next(_NUMBERS):04d}"


def image(**values: Any) -> Dataset:
    """One chest film of 8 x 8 pixels; any attribute may be given."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    defaults: dict[str, Any] = {
        "SOPClassUID": CR,
        "SOPInstanceUID": uid(),
        "StudyInstanceUID": uid(),
        "SeriesInstanceUID": uid(),
        "PatientName": "Sorrowfield^Quentin",
        "PatientBirthDate": "19610509",
        "PatientSex": "M",
        "PatientAge": "064Y",
        "AccessionNumber": f"A{next(_NUMBERS)}X{_RUN % 10**6}",
        "StudyDate": "20260105",
        "StudyTime": "101500",
        "StudyID": "17",
        "ReferringPhysicianName": "Larkspurn^Ottoline",
        "InstitutionName": "Nettlebridge Infirmary",
        "Modality": "CR",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "Manufacturer": "Philips",
        "ManufacturerModelName": "DigitalDiagnost",
        "SoftwareVersions": "4.1",
        "StationName": "ROOM3",
        "Rows": 8,
        "Columns": 8,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelRepresentation": 0,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "PixelData": secrets.token_bytes(64),
    }
    for name, value in (
        defaults | {"PatientID": values.pop("PatientID", None) or patient()} | values
    ).items():
        setattr(made, name, value)
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def series(n: int, **values: Any) -> list[Dataset]:
    """`n` images of one series."""
    shared = {
        "StudyInstanceUID": uid(),
        "SeriesInstanceUID": uid(),
        "PatientID": patient(),
        "AccessionNumber": f"S{next(_NUMBERS)}",
    }
    return [image(**(shared | values), InstanceNumber=number + 1) for number in range(n)]


def files(images: list[Dataset], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for one in images:
        file = folder / f"{next(_NUMBERS)}.dcm"
        one.save_as(file, enforce_file_format=bool(one.SOPInstanceUID))
        written.append(file)
    return written


def send_bytes(
    port: int, content: bytes, *, sop_class: str, sop_uid: str, syntax: str, calling: str = "SCANNER"
) -> int:
    """C-STORE these data set bytes as they are under these names; the status, or -1 without an answer."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, sop_uid
    meta.TransferSyntaxUID, meta.ImplementationClassUID = syntax, "1.2.3.4"
    with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
        file.write(b"\0" * 128 + b"DICM" + encode_file_meta(meta) + content)
        file.flush()
        return send_file(port, Path(file.name), sop_class=sop_class, syntax=syntax, calling=calling)


def send_file(
    port: int, file: Path, *, sop_class: str, syntax: str, calling: str = "SCANNER", called: str = "ALARP"
) -> int:
    """C-STORE this file as it is; the status, or -1 without an answer."""
    before, _config.STORE_SEND_CHUNKED_DATASET = _config.STORE_SEND_CHUNKED_DATASET, True
    try:
        link = AE(ae_title=calling).associate(
            "127.0.0.1", port, contexts=[build_context(sop_class, syntax)], ae_title=called
        )
        if not link.is_established:
            return -1
        status = link.send_c_store(str(file))
        link.release()
        return int(status.Status) if "Status" in status else -1
    except RuntimeError:  # the association ended between its beginning and the sending
        return -1
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = before


def whole(images: list[Dataset]) -> list[Dataset]:
    """With every attribute that the library copies, empty where de-identification took it away."""
    for one in images:
        for name in (
            "PatientBirthDate",
            "PatientSex",
            "StudyDate",
            "StudyTime",
            "StudyID",
            "ReferringPhysicianName",
        ):
            if name not in one:
                setattr(one, name, "")
    return images
