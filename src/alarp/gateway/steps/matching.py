"""To which one study does this result belong? All of it must agree, or it goes to quarantine.

Only what was sent to this tool's own deployment counts. The study is looked up by the UID under which it
was sent; where that finds nothing, by the images it refers to or by the patient's pseudonym, so that the
quarantine can show what was expected beside what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction

from alarp.gateway import keys, summaries
from alarp.gateway.steps.filing import why_kept
from alarp.identity import (
    Crosswalk,
    Disagreement,
    Header,
    Mentions,
    SentStudy,
    Shortcoming,
    disagreements,
    mentions_in,
    others_named,
    read_header,
    reidentify,
    shortcomings,
    unknown_uids,
)
from alarp.identity.returning import QUARANTINE
from alarp.kernel import BadInput, Phase, Unavailable
from alarp.records import objects
from alarp.records.ledger import results, work
from alarp.records.ledger.models import Dispatch, DispatchInstance, Instance, Result, Work
from alarp.records.ledger.work import Claim
from alarp.records.watch import commands as watch
from alarp.standards.air import load_return_checks

NOTHING = SentStudy("", "", "", frozenset(), frozenset(), frozenset())
UIDS_AT_ONCE = 300
UNKNOWN = Disagreement("study UID", "one that was sent to this tool", "a study that was not")


def match(step: Claim) -> None:
    """Match one received result, restore its patient, and have it filed where the route says so."""
    related = ("peer__deployment", "study")
    instance = Instance.objects.select_related(*related).get(pk=int(step.payload["instance"]))
    if hasattr(instance, "result") or hasattr(instance, "quarantine"):
        with transaction.atomic():
            work.finish(step)
        return
    data = objects.get(instance.sha256)
    header = read_header(data)
    rounds, sent, found = _compare(instance, header, data)
    if found:
        _refuse(step, instance, found)
        return
    dispatch = rounds[-1]
    summary = summaries.summary(data) | _covered(rounds, header)
    # Another version than the approved one closes the route now, in a transaction of its own: whatever becomes of this
    # result, the next study does not leave.
    unapproved = watch.version_seen(dispatch, str(summary.get("version", "")))
    try:
        fallen_short = shortcomings(data, sent, load_return_checks().checks)
        restored = reidentify(data, crosswalk_of(dispatch))
    except BadInput as error:
        results.refuse(step, instance, f"The patient could not be restored: {error}", [])
        return
    if barred := [one for one in fallen_short if one.check.effect == QUARANTINE]:
        _refuse_as_made(step, instance, dispatch, barred)
        return
    summary |= _told(fallen_short)
    kept_because = unapproved or why_kept(dispatch) or _repeated(dispatch, summary)
    results.accept(
        step,
        instance,
        rounds,
        summary=summary,
        restored_sha256=objects.put(restored),
        kept_because=kept_because,
    )


Compared = tuple[list[Dispatch], SentStudy, tuple[Disagreement, ...]]


def _compare(instance: Instance, header: Header, data: bytes) -> Compared:
    """The rounds of the study that this result answers, all that was sent of it, and in what it does not fit."""
    of_tool = Dispatch.objects.filter(deployment=instance.peer.deployment).exclude(study_uid_sent="")
    of_tool = of_tool.select_related("study__peer", "deployment__version__product")
    rounds = list(of_tool.filter(study_uid_sent=header.study_uid).order_by("number"))
    if not rounds:
        near = of_tool.filter(items__sop_uid_sent__in=sorted(header.referenced_sop_uids)[:100]).first()
        near = near or of_tool.filter(patient_pseudonym=header.patient_id).order_by("-pk").first()
        sent = sent_study([near]) if near else NOTHING
        return [], sent, disagreements(header, sent) if near else (UNKNOWN,)
    still_leaving = _being_sent(rounds)  # asked first: what left in between is in the answer below
    sent = sent_study(rounds)
    found = (*disagreements(header, sent), *_of_others(mentions_in(data), sent, rounds))
    if still_leaving:  # whether or not it fits what has left so far: it would end the sending of the rest
        raise Unavailable(
            "The study is still being sent; the result is looked at afterwards.", phase=Phase.MATCH
        )
    answered = [
        one for one in rounds if one.items.filter(sop_uid_sent__in=header.referenced_sop_uids).exists()
    ]
    return answered or rounds, sent, found


def _of_others(mentions: Mentions, sent: SentStudy, rounds: list[Dispatch]) -> Iterator[Disagreement]:
    """Does it carry a name, anywhere, under which this tool knows another study?"""
    yield from others_named(mentions, sent)
    strange = sorted(unknown_uids(mentions, sent))
    ours = rounds[0].study_id
    of_tool = Dispatch.objects.filter(deployment=rounds[0].deployment_id).exclude(study=ours)
    items = DispatchInstance.objects.filter(dispatch__deployment=rounds[0].deployment_id)
    for begin in range(0, len(strange), UIDS_AT_ONCE):
        some = strange[begin : begin + UIDS_AT_ONCE]
        images = items.filter(sop_uid_sent__in=some).exclude(dispatch__study=ours)
        if images.exists() or of_tool.filter(study_uid_sent__in=some).exists():
            yield Disagreement(
                "UIDs named inside", "none of another study", "one that was sent of another study"
            )
            return


def _covered(rounds: list[Dispatch], header: Header) -> dict[str, int]:
    """How many of the images that were sent does the result name, where it does not name them all?

    A report may rest on its key images alone, so it is no disagreement; a tool that dropped one looks the same, so
    both numbers stand beside the result.
    """
    sent = sent_study(rounds).sop_instance_uids
    named = sent & header.referenced_sop_uids
    return {} if named == sent else {"images_sent": len(sent), "images_named": len(named)}


def _being_sent(rounds: list[Dispatch]) -> bool:
    keys_of = [f"{one.deployment_id}:{one.pk}" for one in rounds]
    return Work.objects.filter(kind="send", key__in=keys_of, state__in=work.OPEN).exists()


def sent_study(rounds: list[Dispatch]) -> SentStudy:
    """Under which names did this study go to this tool, all its rounds together?"""
    first = rounds[0]
    items = DispatchInstance.objects.filter(dispatch__in=rounds, sent_at__isnull=False)
    names = list(items.values_list("sop_uid_sent", "series_uid_sent", "frame_uid_sent"))
    before = Result.objects.filter(dispatch__in=rounds)
    earlier = list(before.values_list("instance__sop_uid", "instance__series_uid"))
    return SentStudy(
        patient_pseudonym=first.patient_pseudonym,
        accession_pseudonym=first.accession_pseudonym,
        study_uid=first.study_uid_sent,
        series_uids=frozenset(series for _, series, _ in names),
        sop_instance_uids=frozenset(sop for sop, _, _ in names),
        frame_of_reference_uids=frozenset(frame for _, _, frame in names if frame),
        earlier_result_uids=frozenset(sop for sop, _ in earlier),
        earlier_series_uids=frozenset(series for _, series in earlier),
    )


def crosswalk_of(dispatch: Dispatch) -> Crosswalk:
    """The way back to the original names: from the ledger's rows, and one original header for each series."""
    items = DispatchInstance.objects.filter(
        dispatch__study=dispatch.study, dispatch__deployment=dispatch.deployment
    ).exclude(sop_uid_sent="")
    uids = {dispatch.study_uid_sent: dispatch.study.study_uid}
    samples: dict[tuple[str, str], str] = {}
    for item in items.select_related("instance").order_by("pk"):
        uids[item.sop_uid_sent] = item.instance.sop_uid
        uids[item.series_uid_sent] = item.instance.series_uid
        samples.setdefault((item.series_uid_sent, item.frame_uid_sent), item.instance.sha256)
    originals = [read_header(objects.get(sha256)) for sha256 in samples.values()]
    crosswalk = Crosswalk.of(originals, keys.of_dispatch(dispatch))
    return replace(crosswalk, uids={**crosswalk.uids, **uids})


