"""How does a door leave its trace? One audit event about one row; and where a person signs, their sealed word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alarp.pathway import StepUp
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import moment
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.sealing import seal
from alarp.records.people.models import Person
from alarp.records.protocols.models import EvaluationProtocol, EvaluationRun, TestSet

About = EvaluationProtocol | TestSet | EvaluationRun


def told(by: Person | str, action: str, about: About, *, at: datetime | None = None, **facts: Any) -> None:
    """Write down in the deployment's trail what was done with this row."""
    record(by, action, str(about), stream=about.deployment.slug, at=at, **facts)


def sealed_word(
    said: Mapping[str, Any], deployment: Deployment, step_up: StepUp, *, by: Person, action: str, meaning: str
) -> dict[str, Any]:
    """What does a row hold that stands under one person's signature: their role, the envelope, who and when?

    They sign in one of their roles in the team that may do this; the caller has checked that they may.
    """
    role = min(permissions.ACTIONS[action].roles & permissions.team_roles(by, deployment))
    at = moment(deployment)
    envelope = seal(dict(said), subject=deployment, by=by, step_up=step_up, role=role, meaning=meaning)
    return {"role": role, "envelope": envelope, "by": by, "at": at}
