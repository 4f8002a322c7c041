"""Who is to use a tool here, and how does their training become evidence at its gate?"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput, NotNow, Stage
from alarp.pathway import policies
from alarp.records import clock, permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment, refuse_now
from alarp.records.deployments.issuing import issue
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person
from alarp.records.training import documents
from alarp.records.training.models import DeploymentUser
from alarp.records.training.queries import CRITERION, GATE, coverage_on
from alarp.records.training.roll import Roll
from alarp.standards.competences import load_framework


def add_user(deployment: Deployment, person: Person, role: str, *, by: Person) -> DeploymentUser:
    """Name somebody who is to use this tool here, in a role that they hold; training then counts for them."""
    permissions.check(by, "keep_training", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        refuse_now(policies.is_not_stopped(Stage(deployment.stage)))
        if not person.is_active or role not in permissions.PROFESSIONS & permissions.roles_at(
            person, deployment.site, localdate(at)
        ):
            raise BadInput(
                f"{person} does not hold the role {role} at {deployment.site}; record the role first."
            )
        if DeploymentUser.objects.filter(deployment=deployment, person=person, until__isnull=True).exists():
            raise NotNow(f"{person} is named as a user of {deployment} already.")
        row = DeploymentUser.objects.create(
            deployment=deployment, person=person, role=role, since=at, added_by=by
        )
        record(
            by,
            "user named",
            f"user of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            person=str(person),
            role=role,
        )
    return row


def end_user(row: DeploymentUser, *, by: Person) -> DeploymentUser:
    """Say that this person no longer uses the tool here."""
    permissions.check(by, "keep_training", row.deployment)
    with transaction.atomic():
        deployment = locked(row.deployment)
        at = moment(deployment)
        row = DeploymentUser.objects.select_related("person").get(pk=row.pk)
        if row.until is not None:
            raise NotNow(f"{row.person} is no longer named as a user here.")
        row.until = at
        row.save(update_fields=["until"])
        record(
            by,
            "user ended",
            f"user of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            person=str(row.person),
            role=row.role,
        )
    return row


def issue_training(
    deployment: Deployment, *, by: Person, target: float | None = None, reason: str = ""
) -> Evidence:
    """Issue who is trained as the live gate's evidence; whoever signs it signs the share aimed for as well.

    A share below the national default needs its reason.
    """
    permissions.check(by, "keep_training", deployment)
    default = load_framework().coverage_target
    chosen = default if target is None else target
    if not 0 < chosen <= 1:
        raise BadInput(
            f"The share of users to be entitled is {chosen:.0%}; give one above 0 % and up to 100 %."
        )
    if chosen < default and not reason.strip():
        raise BadInput(
            f"A share of {chosen:.0%} is below the default of {default:.0%}; say why it is enough here."
        )
    roll = Roll([deployment], clock.now())
    found = replace(coverage_on(roll, deployment), target=chosen)
    if not found.rows:
        raise NotNow(found.sentence)
    modules = roll.modules_for(deployment)
    because = reason.strip() or (load_framework().coverage_source if chosen == default else "")
    return issue(
        deployment,
        GATE,
        CRITERION,
        title=f"Training for {deployment.version}: {found.measure.events} of {found.measure.n} users entitled",
        body=documents.body(found, modules, because),
        document=documents.html(found, modules),
        document_name=f"training-{deployment.slug}.html",
        document_type="text/html",
        by=by,
    )
