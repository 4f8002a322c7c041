"""Which numbers mean the same patient? Spelling, issuers, and the merges that the hospital has told us of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from alarp.records.messages.models import Merge

MOST_NUMBERS = (
    200  # of one patient; a longer chain is a fault in the feed, and what is known by then is asked
)


def plain(text: str) -> str:
    """The form in which identifiers are compared: no spaces, one case."""
    return "".join(text.split()).casefold()


def digits(nhs_number: str) -> str:
    """The form in which NHS numbers are compared: 943 476 5919 and 943-476-5919 are one."""
    return "".join(filter(str.isdecimal, nhs_number))


class Named(Protocol):
    """Anything with a patient's numbers: a study, an opt-out, an order."""

    patient_id: Any
    issuer: Any
    nhs_number: Any


@dataclass(frozen=True, slots=True)
class PatientIds:
    """By which identifiers is this patient known?"""

    patient_id: str = ""
    issuer: str = ""
    nhs_number: str = ""

    @classmethod
    def of(cls, row: Named) -> PatientIds:
        return cls(plain(row.patient_id), plain(row.issuer), digits(row.nhs_number))

    def __bool__(self) -> bool:
        return bool(self.patient_id or self.nhs_number)

    def same_patient(self, other: PatientIds) -> bool:
        """Either number is enough; an issuer counts only where both sides name one (when in doubt: the same)."""
        if self.nhs_number and self.nhs_number == other.nhs_number:
            return True
        if not self.patient_id or self.patient_id != other.patient_id:
            return False
        return not (self.issuer and other.issuer) or self.issuer == other.issuer


def known_as(ids: PatientIds, *, at: datetime | None = None) -> tuple[PatientIds, ...]:
    """These numbers first, then every other under which merges say that the same person is known.

    Merges are followed in both directions and along chains: who was opted out under any of the numbers is opted
    out under all of them. Without a merge this is one look into an index. `at`: as it was known at that moment.
    """
    names = [ids]
    asked: set[int] = set()
    fresh: list[PatientIds] = [ids]
    while fresh and len(names) < MOST_NUMBERS:
        every = [row for row in _mentioning(fresh) if at is None or row.at <= at]
        complete = {name.patient_id for name in fresh}  # of these numbers every row is at hand
        fresh = []
        for row in every:
            both = sides(row)
            if row.pk in asked or not any(name.same_patient(side) for name in names for side in both):
                continue
            if _outdated(row, every if row.patient_id in complete else _pairings(row, at)):
                continue
            asked.add(row.pk)
            fresh += [side for side in both if side and side not in names and side not in fresh]
        names += fresh
    return tuple(names)


def sides(row: Merge) -> tuple[PatientIds, PatientIds]:
    """The two names that this merge says are one person."""
    return (
        PatientIds(row.patient_id, row.issuer, row.nhs_number),
        PatientIds(row.old_patient_id, row.old_issuer, row.old_nhs_number),
    )


def _mentioning(names: Iterable[PatientIds]) -> Iterable[Merge]:
    """The merges in which one of these numbers stands. Asked before each image leaves, so its SQL is written out."""
    asked = [
        (columns, numbers)
        for columns, numbers in (
            (("patient_id", "old_patient_id"), [name.patient_id for name in names if name.patient_id]),
            (("nhs_number", "old_nhs_number"), [name.nhs_number for name in names if name.nhs_number]),
        )
        if numbers
    ]
    if not asked:
        return ()
    either = " OR ".join(
        f"{column} IN ({', '.join(['%s'] * len(numbers))})"
        for columns, numbers in asked
        for column in columns
    )
    given = [number for columns, numbers in asked for _ in columns for number in numbers]
    return Merge.objects.raw(f"SELECT * FROM hospital_messages_merge WHERE {either} ORDER BY id", given)


def _pairings(row: Merge, at: datetime | None) -> Iterable[Merge]:
    """What was said of the same hospital number, until then."""
    found = Merge.objects.filter(kind=Merge.SAME, patient_id=row.patient_id, issuer=row.issuer)
    return found if at is None else found.filter(at__lte=at)


def _outdated(row: Merge, said: Iterable[Merge]) -> bool:
    """Was a hospital number given another NHS number since? Then the earlier pairing was a mistake and ends.

    Only what one message named together can be corrected so; a merge stands for good.
    """
    if row.kind != Merge.SAME or not row.nhs_number:
        return False
    return any(
        later.pk > row.pk
        and later.kind == Merge.SAME
        and (later.patient_id, later.issuer) == (row.patient_id, row.issuer)
        and later.nhs_number not in ("", row.nhs_number)
        for later in said
    )
