"""What does the plan of a study say, to somebody who must agree to it?"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from alarp.evaluation.pieces import Row, Story, section, table


def story(found: Row, *, provenance: list[list[str]]) -> Story:
    """Which story does a worked-out plan tell? `found` is what `work_out` returns."""
    return {
        "title": f"Sample size: {found['title']}",
        "lead": "How many cases must be enrolled, over a range of what is not known beforehand.",
        "warnings": _warnings(found),
        "summary": _summary(found),
        "claims": _needed(found),
        "sections": [
            section(
                "How sure with how many",
                charts=[_chart(aim, list(rows)) | _line(found) for aim, rows in _by_aim(found)],
            )
        ],
        "provenance": provenance,
    }


def _summary(found: Row) -> list[str]:
    if found["needed"] is None:
        first = "For at least one aim a hundred thousand cases do not suffice: choose a wider interval or a lower limit."
    else:
        first = f"{found['needed']} cases reach every aim in the worst situation that was looked at."
    return [first, _assumed(found)]


def _assumed(found: Row) -> str:
    parts = [f"interval level {100 * found['level']:g} %"]
    if found["design_effect"] != 1:
        parts.append(f"design effect {found['design_effect']:.3g} for several cases of one patient")
    if found["lost_share"]:
        parts.append(f"{100 * found['lost_share']:g} % lost to a missing reference")
    return "Assumed: " + "; ".join(parts) + "."


def _warnings(found: Row) -> list[str]:
    return (
        []
        if found["sources"]
        else ["The plan names no source for its expected values: they are assumptions."]
    )


def _needed(found: Row) -> dict[str, Any]:
    body = [
        [
            row["aim"],
            "–" if row["prevalence"] is None else f"{100 * row['prevalence']:g} %",
            "more than 100,000" if row["enrolled"] is None else f"{row['enrolled']:,}",
            row["method"],
        ]
        for row in found["rows"]
    ]
    note = (
        f"On average: the interval is as narrow as wanted for the expected counts. Assurance: it is in {100 * found['assurance']:g} "
        "of 100 studies of this size."
    )
    return table("Cases to enrol", ["What must be known", "Prevalence", "Cases", "Method"], body, note=note)


def _by_aim(found: Row) -> Any:
    return groupby(found["curves"], key=lambda row: row["aim"])


def _line(found: Row) -> dict[str, float]:
    return {"wanted": found["assurance"]}


def _chart(aim: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    body = [[f"{r['enrolled']:,}", f"{100 * r['prevalence']:g} %", f"{r['assurance']:.2f}"] for r in rows]
    points = [
        {
            "label": f"{100 * r['prevalence']:g} % have the condition",
            "enrolled": r["enrolled"],
            "assurance": r["assurance"],
        }
        for r in rows
    ]
    return {
        "chart": "assurance",
        "title": aim[0].upper() + aim[1:],
        "description": "The chance that a study of this size reaches the aim, one line for each prevalence; the dashed "
        "line is the assurance that is wanted.",
        "points": points,
        "table": table(f"Chance of reaching the aim: {aim}", ["Enrolled", "Prevalence", "Chance"], body),
    }
