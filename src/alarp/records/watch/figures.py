"""What do the monitors say of a tool now, in the words of its alarm rules?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db.models import Count, F, Sum

from alarp.pathway import Figure
from alarp.pathway.alarms import ALL
from alarp.records.deployments.models import Deployment
from alarp.records.monitors.models import DeliveredEvent
from alarp.records.watch.models import Alert, Incident, JournalEntry
from alarp.standards.watch import harm_levels

# What the monitors call it → what the alarm rules call it.
SAME = {
    "missing": "results-missing",
    "turnaround": "turnaround-p95",
    "scores": "score-drift",
    "version": "version-seen",
    "wrong": "feedback-wrong",
}


def now_of(deployment: Deployment, at: datetime) -> tuple[Figure, ...]:
    """The monitors' figures at this moment, for all studies and by scanner."""
    from alarp.records.monitors import queries  # brings numpy: only where figures are asked for

    found: Iterable[Figure] = queries.figures(deployment, at)
    return tuple(replace(f, monitor=SAME.get(f.monitor, f.monitor)) for f in found)


def for_review(deployment: Deployment, since: datetime, at: datetime) -> tuple[Figure, ...]:
    """The monitors' figures and the watch's own since go-live: harm, and alerts that nobody took up in time."""
    own = (
        _counted("incidents-harm", _harmed(deployment, since), at, "Incidents with harm since go-live."),
        _counted(
            "alerts-unacknowledged",
            unacknowledged(deployment, at, since=since),
            at,
            "Alerts that were acknowledged late or not at all.",
        ),
    )
    return (*now_of(deployment, at), *own, _minutes_saved(deployment, since, at))


def _minutes_saved(deployment: Deployment, since: datetime, at: datetime) -> Figure:
    """What the stopwatches said since go-live, one figure a study; summed up by the database."""
    from alarp.monitoring.rates import mean_of  # brings numpy: only where a review is computed

    said = DeliveredEvent.objects.filter(
        deployment=deployment, at__gte=since, at__lte=at, minutes_saved__isnull=False
    ).aggregate(
        n=Count("pk"), total=Sum("minutes_saved"), squares=Sum(F("minutes_saved") * F("minutes_saved"))
    )
    found = mean_of(
        "minutes-saved",
        said["n"],
        said["total"] or 0.0,
        said["squares"] or 0.0,
        empty="nobody delivered minutes saved",
    )
    return Figure(
        "minutes-saved",
        ALL,
        found.estimate,
        found.low,
        found.high,
        found.n,
        at,
        found.sentence(),
        found.because,
    )


def _counted(monitor: str, count: int, at: datetime, sentence: str) -> Figure:
    return Figure(monitor, ALL, float(count), None, None, 1, at, sentence)


def _harmed(deployment: Deployment, since: datetime) -> int:
    """How many incidents ended with a level of harm above none, by the last thing their journal says?"""
    harmless = harm_levels()[0].slug
    rows = Incident.objects.filter(deployment=deployment, opened_at__gte=since).values_list("pk", flat=True)
    last: dict[int, str] = {}
    entries = JournalEntry.objects.filter(incident__in=rows, kind=JournalEntry.HARM).order_by("pk")
    for incident, facts in entries.values_list("incident_id", "facts"):
        last[incident] = str(facts.get("level", harmless))
    return sum(1 for level in last.values() if level != harmless)


def unacknowledged(deployment: Deployment, at: datetime, *, since: datetime | None = None) -> int:
    """How many alerts did nobody acknowledge in time? Each of them counts (need G16)."""
    alerts = Alert.objects.filter(deployment=deployment)
    if since is not None:
        alerts = alerts.filter(raised_at__gte=since)
    late = alerts.filter(acknowledgement__in_time=False).count()
    return late + alerts.filter(acknowledgement__isnull=True, due_at__lt=at).count()
