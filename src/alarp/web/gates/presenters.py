"""What does the gate page say: what exactly am I signing, what changed, what did others say?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from alarp.web.deployments.presenters import CriterionRow, GateSummary
from alarp.web.words import lowered

SOON_DAYS = 60
OUTCOME_WORDS = {"approve": "approved", "refuse": "refused", "ask": "asked"}


@dataclass(frozen=True)
class Said:
    """What somebody decided at this gate, and whether they looked at what lies here now."""

    name: str
    role: str
    outcome: str
    meaning: str
    reason: str
    at: datetime
    how: str
    on_present_evidence: bool

    @property
    def verb(self) -> str:
        return OUTCOME_WORDS.get(self.outcome, self.outcome)


def said(decisions: Iterable[Any], present_digest: str, titles: Mapping[str, str]) -> tuple[Said, ...]:
    """Every decision at this gate, newest first."""
    lines = [
        Said(
            name=str(d.person),
            role=titles.get(d.role, d.role),
            outcome=d.outcome,
            meaning="" if d.meaning == d.outcome else d.meaning,
            reason=d.reason,
            at=d.signed_at,
            how=d.authenticated_by,
            on_present_evidence=d.evidence_digest == present_digest,
        )
        for d in decisions
    ]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


@dataclass(frozen=True)
class Change:
    """Something about this gate's evidence that is newer than the last signature."""

    sentence: str
    sha256: str
    at: datetime


def changes_since(
    last: datetime | None, answers: Iterable[Any], reopenings: Iterable[Any]
) -> tuple[Change, ...]:
    """What changed since the last signature at this gate? Nothing to compare before the first one."""
    if last is None:
        return ()
    found = [
        Change(
            f"“{a.evidence.title}” now answers {a.criterion.replace('-', ' ')}", a.evidence.sha256, a.given_at
        )
        for a in answers
        if a.given_at > last
    ]
    for answer in answers:
        withdrawal = getattr(answer.evidence, "withdrawal", None)
        if withdrawal is not None and withdrawal.at > last:
            found.append(
                Change(f"“{answer.evidence.title}” was withdrawn", answer.evidence.sha256, withdrawal.at)
            )
    found += [Change(f"The gate was re-opened: {r.reason}", "", r.at) for r in reopenings if r.at > last]
    unique = {(change.sentence, change.at): change for change in found}
    return tuple(sorted(unique.values(), key=lambda change: change.at, reverse=True))


def look_twice(
    gate: GateSummary, bodies: Iterable[Mapping[str, Any]], today: date, most: int = 2
) -> tuple[str, ...]:
    """The things most likely to be wrong, the worst first: missed claims, weak references, weak designs, ends."""
    sentences: list[str] = []
    for body in bodies:
        for claim in body.get("claims", ()):
            if claim.get("status") != "met":
                sentences.append(
                    f"Claim “{claim.get('claim', claim.get('measure'))}”: {claim.get('status')}."
                )
    for body in bodies:
        if body.get("reference_is_ai"):
            sentences.append("The reference standard of an evaluation is itself the output of an AI.")
    for row in gate.rows:
        for card in row.cards:
            if card.expires_on and card.expires_on <= today + timedelta(days=SOON_DAYS):
                sentences.append(
                    f"“{card.title}” is valid only until {card.expires_on.day} {card.expires_on:%B %Y}."
                )
    for row in gate.rows:
        for card in row.cards:
            if card.design == "retrospective":
                sentences.append(
                    f"“{card.title}” is retrospective: check that its cases were not chosen afterwards."
                )
    return tuple(dict.fromkeys((*sentences, *gate.warnings)))[:most]


@dataclass(frozen=True)
class Signing:
    """Whether this person may sign here, and as whom."""

    roles: tuple[tuple[str, str], ...]
    needed: tuple[str, ...]

    @property
    def who_signs(self) -> str:
        if not self.needed:
            return "Every signature that this gate needs has been given."
        return "Still to sign: " + ", ".join(lowered(role) for role in self.needed) + "."


def evidence_of(rows: Iterable[CriterionRow]) -> int:
    """How many different pieces of evidence lie before the signer?"""
    return len({card.sha256 for row in rows for card in row.cards})
