"""What may a peer that pulls see, and what became of what it asked for?

A tool that pulls sees the studies that were prepared for it (a dispatch under pseudonyms), while its route is open
and the patient has not said no; a clinical system (a source or a PACS) sees what arrived at its own site, since an
opt-out concerns AI and not care. Every fetched image of a tool is written down on the same rows as one that was
pushed to it, so that its result finds its way back and the day's reconciliation counts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from alarp.kernel import Phase, RouteState, Unavailable
from alarp.records import clock
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import dispatches, work
from alarp.records.ledger.arrivals import ACTOR
from alarp.records.ledger.models import Dispatch, DispatchInstance, Instance, Peer, Study

FETCHABLE = (Dispatch.WAITING, Dispatch.SENT, Dispatch.RETURNED)
AT_A_TIME = 500
_looked_at = [0]
PREPARED = "Prepared without identifiers; the tool fetches it itself."


def fetches(deployment: Deployment) -> bool:
    """Does this deployment's tool fetch its studies? Then nothing is pushed to it."""
    tool = Peer.objects.filter(kind=Peer.TOOL, deployment=deployment, enabled=True).order_by("pk").first()
    return tool is not None and tool.may_pull


def leave(step: work.Claim, dispatch: Dispatch) -> None:
    """The study is prepared under its pseudonyms: it stands there until the tool fetches it."""
    with transaction.atomic():
        work.finish(step)
        dispatch.refresh_from_db()
        dispatches.move(dispatch, Dispatch.WAITING, Phase.SEND, PREPARED)


def prepared_for(deployment: Deployment) -> QuerySet[Dispatch]:
    """Which studies might this tool find? Whether each may be seen now is asked of route and register besides."""
    found = Dispatch.objects.filter(deployment=deployment, state__in=FETCHABLE).exclude(study_uid_sent="")
    return found.select_related("study", "deployment__version__product", "deployment__site")


def seen_by(peer: Peer) -> QuerySet[Study]:
    """Which studies does a clinical system see? Those of its own site, of one above it or below it."""
    every = Study.objects.filter(synthetic=False).select_related("peer__site")
    if peer.site is None:
        return every
    above = dispatches.line(peer.site)
    sites = {
        source.site_id
        for source in Peer.objects.filter(site__isnull=False).select_related("site")
        if source.site_id in above or peer.site_id in dispatches.line(source.site)
    }
    return every.filter(Q(peer__site__isnull=True) | Q(peer__site_id__in=sites))


def leaves(item: DispatchInstance, sent_sha256: str) -> None:
    """These are the bytes that are about to be handed over: noted when they are not the ones that were prepared."""
    if item.sent_sha256 != sent_sha256:
        with transaction.atomic():
            DispatchInstance.objects.filter(pk=item.pk).update(sent_sha256=sent_sha256)


def fetched_one(item: DispatchInstance, route: RouteState) -> None:
    """This image has been handed to the tool; a result is owed from the first one on."""
    moment = clock.now()
    with transaction.atomic():
        DispatchInstance.objects.filter(pk=item.pk, sent_at__isnull=True).update(sent_at=moment)
        Dispatch.objects.filter(pk=item.dispatch_id, sent_at__isnull=True).update(
            sent_at=moment,
            due_at=moment + timedelta(minutes=configuration().result_due_min),
            route_when_sent=route.value,
        )


def fetched(peer: Peer, found: list[Dispatch], *, service: str, images: int) -> None:
    """Write down one retrieval by a tool; a dispatch of which nothing is missing any more has been sent."""
    with transaction.atomic():
        for dispatch in Dispatch.objects.select_for_update(of=("self",)).filter(
            pk__in=[d.pk for d in found], state=Dispatch.WAITING
        ):
            if not dispatch.items.filter(sent_at__isnull=True).exists():
                back = dispatch.returned_at is not None
                dispatches.move(
                    dispatch,
                    Dispatch.RETURNED if back else Dispatch.SENT,
                    Phase.MATCH if back else Phase.PROCESS,
                )
        for dispatch in found:
            audit.record(
                ACTOR,
                "study fetched",
                f"study {dispatch.study_id}",
                stream=dispatch.deployment.slug,
                dispatch=dispatch.pk,
                peer=peer.aet,
                service=service,
                images=images,
            )


