"""What does the report say of readers and advice? The counts first, then the shares, then the cases to talk about."""

from __future__ import annotations

from typing import Any

from alarp.evaluation import pieces, telling
from alarp.evaluation.pieces import Row
from alarp.evaluation.reader_study.protocol import ADVICE_NAMES
from alarp.evaluation.reader_study.relying import HURRIED, LESS_SURE, SURER

_SHOWN_CONFLICTS = 20
_PAIR = ("rair", "rsr")


def sentences(result: Row) -> list[str]:
    """What must a board member know of the readers' reliance?"""
    if not result["figures"].get("reliance"):
        return []
    said = []
    for measure, when, how in (
        ("rair", "first wrong and the tool was right", "ended right"),
        ("rsr", "first right and the tool was wrong", "stayed right"),
    ):
        row = pieces.find(result, measure)
        if row is None or row["estimate"] is None:
            said.append(f"No reader was {when}, so nobody can tell how many would have {how}.")
        else:
            said.append(
                f"Of 100 readings in which the reader was {when}, {pieces.per_hundred(row)} {how}. "
                f"Counted over {row['n']} readings."
            )
    return said


def sections(result: Row) -> list[dict[str, Any]]:
    """Reliance on advice: the table of two by two first, then the shares, pressure and confidence, and the conflicts."""
    found = result["figures"].get("reliance")
    if not found:
        return []
    counted = pieces.section(
        "Working with the tool's advice", paragraphs=_paragraphs(found), tables=[_two_by_two(found)]
    )
    return [counted, _shares(result, found)]


def _shares(result: Row, found: Row) -> dict[str, Any]:
    rows = [r for r in result["measures"] if r["measure"] in ADVICE_NAMES]
    plain = [r for r in rows if r["subgroup"] == "all"]
    parts = [name for name in found["groups"] if name != "all" and ", " not in name]
    tables = [pieces.measures_table("Every reading with advice", plain)]
    if parts:
        own = [r for r in rows if r["subgroup"] in parts]
        tables.append(pieces.measures_table(f"Apart: {'; '.join(parts)}", own, by_subgroup=True))
    if hurry := [c for c in result["comparisons"] if c["a"] == HURRIED]:
        tables.append(_hurry(hurry))
    readers = [r for r in rows if ", " in r["subgroup"] and r["measure"] != "reading_seconds"]
    tables.append(pieces.measures_table("Every reader", readers, by_subgroup=True))
    if found["conflicts"]:
        tables.append(_conflicts(found["conflicts"]))
    by_reader = [r for r in rows if ", " in r["subgroup"] or r["subgroup"] in ("all", *parts)]
    charts = [telling.forest({**result, "measures": by_reader}, measure) for measure in _PAIR]
    return pieces.section(
        "Good advice taken, bad advice left",
        tables=tables,
        charts=[chart for chart in charts if chart is not None],
    )


def _paragraphs(found: Row) -> list[str]:
    without = "; ".join(f"{name} {n}" for name, n in found["unadvised"].items())
    said = [
        "Reliance is right when good advice is taken and bad advice is not: the first two shares belong together, and "
        "either alone rewards following everything or nothing. Under-reliance shows as a low share of good advice taken, "
        "over-reliance (automation bias) as bad advice followed. Intervals of all readers together take the readers, not "
        "the readings, as the sample; those of one reader hold for that reader's readings."
    ]
    if without:
        said.append(f"Readings without advice, not counted here: {without}.")
    if found["unanswered"]:
        said.append(f"{found['unanswered']} advised readings had no final answer and count as wrong.")
    if LESS_SURE in found["groups"]:
        said.append(
            f"'{LESS_SURE}': the confidence was at or below the reader's own median; '{SURER}': above it."
        )
    return said


def _two_by_two(found: Row) -> dict[str, Any]:
    return pieces.table(
        "Who was right: the tool and the first impression, and how the reading ended",
        ["Group", "Tool", "First impression", "Readings", "Right in the end"],
        [
            [s["group"], s["tool"], s["first"], str(s["readings"]), str(s["right_in_the_end"])]
            for s in found["situations"]
        ],
    )


def _hurry(rows: list[Row]) -> dict[str, Any]:
    return telling.comparison_table(
        "What time pressure changes",
        rows,
        note="The same readers stand on both sides, which these intervals do not use: they are rather too wide.",
    )


def _conflicts(rows: list[Row]) -> dict[str, Any]:
    shown = rows[:_SHOWN_CONFLICTS]
    more = f"{len(rows) - len(shown)} more are in result.json." if len(rows) > len(shown) else ""
    return pieces.table(
        "Cases to talk about: first impression and advice differed",
        [
            "Case",
            "Truth",
            "Readings",
            "Took good advice",
            "Left good advice",
            "Took bad advice",
            "Left bad advice",
        ],
        [
            [
                row["case"],
                "diseased" if row["diseased"] else "healthy",
                str(row["readings"]),
                str(row["followed_right_advice"]),
                str(row["kept_against_right_advice"]),
                str(row["followed_wrong_advice"]),
                str(row["kept_against_wrong_advice"]),
            ]
            for row in shown
        ],
        note=more,
    )
