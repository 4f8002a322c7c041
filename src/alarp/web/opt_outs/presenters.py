"""What do the opt-out pages say: who has said no to what, and what becomes of work in flight?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarp.records.ledger.models import Dispatch, Result
from alarp.web.opt_outs.numbers import Number
from alarp.web.studies.patients import Identifiers, spaced

CAME_BY = {"csv": "from a list", "hl7": "by HL7", "fhir": "by FHIR"}
NOT_SENT = frozenset({Dispatch.WAITING, Dispatch.READY, Dispatch.HELD})


@dataclass(frozen=True)
class OptOutRow:
    number: int
    whom: str
    reach: str
    recorded_by: str
    recorded_at: datetime
    came_by: str
    begins: datetime | None
    withdrawn_by: str
    withdrawn_at: datetime | None

    @property
    def stands(self) -> bool:
        return self.withdrawn_at is None


def row(opt_out: Any, *, named: bool) -> OptOutRow:
    """One opt-out; without the right to see who it is, its number stands for the patient."""
    said = []
    if opt_out.nhs_number:
        said.append(f"NHS number {spaced(opt_out.nhs_number)}")
    if opt_out.patient_id:
        said.append(f"hospital number {opt_out.patient_id}")
    whom = ", ".join(said)
    return OptOutRow(
        number=opt_out.pk,
        whom=whom[:1].upper() + whom[1:] if named else "",
        reach=str(opt_out.deployment) if opt_out.deployment else "Every AI tool",
        recorded_by=str(opt_out.recorded_by),
        recorded_at=opt_out.recorded_at,
        came_by=CAME_BY.get(opt_out.source, ""),
        begins=opt_out.effective_from,
        withdrawn_by=str(opt_out.withdrawn_by) if opt_out.withdrawn_by else "",
        withdrawn_at=opt_out.withdrawn_at,
    )


@dataclass(frozen=True)
class OptOutList:
    rows: tuple[OptOutRow, ...]
    standing: int
    named: bool
    older: str = ""

    @property
    def sentence(self) -> str:
        if not self.standing:
            return "No patient of this register has opted out."
        return f"{self.standing:,} opt-out{'' if self.standing == 1 else 's'} in force."


@dataclass(frozen=True)
class InFlight:
    """What there is of this patient at the moment of opting out."""

    studies: int
    unsent: int
    at_tool: int
    returned_kept: int
    filed: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """What will happen, one line each, in the order of urgency."""
        if not self.studies:
            return ("No study of this patient is here. Whatever comes from now on is not sent to AI.",)
        lines = []
        if self.unsent:
            lines.append(f"{_many(self.unsent, 'study')} not sent yet: will not be sent.")
        if self.at_tool:
            lines.append(
                f"{_many(self.at_tool, 'study')} already sent without identifiers: the result is kept out of PACS "
                "when it comes back."
            )
        if self.filed:
            lines.append(
                f"{_many(self.filed, 'result')} already in PACS: stays there. Ask the PACS manager if it must go."
            )
        if self.returned_kept:
            lines.append(f"{_many(self.returned_kept, 'result')} kept in Alarp for evaluation: not filed.")
        if not lines:
            lines.append(f"{_many(self.studies, 'study')} here, none on its way to an AI tool.")
        lines.append("Every study that comes from now on: not sent.")
        return tuple(lines)


def _many(number: int, word: str) -> str:
    if number == 1:
        return f"1 {word}"
    return f"{number} {word[:-1]}ies" if word.endswith("y") else f"{number} {word}s"


def in_flight(studies: int, dispatches: Iterable[Any]) -> InFlight:
    """Count what is on its way, from the dispatches that the opt-out would reach."""
    rows = list(dispatches)
    results = [result for d in rows for result in d.results.all()]
    return InFlight(
        studies=studies,
        unsent=len({d.study_id for d in rows if d.state in NOT_SENT and d.sent_at is None}),
        at_tool=len({d.study_id for d in rows if d.sent_at is not None and d.returned_at is None}),
        returned_kept=sum(r.state != Result.FILED for r in results),
        filed=sum(r.state == Result.FILED for r in results),
    )


@dataclass(frozen=True)
class Confirmation:
    """The last page before it counts."""

    patient: Number
    reach: str
    known_as: tuple[Identifiers, ...]
    also: str
    flight: InFlight
    standing: str
    begins: datetime | None = None

    @property
    def question(self) -> str:
        return f"Opt {self.patient.words} out of {self.reach}?"

    @property
    def moment(self) -> str:
        """From when what the page says will hold."""
        return f"From {self.begins.day} {self.begins:%B %Y}" if self.begins else "From this moment"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What becomes of this patient's studies, now or on the day when it begins."""
        if self.begins:
            return (
                "Nothing of this patient goes to AI, also not what came before and waits then.",
                "Until then their studies go to AI as before.",
            )
        return self.flight.sentences


def standing_sentence(rows: Sequence[Any]) -> str:
    """Is there an opt-out of this patient already?"""
    if not rows:
        return ""
    newest = rows[-1]
    when = f"{newest.recorded_at.day} {newest.recorded_at:%B %Y}"
    reach = str(newest.deployment) if newest.deployment else "every AI tool"
    return f"An opt-out from {reach} is in force already (opt-out {newest.pk}, {when})."
