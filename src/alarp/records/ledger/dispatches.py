"""Where does a study stand on its way to a tool? The only doors for changing a dispatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from alarp.kernel import Phase, RouteState, Stage
from alarp.records import clock, spool
from alarp.records.audit import commands as audit
from alarp.records.configuration import configuration
from alarp.records.deployments.models import Deployment
from alarp.records.ledger import choosing, opt_outs, work
from alarp.records.ledger.arrivals import ACTOR
from alarp.records.ledger.choosing import Spacings
from alarp.records.ledger.models import Dispatch, DispatchInstance, Study
from alarp.records.messages.queries import expecting
from alarp.records.people.models import Organisation


def quiet(study: Study, *, upto: datetime) -> bool:
    """Has nothing of this study come for the quiet time, as far as the ledger knows (`spool.written_up_to`)?"""
    return study.last_received_at + timedelta(seconds=configuration().quiet_s) <= upto


def complete(step: work.Claim, study_id: int, *, counted: int | None = None) -> bool:
    """Is the study complete? When nothing has come for the quiet time, say so and ask what is to become of it.

    `counted` is how many objects the sender says that the study has. While fewer are here the study waits, but no
    longer than `incomplete_wait_s`: a sender may hand on only a part, and a stroke must not wait for the rest.
    """
    upto = spool.written_up_to()
    with transaction.atomic():
        study = Study.objects.select_for_update(of=("self",)).select_related("peer").get(pk=study_id)
        if not quiet(study, upto=upto):
            settings = configuration()
            due_at = study.last_received_at + timedelta(seconds=settings.quiet_s)
            work.postpone(step, due_at=max(due_at, clock.now() + timedelta(seconds=settings.poll_s)))
            return False
        images = choosing.sources(study).count()
        if counted is not None and _is_waited_for(step, study, images, counted):
            return False
        work.finish(step)
        study.completed_at = clock.now()
        _hear_how_many(study)
        study.save(update_fields=["completed_at", "expected_instances", "expected_from", "expected_at"])
        work.ask("decide", f"{study.pk}:{images}", {"study": study.pk})
        expected = {} if study.expected_instances is None else {"expected": study.expected_instances}
        audit.record(ACTOR, "study complete", f"study {study.pk}", objects=images, **expected)
    return True


def _is_waited_for(step: work.Claim, study: Study, images: int, counted: int) -> bool:
    """Keep what the sender says beside what came; put the study off while it says more, for as long as is allowed."""
    first = study.expected_from != study.peer.aet
    study.expected_instances, study.expected_from, study.expected_at = counted, study.peer.aet, clock.now()
    settings = configuration()
    until = study.last_received_at + timedelta(seconds=settings.quiet_s + settings.incomplete_wait_s)
    if images >= counted or until <= clock.now():
        return False
    study.save(update_fields=["expected_instances", "expected_from", "expected_at"])
    if first:
        audit.record(ACTOR, "study waits for the rest", f"study {study.pk}", objects=images, expected=counted)
    again = clock.now() + timedelta(seconds=settings.quiet_s)
    work.postpone(step, due_at=min(again, until))
    return True


def _hear_how_many(study: Study) -> None:
    """What another system said before the study came of how much it should hold.

    A hint beside the count, no condition: a PACS may send on only a part, and a stroke must not wait for the rest.
    """
    if study.expected_instances is None and (order := expecting(study)) is not None:
        study.expected_instances = order.expected_instances
        study.expected_from, study.expected_at = order.message.kind[:40], order.said_at


def decide(step: work.Claim, study_id: int) -> None:
    """For every deployment of the Trust: is this study for it, and has the patient said no? One row each."""
    read = Study.objects.select_related("peer__site").get(pk=study_id)
    known = choosing.spacings(read, deployments_for(read))
    with transaction.atomic():
        work.finish(step)
        locked = Study.objects.select_for_update(of=("self",))
        study = locked.select_related("peer__site").get(pk=study_id)
        for deployment in deployments_for(study):
            _open(study, deployment, known)


def deployments_for(study: Study) -> list[Deployment]:
    """Which deployments might take a study from this peer? Those at its site, above it or below it.

    A probe of our own goes to the one that it asks about.
    """
    if study.synthetic:
        asked = Deployment.objects.filter(probes__study=study)
        return list(asked.select_related("version__intended_use", "version__product", "site"))
    every = Deployment.objects.exclude(stage=Stage.RETIRED.value).select_related(
        "version__intended_use", "version__product", "site"
    )
    if study.peer.site is None:
        return list(every.order_by("pk"))
    near = line(study.peer.site)
    return [
        deployment
        for deployment in every.order_by("pk")
        if deployment.site_id in near or study.peer.site_id in line(deployment.site)
    ]


def line(organisation: Organisation) -> set[int]:
    """This organisation and all above it."""
    found: set[int] = set()
    node: Organisation | None = organisation
    while node is not None and node.pk not in found:
        found.add(node.pk)
        node = node.parent
    return found


def _open(study: Study, deployment: Deployment, known: Spacings) -> None:
    fresh = list(choosing.sources(study).exclude(items__dispatch__deployment=deployment).order_by("pk"))
    if not fresh:
        return
    choice = choosing.choose(study, deployment, fresh, known)
    moment = clock.now()
    rounds = Dispatch.objects.filter(study=study, deployment=deployment).aggregate(last=Max("number"))
    dispatch = Dispatch(
        study=study,
        deployment=deployment,
        number=(rounds["last"] or 0) + 1,
        created_at=moment,
        changed_at=moment,
    )
    refused = None if choice.refusals else opted_out_here(study, deployment)
    if choice.refusals:
        dispatch.state, dispatch.phase = Dispatch.REFUSED, Phase.ELIGIBLE
        dispatch.reason = " ".join(choice.refusals)
    elif refused:
        dispatch.state, dispatch.phase, dispatch.reason = Dispatch.OPTED_OUT, Phase.OPT_OUT, refused
    else:
        fresh = [instance for instance in fresh if instance.pk in choice.taken]
        dispatch.state, dispatch.phase = Dispatch.READY, Phase.SEND
        dispatch.reason = " ".join(f"{sentence} It stays here." for sentence in choice.stays)
    dispatch.reason = dispatch.reason[:500]
    dispatch.save()
    DispatchInstance.objects.bulk_create(DispatchInstance(dispatch=dispatch, instance=i) for i in fresh)
    if dispatch.state == Dispatch.READY:
        work.ask("send", f"{deployment.pk}:{dispatch.pk}", {"dispatch": dispatch.pk})
    _audit(dispatch, f"dispatch {dispatch.state}")


def opted_out_here(study: Study, deployment: Deployment, *, strict: bool = False) -> str:
    """The sentence that bars this study from this tool, or nothing.

    When the Trust's list cannot be asked, `strict` raises Unavailable; otherwise the question is left
    for the moment of sending, where it is asked strictly.
    """
    if study.opted_out_on_receipt:
        return "The patient had opted out of AI when the study arrived."
    try:
        ids = opt_outs.PatientIds.of(study)
        refusal = opt_outs.find(ids, deployment=deployment, since=study.first_received_at)
    except opt_outs.Unavailable:
        if strict:
            raise
        return ""
    return refusal.sentence if refusal else ""


def move(dispatch: Dispatch, state: str, phase: Phase, reason: str = "", **columns: Any) -> None:
    """Change where a dispatch stands and write it down, in the caller's transaction."""
    same = (dispatch.state, dispatch.phase, dispatch.reason) == (state, phase.value, reason[:500])
    dispatch.state, dispatch.phase, dispatch.reason = state, phase.value, reason[:500]
    dispatch.changed_at = clock.now()
    for name, value in columns.items():
        setattr(dispatch, name, value)
    dispatch.save(update_fields=["state", "phase", "reason", "changed_at", *columns])
    if not same:
        _audit(dispatch, f"dispatch {state}")


