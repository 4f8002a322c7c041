"""What follows from a material change: a new version, or evidence that no longer stands."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from alarp.kernel import BadInput, Stage
from alarp.pathway import policies
from alarp.pathway.model import TO_LIVE
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import Actor, locked, moment, refuse_now, reopen
from alarp.records.deployments.facts import DeploymentFacts, pathway_of
from alarp.records.deployments.models import Answer, Deployment, Reopening
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person
from alarp.records.products.models import Version

SYSTEM = "expiry sweep"


def change_version(deployment: Deployment, version: Version, *, by: Person) -> tuple[Reopening, ...]:
    """Move the deployment to another version of its product: every gate bound to the version opens again."""
    permissions.check(by, "change_version", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        refuse_now(policies.is_not_stopped(Stage(deployment.stage)))
        if version.product_id != deployment.version.product_id:
            raise BadInput(
                f"{version} is another product than {deployment.version.product}; propose it as a new deployment."
            )
        if version.pk == deployment.version_id:
            raise BadInput(f"The deployment runs {version} already.")
        before, deployment.version = deployment.version, version
        deployment.save(update_fields=["version"])
        record(
            by,
            "version changed",
            f"deployment {deployment.slug}",
            stream=deployment.slug,
            at=at,
            **{"from": str(before), "to": str(version)},
        )
        reason = f"The version changed from {before.number} to {version.number}."
        bound = [g.slug for g in pathway_of(deployment).gates if g.version_bound and g.slug in TO_LIVE]
        return reopen(deployment, [(gate, "new version", reason) for gate in bound], at, by)


def reopen_for_what_leaves(
    deployment: Deployment, reason: str, at: datetime, actor: Actor
) -> tuple[Reopening, ...]:
    """Other data than those assessed will go out: re-open each gate that asks for the impact assessment.

    Inside the caller's transaction, on a locked row.
    """
    asking = [
        gate.slug
        for gate in pathway_of(deployment).gates
        if any(criterion.evidence_kind == "dpia" for criterion in gate.criteria)
    ]
    return reopen(deployment, [(gate, "what leaves changed", reason) for gate in asking], at, actor)


def reopen_for(deployment: Deployment, at: datetime, actor: Actor) -> tuple[Reopening, ...]:
    """Re-open what no longer stands on its evidence. Inside the caller's transaction, on a locked row."""
    lapses = DeploymentFacts(deployment, at).lapses()
    return reopen(deployment, [(one.gate, one.cause, one.sentence) for one in lapses], at, actor)


def reopen_where_used(evidence: Evidence, at: datetime, actor: Actor) -> tuple[Reopening, ...]:
    """This evidence stopped standing: re-open every gate, of every deployment, that was signed on it."""
    found = Answer.objects.filter(evidence=evidence).values_list("deployment", flat=True).distinct()
    made: tuple[Reopening, ...] = ()
    for deployment in Deployment.objects.filter(pk__in=list(found)).order_by("pk"):
        row = locked(deployment)
        made += reopen_for(row, max(at, moment(row)), actor)
    return made


def reopen_lapsed(at: datetime | None = None) -> tuple[Reopening, ...]:
    """Sweep every deployment for evidence that lapsed since. Routes close without it: it writes down what holds already."""
    at = at or clock.now()
    made: tuple[Reopening, ...] = ()
    closed = (Stage.RETIRE.value, Stage.RETIRED.value)
    for deployment in Deployment.objects.exclude(stage__in=closed).order_by("pk"):
        with transaction.atomic():
            made += reopen_for(locked(deployment), at, SYSTEM)
    return made
