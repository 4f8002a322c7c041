"""Training in the small hospital: the demonstration's module, users in every state, one who failed and then passed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from typing import Any


def teach(deployment: Any, person: Callable[[str], Any]) -> dict[str, Any]:
    """Name users of this tool, train some of them; answers the module and a person for the addresses."""
    from alarp.records import clock
    from alarp.records.governance import commands as governance
    from alarp.records.governance.models import Responsibilities
    from alarp.records.governance.queries import latest
    from alarp.records.training import commands
    from alarp.records.training.models import Module

    trainer = person("service-manager")
    data = files("alarp.demo").joinpath("cases", "training-noduleflag.yaml").read_bytes()
    commands.import_file(data, "training-noduleflag.yaml", by=trainer)
    module = Module.objects.get()
    for username in ("reader", "clinical-lead", "radiographer", "lead-physicist"):
        commands.add_user(deployment, person(username), username, by=trainer)
    current = latest(Responsibilities, deployment)
    for username in ("reader", "clinical-lead", "radiographer"):
        governance.acknowledge(deployment, read=current.digest, by=person(username))
    key = {item.number: "right" if item.ai_right else "wrong" for item in module.items.all()}
    commands.take(module, {**key, 7: "right"}, by=person("reader"))
    commands.take(module, {**key, 1: "wrong"}, by=person("reader"))
    elsewhere = {
        "correct": 7,
        "items": 8,
        "caught": 3,
        "failures": 3,
        "certificate": "NF-2026-014",
        "by": trainer,
    }
    today = clock.now().date()
    commands.record_training(person("clinical-lead"), module, today - timedelta(days=330), **elsewhere)
    commands.record_training(person("radiographer"), module, today - timedelta(days=400), **elsewhere)
    return {"module": module.pk, "person": person("reader").pk}
