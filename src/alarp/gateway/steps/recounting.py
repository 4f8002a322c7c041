"""Does what others hold of a day agree with the ledger? Asked of everybody, and written down.

A PACS answers for what it keeps on an association of its own, seconds or hours later: the step asks first, comes again
until the answers are here or `ANSWERS_WITHIN` is over, and counts then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from alarp.gateway import recounting
from alarp.records import clock
from alarp.records.configuration import configuration
from alarp.records.ledger import commitments, work
from alarp.records.ledger import recounting as counts
from alarp.records.ledger.work import Claim

ANSWERS_WITHIN = timedelta(seconds=60)
LOOK_AGAIN = timedelta(seconds=1)


def recount(step: Claim) -> None:
    """Count one day anew; the lease is held as long as the peers take to answer."""
    day, still_here = date.fromisoformat(step.payload["day"]), _renewing(step)
    asked = step.payload.get("asked")
    if asked is None:
        rows, troubles = recounting.ask_for_commitment(day, still_here)
        asked = {"rows": rows, "troubles": troubles, "at": clock.now().isoformat()}
    if _is_waited_for(asked):
        with transaction.atomic():
            work.note(step, asked=asked)
            work.postpone(step, due_at=clock.now() + LOOK_AGAIN)
        return
    witnesses = (
        *counts.of_the_ledger(day),
        *recounting.peers_of(day, still_here),
        *recounting.committed(asked["rows"], asked["troubles"]),
    )
    counts.keep(step, counts.Recount(day, clock.now(), witnesses))


def _is_waited_for(asked: dict[str, Any]) -> bool:
    until = datetime.fromisoformat(asked["at"]) + ANSWERS_WITHIN
    return clock.now() < until and commitments.unanswered(asked["rows"])


def _renewing(step: Claim) -> Callable[[], None]:
    renewed = time.monotonic()

    def still_here() -> None:
        nonlocal renewed
        if time.monotonic() - renewed > configuration().lease_s / 4:
            with transaction.atomic():
                work.renew(step)
            renewed = time.monotonic()

    return still_here
