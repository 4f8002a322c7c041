"""Which small picture shows how a figure moves? XmR charts, pairs of histograms and intervals, drawn directly.

A page of monitors holds a dozen of these, so that they are written as SVG here and not through the chart library:
a millisecond each. A signal has a shape as well as a colour. Colours: NHS Making Data Count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

INK, QUIET, GRID, GROUND = "#212b32", "#4c6272", "#d8dde0", "#ffffff"
BLUE = "#005eb8"
KINDS = {  # kind of a point → colour, shape; a point for the better or worse points the way it lies
    "common": ("#4c6272", "circle"),
    "improvement": ("#0072c6", "triangle"),
    "concern": ("#d4550a", "triangle"),
    "neither": ("#5b2c83", "diamond"),
}
FONT = "Liberation Sans, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Mark:
    """One point of a control chart: where on the line of time, its value, its kind, and which way it points."""

    label: str
    value: float
    kind: str = "common"
    side: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """The limits from one point to another (places in the list of points, the last one not included)."""

    start: int
    stop: int
    centre: float
    upper: float | None
    lower: float | None
    trial: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of an interval chart: a name, the estimate with its bounds, and whether it is out of the ordinary."""

    label: str
    estimate: float | None
    low: float | None
    high: float | None
    note: str
    signal: bool = False


def control_chart(
    marks: Sequence[Mark],
    stretches: Sequence[Stretch],
    *,
    title: str,
    description: str,
    unit: str,
    target: float | None = None,
    width: int = 720,
    height: int = 300,
    floor_at: float | None = 0.0,
    ceiling_at: float | None = None,
) -> str:
    """Which picture shows a series with its limits? The centre is a line, the limits are dashed and named.

    `floor_at` and `ceiling_at`: what the figure cannot pass (a count has no negative limit, a share none above
    100 %): a limit beyond is not drawn.
    """
    bounds = [m.value for m in marks]
    for s in stretches:
        bounds += [v for v in (s.upper, s.lower) if v is not None and _within(v, floor_at, ceiling_at)]
    if target is not None:
        bounds.append(target)
    low, high = _room(min(bounds), max(bounds), floor_at)
    paper = _Paper(width, height, left=44, right=72, top=24, bottom=26)
    y = paper.scale_y(low, high)
    many = max(1, len(marks) - 1)

    def x(place: float) -> float:
        return paper.left + 6 + (paper.inner_width - 12) * (place / many if len(marks) > 1 else 0.5)

    paper.y_axis(low, high, y, unit)
    paper.x_labels([(x(i), m.label) for i, m in enumerate(marks)])
    for s in stretches:
        a, b = x(max(0, s.start - 0.5 if s.start else 0)), x(min(len(marks) - 1, s.stop - 0.5))
        paper.line(a, y(s.centre), b, y(s.centre), colour=QUIET, wide=1.5)
        for value in (s.upper, s.lower):
            if value is not None and _within(value, floor_at, ceiling_at):
                paper.line(a, y(value), b, y(value), colour=QUIET, wide=1, dash="2 4" if s.trial else "6 4")
    if stretches:
        last = stretches[-1]
        known = {v for v in (last.upper, last.lower) if v is not None and _within(v, floor_at, ceiling_at)}
        _name_the_limits(paper, last.centre, known, y)
    if target is not None:
        paper.line(paper.left, y(target), paper.right, y(target), colour="#7c2855", wide=1.5, dash="8 3 2 3")
        paper.text(paper.left + 4, y(target) - 4, "target", colour="#7c2855")
    places = [(x(i), y(m.value)) for i, m in enumerate(marks)]
    paper.path(places, colour="#768692", wide=1.2)
    small = 3.2 if len(marks) <= 60 else 2.2
    for mark, (px, py) in zip(marks, places, strict=True):
        paper.mark(px, py, mark.kind, mark.side, small)
    return paper.svg(title, description)


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _name_the_limits(paper: _Paper, centre: float, limits: set[float], y: _Scale) -> None:
    """Each line's name at its end, never one upon the other."""
    named = [(centre, f"mean {_number(centre)}"), *((v, f"limit {_number(v)}") for v in limits - {centre})]
    above = float(paper.height)
    for value, words in sorted(named):
        place = min(y(value) + 4, above - 12)
        paper.text(paper.right + 4, place, words, colour=QUIET)
        above = place


