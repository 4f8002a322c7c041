"""Today, counted by others than the ledger, for tests of pages: one agrees, one has lost a result, one was not there."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from alarp.records import clock
from alarp.records.ledger.recounting import Difference, Recount, Witness, write_down


def today(study: int) -> None:
    """Write down what everybody said; the result of this study is the one that is lost."""
    lost = Difference(study, "TESTPACS", "results filed", 1, 0)
    witnesses = (
        Witness("the store", 2, ()),
        Witness("TESTPACS", 5, (lost,), silent=1),
        Witness("TESTTOOL1", 0, (), trouble="TESTTOOL1 does not answer."),
    )
    with transaction.atomic():
        write_down(Recount(timezone.localdate(), clock.now(), witnesses))