def _audit(dispatch: Dispatch, action: str, **details: Any) -> None:
    audit.record(
        ACTOR,
        action,
        f"study {dispatch.study_id}",
        stream=dispatch.deployment.slug,
        dispatch=dispatch.pk,
        round=dispatch.number,
        phase=str(dispatch.phase),
        reason=dispatch.reason,
        **details,
    )


def crosswalk(
    step: work.Claim, dispatch: Dispatch, names: dict[int, dict[str, str]], **pseudonyms: str
) -> None:
    """Under which names will it leave? Durable before the first byte does, so that a result finds its way back."""
    with transaction.atomic():
        work.renew(step)
        for item, columns in names.items():
            DispatchInstance.objects.filter(pk=item, dispatch=dispatch).update(**columns)
        Dispatch.objects.filter(pk=dispatch.pk).update(**pseudonyms)
    dispatch.refresh_from_db()


def progress(
    step: work.Claim,
    dispatch: Dispatch,
    taken: Mapping[int, datetime],
    *,
    route: RouteState,
    under_way: Sequence[int],
) -> None:
    """The tool has acknowledged these images at these moments; of those under way nobody knows if the worker dies now."""
    with transaction.atomic():
        work.renew(step)
        work.note(step, under_way=list(under_way))
        if not taken:
            return
        rows = [DispatchInstance(pk=item, sent_at=moment) for item, moment in taken.items()]
        DispatchInstance.objects.filter(sent_at__isnull=True).bulk_update(rows, ["sent_at"])
        if dispatch.sent_at is None:
            dispatch.sent_at = min(taken.values())
            dispatch.due_at = dispatch.sent_at + timedelta(minutes=configuration().result_due_min)
            dispatch.route_when_sent = route.value
            dispatch.save(update_fields=["sent_at", "due_at", "route_when_sent"])


