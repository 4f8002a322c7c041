"""How does a working record become evidence at a gate? It is recorded, sealed and answers its criterion, or nothing is."""

from __future__ import annotations

from datetime import date
from typing import Any, TypedDict

from django.db import transaction
from django.utils.timezone import localdate

from alarp.kernel import Design, Unavailable
from alarp.records import clock
from alarp.records.deployments.doors.signing import answer
from alarp.records.deployments.facts import pathway_of
from alarp.records.deployments.models import Answer, Deployment, GateStatus
from alarp.records.evidence.commands import record
from alarp.records.evidence.models import Evidence
from alarp.records.people.models import Person
from alarp.records.people.queries import trust_of


class Printed(TypedDict):
    """A document as `issue` takes it."""

    document: bytes
    document_name: str
    document_type: str


def printed(html: str, name: str) -> Printed:
    """This report as a PDF of this name, or as the page itself where the PDF's system libraries are missing."""
    from alarp.report import to_pdf  # drawing loads slowly: only where paper is made

    try:
        return Printed(document=to_pdf(html), document_name=f"{name}.pdf", document_type="application/pdf")
    except Unavailable:
        page = html.encode("utf-8")
        return Printed(document=page, document_name=f"{name}.html", document_type="text/html")


def issue(
    deployment: Deployment,
    gate: str,
    criterion: str,
    *,
    title: str,
    body: dict[str, Any],
    by: Person,
    document: bytes | None = None,
    document_name: str = "",
    document_type: str = "",
    design: Design | str = Design.DOCUMENT,
    dated: date | None = None,
    expires_on: date | None = None,
    also: tuple[str, ...] = (),
) -> Evidence:
    """Issue what a room made as the Trust's evidence for this criterion, and for those in `also` that ask its kind.

    At a gate that is not open it supersedes what answered the criterion before. At an open one it stands beside it, so
    that the gate can be signed anew before it lapses and the route stays as it is. Raises what recording and answering
    raise.
    """
    asked = pathway_of(deployment).gate(gate).criterion(criterion)
    with transaction.atomic():
        evidence = record(
            asked.evidence_kind,
            title,
            deployment.version,
            trust_of(deployment.site),
            design,
            dated or localdate(clock.now()),
            expires_on,
            body,
            document,
            document_name,
            document_type,
            None if _is_open(deployment, gate) else in_force(deployment, gate, criterion),
            by=by,
        )
        for slug in (criterion, *also):
            answer(deployment, gate, slug, evidence, by=by)
    return evidence


def _is_open(deployment: Deployment, gate: str) -> bool:
    return GateStatus.objects.filter(deployment=deployment, gate=gate, status=GateStatus.OPEN).exists()


def in_force(deployment: Deployment, gate: str, criterion: str) -> Evidence | None:
    """Which of this Trust's evidence, of this version, answers the criterion now and was not withdrawn or superseded?"""
    found = (
        Answer.objects.filter(
            deployment=deployment,
            gate=gate,
            criterion=criterion,
            evidence__version=deployment.version,
            evidence__organisation=trust_of(deployment.site),
            evidence__withdrawal__isnull=True,
            evidence__superseded_by__isnull=True,
        )
        .select_related("evidence")
        .order_by("-given_at", "-pk")
        .first()
    )
    return found.evidence if found else None
