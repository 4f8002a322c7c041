"""Which pictures show image quality, dose and a rate before and after?"""

from __future__ import annotations

import altair as alt

from alarp.report.agreement_charts import AMBER
from alarp.report.style import BLUE, GREY, RED, Row, Spec, data, spec

_PHASES = ["before", "after"]


def counts(chart: Row) -> Spec:
    """Which picture shows how many pairs differ by how much?

    `rows` with `difference` and `n`; `margin` (or None) is a dashed red line; `x_title`.
    """
    x = alt.X("difference:Q", title=chart["x_title"])
    bars = alt.Chart(data(chart["rows"])).mark_bar(color=BLUE, size=14)
    layers = [bars.encode(x=x, y=alt.Y("n:Q", title="Pairs"))]
    if chart["margin"] is not None:
        rule = alt.Chart(data([{"difference": chart["margin"]}])).mark_rule(color=RED, strokeDash=[5, 4])
        layers.append(rule.encode(x=x))
    return spec(alt.layer(*layers).properties(width=420, height=220))


def dose_ecdf(chart: Row) -> Spec:
    """Which picture shows two distributions of dose against a reference level?

    `points` with `phase`, `dose`, `share` (of examinations at or below); `drl` (or None) is a dashed red line;
    `x_title`. Before is dashed and amber, after is solid and blue.
    """
    x = alt.X("dose:Q", title=chart["x_title"], scale=alt.Scale(zero=True))
    y = alt.Y("share:Q", title="Share of examinations at or below", scale=alt.Scale(domain=[0, 1]))
    legend = alt.Legend(orient="top", title=None)
    colour = alt.Color("phase:N", scale=alt.Scale(domain=_PHASES, range=[AMBER, BLUE]), legend=legend)
    dash = alt.StrokeDash("phase:N", scale=alt.Scale(domain=_PHASES, range=[[5, 3], [1, 0]]), legend=legend)
    lines = alt.Chart(data(chart["points"])).mark_line(strokeWidth=2, interpolate="step-after")
    layers = [lines.encode(x=x, y=y, color=colour, strokeDash=dash)]
    if chart["drl"] is not None:
        here = data([{"dose": chart["drl"], "text": "reference level"}])
        layers.append(alt.Chart(here).mark_rule(color=RED, strokeDash=[5, 4]).encode(x=x))
        label = alt.Chart(here).mark_text(align="left", dx=4, dy=-4, color=RED, fontSize=11)
        layers.append(label.encode(x=x, y=alt.value(190), text="text:N"))
    return spec(alt.layer(*layers).properties(width=460, height=260))


def run(chart: Row) -> Spec:
    """Which picture shows a rate period by period, before and after?

    `points` with `label`, `phase`, `value` in time order; `median` of the time before as a line; `y_title`.
    """
    points = [dict(point) for point in chart["points"]]
    order = list(dict.fromkeys(point["label"] for point in points))
    x = alt.X("label:N", title="Period", sort=order, axis=alt.Axis(labelAngle=-40, labelLimit=120))
    y = alt.Y("value:Q", title=chart["y_title"])
    told = data([point for point in points if point["value"] is not None])
    legend = alt.Legend(orient="top", title=None)
    colour = alt.Color("phase:N", scale=alt.Scale(domain=_PHASES, range=[AMBER, BLUE]), legend=legend)
    shape = alt.Shape("phase:N", scale=alt.Scale(domain=_PHASES, range=["square", "circle"]), legend=legend)
    layers = [alt.Chart(told).mark_line(color=GREY, strokeWidth=1).encode(x=x, y=y)]
    dots = alt.Chart(told).mark_point(size=70, filled=True, opacity=1)
    layers.append(dots.encode(x=x, y=y, color=colour, shape=shape))
    if chart["median"] is not None:
        rule = alt.Chart(data([{"value": chart["median"]}])).mark_rule(color=GREY, strokeDash=[5, 4])
        layers.append(rule.encode(y=y))
    return spec(alt.layer(*layers).properties(width=560, height=260))
