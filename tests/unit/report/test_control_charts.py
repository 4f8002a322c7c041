"""Control charts as pictures: every point there, a signal has a shape, nothing beyond what a figure can be."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from alarp.report.control_charts import Bar, Mark, Stretch, control_chart, histogram_pair, interval_chart

LIMITS = Stretch(0, 4, 10.0, 16.0, 4.0, False)


def drawn(marks: list[Mark], stretch: Stretch = LIMITS, **more: float) -> str:
    svg = control_chart(marks, [stretch], title="Waits <week>", description="few & far", unit="days", **more)
    ElementTree.fromstring(svg)  # well formed, titles escaped
    return svg


def test_each_kind_of_point_has_a_shape_of_its_own() -> None:
    kinds = [
        Mark("1", 9),
        Mark("2", 20, "concern", 1),
        Mark("3", 2, "improvement", -1),
        Mark("4", 11, "neither", 1),
    ]
    svg = drawn(kinds)
    assert svg.count("<circle") == 1
    corners = [len(points.split()) for points in re.findall(r'<polygon points="([^"]+)"', svg)]
    assert sorted(corners) == [3, 3, 4]


def test_the_limits_are_named_with_their_numbers_and_trial_limits_are_dotted() -> None:
    svg = drawn([Mark(str(n), 10) for n in range(4)])
    assert all(words in svg for words in ("mean 10", "limit 16", "limit 4"))
    assert 'stroke-dasharray="6 4"' in svg
    assert 'stroke-dasharray="2 4"' in drawn([Mark("1", 10)], Stretch(0, 1, 10.0, 16.0, 4.0, True))


def test_a_limit_that_the_figure_cannot_reach_is_not_drawn() -> None:
    wide = Stretch(0, 4, 90.0, 130.0, -5.0, False)
    svg = drawn([Mark(str(n), 90) for n in range(4)], wide, ceiling_at=100.0)
    assert "limit" not in svg and "mean 90" in svg


def test_one_point_and_a_chart_without_limits_can_be_drawn() -> None:
    assert "mean 3" in drawn([Mark("1", 3)], Stretch(0, 1, 3.0, None, None, True))


def test_a_pair_of_histograms_compares_shares_and_leaves_out_an_empty_side() -> None:
    both = histogram_pair([10, 30], [1, 3], title="t", description="d")
    area, line = re.findall(r'points="([^"]+)"', both)
    assert all(place in area for place in line.split())  # the same shares, whatever the counts
    assert "<polyline" not in histogram_pair([10, 30], [0, 0], title="t", description="d")


def test_a_group_that_cannot_be_measured_says_so_in_its_row() -> None:
    rows = [Bar("A", 5.0, 4.0, 6.0, "n = 9"), Bar("B", None, None, None, "n = 0")]
    svg = interval_chart(rows, title="t", description="d", unit="min", limit=8.0)
    assert "not measurable" in svg and "limit 8" in svg and svg.count("<circle") == 1
