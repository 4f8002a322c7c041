"""What does the reconciliation say: is everything accounted for, and which studies stand behind each number?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse

from alarp.kernel import Disposition
from alarp.web.studies.listing import Wanted


@dataclass(frozen=True)
class Term:
    """One number of a balance, and where the studies behind it are listed."""

    count: int
    word: str
    href: str


@dataclass(frozen=True)
class Balance:
    """A sum that must come out: the total and its parts."""

    total: Term
    parts: tuple[Term, ...]

    @property
    def holds(self) -> bool:
        return self.total.count == sum(part.count for part in self.parts)

    @property
    def verdict(self) -> str:
        """Empty when it holds; else by how much it does not."""
        missing = self.total.count - sum(part.count for part in self.parts)
        if missing > 0:
            return f"{missing:,} not accounted for"
        return f"{-missing:,} counted twice" if missing else ""


@dataclass(frozen=True)
class ToolRow:
    """One tool's part of the day."""

    tool: str
    deployment: str
    images: tuple[Term, ...]
    results: tuple[Term, ...]


@dataclass(frozen=True)
class ReasonRow:
    reason: str
    count: int
    href: str


@dataclass(frozen=True)
class WitnessRow:
    """One who was asked beside the ledger."""

    name: str
    agrees: int
    differs: int
    silent: int
    trouble: str


@dataclass(frozen=True)
class DifferenceRow:
    sentence: str
    href: str


@dataclass(frozen=True)
class RecountView:
    """What everybody but the ledger says of the day."""

    at: datetime
    agrees: bool
    sentence: str
    witnesses: tuple[WitnessRow, ...]
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True)
class ReconciliationPage:
    """One day."""

    day: date
    today: bool
    images: Balance
    results: Balance
    balanced: bool
    sentence: str
    quarantined: Term
    repeats: int
    troubles: tuple[str, ...]
    tools: tuple[ToolRow, ...]
    reasons: tuple[ReasonRow, ...]
    recount: RecountView | None
    previous: str
    next: str

    @property
    def verdict(self) -> str:
        """The first words of the page."""
        if self.balanced:
            return "Everything is accounted for."
        off = [b.verdict for b in (self.images, self.results) if b.verdict]
        return "; ".join([*(f"{v.capitalize()}" for v in off), *self.troubles]) + "."


def page(found: Any, *, today: date, names: Mapping[str, str], recount: Any = None) -> ReconciliationPage:
    """The records' reconciliation with a link behind every number. `names`: deployment slug → tool."""
    want = Wanted(day=found.day)
    troubles = (_missing(found.missing_files),) if found.missing_files else ()
    return ReconciliationPage(
        day=found.day,
        today=found.day == today,
        images=Balance(Term(found.received, "received", want.href), _images(found, want)),
        results=Balance(
            Term(found.expected, "results expected", replace(want, owed="expected").href),
            _results(found, want),
        ),
        balanced=found.balanced,
        sentence=found.sentence,
        quarantined=Term(
            found.quarantined, "quarantined", f"{reverse('quarantine')}?day={found.day.isoformat()}"
        ),
        repeats=found.repeats,
        troubles=(*troubles, *found.stranded),
        tools=tuple(_tool(row, want, names) for row in found.by_deployment),
        reasons=tuple(
            ReasonRow(reason, count, _reason_href(reason, want, found.day)) for reason, count in found.reasons
        ),
        recount=_recount(recount) if recount is not None else None,
        previous=_href(found.day - timedelta(days=1)),
        next=_href(found.day + timedelta(days=1)) if found.day < today else "",
    )


def _recount(found: Any) -> RecountView:
    return RecountView(
        at=found.at,
        agrees=found.agrees,
        sentence=found.sentence,
        witnesses=tuple(_witness(one) for one in found.witnesses),
        differences=tuple(
            DifferenceRow(one.sentence, reverse("study", args=[one.study]) if one.study else "")
            for one in found.differences
        ),
    )


def _witness(one: Any) -> WitnessRow:
    differs = len({difference.study for difference in one.differences})
    return WitnessRow(one.name, max(one.studies - differs, 0), differs, one.silent, one.trouble)


def _missing(files: int) -> str:
    return "1 object file is missing" if files == 1 else f"{files:,} object files are missing"


def _images(row: Any, want: Wanted) -> tuple[Term, ...]:
    return (
        Term(row.sent, "sent", replace(want, became=Disposition.SENT.value).href),
        Term(row.held, "held", replace(want, became=Disposition.HELD.value).href),
        Term(row.opted_out, "opted out", replace(want, became=Disposition.OPTED_OUT.value).href),
        Term(row.failed, "failed", replace(want, became=Disposition.FAILED.value).href),
    )


def _results(row: Any, want: Wanted) -> tuple[Term, ...]:
    parts = (
        Term(row.returned, "returned", replace(want, owed="returned").href),
        Term(row.overdue, "overdue", replace(want, owed="overdue").href),
    )
    return (
        (*parts, Term(row.awaited, "not due yet", replace(want, owed="awaited").href))
        if row.awaited
        else parts
    )


def _tool(row: Any, want: Wanted, names: Mapping[str, str]) -> ToolRow:
    here = replace(want, deployment=row.deployment)
    return ToolRow(
        tool=names.get(row.deployment, row.deployment),
        deployment=row.deployment,
        images=_images(row, here),
        results=(
            Term(row.expected, "expected", replace(here, owed="expected").href),
            Term(row.returned, "returned", replace(here, owed="returned").href),
            Term(row.overdue, "overdue", replace(here, owed="overdue").href),
            Term(row.awaited, "not due yet", replace(here, owed="awaited").href),
        ),
    )


def _reason_href(reason: str, want: Wanted, day: date) -> str:
    if reason.startswith("Quarantined: "):
        return f"{reverse('quarantine')}?day={day.isoformat()}"
    return replace(want, why=reason).href


def _href(day: date) -> str:
    return f"{reverse('reconciliation')}?day={day.isoformat()}"
