"""What does the report on image enhancement or dose reduction say?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alarp.evaluation import mixed, pieces, telling
from alarp.evaluation.pieces import Row, Story

_QUALITY = ("quality_standard", "quality_enhanced", "quality_difference", "quality_hodges_lehmann")
_DOSE = (
    "dose_median",
    "dose_third_quartile",
    "median_to_drl",
    "above_drl",
    "dose_ratio",
    "dose_ratio_best_case",
    "dose_ratio_as_treated",
    "dose_ratio_paired",
)
_LESIONS = ("detected", "detected_difference")


def story(result: Row) -> Story:
    """Which story does an enhancement result tell, to a board member first and a statistician after?"""
    groups = telling.subgroups(result, forests=[], tabled=["quality_difference"])
    sections = [
        _quality(result),
        _lesions(result),
        _dose(result),
        _operational(result),
        groups,
        mixed.case_mix(result),
    ]
    return pieces.frame(result, summary=_summary(result), sections=[s for s in sections if s is not None])


def _rows(result: Row, names: Sequence[str]) -> list[Row]:
    return [
        row
        for name in names
        for row in result["measures"]
        if row["measure"] == name and "=" not in row["subgroup"]
    ]


def _summary(result: Row) -> list[str]:
    said = [pieces.claims_sentence(result)]
    bargain = result["figures"]["bargain"]
    if bargain["both"] != "not asked":
        said.append(
            "Both were shown: the image is not inferior by more than the margin, and the dose fell."
            if bargain["both"] == "shown"
            else f"Both are needed and not both were shown: image not inferior {bargain['quality']}, lower dose "
            f"{bargain['dose']}."
        )
    told = [*said, *_quality_words(result), *_dose_words(result), *_change_words(result)]
    return [*told, telling.for_whom(result)]


def _quality_words(result: Row) -> list[str]:
    found = pieces.find(result, "quality_difference")
    if not found or found["estimate"] is None:
        return []
    margin, verdict = result["figures"]["margin"], result["figures"]["non_inferiority"]
    text = f"Enhanced images score {found['estimate']:+.2f} against standard ones ({pieces.interval(found)})"
    if margin is not None:
        text += f"; not inferior by more than {abs(margin):g} points: {verdict}"
    higher = "better" if result["figures"]["higher_means"] == "better" else "worse"
    return [f"{text}. A higher score is {higher}."]


def _dose_words(result: Row) -> list[str]:
    said = []
    for row in _rows(result, ["dose_ratio"]):
        if row["estimate"] is None:
            continue
        which = "" if row["subgroup"] == "all" else f" ({row['subgroup']})"
        change = 100 * (row["estimate"] - 1)
        text = (
            f"The median dose{which} is {abs(change):.0f} % {'lower' if change < 0 else 'higher'} than before"
        )
        if row["low"] is not None:
            text += f" (between {100 * (row['low'] - 1):+.0f} and {100 * (row['high'] - 1):+.0f} %)"
        said.append(text + ".")
    return said


def _change_words(result: Row) -> list[str]:
    return [
        f"{pieces.name_of(c['measure'])}: {abs(c['difference']):.1f} {'less' if c['difference'] < 0 else 'more'} than "
        f"before (change between {pieces.show(c['low'], 1)} and {pieces.show(c['high'], 1)})."
        for c in result["comparisons"]
        if c["measure"] in _department(result) and c["difference"] is not None
    ]


def _department(result: Row) -> list[str]:
    """Which measures are rates and times of the department, in their order?"""
    known = {*_QUALITY, *_DOSE, *_LESIONS, "failure_rate", "quality"}
    names = dict.fromkeys(c["measure"] for c in result["comparisons"] if c["b"] == "before")
    return [name for name in names if name not in known]


def _changes(result: Row, names: Sequence[str], caption: str) -> dict[str, Any]:
    return pieces.table(
        caption,
        ["Measure", "This", "Against", "Difference", "Interval", "Method or reason"],
        [
            [
                pieces.name_of(c["measure"]),
                c["a"],
                c["b"],
                pieces.show(c["difference"]),
                pieces.interval(c),
                "; ".join(text for text in (c["method"], c["flag"]) if text),
            ]
            for c in result["comparisons"]
            if c["measure"] in names and c["b"] != "rest"
        ],
    )


def _lesions(result: Row) -> dict[str, Any] | None:
    rows = _rows(result, _LESIONS)
    if not rows:
        return None
    return pieces.section(
        "Are the lesions still seen?",
        paragraphs=[
            "Every lesion is looked for on both images. A prettier image that hides one is worse, whatever its score."
        ],
        tables=[
            pieces.measures_table("Lesions seen", rows, by_subgroup=True),
            _changes(result, _LESIONS, "Enhanced against standard, lesion by lesion"),
        ],
    )


def _quality(result: Row) -> dict[str, Any] | None:
    rows = _rows(result, _QUALITY)
    if not rows:
        return None
    counts = result["figures"]["differences"]
    same = next((c["n"] for c in counts if c["difference"] == 0), 0)
    total = sum(c["n"] for c in counts)
    chart = {
        "chart": "counts",
        "title": "Enhanced minus standard, pair by pair",
        "description": f"How many of {total} pairs of scores differ by how much; {same} are equal. The dashed line is "
        "the margin, if one was set.",
        "rows": counts,
        "margin": result["figures"]["margin"],
        "x_title": "Enhanced minus standard, points",
        "table": pieces.table(
            "Pairs by difference",
            ["Difference", "Pairs"],
            [[f"{c['difference']:g}", str(c["n"])] for c in counts],
        ),
    }
    return pieces.section(
        "Image quality",
        charts=[chart],
        tables=[
            pieces.measures_table("Scores, every pair", rows),
            _changes(result, ["quality"], "Enhanced against standard"),
            telling.variants_table(result, ["quality_difference"]),
        ],
    )


def _dose(result: Row) -> dict[str, Any] | None:
    rows = _rows(result, _DOSE)
    if not rows:
        return None
    dose = result["figures"]["dose"]
    unit = f" ({dose['unit']})" if dose["unit"] else ""
    levels = pieces.table(
        "Diagnostic reference levels used",
        ["Examination", f"Level{unit}", "Source"],
        [[name, f"{level['value']:g}", level["source"]] for name, level in dose["levels"].items()],
    )
    return pieces.section(
        "Dose",
        charts=[_dose_chart(result, series, unit) for series in dose["series"]],
        tables=[
            pieces.measures_table(
                f"Dose before and after, {dose['quantity'].upper()}{unit}", rows, by_subgroup=True
            ),
            _changes(result, ["dose_median", "above_drl"], "After against before"),
            levels,
        ],
    )


def _dose_chart(result: Row, series: Row, unit: str) -> dict[str, Any]:
    name = "" if series["examination"] == "all" else f", {series['examination']}"
    own = [
        row
        for row in _rows(result, ["dose_median"])
        if series["examination"] == "all" or row["subgroup"].startswith(f"{series['examination']}, ")
    ]
    words = "; ".join(f"median {row['subgroup']} {pieces.show(row['estimate'], 1)}" for row in own)
    level = "" if series["drl"] is None else f" The dashed line is the reference level, {series['drl']:g}."
    shown = series["points"][:: max(1, len(series["points"]) // 20)]
    return {
        "chart": "dose-ecdf",
        "title": f"Doses before and after{name}",
        "description": f"Share of examinations at or below each dose; {words}.{level}",
        "points": series["points"],
        "drl": series["drl"],
        "x_title": f"{result['figures']['dose']['quantity'].upper()}{unit}",
        "table": pieces.table(
            f"Points of the curves{name} (about twenty)",
            ["Phase", "Dose", "Share at or below"],
            [[p["phase"], pieces.show(p["dose"], 1), pieces.show(p["share"])] for p in shown],
        ),
    }


def _operational(result: Row) -> dict[str, Any] | None:
    names = _department(result)
    if not names:
        return None
    return pieces.section(
        "Before and after in the department",
        charts=[_run_chart(chart) for chart in result["figures"]["operational"]],
        tables=[
            pieces.measures_table("Rates and times", _rows(result, names), by_subgroup=True),
            _changes(result, names, "Changes"),
        ],
        paragraphs=[
            pieces.compared_with(result),
            "A change in time has many causes; without a comparison site these numbers name none of them.",
        ],
    )


def _run_chart(chart: Row) -> dict[str, Any]:
    name, per = chart["name"].replace("_", " "), chart["per"]
    median = "" if chart["median"] is None else f" The line is the median before, {chart['median']:.1f}."
    return {
        "chart": "run",
        "title": f"{name[0].upper()}{name[1:]} for every {per:g}",
        "description": f"One point a period, {len(chart['points'])} periods.{median}",
        "points": chart["points"],
        "median": chart["median"],
        "y_title": f"{name} for every {per:g}",
        "table": pieces.table(
            f"{name[0].upper()}{name[1:]}, period by period",
            ["Period", "Phase", f"For every {per:g}", "Events", "Total"],
            [
                [p["label"], p["phase"], pieces.show(p["value"], 1), str(p["events"]), str(p["total"])]
                for p in chart["points"]
            ],
        ),
    }
