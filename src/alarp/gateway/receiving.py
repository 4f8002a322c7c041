"""From a file of received bytes to a durable object and a row in the ledger."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from alarp.identity import Header, read_header
from alarp.kernel import BadInput, Unavailable, sha256_hex
from alarp.records import objects
from alarp.records.configuration import configuration
from alarp.records.ledger.arrivals import Arrival, Described, Receipt, receive
from alarp.records.ledger.models import Peer

NOT_A_PATIENT = re.compile(r"\b(phantom|qa|qc|quality|test\s?object|calibration)\b", re.IGNORECASE)


def keep(peer: Peer, file: Path, *, sop_uid: str, sop_class: str, transfer_syntax: str) -> Receipt:
    """Make the received file an object under its digest, and write it down. Both are durable on return."""
    data = file.read_bytes()
    sha256 = sha256_hex(data)
    arrival = described(data, sha256, sop_uid=sop_uid, sop_class=sop_class, transfer_syntax=transfer_syntax)
    if objects.path_of(sha256).exists():
        file.unlink(missing_ok=True)
    else:
        objects.place(file, sha256)
    return receive(peer, arrival)


def described(data: bytes, sha256: str, *, sop_uid: str, sop_class: str, transfer_syntax: str) -> Arrival:
    """What do these bytes say they are? A header that cannot be read, or that contradicts the command, is trouble."""
    bare = Arrival(
        sha256=sha256,
        size_bytes=len(data),
        sop_uid=sop_uid,
        sop_class=sop_class,
        transfer_syntax=transfer_syntax,
    )
    try:
        header = read_header(data)
    except BadInput as error:
        return Arrival(**{**_fields(bare), "trouble": str(error)})
    trouble = ""
    if header.sop_instance_uid != sop_uid:
        trouble = "The SOP Instance UID in the data set is not the one that was announced for it."
    elif header.sop_class_uid != sop_class:
        trouble = "The SOP Class UID in the data set is not the one that was announced for it."
    return Arrival(
        **{
            **_fields(bare),
            "series_uid": header.series_uid,
            "modality": header.modality,
            "study": _study(header),
            "trouble": trouble,
        }
    )


def _fields(arrival: Arrival) -> dict[str, object]:
    return {name: getattr(arrival, name) for name in Arrival.__dataclass_fields__}


def _study(header: Header) -> Described:
    return Described(
        study_uid=header.study_uid,
        patient_id=header.patient_id[:64],
        issuer=header.issuer[:64],
        nhs_number=header.nhs_number,
        patient_name=header.patient_name[:400],
        birth_date=header.birth_date[:8],
        sex=header.sex[:4],
        age_years=header.age_years,
        accession=header.accession[:16],
        study_date=header.study_date[:8],
        modality=header.modality[:16],
        body_part=header.body_part[:64],
        view=header.view[:64],
        description=header.study_description[:64],
        manufacturer=header.manufacturer[:64],
        model=header.model[:64],
        software=header.software[:64],
        station=header.station_name[:64],
        held_because=_held_because(header),
    )


def _held_because(header: Header) -> str:
    if not header.patient_id.strip() and not header.nhs_number:
        return "The study names no patient, so the opt-out register cannot be asked."
    for text in (header.patient_name.replace("^", " "), header.patient_id, header.study_description):
        if NOT_A_PATIENT.search(text.replace("_", " ")):
            return "A phantom or quality-assurance study, not a patient."
    return ""


def check_space() -> None:
    """Is there room for another object? Raises Unavailable below the configured least."""
    settings = configuration()
    free_mb = shutil.disk_usage(objects.incoming_folder()).free // 2**20
    if free_mb < settings.least_free_mb:
        raise Unavailable(
            f"Only {free_mb} MB of disk are free; at least {settings.least_free_mb} MB are needed. "
            "Free space or lower least_free_mb.",
            phase="receive",
        )
