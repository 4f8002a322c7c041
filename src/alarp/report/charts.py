"""Which picture shows these numbers? A Vega-Lite specification, and the SVG drawn from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import altair as alt
import vl_convert

from alarp.kernel import AlarpError
from alarp.report import (
    accuracy_charts,
    agreement_charts,
    amounts,
    contour_charts,
    dose_charts,
    planning,
    prediction_charts,
    reader_charts,
    staffing,
)
from alarp.report.matrix import risk_matrix
from alarp.report.style import BLUE, GREY, RED, Row, Spec
from alarp.report.style import data as _data
from alarp.report.style import spec as _spec

_SHARE = alt.Scale(domain=[0, 1])


class ChartWithoutText(AlarpError):
    """A chart came out without its labels: it would be misread, so it is not shown."""


def roc(chart: Row) -> Spec:
    """Which picture shows an ROC curve with its operating point?

    `points` with `one_minus_specificity` and `sensitivity`; `operating_point` with the same two. The diagonal of
    chance is dashed, the operating point a red diamond.
    """
    x = alt.X("one_minus_specificity:Q", title="1 − specificity", scale=_SHARE)
    y = alt.Y("sensitivity:Q", title="Sensitivity", scale=_SHARE)
    points = [{**point, "order": i} for i, point in enumerate(chart["points"])]
    curve = alt.Chart(_data(points)).mark_line(color=BLUE, strokeWidth=2, interpolate="linear")
    ends = [{"one_minus_specificity": v, "sensitivity": v, "order": v} for v in (0, 1)]
    chance = alt.Chart(_data(ends)).mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
    layers = [chance.encode(x=x, y=y, order="order:Q"), curve.encode(x=x, y=y, order="order:Q")]
    here = chart["operating_point"]
    if here["sensitivity"] is not None and here["one_minus_specificity"] is not None:
        mark = alt.Chart(_data([here])).mark_point(shape="diamond", size=140, color=RED, filled=True)
        label = alt.Chart(_data([here])).mark_text(align="left", dx=10, dy=10, color=RED)
        text = alt.value("operating point")
        layers += [mark.encode(x=x, y=y), label.encode(x=x, y=y, text=text)]
    return _spec(alt.layer(*layers).properties(width=340, height=340))


def forest(chart: Row) -> Spec:
    """Which picture shows an estimate and its interval for every group?

    `rows` with `label`, `estimate`, `low`, `high`, `n`, `weak`. A group too small to tell is a hollow grey square,
    the others are filled blue circles.
    """
    return _spec(_rows_chart(chart, mark="point"))


def bars(chart: Row) -> Spec:
    """Which picture shows an estimate for every structure, as a bar with its interval?"""
    return _spec(_rows_chart(chart, mark="bar"))


def _rows_chart(chart: Row, *, mark: str) -> Any:
    rows = [
        {
            **row,
            "label": f"{row['label']} (n = {row['n']})",
            "kind": "too few to tell" if row.get("weak") else "told",
        }
        for row in chart["rows"]
    ]
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=320))
    x = alt.X("estimate:Q", title=chart["x_title"], scale=_SHARE)
    base = alt.Chart(_data(rows))
    if mark == "bar":
        shown = base.mark_bar(color=BLUE, height=12).encode(x=x, y=y)
    else:
        kinds = ["told", "too few to tell"]
        shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "square"]), legend=None)
        fill = alt.Fill("kind:N", scale=alt.Scale(domain=kinds, range=[BLUE, "#ffffff"]), legend=None)
        stroke = alt.Stroke("kind:N", scale=alt.Scale(domain=kinds, range=[BLUE, GREY]), legend=None)
        shown = base.mark_point(size=70, opacity=1).encode(x=x, y=y, shape=shape, fill=fill, stroke=stroke)
    layers = [shown]
    if known := [row for row in rows if row["low"] is not None and row["high"] is not None]:
        rule = alt.Chart(_data(known)).mark_rule(color=GREY, strokeWidth=1.5)
        layers.insert(
            0 if mark == "point" else 1,
            rule.encode(x=alt.X("low:Q", title=chart["x_title"]), x2="high:Q", y=y),
        )
    return alt.layer(*layers).properties(width=380, height=alt.Step(24))


_DRAWERS: dict[str, Callable[[Row], Spec]] = {
    "roc": roc,
    "roc-several": accuracy_charts.several,
    "people": accuracy_charts.people,
    "forest": forest,
    "bars": bars,
    "lines": amounts.lines,
    "stacked": amounts.stacked,
    "tornado": amounts.tornado,
    "needed": amounts.needed,
    "assurance": planning.assurance,
    "risk-matrix": risk_matrix,
    "boxes": contour_charts.boxes,
    "outlines": contour_charts.outlines,
    "training-coverage": staffing.coverage,
    "bland-altman": agreement_charts.bland_altman,
    "love-plot": agreement_charts.love_plot,
    "spanning": agreement_charts.spanning,
    "calibration": prediction_charts.calibration,
    "decision-curve": prediction_charts.decision_curve,
    "lift": prediction_charts.lift,
    "counts": dose_charts.counts,
    "dose-ecdf": dose_charts.dose_ecdf,
    "run": dose_charts.run,
    "reader-curves": reader_charts.curves,
    "differences": reader_charts.differences,
}


def draw(chart: Row) -> str:
    """Which SVG shows this chart of a story? `chart` names the picture, `title` and `description` say it in words."""
    return to_svg(_DRAWERS[chart["chart"]](chart), title=chart["title"], description=chart["description"])


def draw_nothing() -> None:
    """Load what draws, which takes as long as the first picture, at a moment when there is time for it."""
    vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": []}})


def to_svg(spec: Spec, *, title: str, description: str) -> str:
    """Which SVG draws this specification, with a name and a description for who cannot see it?

    Raises ChartWithoutText when an axis title is missing from the drawing: vl-convert leaves labels out without a
    word when a font does not exist.
    """
    svg: str = vl_convert.vegalite_to_svg(spec)
    drawn = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    for wanted in {escape(t, quote=False) for t in _titles(spec)}:
        if wanted not in drawn:
            raise ChartWithoutText(
                f"The chart '{title}' was drawn without its label '{wanted}'; install a font."
            )
    return _accessible(svg, title=title, description=description)


def _titles(node: Any) -> list[str]:
    """Which axis titles must be seen?"""
    if isinstance(node, Mapping):
        own = (
            [node["title"]]
            if "field" in node and isinstance(node.get("title"), str) and node["title"]
            else []
        )
        return own + [t for key, value in node.items() if key != "data" for t in _titles(value)]
    if isinstance(node, list):
        return [t for item in node for t in _titles(item)]
    return []


def _accessible(svg: str, *, title: str, description: str) -> str:
    """One picture, one name: the drawing's own parts are silent for a screen reader."""
    svg = re.sub(r'\s(?:aria-[a-z]+|role)="[^"]*"', "", svg)
    svg = re.sub(r"^\s*<\?xml[^>]*\?>\s*", "", svg)
    words = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return re.sub(
        r"<svg([^>]*)>",
        rf'<svg role="img" aria-label="{escape(title)}"\1>' + words.replace("\\", "\\\\"),
        svg,
        count=1,
    )
