"""Which pictures show how far a measured number lies from its reference, and how groups differ?"""

from __future__ import annotations

import altair as alt

from alarp.report.style import BLUE, GREY, RED, Row, Spec, data, spec

AMBER = "#b25e00"


def bland_altman(chart: Row) -> Spec:
    """Which picture shows differences against size, with bias, limits of agreement and their intervals?

    `points` with `middle` and `difference`; `lines` with `label`, `estimate`, `low`, `high`; `x_title`, `y_title`.
    The bias is a solid line, the limits are dashed; each has its interval as a band and its number beside it.
    """
    points, lines = chart["points"], [dict(line) for line in chart["lines"]]
    left, right = (f(p["middle"] for p in points) for f in (min, max))
    margin = 0.04 * ((right - left) or abs(right) or 1.0)
    left, right = left - margin, right + margin
    scale = alt.Scale(domain=[left, right + 6 * margin], nice=False, zero=False)
    x = alt.X("middle:Q", title=chart["x_title"], scale=scale)
    y = alt.Y("difference:Q", title=chart["y_title"], scale=alt.Scale(zero=False))
    shown = alt.Chart(data(points)).mark_point(size=22, opacity=0.55, color=BLUE, filled=True)
    layers = []
    if bands := [line for line in lines if line["low"] is not None and line["high"] is not None]:
        rows = [{**band, "left": left, "right": right, "flat": band["label"] == "bias"} for band in bands]
        for flat, colour in ((True, GREY), (False, AMBER)):
            own = data([row for row in rows if row["flat"] is flat])
            band = alt.Chart(own).mark_rect(color=colour, opacity=0.18)
            layers.append(
                band.encode(
                    x=alt.X("left:Q", scale=scale, title=chart["x_title"]),
                    x2="right:Q",
                    y=alt.Y("low:Q", title=chart["y_title"]),
                    y2="high:Q",
                )
            )
    layers.append(shown.encode(x=x, y=y))
    for line in lines:
        ends = [
            {"middle": end, "difference": line["estimate"], "order": i} for i, end in enumerate((left, right))
        ]
        colour, dash = (GREY, [1, 0]) if line["label"] == "bias" else (AMBER, [6, 4])
        rule = alt.Chart(data(ends)).mark_line(color=colour, strokeWidth=1.8, strokeDash=dash)
        layers.append(rule.encode(x=x, y=y, order="order:Q"))
        words = [{**ends[1], "text": f"{line['label']} {line['estimate']:.3g}"}]
        text = alt.Chart(data(words)).mark_text(align="left", dx=4, fontSize=11, color=colour)
        layers.append(text.encode(x=x, y=y, text="text:N"))
    return spec(alt.layer(*layers).properties(width=560, height=340))


def love_plot(chart: Row) -> Spec:
    """Which picture shows how unlike two populations are, feature by feature?

    `rows` with `label`, `difference` (standardised) and, where reweighting was done, `adjusted`; `limit` (0.1) draws the
    two dashed lines beyond which a difference matters. Circles before, diamonds after reweighting.
    """
    limit = chart.get("limit", 0.1)
    long = [
        {"label": row["label"], "value": row[key], "kind": kind}
        for row in chart["rows"]
        for key, kind in (("difference", "as found"), ("adjusted", "reweighted"))
        if row.get(key) is not None
    ]
    x = alt.X("value:Q", title=chart.get("x_title", "Standardised difference"))
    y = alt.Y(
        "label:N", title=None, sort=[row["label"] for row in chart["rows"]], axis=alt.Axis(labelLimit=320)
    )
    kinds = [kind for kind in ("as found", "reweighted") if any(row["kind"] == kind for row in long)]
    look = {"as found": ("circle", BLUE), "reweighted": ("diamond", AMBER)}
    legend = alt.Legend(orient="top", title=None) if len(kinds) > 1 else None
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=kinds, range=[look[k][0] for k in kinds]), legend=legend
    )
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[look[k][1] for k in kinds]), legend=legend
    )
    dots = (
        alt.Chart(data(long))
        .mark_point(size=80, opacity=1, filled=True)
        .encode(x=x, y=y, shape=shape, color=colour)
    )
    rules = [
        alt.Chart(data([{"value": value}])).mark_rule(color=colour_, strokeDash=dash).encode(x=x)
        for value, colour_, dash in ((0.0, GREY, [1, 0]), (-limit, RED, [4, 4]), (limit, RED, [4, 4]))
    ]
    return spec(alt.layer(*rules, dots).properties(width=380, height=alt.Step(24)))


def spanning(chart: Row) -> Spec:
    """Which picture shows one measure from its evaluation into live use?

    `rows` with `label`, `phase` ('evaluation' or 'live'), `estimate`, `low`, `high`, in time order; `y_title`. The
    evaluation's interval runs on as a band behind the live points, so that a fall is seen against the promise.
    """
    rows = [dict(row) for row in chart["rows"]]
    order = [row["label"] for row in rows]
    x = alt.X("label:N", title="Period", sort=order, axis=alt.Axis(labelAngle=-40, labelLimit=120))
    axis = alt.Scale(zero=False)
    y = alt.Y("estimate:Q", title=chart["y_title"], scale=axis)
    layers = []
    first = rows[0]
    if first["low"] is not None and first["high"] is not None:
        held = [{"low": first["low"], "high": first["high"]}]
        band = alt.Chart(data(held)).mark_rect(color=GREY, opacity=0.15)
        layers.append(band.encode(y=alt.Y("low:Q", title=chart["y_title"], scale=axis), y2="high:Q"))
    told = [row for row in rows if row["estimate"] is not None]
    if bounded := [row for row in told if row["low"] is not None and row["high"] is not None]:
        rule = alt.Chart(data(bounded)).mark_rule(color=GREY, strokeWidth=1.5)
        layers.append(rule.encode(x=x, y=alt.Y("low:Q", title=chart["y_title"], scale=axis), y2="high:Q"))
    live = [row for row in told if row["phase"] == "live"]
    layers.append(alt.Chart(data(live)).mark_line(color=BLUE, strokeWidth=1).encode(x=x, y=y))
    kinds = ["evaluation", "live"]
    legend = alt.Legend(orient="top", title=None)
    shape = alt.Shape("phase:N", scale=alt.Scale(domain=kinds, range=["diamond", "circle"]), legend=legend)
    colour = alt.Color("phase:N", scale=alt.Scale(domain=kinds, range=[AMBER, BLUE]), legend=legend)
    dots = alt.Chart(data(told)).mark_point(size=90, opacity=1, filled=True)
    layers.append(dots.encode(x=x, y=y, shape=shape, color=colour))
    width = max(230, min(480, 44 * len(rows)))  # a few months fit on a phone; a year has room for its labels
    return spec(alt.layer(*layers).properties(width=width, height=260))
