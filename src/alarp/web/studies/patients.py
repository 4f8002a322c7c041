"""How is a patient named on a page, for those whose role has need of it?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Identifiers:
    """Who this is, as the header said it."""

    name: str
    patient_id: str
    issuer: str
    nhs_number: str
    born: str
    sex: str
    accession: str


def identifiers(study: Any) -> Identifiers:
    """The identifiers of a study's patient. Ask for view_identifiers before."""
    return Identifiers(
        name=spoken_name(study.patient_name),
        patient_id=study.patient_id,
        issuer=study.issuer,
        nhs_number=spaced(study.nhs_number),
        born=spoken_day(study.birth_date),
        sex={"F": "female", "M": "male", "O": "other"}.get(study.sex, study.sex),
        accession=study.accession,
    )


def spoken_name(name: str) -> str:
    """'OKORO^Grace^^Mrs' (PS3.5 6.2.1.2) → 'OKORO, Grace (Mrs)'. Only the first, alphabetic form is used."""
    family, given, middle, prefix, *_ = [*name.split("=")[0].split("^"), "", "", "", ""]
    first = " ".join(part.strip() for part in (given, middle) if part.strip())
    text = ", ".join(part for part in (family.strip().upper(), first) if part)
    return f"{text} ({prefix.strip()})" if prefix.strip() and text else text


def spaced(nhs_number: str) -> str:
    """'9434765919' → '943 476 5919', as it is written in the NHS."""
    number = nhs_number.replace(" ", "")
    return (
        f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == 10 and number.isdecimal() else nhs_number
    )


def spoken_day(value: str) -> str:
    """'19500131' → '31 Jan 1950'; what is no date stays as it came."""
    try:
        day = datetime.strptime(value, "%Y%m%d")  # noqa: DTZ007 (a day has no time zone)
    except ValueError:
        return value
    return f"{day.day} {day:%b %Y}"
