"""With which word and which sign does a page say where a study stands with a tool?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alarp.kernel import RouteState
from alarp.records.ledger import answers
from alarp.records.ledger.answers import Answer
from alarp.records.ledger.models import Dispatch


@dataclass(frozen=True)
class Sign:
    """A word with its colour; the word says all of it."""

    word: str
    colour: str


SIGNS = {
    Dispatch.WAITING: Sign("Waiting", "grey"),
    Dispatch.READY: Sign("On its way", "blue"),
    Dispatch.HELD: Sign("Held", "yellow"),
    Dispatch.REFUSED: Sign("Not for this tool", "grey"),
    Dispatch.OPTED_OUT: Sign("Opted out", "purple"),
    Dispatch.SENT: Sign("Result awaited", "aqua-green"),
    Dispatch.RETURNED: Sign("Result returned", "green"),
    Dispatch.FAILED: Sign("Failed", "red"),
}
OVERDUE = Sign("Result overdue", "orange")
NOT_ANALYSED = Sign("Not analysed", "yellow")

# What each phase was about, in words that follow "at": where a study is, or where it broke.
PHASES = {
    "receive": "receipt",
    "complete": "completeness",
    "eligible": "eligibility",
    "opt-out": "the opt-out check",
    "de-identify": "de-identification",
    "connect": "connecting",
    "send": "sending",
    "process": "the tool",
    "match": "matching",
    "file": "filing",
}


@dataclass(frozen=True)
class Line:
    """Where one study stands with one tool: the sign, the phase, the reason and the time."""

    tool: str
    deployment: str
    sign: Sign
    phase: str
    reason: str
    at: datetime
    round: int = 1
    silent: bool = False
    kind: str = answers.AWAITED  # which of the four answers it is

    @property
    def where(self) -> str:
        """'at sending'"""
        return f"at {PHASES.get(self.phase, self.phase)}"

    @property
    def route(self) -> str:
        return "Silent run." if self.silent else ""


def sign_of(state: str, said: Answer) -> Sign:
    """What the tool has said goes before what the ledger's state is called: late, declined, recalled."""
    if said.kind == answers.OVERDUE:
        return OVERDUE
    if said.sentence == answers.RECALLED:
        return SIGNS[Dispatch.OPTED_OUT]
    if said.kind == answers.NOT_ANALYSED and state == Dispatch.RETURNED:
        return NOT_ANALYSED
    return SIGNS.get(state, Sign(state, "grey"))


def line(dispatch: Dispatch, *, now: datetime) -> Line:
    """One dispatch as a line; a page lists them by tool."""
    said = answers.answer(dispatch, now=now)
    return Line(
        tool=str(dispatch.deployment.version),
        deployment=dispatch.deployment.slug,
        sign=sign_of(dispatch.state, said),
        phase=dispatch.phase,
        reason=said.sentence,
        kind=said.kind,
        at=dispatch.changed_at,
        round=dispatch.number,
        silent=dispatch.route_when_sent == RouteState.SILENT.value,
    )
