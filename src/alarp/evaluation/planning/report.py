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
        "sections": _sections(found),
        "provenance": provenance,
    }


def _sections(found: Row) -> list[dict[str, Any]]:
    charts = [_chart(aim, list(rows)) | _line(found) for aim, rows in _by_aim(found)]
    made = [section("How sure with how many", charts=charts)] if charts else []
    return made if found["readers"] is None else [*made, _readers_section(found["readers"])]


def _summary(found: Row) -> list[str]:
    said = [] if found["readers"] is None else [_of_readers(found["readers"])]
    return [*said, *([_of_cases(found)] if found["rows"] else []), _assumed(found)]


def _of_readers(found: Row) -> str:
    """Which sizes find the difference? The fewest readers that can, and the most that were looked at."""
    enough = [row for row in found["rows"] if row["enrolled"] is not None]
    if not enough:
        return f"With none of these numbers of readers is {found['aim']}, however many cases they read: invite more readers."
    sizes = list(
        dict.fromkeys(
            f"{row['readers']} readers of {row['enrolled']:,} cases" for row in (enough[0], enough[-1])
        )
    )
    few = (
        f" Fewer than {enough[0]['readers']} readers do not suffice."
        if enough[0] is not found["rows"][0]
        else ""
    )
    return f"{' or '.join(sizes)}: {found['aim']}, if the next study varies as {found['source']}.{few}"


def _of_cases(found: Row) -> str:
    if found["needed"] is None:
        return "For at least one aim a hundred thousand cases do not suffice: choose a wider interval or a lower limit."
    return f"{found['needed']} cases reach every aim in the worst situation that was looked at."


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
    if (readers := found["readers"]) is not None:
        body += [
            [
                f"{readers['aim']}, {row['readers']} readers",
                "–",
                "no number: too few readers" if row["enrolled"] is None else f"{row['enrolled']:,}",
                readers["method"],
            ]
            for row in readers["rows"]
        ]
    note = (
        f"On average: the interval is as narrow as wanted for the expected counts. Assurance: it is in {100 * found['assurance']:g} "
        "of 100 studies of this size."
    )
    return table("Cases to enrol", ["What must be known", "Prevalence", "Cases", "Method"], body, note=note)


def _readers_section(found: Row) -> dict[str, Any]:
    """Readers down, cases across: the power, and how wide the interval would be."""
    cases = list(dict.fromkeys(size["cases"] for size in found["table"]))
    readers = list(dict.fromkeys(size["readers"] for size in found["table"]))
    cells = {
        (s["readers"], s["cases"]): f"{s['power']:.2f} (± {s['half_width']:.3f})" for s in found["table"]
    }
    body = [[f"{r} readers", *(cells[(r, k)] for k in cases)] for r in readers]
    return section(
        "How many readers, how many cases",
        paragraphs=[
            f"The chance that {found['aim'].split(' with power')[0]}, and half the width of the interval, when the readers "
            f"are {found['readers_are']} and cases are like the pilot's. Readers who differ in how far the tool helps them "
            "are a limit that more cases do not lift."
        ],
        tables=[table("Power by readers and cases", ["Readers", *(f"{k:,} cases" for k in cases)], body)],
    )


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
