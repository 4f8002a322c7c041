"""Which patient does this number mean? One field takes an NHS number or a hospital number."""

from __future__ import annotations

from dataclasses import dataclass

from alarp.identity import is_nhs_number
from alarp.kernel import BadInput
from alarp.web.studies.patients import spaced


@dataclass(frozen=True)
class Number:
    """One of the two is empty."""

    nhs_number: str = ""
    patient_id: str = ""

    @property
    def words(self) -> str:
        return (
            f"NHS number {spaced(self.nhs_number)}"
            if self.nhs_number
            else f"hospital number {self.patient_id}"
        )


def number(text: str, *, is_hospital_number: bool) -> Number:
    """What was typed? Ten digits are an NHS number and must have the right check digit.

    `is_hospital_number`: a patient here is known under exactly this text, so ten digits with another check
    digit are that hospital's number. Raises BadInput with the sentence for the field.
    """
    text = " ".join(text.split())
    digits = text.replace(" ", "").replace("-", "")
    if not digits:
        raise BadInput("Enter the patient's NHS number or hospital number.")
    if digits.isdecimal() and len(digits) == 10:
        if is_nhs_number(digits):
            return Number(nhs_number=digits)
        if not is_hospital_number:
            raise BadInput(
                "This has ten digits like an NHS number, but the last one does not fit the others, so one of them "
                "is wrong. Check it against the patient's letter."
            )
    if len(text) > 64:
        raise BadInput("This is longer than any hospital number (64 characters). Check it.")
    return Number(patient_id=text)
