"""Is the latest change more than the usual ups and downs? The XmR chart by the NHS Making Data Count rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from alarp.kernel import BadInput

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Improvement = Literal["high", "low", "neither"]
RuleSet = Literal["mdc-2023", "plotthedots"]

OUTSIDE, TREND, TWO_OF_THREE, SHIFT = (
    "outside the limits",
    "7 in a trend",
    "2 of 3 near a limit",
    "7 on one side",
)
RULES = (OUTSIDE, TREND, TWO_OF_THREE, SHIFT)  # the order in which a point's first reason is named
RULE_SETS: dict[str, str] = {
    "mdc-2023": "Making Data Count since November 2023: a point beyond a limit counts toward 2 of 3",
    "plotthedots": "NHSRplotthedots (050b07d): a point beyond a limit does not count toward 2 of 3",
}
LIMIT, NEAR, SCREEN = 2.66, 2.66 * 2 / 3, 3.267
LEAST_POINTS = 13  # fewer make trial limits: drawn, but no icon
RUN = 7


@dataclass(frozen=True, slots=True)
class Rebase:
    """From this point on the limits are drawn anew, because of this signed event."""

    at: int
    event: str
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """One stretch of the chart with its own centre and limits, and the points that set them."""

    start: int
    stop: int
    centre: float
    upper: float | None
    lower: float | None
    near_upper: float | None
    near_lower: float | None
    mean_moving_range: float | None
    set_by: int
    trial: bool
    because: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One value, the rules it breaks (the first named is the one a chart tells), and which way it points."""

    value: float
    moving_range: float | None
    flags: tuple[str, ...]
    kind: str  # common, improvement, concern, neither
    side: int


@dataclass(frozen=True, slots=True)
class Xmr:
    """A whole chart: points, stretches of limits, and the two icons of its latest point."""

    points: tuple[Point, ...]
    stretches: tuple[Limits, ...]
    variation: str  # common, improvement-high …, concern-low …, neither-high …, too few
    assurance: str  # pass, fail, hit or miss, none, too few
    rule_set: str
    improvement: str
    target: float | None
    screened: bool

    @property
    def limits(self) -> Limits:
        return self.stretches[-1]


def xmr(
    values: Sequence[float],
    *,
    improvement: Improvement = "neither",
    target: float | None = None,
    rule_set: RuleSet = "mdc-2023",
    screen_outliers: bool = True,
    fix_after_n_points: int | None = None,
    rebases: Sequence[Rebase] = (),
) -> Xmr:
    """Which points are special cause, and what do the two icons say?

    Centre: mean. Limits: mean ± 2.66 x mean moving range; near limits at 2/3 of that. With `screen_outliers`
    moving ranges of 3.267 x their mean and more are left out once and the rest averaged again (the R package
    does, the Excel tool does not). `fix_after_n_points`: only the first n points set the limits. Flags, in this order:
    outside a limit (strictly); 7 points that rise or fall without a tie; 2 of 3 beyond the near limit with all 3
    on one side of the centre, where only the points beyond are flagged; 7 points on one side (a point on the
    centre breaks the run). Below 13 points the limits are trial limits and the icons say "too few". Limits are
    drawn anew only at a `rebase`, which names its event. With no two points there are no limits.

    Source: NHS England, Making Data Count; rules as in NHSRplotthedots at commit 050b07d; its issue 194 for the
    two readings of 2 of 3 (`rule_set`).
    """
    given = _checked(values, rule_set, fix_after_n_points, rebases)
    cuts = [0, *(r.at for r in rebases), len(given)]
    why = ["", *(f"{r.event}: {r.reason}" for r in rebases)]
    stretches, points = [], []
    for (start, stop), because in zip(pairwise(cuts), why, strict=True):
        part = given[start:stop]
        limits = _limits(part, start, screen_outliers, fix_after_n_points, because)
        stretches.append(limits)
        points += _points(part, limits, improvement, rule_set)
    last = stretches[-1]
    return Xmr(
        points=tuple(points),
        stretches=tuple(stretches),
        variation=_variation(points[-1], last),
        assurance=_assurance(last, target, improvement),
        rule_set=rule_set,
        improvement=improvement,
        target=target,
        screened=screen_outliers,
    )


def _checked(values: Sequence[float], rule_set: str, fixed: int | None, rebases: Sequence[Rebase]) -> Floats:
    given = np.asarray(values, dtype=np.float64)
    if given.size == 0 or not np.isfinite(given).all():
        raise BadInput(
            "An XmR chart needs at least one value, each a finite number; leave empty periods out."
        )
    if rule_set not in RULE_SETS:
        raise BadInput(f"The rule set is {rule_set!r}; take one of {', '.join(RULE_SETS)}.")
    if fixed is not None and fixed < 2:
        raise BadInput(f"Limits are fixed after {fixed} points; it takes at least 2.")
    places = [r.at for r in rebases]
    if places != sorted(set(places)) or any(not 0 < place < given.size for place in places):
        raise BadInput("Limits are drawn anew at points inside the chart, in order and each once.")
    if any(not r.event.strip() or not r.reason.strip() for r in rebases):
        raise BadInput("Limits are drawn anew only by an event with a reason; name both.")
    return given


