"""A person has looked at a message that could not be used, and says what was done."""

from __future__ import annotations

from django.db import transaction

from alarp.kernel import BadInput, NotNow
from alarp.records import clock, permissions
from alarp.records.audit import commands as audit
from alarp.records.messages.models import Message
from alarp.records.people.models import Person


def resolve_message(message: Message, *, resolution: str, by: Person) -> Message:
    """Close the entry with words. The message stays as it came; what it asked for is done by hand or sent anew."""
    permissions.check(by, "resolve_quarantine")
    if not resolution.strip():
        raise BadInput("Say what was found and done before the entry is closed.")
    with transaction.atomic():
        row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
        if row.outcome not in (Message.WAITING, Message.REFUSED):
            raise NotNow("This message was used; there is nothing to resolve.")
        if row.resolved_at:
            raise NotNow("This message was resolved before.")
        row.resolved_by, row.resolved_at, row.resolution = by, clock.now(), resolution.strip()
        row.save(update_fields=["resolved_by", "resolved_at", "resolution"])
        audit.record(by, "message resolved", f"message {row.pk}", resolution=row.resolution)
    return row
