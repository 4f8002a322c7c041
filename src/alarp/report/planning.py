"""Which picture shows how sure a study of a given size can be?"""

from __future__ import annotations

import altair as alt

from alarp.report.style import GREY, Row, Spec
from alarp.report.style import data as _data
from alarp.report.style import spec as _spec

_COLOURS = ["#005eb8", "#d5281b", "#007f3b", "#7c2855", "#8a6d00"]
_SHAPES = ["circle", "square", "triangle-up", "diamond", "cross"]


def assurance(chart: Row) -> Spec:
    """Which picture shows the chance of reaching an aim against the number enrolled?

    `points` with `label`, `enrolled`, `assurance`; `wanted`, drawn dashed. Lines differ by colour and by mark.
    """
    labels = list(dict.fromkeys(p["label"] for p in chart["points"]))
    shown = {"domain": labels}
    x = alt.X("enrolled:Q", title="Cases enrolled")
    y = alt.Y("assurance:Q", title="Chance of reaching the aim", scale=alt.Scale(domain=[0, 1]))
    legend = alt.Legend(orient="bottom", columns=1, title=None, labelLimit=320)
    colour = alt.Color(
        "label:N", scale=alt.Scale(**shown, range=_COLOURS[: len(labels)]), legend=legend, sort=labels
    )
    shape = alt.Shape(
        "label:N", scale=alt.Scale(**shown, range=_SHAPES[: len(labels)]), legend=legend, sort=labels
    )
    base = alt.Chart(_data(chart["points"]))
    wanted = alt.Chart(_data([{"assurance": chart["wanted"]}])).mark_rule(color=GREY, strokeDash=[6, 4])
    layers = [
        wanted.encode(y=y),
        base.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour),
        base.mark_point(filled=True, size=50, opacity=1).encode(x=x, y=y, color=colour, shape=shape),
    ]
    return _spec(alt.layer(*layers).properties(width=420, height=260))
