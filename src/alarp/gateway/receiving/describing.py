"""What do received bytes say they are, in the columns of the ledger?"""

from __future__ import annotations

import re
from dataclasses import replace

from alarp.identity import Header, read_header
from alarp.kernel import BadInput
from alarp.records.ledger.arrivals import Arrival, Described

# A hospital may number its patients QA1234: the short words count only alone.
_SURELY = r"phantom|catphan|\b(qa|qc|test\s?object)\b"
NOT_A_PATIENT = re.compile(rf"{_SURELY}|\b(quality|calibration)\b", re.IGNORECASE)
# "Poor quality, repeat" and "pelvis with calibration ball" are a patient's; such a word has to say more, or stand alone.
NOT_OF_A_PATIENT = re.compile(
    rf"{_SURELY}|\bquality\s?(assurance|control|check|test)|(daily|weekly|monthly|annual)\W+(quality|calibration)"
    r"|^\W*(quality|calibration)\W*$",
    re.IGNORECASE,
)


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
        return replace(bare, trouble=str(error))
    trouble = ""
    if header.sop_instance_uid != sop_uid:
        trouble = "The SOP Instance UID in the data set is not the one that was announced for it."
    elif header.sop_class_uid != sop_class:
        trouble = "The SOP Class UID in the data set is not the one that was announced for it."
    return replace(
        bare,
        series_uid=header.series_uid,
        modality=_column(header.modality, 16),
        study=_study(header),
        trouble=trouble,
    )


def _study(header: Header) -> Described:
    return Described(
        study_uid=header.study_uid,
        patient_id=_column(header.patient_id, 64),
        issuer=_column(header.issuer, 64),
        nhs_number=header.nhs_number,
        patient_name=_column(header.patient_name, 400),
        birth_date=_column(header.birth_date, 8),
        sex=_column(header.sex, 4),
        age_years=header.age_years,
        accession=_column(header.accession, 16),
        study_date=_column(header.study_date, 8),
        modality=_column(header.modality, 16),
        body_part=_column(header.body_part, 64),
        view=_column(header.view, 64),
        description=_column(header.study_description, 64),
        manufacturer=_column(header.manufacturer, 64),
        model=_column(header.model, 64),
        software=_column(header.software, 64),
        station=_column(header.station_name, 64),
        held_because=_held_because(header),
    )


def _column(text: str, most: int) -> str:
    """As much as the column holds, without the zero bytes that PostgreSQL takes from nobody."""
    return text.replace("\0", "")[:most]


def _held_because(header: Header) -> str:
    if not header.patient_id.strip() and not header.nhs_number:
        return "The study names no patient, so the opt-out register cannot be asked."
    named = (header.patient_name.replace("^", " "), header.patient_id)
    if any(NOT_A_PATIENT.search(text.replace("_", " ")) for text in named) or NOT_OF_A_PATIENT.search(
        header.study_description.replace("_", " ")
    ):
        return "A phantom or quality-assurance study, not a patient."
    return ""
