"""Pictures of a reader study: every reader's curve, and how far two arms are apart."""

from __future__ import annotations

import altair as alt

from alarp.report.style import BLUE, GREY, RED, Row, Spec
from alarp.report.style import data as _data
from alarp.report.style import spec as _spec

_TONES = (BLUE, RED, "#007f3b", "#330072", "#7c2855", GREY)
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 2, 2, 2], [10, 4], [1, 3])


def curves(chart: Row) -> Spec:
    """Which picture shows one curve a reader?

    `lines`: each with `arm`, `reader` and `points` (`x`, `y`); `x_title`, `y_title`; `share` says that both axes run
    from 0 to 1. An arm has its colour and its dash; `marks`, if any, are points with `x`, `y` drawn as diamonds.
    """
    names = list(dict.fromkeys(line["arm"] for line in chart["lines"]))
    rows = [
        {**point, "order": i, "arm": line["arm"], "line": f"{line['arm']}, {line['reader']}"}
        for line in chart["lines"]
        for i, point in enumerate(line["points"])
    ]
    shares = alt.Scale(domain=[0, 1])
    x = alt.X("x:Q", title=chart["x_title"], scale=shares if chart["share"] else alt.Undefined)
    y = alt.Y("y:Q", title=chart["y_title"], scale=shares)
    tone = alt.Scale(domain=names, range=[_TONES[i % len(_TONES)] for i in range(len(names))])
    dash = alt.Scale(domain=names, range=[_DASHES[i % len(_DASHES)] for i in range(len(names))])
    legend = alt.Legend(title=None, orient="bottom", labelLimit=240)
    drawn = (
        alt.Chart(_data(rows))
        .mark_line(strokeWidth=1.5, opacity=0.85)
        .encode(
            x=x,
            y=y,
            order="order:Q",
            detail="line:N",
            color=alt.Color("arm:N", scale=tone, legend=legend),
            strokeDash=alt.StrokeDash("arm:N", scale=dash, legend=legend),
        )
    )
    layers = [drawn]
    if chart.get("marks"):
        points = alt.Chart(_data(list(chart["marks"]))).mark_point(
            shape="diamond", size=110, color=RED, filled=True
        )
        layers.append(points.encode(x=x, y=y))
    return _spec(alt.layer(*layers).properties(width=360, height=340))


def differences(chart: Row) -> Spec:
    """Which picture shows differences with their intervals, beside the line of no difference?

    `rows` with `label`, `difference`, `low`, `high`; `margin`, when a claim states one, is a dashed red line.
    """
    rows = list(chart["rows"])
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=320))
    x = alt.X("difference:Q", title=chart["x_title"])
    zero = (
        alt.Chart(_data([{"at": 0.0}])).mark_rule(color=GREY).encode(x=alt.X("at:Q", title=chart["x_title"]))
    )
    layers = [zero]
    if known := [row for row in rows if row["low"] is not None and row["high"] is not None]:
        bars = alt.Chart(_data(known)).mark_rule(color=BLUE, strokeWidth=2)
        layers.append(bars.encode(x=alt.X("low:Q", title=chart["x_title"]), x2="high:Q", y=y))
    layers.append(
        alt.Chart(_data(rows)).mark_point(size=70, color=BLUE, filled=True, opacity=1).encode(x=x, y=y)
    )
    if chart.get("margin") is not None:
        limit = alt.Chart(_data([{"at": chart["margin"]}])).mark_rule(color=RED, strokeDash=[5, 4])
        layers.append(limit.encode(x=alt.X("at:Q", title=chart["x_title"])))
    return _spec(alt.layer(*layers).properties(width=380, height=alt.Step(26)))
