"""Studies that went to a tool and came back, as rows: for what watches them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import valley

from alarp.records import clock
from alarp.records.ledger.models import Dispatch, Peer, Study


def scanner() -> Peer:
    site = valley.organisation("river")
    return Peer.objects.get_or_create(
        aet="SCANNER", defaults={"name": "Scanner", "kind": "source", "site": site}
    )[0]


def sent(deployment: Any, *, at: datetime | None = None, state: str = Dispatch.SENT, **more: Any) -> Dispatch:
    """One study that left for this tool."""
    at, number = at or clock.now(), Study.objects.count()
    study = Study.objects.create(
        study_uid=f"1.2.{number}",
        patient_id=f"P{number}",
        peer=scanner(),
        first_received_at=at,
        last_received_at=at,
        completed_at=at,
    )
    values = {"due_at": at + timedelta(hours=1), "route_when_sent": "live", **more}
    return Dispatch.objects.create(
        study=study,
        deployment=deployment,
        state=state,
        phase="process",
        created_at=at,
        changed_at=at,
        sent_at=at,
        **values,
    )


def returned(deployment: Any, count: int) -> None:
    """So many studies whose results have just come back."""
    for _ in range(count):
        sent(deployment, state=Dispatch.RETURNED, returned_at=clock.now())