def _limits(part: Floats, start: int, screen: bool, fixed: int | None, because: str) -> Limits:
    base = part[:fixed]
    centre = float(base.mean())
    stop, n = start + len(part), len(base)
    if n < 2:
        return Limits(start, stop, centre, None, None, None, None, None, n, True, because)
    spread = mean_moving_range(base, screen=screen)
    far, near = LIMIT * spread, NEAR * spread
    return Limits(
        start, stop, centre, centre + far, centre - far, centre + near, centre - near, spread, n,
        n < LEAST_POINTS, because,
    )  # fmt: skip


def mean_moving_range(values: Floats, *, screen: bool) -> float:
    """How far does one point usually lie from the one before?"""
    ranges = np.abs(np.diff(values))
    mean = float(ranges.mean())
    if screen and mean > 0:
        mean = float(ranges[ranges < SCREEN * mean].mean())
    return mean


def _points(part: Floats, limits: Limits, improvement: str, rule_set: str) -> list[Point]:
    side = np.sign(part - limits.centre).astype(np.int64)
    rises = np.concatenate([[0], np.sign(np.diff(part)).astype(np.int64)])
    outside, near = _zones(part, limits)
    close = near if rule_set == "mdc-2023" else near & ~outside
    trend = _trend(rises)
    flagged = {
        OUTSIDE: outside,
        TREND: trend != 0,
        TWO_OF_THREE: _two_of_three(close, side),
        SHIFT: _runs(side) != 0,
    }
    found = []
    for i, value in enumerate(part):
        flags = tuple(rule for rule in RULES if flagged[rule][i])
        way = int(trend[i]) if flags[:1] == (TREND,) else int(side[i])
        before = float(abs(value - part[i - 1])) if i else None
        found.append(Point(float(value), before, flags, _kind(bool(flags), way, improvement), way))
    return found


def _zones(part: Floats, limits: Limits) -> tuple[Bools, Bools]:
    if limits.upper is None or limits.near_upper is None:
        nowhere = np.zeros(len(part), dtype=bool)
        return nowhere, nowhere
    assert limits.lower is not None and limits.near_lower is not None
    outside = (part > limits.upper) | (part < limits.lower)
    near = (part > limits.near_upper) | (part < limits.near_lower)
    return outside, near


def _runs(side: npt.NDArray[np.int64], *, least: int = RUN) -> npt.NDArray[np.int64]:
    """The sign of the run that a point belongs to, when that run has at least this many points; else 0."""
    found = np.zeros_like(side)
    edges = np.flatnonzero(np.diff(side)) + 1
    for start, stop in pairwise([0, *edges.tolist(), len(side)]):
        if stop - start >= least and len(side):
            found[start:stop] = side[start]
    return found


def _trend(rises: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """7 points are 6 steps one way; the point that the first step leaves belongs to the trend.

    A turning point ends one trend and begins the next; it is told by the one it ends.
    """
    steps = _runs(rises[1:], least=RUN - 1)
    found = np.zeros_like(rises)
    found[:-1] = steps
    found[1:] = np.where(steps != 0, steps, found[1:])
    return found


def _two_of_three(close: Bools, side: npt.NDArray[np.int64]) -> Bools:
    found = np.zeros(len(close), dtype=bool)
    for start in range(len(close) - 2):
        window = slice(start, start + 3)
        if close[window].sum() >= 2 and abs(int(side[window].sum())) == 3:
            found[window] |= close[window]
    return found


def _kind(special: bool, way: int, improvement: str) -> str:
    if not special:
        return "common"
    if improvement == "neither":
        return "neither"
    return "improvement" if (way > 0) == (improvement == "high") else "concern"


def _variation(last: Point, limits: Limits) -> str:
    """The icon of the latest point only."""
    if limits.trial:
        return "too few"
    return "common" if last.kind == "common" else f"{last.kind}-{'high' if last.side > 0 else 'low'}"


def _assurance(limits: Limits, target: float | None, improvement: str) -> str:
    """Will this process meet its target? Told by the last stretch's limits; a target on a limit is hit or miss."""
    if target is None or improvement == "neither":
        return "none"
    if limits.trial or limits.upper is None or limits.lower is None:
        return "too few"
    if target > limits.upper:
        return "fail" if improvement == "high" else "pass"
    if target < limits.lower:
        return "pass" if improvement == "high" else "fail"
    return "hit or miss"


VARIATION_WORDS = {
    "common": "the usual ups and downs",
    "improvement-high": "a real change for the better, upwards",
    "improvement-low": "a real change for the better, downwards",
    "concern-high": "a real change for the worse, upwards",
    "concern-low": "a real change for the worse, downwards",
    "neither-high": "a real change upwards",
    "neither-low": "a real change downwards",
    "too few": f"fewer than {LEAST_POINTS} points: trial limits, no verdict",
}
ASSURANCE_WORDS = {
    "pass": "will keep meeting its target",
    "fail": "will keep missing its target",
    "hit or miss": "will sometimes meet and sometimes miss its target",
    "none": "has no target",
    "too few": "too few points to say whether the target is met",
}
