"""Which pictures show several tools on one ROC plane, and what a flag means for a thousand people?"""

from __future__ import annotations

from typing import Any

import altair as alt

from alarp.report.style import BLUE, GREY, INK, RED, Row, Spec, data, spec

PROMISED = "promised"
_SHARE = alt.Scale(domain=[0, 1])
# A dash and a shape for each, so that nobody needs to tell the colours apart.
_LOOKS = (
    (BLUE, [1, 0], "circle"),
    ("#330072", [7, 4], "square"),
    ("#00703c", [2, 3], "triangle-up"),
    ("#8a4a00", [9, 3, 2, 3], "triangle-down"),
    ("#ae2573", [4, 2], "cross"),
)


def several(chart: Row) -> Spec:
    """Which picture shows the ROC curves of several tools with their operating points, and the promised one?

    `curves` with `name`, `points` (None for a tool that only decides) and `operating_point`; `promised` with
    `sensitivity` and `one_minus_specificity`: a red diamond, or a dashed line where only one of them is promised.
    """
    names = [curve["name"] for curve in chart["curves"]]
    looks = [_LOOKS[i % len(_LOOKS)] for i in range(len(names))]
    promised = chart.get("promised")
    stated = [
        {**point, "tool": PROMISED}
        for point in ([] if promised is None else [promised])
        if None not in (point["sensitivity"], point["one_minus_specificity"])
    ]
    if stated:
        names, looks = [*names, PROMISED], [*looks, (RED, [1, 0], "diamond")]

    def scale(part: int) -> Any:
        return alt.Scale(domain=names, range=[look[part] for look in looks])

    x = alt.X("one_minus_specificity:Q", title="1 − specificity", scale=_SHARE)
    y = alt.Y("sensitivity:Q", title="Sensitivity", scale=_SHARE)
    key = alt.Legend(title=None, orient="bottom", labelFontSize=12, labelLimit=200)
    ends = data([{"one_minus_specificity": v, "sensitivity": v, "order": v} for v in (0, 1)])
    chance = alt.Chart(ends).mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1)
    rows = [
        {**point, "order": i, "tool": curve["name"]}
        for curve in chart["curves"]
        for i, point in enumerate(curve["points"] or ())
    ]
    colour = alt.Color("tool:N", scale=scale(0), legend=key)
    lines = alt.Chart(data(rows)).mark_line(strokeWidth=2, interpolate="linear")
    layers = [
        chance.encode(x=x, y=y, order="order:Q"),
        lines.encode(
            x=x,
            y=y,
            order="order:Q",
            color=colour,
            strokeDash=alt.StrokeDash("tool:N", scale=scale(1), legend=key),
        ),
    ]
    here = [
        {**curve["operating_point"], "tool": curve["name"]}
        for curve in chart["curves"]
        if None
        not in (curve["operating_point"]["sensitivity"], curve["operating_point"]["one_minus_specificity"])
    ]
    marks = alt.Chart(data([*here, *stated])).mark_point(
        size=120, filled=True, opacity=1, stroke="#ffffff", strokeWidth=1
    )
    layers.append(marks.encode(x=x, y=y, color=colour, shape=alt.Shape("tool:N", scale=scale(2), legend=key)))
    if promised is not None and not stated:
        layers.append(_one_side(promised, x, y))
    return spec(alt.layer(*layers).properties(width=360, height=360))


def _one_side(promised: Row, x: Any, y: Any) -> Any:
    """Only sensitivity, or only specificity, is promised: a line on which the operating point should lie."""
    rule = alt.Chart(data([promised])).mark_rule(color=RED, strokeDash=[2, 2], strokeWidth=1.5)
    return rule.encode(x=x) if promised["sensitivity"] is None else rule.encode(y=y)


def people(chart: Row) -> Spec:
    """Which picture shows what becomes of a thousand people? A bar for each fate with its number beside it.

    `rows` with `label`, `number`, `kind`: 'right' is filled blue, 'wrong' hollow red.
    """
    rows = [{**row, "text": f"{row['number']:.0f}"} for row in chart["rows"]]
    top = 1.15 * max([row["number"] for row in rows], default=1) or 1
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=280, labelFontSize=13))
    x = alt.X(
        "number:Q", title=chart["x_title"], scale=alt.Scale(domain=[0, top]), axis=alt.Axis(tickCount=5)
    )
    base = alt.Chart(data(rows))
    wrong = alt.datum.kind == "wrong"
    bar = base.mark_bar(height=22, strokeWidth=2).encode(
        x=x,
        y=y,
        fill=alt.condition(wrong, alt.value("#fdeceb"), alt.value(BLUE)),
        stroke=alt.condition(wrong, alt.value(RED), alt.value(BLUE)),
    )
    number = base.mark_text(align="left", dx=6, fontSize=13, fontWeight="bold", color=INK)
    return spec(
        alt.layer(bar, number.encode(x=x, y=y, text="text:N")).properties(width=330, height=alt.Step(36))
    )
