"""What does a PACS say when it is asked whether it will keep what was filed? One question, one answer, for a day's count.

Asked by the worker, heard by the listener: the row is where they meet. What is said here decides nothing about a result:
the step that follows its filing does that (`results.committed`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction

from alarp.records import clock
from alarp.records.ledger.models import Commitment, Peer, Result


def ask(pacs: Peer, filed: Sequence[Result]) -> Commitment:
    """A question about these results, under a transaction UID of its own."""
    return Commitment.objects.create(
        transaction_uid=f"2.25.{uuid.uuid4().int}",  # PS3.5 B.2
        peer=pacs,
        asked_at=clock.now(),
        asked=[result.pk for result in filed],
    )


def answered(pacs: Peer, transaction_uid: str, *, kept: Sequence[str], missing: Sequence[str]) -> bool:
    """This PACS answers for the objects of these names and not for those. False: it was not asked so.

    The first answer counts: what is told again under the same transaction changes nothing.
    """
    with transaction.atomic():
        open_ones = Commitment.objects.select_for_update(of=("self",))
        row = open_ones.filter(transaction_uid=transaction_uid, peer=pacs).first()
        if row is None:
            return False
        if row.answered_at is None:
            asked = Result.objects.filter(pk__in=row.asked)
            row.kept = list(asked.filter(instance__sop_uid__in=kept).values_list("pk", flat=True))
            row.missing = list(asked.filter(instance__sop_uid__in=missing).values_list("pk", flat=True))
            row.answered_at = clock.now()
            row.save(update_fields=["kept", "missing", "answered_at"])
    return True


def unanswered(asked: Sequence[int]) -> bool:
    """Does a PACS owe an answer to one of these questions?"""
    return Commitment.objects.filter(pk__in=list(asked), answered_at__isnull=True).exists()
