"""What is overdue, has any evidence lapsed, and which day is over and not counted yet?"""

from __future__ import annotations

from django.db import transaction

from alarp.records import clock
from alarp.records.audit import commands as audit
from alarp.records.deployments import commands as deployments
from alarp.records.ledger.models import Dispatch
from alarp.records.monitors import commands as monitors

OVERDUE = "The result is overdue."


def sweep() -> None:
    """Mark results that are overdue, and let lapsed evidence re-open its gate."""
    moment = clock.now()
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
    deployments.reopen_lapsed(moment)
    monitors.roll_due(moment)
