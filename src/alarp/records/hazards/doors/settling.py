"""How is a hazard handed to another party, or closed? With its reason, and only when our own part is done."""

from __future__ import annotations

from django.db import transaction

from alarp.kernel import BadInput, NotNow
from alarp.records import permissions
from alarp.records.deployments.doors.moving import moment
from alarp.records.hazards.doors.writing import audit, begun
from alarp.records.hazards.facts import log_of
from alarp.records.hazards.models import Hazard, HazardMove
from alarp.records.people.models import Person
from alarp.safety import against_closing, against_transfer


def transfer_hazard(hazard: Hazard, to: str, declared_controls: str, *, by: Person) -> HazardMove:
    """Hand a hazard to another party, with the controls that they declared."""
    if not to.strip() or not declared_controls.strip():
        raise BadInput(
            "A transferred hazard names who takes it and which controls they declared; write both."
        )
    return _move(hazard, HazardMove.TRANSFERRED, to.strip(), declared_controls.strip(), by)


def close_hazard(hazard: Hazard, reason: str, *, by: Person) -> HazardMove:
    """Close a hazard when all is done; an unscored one is set aside, because it does not apply here."""
    if not reason.strip():
        raise BadInput("To close a hazard needs a reason in writing.")
    return _move(hazard, HazardMove.CLOSED, "", reason.strip(), by)


def _move(hazard: Hazard, status: str, to: str, because: str, by: Person) -> HazardMove:
    permissions.check(by, "edit_hazards", hazard.deployment)
    with transaction.atomic():
        deployment = begun(hazard.deployment)
        at = moment(deployment)
        log = log_of(deployment)
        now = log.hazard(hazard.number)
        wrong = against_closing(now, log.scheme) if status == HazardMove.CLOSED else against_transfer(now)
        if wrong:
            raise NotNow(wrong[0])
        move = HazardMove(
            revision=log.revisions[hazard.number], status=status, to=to, because=because, by=by, at=at
        )
        move.save()
        audit(deployment, f"hazard {status}", at, by, hazard=hazard.number, to=to, because=because)
    return move