def retrieved(peer: Peer, study: Study, *, service: str, images: int, to: str) -> None:
    """Write down that a clinical system has retrieved so many objects of this study."""
    with transaction.atomic():
        audit.record(
            ACTOR,
            "study retrieved",
            f"study {study.pk}",
            peer=peer.aet,
            service=service,
            images=images,
            to=to,
        )


def asked_for(deployment: Deployment, uid: str, *, closed: str) -> tuple[Study, str] | None:
    """Is this a study that the tool must not have: and why? By the UID it was given, or by the original one.

    `closed`: why its route is closed, empty when it is not. None for a study that it may have, and for a UID that
    names nothing here. Raises Unavailable when the Trust's opt-out list cannot be asked.
    """
    given = Dispatch.objects.filter(deployment=deployment, study_uid_sent=uid).select_related("study")
    study = given[0].study if given else Study.objects.filter(study_uid=uid).first()
    if study is None:
        return None
    sentence = dispatches.opted_out_here(study, deployment, strict=True) or closed
    if not sentence and not given:
        sentence = "Asked for by its original UID, which this tool was never given."
    if not sentence and not any(one.state in FETCHABLE for one in given):
        sentence = "It is held here and not there for this tool."
    return (study, sentence) if sentence else None


def refused(peer: Peer, deployment: Deployment, study: Study, sentence: str, *, service: str) -> None:
    """A tool asked for what it must not have: written down, and what stood ready for it is taken away."""
    with transaction.atomic():
        audit.record(
            ACTOR,
            "pull refused",
            f"study {study.pk}",
            stream=deployment.slug,
            peer=peer.aet,
            service=service,
            reason=sentence,
        )
        _withdraw(study, deployment)


def _withdraw(study: Study, deployment: Deployment) -> int:
    """Take away what is prepared and not fetched of a patient who has said no (in the caller's transaction)."""
    sentence = dispatches.opted_out_here(study, deployment)
    if not sentence:
        return 0
    waiting = Dispatch.objects.select_for_update(of=("self",)).filter(
        study=study, deployment=deployment, state=Dispatch.WAITING
    )
    count = 0
    for dispatch in waiting:
        gone = dispatch.items.filter(sent_at__isnull=False).count()
        more = f" {gone} of {dispatch.items.count()} images had been fetched before." if gone else ""
        dispatches.move(dispatch, Dispatch.OPTED_OUT, Phase.OPT_OUT, sentence + more)
        count += 1
    return count


def withdraw_opted_out(moment: datetime) -> int:
    """Look at what stands ready to be fetched: whose patient has said no since? Answers how many were taken away.

    So many at a time, and at the next sweep the ones after them: nobody is served what this has not come to yet,
    since the register is asked again before each image.
    """
    del moment
    count = 0
    waiting = Dispatch.objects.filter(state=Dispatch.WAITING).select_related("study", "deployment")
    found = list(waiting.filter(pk__gt=_looked_at[0]).order_by("pk")[:AT_A_TIME])
    _looked_at[0] = found[-1].pk if len(found) == AT_A_TIME else 0
    for dispatch in found:
        try:
            if not dispatches.opted_out_here(dispatch.study, dispatch.deployment, strict=True):
                continue
        except Unavailable:
            return count  # nobody can be served either; asked again at a later sweep
        with transaction.atomic():
            count += _withdraw(dispatch.study, dispatch.deployment)
    return count


def objects_of(study: Study) -> QuerySet[Instance]:
    """The study's own objects, without what is in quarantine."""
    return Instance.objects.filter(study=study, direction=Instance.SOURCE, quarantine__isnull=True).order_by(
        "pk"
    )


@dataclass(frozen=True, slots=True)
class Content:
    """How many objects of one kind does one series of a study hold?"""

    series_uid: str
    modality: str
    sop_class: str
    images: int


def contents(rows: QuerySet[Any], study: str, series: str, before: str = "") -> dict[int, list[Content]]:
    """What do these studies hold, by study? `rows` are instances, or crosswalk rows whose instance lies `before`."""
    found: dict[int, list[Content]] = {}
    ours = rows.filter(**{f"{before}direction": Instance.SOURCE, f"{before}quarantine__isnull": True})
    kinds = ours.values_list(study, series, f"{before}modality", f"{before}sop_class").order_by()
    for pk, *kind, images in kinds.annotate(images=Count("pk")):
        found.setdefault(pk, []).append(Content(*kind, images))
    return found
