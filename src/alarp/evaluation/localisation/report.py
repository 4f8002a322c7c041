"""What does the report on a tool that marks places say?"""

from __future__ import annotations

from alarp.evaluation import mixed, pieces, reference_readings
from alarp.evaluation.mrmc import telling
from alarp.evaluation.pieces import Row, Story


def story(result: Row) -> Story:
    """Which story do marks tell, to a board member first and a statistician after?"""
    charts = [telling.froc_chart(result), telling.wafroc_chart(result)]
    drawn = [chart for chart in charts if chart is not None]
    sections = [
        telling.arms_section(result),
        pieces.section("Curves", charts=drawn, tables=_operating_points(result)) if drawn else None,
        telling.differences_section(result),
        telling.readers_section(result),
        telling.subgroups_section(result),
        mixed.case_mix(result),
        telling.variation_section(result),
        reference_readings.section(result),
    ]
    summary = [*telling.summary(result), *_found_and_false(result)]
    return pieces.frame(result, summary=summary, sections=[s for s in sections if s is not None])


def _found_and_false(result: Row) -> list[str]:
    """In natural numbers: of 100 lesions, how many are found, and at what price?"""
    said = []
    for arm in result["figures"]["arms"]:
        found = pieces.find(result, "lesions_found", arm["arm"])
        false = pieces.find(result, "false_marks_per_case", arm["arm"])
        if found and false and found["estimate"] is not None and false["estimate"] is not None:
            said.append(
                f"{arm['arm']}, at the threshold: of 100 lesions {pieces.per_hundred(found)} are found, with "
                f"{100 * false['estimate']:.0f} false marks in 100 cases."
            )
    return said


def _operating_points(result: Row) -> list[dict[str, object]]:
    rows = [
        [
            f"{line['reader']}, {line['modality']}",
            pieces.show(p["rating"]),
            pieces.show(p["lesions_found"]),
            pieces.show(p["false_marks_per_case"]),
        ]
        for line in result["figures"]["curves"]
        for p in line["operating_points"]
    ]
    if not rows:
        return []
    columns = ["Reader", "Rating", "Share of lesions found", "False marks per case"]
    return [pieces.table("Declared operating points", columns, rows)]
