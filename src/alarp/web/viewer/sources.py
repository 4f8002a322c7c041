"""Which pictures and which results belong to this study? Rows of the ledger as plain facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.shortcuts import get_object_or_404

from alarp.kernel import AlarpError, RouteState
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch, Instance, Result, Study
from alarp.web.viewer import reading
from alarp.web.viewer.slices import Slice


@dataclass(frozen=True, slots=True)
class ResultSource:
    """One result of one tool, and under which names the tool knew each picture."""

    number: int
    sha256: str
    tool: str
    modality: str
    silent: bool
    state: str
    matched_at: datetime
    filed_at: datetime | None
    names: Mapping[int, frozenset[str]]
    deployment: int = 0


def study(study: int) -> Study:
    return get_object_or_404(Study, pk=study)


def picture(study: int, instance: int) -> Instance:
    """A picture of this study as it was received; a result is not shown here but laid over."""
    found: Instance = get_object_or_404(
        Instance.objects.select_related("study"), pk=instance, study=study, direction=Instance.SOURCE
    )
    return found


def image(instance: int) -> Instance:
    """Any received picture that belongs to a study; what is in quarantine belongs to none and is not shown."""
    found: Instance = get_object_or_404(Instance, pk=instance, study__isnull=False, direction=Instance.SOURCE)
    return found


def slices_of(study: Study) -> tuple[Slice, ...]:
    """Every object received for this study with its header facts, or with what is wrong with it."""
    rows = Instance.objects.filter(study=study, direction=Instance.SOURCE).order_by("pk")
    return tuple(slice_of(row) for row in rows)


def slice_of(row: Instance) -> Slice:
    names = (row.pk, row.sha256, row.sop_uid, row.series_uid)
    try:
        return Slice(*names, facts=reading.facts(row.sha256))
    except AlarpError as trouble:
        return Slice(*names, trouble=str(trouble))


def results_of(study: Study) -> tuple[ResultSource, ...]:
    """Every matched result of this study, oldest first."""
    rows = (
        Result.objects.filter(dispatch__study=study)
        .select_related("instance", "dispatch__deployment__version__product")
        .prefetch_related("dispatch__items__instance")
        .order_by("pk")
    )
    return tuple(
        ResultSource(
            number=row.pk,
            sha256=row.restored_sha256 or row.instance.sha256,
            tool=str(row.dispatch.deployment.version),
            modality=row.modality,
            silent=row.dispatch.route_when_sent != RouteState.LIVE.value,
            state=row.state,
            matched_at=row.matched_at,
            filed_at=row.filed_at,
            names=_names(row.dispatch),
            deployment=row.dispatch.deployment_id,
        )
        for row in rows
    )


def tools_of(study: Study) -> tuple[Deployment, ...]:
    """The deployments that a result of this study came from."""
    rows = Deployment.objects.filter(dispatches__study=study, dispatches__results__isnull=False).distinct()
    return tuple(rows.select_related("version__product__supplier", "site__parent__parent").order_by("pk"))


def _names(dispatch: Dispatch) -> dict[int, frozenset[str]]:
    """The restored result names the picture itself; the object as it came back names what was sent."""
    return {
        item.instance_id: frozenset({item.instance.sop_uid, item.sop_uid_sent} - {""})
        for item in dispatch.items.all()
    }
