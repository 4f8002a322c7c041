"""Which message does this address mean?"""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from alarp.records.messages.models import Message


def message(message: int) -> Message:
    return get_object_or_404(Message.objects.select_related("resolved_by"), pk=message)
