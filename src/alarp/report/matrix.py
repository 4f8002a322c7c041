"""Which picture shows how many hazards lie in which cell of a risk matrix, before control and after?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alarp.report.style import FONT, Spec

INK, EDGE = "#212b32", "#4c6272"
# From calm to alarming; every cell also says its level, and a filled circle carries its count.
LEVELS = {1: "#d7ebe0", 2: "#eef2cf", 3: "#fdeaa8", 4: "#f8cfa6", 5: "#f0aaa2"}
_CELL_PX = 62


def risk_matrix(chart: Mapping[str, Any]) -> Spec:
    """Which picture shows these cells? `cells` with `when`, `severity`, `likelihood`, `level` and `count`.

    One grid for each `when`, side by side, severity to the right and likelihood upwards. An empty cell shows only its
    level, so that the eye finds where hazards lie.
    """
    times = list(dict.fromkeys(cell["when"] for cell in chart["cells"]))
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "#ffffff",
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "axis": {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 12, "ticks": False,
                     "domain": False, "labelAngle": 0},
            "title": {"fontSize": 14, "color": INK, "anchor": "start"},
        },
        "hconcat": [_grid(chart, when, first=place == 0) for place, when in enumerate(times)],
    }  # fmt: skip


def _grid(chart: Mapping[str, Any], when: str, *, first: bool) -> Spec:
    cells = [dict(cell) for cell in chart["cells"] if cell["when"] == when]
    filled = [cell for cell in cells if cell["count"]]
    x = {
        "field": "severity", "type": "ordinal", "sort": list(chart["severities"]), "title": "Severity",
        "axis": {"labelOverlap": False, "labelLimit": _CELL_PX + 8, "labelFontSize": 10},
    }  # fmt: skip
    y = {
        "field": "likelihood", "type": "ordinal", "sort": list(chart["likelihoods"]),
        "title": "Likelihood" if first else None, "axis": {} if first else {"labels": False},
    }  # fmt: skip
    place = {"x": x, "y": y}
    colour = {
        "field": "level", "type": "ordinal", "legend": None,
        "scale": {"domain": list(LEVELS), "range": list(LEVELS.values())},
    }  # fmt: skip
    return {
        "title": f"{when} risk: {sum(cell['count'] for cell in cells)} hazards",
        "width": 5 * _CELL_PX,
        "height": 5 * 44,
        "layer": [
            {"data": {"values": cells}, "mark": {"type": "rect", "stroke": "#ffffff", "strokeWidth": 2},
             "encoding": {**place, "color": colour}},
            {"data": {"values": cells},
             "mark": {"type": "text", "align": "left", "baseline": "top", "dx": -_CELL_PX / 2 + 6, "dy": -17,
                      "fontSize": 10, "color": EDGE},
             "encoding": {**place, "text": {"field": "level", "type": "quantitative"}}},
            {"data": {"values": filled}, "mark": {"type": "circle", "size": 620, "color": INK, "opacity": 1},
             "encoding": place},
            {"data": {"values": filled},
             "mark": {"type": "text", "fontSize": 14, "fontWeight": "bold", "color": "#ffffff"},
             "encoding": {**place, "text": {"field": "count", "type": "quantitative"}}},
        ],
    }  # fmt: skip
