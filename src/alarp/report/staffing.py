"""Which picture shows people: how many of them may, against how many should, and in which roles the rest are?"""

from __future__ import annotations

from typing import Any

import altair as alt

from alarp.report.style import BLUE, GREY, INK, RED, Row, Spec, data, spec

# State → fill, outline and shape: told apart without colour.
_STATES = {
    "unaided": (BLUE, BLUE, "circle"),
    "under supervision": ("#ffffff", BLUE, "triangle-up"),
    "not entitled": ("#ffffff", RED, "cross"),
}
WIDTH = 220


def coverage(chart: Row) -> Spec:
    """Which picture shows how many users are entitled, against the aim, and who is not, role by role?

    `estimate`, `low`, `high`, `target` for all users together; `people` with `role` and `state` (unaided, under
    supervision, not entitled), one mark each.
    """
    return spec(
        alt.vconcat(_share(chart), _people(chart["people"]), spacing=18).resolve_scale(
            x="independent", y="independent"
        )
    )


def _share(chart: Row) -> Any:
    row = {"who": "All users", **{name: chart[name] for name in ("estimate", "low", "high", "target")}}
    x = alt.X(
        "estimate:Q",
        title=chart["x_title"],
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", tickCount=5),
    )
    y = alt.Y("who:N", title=None)
    base = alt.Chart(data([row]))
    bar = base.mark_bar(color=BLUE, height=18).encode(x=x, y=y)
    interval = base.mark_rule(color=INK, strokeWidth=2).encode(x="low:Q", x2="high:Q", y=y)
    aim = base.mark_rule(color=RED, strokeDash=[5, 3], strokeWidth=2).encode(x="target:Q")
    label = base.mark_text(align="center", baseline="bottom", dy=-4, color=RED, fontSize=12).encode(
        x="target:Q", y=alt.value(0), text=alt.value(f"aim {chart['target']:.0%}")
    )
    return alt.layer(bar, interval, aim, label).properties(width=WIDTH, height=34)


def _people(people: Any) -> Any:
    seen: dict[str, int] = {}
    rows = []
    for one in people:
        seen[one["role"]] = seen.get(one["role"], 0) + 1
        rows.append({**one, "place": seen[one["role"]]})
    most = max(seen.values(), default=1)
    states = [state for state in _STATES if any(one["state"] == state for one in rows)]

    def scale(part: int) -> Any:
        return alt.Scale(domain=states, range=[_STATES[s][part] for s in states])

    legend = alt.Legend(title=None, orient="bottom", labelFontSize=12, symbolSize=140)
    return (
        alt.Chart(data(rows))
        .mark_point(size=170, opacity=1, strokeWidth=2)
        .encode(
            x=alt.X(
                "place:Q",
                title="Users",
                scale=alt.Scale(domain=[0.5, max(most, 6) + 0.5]),
                axis=alt.Axis(tickMinStep=1, format="d", grid=False, labelColor=GREY),
            ),
            y=alt.Y("role:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)),
            fill=alt.Fill("state:N", scale=scale(0), legend=legend),
            stroke=alt.Stroke("state:N", scale=scale(1), legend=legend),
            shape=alt.Shape("state:N", scale=scale(2), legend=legend),
        )
        .properties(width=WIDTH, height=alt.Step(28))
    )
