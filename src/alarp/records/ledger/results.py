"""What came back, to whom does it belong, and was it filed? The only doors for changing a result."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from alarp.kernel import Phase
from alarp.records import clock
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.ledger import dispatches, work
from alarp.records.ledger.arrivals import ACTOR, quarantine
from alarp.records.ledger.models import Dispatch, Instance, Result, Study


def refuse(
    step: work.Claim,
    instance: Instance,
    reason: str,
    disagreements: list[dict[str, str]],
    *,
    study: Study | None = None,
) -> None:
    """It does not fit what it claims to belong to, or is made as no result may be: quarantined, never filed.

    `study` when it is beyond doubt to which it belongs: then it is told there that something was kept apart.
    """
    with transaction.atomic():
        work.finish(step)
        if study is not None:
            Instance.objects.filter(pk=instance.pk).update(study=study)
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
        key = f"{result.dispatch.deployment_id}:{result.pk}"
        work.rearm("commit", key, {"result": result.pk}, due_at=clock.now())
        work.wake("file", f"{result.dispatch.deployment_id}:")


def committed(sop_uids: list[str], *, pacs: str) -> None:
    """The PACS answers for these objects: as far as they are results that were filed, it is written down, once."""
    with transaction.atomic():
        for result in _filed_as(sop_uids):
            Result.objects.filter(pk=result.pk).update(committed_at=clock.now())
            _audit(result, "result committed", pacs=pacs)


def not_committed(sop_uids: list[str], *, pacs: str) -> None:
    """The PACS does not answer for these objects after all: each filed result goes there again."""
    with transaction.atomic():
        for result in _filed_as(sop_uids):
            _file_again(result, pacs)


def looked_for(step: work.Claim, result: Result, *, pacs: str, there: bool | None) -> None:
    """A PACS without storage commitment was asked whether it has the object (None: it cannot be asked that either)."""
    with transaction.atomic():
        work.finish(step)
        if there is False:
            _file_again(result, pacs)
        else:
            _audit(result, "result not committed", pacs=pacs, found_there=there)


def never_committed(step: work.Claim, result: Result) -> None:
    """The PACS was asked for a day and never answered for the result."""
    with transaction.atomic():
        work.finish(step)
        _audit(result, "result not committed", found_there=None)


def _filed_as(sop_uids: list[str]) -> list[Result]:
    named = [uid for uid in sop_uids if uid]
    rows = Result.objects.select_for_update(of=("self",)).filter(
        instance__sop_uid__in=named, state=Result.FILED, committed_at__isnull=True
    )
    return list(rows.select_related("dispatch__deployment"))


def _file_again(result: Result, pacs: str) -> None:
    # As long again as it has been tried: a PACS that never answers for anything is not stormed.
    age_s = (clock.now() - result.matched_at).total_seconds()
    due_at = clock.now() + timedelta(seconds=min(age_s, configuration().retry_most_s))
    Result.objects.filter(pk=result.pk).update(state=Result.FILING)
    _audit(result, "result lost by the PACS", pacs=pacs)
    key = f"{result.dispatch.deployment_id}:{result.pk}"
    work.rearm("file", key, {"result": result.pk}, due_at=due_at)


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
