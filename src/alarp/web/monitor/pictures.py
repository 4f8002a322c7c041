"""Which picture goes with each monitor? Numbers of the core into the drawings of `alarp.report.control_charts`."""

from __future__ import annotations

from alarp.monitoring import Monitor, Series, Xmr
from alarp.monitoring.readings import LOOK, MOVED, is_flag, scanners_of
from alarp.records.monitors.queries import MonitorPicture
from alarp.report.control_charts import Bar, Mark, Stretch, control_chart, histogram_pair, interval_chart


def _chart(series: Series, chart: Xmr, monitor: Monitor, *, width: int, height: int) -> str:
    marks = [
        Mark(period.label, point.value, point.kind, point.side)
        for period, point in zip(series.periods, chart.points, strict=True)
    ]
    stretches = [Stretch(s.start, s.stop, s.centre, s.upper, s.lower, s.trial) for s in chart.stretches]
    signals = sum(point.kind != "common" for point in chart.points)
    last = series.periods[-1]
    return control_chart(
        marks,
        stretches,
        title=f"{monitor.title} by {series.step}",
        description=(
            f"{series.unit}, {len(marks)} points, each a {series.step}, from {series.periods[0].label} to {last.label}; the latest is "
            f"{last.value:.3g}, the mean {chart.limits.centre:.3g}; {signals} points are special cause."
        ),
        unit=series.unit,
        width=width,
        height=height,
        floor_at=0.0,
        ceiling_at=100.0 if series.unit.startswith("%") else None,
    )


def small(series: Series, chart: Xmr, monitor: Monitor) -> str:
    return _chart(series, chart, monitor, width=318, height=150)


def large(series: Series, chart: Xmr, monitor: Monitor) -> str:
    return _chart(series, chart, monitor, width=720, height=320)


def scores(picture: MonitorPicture, scanner: str) -> str:
    """This scanner's scores: the reference as an area, those since as a line; nothing without scores."""
    before = picture.watched.reference.where(lambda cell: cell.scanner == scanner).total("scores")
    now = picture.watched.since.where(lambda cell: cell.scanner == scanner).total("scores")
    if not before.sum() and not now.sum():
        return ""
    return histogram_pair(
        before.tolist(),
        now.tolist(),
        title=f"Scores at {scanner}",
        description=(
            f"{int(before.sum()):,} scores of {picture.watched.reference_words} as an area, "
            f"{int(now.sum()):,} since as a line."
        ),
    )


def by_scanner(picture: MonitorPicture, monitor: Monitor) -> str:
    """The scanners side by side, where the monitor has a figure with an interval for each."""
    if monitor.slug not in ("missing", "turnaround", "agreement", "flag-rate"):
        return ""
    bars = []
    for reading in picture.readings[monitor.slug]:
        chosen = [m for m in reading.measures if m.measure == "turnaround_p95_min"] or [
            m for m in reading.measures if monitor.slug != "flag-rate" or is_flag(m.measure)
        ]
        if not chosen:
            continue
        found, times = chosen[0], 1 if monitor.slug == "turnaround" else 100
        values = [None if v is None else v * times for v in (found.estimate, found.low, found.high)]
        name = "All scanners" if reading.group == "all" else reading.group
        bars.append(Bar(name, *values, f"n = {found.n:,}", reading.status in (MOVED, LOOK)))
    if len(bars) < 2 or not scanners_of(picture.watched):
        return ""
    unit = {"turnaround": "95th percentile, min", "agreement": "% agreement", "flag-rate": "% flagged"}
    limit = monitor.moved if monitor.slug == "turnaround" else (monitor.moved or 0) * 100
    return interval_chart(
        bars,
        title=f"{monitor.title} by scanner",
        description="Each scanner's figure with its 95 % interval; a diamond is worth a look or has moved.",
        unit=unit.get(monitor.slug, "% without result"),
        limit=None if monitor.slug == "flag-rate" else limit,
    )