def histogram_pair(
    reference: Sequence[int],
    current: Sequence[int],
    *,
    title: str,
    description: str,
    x_title: str = "score",
    width: int = 320,
    height: int = 150,
) -> str:
    """Which picture shows two distributions on the same bins? The reference is a grey area, the present a blue line.

    Shares, so that a small present can be compared with a large reference. An empty side is not drawn.
    """
    before, now = _shares(reference), _shares(current)
    high = max([*before, *now, 0.01])
    paper = _Paper(width, height, left=40, right=8, top=22, bottom=30)
    y = paper.scale_y(0.0, high)
    step = paper.inner_width / max(1, len(reference))
    paper.y_axis(0.0, high, y, "share", per_cent=True, most=2)
    for i in range(0, 5):
        at = paper.left + paper.inner_width * i / 4
        paper.text(at, paper.height - 16, f"{i / 4:g}", anchor="middle")
    paper.text(paper.right, paper.height - 3, x_title, anchor="end", colour=QUIET)
    if before:
        paper.area(_steps(before, paper.left, step, y), y(0.0), colour="#aeb7bd")
    if now:
        paper.path(_steps(now, paper.left, step, y), colour=BLUE, wide=2)
    return paper.svg(title, description)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts] if total else []


def _steps(shares: Sequence[float], left: float, step: float, y: _Scale) -> list[tuple[float, float]]:
    found = []
    for i, share in enumerate(shares):
        found += [(left + i * step, y(share)), (left + (i + 1) * step, y(share))]
    return found


def interval_chart(
    bars: Sequence[Bar],
    *,
    title: str,
    description: str,
    unit: str,
    limit: float | None = None,
    width: int = 720,
) -> str:
    """Which picture compares groups with their intervals? A signal is a filled diamond, the others are circles."""
    known = [v for bar in bars for v in (bar.estimate, bar.low, bar.high) if v is not None]
    low, high = _room(min([0.0, *known]), max([*known, limit or 0.0, 1e-9]), 0.0)
    row, left = 34, 44 if width < 500 else 250
    paper = _Paper(width, 34 + row * len(bars) + 30, left=left, right=16, top=20, bottom=30)
    narrow = width < 500

    def x(value: float) -> float:
        return paper.left + paper.inner_width * (value - low) / (high - low)

    for tick in _ticks(low, high, 5):
        paper.line(x(tick), paper.top, x(tick), paper.bottom, colour=GRID)
        paper.text(x(tick), paper.bottom + 14, _number(tick), anchor="middle")
    paper.text(paper.right, paper.height - 2, unit, anchor="end", colour=QUIET)
    if limit is not None:
        paper.line(x(limit), paper.top - 6, x(limit), paper.bottom, colour="#d5281b", wide=1.5, dash="6 4")
        paper.text(x(limit) + 4, paper.top - 8, f"limit {_number(limit)}", colour="#d5281b")
    for i, bar in enumerate(bars):
        at = paper.top + row * (i + 0.62)
        words = f"{bar.label}, {bar.note}"
        if narrow:
            paper.text(4, at - 11, words)
        else:
            paper.text(paper.left - 10, at + 4, words, anchor="end")
        if bar.estimate is None:
            paper.text(paper.left + 4, at + 4, "not measurable", colour=QUIET)
            continue
        if bar.low is not None and bar.high is not None:
            paper.line(x(bar.low), at, x(bar.high), at, colour=QUIET, wide=2)
        kind = "neither" if bar.signal else "common"
        paper.mark(x(bar.estimate), at, kind, 0, 5)
    return paper.svg(title, description)


class _Scale:
    """From a value to a height on the paper."""

    def __init__(self, low: float, high: float, bottom: float, top: float) -> None:
        self.low, self.high, self.bottom, self.top = low, high, bottom, top

    def __call__(self, value: float) -> float:
        return self.bottom + (self.top - self.bottom) * (value - self.low) / (self.high - self.low)


