"""Which pictures show whether a probability can be believed and acted on?"""

from __future__ import annotations

import altair as alt

from alarp.report.agreement_charts import AMBER
from alarp.report.style import BLUE, GREY, Row, Spec, data, spec

_SHARE = alt.Scale(domain=[0, 1])


def calibration(chart: Row) -> Spec:
    """Which picture shows what was foretold against what happened, over a histogram of the probabilities?

    `bins` with `expected`, `observed`, `low`, `high`; `curve` with `expected`, `observed`; `histogram` with `low`,
    `high`, `n`. The dashed diagonal is perfect calibration.
    """
    x = alt.X("expected:Q", title="Foretold probability", scale=_SHARE)
    y = alt.Y("observed:Q", title="Observed share", scale=_SHARE)
    ends = data([{"expected": v, "observed": v, "order": v} for v in (0, 1)])
    ideal = alt.Chart(ends).mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
    steps = data([{**point, "order": i} for i, point in enumerate(chart["curve"])])
    curve = alt.Chart(steps).mark_line(color=AMBER, strokeWidth=1.5, interpolate="step-after")
    bins = alt.Chart(data(chart["bins"]))
    whisker = bins.mark_rule(color=BLUE, strokeWidth=1.5)
    bounds = whisker.encode(x=x, y=alt.Y("low:Q", title="Observed share", scale=_SHARE), y2="high:Q")
    dots = bins.mark_point(color=BLUE, size=60, filled=True, opacity=1).encode(x=x, y=y)
    above = alt.layer(
        ideal.encode(x=x, y=y, order="order:Q"), curve.encode(x=x, y=y, order="order:Q"), bounds, dots
    ).properties(width=380, height=340)
    counts = data([{**row, "floor": 0} for row in chart["histogram"]])
    bars = alt.Chart(counts).mark_rect(color=BLUE, opacity=0.5)
    below = bars.encode(
        x=alt.X("low:Q", title="Foretold probability", scale=_SHARE),
        x2="high:Q",
        y=alt.Y("n:Q", title="Cases", axis=alt.Axis(tickCount=3)),
        y2="floor:Q",
    ).properties(width=380, height=70)
    return spec(alt.vconcat(above, below, spacing=6))


def decision_curve(chart: Row) -> Spec:
    """Which picture shows the net benefit of acting on the tool, on everyone and on nobody, by threshold?

    `points` with `threshold`, `net_benefit`, `low`, `high`, `act_on_all`. What falls below zero by more than the tool
    ever gains is cut off, so that the part where decisions are made stays readable.
    """
    points = chart["points"]
    known = [p for p in points if p["net_benefit"] is not None]
    seen = [p[k] for p in known for k in ("net_benefit", "low", "high") if p[k] is not None]
    top = max([*seen, *(p["act_on_all"] for p in points), 0.01])
    bottom = max(min([*seen, 0.0]), -top)
    scale = alt.Scale(domain=[bottom - 0.05 * top, top * 1.05], nice=False)
    x = alt.X("threshold:Q", title="Threshold probability", scale=alt.Scale(zero=False, nice=False))
    y = alt.Y("value:Q", title="Net benefit", scale=scale)
    banded = data([p for p in known if p["low"] is not None])
    area = alt.Chart(banded).mark_area(color=BLUE, opacity=0.15, clip=True)
    layers = [area.encode(x=x, y=alt.Y("low:Q", title="Net benefit", scale=scale), y2="high:Q")]
    names = ["the tool", "everyone", "nobody"]
    long = [
        {"threshold": p["threshold"], "value": value, "who": who}
        for p in points
        for who, value in zip(names, (p["net_benefit"], p["act_on_all"], 0.0), strict=True)
        if value is not None
    ]
    legend = alt.Legend(orient="top", title=None)
    colour = alt.Color("who:N", scale=alt.Scale(domain=names, range=[BLUE, AMBER, GREY]), legend=legend)
    dash = alt.StrokeDash(
        "who:N", scale=alt.Scale(domain=names, range=[[1, 0], [6, 4], [2, 3]]), legend=legend
    )
    lines = alt.Chart(data(long)).mark_line(strokeWidth=2, clip=True)
    layers.append(lines.encode(x=x, y=y, color=colour, strokeDash=dash))
    return spec(alt.layer(*layers).properties(width=520, height=300))


def lift(chart: Row) -> Spec:
    """Which picture shows how quickly the outcomes are gathered from the top of the list?

    `points` with `fraction` and `gain`, from 0 to 1. The dashed diagonal is a list in random order.
    """
    x = alt.X("fraction:Q", title="Top share of cases, by probability", scale=_SHARE)
    y = alt.Y("gain:Q", title="Share of outcomes reached", scale=_SHARE)
    ends = data([{"fraction": v, "gain": v} for v in (0, 1)])
    chance = alt.Chart(ends).mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1).encode(x=x, y=y)
    curve = alt.Chart(data(chart["points"])).mark_line(color=BLUE, strokeWidth=2).encode(x=x, y=y)
    return spec(alt.layer(chance, curve).properties(width=340, height=300))
