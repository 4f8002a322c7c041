"""Which picture shows amounts: over the years, by what they are for, by what moves them, against what is needed?"""

from __future__ import annotations

from typing import Any

import altair as alt

from alarp.report.style import BLUE, GREY, INK, RED, Row, Spec, data, spec

# A dash and a marker for each line, so that nobody needs to tell the colours apart.
_LINES = (("#005eb8", [1, 0], "circle"), ("#330072", [7, 4], "square"), ("#00703c", [2, 3], "triangle-up"))
_PARTS = ("#005eb8", "#ffb81c", "#330072", "#00a499", "#ae2573", "#768692", "#78be20", "#8a4a00")
_LIGHT = {"#ffb81c", "#00a499", "#78be20", "#768692"}  # ink on these, white on the others
WIDTH, HEIGHT = 420, 280
NARROW = 210  # with its labels it fits a phone


def lines(chart: Row) -> Spec:
    """Which picture shows how amounts run over the years?

    `series` with `label` and `points` of `x` and `y`; `x_title`, `y_title`. Each line has its own dash and marker and
    its name at its end.
    """
    names = [s["label"] for s in chart["series"]]
    rows = [{"series": s["label"], **point} for s in chart["series"] for point in s["points"]]
    last = [{"series": s["label"], **s["points"][-1]} for s in chart["series"]]
    looks = [_LINES[i % len(_LINES)] for i in range(len(names))]

    def scale(part: int) -> Any:
        return alt.Scale(domain=names, range=[look[part] for look in looks])

    x = alt.X("x:Q", title=chart["x_title"], axis=alt.Axis(tickMinStep=1, format="d", grid=False))
    y = alt.Y("y:Q", title=chart["y_title"], axis=alt.Axis(format="~s"))
    colour = alt.Color("series:N", scale=scale(0), legend=None)
    base = alt.Chart(data(rows))
    run = base.mark_line(strokeWidth=2).encode(
        x=x, y=y, color=colour, strokeDash=alt.StrokeDash("series:N", scale=scale(1), legend=None)
    )
    marks = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=x, y=y, color=colour, shape=alt.Shape("series:N", scale=scale(2), legend=None)
    )
    ends = alt.Chart(data(last)).mark_text(align="left", dx=8, fontSize=12)
    named = ends.encode(x=x, y=y, text="series:N", color=colour)
    return spec(alt.layer(run, marks, named).properties(width=WIDTH, height=HEIGHT))


def stacked(chart: Row) -> Spec:
    """Which picture shows what an amount consists of, bar by bar?

    `parts` in their order from the axis outwards, `rows` with `x`, `part`, `amount`; `width` where a narrow one is
    wanted. Each part carries its number in
    the bars and in the key, so that colours need not be told apart; what is negative hangs below the axis.
    """
    parts = list(chart["parts"])
    pieces = _stack(parts, chart["rows"])
    keys = [f"{i} {part}" for i, part in enumerate(parts, 1)]
    colours = [_PARTS[i % len(_PARTS)] for i in range(len(parts))]
    order = list(dict.fromkeys(row["x"] for row in chart["rows"]))
    x = alt.X("x:O", title=chart["x_title"], sort=order, axis=alt.Axis(labelAngle=0))
    y = alt.Y("from:Q", title=chart["y_title"], axis=alt.Axis(format="~s"))
    fill = alt.Color(
        "key:N",
        scale=alt.Scale(domain=keys, range=colours),
        legend=alt.Legend(
            title=None, orient="bottom", columns=2, labelLimit=200, labelFontSize=12, symbolType="square"
        ),
    )
    base = alt.Chart(data(pieces))
    bar = base.mark_bar(stroke="#ffffff", strokeWidth=1).encode(x=x, y=y, y2="to:Q", color=fill)
    tall = max((p["to"] for p in pieces), default=0) - min((p["from"] for p in pieces), default=0)
    shown = [p for p in pieces if abs(p["to"] - p["from"]) > 0.055 * tall] or pieces[:1]
    number = alt.Chart(data(shown)).mark_text(fontSize=11, fontWeight="bold")
    numbered = number.encode(
        x=x,
        y=alt.Y("middle:Q"),
        text="number:N",
        color=alt.Color("ink:N", scale=None),
    )
    layered = alt.layer(bar, numbered).resolve_scale(color="independent")
    return spec(layered.properties(width=chart.get("width", WIDTH), height=HEIGHT))


