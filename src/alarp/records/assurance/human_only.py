"""Which studies do people read without AI, why, and do those patients wait longer than their peers?

A study is read without AI when its patient has said no, when its route was closed as it came, or when no AI took or
answered it in time. A tool that was never meant for a study is no reason: that is ordinary reading. Waiting is
measured from the study's arrival to its report; opting out must not be a penalty (need G09).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from alarp.kernel import Measure, RouteState
from alarp.records.ledger.identities import PatientIds
from alarp.records.ledger.models import Dispatch, Study
from alarp.records.messages.models import Report

if TYPE_CHECKING:
    import numpy as np

OPTED_OUT, CLOSED, NO_ANSWER = "opted out", "route closed", "no AI in time"
REASONS = (OPTED_OUT, CLOSED, NO_ANSWER)
CAME_CLOSED = "Came while the route was closed"
CHUNK = 500


@dataclass(frozen=True, slots=True)
class HumanStudy:
    """One study that people read without AI: why, since when, and when it was reported."""

    study: Study
    reason: str
    sentence: str
    since: datetime
    reported_at: datetime | None


@dataclass(frozen=True, slots=True)
class Turnaround:
    """Minutes from arrival to report in one group, and how many of its studies have a report."""

    group: str
    studies: int
    reported: int
    median: Measure


def read_by_people(begin: datetime, end: datetime, *, limit: int | None = None) -> list[HumanStudy]:
    """The studies of this time that people read without AI, the newest first."""
    found = _theirs(begin, end).select_related("peer__site").prefetch_related("dispatches__release")
    studies = list(found.prefetch_related("dispatches__recall").order_by("-pk")[:limit])
    reports = reported(studies)
    return [
        HumanStudy(study, *_why(study), reported_at=reports.get(study.pk))  # type: ignore[misc]
        for study in studies
    ]


def turnarounds(begin: datetime, end: datetime) -> tuple[Turnaround, ...]:
    """Median minutes from arrival to report: each group that people read without AI, beside the AI-read peers."""
    ours = _theirs(begin, end).prefetch_related("dispatches__release", "dispatches__recall")
    groups: dict[str, list[Study]] = {reason: [] for reason in REASONS}
    for study in ours.order_by("pk"):
        groups[_why(study)[0]].append(study)
    live = Dispatch.objects.filter(route_when_sent=RouteState.LIVE.value, returned_at__isnull=False)
    peers = Study.objects.filter(
        synthetic=False, first_received_at__gte=begin, first_received_at__lt=end, pk__in=live.values("study")
    ).exclude(pk__in=_theirs(begin, end).values("pk"))
    read = {"read with AI": list(peers), **groups}
    return tuple(_turnaround(name, studies) for name, studies in read.items())


def _theirs(begin: datetime, end: datetime) -> QuerySet[Study]:
    every = Study.objects.filter(synthetic=False, first_received_at__gte=begin, first_received_at__lt=end)
    states = Dispatch.objects.filter(
        Q(state=Dispatch.OPTED_OUT)
        | Q(state=Dispatch.HELD, reason__startswith=CAME_CLOSED)
        | Q(release__isnull=False)
        | Q(recall__isnull=False)
    )
    return every.filter(Q(opted_out_on_receipt=True) | Q(pk__in=states.values("study")))


def _why(study: Study) -> tuple[str, str, datetime]:
    """The first reason that holds, in a sentence, and since when."""
    dispatches = list(study.dispatches.all())
    if study.opted_out_on_receipt:
        return OPTED_OUT, "The patient had opted out when the study came.", study.first_received_at
    for dispatch in dispatches:
        if dispatch.state == Dispatch.OPTED_OUT:
            return OPTED_OUT, dispatch.reason, dispatch.changed_at
        if hasattr(dispatch, "recall"):
            return OPTED_OUT, "The patient opted out after it was sent.", dispatch.recall.asked_at
    for dispatch in dispatches:
        if dispatch.state == Dispatch.HELD and dispatch.reason.startswith(CAME_CLOSED):
            return CLOSED, dispatch.reason, dispatch.changed_at
    late = next(d for d in dispatches if hasattr(d, "release"))
    return NO_ANSWER, late.release.because, late.release.at


def reported(studies: Iterable[Study]) -> dict[int, datetime]:
    """When was each of these studies first reported, finally or corrected? Only those that were."""
    every = list(studies)
    found: dict[int, datetime] = {}
    for start in range(0, len(every), CHUNK):
        for study, report in _matched(every[start : start + CHUNK]):
            at = report.reported_at
            if at is not None and (study.pk not in found or at < found[study.pk]):
                found[study.pk] = at
    return found


def _matched(studies: list[Study]) -> Iterator[tuple[Study, Report]]:
    by_uid = {study.study_uid: study for study in studies}
    by_accession = {study.accession: study for study in studies if study.accession}
    named = Q(study_uid__in=by_uid) | Q(accession__in=by_accession)
    final = Report.objects.filter(named, status__in=(Report.FINAL, Report.CORRECTED))
    for report in final.filter(reported_at__isnull=False):
        study = by_uid.get(report.study_uid) or by_accession.get(report.accession)
        theirs = PatientIds(report.patient_id.casefold(), report.issuer.casefold(), report.nhs_number)
        if study is not None and (not theirs or PatientIds.of(study).same_patient(theirs)):
            yield study, report


def _turnaround(group: str, studies: list[Study]) -> Turnaround:
    name = "report_turnaround_min"
    reports = reported(studies)
    if not studies or not reports:
        because = "no study" if not studies else "no report of them has been received"
        none = Measure.not_measurable(name, because=because, n=len(studies), subgroup=group)
        return Turnaround(group, len(studies), 0, none)
    from alarp.evaluation.quantiles import quantile  # brings scipy: only where there is something to measure

    minutes, clusters = _minutes(studies, reports)
    median = quantile(
        name, minutes, 0.5, clusters=clusters, subgroup=group, missing="studies without a report"
    )
    return Turnaround(group, len(studies), len(reports), median)


def _minutes(studies: list[Study], reports: dict[int, datetime]) -> tuple[np.ndarray, np.ndarray]:
    """Minutes to the report, infinite without one; a report dated before the arrival counts as at once."""
    import numpy as np

    found = [
        max(0.0, (reports[study.pk] - study.first_received_at).total_seconds() / 60)
        if study.pk in reports
        else np.inf
        for study in studies
    ]
    patients: dict[str, int] = {}
    codes = [patients.setdefault(f"{s.patient_id} {s.issuer}", len(patients)) for s in studies]
    return np.array(found, dtype=np.float64), np.array(codes, dtype=np.intp)
