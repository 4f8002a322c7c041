"""One process of a race: prepares a database, or does its one thing when the flag falls. Not a test itself.

`python racers.py WHAT ARGUMENTS…` with ALARP_DATA (and ALARP_DATABASE_URL) set; prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

FLAG_WAIT_S = 60


def prepare() -> dict[str, Any]:
    from alarp.records import tables

    tables.lay()
    import valley

    valley.build()
    deployment = valley.proposed()
    valley.answered(deployment, "need")
    second = valley.person("reader")
    second.holdings.create(
        role="clinical-lead", organisation=valley.organisation("valley"), since=deployment.proposed_at.date()
    )
    from alarp.records.deployments import commands

    commands.join_team(deployment, "clinical-lead", second, 1, by=valley.person("service-manager"))
    run_under_way(deployment)
    return {"slug": deployment.slug}


def run_under_way(deployment: Any) -> None:
    """An evaluation that a process called 'racer' is doing."""
    import chest_evaluation as chest

    from alarp.records.protocols.doors import running

    run = chest.asked(chest.begun(deployment), chest.cases(deployment))
    assert running.take(run.pk, "racer") == running.Hold(run.pk, "racer", 1)


def await_flag(flag: str) -> None:
    """Ready; go when the file is there."""
    Path(f"{flag}.{sys.argv[3]}.ready").touch()
    until = time.monotonic() + FLAG_WAIT_S
    while not Path(flag).exists():
        if time.monotonic() > until:
            raise TimeoutError("no start")
        time.sleep(0.002)


def act(flag: str, what: str, *arguments: str) -> dict[str, Any]:
    import valley

    from alarp.kernel import AlarpError
    from alarp.records.deployments import queries
    from alarp.records.deployments.models import Deployment

    deployment = Deployment.objects.get()
    digest = queries.gate_view(deployment, "need").evidence_digest
    await_flag(flag)
    try:
        if what.startswith("sign"):
            role, username = arguments
            valley.sign(deployment, "need", role, by=valley.person(username), evidence_digest=digest)
        elif what.startswith("withdraw"):
            from alarp.records.evidence.commands import withdraw

            paper = deployment.answers.get(criterion="baseline").evidence
            withdraw(paper, "Wrong year.", by=valley.person("service-manager"))
        elif what.startswith(("stop", "finish")):
            return move_run(what)
        else:
            write_events(int(arguments[0]))
    except AlarpError as refusal:
        return {"refused": str(refusal)}
    return {"done": True}


def move_run(what: str) -> dict[str, Any]:
    """A person stops the run, or its process has its answer."""
    import valley

    from alarp.records.protocols import commands
    from alarp.records.protocols.doors import running
    from alarp.records.protocols.models import EvaluationRun

    run = EvaluationRun.objects.get()
    if what.startswith("stop"):
        commands.stop_run(run, by=valley.person("lead-physicist"))
        return {"done": True}
    try:
        running.finish(running.Hold(run.pk, "racer", 1), result=b"{}", report=b"<html>")
    except running.Taken:
        return {"refused": "taken"}
    return {"done": True}


def write_events(number: int) -> None:
    from django.db import transaction

    from alarp.records.audit.commands import record

    for _ in range(number):
        with transaction.atomic():
            record("racer", "did", "thing", stream="race")


def look() -> dict[str, Any]:
    from alarp.records.audit import queries as audit
    from alarp.records.deployments import queries
    from alarp.records.deployments.models import Deployment
    from alarp.records.protocols.models import EvaluationRun

    deployment, run = Deployment.objects.get(), EvaluationRun.objects.get()
    return {
        "run": [run.state, bool(run.result_sha256), run.stopped_by is not None],
        "stage": deployment.stage,
        "status": deployment.gates.get(gate="need").status,
        "approvals": sorted(deployment.decisions.values_list("role", flat=True)),
        "opened": sum(e.action == "gate opened" for e in audit.events(deployment.slug, limit=10_000)),
        "route": str(queries.route(deployment).state),
        "chains": {check.stream: [check.ok, check.events] for check in audit.verify()},
    }


def main() -> None:
    from alarp.records import boot

    boot()
    what = sys.argv[1]
    if what == "prepare":
        answer = prepare()
    elif what == "look":
        answer = look()
    else:
        answer = act(sys.argv[2], sys.argv[3], *sys.argv[4:])
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
