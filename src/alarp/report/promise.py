"""Which small picture holds a promise against what was found? A line for the promise, a bar for the interval."""

from __future__ import annotations

from html import escape

from alarp.kernel import Measure

INK, QUIET, GRID = "#212b32", "#4c6272", "#d8dde0"
GREEN, RED, GREY = "#007f3b", "#d5281b", "#4c6272"
FONT = "Liberation Sans, Arial, sans-serif"
WIDTH, HEIGHT, EDGE, MIDDLE = 340, 66, 16, 34  # pixels
COLOURS = {"kept": GREEN, "broken": RED, "unclear": GREY}


def promise_against_finding(measure: Measure, limit: float, *, at_least: bool, finding: str) -> str:
    """Which SVG shows a claimed limit and the measured estimate with its interval on one scale?

    The kept side of the limit is shaded, the limit is a dashed line; a kept estimate is a circle, a broken one a
    cross, an unclear one a square. Empty where nothing was measured.
    """
    if measure.estimate is None:
        return ""
    low, high = measure.low, measure.high
    seen = [v for v in (measure.estimate, low, high, limit) if v is not None]
    start, stop = _scale(min(seen), max(seen))

    def x(value: float) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * (value - start) / (stop - start)

    at, here = x(limit), x(measure.estimate)
    colour = COLOURS.get(finding, GREY)
    side = (at, WIDTH - EDGE - at) if at_least else (EDGE, at - EDGE)
    word = "at least" if at_least else "at most"
    title = f"Claimed {word} {limit:g}, found {measure.sentence()}"
    parts = [
        f'<rect x="{side[0]:.1f}" y="20" width="{side[1]:.1f}" height="28" fill="{GREEN}" fill-opacity="0.1"/>',
        f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="48" y2="48" stroke="{GRID}"/>',
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="18" y2="50" stroke="{INK}" stroke-width="2" stroke-dasharray="4 3"/>',
        _text(at, 12, f"claimed {limit:g}", INK),
    ]
    if low is not None and high is not None:
        parts.append(
            f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{MIDDLE}" y2="{MIDDLE}" stroke="{colour}" stroke-width="4"/>'
        )
    parts += [
        _mark(here, colour, finding),
        _text(EDGE, 62, f"{start:g}", QUIET),
        _text(WIDTH - EDGE, 62, f"{stop:g}", QUIET),
    ]
    if abs(here - EDGE) > 50 and abs(WIDTH - EDGE - here) > 50:
        parts.append(_text(here, 62, f"found {measure.estimate:.3g}", colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FONT}" font-size="12">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _scale(low: float, high: float) -> tuple[float, float]:
    """Shares are shown from 0 or a half to 1; everything else a little wider than what is seen."""
    if low >= 0 and high <= 1:
        return (0.5 if low >= 0.55 else 0.0), 1.0
    room = (high - low) * 0.15 or 1.0
    return round(low - room, 2), round(high + room, 2)


def _text(at: float, y: int, text: str, colour: str) -> str:
    anchor = "start" if at < 60 else "end" if at > WIDTH - 60 else "middle"
    return f'<text x="{at:.1f}" y="{y}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'


def _mark(at: float, colour: str, finding: str) -> str:
    if finding == "broken":
        return (
            f'<path d="M{at - 6:.1f} {MIDDLE - 6}L{at + 6:.1f} {MIDDLE + 6}M{at - 6:.1f} {MIDDLE + 6}'
            f'L{at + 6:.1f} {MIDDLE - 6}" stroke="{colour}" stroke-width="4"/>'
        )
    if finding == "kept":
        return f'<circle cx="{at:.1f}" cy="{MIDDLE}" r="7" fill="{colour}"/>'
    return f'<rect x="{at - 6:.1f}" y="{MIDDLE - 6}" width="12" height="12" fill="#ffffff" stroke="{colour}" stroke-width="3"/>'
