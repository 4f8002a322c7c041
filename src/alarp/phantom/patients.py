"""Who is on the table? Fictional people whose names and numbers cannot be mistaken for real ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from alarp.kernel import BadInput

ISSUER = "ALARP-SIM"


@dataclass(frozen=True, slots=True)
class Patient:
    """One fictional patient; the anatomy follows from `patient_id` alone, so a repeat scan agrees."""

    patient_id: str
    name: str
    birth_date: date
    sex: str
    nhs_number: str
    issuer: str = ISSUER
    size_m: float = 1.70
    weight_kg: float = 75.0

    def age_years(self, on: date) -> int:
        """How old is the patient on this day, in completed years?"""
        before_birthday = (on.month, on.day) < (self.birth_date.month, self.birth_date.day)
        return on.year - self.birth_date.year - before_birthday


def check_digit(nine_digits: str) -> int | None:
    """Which tenth digit makes an NHS number valid, or None when there is none?

    Modulus 11: weights 10 to 2, 11 minus the remainder, 11 becomes 0 and 10 is not used (NHS Data
    Dictionary, "NHS number").
    """
    total = sum(int(digit) * weight for digit, weight in zip(nine_digits, range(10, 1, -1), strict=True))
    check = (11 - total % 11) % 11
    return None if check == 10 else check


def fictional_nhs_number(number: int) -> str:
    """Which NHS number of the test range (999...) belongs to this fictional patient?

    NHS England keeps 999 000 0000 to 999 999 9999 for tests: never issued to anybody.
    """
    if not 0 <= number < 500_000:
        raise BadInput(f"Fictional patient {number}: numbers run from 0 to 499999. Choose one in this range.")
    body = 2 * number
    while (check := check_digit(f"999{body:06d}")) is None:
        body += 1  # of two neighbours at most one lacks a check digit, so no number is given twice
    return f"999{body:06d}{check}"


def fictional_patient(number: int) -> Patient:
    """Who is fictional patient number so-and-so? Always the same person for the same number."""
    rng = rng_of(f"patient {number}")
    nhs_number = fictional_nhs_number(number)
    sex = "F" if rng.random() < 0.5 else "M"
    size_m = float(np.clip(rng.normal(1.63 if sex == "F" else 1.76, 0.07), 1.45, 1.98))
    weight_kg = float(np.clip(rng.normal(26.5, 3.5), 18.5, 38.0)) * size_m**2
    born = date(int(rng.integers(1935, 1996)), int(rng.integers(1, 13)), int(rng.integers(1, 29)))
    return Patient(
        patient_id=f"SIM{number:05d}",
        name=f"SIM^PATIENT {number:02d}",
        birth_date=born,
        sex=sex,
        nhs_number=nhs_number,
        size_m=round(size_m, 2),
        weight_kg=round(weight_kg, 1),
    )


QA_OBJECT = Patient(
    patient_id="QC-PHANTOM-01",
    name="QC^PHANTOM",
    birth_date=date(2000, 1, 1),
    sex="O",
    nhs_number="",
)
"""The quality-assurance test object, entered like a patient as departments do: it must be held out."""


def rng_of(text: str) -> np.random.Generator:
    """Which stream of random numbers belongs to this text? The same on every machine."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
