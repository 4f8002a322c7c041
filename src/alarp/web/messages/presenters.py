"""What does the page of messages say: which could not be used, why, and what does their text hold?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alarp.records.ledger.models import Work
from alarp.records.messages.models import Message

SHOWN_TEXT = 20_000
WAYS = {Message.HL7: "HL7", Message.FHIR: "FHIR", Message.LIST: "list"}
ANSWERED = {
    Message.TAKEN: "taken (AA)",
    Message.UNUSED: "acknowledged (AA), not needed here",
    Message.WAITING: "could not be used (AE)",
    Message.REFUSED: "refused (AR)",
}


@dataclass(frozen=True)
class Entry:
    """One message that could not be used, or was looked at since."""

    number: int
    title: str
    sender: str
    reason: str
    answered: str
    at: datetime
    open: bool
    resolved_by: str
    resolved_at: datetime | None
    resolution: str
    facts: tuple[tuple[str, str], ...]


def entry(row: Message) -> Entry:
    """One message without its text: nobody is named."""
    times = "once" if row.times_received == 1 else f"{row.times_received} times, kept once"
    return Entry(
        number=row.pk,
        title=f"{row.kind or 'Message of unknown kind'} from {row.sender.replace('|', ', ')}",
        sender=row.sender.replace("|", ", "),
        reason=row.reason,
        answered=ANSWERED[row.outcome],
        at=row.received_at,
        open=row.outcome in (Message.WAITING, Message.REFUSED) and row.resolved_at is None,
        resolved_by=str(row.resolved_by) if row.resolved_by else "",
        resolved_at=row.resolved_at,
        resolution=row.resolution,
        facts=(
            ("Came by", WAYS[row.way]),
            ("Control id", row.control_id or "none"),
            ("Received", times),
            ("Size", f"{row.size_bytes:,} bytes"),
            ("Answered", ANSWERED[row.outcome]),
            ("SHA-256", row.sha256),
        ),
    )


def text_of(data: bytes) -> tuple[str, ...]:
    """The message, a segment a line, for whoever may see whose study it is; at most its first 20,000 characters."""
    text = data[: SHOWN_TEXT * 4].decode("utf-8", "replace")[:SHOWN_TEXT]
    return tuple(line for line in text.replace("\r", "\n").split("\n") if line.strip())


@dataclass(frozen=True)
class Untold:
    """A finding that the RIS rejected."""

    result: int
    trouble: str
    at: datetime


def untold(step: Work) -> Untold:
    return Untold(int(step.payload["result"]), step.trouble, step.done_at or step.created_at)


@dataclass(frozen=True)
class MessageList:
    open: tuple[Entry, ...]
    closed: tuple[Entry, ...]
    untold: tuple[Untold, ...]
    received_today: int

    @property
    def sentence(self) -> str:
        """'2 messages could not be used and wait for a look. 340 came today.'"""
        number = len(self.open)
        waits = "No message waits for a look."
        if number:
            noun = "message" if number == 1 else "messages"
            waits = f"{number} {noun} could not be used and wait{'s' if number == 1 else ''} for a look."
        return f"{waits} {self.received_today:,} came today."
