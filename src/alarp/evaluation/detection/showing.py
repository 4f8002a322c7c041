"""Which sections and sentences show the analyses that only some protocols ask for?

Each answers None (or an empty sentence) when the result holds no such analysis.
"""

from __future__ import annotations

from typing import Any

from alarp.evaluation import pieces
from alarp.evaluation.detection.scope import INSIDE, OUTSIDE
from alarp.evaluation.pieces import Row
from alarp.evaluation.telling import comparison_table

NOT_PATIENTS = ("score=", "reading=", INSIDE, OUTSIDE)
Section = dict[str, Any] | None
_COMPARED = ("sensitivity", "specificity", "auc", "partial_auc")


def per_cent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def compared(result: Row, *, a: str = "", b: str = "") -> list[Row]:
    return [c for c in result["comparisons"] if (not a or c["a"] == a) and (not b or c["b"] == b)]


def ranking(result: Row) -> Section:
    """The ROC curve with the operating point, of one score or of several."""
    found = result["figures"]
    points = found.get("roc")
    several, promised = found.get("answers"), found.get("promised")
    if several or (points and promised):
        one = {"name": "the tool", "roc": points, "operating_point": found["operating_point"]}
        return _several(result, several or [one], promised)
    if not points:
        return None
    area, point = pieces.find(result, "auc"), found["operating_point"]
    chart = {
        "chart": "roc",
        "title": "ROC curve with the operating point",
        "description": (
            f"Sensitivity against one minus specificity; the area under the curve is "
            f"{pieces.show(area['estimate']) if area else '–'}. At the operating point sensitivity is "
            f"{pieces.show(point['sensitivity'])} and one minus specificity "
            f"{pieces.show(point['one_minus_specificity'])}."
        ),
        "points": points,
        "operating_point": point,
        "table": _points_table("Points of the ROC curve (about twenty of them)", points),
    }
    return pieces.section("Ranking", charts=[chart])


