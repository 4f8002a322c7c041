"""Has anything moved at this tool? Everything that a page, a command or an alarm rule asks of the counts.

A picture is made from the daily counts of its window and from the events since the last closed day: what it costs
depends on the window, never on the history.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from django.db.models import Q
from django.utils.timezone import localdate, localtime

from alarp.kernel import RouteState
from alarp.monitoring import (
    Cell,
    DayCube,
    Event,
    Reading,
    Rhythm,
    Series,
    Watched,
    fold,
    from_rows,
    merge,
    readings,
    rhythm,
)
from alarp.monitoring import series as series_of
from alarp.monitoring.catalogue import Catalogue
from alarp.monitoring.columns import CLOCKS_DIFFER, columns_of
from alarp.monitoring.cube import HOURS, SENT
from alarp.monitoring.readings import LEAST, MOVED, headline, worst
from alarp.monitoring.series import grouped, series_of_groups
from alarp.pathway.alarms import ALL
from alarp.records import clock
from alarp.records.deployments import queries as deployments
from alarp.records.deployments.models import Deployment
from alarp.records.ledger.models import Dispatch
from alarp.records.ledger.reconciliation import bounds
from alarp.records.monitors.events import known_between
from alarp.records.monitors.figures import Figures, figures_of
from alarp.records.monitors.models import DailyCount, DeliveredEvent, RolledDay
from alarp.records.monitors.rolling import zone
from alarp.standards.monitoring import load_monitors

__all__ = ["MonitorPicture", "daily", "figures", "latest_value", "latest_values", "picture"]

SILENT, LIVE = RouteState.SILENT.value, RouteState.LIVE.value
FEW_DAYS = 3  # with fewer days, groups of consecutive studies are the points of a chart
CHART_DAYS = 91  # a chart looks back a quarter at least: 13 weeks
REFERENCE_DAYS = 60  # the first days with results that are looked at for a reference, without a silent run


@dataclass(frozen=True)
class MonitorPicture:
    """Everything that a page shows of one deployment's monitors, as known at one moment."""

    deployment: Deployment
    first: date
    last: date
    at: datetime
    catalogue: Catalogue
    watched: Watched
    everything: DayCube  # the time of the charts, with its silent and live parts
    groups: DayCube  # groups of consecutive studies of the open days, while there are no days to compare
    readings: dict[str, tuple[Reading, ...]]
    awaited: int  # sent, not due yet
    known_at: datetime | None  # the latest event
    fresh: bool
    freshness: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def status(self) -> str:
        """The worst of all readings; stale data is red whatever it says."""
        return worst([r.status for rows in self.readings.values() for r in rows]) if self.fresh else MOVED

    @property
    def headline(self) -> str:
        """Has anything moved? One line."""
        if not self.fresh:
            return f"Nobody can tell: {self.freshness}"
        return headline(self.readings, self.catalogue, self.days)

    def series(self, monitor: str, scanner: str | None = None) -> Series:
        """The monitor's value over time, up to the last whole day."""
        approved = self.watched.approved_version

        def of(cube: DayCube) -> DayCube:
            return cube if scanner is None else cube.where(lambda cell: cell.scanner == scanner)

        if self.groups.cells and monitor != "volume":
            return series_of_groups(monitor, of(self.groups), approved=approved)
        unfinished = self.at < bounds(self.last)[1] and len(self.everything.days) > 1
        whole = self.last - timedelta(days=1) if unfinished else self.last
        begins = min(self.first, self.last - timedelta(days=CHART_DAYS))
        return series_of(monitor, of(self.everything), begins, whole, approved=approved)


