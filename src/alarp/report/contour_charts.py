"""Which pictures show outlines: two on one slice, and how a measure spreads over cases, organ by organ?"""

from __future__ import annotations

from typing import Any

import altair as alt

from alarp.report.style import BLUE, INK, PALE, Row, Spec, data, spec

_REFERENCE, _OUTPUT = "#ffb81c", "#41b6e6"  # both seen on grey, and told apart without colour by the dashes
_WIDTH = 340
WHO = ("reference", "tool's output")


def outlines(chart: Row) -> Spec:
    """Which picture shows where the tool's outline leaves the reference?

    `width_mm`, `height_mm`, `png` (base64, or None where there is no image), `reference` and `output`: lists of lines
    of [x, y] in mm from the upper left corner.
    """
    width, height = chart["width_mm"], chart["height_mm"]
    pixels = round(_WIDTH * height / width)
    x = alt.X("x:Q", title="mm", scale=alt.Scale(domain=[0, width], nice=False), axis=_axis())
    y = alt.Y("y:Q", title="mm", scale=alt.Scale(domain=[0, height], reverse=True, nice=False), axis=_axis())
    dark = {"fillColor": INK, "labelColor": "#ffffff", "padding": 6, "orient": "bottom", "title": None}
    colour = alt.Color(
        "who:N", scale=alt.Scale(domain=WHO, range=[_REFERENCE, _OUTPUT]), legend=alt.Legend(**dark)
    )
    dash = alt.StrokeDash(
        "who:N", scale=alt.Scale(domain=WHO, range=[[1, 0], [6, 3]]), legend=alt.Legend(**dark)
    )
    drawn = alt.Chart(data(_points(chart))).mark_line(strokeWidth=2, interpolate="linear")
    lines = drawn.encode(x=x, y=y, color=colour, strokeDash=dash, detail="line:N", order="order:Q")
    return spec(alt.layer(_ground(chart, pixels, x, y), lines).properties(width=_WIDTH, height=pixels))


def boxes(chart: Row) -> Spec:
    """Which picture shows how a measure spreads over the cases of each structure?

    `rows` with `label`, `least`, `low`, `middle`, `high`, `most`: a line from least to most, a box over the middle half,
    a mark at the median.
    """
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=320))
    base = alt.Chart(data(chart["rows"]))

    def x(name: str) -> Any:
        return alt.X(f"{name}:Q", title=chart["x_title"], scale=alt.Scale(zero=False))

    whole = base.mark_rule(color=INK).encode(x=x("least"), x2="most:Q", y=y)
    half = base.mark_bar(color=PALE, stroke=BLUE, height=14).encode(x=x("low"), x2="high:Q", y=y)
    middle = base.mark_tick(color=BLUE, thickness=3, size=14).encode(x=x("middle"), y=y)
    return spec(alt.layer(whole, half, middle).properties(width=380, height=alt.Step(26)))


def _axis() -> Any:
    return alt.Axis(grid=False, tickCount=4)


def _ground(chart: Row, pixels: int, x: Any, y: Any) -> Any:
    """What lies under the lines: the slice, or plain dark where no image was given?"""
    whole = {"x": 0, "y": 0, "x2": chart["width_mm"], "y2": chart["height_mm"]}
    if chart["png"] is None:
        return alt.Chart(data([whole])).mark_rect(color=INK).encode(x=x, y=y, x2="x2:Q", y2="y2:Q")
    png = f"data:image/png;base64,{chart['png']}"
    image = alt.Chart(data([whole])).mark_image(
        url=png, width=_WIDTH, height=pixels, align="left", baseline="top", aspect=False
    )
    return image.encode(x=x, y=y)


def _points(chart: Row) -> list[dict[str, Any]]:
    return [
        {"x": x, "y": y, "who": who, "line": f"{who} {number}", "order": order}
        for who, key in zip(WHO, ("reference", "output"), strict=True)
        for number, line in enumerate(chart[key])
        for order, (x, y) in enumerate(line)
    ]
