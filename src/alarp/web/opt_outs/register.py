"""What does the register hold about this patient, and which studies of theirs are here?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch, OptOut, Study
from alarp.web.opt_outs.numbers import Number


def opt_out(opt_out: int) -> OptOut:
    return get_object_or_404(
        OptOut.objects.select_related("organisation", "deployment__version__product", "recorded_by"),
        pk=opt_out,
    )


def _same(number: Number) -> Q:
    if number.nhs_number:
        return Q(nhs_number=number.nhs_number)
    return Q(patient_id__iexact=number.patient_id)


def studies_of(number: Number) -> QuerySet[Study]:
    return Study.objects.filter(_same(number)).order_by("-pk")


def dispatches_of(number: Number, deployments: Sequence[Deployment]) -> QuerySet[Dispatch]:
    """What is on its way, of the studies known under this number, to the tools that are meant."""
    found = Dispatch.objects.filter(study__in=studies_of(number)).prefetch_related("results")
    return found.filter(deployment__in=deployments) if deployments else found


def standing_of(number: Number, deployments: Sequence[Deployment]) -> list[OptOut]:
    """Opt-outs in force for this patient that already reach as far."""
    every = OptOut.objects.filter(_same(number), withdrawn_at__isnull=True).select_related(
        "deployment__version__product", "deployment__site"
    )
    reach = Q(deployment__isnull=True) | Q(deployment__in=deployments)
    return list(every.filter(reach).order_by("pk"))


@dataclass(frozen=True)
class Whole:
    """A patient's numbers as they are recorded: the typed one, and the other where the studies agree on one."""

    nhs_number: str
    patient_id: str
    issuer: str
    also: str


def whole(number: Number) -> Whole:
    """Both numbers, so that a study that carries only the other one is caught as well.

    Only where the studies here leave no doubt: exactly one other number beside the typed one.
    """
    found = studies_of(number)
    if number.nhs_number:
        pairs = set(found.exclude(patient_id="").values_list("patient_id", "issuer"))
        if len(pairs) == 1:
            ((patient_id, issuer),) = pairs
            return Whole(number.nhs_number, patient_id, issuer, f"hospital number {patient_id}")
        return Whole(number.nhs_number, "", "", "")
    others = set(found.exclude(nhs_number="").values_list("nhs_number", flat=True))
    if len(others) == 1:
        (other,) = others
        return Whole(other, number.patient_id, "", Number(nhs_number=other).words)
    return Whole("", number.patient_id, "", "")
