"""What may a person do in the ledger? Opt-outs, the quarantine, the list of peers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from alarp.identity import is_nhs_number
from alarp.kernel import BadInput, NotNow
from alarp.records import clock, permissions
from alarp.records.audit import commands as audit
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import OptOut, Quarantine
from alarp.records.ledger.peers import register_peer
from alarp.records.people.models import Organisation, Person

__all__ = [
    "record_opt_out",
    "record_opt_outs",
    "register_peer",
    "resolve_quarantine",
    "withdraw_opt_out",
]


def record_opt_out(
    *,
    patient_id: str = "",
    issuer: str = "",
    nhs_number: str = "",
    deployment: Deployment | None = None,
    note: str = "",
    effective_from: datetime | None = None,
    source: str = "person",
    organisation: Organisation,
    by: Person,
) -> OptOut:
    """This patient does not want AI (from one tool, or from every one). Effective at once, or from that moment.

    What was queued is asked about again before each image leaves; what has left already is not undone.
    """
    permissions.check(by, "record_opt_out", organisation)
    number = "".join(nhs_number.split()).replace("-", "")
    if number and not is_nhs_number(number):
        raise BadInput(
            "This is not an NHS number (ten digits with a check digit). Correct it or leave it empty."
        )
    if not patient_id.strip() and not number:
        raise BadInput("The opt-out names no patient. Enter the hospital number or the NHS number.")
    with transaction.atomic():
        row = OptOut.objects.create(
            organisation=organisation,
            patient_id="".join(patient_id.split()),  # as `opt_outs` looks it up
            issuer=issuer.strip(),
            nhs_number=number,
            deployment=deployment,
            note=note.strip()[:300],
            source=source,
            effective_from=effective_from,
            recorded_by=by,
            recorded_at=clock.now(),
        )
        begins = effective_from.isoformat() if effective_from else "now"
        audit.record(
            by, "opt-out recorded", f"opt-out {row.pk}", reach=_reach(row), source=source, begins=begins
        )
    return row


def record_opt_outs(deployments: Iterable[Deployment] = (), **patient: Any) -> list[OptOut]:
    """One opt-out for each of these tools, all or none; without a tool one opt-out from every tool."""
    with transaction.atomic():
        return [record_opt_out(deployment=tool, **patient) for tool in tuple(deployments) or (None,)]


def withdraw_opt_out(opt_out: OptOut, *, by: Person) -> OptOut:
    """The patient has changed their mind: future studies may go to AI again, those received until now may not."""
    permissions.check(by, "record_opt_out", opt_out.organisation)
    with transaction.atomic():
        row = OptOut.objects.select_for_update(of=("self",)).get(pk=opt_out.pk)
        if row.withdrawn_at:
            raise NotNow("This opt-out was withdrawn before.")
        row.withdrawn_by, row.withdrawn_at = by, clock.now()
        row.save(update_fields=["withdrawn_by", "withdrawn_at"])
        audit.record(by, "opt-out withdrawn", f"opt-out {row.pk}", reach=_reach(row))
    return row


def _reach(row: OptOut) -> str:
    return row.deployment.slug if row.deployment else "every tool"


def resolve_quarantine(item: Quarantine, *, resolution: str, by: Person) -> Quarantine:
    """Somebody has looked at it and says what was done. The object stays where it is and is never filed."""
    permissions.check(by, "resolve_quarantine", item.deployment)
    if not resolution.strip():
        raise BadInput("Say what was found and done before the entry is closed.")
    with transaction.atomic():
        row = Quarantine.objects.select_for_update(of=("self",)).get(pk=item.pk)
        if row.resolved_at:
            raise NotNow("This entry was resolved before.")
        row.resolved_by, row.resolved_at, row.resolution = by, clock.now(), resolution.strip()
        row.save(update_fields=["resolved_by", "resolved_at", "resolution"])
        stream = row.deployment.slug if row.deployment else audit.SITE
        audit.record(
            by, "quarantine resolved", f"object {row.instance_id}", stream=stream, resolution=row.resolution
        )
    return row