def _refuse(step: Claim, instance: Instance, found: tuple[Disagreement, ...]) -> None:
    fields = ", ".join(dict.fromkeys(one.field for one in found))
    reason = f"The result does not fit what was sent to this tool: {fields}."
    results.refuse(step, instance, reason, [asdict(one) for one in found])


def _refuse_as_made(step: Claim, instance: Instance, dispatch: Dispatch, barred: list[Shortcoming]) -> None:
    """It fits, and is made as no result of a tool may be made: kept apart, with the clause."""
    first = barred[0]
    reason = f"It fits the study, but {first.found} ({first.check.source}). It is not filed."
    told = [{"field": one.check.id, "expected": one.check.asks, "found": one.found} for one in barred]
    results.refuse(step, instance, reason, told, study=dispatch.study)


def _told(fallen_short: tuple[Shortcoming, ...]) -> dict[str, Any]:
    """What a result falls short of that does not keep it out: told beside it wherever it is read."""
    told = [
        {"id": one.check.id, "asks": one.check.asks, "found": one.found, "source": one.check.source}
        for one in fallen_short
    ]
    return {"checks": {"version": load_return_checks().version, "short_of": told[: summaries.MOST_LINES]}}


def _repeated(dispatch: Dispatch, summary: dict[str, object]) -> str:
    """A tool that was sent a study twice may answer twice under new UIDs: the same content is filed once."""
    same = dispatch.results.filter(summary__content=summary["content"]).order_by("pk").first()
    return f"The tool sent the same content before (result {same.pk})." if same else ""
