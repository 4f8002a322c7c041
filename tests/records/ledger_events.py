"""Studies and dispatches as the gateway leaves them, for tests of the monitors: rows only, no pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from alarp.records.ledger.models import Dispatch, Instance, Peer, Result, Study

_numbers = count(1)


def source() -> Peer:
    return Peer.objects.get_or_create(aet="ROOM1", defaults={"name": "Room 1", "kind": Peer.SOURCE})[0]


def tool(deployment: Any) -> Peer:
    defaults = {"name": "Tool", "kind": Peer.TOOL, "host": "h", "port": 104, "deployment": deployment}
    return Peer.objects.get_or_create(aet=f"TOOL{deployment.pk}", defaults=defaults)[0]


def study(at: datetime, *, model: str = "Alpha", **more: Any) -> Study:
    values = {
        "study_uid": f"2.25.{next(_numbers)}",
        "patient_id": "P1",
        "patient_name": "Sorrowfield^Quentin",
        "modality": "CR",
        "manufacturer": "Philips",
        "model": model,
        "station": "CR1",
        "peer": source(),
        "first_received_at": at,
        "last_received_at": at,
        "completed_at": at,
        **more,
    }
    return Study.objects.create(**values)


def dispatch(deployment: Any, at: datetime, *, model: str = "Alpha", **more: Any) -> Dispatch:
    values = {
        "state": Dispatch.SENT,
        "phase": "process",
        "route_when_sent": "live",
        "sent_at": at,
        "due_at": at + timedelta(minutes=60),
        "created_at": at,
        "changed_at": at,
        **more,
    }
    return Dispatch.objects.create(study=study(at, model=model), deployment=deployment, **values)


def returned(
    deployment: Any,
    at: datetime,
    *,
    after_s: float = 120,
    score: float = 0.2,
    version: str = "1.0",
    decision: str = "Not flagged",
    **more: Any,
) -> Dispatch:
    back = at + timedelta(seconds=after_s)
    made = dispatch(
        deployment,
        at,
        **{"state": Dispatch.RETURNED, "phase": "match", "returned_at": back, "changed_at": back, **more},
    )
    number = next(_numbers)
    instance = Instance.objects.create(
        study=made.study, direction=Instance.RESULT, peer=tool(deployment), sop_uid=f"2.25.9.{number}",
        modality="SR", sha256=f"{number:064d}", size_bytes=1, received_at=back,
    )  # fmt: skip
    Result.objects.create(
        instance=instance,
        dispatch=made,
        modality="SR",
        state=Result.KEPT,
        summary={"score": score, "decision": decision, "version": version, "lines": [], "content": "0"},
        matched_at=back,
    )
    return made


def ended(
    deployment: Any, at: datetime, state: str, reason: str, phase: str = "eligible", **more: Any
) -> Dispatch:
    return dispatch(
        deployment,
        at,
        **{
            "state": state, "phase": phase, "reason": reason, "sent_at": None, "due_at": None, "route_when_sent": "",
            **more,
        },
    )  # fmt: skip