def picture(deployment: Deployment, until: date | None = None, days: int | None = None) -> MonitorPicture:
    """What do all monitors say of this deployment: now, or as it was known at the end of an earlier day?"""
    catalogue = load_monitors()
    now = clock.now()
    last = min(until or localdate(now), localdate(now))
    at = now if last == localdate(now) else bounds(last)[1]
    first = last - timedelta(days=(days or catalogue.window_days) - 1)
    begins = min(first, last - timedelta(days=CHART_DAYS))
    tail, fresh_events = _tail_events(deployment, at)
    counted = _counted(deployment, begins, last, tail)
    charted = counted.where(lambda cell: begins.toordinal() <= cell.day <= last.toordinal())
    everything = charted.where(lambda cell: cell.day >= first.toordinal())
    state = deployments.route(deployment, None if at == now else at).state
    recent = everything.where(lambda cell: cell.day > last.toordinal() - catalogue.recent_days)
    reference, since, words = _reference(deployment, counted, recent, last, catalogue)
    window = _window(everything)
    watched = Watched(
        window=window,
        reference=reference,
        since=since,
        reference_words=words,
        approved_version=deployment.version.number,
        rhythm=_rhythm(charted, begins, last),
        seen_24_h=_sent(deployment, at - timedelta(hours=24), at),
        hours_24=_hours(at),
        route_open=state != RouteState.CLOSED,
        judged=_judged(deployment, first, at),
    )
    known_at = max((e.known_at for e in fresh_events), default=None) or _last_known(deployment, last)
    fresh, freshness = _fresh(watched, known_at, at, catalogue)
    return MonitorPicture(
        deployment=deployment,
        first=first,
        last=last,
        at=at,
        catalogue=catalogue,
        watched=watched,
        everything=charted,
        groups=grouped(columns_of(fresh_events, zone())) if len(charted.days) < FEW_DAYS else DayCube.empty(),
        readings=readings(watched, catalogue),
        awaited=Dispatch.objects.filter(
            deployment=deployment, study__synthetic=False, state=Dispatch.SENT, due_at__gte=at
        ).count(),
        known_at=known_at,
        fresh=fresh,
        freshness=freshness,
    )


def daily(deployment: Deployment, first: date, last: date, *, as_known_on: date | None = None) -> DayCube:
    """The counts of these days, with what became known by the end of `as_known_on` (now, when left out)."""
    known = as_known_on or localdate(clock.now())
    at = clock.now() if known >= localdate(clock.now()) else bounds(known)[1]
    rows = DailyCount.objects.filter(deployment=deployment, day__range=(first, last), known_day__lte=known)
    tail, _ = _tail_events(deployment, at)
    inside = tail.where(lambda cell: first.toordinal() <= cell.day <= last.toordinal())
    return merge([_cube(rows), inside])


def latest_values(deployment: Deployment) -> dict[str, tuple[str, datetime]]:
    """What does each monitor say now, in a sentence, and as of when? By the monitor's slug."""
    seen = picture(deployment)
    others = {
        f.monitor: f.sentence for f in figures_of(deployment, seen.watched, seen.at) if f.subgroup == ALL
    }
    own = {slug: rows[0].sentence for slug, rows in seen.readings.items()}
    return {slug: (sentence, seen.at) for slug, sentence in (others | own).items()}


def latest_value(deployment: Deployment, monitor: str) -> tuple[str, datetime] | None:
    """What does this monitor say now? None when there is no monitor of this name."""
    return latest_values(deployment).get(monitor)


def figures(deployment: Deployment, at: datetime | None = None) -> Figures:
    """The same numbers for alarm rules: one figure for each monitor and scanner (`alarp.pathway.alarms.Figure`)."""
    return figures_of(deployment, picture(deployment).watched, at or clock.now())


def _cube(rows: Iterable[DailyCount]) -> DayCube:
    fields = ("day", "scanner", "route", "counts")
    known = rows.values_list(*fields) if hasattr(rows, "values_list") else ()
    return from_rows((Cell(day.toordinal(), scanner, route), counts) for day, scanner, route, counts in known)


def _counted(deployment: Deployment, first: date, last: date, tail: DayCube) -> DayCube:
    """The counts from the first day on and those of the silent run, as known then."""
    rows = DailyCount.objects.filter(Q(day__gte=first) | Q(route=SILENT), deployment=deployment)
    return merge([_cube(rows.filter(known_day__lte=last, day__lte=last)), tail])


def _tail_events(deployment: Deployment, at: datetime) -> tuple[DayCube, list[Event]]:
    """What became known since the last closed day (before `at`): read from the ledger's own rows, in order of time."""
    today = localdate(at - timedelta(microseconds=1))
    closed = RolledDay.objects.filter(day__lte=today).order_by("-day").values_list("day", flat=True).first()
    begin = bounds(closed + timedelta(days=1))[0] if closed else deployment.proposed_at - timedelta(days=366)
    if begin >= at:
        return DayCube.empty(), []
    ahead = CLOCKS_DIFFER if at >= clock.now() else timedelta(0)  # a sender's clock may be a little fast
    events = sorted(known_between(begin, at + ahead, deployment), key=lambda e: (e.at, e.event_id))
    return fold(columns_of(events, zone())), events


