"""When the AI does not answer: since when is it down, and which studies have to be read without it?

Nothing is given up: what could not be sent is tried until the tool takes it, once. But nobody waits for it: after the
set time the study is on the list of those that people read without AI, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import CharField, Exists, Max, Min, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Concat

from alarp.kernel import Phase, RouteState
from alarp.records.assurance import alarms
from alarp.records.assurance.models import Downtime, Release
from alarp.records.audit.commands import record
from alarp.records.configuration import configuration
from alarp.records.deployments import queries as deployments
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch, DispatchInstance, Work

MOST_AT_ONCE = 500
FAILURES_OF = timedelta(days=7)
OF_THE_TOOL = (Phase.CONNECT.value, Phase.SEND.value)
AT_ITS_LIMIT = "was ended at its time limit"
"""In the sentence of a run that went on until its time was up."""


def look(moment: datetime) -> None:
    """Write down which tools are down or back, and give to people what has waited long enough."""
    for deployment in alarms.connected():
        down = _look_at(deployment, moment)
        minutes = (moment - down.began_at).total_seconds() / 60 if down else 0.0
        says = f"{down.sentence} Down since {down.began_at:%H:%M} UTC." if down else ""
        cause_at = down.began_at if down else moment
        alarms.judge(deployment, alarms.DOWN, minutes, says, cause_at=cause_at)
        if deployments.route(deployment).state == RouteState.LIVE:
            _release(deployment, moment)


def _waiting(deployment: Deployment) -> QuerySet[Dispatch]:
    """What is still to be sent: not what was held for good."""
    key = Concat(OuterRef("deployment_id"), Value(":"), OuterRef("pk"), output_field=CharField())
    again = Work.objects.filter(kind="send", state__in=(Work.READY, Work.LEASED), key=key)
    unsent = Dispatch.objects.filter(deployment=deployment, state__in=(Dispatch.READY, Dispatch.HELD))
    return unsent.filter(Exists(again))


def _look_at(deployment: Deployment, moment: datetime) -> Downtime | None:
    """The downtime that goes on now, begun or ended where that has just become known."""
    with transaction.atomic():
        Deployment.objects.select_for_update(of=("self",)).get(pk=deployment.pk)
        silence = _untaken(deployment) or _unread(deployment)
        now = Downtime.objects.filter(deployment=deployment, ended_at__isnull=True).first()
        if now is None:
            return _begun(deployment, silence) if silence else None
        back = _answered_again(deployment, now)
        if back is None and silence is not None:
            return now
        now.ended_at = back or moment
        now.save(update_fields=["ended_at"])
        _audit(deployment, "tool answers again", since=now.began_at.isoformat())
        return None


@dataclass(frozen=True, slots=True)
class _Silence:
    """Since when has a tool not done what it was given, in which phase, and in whose words?"""

    since: datetime
    phase: str
    sentence: str


def _untaken(deployment: Deployment) -> _Silence | None:
    """Does the tool take nothing?"""
    last = _taken(deployment).aggregate(last=Max("sent_at"))["last"]
    stuck = _waiting(deployment).filter(state=Dispatch.HELD, phase__in=OF_THE_TOOL)
    if last is not None:  # what failed before the tool took the last one waits for its turn, not for the tool
        stuck = stuck.filter(changed_at__gt=last)
    one = stuck.order_by("created_at").first()
    return _Silence(max(one.created_at, last or one.created_at), one.phase, one.reason) if one else None


def _unread(deployment: Deployment) -> _Silence | None:
    """Is the tool a program here that gets its images and does not read them?

    It could not be started, was killed, asks to be tried again, or went on until its time limit, and has read no other
    study since. That it ends with a fault of its own speaks of one study, not of the program.
    """
    runs = Work.objects.filter(kind="run", key__startswith=f"{deployment.pk}:", phase=Phase.PROCESS.value)
    tried_again = Q(state__in=(Work.READY, Work.LEASED), trouble_since__isnull=False)
    ended = Q(state=Work.STOPPED, trouble__contains=AT_ITS_LIMIT)
    stuck = runs.filter(tried_again | ended).annotate(since=Coalesce("trouble_since", "done_at"))
    last = _returned(deployment).aggregate(last=Max("returned_at"))["last"]
    if last is not None:
        stuck = stuck.filter(since__gt=last)
    one = stuck.order_by("since").first()
    return _Silence(one.since, Phase.PROCESS.value, one.trouble) if one else None


def _answered_again(deployment: Deployment, down: Downtime) -> datetime | None:
    """When did the tool first do again what it had not done?"""
    if down.phase == Phase.PROCESS.value:
        return _first(_returned(deployment), "returned_at", down.began_at)
    return _first(_taken(deployment), "sent_at", down.began_at)


def _first(rows: QuerySet[Any], column: str, after: datetime) -> datetime | None:
    found: datetime | None = rows.filter(**{f"{column}__gt": after}).aggregate(first=Min(column))["first"]
    return found


def _taken(deployment: Deployment) -> QuerySet[DispatchInstance]:
    return DispatchInstance.objects.filter(dispatch__deployment=deployment, sent_at__isnull=False)


def _returned(deployment: Deployment) -> QuerySet[Dispatch]:
    return Dispatch.objects.filter(deployment=deployment, returned_at__isnull=False)


def _begun(deployment: Deployment, silence: _Silence) -> Downtime:
    found = Downtime.objects.create(
        deployment=deployment, began_at=silence.since, phase=silence.phase, sentence=silence.sentence
    )
    _audit(deployment, "tool does not answer", phase=found.phase, reason=found.sentence)
    return found


def _audit(deployment: Deployment, action: str, **details: str) -> None:
    record("gateway", action, f"route of {deployment.slug}", stream=deployment.slug, **details)


def _release(deployment: Deployment, moment: datetime) -> None:
    """Give to human reading what no AI took, or answered, within the set time, and at once what failed."""
    minutes = configuration().human_reading_after_min
    before = moment - timedelta(minutes=minutes)
    unsent = _waiting(deployment).filter(created_at__lt=before)
    silent = Dispatch.objects.filter(
        # held after it was sent: a tool that is run here was tried and is tried again
        deployment=deployment,
        state__in=(Dispatch.SENT, Dispatch.HELD),
        returned_at__isnull=True,
        sent_at__lt=before,
    )
    failed = Dispatch.objects.filter(
        deployment=deployment,
        state=Dispatch.FAILED,
        returned_at__isnull=True,
        changed_at__gt=moment - FAILURES_OF,
    )
    ours = Q(release__isnull=True, study__synthetic=False)
    within = f"within {minutes:g} minutes."
    for found, because in (
        (unsent, f"The tool did not take it {within}"),
        (silent, f"The tool did not answer {within}"),
        (failed, "It failed on its way to the tool or at the tool."),
    ):
        for dispatch in found.filter(ours).order_by("pk")[:MOST_AT_ONCE]:
            with transaction.atomic():
                locked = Dispatch.objects.select_for_update(of=("self",)).get(pk=dispatch.pk)
                if locked.returned_at or Release.objects.filter(dispatch=dispatch).exists():
                    continue
                Release(dispatch=dispatch, at=moment, because=because).save()
                record(
                    "gateway",
                    "given to human reading",
                    f"study {dispatch.study_id}",
                    stream=deployment.slug,
                    dispatch=dispatch.pk,
                    reason=because,
                )
