"""The XmR chart by the NHS rules: each edge, and a real series against the definition written out."""

from __future__ import annotations

import csv
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from alarp.kernel import BadInput
from alarp.monitoring import Rebase, xmr
from alarp.monitoring.xmr import OUTSIDE, SHIFT, TREND, TWO_OF_THREE

STEADY = [10.0, 12.0] * 7  # mean 11, limits 11 ± 5.32, near 11 ± 3.547


def flags_after(*last: float, **options: object) -> list[tuple[str, ...]]:
    chart = xmr([*STEADY, *last], fix_after_n_points=len(STEADY), **options)  # type: ignore[arg-type]
    return [p.flags for p in chart.points[len(STEADY) :]]


def test_a_point_on_the_limit_is_not_outside_and_one_beyond_is() -> None:
    upper = xmr(STEADY).limits.upper
    assert upper is not None
    assert flags_after(upper) == [()]
    assert flags_after(upper + 1e-6) == [(OUTSIDE,)]


def test_seven_points_that_rise_are_a_trend_and_six_are_not() -> None:
    rising = [9.0, 9.5, 10.0, 10.5, 11.2, 11.8, 12.4]
    chart = xmr([11.5, *rising, 11.0], fix_after_n_points=None)
    assert [TREND in p.flags for p in chart.points] == [False, *[True] * 7, False]
    assert not any(TREND in p.flags for p in xmr([11.5, *rising[:6], 11.0]).points)


def test_a_tie_breaks_a_trend() -> None:
    chart = xmr([1.0, 2, 3, 4, 4, 5, 6, 7])
    assert not any(TREND in p.flags for p in chart.points)


def test_seven_points_on_one_side_are_flagged_all_of_them_and_one_on_the_centre_breaks_the_run() -> None:
    assert flags_after(*[11.5, 12.5, 11.6, 12.0, 11.4, 12.2, 11.3])[1:] == [(SHIFT,)] * 6
    with_one_on_the_centre = flags_after(*[11.5, 12.5, 11.6, 11.0, 11.4, 12.2, 11.3])
    assert not any(SHIFT in flags for flags in with_one_on_the_centre)


def test_two_of_three_colours_only_the_points_beyond_the_near_limit() -> None:
    assert flags_after(15.0, 12.0, 15.0) == [(TWO_OF_THREE,), (), (TWO_OF_THREE,)]


def test_two_of_three_needs_all_three_on_one_side() -> None:
    assert flags_after(15.0, 10.0, 15.0) == [(), (), ()]


def test_the_two_readings_of_two_of_three_differ_on_a_point_beyond_the_limit_and_the_chart_names_its_own() -> (
    None
):
    counted = flags_after(15.0, 13.0, 17.0, rule_set="mdc-2023")
    not_counted = flags_after(15.0, 13.0, 17.0, rule_set="plotthedots")
    assert counted == [(TWO_OF_THREE,), (), (OUTSIDE, TWO_OF_THREE)]
    assert not_counted == [(), (), (OUTSIDE,)]
    assert xmr(STEADY, rule_set="plotthedots").rule_set == "plotthedots"


@pytest.mark.parametrize(
    ("improvement", "value", "icon"),
    [
        ("high", 20.0, "improvement-high"),
        ("high", 2.0, "concern-low"),
        ("low", 20.0, "concern-high"),
        ("low", 2.0, "improvement-low"),
        ("neither", 20.0, "neither-high"),
        ("neither", 11.5, "common"),
    ],
)
def test_the_variation_icon_tells_the_latest_point(improvement: str, value: float, icon: str) -> None:
    chart = xmr([*STEADY, value], improvement=improvement, fix_after_n_points=14)  # type: ignore[arg-type]
    assert chart.variation == icon


def test_a_falling_trend_above_the_mean_points_down() -> None:
    values = [*STEADY, 14.0, 13.7, 13.4, 13.0, 12.6, 12.2, 11.8]
    chart = xmr(values, improvement="low", fix_after_n_points=14)
    assert chart.points[-1].flags[0] == TREND
    assert chart.variation == "improvement-low"


@pytest.mark.parametrize(
    ("improvement", "target", "icon"),
    [
        ("high", 17.0, "fail"),
        ("high", 5.0, "pass"),
        ("low", 17.0, "pass"),
        ("low", 5.0, "fail"),
        ("high", 12.0, "hit or miss"),
        ("neither", 12.0, "none"),
    ],
)
def test_the_assurance_icon_tells_whether_the_target_can_be_missed(
    improvement: str, target: float, icon: str
) -> None:
    assert xmr(STEADY, improvement=improvement, target=target).assurance == icon  # type: ignore[arg-type]


