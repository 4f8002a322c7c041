"""What was ordered, what was reported, which message waits for a person? Questions only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from alarp.records import objects
from alarp.records.ledger.identities import PatientIds, known_as
from alarp.records.ledger.models import Study
from alarp.records.messages.models import Message, Order, Report

RANK = {Report.PRELIMINARY: 0, Report.FINAL: 1, Report.CORRECTED: 2}


def waiting() -> QuerySet[Message]:
    """Which messages could not be used and wait for a person, newest first?"""
    found = Message.objects.filter(outcome__in=[Message.WAITING, Message.REFUSED], resolved_at__isnull=True)
    return found.order_by("-received_at", "-pk")


def order_of(study: Study) -> Order | None:
    """What was ordered for this study, as last told? By study UID or accession, and only for this patient."""
    return next(iter(_of(study, Order.objects.order_by("-said_at", "-pk"))), None)


def expecting(study: Study) -> Order | None:
    """Who said last how many instances this study holds? An order that says no number does not count."""
    rows = Order.objects.filter(expected_instances__isnull=False).select_related("message")
    return next(iter(_of(study, rows.order_by("-said_at", "-pk"))), None)


@dataclass(frozen=True, slots=True)
class CurrentReport:
    """One report as it stands: its newest telling, and how many tellings came before."""

    report: Report
    earlier: int

    @property
    def text(self) -> str:
        """The report's words, checked against their digest."""
        return objects.get(self.report.text_sha256).decode()


def reports_of(study: Study) -> tuple[CurrentReport, ...]:
    """What readers reported of this study, as it stands; a corrected report goes before what it corrects."""
    return current(_of(study, Report.objects.order_by("pk")))


def reports_between(since: datetime, until: datetime, *, final: bool = True) -> tuple[CurrentReport, ...]:
    """Which reports were told in this time, each as it stands now? For the concordance of readers and tools.

    `final`: only those that are final or corrected; a preliminary report is a draft.
    """
    keys = Report.objects.filter(said_at__gte=since, said_at__lt=until).values("key")
    found = current(Report.objects.filter(key__in=keys).order_by("pk"))
    return tuple(one for one in found if not final or one.report.status != Report.PRELIMINARY)


def current(tellings: Iterable[Report]) -> tuple[CurrentReport, ...]:
    """The standing one of each report: the newest by the sender's own clock; at one moment, the more final one."""
    by_key: dict[str, list[Report]] = {}
    for one in tellings:
        by_key.setdefault(one.key, []).append(one)
    return tuple(
        CurrentReport(max(told, key=lambda r: (r.said_at, RANK[r.status], r.pk)), len(told) - 1)
        for told in by_key.values()
    )


def study_of(report: Report) -> Study | None:
    """The study here that a report speaks of: by study UID or accession, and of the same patient; newest first."""
    match = _match(report.study_uid, report.accession)
    if match is None:
        return None
    names = known_as(PatientIds.of(report))
    for study in Study.objects.filter(match).order_by("-pk"):
        if any(PatientIds.of(study).same_patient(name) for name in names):
            return study
    return None


def _of(study: Study, rows: QuerySet[Any]) -> list[Any]:
    """Those of these rows that name this study and this patient (an accession number is not unique for ever)."""
    match = _match(study.study_uid, study.accession)
    if match is None:
        return []
    names = known_as(PatientIds.of(study))
    return [row for row in rows.filter(match) if any(PatientIds.of(row).same_patient(name) for name in names)]


def _match(study_uid: str, accession: str) -> Q | None:
    wanted = [Q(study_uid=study_uid)] if study_uid else []
    wanted += [Q(accession=accession)] if accession else []
    return reduce(or_, wanted) if wanted else None
