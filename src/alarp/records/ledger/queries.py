"""What arrived, where does it stand, what came back? Questions only; nothing here changes a row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from alarp.kernel import Phase, RouteState
from alarp.records import clock
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import opt_outs
from alarp.records.ledger.models import Dispatch, Quarantine, Result, Study
from alarp.records.ledger.opt_outs import PatientIds, Refusal
from alarp.records.ledger.reconciliation import (
    DeploymentDay,
    Reconciliation,
    reconcile,
    stranded,
    with_disposition,
)

__all__ = [
    "DeploymentDay",
    "PatientIds",
    "Reconciliation",
    "Refusal",
    "Step",
    "journey",
    "opted_out",
    "quarantine_open",
    "reconcile",
    "stranded",
    "studies",
    "with_disposition",
]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a study: when, in which phase, in a sentence without identifiers."""

    at: datetime
    phase: str
    sentence: str


def studies(
    *,
    search: str = "",
    modality: str = "",
    deployment: Deployment | None = None,
    state: str = "",
    before: int | None = None,
    limit: int = 50,
) -> QuerySet[Study]:
    """Which studies arrived, newest first? `search` finds a row number, accession, patient or NHS number.

    The next page begins with `before` the last row's number.
    """
    found = Study.objects.select_related("peer", "peer__site").prefetch_related(
        "dispatches__deployment__version__product"
    )
    text = search.strip()
    if text:
        match = Q(accession=text) | Q(patient_id__iexact=text) | Q(nhs_number=text.replace(" ", ""))
        if text.isdecimal() and len(text) < 10:
            match |= Q(pk=int(text))
        found = found.filter(match)
    if modality:
        found = found.filter(modality=modality)
    if deployment is not None:
        found = found.filter(dispatches__deployment=deployment)
    if state:
        found = found.filter(dispatches__state=state)
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.distinct().order_by("-pk")[:limit]


# How a person calls an object that a tool sent back, by its modality.
KINDS = {"SR": "structured report", "RTSTRUCT": "structure set", "SEG": "segmentation"}


def _images(count: int) -> str:
    return f"{count} image" if count == 1 else f"{count} images"


def _covered(result: Result) -> str:
    """A result that does not name every image that was sent: the rest may have been dropped."""
    said = result.summary or {}
    if "images_sent" not in said:
        return ""
    return f" It names {said['images_named']} of the {_images(said['images_sent'])} that were sent."


def _declined(result: Result) -> str:
    why = (result.summary or {}).get("not_analysed", "")
    return f" It says that the study was not analysed: {why}." if why else ""


def _kind(result: Result) -> str:
    return KINDS.get(result.modality, f"result ({result.modality})")


def journey(study: Study) -> tuple[Step, ...]:
    """What happened to this study, in order?"""
    images = study.instances.filter(direction="source")
    count = images.count()
    steps = [
        Step(
            study.first_received_at,
            Phase.RECEIVE,
            f"Received from {study.peer.name}, {_images(count)} so far.",
        )
    ]
    if study.held_because:
        steps.append(Step(study.first_received_at, Phase.RECEIVE, study.held_because))
    if study.opted_out_on_receipt:
        steps.append(
            Step(study.first_received_at, Phase.OPT_OUT, "The patient had opted out of AI: nothing leaves.")
        )
    if study.completed_at:
        steps.append(Step(study.completed_at, Phase.COMPLETE, "Nothing more came: the study is complete."))
    dispatches = study.dispatches.select_related("deployment__version__product").order_by("pk")
    for dispatch in dispatches:
        steps += _dispatch_steps(dispatch)
    return tuple(sorted(steps, key=lambda step: step.at))


def _dispatch_steps(dispatch: Dispatch) -> list[Step]:
    tool = dispatch.deployment.version.product.name
    steps: list[Step] = []
    if dispatch.sent_at:
        route = "silent" if dispatch.route_when_sent == RouteState.SILENT else "live"
        gone = dispatch.items.filter(sent_at__isnull=False).count()
        steps.append(
            Step(
                dispatch.sent_at,
                Phase.SEND,
                f"{_images(gone)} sent to {tool} without identifiers ({dispatch.profile}), route {route}.",
            )
        )
    if dispatch.reason and dispatch.state != Dispatch.RETURNED:
        steps.append(Step(dispatch.changed_at, dispatch.phase, f"{tool}: {dispatch.reason}"))
    elif dispatch.state == Dispatch.READY:
        steps.append(Step(dispatch.created_at, Phase.ELIGIBLE, f"{tool} takes it; it is about to be sent."))
    for result in dispatch.results.order_by("matched_at"):
        steps.append(
            Step(
                result.matched_at,
                Phase.MATCH,
                f"{tool} sent back a {_kind(result)}; patient, study, accession and images agree."
                f"{_declined(result)}{_covered(result)}",
            )
        )
        if result.filed_at:
            steps.append(
                Step(
                    result.filed_at,
                    Phase.FILE,
                    f"The {_kind(result)} is in the PACS under the original study.",
                )
            )
        elif result.state == Result.KEPT:
            steps.append(
                Step(
                    result.matched_at,
                    Phase.MATCH,
                    f"The {_kind(result)} is kept here and not filed to the PACS.",
                )
            )
    return steps


def quarantine_open() -> QuerySet[Quarantine]:
    """What was received, does not fit, and still waits for a person? Newest first."""
    return (
        Quarantine.objects.filter(resolved_at__isnull=True)
        .select_related("instance__peer", "deployment__version__product")
        .order_by("-at", "-pk")
    )


def opted_out(
    study_or_ids: Study | PatientIds, deployment: Any | None = None, at: datetime | None = None
) -> Refusal | None:
    """Does an opt-out bar this study (or a study of this patient arriving at `at`) from this deployment?

    Raises Unavailable when the Trust's own list cannot be asked.
    """
    if isinstance(study_or_ids, Study):
        since = at or study_or_ids.first_received_at
        return opt_outs.find(PatientIds.of(study_or_ids), deployment=deployment, since=since)
    return opt_outs.find(study_or_ids, deployment=deployment, since=at or clock.now())
