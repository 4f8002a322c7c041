"""What does a deployment's page say: where is this tool, why, and who owes what?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from alarp.web import shapes
from alarp.web.gates.made_in import room_of
from alarp.web.words import in_words, lowered


@dataclass(frozen=True)
class CriterionRow:
    """One criterion of a gate: what it asks, what answers it, or what is missing and who owes it."""

    slug: str
    asks: str
    met: bool
    missing: str
    role: str
    source: str
    mandatory: bool
    kind: str
    cards: tuple[shapes.EvidenceCard, ...]
    valid_until: date | None
    signed: str
    added_because: str
    room: tuple[str, str] | None = None  # what the room that makes its evidence is called, and its address

    @property
    def state(self) -> str:
        if self.met:
            return "met"
        return "answered, not yet signed" if self.cards and not self.missing else "open"


@dataclass(frozen=True)
class GateSummary:
    """The next gate in a few words."""

    slug: str
    title: str
    question: str
    status: str
    rows: tuple[CriterionRow, ...]
    waiting: shapes.Waiting | None
    since: datetime | None
    blockers: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def met(self) -> int:
        return sum(row.met for row in self.rows)

    @property
    def sentence(self) -> str:
        """'12 of 14 criteria met; waiting for the clinical safety officer since 3 June 2026'."""
        text = f"{self.met} of {len(self.rows)} criteria met"
        if self.waiting:
            text += f"; waiting for the {lowered(self.waiting.role)}"
            text += f" since {self.since.day} {self.since:%B %Y}" if self.since else ""
        return text + "."


@dataclass(frozen=True)
class Member:
    pk: int
    role: str
    name: str
    hours: Decimal
    funded_by: str
    since: datetime

    @property
    def hours_words(self) -> str:
        if not self.hours:
            return "no protected time"
        text = f"{self.hours.normalize():f}"
        return f"{text} {'hour' if text == '1' else 'hours'} a week"


@dataclass(frozen=True)
class Team:
    members: tuple[Member, ...]
    vacancies: tuple[str, ...]

    @property
    def sentence(self) -> str:
        filled = f"{len(self.members)} in the team"
        if not self.vacancies:
            return f"{filled}, no role is vacant."
        return f"{filled}; vacant: {', '.join(lowered(v) for v in self.vacancies)}."


@dataclass(frozen=True)
class HoldLine:
    number: int
    concern: str
    exit_criterion: str
    raised_by: str
    raised_at: datetime
    officer: str
    answered_at: datetime | None
    answered_by: str
    answer: str
    days_open: int

    @property
    def age(self) -> str:
        """'open since today', 'open for 3 days'."""
        return "open since today" if self.days_open == 0 else f"open for {shapes.days(self.days_open)}"


@dataclass(frozen=True)
class ClosureLine:
    pk: int
    reason: str
    closed_by: str
    closed_at: datetime
    lifted_by: str
    lifted_at: datetime | None


@dataclass(frozen=True)
class Deviation:
    gate: str
    asks: str
    reason: str
    organisation: str


def criterion_row(view: Any, titles: Mapping[str, str], today: date, deployment: Any) -> CriterionRow:
    """One criterion as the records see it now."""
    criterion, decision = view.criterion, view.signed_by
    return CriterionRow(
        slug=criterion.slug,
        asks=criterion.asks,
        met=view.met,
        missing=in_words(view.missing),
        role=titles.get(criterion.role, criterion.role),
        source=criterion.source,
        mandatory=criterion.mandatory,
        kind=shapes.words(criterion.evidence_kind),
        cards=tuple(shapes.evidence_card(e, today) for e in view.evidence),
        valid_until=view.valid_until,
        signed=f"signed by {decision.person}" if decision else "",
        added_because=criterion.added_because,
        room=room_of(criterion.slug, deployment),
    )


def gate_summary(view: Any, titles: Mapping[str, str], now: datetime, deployment: Any) -> GateSummary:
    """The gate as a person reads it."""
    waiting = None
    if view.waiting_for:
        days = max(0, (now - view.since).days) if view.since else 0
        waiting = shapes.Waiting(titles.get(view.waiting_for, view.waiting_for), days)
    return GateSummary(
        slug=view.gate.slug,
        title=view.gate.title,
        question=view.gate.question,
        status=view.status,
        rows=tuple(criterion_row(c, titles, now.date(), deployment) for c in view.criteria),
        waiting=waiting,
        since=view.since,
        blockers=tuple(in_words(b) for b in view.blockers),
        warnings=tuple(in_words(w) for w in view.warnings),
    )


def team(members: Iterable[Any], vacant: Iterable[str], titles: Mapping[str, str]) -> Team:
    """Who holds which role today, in the order of the role catalogue, and which is vacant?"""
    order = {slug: place for place, slug in enumerate(titles)}
    lines = tuple(
        Member(m.pk, titles.get(m.role, m.role), str(m.person), m.protected_hours_week, m.funded_by, m.since)
        for m in sorted(members, key=lambda m: (order.get(m.role, len(order)), m.pk))
    )
    return Team(lines, tuple(titles.get(slug, slug) for slug in vacant))


def hold_line(hold: Any, now: datetime) -> HoldLine:
    """A safety hold with its age."""
    return HoldLine(
        number=hold.number,
        concern=hold.concern,
        exit_criterion=hold.exit_criterion,
        raised_by=str(hold.raised_by),
        raised_at=hold.raised_at,
        officer=str(hold.officer),
        answered_at=hold.answered_at,
        answered_by=str(hold.answered_by or ""),
        answer=hold.answer,
        days_open=((hold.answered_at or now) - hold.raised_at).days,
    )


def closure_line(closure: Any) -> ClosureLine:
    """A closing of the route by hand, lifted or not."""
    return ClosureLine(
        pk=closure.pk,
        reason=closure.reason,
        closed_by=closure.who,
        closed_at=closure.closed_at,
        lifted_by=str(closure.lifted_by or ""),
        lifted_at=closure.lifted_at,
    )