def _stack(parts: list[str], rows: Any) -> list[dict[str, Any]]:
    above: dict[str, float] = {}
    below: dict[str, float] = {}
    pieces = []
    for number, part in enumerate(parts, 1):
        colour = _PARTS[(number - 1) % len(_PARTS)]
        for row in (r for r in rows if r["part"] == part and r["amount"]):
            side = above if row["amount"] > 0 else below
            start = side.get(row["x"], 0.0)
            side[row["x"]] = end = start + row["amount"]
            pieces.append(
                {"x": row["x"], "key": f"{number} {part}", "number": str(number), "from": start, "to": end,
                 "middle": (start + end) / 2, "ink": INK if colour in _LIGHT else "#ffffff"}
            )  # fmt: skip
    return pieces


def tornado(chart: Row) -> Spec:
    """Which picture shows what moves an amount most?

    `rows` with `label`, `at_low`, `at_high`, widest first, around `centre`. A hollow square ends where the figure is
    low, a filled circle where it is high.
    """
    rows = [
        {**row, "low": "figure at its low end", "high": "figure at its high end"} for row in chart["rows"]
    ]
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=215))
    title = chart["x_title"]
    low = alt.X("at_low:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(format="~s"))
    base = alt.Chart(data(rows))
    kinds = ["figure at its low end", "figure at its high end"]
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=["square", "circle"]),
        legend=alt.Legend(title=None, orient="bottom", labelFontSize=12),
    )
    fill = alt.Fill("kind:N", scale=alt.Scale(domain=kinds, range=["#ffffff", BLUE]), legend=None)
    ends = [
        {"label": row["label"], "at_low": row[at], "kind": row[kind]}
        for row in rows
        for at, kind in (("at_low", "low"), ("at_high", "high"))
    ]
    bar = base.mark_bar(color="#aec6de", height=14).encode(x=low, x2="at_high:Q", y=y)
    marks = alt.Chart(data(ends)).mark_point(size=70, opacity=1, stroke=BLUE, strokeWidth=2)
    centre = alt.Chart(data([{"at_low": chart["centre"]}])).mark_rule(color=INK, strokeDash=[4, 3])
    layers = [bar, centre.encode(x=low), marks.encode(x=low, y=y, shape=shape, fill=fill)]
    return spec(alt.layer(*layers).properties(width=260, height=alt.Step(28)))


def needed(chart: Row) -> Spec:
    """Which picture shows what is needed against what is expected?

    `rows` with `label` and `value`, a bar each; `expected` with `value` and `label`, a dashed line across them. A bar
    that stays within the line is blue and filled, one that goes beyond is hollow and red.
    """
    here = chart["expected"]["value"]
    rows = [{**r, "text": r["text"], "beyond": r["value"] > here + 1e-9} for r in chart["rows"]]
    top = 1.3 * max([here, *(r["value"] for r in rows)], default=1)
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=260, labelFontSize=13))
    x = alt.X(
        "value:Q", title=chart["x_title"], scale=alt.Scale(domain=[0, top or 1]), axis=alt.Axis(tickCount=5)
    )
    base = alt.Chart(data(rows))
    beyond = alt.datum.beyond
    fill = alt.condition(beyond, alt.value("#fdeceb"), alt.value(BLUE))
    edge = alt.condition(beyond, alt.value(RED), alt.value(BLUE))
    bar = base.mark_bar(height=26, strokeWidth=2).encode(x=x, y=y, fill=fill, stroke=edge)
    named = base.mark_text(align="left", dx=6, fontSize=13, fontWeight="bold", color=INK)
    line = alt.Chart(data([{"value": here, "says": chart["expected"]["label"]}]))
    rule = line.mark_rule(color=INK, strokeDash=[5, 4], strokeWidth=1.5).encode(x=x)
    label = line.mark_text(align="left", dx=4, dy=-6, baseline="bottom", color=GREY, fontSize=12)
    says = label.encode(x=x, y=alt.value(0), text="says:N")
    layers = [bar, named.encode(x=x, y=y, text="text:N"), rule, says]
    return spec(alt.layer(*layers).properties(width=NARROW, height=alt.Step(42)))
