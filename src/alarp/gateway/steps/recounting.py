"""Does what others hold of a day agree with the ledger? Asked of everybody, and written down."""

from __future__ import annotations

import time
from datetime import date

from django.db import transaction

from alarp.gateway import recounting
from alarp.records import clock
from alarp.records.configuration import configuration
from alarp.records.ledger import recounting as counts
from alarp.records.ledger import work
from alarp.records.ledger.work import Claim


def recount(step: Claim) -> None:
    """Count one day anew; the lease is held as long as the peers take to answer."""
    day, renewed = date.fromisoformat(step.payload["day"]), time.monotonic()

    def still_here() -> None:
        nonlocal renewed
        if time.monotonic() - renewed > configuration().lease_s / 4:
            with transaction.atomic():
                work.renew(step)
            renewed = time.monotonic()

    witnesses = (*counts.of_the_ledger(day), *recounting.peers_of(day, still_here))
    counts.keep(step, counts.Recount(day, clock.now(), witnesses))
