"""What did patients and the public say, and what changed because of it?"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import BadInput
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.governance.models import Involvement
from alarp.records.people.models import Person


def log_involvement(
    deployment: Deployment, held_on: date, who: str, asked: str, said: str, changed: str, *, by: Person
) -> Involvement:
    """Write down one conversation with patients or the public; it is never edited, a later one may correct it."""
    permissions.check(by, "edit_governance", deployment)
    for words, text in (
        ("who was asked", who),
        ("what they were asked", asked),
        ("what they said", said),
        ("what changed because of it, or why nothing did", changed),
    ):
        if not text.strip():
            raise BadInput(f"Say {words}: an entry without it tells nobody anything.")
    if len(who.strip()) > 200:
        raise BadInput("Who was asked is a group and a number, in at most 200 characters.")
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        if held_on > localdate(at):
            raise BadInput(
                f"The conversation is dated {held_on}, which lies ahead; give the day it was held."
            )
        row = Involvement(
            deployment=deployment,
            held_on=held_on,
            who=who.strip(),
            asked=asked.strip(),
            said=said.strip(),
            changed=changed.strip(),
            by=by,
            at=at,
        )
        row.save()
        record(
            by,
            "involvement logged",
            f"involvement {row.pk} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            held_on=held_on.isoformat(),
            who=row.who,
        )
    return row
