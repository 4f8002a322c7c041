"""How does a tool end that never went live? It is stopped at the gate where it stands, by a signed word."""

from __future__ import annotations

from django.db import transaction

from alarp.kernel import BadInput, NotPermitted, Stage
from alarp.pathway import StepUp, policies
from alarp.pathway.states import WAITS_IN, Event
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import advance, locked, moment, refuse_now
from alarp.records.deployments.models import Abandonment, Deployment
from alarp.records.evidence.sealing import seal
from alarp.records.people.models import Person


def abandon(deployment: Deployment, role: str, reason: str, step_up: StepUp, *, by: Person) -> Abandonment:
    """Stop this tool before it goes live. Where studies were sent already, its retirement begins; else it ends here.

    Raises NotPermitted without the role in the team, NotNow in use, BadInput without a reason.
    """
    permissions.check(by, "sign_gate", deployment)
    if role not in permissions.team_roles(by, deployment):
        raise NotPermitted(f"You do not hold the role {role} in this deployment's team.")
    if not reason.strip():
        raise BadInput("To stop a tool needs its reason in writing: what was found, with the figures.")
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        stage = Stage(deployment.stage)
        refuse_now(policies.may_be_abandoned(stage, role))
        gate = next(slug for slug, waits in WAITS_IN.items() if waits is stage)
        said = {"gate": gate, "reason": reason.strip()}
        envelope = seal(said, subject=deployment, by=by, step_up=step_up, role=role, meaning="stop")
        row = Abandonment(
            deployment=deployment,
            gate=gate,
            by=by,
            role=role,
            reason=reason.strip(),
            at=at,
            envelope=envelope,
        )
        row.save()
        record(
            by,
            "stopped before go-live",
            f"deployment {deployment.slug}",
            stream=deployment.slug,
            at=at,
            gate=gate,
            role=role,
            reason=row.reason,
            authenticated_by=step_up.method,
        )
        advance(deployment, Event.ABANDONED, gate, at, by, f"Stopped at gate {gate}: {row.reason}")
    return row
