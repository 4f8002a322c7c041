"""A training school for tests: a module with an assessment, users, acknowledgements, in the valley Trust."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import valley
import yaml

from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.governance import commands as governance
from alarp.records.governance import queries as governance_queries
from alarp.records.governance.models import Responsibilities
from alarp.records.training import commands
from alarp.records.training.models import Module, TrainingRecord
from alarp.standards.governance import load_responsibilities

KEY = {1: "right", 2: "right", 3: "wrong", 4: "right", 5: "wrong"}
WRONG_ON_4 = {**KEY, 4: "wrong"}  # one false alarm, every failure caught
WRONG_ON_3 = {**KEY, 3: "right"}  # one failure slips by


def described(slug: str = "flag-readers", version: str = "1.0", **change: Any) -> dict[str, Any]:
    """A module as its file describes it."""
    general = not version
    table: dict[str, Any] = {
        "slug": slug,
        "title": f"Flag {version} for readers" if version else "AI basics",
        "outcomes": ["Knows when Flag is wrong."],
        "teaches": {"ai.reading-results": 3},
        "accreditor": "Valley radiology school",
        "pass_mark": 0.8,
        "failures_mark": 1,
        "valid_days": 365,
        "items": [
            {"case": f"Case {n}", "ai_said": "Nodule, score 0.9", "ai": truth, "reason": f"Because of {n}."}
            for n, truth in KEY.items()
        ],
    }
    if not general:
        table |= {
            "product": "flag",
            "version": version,
            "grants": {"reader": "unaided", "radiographer": "supervised"},
        }
    return {name: value for name, value in {**table, **change}.items() if value is not None}


def imported(
    *modules: dict[str, Any], by: str = "lead-physicist", name: str = "modules.yaml"
) -> commands.Imported:
    text = yaml.safe_dump({"modules": list(modules)}, sort_keys=False)
    return commands.import_file(text.encode(), name, by=valley.person(by))


def module(slug: str = "flag-readers") -> Module:
    return Module.objects.filter(slug=slug).order_by("-edition")[0]


def responsibilities(deployment: Deployment) -> None:
    steps = load_responsibilities().steps
    rows = [{"step": s.slug, "accountable": s.accountable, "consulted": s.consulted} for s in steps]
    governance.set_responsibilities(deployment, rows, by=valley.person("digital-lead"))


def acknowledges(deployment: Deployment, *usernames: str) -> None:
    current = governance_queries.latest(Responsibilities, deployment)
    assert current is not None
    for username in usernames:
        governance.acknowledge(deployment, read=current.digest, by=valley.person(username))


def passed(username: str, slug: str = "flag-readers", *, days_ago: int = 10, **change: Any) -> TrainingRecord:
    """Trained elsewhere, recorded by the physicist (or, for the physicist, by the service manager)."""
    from datetime import timedelta

    given: dict[str, Any] = {
        "correct": 5,
        "items": 5,
        "caught": 2,
        "failures": 2,
        "certificate": "VS-1",
        **change,
    }
    by = given.pop("by", "lead-physicist")
    dated = given.pop("dated", clock.now().date() - timedelta(days=days_ago))
    return commands.record_training(
        valley.person(username), module(slug), dated, **given, by=valley.person(by)
    )


def live_school(deployment: Deployment, users: Iterable[tuple[str, str]] = (("reader", "reader"),)) -> None:
    """The module of the deployed version, responsibilities, and these (username, role) as users, untrained."""
    imported(described())
    responsibilities(deployment)
    for username, role in users:
        commands.add_user(deployment, valley.person(username), role, by=valley.person("service-manager"))
