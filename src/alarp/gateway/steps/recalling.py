"""What becomes of the work of a patient who has said no, and is it proved that nothing of theirs left?"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from alarp.records.assurance import proofs, recalls
from alarp.records.ledger import work
from alarp.records.ledger.work import Claim
from alarp.records.people.models import Person


def recall(step: Claim) -> None:
    """Stop what is under way, and ask the supplier to delete what left before."""
    recalls.follow_up(step)


def seal(step: Claim) -> None:
    """Seal the end of a day's egress record into the audit chain."""
    proofs.seal_heads(date.fromisoformat(step.payload["day"]))
    with transaction.atomic():
        work.finish(step)


def prove(step: Claim) -> None:
    """Compute the proof that a person asked for; the lease is held as long as it takes."""
    begin, end = (datetime.fromisoformat(step.payload[name]) for name in ("begin", "end"))
    by = Person.objects.filter(pk=step.payload.get("by")).first()

    def still_here(*_: object) -> None:
        with transaction.atomic():
            work.renew(step)

    proofs.prove(begin, end, by=by, progress=still_here)
    with transaction.atomic():
        work.finish(step)
