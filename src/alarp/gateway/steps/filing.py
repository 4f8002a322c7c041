"""Does the PACS have the result, once and only once?"""

from __future__ import annotations

from django.db import transaction

from alarp.gateway import associations, ways
from alarp.identity import read_header
from alarp.kernel import Phase, RouteState, Unavailable
from alarp.records import objects
from alarp.records.configuration import configuration
from alarp.records.deployments import queries as deployments
from alarp.records.ledger import dispatches, results, work
from alarp.records.ledger.models import Peer, Result
from alarp.records.ledger.work import Claim


def file(step: Claim) -> None:
    """Hand one re-identified result to the site's PACS.

    An attempt is noted before the first byte. Whoever finds such a note asks the PACS (C-FIND) whether
    the object is there before sending it again: a process that was killed between the PACS's Success
    and our own row files nothing twice.
    """
    result = Result.objects.select_related(
        "instance", "dispatch__deployment__site", "dispatch__study__peer__site"
    ).get(pk=int(step.payload["result"]))
    if result.state != Result.FILING:
        with transaction.atomic():
            work.finish(step)
        return
    reason = why_kept(result.dispatch)
    if reason:
        results.kept(step, result, reason)
        return
    pacs = pacs_of(result)
    if step.payload.get("attempted") and _is_there(result, pacs):
        results.filed(step, result, peer=pacs.aet, found=True)
        return
    if not step.payload.get("attempted"):
        results.attempt(step)
    outgoing = associations.Outgoing.of(objects.path_of(result.restored_sha256))
    try:
        with ways.open_to(pacs, [outgoing]) as store:
            store(outgoing, 0)
    except associations.Rejected as error:
        results.rejected(step, result, str(error))
        return
    except Unavailable as error:
        raise Unavailable(str(error), phase=Phase.FILE) from None
    results.filed(step, result, peer=pacs.aet, found=False)


def why_kept(dispatch: dispatches.Dispatch) -> str:
    """Why is a result of this dispatch kept for evaluation and not filed? Empty: it is to be filed."""
    if dispatch.study.synthetic and not configuration().health_file_to_pacs:
        return "A probe of our own, no patient: kept apart from the PACS."
    route = deployments.route(dispatch.deployment)
    if dispatch.route_when_sent != RouteState.LIVE:
        return "The route was silent when the study was sent."
    if route.state != RouteState.LIVE:
        return f"The route is {route.state.value} now: {route.reason}"
    refusal = dispatches.opted_out_here(dispatch.study, dispatch.deployment, strict=True)
    return f"{refusal} The result had been asked for before." if refusal else ""


def pacs_of(result: Result) -> Peer:
    """The PACS of the site: the study's, else the deployment's, else the only one."""
    every = list(Peer.objects.filter(kind=Peer.PACS, enabled=True).order_by("pk"))
    for site in (result.dispatch.study.peer.site_id, result.dispatch.deployment.site_id, None):
        near = [pacs for pacs in every if pacs.site_id == site]
        if near:
            return near[0]
    if len(every) == 1:
        return every[0]
    raise Unavailable("No PACS is entered for this site; register one as a peer.", phase=Phase.FILE)


def _is_there(result: Result, pacs: Peer) -> bool:
    header = read_header(objects.get(result.restored_sha256))
    found = ways.has(
        pacs, study_uid=header.study_uid, series_uid=header.series_uid, sop_uid=header.sop_instance_uid
    )
    return bool(found)  # a PACS that cannot be asked gets it again, under the same UID
