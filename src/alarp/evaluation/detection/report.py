"""What does the report on a detection tool say?"""

from __future__ import annotations

from typing import Any

from alarp.evaluation import pieces
from alarp.evaluation.pieces import Row, Story

_HEADLINE = ("sensitivity", "specificity", "ppv", "npv", "auc", "failure_rate")
_SUFFIXES = ("_best_case", "_worst_case", "_as_treated")


def story(result: Row) -> Story:
    """Which story does a detection result tell, to a board member first and a statistician after?"""
    sections = [_accuracy(result), _roc(result), _subgroups(result)]
    return pieces.frame(result, summary=_summary(result), sections=[s for s in sections if s is not None])


def _summary(result: Row) -> list[str]:
    said = [pieces.claims_sentence(result)]
    sensitivity, specificity = pieces.find(result, "sensitivity"), pieces.find(result, "specificity")
    if sensitivity and sensitivity["estimate"] is not None:
        said.append(
            f"Of 100 people with the disease, it flags {pieces.per_hundred(sensitivity)}; the others it misses. "
            f"Counted over {sensitivity['n']} cases."
        )
    if specificity and specificity["estimate"] is not None:
        said.append(
            f"Of 100 people without the disease, it leaves {pieces.per_hundred(specificity)} alone; the others it "
            f"flags wrongly. Counted over {specificity['n']} cases."
        )
    ppv = pieces.find(result, "ppv")
    if ppv and ppv["estimate"] is not None:
        said.append(
            f"Of 100 people it flags, {pieces.per_hundred(ppv)} have the disease, at the share found here."
        )
    failed = pieces.find(result, "failure_rate")
    if failed and failed["events"]:
        said.append(
            f"It gave no usable answer for {failed['events']} of {failed['n']} cases; these count as wrong."
        )
    return [*said, for_whom(result)]


def for_whom(result: Row) -> str:
    """For whom may it not work?"""
    gaps = [c for c in result["comparisons"] if c["flag"] == "gap" and c["difference"] < 0]
    few = sorted({c["a"] for c in result["comparisons"] if c["flag"].startswith("too few")})
    if not result["comparisons"]:
        return "For whom it may not work: no subgroup was compared, so nobody can tell."
    text = "For whom it may not work: "
    text += (
        "; ".join(
            f"{c['measure']} is lower by {-c['difference']:.2f} for {c['a']} than for the rest" for c in gaps
        )
        if gaps
        else "no subgroup was shown to differ from the rest"
    )
    return text + (f"; too few to tell for {', '.join(few)}." if few else ".")


def _accuracy(result: Row) -> dict[str, Any]:
    rows = {row["measure"]: row for row in result["measures"] if row["subgroup"] == "all"}
    variants = [rows[m + s] for m in _HEADLINE[:5] for s in _SUFFIXES if m + s in rows]
    return pieces.section(
        "Accuracy",
        tables=[
            pieces.measures_table(
                "Primary analysis: every enrolled case", [rows[m] for m in _HEADLINE if m in rows]
            ),
            _confusion(result),
            pieces.measures_table("The same under other ways of counting missing answers", variants),
        ],
    )


def _confusion(result: Row) -> dict[str, Any]:
    counts = result["figures"]["confusion"]
    rows = [
        ["diseased", str(counts["true_positive"]), str(counts["false_negative"])],
        ["healthy", str(counts["false_positive"]), str(counts["true_negative"])],
    ]
    rule = result["figures"]["operating_point"]["rule"]
    return pieces.table(
        f"At the operating point: {rule} (no answer counts as wrong)",
        ["Truth", "Flagged", "Not flagged"],
        rows,
    )


def _roc(result: Row) -> dict[str, Any] | None:
    points = result["figures"].get("roc")
    if not points:
        return None
    found = pieces.find(result, "auc")
    point = result["figures"]["operating_point"]
    area = pieces.show(found["estimate"]) if found else "–"
    shown = points[:: max(1, len(points) // 20)]
    return pieces.section(
        "Ranking",
        charts=[
            {
                "chart": "roc",
                "title": "ROC curve with the operating point",
                "description": (
                    f"Sensitivity against one minus specificity; the area under the curve is {area}. At the operating "
                    f"point sensitivity is {pieces.show(point['sensitivity'])} and one minus specificity "
                    f"{pieces.show(point['one_minus_specificity'])}."
                ),
                "points": points,
                "operating_point": point,
                "table": pieces.table(
                    "Points of the ROC curve (about twenty of them)",
                    ["Threshold", "One minus specificity", "Sensitivity"],
                    [
                        [
                            pieces.show(p["threshold"], 4),
                            pieces.show(p["one_minus_specificity"]),
                            pieces.show(p["sensitivity"]),
                        ]
                        for p in shown
                    ],
                ),
            }
        ],
    )


def _subgroups(result: Row) -> dict[str, Any] | None:
    rows = [row for row in result["measures"] if row["subgroup"] != "all"]
    if not rows:
        return None
    charts = []
    for measure in ("sensitivity", "specificity"):
        lines = [r for r in result["measures"] if r["measure"] == measure and r["estimate"] is not None]
        charts.append(
            {
                "chart": "forest",
                "title": f"{pieces.name_of(measure)} by subgroup",
                "description": "; ".join(f"{r['subgroup']} {pieces.show(r['estimate'])}" for r in lines)
                + ".",
                "x_title": pieces.name_of(measure),
                "rows": [_line(r) for r in lines],
                "table": pieces.measures_table(
                    f"{pieces.name_of(measure)} by subgroup", lines, by_subgroup=True
                ),
            }
        )
    others = [r for r in rows if r["measure"] not in ("sensitivity", "specificity")]
    return pieces.section(
        "Subgroups",
        charts=charts,
        tables=[
            pieces.wide_table("Other measures by subgroup", others, ("ppv", "npv", "auc")),
            _gaps(result),
        ],
    )


def _line(row: Row) -> dict[str, Any]:
    few = row["because"].startswith("too few")
    keys = ("estimate", "low", "high", "n")
    return {"label": row["subgroup"], "weak": few} | {key: row[key] for key in keys}


def _gaps(result: Row) -> dict[str, Any]:
    return pieces.table(
        "Gap of each subgroup against the rest",
        ["Group", "Measure", "Difference", "Interval", "p (Holm)", "Verdict"],
        [
            [
                c["a"],
                pieces.name_of(c["measure"]),
                pieces.show(c["difference"]),
                pieces.interval(c),
                pieces.show(c["p"]),
                c["flag"],
            ]
            for c in result["comparisons"]
        ],
        note="Two-sided p values, adjusted for the number of comparisons by Holm's method.",
    )
