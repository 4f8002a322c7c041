"""How does a working record get its next version? Numbered under the deployment's lock, never the same one twice."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import transaction

from alarp.kernel import NotNow, digest
from alarp.records.audit.commands import record
from alarp.records.deployments.doors.moving import locked, moment
from alarp.records.deployments.models import Deployment
from alarp.records.governance import queries
from alarp.records.governance.models import DataFlow, Readiness, Responsibilities
from alarp.records.people.models import Person

V = TypeVar("V", Responsibilities, DataFlow, Readiness)


def write_next(
    model: type[V],
    deployment: Deployment,
    *,
    template: str,
    content: dict[str, Any],
    name: str,
    subject: str,
    action: str,
    by: Person,
    **told: Any,
) -> V:
    """Write this content as the next version of the record and tell the audit; refused when nothing changed.

    `content` is the one field that holds what was written; the version's digest is of it, its template and the
    deployment. `name` is what a person calls the record, `subject` what the audit calls it, `told` what its event says besides.
    """
    with transaction.atomic():
        deployment = locked(deployment)
        at = moment(deployment)
        last = queries.latest(model, deployment)
        mark = digest({"deployment": deployment.slug, "template": template, **content})
        if last is not None and last.digest == mark:
            raise NotNow(f"Nothing changed: version {last.number} of the {name} says the same.")
        row = model(
            deployment=deployment,
            number=queries.next_number(model, deployment),
            by=by,
            at=at,
            template=template,
            digest=mark,
            **content,
        )
        row.save()
        record(
            by,
            action,
            f"{subject} of {deployment.slug}",
            stream=deployment.slug,
            at=at,
            version=row.number,
            digest=mark,
            **told,
        )
    return row