def _window(everything: DayCube) -> DayCube:
    """Of a live tool what was sent live, and what befell studies that were not sent; else everything."""
    live = {cell.day for cell in everything.cells if cell.route == LIVE}
    if not live:
        return everything
    begins = min(live)
    return everything.where(lambda cell: cell.route == LIVE or (cell.route != SILENT and cell.day >= begins))


def _reference(
    deployment: Deployment, counted: DayCube, everything: DayCube, last: date, catalogue: Catalogue
) -> tuple[DayCube, DayCube, str]:
    """What is compared with what: the silent run with what came live; otherwise the first results with the rest."""
    silent = counted.where(lambda cell: cell.route == SILENT)
    live = everything.where(lambda cell: cell.route == LIVE)
    if live.count("outcomes", *SENT) and int(silent.total("scores").sum()) >= LEAST:
        return silent, live, "the silent run"
    first = _cube(
        DailyCount.objects.filter(
            deployment=deployment,
            known_day__lte=last,
            day__in=_first_days(deployment, last),
        )
    )
    days, results = [], 0
    for day in first.days:
        if results >= catalogue.reference_results:
            break
        days.append(day)
        results += int(first.where(lambda cell, day=day: cell.day == day).total("outcomes")[0])
    begun = set(days)
    rest = everything.where(lambda cell: cell.day not in begun and cell.route != "closed")
    return first.where(lambda cell: cell.day in begun), rest, f"the first {results:,} results"


def _first_days(deployment: Deployment, last: date) -> list[date]:
    rows = DailyCount.objects.filter(deployment=deployment, known_day__lte=last, route__in=(SILENT, LIVE))
    return list(rows.order_by("day").values_list("day", flat=True).distinct()[:REFERENCE_DAYS])


def _rhythm(everything: DayCube, first: date, last: date) -> Rhythm:
    """What is usual, from the whole days before the last one, since the first day with a study."""
    sent = [cell.day for cell in everything.cells if cell.route in (SILENT, LIVE)]
    begins = max(first.toordinal(), min(sent, default=last.toordinal()))
    rows = everything.by_day("hours", begins, last.toordinal() - 1)
    weekdays = np.array([date.fromordinal(begins + i).weekday() for i in range(len(rows))], dtype=np.int64)
    return rhythm(rows.reshape(-1, len(HOURS)), weekdays)


def _hours(at: datetime) -> tuple[tuple[int, float], ...]:
    """The hours of the week in the 24 hours before, each with the share of it that lies in them."""
    local = localtime(at)
    part = (local.minute * 60 + local.second) / 3600
    here = local.weekday() * 24 + local.hour
    whole = tuple(((here - back) % 168, 1.0) for back in range(1, 24))
    return ((here, part), *whole, ((here - 24) % 168, 1.0 - part))


def _sent(deployment: Deployment, begin: datetime, end: datetime) -> int:
    return Dispatch.objects.filter(
        deployment=deployment, study__synthetic=False, sent_at__gte=begin, sent_at__lt=end
    ).count()


def _judged(deployment: Deployment, first: date, at: datetime) -> tuple[bool, ...]:
    """Each judged result of the window in the order it was sent, True for a disagreement."""
    rows = DeliveredEvent.objects.filter(
        deployment=deployment,
        at__gte=bounds(first)[0],
        known_at__lt=at + CLOCKS_DIFFER,
        agreement__in=("agree", "disagree"),
    )
    found = rows.order_by("at", "pk").values_list("agreement", flat=True)
    return tuple(agreement == "disagree" for agreement in found)


def _last_known(deployment: Deployment, last: date) -> datetime | None:
    """The end of the latest closed day on which something became known of this deployment."""
    rows = DailyCount.objects.filter(deployment=deployment, known_day__lte=last)
    day = rows.order_by("-known_day").values_list("known_day", flat=True).first()
    return bounds(day)[1] if day else None


def _fresh(
    watched: Watched, known_at: datetime | None, at: datetime, catalogue: Catalogue
) -> tuple[bool, str]:
    """Is what we look at of today? A deployment whose route is open and whose data are stale turns red (M01)."""
    if known_at is None:
        return True, "Nothing has been recorded yet."
    hours = (at - known_at).total_seconds() / 3600
    if watched.route_open and hours > catalogue.stale_after_hours:
        return False, (
            f"the route is open, yet nothing has been recorded for {hours / 24:.0f} days "
            f"(data turn stale after {catalogue.stale_after_hours} hours)."
        )
    return True, f"Last event {localtime(known_at):%-d %B %Y, %H:%M}."