def _points_table(caption: str, points: list[Row]) -> dict[str, Any]:
    shown = points[:: max(1, len(points) // 20)]
    rows = [
        [
            pieces.show(p["threshold"], 4),
            pieces.show(p["one_minus_specificity"]),
            pieces.show(p["sensitivity"]),
        ]
        for p in shown
    ]
    return pieces.table(caption, ["Threshold", "One minus specificity", "Sensitivity"], rows)


def _several(result: Row, answers: list[Row], promised: Row | None) -> dict[str, Any]:
    rows = []
    for answer in answers:
        point = answer["operating_point"]
        area = pieces.find(result, "auc", f"score={answer['name']}") or pieces.find(result, "auc")
        shown = area if answer["roc"] else None
        rows.append(
            [
                answer["name"],
                pieces.show(shown["estimate"]) if shown else "–",
                pieces.show(point["sensitivity"]),
                pieces.show(point["one_minus_specificity"]),
                point["rule"],
            ]
        )
    words = "; ".join(f"{r[0]}: area {r[1]}, sensitivity {r[2]}, one minus specificity {r[3]}" for r in rows)
    if promised:
        rows.append(
            [
                "promised",
                "–",
                pieces.show(promised["sensitivity"]),
                pieces.show(promised["one_minus_specificity"]),
                promised["source"],
            ]
        )
        words += (
            f"; promised: sensitivity {pieces.show(promised['sensitivity'])}, one minus specificity "
            f"{pieces.show(promised['one_minus_specificity'])}"
        )
    columns = ["Answer", "AUC", "Sensitivity", "One minus specificity", "Operating point"]
    chart = {
        "chart": "roc-several",
        "title": "ROC curves with the operating points",
        "description": f"Sensitivity against one minus specificity. {words}.",
        "curves": [
            {"name": a["name"], "points": a["roc"], "operating_point": a["operating_point"]} for a in answers
        ],
        "promised": promised,
        "table": pieces.table("The operating points", columns, rows),
    }
    tables = [
        _points_table(f"Points of the ROC curve of {a['name']} (about twenty of them)", a["roc"])
        for a in answers
        if a["roc"]
    ]
    return pieces.section("Ranking", charts=[chart], tables=tables)


def answers(result: Row) -> Section:
    """How do several scores or readers compare on the same cases?"""
    several = result["figures"].get("answers")
    if not several:
        return None
    rows = [row for row in result["measures"] if row["subgroup"].startswith("score=")]
    names = [answer["name"] for answer in several]
    pairs = [
        c for c in result["comparisons"] if c["a"] in names and c["b"] in names and c["measure"] in _COMPARED
    ]
    shown = ("sensitivity", "specificity", "auc", "partial_auc", "failure_rate")
    present = [m for m in shown if any(row["measure"] == m for row in rows)]
    return pieces.section(
        "Compared on the same cases",
        tables=[
            pieces.wide_table("Each answer by itself", rows, present),
            comparison_table(
                "Differences in the same cases",
                pairs,
                note="p values are those of each single comparison, not adjusted for how many there are.",
            ),
        ],
    )


def answers_sentence(result: Row) -> str:
    """Is the headline tool better than the next one?"""
    several = result["figures"].get("answers")
    if not several:
        return ""
    first, second = several[0]["name"], several[1]["name"]
    said = []
    for measure in ("sensitivity", "specificity"):
        row = next((c for c in compared(result, a=first, b=second) if c["measure"] == measure), None)
        if row and row["low"] is not None and row["high"] is not None:
            verdict = "higher" if row["low"] > 0 else "lower" if row["high"] < 0 else "not shown to differ"
            said.append(
                f"{measure} is {verdict} ({row['difference']:+.2f}, {row['low']:+.2f} to {row['high']:+.2f})"
            )
    return f"Against {second} on the same cases, {first}'s " + " and ".join(said) + "." if said else ""


def here(result: Row) -> Section:
    """What becomes of a thousand people where the tool is used?"""
    counts = result["figures"].get("natural_frequencies")
    if not counts:
        return None
    fates = [
        ("with the disease, flagged", "found", "right"),
        ("with the disease, missed", "missed", "wrong"),
        ("healthy, flagged wrongly", "flagged_wrongly", "wrong"),
        ("healthy, left alone", "left_alone", "right"),
    ]
    rows = [{"label": label, "number": counts[key], "kind": kind} for label, key, kind in fates]
    chart = {
        "chart": "people",
        "title": "Of 1000 people here",
        "description": "; ".join(f"{r['label']} {r['number']:.1f}" for r in rows) + ".",
        "x_title": "People of 1000",
        "rows": rows,
        "table": pieces.table(
            "Of 1000 people here", ["Fate", "People"], [[r["label"], f"{r['number']:.1f}"] for r in rows]
        ),
    }
    text = f"The share with the disease is taken as {100 * counts['prevalence']:.2g} %: {counts['source']}."
    if result["prevalence"]:
        text += f" Source: {result['prevalence']['source']}."
    return pieces.section("What a flag means here", paragraphs=[text], charts=[chart])


def natural_sentence(result: Row) -> str:
    """Of 1000 people here, how many are found, missed and flagged wrongly?"""
    counts = result["figures"].get("natural_frequencies")
    if not counts:
        return ""
    flagged = counts["found"] + counts["flagged_wrongly"]
    ppv = pieces.find(result, "ppv_at_prevalence")
    text = (
        f"Of 1000 people here, {counts['diseased']:.0f} have the disease ({counts['source']}). It flags {flagged:.0f}: "
        f"{counts['found']:.0f} rightly and {counts['flagged_wrongly']:.0f} wrongly; it misses {counts['missed']:.0f}."
    )
    if ppv and ppv["estimate"] is not None:
        text += f" So of 100 it flags, {pieces.per_hundred(ppv)} have the disease."
    return text


def promise(result: Row) -> Section:
    """Does the vendor's threshold give the promised operating point here?"""
    promised = result["figures"].get("promised")
    if not promised:
        return None
    rows = [m for m in result["measures"] if "_promised_" in m["measure"] and m["subgroup"] == "all"]
    return pieces.section(
        "The promised operating point",
        paragraphs=promise_sentences(result),
        tables=[
            comparison_table("Found here against promised", compared(result, a="local", b="promised")),
            pieces.measures_table("Which threshold would keep the promise here", rows),
        ],
    )


def promise_sentences(result: Row) -> list[str]:
    """One sentence for each promised share."""
    said = []
    for c in compared(result, a="local", b="promised"):
        promised = result["figures"]["promised"][c["measure"]]
        if c["difference"] is None:
            said.append(
                f"Promised was a {c['measure']} of {per_cent(promised)}; here it is not measurable: {c['flag']}."
            )
            continue
        found = promised + c["difference"]
        verdict = {
            "below the promise": "less than promised",
            "above the promise": "more than promised",
        }.get(c["flag"], "no difference is shown")
        bounds = ", ".join(f"{100 * end:+.0f}" for end in (c["low"], c["high"]) if end is not None)
        text = (
            f"Promised was a {c['measure']} of {per_cent(promised)}; at the same threshold we found {per_cent(found)}: "
            f"{verdict} (difference {100 * c['difference']:+.0f} points, interval {bounds})."
        )
        cut = pieces.find(result, f"threshold_for_promised_{c['measure']}")
        if c["flag"] == "below the promise" and cut and cut["estimate"] is not None:
            text += f" A threshold of {cut['estimate']:.4g} would give it here."
        said.append(text)
    return said


def probability(result: Row) -> Section:
    """Does the score keep its word as a probability?"""
    found = result["figures"].get("calibration")
    if not found:
        return None
    bins = found["bins"]
    slope = pieces.find(result, "calibration_slope")
    rows = [
        [
            pieces.show(b["expected"]),
            pieces.show(b["observed"]),
            pieces.interval(b),
            str(b["events"]),
            str(b["n"]),
        ]
        for b in bins
    ]
    chart = {
        "chart": "calibration",
        "title": "Stated probability against what was found",
        "description": (
            f"Observed share of disease in tenths of the cases by stated probability; calibration slope "
            f"{pieces.show(slope['estimate']) if slope else '–'} (1 is ideal)."
        ),
        "bins": bins,
        "curve": [{"expected": b["expected"], "observed": b["observed"]} for b in bins],
        "histogram": found["histogram"],
        "table": pieces.table(
            "Tenths of the answered cases", ["Stated", "Observed", "Interval", "Diseased", "n"], rows
        ),
    }
    return pieces.section("The score as a probability", charts=[chart])
