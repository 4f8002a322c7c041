"""Is the tool still what it was when it was evaluated? One measure, one definition, from the evaluation into live use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.utils.timezone import localdate

from alarp.kernel import Measure, RouteState, digest
from alarp.records.deployments.models import Deployment
from alarp.records.evidence.models import Evidence
from alarp.records.people.queries import trust_of
from alarp.web import shapes

if TYPE_CHECKING:
    from alarp.report import Figure

# What the gateway counts by the evaluation's own definition: a case that was given to the tool and has no usable
# answer (overdue or failed), among all that were given to it.
MEASURE = "failure_rate"
NO_ANSWER = ("overdue", "failed")
MOST_MONTHS = 12


def spanning(deployment: Deployment, now: datetime) -> Figure | None:
    """The picture with its table; None until there are both an evaluation in force and live months."""
    evaluated = _evaluated(deployment)
    if evaluated is None:
        return None
    from alarp.evaluation.spanning import LivePeriod, span

    live = [LivePeriod(label, found) for label, found in _months(deployment, localdate(now), evaluated.level)]
    if not live:
        return None
    told = span(MEASURE, evaluated, live).chart(
        title="No usable answer, from the evaluation into live use", y_title="Share without a usable answer"
    )
    made: Figure = cache.get_or_set(f"spanning-1-{digest(told)}", lambda: _drawn(told), timeout=None)
    return made


def _drawn(chart: dict[str, Any]) -> Figure:
    from alarp.report import Figure, Table, draw

    table = chart["table"]
    rows = tuple(tuple(row) for row in table["rows"])
    beside = Table(table["caption"], tuple(table["columns"]), rows, table["note"])
    return Figure(chart["title"], chart["description"], draw(chart), beside)


def _evaluated(deployment: Deployment) -> Measure | None:
    """The measure in the newest evaluation of this version that stands and was locked."""
    rows = Evidence.objects.filter(
        version=deployment.version,
        organisation=trust_of(deployment.site),
        body__schema__startswith="alarp.evaluation/",
        withdrawal__isnull=True,
        superseded_by__isnull=True,
    ).order_by("-dated", "-pk")
    for evidence in rows:
        if evidence.body["protocol"].get("exploratory", True):
            continue
        for row in evidence.body["measures"]:
            if row["measure"] == MEASURE and row["subgroup"] == "all" and row["estimate"] is not None:
                return shapes.as_measure(row)
    return None


def _months(deployment: Deployment, today: date, level: float) -> Iterator[tuple[str, Measure]]:
    """The same measure for each month of live use, oldest first; months without a study are left out."""
    import numpy as np

    from alarp.evaluation import proportion
    from alarp.monitoring.cube import SENT
    from alarp.records.monitors import queries

    first = (today.replace(day=1) - timedelta(days=31 * (MOST_MONTHS - 1))).replace(day=1)
    counted = queries.daily(deployment, first, today).where(lambda cell: cell.route == RouteState.LIVE)
    months: dict[str, Any] = {}
    for day in counted.days:
        months.setdefault(date.fromordinal(day).strftime("%Y-%m"), []).append(day)
    for label, days in sorted(months.items()):
        month = counted.where(lambda cell, days=days: cell.day in days)  # type: ignore[misc]
        sent, without = month.count("outcomes", *SENT), month.count("outcomes", *NO_ANSWER)
        if sent:
            hits = np.arange(sent) < without
            yield label, proportion(MEASURE, hits, level=level, empty="no study was sent")
