"""Has anybody looked for text in these pictures? Without a look nothing leaves that machines draw names into."""

from __future__ import annotations

from django.db import transaction

from alarp.kernel import BadInput, NotNow, Phase
from alarp.records import clock, permissions
from alarp.records.assurance.models import Clearance
from alarp.records.audit import commands as audit
from alarp.records.ledger import dispatches, work
from alarp.records.ledger.models import Dispatch, Instance, Study
from alarp.records.people.models import Person

ACTOR = "gateway"
WAITS_FOR_A_LOOK = "Held for a look at the pictures: "


def cleared(instance: Instance) -> bool:
    """Has somebody looked at this object's study since it came, and said that its pictures name nobody?"""
    return Clearance.objects.filter(study=instance.study_id, at__gte=instance.received_at).exists()


def waiting(study: Study) -> list[Dispatch]:
    """On which journeys does this study wait for somebody to look at its pictures?"""
    held = study.dispatches.filter(state=Dispatch.HELD, phase=Phase.DEIDENTIFY.value)
    return list(held.filter(reason__startswith=WAITS_FOR_A_LOOK).select_related("deployment").order_by("pk"))


def clear(study: Study, *, reason: str, by: Person) -> Clearance:
    """No text in these pictures names the patient: somebody has looked, and what waited for it goes on.

    What comes to this study later waits for a look of its own. Raises BadInput without a reason, NotNow when nothing
    waits for a look.
    """
    permissions.check(by, "clear_pictures", study.peer.site)
    if not reason.strip():
        raise BadInput("Say what you looked at, and how, before the pictures may leave.")
    with transaction.atomic():
        locked = Study.objects.select_for_update(of=("self",)).get(pk=study.pk)
        held = waiting(locked)
        if not held:
            raise NotNow("No tool waits for a look at these pictures.")
        row = Clearance.objects.create(study=locked, reason=reason.strip()[:500], by=by, at=clock.now())
        audit.record(by, "pictures cleared", f"study {study.pk}", reason=row.reason)
        for dispatch in held:
            dispatches.move(dispatch, Dispatch.READY, Phase.SEND)
            key = f"{dispatch.deployment_id}:{dispatch.pk}"
            work.rearm("send", key, {"dispatch": dispatch.pk}, due_at=clock.now())
    return row


def blanked(dispatch: Dispatch, instance: Instance, *, places: int, frames: int, frames_read: int) -> None:
    """Note that text was found in an object's picture and blanked in the copy that leaves: how much was looked at."""
    with transaction.atomic():
        audit.record(
            ACTOR,
            "text in pictures blanked",
            f"study {dispatch.study_id}",
            stream=dispatch.deployment.slug,
            dispatch=dispatch.pk,
            object=instance.pk,
            places=places,
            frames=frames,
            frames_read=frames_read,
        )
