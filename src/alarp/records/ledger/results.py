"""What came back, to whom does it belong, and was it filed? The only doors for changing a result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from alarp.kernel import Phase
from alarp.records import clock
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.ledger import dispatches, work
from alarp.records.ledger.arrivals import ACTOR, quarantine
from alarp.records.ledger.models import Dispatch, Instance, Result


def refuse(step: work.Claim, instance: Instance, reason: str, disagreements: list[dict[str, str]]) -> None:
    """It does not fit what it claims to belong to: quarantined, never filed."""
    with transaction.atomic():
        work.finish(step)
        quarantine(
            instance,
            phase=Phase.MATCH,
            reason=reason,
            disagreements=disagreements,
            deployment=instance.peer.deployment,
        )


def accept(
    step: work.Claim,
    instance: Instance,
    rounds: list[Dispatch],
    *,
    summary: dict[str, Any],
    restored_sha256: str,
    kept_because: str,
) -> Result:
    """It belongs to this one study and answers these rounds of it (it is filed with the last).

    `kept_because` says why it is not filed to PACS; empty: it will be.
    """
    moment, dispatch = clock.now(), rounds[-1]
    with transaction.atomic():
        work.finish(step)
        result = Result.objects.create(
            instance=instance,
            dispatch=dispatch,
            modality=instance.modality,
            state=Result.KEPT if kept_because else Result.FILING,
            restored_sha256=restored_sha256,
            summary=summary,
            matched_at=moment,
        )
        Instance.objects.filter(pk=instance.pk).update(study=dispatch.study)
        for answered in rounds:
            _returned(answered, moment)
        _audit(result, "result matched", modality=result.modality)
        if kept_because:
            _audit(result, "result kept", reason=kept_because)
        else:
            work.ask("file", f"{dispatch.deployment_id}:{result.pk}", {"result": result.pk})
            if configuration().hl7_ris:
                work.ask("tell-ris", f"{dispatch.deployment_id}:{result.pk}", {"result": result.pk})
    return result


def _returned(dispatch: Dispatch, moment: datetime) -> None:
    dispatch.refresh_from_db()
    if dispatch.returned_at is not None:
        return
    if dispatch.state == Dispatch.READY:  # the rest of the study is still leaving
        dispatches.move(dispatch, dispatch.state, Phase(dispatch.phase), dispatch.reason, returned_at=moment)
    else:
        dispatches.move(dispatch, Dispatch.RETURNED, Phase.MATCH, returned_at=moment)


def attempt(step: work.Claim) -> None:
    """Note, before the first byte, that the result may reach the PACS: a successor asks there first."""
    with transaction.atomic():
        work.note(step, attempted=True)


def filed(step: work.Claim, result: Result, *, peer: str, found: bool) -> None:
    """The PACS has it. `found`: it was there already from an attempt that was cut short."""
    with transaction.atomic():
        work.finish(step)
        Result.objects.filter(pk=result.pk).update(state=Result.FILED, filed_at=clock.now())
        _audit(result, "result filed", pacs=peer, found_there_already=found)
        work.wake("file", f"{result.dispatch.deployment_id}:")


def kept(step: work.Claim, result: Result, reason: str) -> None:
    """The route closed, or the patient opted out, between matching and filing: kept here, for good."""
    with transaction.atomic():
        work.finish(step)
        Result.objects.filter(pk=result.pk).update(state=Result.KEPT)
        _audit(result, "result kept", reason=reason)


def rejected(step: work.Claim, result: Result, reason: str) -> None:
    """The PACS rejected the content: it stops here and a person sees it."""
    with transaction.atomic():
        work.stop(step, phase=Phase.FILE, sentence=reason)
        Result.objects.filter(pk=result.pk).update(state=Result.KEPT)
        _audit(result, "result rejected by the PACS", reason=reason)


def told(result: Result, action: str, **details: Any) -> None:
    """What became of telling the RIS, in the caller's transaction."""
    _audit(result, action, **details)


def _audit(result: Result, action: str, **details: Any) -> None:
    audit.record(
        ACTOR,
        action,
        f"study {result.dispatch.study_id}",
        stream=result.dispatch.deployment.slug,
        dispatch=result.dispatch_id,
        result=result.pk,
        **details,
    )
