"""Which picture shows what runs out when? One bar a document, a line for today; drawn directly, a millisecond each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

INK, QUIET, GRID = "#212b32", "#4c6272", "#d8dde0"
BLUE, AMBER, RED = "#005eb8", "#8a5a00", "#d5281b"
FONT = "Liberation Sans, Arial, sans-serif"
EDGE, PLOT, ROW, TOP = 44, 560, 42, 34  # pixels
PAST_DAYS, LEAST_DAYS, MOST_DAYS = 30, 365, 1100
SOON_DAYS = 60
Place = Callable[[date], float]


@dataclass(frozen=True, slots=True)
class Paper:
    """One row: what it is, and until when it holds. No end: it holds until it is replaced. Not held: nothing is there."""

    label: str
    until: date | None
    held: bool = True


def days_in_words(until: date | None, today: date, *, held: bool = True) -> str:
    """'12 days left', 'expired 3 days ago', 'no end', 'missing'."""
    if not held:
        return "missing"
    if until is None:
        return "no end"
    left = (until - today).days
    if left < 0:
        return f"expired {-left} {'day' if left == -1 else 'days'} ago"
    if left > 2 * 365:
        return f"{left / 365.25:.1f} years left"
    return "last day" if left == 0 else f"{left} {'day' if left == 1 else 'days'} left"


def expiry_timeline(papers: Sequence[Paper], today: date, *, title: str) -> str:
    """Which SVG shows until when each paper holds, seen from this day?

    Each row says in words what is left, then draws it, so that a narrow window cuts bars and no words. A bar reaches
    from today to the last day. What has lapsed lies left of today's line and is crossed out; what
    runs out within 60 days is drawn in amber, with its days in bold; what is missing has no bar. The words beside each bar say
    the same, so that no colour works alone.
    """
    furthest = max((p.until for p in papers if p.until), default=today)
    span = min(max((furthest - today).days + 30, LEAST_DAYS), MOST_DAYS)
    height = TOP + ROW * len(papers) + 12
    width = EDGE + PLOT + EDGE

    def x(day: date) -> float:
        share = ((day - today).days + PAST_DAYS) / (span + PAST_DAYS)
        return EDGE + PLOT * min(max(share, 0.0), 1.0)

    parts = [_axis(today, span, x(today), height, x)]
    for number, paper in enumerate(papers):
        parts.append(_row(paper, today, TOP + ROW * number, x(today), x))
    described = "; ".join(f"{p.label}: {days_in_words(p.until, today, held=p.held)}" for p in papers)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" font-family="{FONT}" font-size="13">'
        f"<title>{escape(title)}</title><desc>{escape(described)}</desc>{''.join(parts)}</svg>"
    )


def _axis(today: date, span: int, now: float, height: int, x: Place) -> str:
    made = []
    step = 3 if span <= 500 else 6
    tick = date(today.year, today.month, 1)
    while tick <= today + timedelta(days=span):
        if tick.month % step == 1 % step and x(tick) > now + 60:
            at = x(tick)
            made.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="22" y2="{height - 6}" stroke="{GRID}"/>')
            made.append(f'<text x="{at:.1f}" y="16" text-anchor="middle" fill="{QUIET}">{tick:%b %Y}</text>')
        tick = date(tick.year + tick.month // 12, tick.month % 12 + 1, 1)
    made.append(
        f'<line x1="{now:.1f}" x2="{now:.1f}" y1="22" y2="{height - 6}" stroke="{INK}" stroke-width="2"/>'
    )
    made.append(
        f'<text x="{now:.1f}" y="16" text-anchor="middle" fill="{INK}" font-weight="700">today</text>'
    )
    return "".join(made)


def _row(paper: Paper, today: date, top: float, now: float, x: Place) -> str:
    middle = top + ROW - 12
    words = days_in_words(paper.until, today, held=paper.held)
    left = (paper.until - today).days if paper.until else None
    bad = not paper.held or (left is not None and left < 0)
    colour = RED if bad else AMBER if left is not None and left <= SOON_DAYS else BLUE
    end = now if not paper.held else x(paper.until) if paper.until else float(EDGE + PLOT)
    strong = f'fill="{INK}"' if colour == BLUE else f'fill="{colour}" font-weight="700"'
    label = (
        f'<text x="{now + 10:.1f}" y="{top + 14:.1f}" fill="{INK}">{escape(_short(paper.label))}'
        f'<tspan dx="8" {strong}>{escape(words)}</tspan></text>'
    )
    bar = "" if not paper.held else _bar(min(now, end), max(now, end), middle, colour, lapsed=bad)
    return label + bar + _mark(end, middle, colour, bad=bad, endless=paper.until is None and paper.held)


def _bar(start: float, stop: float, middle: float, colour: str, *, lapsed: bool) -> str:
    style = (
        f'fill="none" stroke="{colour}" stroke-dasharray="4 3"'
        if lapsed
        else f'fill="{colour}" fill-opacity="0.25"'
    )
    return (
        f'<rect x="{start:.1f}" y="{middle - 6:.1f}" width="{max(stop - start, 1):.1f}" height="12" {style}/>'
    )


def _mark(at: float, middle: float, colour: str, *, bad: bool, endless: bool) -> str:
    if bad:
        return (
            f'<path d="M{at - 5:.1f} {middle - 5:.1f}L{at + 5:.1f} {middle + 5:.1f}'
            f'M{at - 5:.1f} {middle + 5:.1f}L{at + 5:.1f} {middle - 5:.1f}" stroke="{colour}" stroke-width="3"/>'
        )
    if endless:
        return f'<path d="M{at:.1f} {middle - 8:.1f}l10 8l-10 8z" fill="{colour}"/>'
    return f'<rect x="{at - 2:.1f}" y="{middle - 9:.1f}" width="4" height="18" fill="{colour}"/>'


def _short(label: str, most: int = 46) -> str:
    return label if len(label) <= most else label[: most - 1] + "…"
