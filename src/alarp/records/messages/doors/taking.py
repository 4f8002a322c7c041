"""A message has come: is it new, is it understood, and what follows from it? One transaction, then the answer.

The same bytes under the same control id from the same sender are answered as before and done once. Other bytes
under a known control id that may stand for one content only (MSH-10; id and version of a resource) are kept and wait
for a person: one of the two would be lost otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F

from alarp.kernel import BadInput, NotNow, NotPermitted, sha256_hex
from alarp.records import clock, objects
from alarp.records.audit import commands as audit
from alarp.records.messages.doors import effects
from alarp.records.messages.models import Message
from alarp.records.messages.reading.said import Letter, Unusable
from alarp.records.people.models import Person

ACTOR = "messages"
SAME_NUMBER = "A message with this control id and other content was received before; both are kept."
DUPLICATE, APPLICATION = 205, 207  # HL7 table 0357

Read = Callable[[], Letter]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message, in the sender's terms: taken, or refused or not usable for a reason."""

    outcome: str
    reason: str = ""
    code: int = 0


Answer = Callable[[Verdict, Message], str]


def take(data: bytes, envelope: Letter, read: Read, answer: Answer, *, by: Person | None = None) -> Message:
    """Take in one message; its row, what follows from it and the answer are durable when this returns.

    `read` reads the content (it may raise Unusable), `answer` words the acknowledgement. `by`: in whose name
    opt-outs that it carries are recorded; without a person an opt-out is not taken from a message.
    """
    try:
        letter, verdict = read(), Verdict(Message.TAKEN)
    except Unusable as trouble:
        letter = envelope
        verdict = Verdict(Message.REFUSED if trouble.refused else Message.WAITING, str(trouble), trouble.code)
    try:
        return _take(letter, verdict, data, answer, by)
    except IntegrityError:  # two connections brought the same message at once: the second is a repeat
        return _take(letter, verdict, data, answer, by)


def _take(letter: Letter, verdict: Verdict, data: bytes, answer: Answer, by: Person | None) -> Message:
    sha256 = sha256_hex(data)
    with transaction.atomic():
        _alone(letter)
        known = Message.objects.filter(sender=letter.sender, control_id=letter.control_id)
        same = known.filter(sha256=sha256).first()
        if same is not None:
            Message.objects.filter(pk=same.pk).update(times_received=F("times_received") + 1)
            same.times_received += 1
            return same
        if letter.once and known.exists():
            verdict = Verdict(Message.WAITING, SAME_NUMBER, DUPLICATE)
        message = _written(letter, verdict, sha256, len(data))
        if verdict.outcome == Message.TAKEN:
            verdict = _followed(message, letter, by)
        message.outcome, message.reason = verdict.outcome, verdict.reason[:500]
        message.content_kept = verdict.outcome != Message.UNUSED  # what nobody needs is not stored
        message.answer = answer(verdict, message)
        message.save(update_fields=["outcome", "reason", "content_kept", "answer"])
        if message.content_kept:
            objects.put(data)
        if verdict.outcome in (Message.WAITING, Message.REFUSED):
            told = {"kind": message.kind, "sender": message.sender, "reason": message.reason}
            audit.record(ACTOR, f"message {verdict.outcome}", f"message {message.pk}", **told)
    return message


def _written(letter: Letter, verdict: Verdict, sha256: str, size_bytes: int) -> Message:
    return Message.objects.create(
        way=letter.way,
        sender=letter.sender,
        control_id=letter.control_id,
        kind=letter.kind,
        sent_at=letter.sent_at,
        sha256=sha256,
        size_bytes=size_bytes,
        received_at=clock.now(),
        outcome=verdict.outcome,
    )


def _followed(message: Message, letter: Letter, by: Person | None) -> Verdict:
    """What the message says is done, all of it or nothing; what cannot be done waits, and holds up no other message."""
    try:
        with transaction.atomic():
            new = effects.follow(message, letter, by)
    except (BadInput, NotPermitted, NotNow) as trouble:
        return Verdict(Message.WAITING, str(trouble), getattr(trouble, "code", APPLICATION))
    except (DataError, OverflowError, ValueError):
        return Verdict(Message.WAITING, "The message holds a value that cannot be kept.", APPLICATION)
    return Verdict(Message.TAKEN if new else Message.UNUSED)


def _alone(letter: Letter) -> None:
    """On PostgreSQL, let nobody else judge the same control id at the same moment (SQLite has one writer)."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [3, f"{letter.sender}|{letter.control_id}"]
        )
