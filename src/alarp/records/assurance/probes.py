"""Is the route healthy? A synthetic study of our own goes through it, and is judged against its own record.

State says that processes run; only traffic shows that a study arrives, leaves, comes back and is matched. A probe is
no patient: its study is marked `synthetic` before its first image is sent, goes to the one tool that is asked about,
is counted by no monitor and no balance, and its result stays out of the PACS unless the settings say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from alarp.kernel import NotNow, RouteState
from alarp.records import clock, permissions
from alarp.records.assurance import alarms
from alarp.records.assurance.models import Probe
from alarp.records.audit.commands import record
from alarp.records.configuration import configuration
from alarp.records.deployments import queries as deployments
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import work
from alarp.records.ledger.models import Dispatch, Quarantine, Result, Study, Work
from alarp.records.people.models import Person

KIND = "probe"
RESOLVE, CONNECT, ASSOCIATE, SEND, PROCESS, RETURN, MATCH, FILE = (
    "resolve",
    "connect",
    "associate",
    "send",
    "process",
    "return",
    "match",
    "file",
)
PHASES = (RESOLVE, CONNECT, ASSOCIATE, SEND, PROCESS, RETURN, MATCH, FILE)
OPEN = (Probe.ASKED, Probe.UNDER_WAY)
SHOWN_AT_MOST = 500


def ask(deployment: Deployment, study_uid: str, *, by: Person | None) -> Probe:
    """Have a synthetic study sent through this deployment's route. Raises NotNow while the route is closed."""
    if by is not None:
        permissions.check(by, "ask_probe", deployment)
    route = deployments.route(deployment)
    if route.state == RouteState.CLOSED:
        raise NotNow(f"The route is closed, so nothing can go through it: {route.reason}")
    with transaction.atomic():
        Deployment.objects.select_for_update(of=("self",)).get(pk=deployment.pk)
        open_one = Probe.objects.filter(deployment=deployment, state__in=OPEN).first()
        if open_one is not None:
            raise NotNow(f"Probe {open_one.number} is still under way; wait for what it finds.")
        last = Probe.objects.filter(deployment=deployment).aggregate(last=Max("number"))["last"] or 0
        probe = Probe.objects.create(
            deployment=deployment, number=last + 1, by=by, asked_at=clock.now(), study_uid=study_uid
        )
        work.ask(KIND, str(probe.pk), {"probe": probe.pk})
        record(
            by or "gateway",
            "probe asked for",
            f"probe {probe.number} of {deployment.slug}",
            stream=deployment.slug,
            scheduled=by is None,
        )
    return probe


def due(moment: datetime) -> list[Deployment]:
    """For which open routes is it time again, by the schedule?"""
    every = configuration().health_every_min
    if every <= 0:
        return []
    found = []
    for deployment in alarms.connected():
        last = Probe.objects.filter(deployment=deployment).order_by("-number").first()
        if last is not None and (last.state in OPEN or moment - last.asked_at < timedelta(minutes=every)):
            continue
        if deployments.route(deployment).state != RouteState.CLOSED:
            found.append(deployment)
    return found


def entered(probe: Probe, phase: str, sentence: str, **columns: object) -> None:
    """The probe has reached this phase: when, after how many seconds."""
    now = clock.now()
    took_s = round((now - probe.asked_at).total_seconds(), 2)
    probe.steps = [*probe.steps, {"phase": phase, "at": now.isoformat(), "after_s": took_s, "says": sentence}]
    probe.phase, probe.sentence = phase, sentence[:500]
    for name, value in columns.items():
        setattr(probe, name, value)
    probe.save(update_fields=["steps", "phase", "sentence", *columns])


def conclude(step: work.Claim, probe: Probe, *, failed_in: str, sentence: str) -> None:
    """The probe is over: passed (`failed_in` empty), or failed in this phase for this reason. Failure is an alert."""
    with transaction.atomic():
        work.finish(step)
        state = Probe.FAILED if failed_in else Probe.PASSED
        entered(probe, failed_in or FILE, sentence, state=state, ended_at=clock.now())
        if failed_in and probe.study is not None and probe.study.completed_at is None:
            Study.objects.filter(pk=probe.study_id).update(completed_at=clock.now())
        record(
            "gateway",
            f"probe {state}",
            f"probe {probe.number} of {probe.deployment.slug}",
            stream=probe.deployment.slug,
            phase=probe.phase,
            reason=probe.sentence,
        )
    failures = _in_a_row(probe.deployment)
    says = f"It failed to {failed_in}: {sentence}" if failed_in else ""
    alarms.judge(probe.deployment, alarms.PROBE, float(failures), says, cause_at=probe.asked_at)


def _in_a_row(deployment: Deployment) -> int:
    over = Probe.objects.filter(deployment=deployment).exclude(state__in=OPEN).order_by("-number")
    states = list(over.values_list("state", flat=True)[:100])
    return states.index(Probe.PASSED) if Probe.PASSED in states else len(states)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a probe is on its way: the phase it waits in, why, whether that is its end, its result when there is one."""

    phase: str
    sentence: str
    ended: bool = False
    result: Result | None = None


def standing(probe: Probe) -> Standing:
    """Where does the probe stand, by the ledger's rows of its own study?"""
    study = probe.study
    assert study is not None
    dispatch = study.dispatches.filter(deployment=probe.deployment).order_by("-number").first()
    if dispatch is None:
        if study.completed_at is None:
            return Standing(SEND, "It was received; it is not yet known to be complete.")
        return Standing(PROCESS, "It is complete; no tool has been chosen yet.")
    result = dispatch.results.order_by("pk").first()
    if result is not None:
        return _returned(result)
    reason = dispatch.reason or "It waits for the tool."
    if dispatch.state in (Dispatch.REFUSED, Dispatch.OPTED_OUT, Dispatch.FAILED):
        return Standing(PROCESS, reason, ended=True)
    if dispatch.state == Dispatch.HELD:
        key = f"{dispatch.deployment_id}:{dispatch.pk}"
        again = Work.objects.filter(kind="send", key=key, state__in=(Work.READY, Work.LEASED)).exists()
        phase = dispatch.phase if dispatch.phase in PHASES else PROCESS
        return Standing(phase, reason, ended=not again)
    if dispatch.sent_at is None:
        return Standing(SEND, "It is about to be sent to the tool.")
    odd = (
        Quarantine.objects.filter(deployment=probe.deployment, at__gte=dispatch.sent_at).order_by("pk").last()
    )
    if odd is not None:
        return Standing(MATCH, f"A result came and did not fit: {odd.reason}")
    return Standing(RETURN, "The tool has it; no result has come back.")


def _returned(result: Result) -> Standing:
    if result.state == Result.FILING:
        return Standing(FILE, "The result is matched; the PACS has not taken it yet.", result=result)
    words = "filed to the PACS" if result.state == Result.FILED else "kept apart from the PACS"
    return Standing(FILE, f"The result came back, matched, and is {words}.", ended=True, result=result)


def history(deployment_pks: list[int]) -> list[Probe]:
    """The probes of these deployments, the newest first."""
    found = Probe.objects.filter(deployment__in=deployment_pks)
    related = ("deployment__version__product", "deployment__site", "by")
    return list(found.select_related(*related).order_by("-pk")[:SHOWN_AT_MOST])
