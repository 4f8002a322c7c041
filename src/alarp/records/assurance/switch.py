"""Does this site read without AI? One switch: every tool's route is closed at once, and opened again by signature.

The switch is a front. What keeps images from leaving and results from the PACS are the route closures themselves, one
for each deployment of the site and of what lies below it; lifting them is the same signed decision as for any closing.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from alarp.kernel import BadInput, NotNow, Stage
from alarp.pathway import StepUp
from alarp.records import clock, permissions
from alarp.records.assurance.models import HumanReading
from alarp.records.audit.commands import record
from alarp.records.deployments.doors import holding
from alarp.records.deployments.models import Deployment, RouteClosure
from alarp.records.people.models import Organisation, Person
from alarp.records.people.queries import below, line_of

CAUSE = "human-only"


def begin(site: Organisation, reason: str, *, by: Person) -> HumanReading:
    """From now on this site reads without AI: nothing leaves, nothing is filed, until it is ended by signature."""
    permissions.check(by, "switch_to_human_reading", site)
    if not reason.strip():
        raise BadInput("Say why the site reads without AI; everybody who reads here sees it.")
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=site.pk)
        if HumanReading.objects.filter(site=site, ended_at__isnull=True).exists():
            raise NotNow(f"{site.name} reads without AI already.")
        reading = HumanReading.objects.create(
            site=site, begun_by=by, begun_at=clock.now(), reason=reason.strip()
        )
        closed = [_close(deployment, reading) for deployment in deployments_of(site)]
        record(
            by,
            "human reading begun",
            f"site {site.slug}",
            reason=reading.reason,
            routes=[closure.deployment.slug for closure in closed],
        )
    return reading


def end(reading: HumanReading, reason: str, step_up: StepUp, *, by: Person) -> HumanReading:
    """AI reads again: every closing of this switch is lifted by this one signature, or none is.

    Whoever signs must be allowed to open each of these routes again; what else holds a route shut goes on to.
    """
    permissions.check(by, "end_human_reading", reading.site)
    if not reason.strip():
        raise BadInput("To read with AI again needs a reason in writing.")
    with transaction.atomic():
        row = HumanReading.objects.select_for_update(of=("self",)).get(pk=reading.pk)
        if row.ended_at is not None:
            raise NotNow(f"{reading.site.name} reads with AI again already.")
        lifted = []
        for closure in closures_of(row):
            if closure.deployment.stage != Stage.RETIRED.value:
                holding.lift_closure(closure, reason, step_up, by=by)
                lifted.append(closure.deployment.slug)
        row.ended_by, row.ended_at, row.ended_because = by, clock.now(), reason.strip()
        row.save(update_fields=["ended_by", "ended_at", "ended_because"])
        record(
            by,
            "human reading ended",
            f"site {reading.site.slug}",
            reason=row.ended_because,
            routes=lifted,
            authenticated_by=step_up.method,
        )
    return row


def deployments_of(site: Organisation) -> list[Deployment]:
    """The tools of this site and of what lies below it, but those that are retired."""
    every = Deployment.objects.filter(site__in=[o.pk for o in below(site)])
    return list(every.exclude(stage=Stage.RETIRED.value).select_related("site").order_by("pk"))


def closures_of(reading: HumanReading) -> list[RouteClosure]:
    """What this switch closed that is still closed."""
    found = RouteClosure.objects.filter(cause=CAUSE, reference=str(reading.pk), lifted_at__isnull=True)
    return list(found.select_related("deployment__site").order_by("pk"))


def standing() -> list[HumanReading]:
    """Which sites read without AI now?"""
    found = HumanReading.objects.filter(ended_at__isnull=True)
    return list(found.select_related("site", "begun_by").order_by("begun_at"))


def close_where_a_site_reads_without_ai(deployment: Deployment, stage: Stage, at: datetime) -> None:
    """A tool that comes to a site while it reads without AI is closed like the others."""
    if stage == Stage.RETIRED:
        return
    above = [organisation.pk for organisation in line_of(deployment.site)]
    for reading in HumanReading.objects.filter(site__in=above, ended_at__isnull=True):
        if not any(closure.deployment_id == deployment.pk for closure in closures_of(reading)):
            _close(deployment, reading)


def _close(deployment: Deployment, reading: HumanReading) -> RouteClosure:
    reason = f"{reading.site.name} reads without AI: {reading.reason}"
    return holding.close_with_the_site(
        deployment, reason, cause=CAUSE, reference=str(reading.pk), by=reading.begun_by
    )
