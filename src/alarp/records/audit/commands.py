"""Write down what happened, in the caller's own transaction."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from alarp.kernel import canonical_json, digest
from alarp.records import clock
from alarp.records.audit.models import AuditEvent, AuditStream
from alarp.records.people.models import Person

SITE = "site"


def event_hash(
    *,
    stream: str,
    seq: int,
    at: datetime,
    actor: str,
    actor_id: int | None,
    action: str,
    subject: str,
    details: Any,
    previous: str,
) -> str:
    """Which digest seals this event? It covers the stream, the place in it, and the digest before it."""
    return digest(
        {
            "stream": stream,
            "seq": seq,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": actor,
            "actor_id": actor_id,
            "action": action,
            "subject": subject,
            "details": details,
            "previous": previous,
        }
    )


def record(
    actor: Person | str,
    action: str,
    subject: str,
    *,
    stream: str = SITE,
    at: datetime | None = None,
    **details: Any,
) -> AuditEvent:
    """Add one event to a stream's chain; a person acts under their name, a process under its own.

    Must run inside the transaction that makes the change: without one there is nothing to stand beside.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit event belongs in the transaction of the change it records.")
    chain, _ = AuditStream.objects.get_or_create(slug=stream)
    chain = AuditStream.objects.select_for_update().get(pk=chain.pk)
    moment = at or clock.now()
    details = json.loads(canonical_json(details))  # what is hashed is what the database will give back
    label = actor if isinstance(actor, str) else str(actor)
    sealed = event_hash(
        stream=stream,
        seq=chain.count + 1,
        at=moment,
        actor=label,
        actor_id=None if isinstance(actor, str) else actor.pk,
        action=action,
        subject=subject,
        details=details,
        previous=chain.head,
    )
    event = AuditEvent(
        stream=chain,
        seq=chain.count + 1,
        at=moment,
        actor=None if isinstance(actor, str) else actor,
        actor_label=label,
        action=action,
        subject=subject,
        details=details,
        previous=chain.head,
        hash=sealed,
    )
    event.save()
    chain.count += 1
    chain.head = sealed
    chain.save(update_fields=["count", "head"])
    return event