def test_fewer_than_thirteen_points_make_trial_limits_and_no_icon() -> None:
    few, enough = xmr(STEADY[:12], target=0.0, improvement="high"), xmr(STEADY[:13])
    assert few.limits.trial and few.variation == "too few" and few.assurance == "too few"
    assert few.limits.upper is not None
    assert not enough.limits.trial and enough.variation == "common"


def test_one_point_has_no_limits() -> None:
    chart = xmr([3.0])
    assert chart.limits.upper is None and chart.limits.trial and chart.points[0].flags == ()


def test_limits_are_drawn_anew_only_by_an_event_with_its_reason_and_both_sets_are_kept() -> None:
    values = [*STEADY, *[v + 20 for v in STEADY]]
    chart = xmr(values, rebases=[Rebase(14, "version 2.0 signed on 3 June", "scores are calibrated anew")])
    assert [(s.start, s.stop, s.centre) for s in chart.stretches] == [(0, 14, 11.0), (14, 28, 31.0)]
    assert chart.stretches[1].because.startswith("version 2.0")
    assert all(p.flags == () for p in chart.points)
    assert any(p.flags for p in xmr(values, fix_after_n_points=14).points)  # without it everything is special
    with pytest.raises(BadInput, match="an event with a reason"):
        xmr(values, rebases=[Rebase(14, "because", " ")])


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_a_chart_of_nothing_or_of_gaps_is_refused(values: list[float]) -> None:
    with pytest.raises(BadInput, match="leave empty periods out"):
        xmr(values)


# A real series, and the rules written out once more in the plainest form


def plainly(values: list[float], fixed: int) -> tuple[float, float, float, list[bool]]:
    """Centre, limits and special points straight from the definition: loops over windows, nothing shared with ours."""
    base = values[:fixed]
    centre = sum(base) / len(base)
    ranges = [abs(b - a) for a, b in pairwise(base)]
    mean = sum(ranges) / len(ranges)
    kept = [r for r in ranges if r < 3.267 * mean]
    far = 2.66 * sum(kept) / len(kept)
    near, n = far * 2 / 3, len(values)
    special = [abs(v - centre) > far for v in values]
    for i in range(n - 6):
        window = values[i : i + 7]
        steps = [b - a for a, b in pairwise(window)]
        one_way = all(s > 0 for s in steps) or all(s < 0 for s in steps)
        one_side = all(v > centre for v in window) or all(v < centre for v in window)
        if one_way or one_side:
            for j in range(i, i + 7):
                special[j] = True
    for i in range(n - 2):
        window = values[i : i + 3]
        beyond = [abs(v - centre) > near for v in window]
        if sum(beyond) >= 2 and (all(v > centre for v in window) or all(v < centre for v in window)):
            for j in range(3):
                special[i + j] = special[i + j] or beyond[j]
    return centre, centre + far, centre - far, special


def attendances(file: Path) -> dict[str, list[float]]:
    """Type 1 attendances by month for each Trust with a whole series, in order of time."""
    rows: dict[str, dict[str, float]] = defaultdict(dict)
    with file.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["type"] == "1":
                rows[row["org_code"]][row["period"]] = float(row["attendances"])
    longest = max(map(len, rows.values()))
    return {
        org: [v for _, v in sorted(months.items())] for org, months in rows.items() if len(months) == longest
    }


@pytest.mark.shared
@pytest.mark.need("M06")
def test_every_trust_of_the_real_series_has_the_limits_and_points_of_the_definition(shared: Path) -> None:
    series = attendances(shared / "data" / "tables" / "nhs_ae_attendances_monthly.csv")
    assert len(series) > 50
    flagged = 0
    for org, values in series.items():
        for fixed in (len(values), 13):
            chart = xmr(values, fix_after_n_points=fixed)
            centre, upper, lower, special = plainly(values, fixed)
            assert chart.limits.centre == pytest.approx(centre), org
            assert chart.limits.upper == pytest.approx(upper), org
            assert chart.limits.lower == pytest.approx(lower), org
            assert [bool(p.flags) for p in chart.points] == special, org
            flagged += sum(special)
    assert flagged > 100  # the rules were at work
