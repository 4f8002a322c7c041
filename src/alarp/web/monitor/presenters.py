"""What does the monitor page say: has anything moved, where, by whose limits, and who looks after it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alarp.kernel import Measure
from alarp.monitoring import Monitor, Reading, Series, Xmr, worst, xmr
from alarp.monitoring.readings import LOOK, MOVED, STEADY, TOO_FEW, scanners_of
from alarp.monitoring.xmr import ASSURANCE_WORDS, RULE_SETS, VARIATION_WORDS
from alarp.records.monitors.queries import MonitorPicture
from alarp.report.document import Table
from alarp.web import words
from alarp.web.monitor import pictures

STATUS_WORDS = {
    STEADY: ("steady", "●", "steady"),
    LOOK: ("look", "◆", "worth a look"),
    MOVED: ("moved", "▲", "moved"),
    TOO_FEW: ("few", "○", "too few to tell"),
}
ICONS = {  # the variation icon, as a shape beside its words
    "common": "∿",
    "improvement-high": "▲",
    "improvement-low": "▼",
    "concern-high": "▲",
    "concern-low": "▼",
    "neither-high": "◆",
    "neither-low": "◆",
    "too few": "○",
}
CHARTED = (
    "volume",
    "missing",
    "turnaround",
    "scores",
    "flag-rate",
    "agreement",
)  # have a value in each period


@dataclass(frozen=True)
class Status:
    """A status as a page shows it: a shape, a word, a class for the colour."""

    style: str
    shape: str
    text: str


def status(name: str) -> Status:
    return Status(*STATUS_WORDS[name])


@dataclass(frozen=True)
class Card:
    """One monitor at a glance."""

    slug: str
    title: str
    question: str
    status: Status
    sentence: str
    svg: str
    icon: str
    variation: str
    owner: str
    limits: str
    origin: str
    table: Table
    where: str  # which scanners are out of the ordinary


@dataclass(frozen=True)
class ScannerCard:
    """One scanner: its scores beside the reference, and what each monitor says of it alone."""

    name: str
    status: Status
    svg: str
    caption: str
    lines: tuple[tuple[str, Status, str], ...]


@dataclass(frozen=True)
class Board:
    """The page: the answer in one line, then the small pictures."""

    status: Status
    headline: str
    freshness: str
    fresh: bool
    period: str
    compared: str
    cards: tuple[Card, ...]
    scanners: tuple[ScannerCard, ...]


@dataclass(frozen=True)
class Large:
    """One monitor: the large picture, its table, the scanners side by side, the rules."""

    slug: str
    question: str
    status: Status
    sentence: str
    svg: str
    verdict: str
    assurance: str
    by_scanner_svg: str
    by_scanner: Table
    table: Table
    rules: tuple[tuple[str, str], ...]


def board(picture: MonitorPicture) -> Board:
    """Everything that the page of all monitors shows."""
    watched = picture.watched
    return Board(
        status=status(picture.status),
        headline=picture.headline,
        freshness=picture.freshness[:1].upper() + picture.freshness[1:],
        fresh=picture.fresh,
        period=f"{picture.first:%-d %B} to {picture.last:%-d %B %Y}",
        compared=f"Scores and decisions are compared with {watched.reference_words}."
        if watched.reference.cells
        else "There is nothing yet to compare scores and decisions with.",
        cards=tuple(_card(picture, monitor) for monitor in picture.catalogue.monitors),
        scanners=tuple(_scanner(picture, scanner) for scanner in scanners_of(watched)),
    )


def _card(picture: MonitorPicture, monitor: Monitor) -> Card:
    every = picture.readings[monitor.slug]
    series = picture.series(monitor.slug)
    chart = control(series, monitor, picture) if monitor.slug in CHARTED else None
    out = [r.group for r in every[1:] if r.status in (MOVED, LOOK)]
    return Card(
        slug=monitor.slug,
        title=monitor.title,
        question=monitor.question,
        status=status(worst([r.status for r in every if r.status != TOO_FEW] or [TOO_FEW])),
        sentence=every[0].sentence,
        svg=pictures.small(series, chart, monitor) if chart else "",
        icon=ICONS[chart.variation] if chart else "",
        variation=f"Latest {series.step}: {VARIATION_WORDS[chart.variation]}." if chart else "",
        owner=words.role(monitor.owner),
        limits=monitor.limit_words,
        origin=monitor.origin,
        table=series_table(series, chart, picture) if chart else readings_table(monitor, every),
        where=words.listed(out) if out else "",
    )


def control(series: Series, monitor: Monitor, picture: MonitorPicture) -> Xmr | None:
    """The chart of these values by the rules of the catalogue; none without a value."""
    if not series.periods:
        return None
    return xmr(series.values, improvement=monitor.improvement, rule_set=picture.catalogue.rule_set)


def _scanner(picture: MonitorPicture, scanner: str) -> ScannerCard:
    lines = []
    for monitor in picture.catalogue.monitors:
        for reading in picture.readings[monitor.slug]:
            if reading.group == scanner and monitor.slug != "volume":
                lines.append((monitor.title, status(reading.status), reading.sentence))
    known = [r.status for rows in picture.readings.values() for r in rows if r.group == scanner]
    volume = next(r.sentence for r in picture.readings["volume"] if r.group == scanner)
    return ScannerCard(
        name=scanner,
        status=status(worst([k for k in known if k != TOO_FEW] or [TOO_FEW])),
        svg=pictures.scores(picture, scanner),
        caption=volume,
        lines=tuple(lines),
    )


def large(picture: MonitorPicture, monitor: Monitor) -> Large:
    """Everything that one monitor's page shows."""
    every = picture.readings[monitor.slug]
    slug = monitor.slug if monitor.slug in CHARTED else "volume"
    series = picture.series(slug)
    chart = control(series, monitor, picture)
    catalogue = picture.catalogue
    rules = (
        ("Limits of the reading", monitor.limit_words),
        ("Whose limits", monitor.origin),
        (
            "Limits of the chart",
            "mean ± 2.66 x mean moving range, moving ranges of 3.267 times their mean left out once",
        ),
        ("Rules of the chart", RULE_SETS[catalogue.rule_set]),
        ("False signals", FALSE_SIGNALS),
        ("Looked after by", words.role(monitor.owner)),
        ("Compared with", picture.watched.reference_words),
        ("Catalogue", f"monitors {catalogue.version}"),
    )
    return Large(
        slug=monitor.slug,
        question=monitor.question,
        status=status(worst([r.status for r in every if r.status != TOO_FEW] or [TOO_FEW])),
        sentence=every[0].sentence,
        svg=pictures.large(series, chart, monitor) if chart else "",
        verdict=f"Latest {series.step}: {VARIATION_WORDS[chart.variation]}." if chart else "",
        assurance=ASSURANCE_WORDS[chart.assurance] if chart else "",
        by_scanner_svg=pictures.by_scanner(picture, monitor),
        by_scanner=readings_table(monitor, every),
        table=series_table(series, chart, picture),
        rules=rules,
    )


