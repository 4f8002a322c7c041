"""A hazard log to test in: who writes it, how a hazard is scored, how it comes to be accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import valley
from django.utils.timezone import localdate

from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.hazards import commands
from alarp.records.hazards.models import Control, Hazard, RiskAcceptance, SafetyStatement
from alarp.records.hazards.queries import log_of
from alarp.safety import Patients, Score

OFFICER, EXECUTIVE, WRITER = "clinical-safety-officer", "executive", "lead-physicist"


def score(severity: int, likelihood: int) -> Score:
    return Score(severity, likelihood, Patients.ONE)


def row(number: str, **more: Any) -> dict[str, Any]:
    """One row of an import: major harm, medium before, very low after (level 2)."""
    return {
        "number": number,
        "name": f"Hazard {number}",
        "description": "It happens",
        "effect": "Nobody knows",
        "harm": "Delay",
        "causes": ["A queue"],
        "initial": {"severity": "major", "likelihood": "medium"},
        "residual": {"severity": "major", "likelihood": "very low"},
        "measured_by": "silent run",
        "rationale": "none in 400 studies",
        "controls": [
            {
                "number": "C1",
                "text": "It is checked",
                "category": "test",
                "mechanism": 2,
                "state": "verified-effective",
                "evidence": "test run 3",
                "owner_role": "pacs-manager",
            }
        ],
        "monitors": [{"monitor": "reconciliation-gap", "limit": "0"}],
        **more,
    }


LEVEL_1 = {"residual": {"severity": "significant", "likelihood": "very low"}}
LEVEL_3 = {"residual": {"severity": "major", "likelihood": "low"}}


def table(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"scheme": "nhs-2018.1", "hazards": list(rows)}


def imported(deployment: Deployment, *rows: dict[str, Any]) -> None:
    commands.import_log(deployment, table(*rows), by=valley.person(WRITER))


def hazard(deployment: Deployment, number: str = "X1") -> Hazard:
    return Hazard.objects.get(deployment=deployment, number=number)


def control(deployment: Deployment, number: str = "X1", which: str = "C1") -> Control:
    return Control.objects.get(hazard=hazard(deployment, number), number=which)


def accept(deployment: Deployment, number: str = "X1", role: str = OFFICER, **more: Any) -> RiskAcceptance:
    values: dict[str, Any] = {
        "justification": "Further reduction is impractical.",
        "review_on": localdate(clock.now()) + timedelta(days=180),
        "step_up": valley.proof_of_self(),
        "by": valley.person(role),
        **more,
    }
    return commands.accept_risk(hazard(deployment, number), role, **values)


def state(deployment: Deployment, answer: str = "yes", **more: Any) -> SafetyStatement:
    values: dict[str, Any] = {
        "words": "All risks are held back.",
        "conditions": (),
        "step_up": valley.proof_of_self(),
        "by": valley.person(OFFICER),
        **more,
    }
    return commands.state_safety(deployment, answer, **values)


def against(deployment: Deployment) -> tuple[str, ...]:
    from alarp.records.hazards.checks import hazards_acceptable

    deployment.refresh_from_db()
    return hazards_acceptable(deployment, clock.now())


def now(deployment: Deployment, number: str = "X1") -> Any:
    return log_of(deployment).hazard(number)
