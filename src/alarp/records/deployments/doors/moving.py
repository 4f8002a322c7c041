"""How does a deployment's row follow the table of stages? Inside a command's transaction, never alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alarp.kernel import NotNow, NotPermitted, Stage
from alarp.pathway import states
from alarp.pathway.model import CHANGE, TO_LIVE
from alarp.pathway.states import BEFORE_LIVE, IN_USE, Event
from alarp.records import clock
from alarp.records.audit.commands import record
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments.doors import following
from alarp.records.deployments.models import Deployment, GateStatus, Reopening
from alarp.records.people.models import Person

Actor = Person | str
Reason = tuple[str, str, str]  # gate, cause, sentence

REASON_LENGTH = 500


def locked(deployment: Deployment) -> Deployment:
    """The deployment's row, locked until the transaction ends: two signers at once go one after the other."""
    return (
        Deployment.objects.select_for_update(of=("self",))
        .select_related("version__product__supplier", "site")
        .get(pk=deployment.pk)
    )


def moment(deployment: Deployment) -> datetime:
    """What time is it for this locked deployment? Never before what was last written about it.

    Read after the lock, and behind the newest event of its chain: so the order of its facts is the order of
    their times, even when two machines' clocks differ.
    """
    last = AuditEvent.objects.filter(stream__slug=deployment.slug).order_by("-seq").values_list("at").first()
    now = clock.now()
    return max(now, last[0] + timedelta(microseconds=1)) if last else now


def refuse_now(sentence: str | None) -> None:
    if sentence:
        raise NotNow(sentence)


def refuse_person(sentence: str | None) -> None:
    if sentence:
        raise NotPermitted(sentence)


def open_gates(deployment: Deployment) -> tuple[str, ...]:
    rows = GateStatus.objects.filter(deployment=deployment, status=GateStatus.OPEN)
    return tuple(rows.values_list("gate", flat=True))


def set_status(
    deployment: Deployment, gate: str, status: str, at: datetime, *, reason: str = "", digest: str = ""
) -> None:
    GateStatus.objects.update_or_create(
        deployment=deployment,
        gate=gate,
        defaults={"status": status, "since": at, "reason": reason, "evidence_digest": digest},
    )


def move(deployment: Deployment, stage: Stage, at: datetime, actor: Actor, why: str) -> None:
    """Write the stage that the table answered, with its audit event; nothing when it stays the same."""
    if stage == deployment.stage:
        return
    before = deployment.stage
    deployment.stage, deployment.stage_since = stage.value, at
    deployment.save(update_fields=["stage", "stage_since"])
    record(
        actor,
        "stage changed",
        f"deployment {deployment.slug}",
        stream=deployment.slug,
        at=at,
        **{"from": before, "to": stage.value, "because": why},
    )
    following.moved(deployment, stage, at)


def advance(deployment: Deployment, event: Event, gate: str, at: datetime, actor: Actor, why: str) -> None:
    """Apply one event of the table, then pass the gates that stand open already."""
    stage = states.after(Stage(deployment.stage), event, gate)
    move(deployment, states.settled(stage, open_gates(deployment)), at, actor, why)


def reopen(
    deployment: Deployment, reasons: Sequence[Reason], at: datetime, actor: Actor
) -> tuple[Reopening, ...]:
    """Re-open these gates where they stand open, each with its reason; the stage follows the table.

    Before live the deployment falls back to the earliest re-opened gate; in use it goes to stage change, where
    the change gate must be signed too.
    """
    opened = set(open_gates(deployment))
    stage, made = Stage(deployment.stage), []
    if stage not in (*BEFORE_LIVE, *IN_USE, Stage.CHANGE):
        return ()
    for gate, cause, sentence in reasons:
        if gate not in opened or gate not in TO_LIVE:
            continue
        opened.discard(gate)
        made.append(_reopen_one(deployment, gate, cause, sentence, at, actor))
        stage = states.after(stage, Event.REOPENED, gate)
    if made and stage is Stage.CHANGE:
        first = made[0]
        made.append(_reopen_one(deployment, CHANGE, first.cause, first.reason, at, actor))
    if made:
        move(deployment, stage, at, actor, made[0].reason)
    return tuple(made)


def _reopen_one(
    deployment: Deployment, gate: str, cause: str, sentence: str, at: datetime, actor: Actor
) -> Reopening:
    reason = sentence[:REASON_LENGTH]
    set_status(deployment, gate, GateStatus.REOPENED, at, reason=reason)
    row = Reopening(deployment=deployment, gate=gate, cause=cause, reason=reason, at=at)
    row.save()
    record(
        actor,
        "gate re-opened",
        f"gate {gate} of {deployment.slug}",
        stream=deployment.slug,
        at=at,
        gate=gate,
        cause=cause,
        because=reason,
    )
    return row