FALSE_SIGNALS = (
    "a steady chart with a baseline of 12 points shows a false signal within the next 12 points in 27 of 100 cases "
    "(1,500 simulated charts): look at it, let the reading's own limits page somebody"
)


def series_table(series: Series, chart: Xmr | None, picture: MonitorPicture) -> Table:
    """The chart's numbers, newest first; the route tells the silent run from live use: one chart spans both."""
    rows = []
    for i, period in enumerate(series.periods):
        flags = "; ".join(chart.points[i].flags) if chart else ""
        rows.append(
            (period.label, number(period.value), f"{period.n:,}", _phase(series, i, picture), flags or "none")
        )
    caption = f"{series.unit[:1].upper()}{series.unit[1:]} by {series.step}"
    columns = (series.step.capitalize(), series.unit, "out of", "route", "signals")
    return Table(caption, columns, tuple(reversed(rows)), _limits_note(chart))


def _phase(series: Series, place: int, picture: MonitorPicture) -> str:
    length = {"day": 1, "week": 7}.get(series.step, 1)
    cube = picture.everything if series.step in ("day", "week") else picture.groups
    begins = series.periods[place].begins.toordinal()
    routes = {cell.route for cell in cube.cells if begins <= cell.day < begins + length}
    return " and ".join(name for name in ("silent", "live") if name in routes) or "not sent"


def _limits_note(chart: Xmr | None) -> str:
    if chart is None or chart.limits.upper is None or chart.limits.lower is None:
        return "Too few points for limits."
    last = chart.limits
    assert last.lower is not None and last.upper is not None
    kind = "Trial limits" if last.trial else "Limits"
    return (
        f"{kind} from {last.set_by} points: mean {number(last.centre)}, "
        f"{number(last.lower)} to {number(last.upper)}; {chart.rule_set}."
    )


def readings_table(monitor: Monitor, every: Sequence[Reading]) -> Table:
    """Each reading with its numbers: everything first, then the scanners."""
    rows = tuple(
        (
            "All scanners" if r.group == "all" else r.group,
            STATUS_WORDS[r.status][1] + " " + STATUS_WORDS[r.status][2],
            "; ".join(map(figure, r.measures)) or "none",
            r.sentence,
        )
        for r in every
    )
    return Table(f"{monitor.title}, by scanner", ("Scanner", "Status", "Figures", "In words"), rows)


NAMES = {
    "psi": "PSI",
    "largest_difference": "largest difference",
    "turnaround_p50_min": "median, min",
    "turnaround_p95_min": "95th percentile, min",
    "chance_of_so_few": "chance of so few",
}


def figure(measure: Measure) -> str:
    """A measure as a table shows it: shares in per cent, others with three digits."""
    return f"{NAMES.get(measure.measure, measure.measure)}: {measure.sentence(per_cent=measure.method == 'Wilson')}"


def number(value: float) -> str:
    """A value of a chart: no more digits than a person reads."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
