"""A chart of amounts shows its labels, and can be read without telling colours apart."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from alarp.report import draw
from alarp.report.amounts import lines, needed, stacked, tornado

SVG = "{http://www.w3.org/2000/svg}"
ALL = {"title": "A & B", "description": "In words.", "table": {}}
LINES = ALL | {
    "chart": "lines",
    "x_title": "Year",
    "y_title": "Paid so far (£)",
    "series": [
        {"label": "low", "points": [{"x": 0, "y": 10}, {"x": 1, "y": 20}]},
        {"label": "high", "points": [{"x": 0, "y": 10}, {"x": 1, "y": 30}]},
    ],
}
STACKED = ALL | {
    "chart": "stacked",
    "x_title": "Year",
    "y_title": "Paid in the year (£)",
    "parts": ["Licence", "Recalls"],
    "rows": [
        {"x": "0", "part": "Licence", "amount": 0},
        {"x": "1", "part": "Licence", "amount": 100},
        {"x": "1", "part": "Recalls", "amount": -40},
        {"x": "2", "part": "Licence", "amount": 100},
        {"x": "2", "part": "Recalls", "amount": 60},
    ],
}
TORNADO = ALL | {
    "chart": "tornado",
    "x_title": "Net present value (£)",
    "centre": 0,
    "rows": [
        {"label": "Price", "at_low": 50, "at_high": -60},
        {"label": "Wage", "at_low": -5, "at_high": 5},
    ],
}
NEEDED = ALL | {
    "chart": "needed",
    "x_title": "Minutes per plan",
    "rows": [
        {"label": "Licence only", "value": 20.0, "text": "20.0"},
        {"label": "Whole life", "value": 35.9, "text": "35.9"},
    ],
    "expected": {"value": 20.0, "label": "expected 20.0"},
}


def texts(chart: dict[str, Any]) -> set[str]:
    return {node.text or "" for node in ElementTree.fromstring(draw(chart)).iter(f"{SVG}text")}


@pytest.mark.parametrize(
    ("chart", "labels"),
    [
        (LINES, {"Year", "Paid so far (£)", "low", "high"}),
        (STACKED, {"Year", "Paid in the year (£)", "1 Licence", "2 Recalls", "1", "2"}),
        (
            TORNADO,
            {"Net present value (£)", "Price", "Wage", "figure at its low end", "figure at its high end"},
        ),
        (NEEDED, {"Minutes per plan", "Licence only", "Whole life", "20.0", "35.9", "expected 20.0"}),
    ],
    ids=["lines", "stacked", "tornado", "needed"],
)
def test_a_chart_of_amounts_says_in_text_what_it_shows(chart: dict[str, Any], labels: set[str]) -> None:
    assert labels <= texts(chart)


def _values(made: dict[str, Any], layer: int) -> list[dict[str, Any]]:
    name = made["layer"][layer]["data"].get("name")
    return list(made["datasets"][name] if name else made["layer"][layer]["data"]["values"])


def test_lines_differ_in_dash_and_in_marker() -> None:
    made = lines(LINES)
    dashes = made["layer"][0]["encoding"]["strokeDash"]["scale"]["range"]
    markers = made["layer"][1]["encoding"]["shape"]["scale"]["range"]
    assert len({tuple(d) for d in dashes}) == len(set(markers)) == 2


def test_what_is_negative_hangs_below_the_axis_and_the_rest_stands_on_what_is_under_it() -> None:
    pieces = {(p["x"], p["key"]): (p["from"], p["to"]) for p in _values(stacked(STACKED), 0)}
    assert pieces == {
        ("1", "1 Licence"): (0, 100),
        ("2", "1 Licence"): (0, 100),
        ("1", "2 Recalls"): (0, -40),
        ("2", "2 Recalls"): (100, 160),
    }


def test_the_bars_stand_in_the_order_of_the_years() -> None:
    assert stacked(STACKED)["layer"][0]["encoding"]["x"]["sort"] == ["0", "1", "2"]


def test_the_ends_of_a_swing_have_different_shapes() -> None:
    ends = _values(tornado(TORNADO), 2)
    assert [(e["label"], e["at_low"], e["kind"]) for e in ends if e["label"] == "Price"] == [
        ("Price", 50, "figure at its low end"),
        ("Price", -60, "figure at its high end"),
    ]
    assert tornado(TORNADO)["layer"][2]["encoding"]["shape"]["scale"]["range"] == ["square", "circle"]


def test_what_is_exactly_expected_is_not_beyond_it() -> None:
    assert [(r["label"], r["beyond"]) for r in _values(needed(NEEDED), 0)] == [
        ("Licence only", False),
        ("Whole life", True),
    ]