def sent_all(step: work.Claim, dispatch: Dispatch) -> None:
    """Every instance of the dispatch has been acknowledged: now a result is owed."""
    with transaction.atomic():
        work.finish(step)
        dispatch.refresh_from_db()
        state = Dispatch.RETURNED if dispatch.returned_at else Dispatch.SENT
        phase = Phase.MATCH if dispatch.returned_at else Phase.PROCESS
        move(dispatch, state, phase)
        work.wake("send", f"{dispatch.deployment_id}:")


def end(step: work.Claim, dispatch: Dispatch, state: str, phase: Phase, reason: str) -> None:
    """Nothing (more) of this dispatch leaves, for this reason."""
    with transaction.atomic():
        if state == Dispatch.FAILED:
            work.stop(step, phase=phase, sentence=reason)
        else:
            work.finish(step)
        gone = dispatch.items.filter(sent_at__isnull=False).count()
        if gone:
            reason = f"{reason} {gone} of {dispatch.items.count()} images had been sent before."
        if unsure := _unsure(step, dispatch):
            reason = f"{reason} Whether {unsure} more had been, nobody knows: see the record of what left."
        move(dispatch, state, phase, reason)


def _unsure(step: work.Claim, dispatch: Dispatch) -> int:
    """How many images were under way when a worker died, or a tool fell silent, and have not been acknowledged since?"""
    under_way = work.noted(step).get("under_way", ())
    return dispatch.items.filter(pk__in=under_way, sent_at__isnull=True).count() if under_way else 0


def trouble(step: work.Claim, dispatch: Dispatch, phase: Phase, sentence: str) -> None:
    """A transient fault: held with the reason, tried again."""
    with transaction.atomic():
        work.retry(step, phase=phase, sentence=sentence)
        move(dispatch, Dispatch.HELD, phase, sentence)
