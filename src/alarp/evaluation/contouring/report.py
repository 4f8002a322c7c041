"""What does the report on a contouring tool say?"""

from __future__ import annotations

from typing import Any

from alarp.evaluation import pieces
from alarp.evaluation.pieces import Row, Story

_SHOWN = ("dice", "surface_dice", "hd95_mm", "hd_mm", "mean_surface_distance_mm", "volume_difference_ml")


def story(result: Row) -> Story:
    """Which story does a contouring result tell, to a board member first and a physicist after?"""
    return pieces.frame(
        result, summary=_summary(result), sections=[_pooled(result), _structures(result), _worst(result)]
    )


def _summary(result: Row) -> list[str]:
    said = [pieces.claims_sentence(result)]
    dice, outcomes = pieces.find(result, "dice"), result["outcomes"]
    if dice and dice["estimate"] is not None:
        text = f"On average {100 * dice['estimate']:.0f} % of the two outlines coincide (Dice {pieces.show(dice['estimate'])}"
        text += f", {pieces.interval(dice)})" if dice["low"] is not None else ", one case, no interval)"
        said.append(text + f", over {dice['n']} outlines.")
    drawn = outcomes["scored"] + outcomes["missed"] + outcomes["ai_failed"] + outcomes["rejected_by_ai"]
    said.append(
        f"Of {drawn} outlines asked for, it drew {outcomes['scored']}; {outcomes['spurious']} it drew where nothing is."
    )
    return [*said, for_whom(result)]


def for_whom(result: Row) -> str:
    """For which structures and patients may it not work?"""
    cases = result["figures"]["cases"]
    lost = sorted(
        {
            r["structure"]
            for r in result["figures"]["per_case"]
            if r["outcome"] not in ("scored", "both_empty")
        }
    )
    text = "For whom it may not work: "
    text += (
        f"structures missed, invented or failed at least once: {', '.join(lost)}"
        if lost
        else "no structure was missed"
    )
    return text + (
        "; one case says nothing about the next patient." if cases == 1 else f"; {cases} cases were seen."
    )


def _pooled(result: Row) -> dict[str, Any]:
    rows = [row for row in result["measures"] if row["subgroup"] == "all"]
    return pieces.section(
        "All structures together", tables=[pieces.measures_table("Mean over all outlines", rows)]
    )


def _structures(result: Row) -> dict[str, Any]:
    groups = [r for r in result["measures"] if r["subgroup"] != "all"]
    charts = []
    for measure in ("dice", "surface_dice"):
        lines = [r for r in groups if r["measure"] == measure and r["estimate"] is not None]
        if not lines:
            continue
        charts.append(
            {
                "chart": "bars",
                "title": f"{pieces.name_of(measure)} by structure",
                "description": "; ".join(f"{r['subgroup']} {pieces.show(r['estimate'])}" for r in lines)
                + ".",
                "x_title": pieces.name_of(measure),
                "rows": [
                    {"label": r["subgroup"]} | {k: r[k] for k in ("estimate", "low", "high", "n")}
                    for r in lines
                ],
                "table": pieces.measures_table(
                    f"{pieces.name_of(measure)} by structure", lines, by_subgroup=True
                ),
            }
        )
    tables = [
        pieces.wide_table(
            "Every measure by structure: missed outlines counted", groups, (*_SHOWN, "failure_rate")
        ),
        pieces.wide_table(
            "The same, only where the tool drew something", groups, [f"{m}_as_treated" for m in _SHOWN]
        ),
    ]
    return pieces.section("Each structure", charts=charts, tables=tables)


def _worst(result: Row) -> dict[str, Any]:
    rows = [r for r in result["figures"]["per_case"] if r.get("dice") is not None]
    rows = sorted(rows, key=lambda r: (r["dice"], r["case"], r["structure"]))[:20]
    body = [
        [r["case"], r["structure"], r["outcome"].replace("_", " "), *(pieces.show(r.get(m)) for m in _SHOWN)]
        for r in rows
    ]
    remarks = [
        f"{r['case']}, {r['structure']}: {text}."
        for r in result["figures"]["per_case"]
        for text in r["remarks"]
    ]
    columns = ["Case", "Structure", "Outcome", *(pieces.name_of(m) for m in _SHOWN)]
    caption = "The outlines that agree least (at most twenty)"
    return pieces.section(
        "Look at these first", tables=[pieces.table(caption, columns, body)], paragraphs=remarks[:40]
    )
