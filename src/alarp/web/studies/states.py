"""With which word and which sign does a page say where a study stands with a tool?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alarp.kernel import RouteState
from alarp.records.ledger.models import Dispatch, Result


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

    @property
    def where(self) -> str:
        """'at sending'"""
        return f"at {PHASES.get(self.phase, self.phase)}"

    @property
    def route(self) -> str:
        return "Silent run." if self.silent else ""


def sign_of(state: str, *, due_at: datetime | None, now: datetime) -> Sign:
    """A result that has not come back in time is overdue, whatever the ledger's state is called."""
    if state == Dispatch.SENT and due_at is not None and due_at < now:
        return OVERDUE
    return SIGNS.get(state, Sign(state, "grey"))


def reason_of(dispatch: Dispatch) -> str:
    """Why it stands where it stands; in the ledger's words where it has any, else what its results say."""
    if dispatch.state != Dispatch.RETURNED:
        return dispatch.reason
    fates = {result.state for result in dispatch.results.all()}
    if Result.FILED in fates:
        return "The result is filed to PACS."
    if Result.FILING in fates:
        return "The result is on its way to PACS."
    return "The result is kept here, not filed." if fates else dispatch.reason


def line(dispatch: Dispatch, *, now: datetime) -> Line:
    """One dispatch as a line; a page lists them by tool."""
    return Line(
        tool=str(dispatch.deployment.version),
        deployment=dispatch.deployment.slug,
        sign=sign_of(dispatch.state, due_at=dispatch.due_at, now=now),
        phase=dispatch.phase,
        reason=reason_of(dispatch),
        at=dispatch.changed_at,
        round=dispatch.number,
        silent=dispatch.route_when_sent == RouteState.SILENT.value,
    )