class _Paper:
    """The sheet that a picture is drawn on; coordinates are rounded to a tenth of a pixel."""

    def __init__(self, width: int, height: int, *, left: int, right: int, top: int, bottom: int) -> None:
        self.width, self.height = width, height
        self.left, self.right = float(left), float(width - right)
        self.top, self.bottom = float(top), float(height - bottom)
        self.parts: list[str] = []

    @property
    def inner_width(self) -> float:
        return self.right - self.left

    def scale_y(self, low: float, high: float) -> _Scale:
        return _Scale(low, high, self.bottom, self.top)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, *, colour: str, wide: float = 1.0, dash: str = ""
    ) -> None:
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{wide:g}"{dashed}/>'
        )

    def path(self, places: Sequence[tuple[float, float]], *, colour: str, wide: float) -> None:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        self.parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{wide:g}"/>'
        )

    def area(self, places: Sequence[tuple[float, float]], base: float, *, colour: str) -> None:
        if places:
            closed = [(places[0][0], base), *places, (places[-1][0], base)]
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in closed)
            self.parts.append(f'<polygon points="{points}" fill="{colour}"/>')

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK) -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
        )

    def mark(self, x: float, y: float, kind: str, side: int, size: float) -> None:
        colour, shape = KINDS[kind]
        if shape == "circle":
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" fill="{colour}"/>')
            return
        s = size * 1.7
        if shape == "diamond":
            corners = [(x, y - s), (x + s, y), (x, y + s), (x - s, y)]
        else:
            tip = -s if side >= 0 else s
            corners = [(x, y + tip), (x + s, y - tip * 0.7), (x - s, y - tip * 0.7)]
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
        self.parts.append(f'<polygon points="{points}" fill="{colour}" stroke="{GROUND}" stroke-width="1"/>')

    def y_axis(
        self, low: float, high: float, y: _Scale, unit: str, *, per_cent: bool = False, most: int = 4
    ) -> None:
        for tick in _ticks(low, high, most):
            self.line(self.left, y(tick), self.right, y(tick), colour=GRID)
            words = f"{100 * tick:.0f} %" if per_cent else _number(tick)
            self.text(self.left - 6, y(tick) + 4, words, anchor="end", colour=QUIET)
        self.text(2, 12, unit, colour=QUIET)

    def x_labels(self, places: Sequence[tuple[float, str]]) -> None:
        """As many labels as fit without touching, the last one always."""
        if not places:
            return
        room = 64.0
        shown = [places[-1]]
        for x, words in reversed(places[:-1]):
            if shown[-1][0] - x >= room:
                shown.append((x, words))
        for i, (x, words) in enumerate(shown):
            anchor = "end" if i == 0 and len(places) > 1 else "middle"
            self.text(
                min(x + (6 if i == 0 else 0), self.right), self.height - 8, words, anchor=anchor, colour=QUIET
            )

    def svg(self, title: str, description: str) -> str:
        return (
            f'<svg role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg" '
            f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}" '
            f'font-family="{FONT}" font-size="12"><title>{escape(title)}</title>'
            f"<desc>{escape(description)}</desc>"
            f'<rect width="{self.width}" height="{self.height}" fill="{GROUND}"/>{"".join(self.parts)}</svg>'
        )


def _room(low: float, high: float, floor_at: float | None) -> tuple[float, float]:
    """A little more than the values need, and never nothing."""
    if high <= low:
        high = low + (abs(low) * 0.2 or 1.0)
    air = (high - low) * 0.08
    bottom = low - air
    return (max(floor_at, bottom) if floor_at is not None and low >= floor_at else bottom), high + air


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers in between."""
    rough = (high - low) / max(1, most)
    power = 10.0 ** floor(log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough)
    first = -floor(-low / step)
    return [round(i * step, 10) for i in range(first, first + most + 2) if i * step <= high]


def _number(value: float) -> str:
    if value and abs(value) < 1:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
