"""What does the report on a contouring tool say?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from alarp.evaluation import mixed, pieces
from alarp.evaluation.contouring.protocol import CLINIC, DOSE
from alarp.evaluation.pieces import Row, Story

_SHOWN = (
    "dice", "surface_dice", "hd95_mm", "hd_mm", "mean_surface_distance_mm", "added_path_length_mm",
    "volume_difference_ml",
)  # fmt: skip
_SPREAD = ("least", "low", "middle", "high", "most")
_ENOUGH = 3
_BESIDE = ("_as_treated", "_best_case", "_worst_case")
_PICTURED = ("dice", "surface_dice", "hd95_mm")


def story(result: Row) -> Story:
    """Which story does a contouring result tell, to a board member first and a physicist after?"""
    sections = [_pooled(result), _structures(result), *_observers(result), *_clinic(result), _worst(result)]
    mix = mixed.case_mix(result)
    sections += [*([] if mix is None else [mix]), *_names(result)]
    return pieces.frame(result, summary=_summary(result), sections=sections)


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
    rows = {row["measure"]: row for row in result["measures"] if row["subgroup"] == "all"}

    def of(names: Iterable[str]) -> list[Row]:
        return [rows[name] for name in names if name in rows]

    beside = of(name + ending for name in _SHOWN for ending in _BESIDE)
    voxel = of(name for name in rows if name.endswith("_voxel"))
    surface = of(("surface_dice", "surface_dice_low", "surface_dice_high"))
    return pieces.section(
        "All structures together",
        tables=[
            pieces.measures_table("Mean over all outlines", of((*_SHOWN, "failure_rate", "acceptance_rate"))),
            pieces.measures_table(
                "The same, with outlines that were missed or not answered left out, taken for perfect, or for the worst",
                beside,
            ),
            pieces.measures_table(
                "Surface Dice if the surfaces lay half a voxel farther apart or nearer (discretisation)",
                surface,
            ),
            pieces.measures_table("By the voxel definition, to compare with other programs", voxel),
        ],
    )


def _structures(result: Row) -> dict[str, Any]:
    groups = [row for row in result["measures"] if row["subgroup"] != "all"]
    charts = [chart for measure in ("dice", "surface_dice") if (chart := _bars(groups, measure))]
    charts += [chart for measure in _PICTURED if (chart := _boxes(result, measure))]
    tables = [
        pieces.wide_table(
            "Every measure by structure: missed outlines counted",
            groups,
            (*_SHOWN, "failure_rate", *_given(groups, "acceptance_rate")),
        ),
        pieces.wide_table(
            "The same, only where the tool drew something", groups, [f"{m}_as_treated" for m in _SHOWN]
        ),
    ]
    return pieces.section("Each structure", charts=charts, tables=tables)


def _given(rows: Iterable[Row], *names: str) -> list[str]:
    held = {row["measure"] for row in rows}
    return [name for name in names if name in held]


def _bars(groups: list[Row], measure: str) -> dict[str, Any] | None:
    lines = [r for r in groups if r["measure"] == measure and r["estimate"] is not None]
    if not lines:
        return None
    named = pieces.name_of(measure)
    return {
        "chart": "bars",
        "title": f"{named} by structure",
        "description": "; ".join(f"{r['subgroup']} {pieces.show(r['estimate'])}" for r in lines) + ".",
        "x_title": named,
        "rows": [
            {"label": r["subgroup"]} | {k: r[k] for k in ("estimate", "low", "high", "n")} for r in lines
        ],
        "table": pieces.measures_table(f"{named} by structure", lines, by_subgroup=True),
    }


def _boxes(result: Row, measure: str) -> dict[str, Any] | None:
    """How does the measure spread over the cases? Only where some structure was measured in three cases."""
    values: dict[str, list[float]] = {}
    for row in result["figures"]["per_case"]:
        if row.get(measure) is not None and row["outcome"] != "reference_missing":
            values.setdefault(row["structure"], []).append(float(row[measure]))
    rows: list[dict[str, Any]] = [
        {"label": name, "n": len(found)}
        | dict(zip(_SPREAD, np.quantile(found, [0, 0.25, 0.5, 0.75, 1]).tolist(), strict=True))
        for name, found in values.items()
        if len(found) >= _ENOUGH
    ]
    if not rows:
        return None
    named = pieces.name_of(measure)
    body = [[row["label"], *(pieces.show(row[key]) for key in _SPREAD), str(row["n"])] for row in rows]
    columns = ["Structure", "Least", "Lower quarter", "Median", "Upper quarter", "Most", "n"]
    return {
        "chart": "boxes",
        "title": f"How {named} spreads over the cases",
        "description": "; ".join(f"{r['label']}: median {pieces.show(r['middle'])}" for r in rows) + ".",
        "x_title": named,
        "rows": rows,
        "table": pieces.table(f"How {named} spreads over the cases", columns, body),
    }


def _observers(result: Row) -> list[dict[str, Any]]:
    """How does the tool stand beside a second person?"""
    rows = [row for row in result["comparisons"] if row["b"].startswith("observer")]
    if not rows:
        return []
    body = [
        [f"{pieces.name_of(row['measure'])}: {row['a']} minus {row['b']}", pieces.show(row["difference"]),
         pieces.interval(row), pieces.show(row["p"]), row["flag"] or row["method"]]
        for row in rows if row["measure"] in _PICTURED
    ]  # fmt: skip
    groups = [row for row in result["measures"] if row["measure"].startswith("observer_")]
    said = (
        "Where two people differ as much as the tool differs from one of them, no tool can be shown to be better or worse "
        "on this reference."
    )
    return [
        pieces.section(
            "Beside a second observer",
            paragraphs=[said],
            tables=[
                pieces.table(
                    "The tool and a second observer against the same reference",
                    ["Comparison", "Difference", "Interval", "p", "Method or reason"],
                    body,
                ),
                pieces.wide_table(
                    "The second observer against the reference", groups, [f"observer_{m}" for m in _SHOWN]
                ),
            ],
        )
    ]


def _clinic(result: Row) -> list[dict[str, Any]]:
    """What do clinicians say of the outlines, in ratings, minutes and dose?"""
    rows = [row for row in result["measures"] if row["measure"] in (*CLINIC, *DOSE)]
    rows = [row for row in rows if row["measure"] != "acceptance_rate"]
    if not rows:
        return []
    table = pieces.measures_table("Ratings, time, use and dose", rows, by_subgroup=True)
    return [
        pieces.section(
            "What it means in the clinic", tables=[table], paragraphs=[pieces.compared_with(result)]
        )
    ]


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
    charts = [_picture(picture) for picture in result["figures"].get("worst", [])]
    return pieces.section(
        "Look at these first",
        charts=charts,
        tables=[pieces.table(caption, columns, body)],
        paragraphs=remarks[:40],
    )


def _picture(picture: Row) -> dict[str, Any]:
    """Which slice shows the difference, in a picture and in words?"""
    where = f"slice {picture['slice']} of {picture['slices']}"
    how = {"missed": "the tool drew nothing", "spurious": "the reference has nothing"}.get(
        picture["outcome"], f"Dice {pieces.show(picture['dice'])} over the whole structure"
    )
    title = f"{picture['case']}, {picture['structure']}: where the two differ most"
    cells = [picture["case"], picture["structure"], where, pieces.show(picture["dice"]), how]
    return {
        **picture,
        "chart": "outlines",
        "title": title,
        "description": f"{where}; reference solid, the tool's output dashed; {how}.",
        "table": pieces.table(title, ["Case", "Structure", "Slice", "Dice", "What is seen"], [cells]),
    }


def _names(result: Row) -> list[dict[str, Any]]:
    """Which names stood in the files, and what was each taken for?"""
    every = result["figures"].get("names", [])
    rows = [r for r in every if r["written"] != r["structure"]]
    if not every:
        return []
    plain = len(every) - len(rows)
    said = [f"{plain} names stood in the files as the structures are called here."] if plain else []
    body = [
        [
            r["written"],
            r["role"],
            r["structure"] or "not asked for",
            r["standard"] or "unknown",
            str(r["cases"]),
        ]
        for r in rows
    ]
    columns = ["Name in the file", "File", "Taken for", "TG-263", "Cases"]
    return [
        pieces.section(
            "Names of structures",
            paragraphs=said,
            tables=[pieces.table("How every other name was read, by AAPM TG-263", columns, body)],
        )
    ]
