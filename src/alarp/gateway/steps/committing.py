"""Will the PACS keep what it took? Asked after filing, and asked again until it has answered or a day is over."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db import transaction

from alarp.gateway import committing, ways
from alarp.gateway.steps.filing import pacs_of
from alarp.identity import Header, read_header
from alarp.records import clock, objects
from alarp.records.ledger import results, work
from alarp.records.ledger.models import Peer, Result
from alarp.records.ledger.work import Claim

GIVEN_UP_AFTER = timedelta(hours=24)
ANSWERS_WITHIN = timedelta(minutes=10)
ASKED_AGAIN_S = 3600.0
# What a PACS does not know it is not asked for each result anew: by row number, until when.
_no_commitment: dict[int, float] = {}
_no_query: dict[int, float] = {}


def commit(step: Claim) -> None:
    """Have the PACS answer for one filed result; one that offers no commitment is asked whether it has the object."""
    related = ("dispatch__deployment__site", "dispatch__study__peer__site", "instance")
    result = Result.objects.select_related(*related).get(pk=int(step.payload["result"]))
    if result.committed_at or result.state != Result.FILED or result.filed_at is None:
        with transaction.atomic():
            work.finish(step)
        return
    if clock.now() - result.filed_at > GIVEN_UP_AFTER:
        results.never_committed(step, result)
        return
    pacs = pacs_of(result)
    header = read_header(objects.get(result.restored_sha256))
    if _is_asked(pacs, header):
        with transaction.atomic():
            work.postpone(step, due_at=clock.now() + ANSWERS_WITHIN)
        return
    results.looked_for(step, result, pacs=pacs.aet, there=_is_there(pacs, header))


def _is_asked(pacs: Peer, header: Header) -> bool:
    """Was this PACS asked to answer for the object? Not where it knows nothing of commitment."""
    if pacs.way != Peer.DIMSE or _no_commitment.get(pacs.pk, 0.0) > time.monotonic():
        return False
    asked = committing.ask(pacs, [(header.sop_class_uid, header.sop_instance_uid)])
    if not asked:
        _no_commitment[pacs.pk] = time.monotonic() + ASKED_AGAIN_S
    return asked


def _is_there(pacs: Peer, header: Header) -> bool | None:
    if _no_query.get(pacs.pk, 0.0) > time.monotonic():
        return None
    there = ways.has(
        pacs,
        study_uid=header.study_uid,
        series_uid=header.series_uid,
        sop_uid=header.sop_instance_uid,
    )
    if there is None:
        _no_query[pacs.pk] = time.monotonic() + ASKED_AGAIN_S
    return there
