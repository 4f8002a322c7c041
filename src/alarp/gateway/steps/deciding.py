"""Has everything of the study arrived, and who may have it?"""

from __future__ import annotations

from alarp.gateway import associations
from alarp.kernel import Unavailable
from alarp.records import spool
from alarp.records.configuration import configuration
from alarp.records.ledger import dispatches
from alarp.records.ledger.models import Peer, Study
from alarp.records.ledger.work import Claim

WAIT_S = 5.0  # a source that answers slowly must not hold up the studies behind this one


def complete(step: Claim) -> None:
    """The quiet timer has run out: is the study complete, also by what its source says that it holds?"""
    upto = spool.written_up_to()
    study = Study.objects.select_related("peer").get(pk=int(step.payload["study"]))
    counted = said_by_source(study) if dispatches.quiet(study, upto=upto) else None
    dispatches.complete(step, study.pk, counted=counted)


def said_by_source(study: Study) -> int | None:
    """How many objects does the sender say that this study has? None: it has no address, or cannot be asked."""
    peer = study.peer
    if not configuration().ask_source or study.synthetic:
        return None
    if peer.way != Peer.DIMSE or not (peer.enabled and peer.host and peer.port):
        return None
    try:
        return associations.how_many(peer, study.study_uid, wait_s=WAIT_S)
    except Unavailable:
        return None  # the quiet timer alone has to do, as with a scanner that answers no question


def decide(step: Claim) -> None:
    """For which tools is it, and has the patient said no?"""
    dispatches.decide(step, int(step.payload["study"]))
