"""Which studies does this list hold? Filters that may stand in an address, and a search that may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse

from alarp.kernel import Disposition
from alarp.records.ledger import reconciliation
from alarp.records.ledger.models import Dispatch, Instance, Study
from alarp.records.ledger.queries import with_disposition

PAGE = 50
OWED = {
    "expected": "whose result was expected",
    "returned": "whose result came back",
    "overdue": "whose result is overdue",
    "awaited": "whose result is not due yet",
}
BECAME = {
    Disposition.SENT.value: "with images that were sent",
    Disposition.HELD.value: "with images that were held",
    Disposition.OPTED_OUT.value: "with images of a patient who opted out",
    Disposition.FAILED.value: "with images that failed",
}


@dataclass(frozen=True)
class Wanted:
    """What the list is asked for. `day` None: any day. Nothing here names a patient."""

    day: date | None = None
    state: str = ""
    deployment: str = ""
    became: str = ""  # by image: what the first line of the balance counts
    owed: str = ""  # by result: what the second line counts
    why: str = ""  # the reason that the balance names
    before: int | None = None

    @property
    def query(self) -> str:
        query = QueryDict(mutable=True)
        query["day"] = self.day.isoformat() if self.day else ""
        for name in ("state", "deployment", "became", "owed", "why"):
            if getattr(self, name):
                query[name] = getattr(self, name)
        if self.before:
            query["before"] = str(self.before)
        return query.urlencode()

    @property
    def href(self) -> str:
        return f"{reverse('studies')}?{self.query}"

    def page_before(self, number: int) -> Wanted:
        return replace(self, before=number)

    @property
    def narrowed(self) -> str:
        """What came with a link from the balance, as words that follow 'studies'."""
        words = [BECAME.get(self.became, ""), OWED.get(self.owed, "")]
        if self.why:
            words.append(f"with the reason “{self.why}”")
        return " ".join(word for word in words if word)


def wanted(asked: Mapping[str, str], today: date) -> Wanted:
    """What does the address ask for? Today when it says nothing of a day; what cannot be read is not asked for."""
    day: date | None = today
    if "day" in asked:
        try:
            day = date.fromisoformat(asked["day"])
        except ValueError:
            day = None
    before = asked.get("before", "")
    state = asked.get("state", "")
    return Wanted(
        day=day,
        state=state if state in Dispatch.STATES else "",
        deployment=asked.get("deployment", ""),
        became=asked.get("became", "") if asked.get("became", "") in BECAME else "",
        owed=asked.get("owed", "") if asked.get("owed", "") in OWED else "",
        why=asked.get("why", "")[:500],
        before=int(before) if before.isdecimal() and len(before) < 16 else None,
    )


def found(want: Wanted, *, now: Any) -> QuerySet[Study]:
    """The studies that are wanted, newest first, one more than a page holds."""
    studies = _whole(Study.objects.filter(synthetic=False))
    if want.owed:
        studies = studies.filter(pk__in=_owed(want, now).values("study"))
    elif want.day:
        studies = studies.filter(pk__in=_received(want).values("study"))
    if want.state:
        studies = studies.filter(pk__in=_dispatches(want).filter(state=want.state).values("study"))
    elif want.deployment and not want.owed:
        studies = studies.filter(pk__in=_dispatches(want).values("study"))
    if want.why:
        studies = studies.filter(_because(want.why))
    if want.before:
        studies = studies.filter(pk__lt=want.before)
    return studies.order_by("-pk")[: PAGE + 1]


def strays(want: Wanted) -> int:
    """How many received objects of the day does the balance count that belong to no study? They are in quarantine."""
    counted = want.day and not (want.owed or want.state or want.deployment or want.why)
    if not counted or want.became not in {"", Disposition.HELD.value}:
        return 0
    return _of_day(want).filter(study__isnull=True).count()


def searched(text: str, *, by_identifier: bool) -> QuerySet[Study]:
    """The studies with this number, accession, patient or NHS number; only the study number without the right."""
    text = text.strip()
    compact = text.replace(" ", "").replace("-", "")
    match = Q(pk__in=[])
    if compact.isdecimal() and len(compact) < 10:
        match |= Q(pk=int(compact))
    if by_identifier and text:
        match |= Q(accession=text) | Q(patient_id__iexact=text) | Q(nhs_number=compact)
    return _whole(Study.objects.filter(match)).order_by("-pk")[: PAGE + 1]


def _whole(studies: QuerySet[Study]) -> QuerySet[Study]:
    return (
        studies.select_related("peer__site")
        .prefetch_related(
            "dispatches__deployment__version__product", "dispatches__results", "dispatches__recall"
        )
        .annotate(images=Count("instances", filter=Q(instances__direction=Instance.SOURCE), distinct=True))
    )


def _dispatches(want: Wanted) -> QuerySet[Dispatch]:
    every = Dispatch.objects.filter(study__synthetic=False)
    return every.filter(deployment__slug=want.deployment) if want.deployment else every


def _received(want: Wanted) -> QuerySet[Instance]:
    """The images of that day: those the balance counts."""
    images = _of_day(want).filter(study__isnull=False)
    if not want.became:
        return images
    if want.deployment:
        return images.filter(_became_at(want.became, want.deployment))
    return with_disposition(images).filter(disposition=want.became)


def _of_day(want: Wanted) -> QuerySet[Instance]:
    assert want.day is not None
    begin, end = reconciliation.bounds(want.day)
    images = Instance.objects.filter(direction=Instance.SOURCE, received_at__gte=begin, received_at__lt=end)
    return images.exclude(study__synthetic=True)


def _became_at(became: str, deployment: str) -> Q:
    """What became of an image at one tool, as the balance's table by tool counts it."""
    here = Q(items__dispatch__deployment__slug=deployment)
    if became == Disposition.SENT.value:
        return here & Q(items__sent_at__isnull=False)
    unsent = here & Q(items__sent_at__isnull=True)
    ended = {Disposition.OPTED_OUT.value: Dispatch.OPTED_OUT, Disposition.FAILED.value: Dispatch.FAILED}
    if became in ended:
        return unsent & Q(items__dispatch__state=ended[became])
    return unsent & ~Q(items__dispatch__state__in=ended.values())


def _owed(want: Wanted, now: Any) -> QuerySet[Dispatch]:
    sent = _dispatches(want).filter(sent_at__isnull=False)
    if want.day:
        begin, end = reconciliation.bounds(want.day)
        sent = sent.filter(sent_at__gte=begin, sent_at__lt=end)
    kinds = {
        "returned": Q(returned_at__isnull=False),
        "overdue": Q(returned_at__isnull=True, due_at__lt=now),
        "awaited": Q(returned_at__isnull=True, due_at__gte=now),
    }
    return sent.filter(kinds[want.owed]) if want.owed in kinds else sent


def _because(why: str) -> Q:
    if why == reconciliation.WAITING:
        return Q(completed_at__isnull=True)
    if why == reconciliation.NO_TOOL:
        return Q(completed_at__isnull=False, dispatches__isnull=True)
    if why == reconciliation.ON_ITS_WAY:
        return Q(pk__in=Dispatch.objects.filter(reason="").values("study"))
    return Q(pk__in=Dispatch.objects.filter(reason=why).values("study"))
