"""Who answers for each step, and who has read it? A matrix is written anew as a whole, never edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from alarp.kernel import BadInput, NotNow
from alarp.records import permissions
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.governance import queries
from alarp.records.governance.doors.versions import write_next
from alarp.records.governance.models import Acknowledgement, Responsibilities
from alarp.records.people.models import Person
from alarp.standards.governance import ResponsibilityTemplate, load_responsibilities

Row = Mapping[str, Any]


def set_responsibilities(deployment: Deployment, rows: Iterable[Row], *, by: Person) -> Responsibilities:
    """Write who answers for each step: `step, accountable, here, consulted`, every step of the standard once.

    A step that nobody answers for, or that two do, is refused. A new version asks everybody to acknowledge it anew.
    """
    permissions.check(by, "edit_governance", deployment)
    template = load_responsibilities()
    kept = _checked(list(rows), template)
    return write_next(
        Responsibilities,
        deployment,
        template=template.version,
        content={"rows": kept},
        name="responsibilities",
        subject="responsibilities",
        action="responsibilities set",
        by=by,
    )


def _checked(rows: list[Row], template: ResponsibilityTemplate) -> list[dict[str, Any]]:
    parties = {party.slug for party in template.parties}
    known = {step.slug for step in template.steps}
    for row in rows:
        if row.get("step") not in known:
            raise BadInput(f"There is no step {row.get('step')!r}; the steps are {', '.join(sorted(known))}.")
    kept = []
    for step in template.steps:
        own = [row for row in rows if row["step"] == step.slug]
        named = {str(row.get("accountable") or "") for row in own} - {""}
        if not named:
            raise BadInput(f"Nobody answers for '{step.title}'; choose exactly one party.")
        if len(named) > 1 or len(own) > 1:
            both = " and ".join(sorted(template.title(party) for party in named))
            raise BadInput(
                f"'{step.title}' is answered for more than once ({both}); choose exactly one party."
            )
        accountable, consulted = named.pop(), sorted(set(own[0].get("consulted") or ()))
        strange = ({accountable} | set(consulted)) - parties
        if strange:
            raise BadInput(f"'{step.title}' names {', '.join(sorted(strange))}, which is no party here.")
        if accountable in consulted:
            raise BadInput(
                f"'{step.title}' consults {template.title(accountable)}, who answers for it; consult others only."
            )
        here = " ".join(str(own[0].get("here") or "").split())
        if len(here) > 200:
            raise BadInput(
                f"Who answers for '{step.title}' here has {len(here)} characters; use at most 200."
            )
        kept.append({"step": step.slug, "accountable": accountable, "here": here, "consulted": consulted})
    return kept


def acknowledge(deployment: Deployment, *, read: str, by: Person) -> Acknowledgement:
    """Say that you have read who answers for what; `read` is the digest of the version that was on the page."""
    permissions.check(by, "acknowledge", deployment)
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        current = queries.latest(Responsibilities, deployment)
        if current is None:
            raise NotNow("There are no responsibilities to acknowledge yet; they are written first.")
        if read != current.digest:
            raise NotNow(
                f"The responsibilities have changed since you opened the page; read version {current.number}."
            )
        found = Acknowledgement.objects.filter(responsibilities=current, person=by).first()
        if found is not None:
            return found
        row = Acknowledgement(responsibilities=current, person=by, digest=current.digest, at=at)
        row.save()
        record(
            by,
            "responsibilities acknowledged",
            f"responsibilities of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            version=current.number,
            digest=current.digest,
        )
    return row
