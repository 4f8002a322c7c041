"""Is the tool still what it was when it was evaluated? One measure, one definition, from the evaluation into live use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.utils.timezone import localdate

from alarp.kernel import Measure, RouteState, digest
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.queries import trust_of

if TYPE_CHECKING:
    from alarp.evaluation.spanning import Counted
    from alarp.monitoring.cube import DayCube
    from alarp.report import Figure

# How the gateway says that a study has no usable answer, by the evaluation's definition of it.
NO_ANSWER = ("overdue", "failed")
MOST_MONTHS = 12
NOT_EVALUATED = {
    "answer_min_p50": "Minutes to the answer: the evaluation measured none from sending (columns.answer_min).",
}
NO_SECOND_OUTLINE = (
    "Dice, surface Dice and distances: in live use nobody draws a second outline to hold the tool's against."
)
# What a judgement of a flag, and of an answer that is none, says of the truth.
_KINDS = {
    ("agree", True): "true_positive",
    ("disagree", True): "false_positive",
    ("agree", False): "true_negative",
    ("disagree", False): "false_negative",
}


@dataclass(frozen=True)
class Spans:
    """One picture with its table for each measure that both count; why the others are not drawn."""

    figures: tuple[Figure, ...]
    not_drawn: tuple[str, ...]
    reference: str
    evidence: str


def spanning(deployment: Deployment, now: datetime) -> Spans | None:
    """From the evaluation into live use, measure by measure; None until there are both."""
    evidence = _evaluated(deployment)
    if evidence is None:
        return None
    from alarp.evaluation.spanning import SPANNED, of_evaluation, of_live_use

    evaluated = of_evaluation(evidence.body)
    months = dict(_months(deployment, localdate(now)))
    if not months or not evaluated:
        return None
    figures, not_drawn = [], []
    for name, measure in evaluated.items():
        live = {label: of_live_use(month, level=measure.level)[name] for label, month in months.items()}
        words = SPANNED[name]
        if all(found.estimate is None for found in live.values()):
            not_drawn.append(f"{words[0]}: {list(live.values())[-1].because}.")
        else:
            figures.append(_figure(name, words, measure, live))
    not_drawn += [line for name, line in NOT_EVALUATED.items() if name not in evaluated]
    if evidence.body["kind"] == "contouring":
        not_drawn.append(NO_SECOND_OUTLINE)
    reference = str(evidence.body.get("reference_standard") or "")
    return Spans(tuple(figures), tuple(not_drawn), reference, evidence.sha256)


def _figure(name: str, words: tuple[str, str], evaluated: Measure, live: dict[str, Measure]) -> Figure:
    from alarp.evaluation.spanning import LivePeriod, span

    title = f"{words[0]}, from the evaluation into live use"
    periods = [LivePeriod(label, found) for label, found in live.items()]
    told = span(name, evaluated, periods).chart(title=title, y_title=words[0])
    told["table"]["caption"] = f"{words[0]}: {words[1]}"
    made: Figure = cache.get_or_set(f"spanning-3-{digest(told)}", lambda: _drawn(told), timeout=None)
    return made


def _drawn(chart: dict[str, Any]) -> Figure:
    from alarp.report import Figure, Table, draw

    table = chart["table"]
    rows = tuple(tuple(row) for row in table["rows"])
    beside = Table(table["caption"], tuple(table["columns"]), rows, table["note"])
    return Figure(chart["title"], chart["description"], draw(chart), beside)


def _evaluated(deployment: Deployment) -> Evidence | None:
    """The newest evaluation of this version that stands and was locked."""
    rows = Evidence.objects.filter(
        version=deployment.version,
        organisation=trust_of(deployment.site),
        body__schema__startswith="alarp.evaluation/",
        withdrawal__isnull=True,
        superseded_by__isnull=True,
    ).order_by("-dated", "-pk")
    return next((row for row in rows if not row.body["protocol"].get("exploratory", True)), None)


def _months(deployment: Deployment, today: date) -> Iterator[tuple[str, Counted]]:
    """What was counted in each month of live use, oldest first; months without a study are left out."""
    from alarp.monitoring.cube import SENT
    from alarp.records.monitors import queries

    first = (today.replace(day=1) - timedelta(days=31 * (MOST_MONTHS - 1))).replace(day=1)
    counted = queries.daily(deployment, first, today).where(lambda cell: cell.route == RouteState.LIVE)
    months: dict[str, Any] = {}
    for day in counted.days:
        months.setdefault(date.fromordinal(day).strftime("%Y-%m"), []).append(day)
    for label, days in sorted(months.items()):
        month = counted.where(lambda cell, days=days: cell.day in days)  # type: ignore[misc]
        if month.count("outcomes", *SENT):
            yield label, _counted(month)


def _counted(month: DayCube) -> Counted:
    from alarp.evaluation.spanning import Counted
    from alarp.monitoring.cube import SENT, TURNAROUND_EDGES_S
    from alarp.monitoring.readings import is_flag

    middles_min = [sqrt(low * high) / 60 for low, high in pairwise(TURNAROUND_EDGES_S.tolist())]

    decided, took = month.named("decisions"), month.total("turnaround").tolist()
    judged = dict.fromkeys(_KINDS.values(), 0)
    for verdict, count in month.named("verdicts").items():
        agreement, _, decision = verdict.partition(": ")
        kind = _KINDS.get((agreement, is_flag(decision)))
        if kind is not None:
            judged[kind] += count
    return Counted(
        sent=month.count("outcomes", *SENT),
        silent=month.count("outcomes", *NO_ANSWER),
        answered=sum(decided.values()),
        flagged=sum(count for decision, count in decided.items() if is_flag(decision)),
        took=tuple((minutes, count) for minutes, count in zip(middles_min, took, strict=True) if count),
        **judged,
    )
