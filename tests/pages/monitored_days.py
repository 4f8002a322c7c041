"""Some weeks of a tool in use, for tests of pages: two scanners, one of which drifts in the last days.

Rows as the gateway leaves them, written in bulk; no pictures, no patients' names.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

DAYS, SILENT_DAYS, A_DAY = 40, 15, 6
SCANNERS = (("Philips", "DigitalDiagnost", "XR1"), ("Siemens", "Ysio Max", "XR2"))


def build(
    deployment: Any, peer: Any, *, days: int = DAYS, a_day: int = A_DAY, seed: int = 1
) -> dict[str, str]:
    """Write the weeks before today, close the days that are over, and say what the tests may ask for."""
    from alarp.records import clock
    from alarp.records.ledger.models import Dispatch, Instance, Peer, Result, Study
    from alarp.records.monitors import commands

    now, draw = clock.now(), random.Random(seed)
    tool, _ = Peer.objects.get_or_create(
        aet=f"WATCHED{deployment.pk}"[:16],
        defaults={
            "name": "Watched tool",
            "kind": Peer.TOOL,
            "host": "127.0.0.1",
            "port": 4999,
            "deployment": deployment,
        },
    )
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [
        (day, today - timedelta(days=day) + timedelta(hours=8, minutes=int(600 * n / a_day)))
        for day in range(days, -1, -1)
        for n in range(a_day)
    ]
    moments = [(day, at) for day, at in moments if at < now - timedelta(minutes=30)]
    studies = [_study(Study, peer, number, at, draw) for number, (_, at) in enumerate(moments)]
    Study.objects.bulk_create(studies)
    plans = [
        _plan(draw, day, at, study, now, days) for (day, at), study in zip(moments, studies, strict=True)
    ]
    dispatches = [
        Dispatch(study=s, deployment=deployment, **p["columns"]) for s, p in zip(studies, plans, strict=True)
    ]
    Dispatch.objects.bulk_create(dispatches)
    answered = [(d, p) for d, p in zip(dispatches, plans, strict=True) if p["summary"]]
    instances = [
        Instance(
            study=d.study, direction=Instance.RESULT, peer=tool, sop_uid=f"2.25.77.{deployment.pk}.{n}", modality="SR",
            sha256=f"{deployment.pk:08d}{n:056d}", size_bytes=1, received_at=d.returned_at,
        )
        for n, (d, _) in enumerate(answered)
    ]  # fmt: skip
    Instance.objects.bulk_create(instances)
    Result.objects.bulk_create(
        Result(
            instance=i,
            dispatch=d,
            modality="SR",
            state=Result.KEPT,
            summary=p["summary"],
            matched_at=d.returned_at,
        )
        for i, (d, p) in zip(instances, answered, strict=True)
    )
    for number, (dispatch, _) in enumerate(answered[::3]):
        word = "disagree" if draw.random() < 0.08 else "agree"
        commands.judge(dispatch, word, source="reports", name=str(number), by="the reporting system")
    commands.roll_due(now)
    return {"monitor": "scores"}


def _study(model: Any, peer: Any, number: int, at: datetime, draw: random.Random) -> Any:
    maker, name, station = SCANNERS[draw.random() < 0.4]
    return model(
        study_uid=f"2.25.88.{peer.pk}.{number}", patient_id=f"M{number}", modality="CR", manufacturer=maker, model=name,
        station=station, peer=peer, first_received_at=at, last_received_at=at, completed_at=at,
    )  # fmt: skip


def _plan(
    draw: random.Random, day: int, at: datetime, study: Any, now: datetime, days: int
) -> dict[str, Any]:
    """What becomes of one study; at the second scanner the scores rise in the last twelve days."""
    route = "silent" if day > days - SILENT_DAYS else "live"
    drifted = study.station == "XR2" and day < 12
    score = draw.betavariate(5, 4) if drifted else draw.betavariate(2, 6)
    lost = draw.random() < 0.02
    took = timedelta(seconds=draw.lognormvariate(4.8, 0.5))
    columns = {
        "state": "sent" if lost else "returned",
        "phase": "process" if lost else "match",
        "route_when_sent": route,
        "created_at": at,
        "changed_at": at if lost else at + took,
        "sent_at": at,
        "due_at": at + timedelta(minutes=60),
        "returned_at": None if lost else at + took,
        "study_uid_sent": "",
    }
    decision = "Flagged" if score >= 0.5 else "Not flagged"
    summary = {
        "score": round(score, 3),
        "decision": decision,
        "version": "2.1.0",
        "lines": [],
        "content": "0",
    }
    return {"columns": columns, "summary": None if lost else summary}
