"""What is overdue, has any evidence lapsed, was a limit passed, which day is not counted yet, which run waits?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from alarp.gateway.steps.evaluating import take_up_runs
from alarp.gateway.steps.probing import ask_for_due_ones
from alarp.records.assurance import alarms, outages, proofs, recalls
from alarp.records.audit import commands as audit
from alarp.records.deployments import commands as deployments
from alarp.records.ledger import pulls, recounting
from alarp.records.ledger.models import Dispatch
from alarp.records.monitors.due import roll_due
from alarp.records.watch import commands as watch

OVERDUE = "The result is overdue."


def overdue(moment: datetime) -> None:
    """Mark the results that have not come back in time."""
    owed = Dispatch.objects.filter(state=Dispatch.SENT, returned_at__isnull=True, due_at__lt=moment)
    for pk in owed.exclude(reason=OVERDUE).values_list("pk", flat=True)[:500]:
        with transaction.atomic():
            dispatch = (
                Dispatch.objects.select_for_update(of=("self",)).select_related("deployment").get(pk=pk)
            )
            if dispatch.returned_at or dispatch.reason == OVERDUE:
                continue
            Dispatch.objects.filter(pk=pk).update(reason=OVERDUE, changed_at=moment)
            audit.record(
                "gateway",
                "result overdue",
                f"study {dispatch.study_id}",
                stream=dispatch.deployment.slug,
                dispatch=pk,
            )


# In this order, each by itself: what goes wrong in one does not keep the others from being done.
SWEEPS: tuple[Callable[[datetime], object], ...] = (
    overdue,
    pulls.withdraw_opted_out,
    recalls.ask_for_new_ones,
    outages.look,
    alarms.look_at_the_register,
    alarms.look_at_recalls,
    alarms.look_at_what_was_kept_apart,
    alarms.look_at_messages_that_wait,
    alarms.look_at_arrivals,
    alarms.look_at_steps_in_trouble,
    ask_for_due_ones,
    proofs.ask_to_seal,
    recounting.ask_for_yesterday,
    deployments.reopen_lapsed,
    watch.look,
    watch.end_seen_to,
    roll_due,
    take_up_runs,
)
