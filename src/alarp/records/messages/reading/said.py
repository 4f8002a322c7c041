"""In which few sentences does every message end? The same for HL7 v2 and FHIR; what was not said is empty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from alarp.kernel import BadInput


class Unusable(BadInput):
    """A message that cannot be used, with its code in HL7 table 0357 (message error condition codes).

    `refused`: its header already rules it out (HL7 v2.5.1 ch. 2.9.2.1: AR); otherwise its content does (AE).
    """

    def __init__(self, sentence: str, *, code: int = 207, refused: bool = False) -> None:
        super().__init__(sentence)
        self.code, self.refused = code, refused


LONGEST_NUMBER = 64  # DICOM LO, PatientID (PS3.5 table 6.2-1)


def check_length(*numbers: str) -> None:
    """Raises Unusable for a patient's number or issuer that no header can hold: cut off it might be another's."""
    if any(len(number) > LONGEST_NUMBER for number in numbers):
        raise Unusable("A patient's number or its issuer is longer than 64 characters.", code=102)


@dataclass(frozen=True, slots=True)
class Whom:
    """By which numbers is the patient named? Each hospital number with its issuer; the first one leads."""

    hospital: tuple[tuple[str, str], ...] = ()
    nhs_number: str = ""

    def __bool__(self) -> bool:
        return bool(self.hospital or self.nhs_number)

    @property
    def columns(self) -> dict[str, str]:
        """The leading numbers, as the columns of a row."""
        patient_id, issuer = self.hospital[0] if self.hospital else ("", "")
        return {"patient_id": patient_id[:64], "issuer": issuer[:64], "nhs_number": self.nhs_number}

    def issued_by(self, issuer: str) -> Whom:
        """The same, with this issuer for the numbers that name none."""
        named = dict.fromkeys((number, found or issuer) for number, found in self.hospital)
        return replace(self, hospital=tuple(named))


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """Which examination of whom is spoken of?"""

    whom: Whom
    accession: str = ""
    study_uid: str = ""
    procedure_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered(Examination):
    """This was asked for."""

    state: str
    placer: str = ""
    procedure: str = ""
    modality: str = ""
    requested_at: datetime | None = None
    expected_instances: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Examination):
    """This was reported."""

    status: str
    text: str
    reader: str = ""
    reported_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """`gone` is now known as `kept`."""

    kept: Whom
    gone: Whom


@dataclass(frozen=True, slots=True)
class Wish:
    """This patient does not want AI (`says_no`), or no longer minds. No tools: every one."""

    whom: Whom
    says_no: bool
    tools: tuple[str, ...] = ()
    effective_from: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message: who sent it, under which number, and what it says."""

    way: str
    sender: str
    control_id: str
    kind: str
    sent_at: datetime | None = None
    once: bool = False
    """Its number may stand for one content only: other content under it is a fault of the sender."""
    orders: tuple[Ordered, ...] = ()
    reports: tuple[Reported, ...] = ()
    merges: tuple[Merged, ...] = ()
    same: tuple[Whom, ...] = ()
    wishes: tuple[Wish, ...] = ()

    @property
    def used(self) -> bool:
        return bool(self.orders or self.reports or self.merges or self.same or self.wishes)

    def issued_by(self, issuer: str) -> Letter:
        """The same letter, in which numbers that name no issuer are this one's: their sender's own."""
        if not issuer:
            return self
        return replace(
            self,
            orders=tuple(replace(one, whom=one.whom.issued_by(issuer)) for one in self.orders),
            reports=tuple(replace(one, whom=one.whom.issued_by(issuer)) for one in self.reports),
            merges=tuple(
                Merged(one.kept.issued_by(issuer), one.gone.issued_by(issuer)) for one in self.merges
            ),
            same=tuple(one.issued_by(issuer) for one in self.same),
            wishes=tuple(replace(one, whom=one.whom.issued_by(issuer)) for one in self.wishes),
        )
