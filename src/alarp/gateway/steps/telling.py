"""Does the RIS know of the finding? One message for each result that is filed; asked for when it is accepted."""

from __future__ import annotations

from django.db import transaction

from alarp.gateway.messages import correspondents, findings, sender
from alarp.gateway.steps.filing import why_kept
from alarp.records.ledger import results, work
from alarp.records.ledger.models import Result
from alarp.records.ledger.work import Claim


def tell_ris(step: Claim) -> None:
    """Tell the RIS of one result, unless the route closed or the patient opted out since it was accepted."""
    related = (
        "dispatch__deployment__version__product",
        "dispatch__deployment__site",
        "dispatch__study__peer",
    )
    result = Result.objects.select_related(*related).get(pk=int(step.payload["result"]))
    receiver = correspondents.receiver()
    reason = (
        "Nobody is to be told any more (hl7_ris is empty)." if receiver is None else why_kept(result.dispatch)
    )
    if receiver is None or reason:
        with transaction.atomic():
            work.finish(step)
            results.told(result, "RIS not told", reason=reason)
        return
    number = findings.control_id(result)
    try:
        sender.send(receiver, findings.finding(result, receiver), number)
    except sender.Rejected as error:
        with transaction.atomic():
            work.stop(step, phase="file", sentence=str(error))
            results.told(result, "finding rejected by the RIS", reason=str(error), control_id=number)
        return
    with transaction.atomic():
        work.finish(step)
        results.told(result, "RIS told of the finding", ris=receiver.application, control_id=number)
