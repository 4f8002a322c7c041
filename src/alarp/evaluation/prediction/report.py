"""What does the report on a tool that predicts say?"""

from __future__ import annotations

from typing import Any

from alarp.evaluation import mixed, pieces, telling
from alarp.evaluation.pieces import Row, Story
from alarp.evaluation.prediction.protocol import CALIBRATION, ERRORS, HEADLINE, POLICY

_BY_GROUP = ("calibration_in_the_large", "overbooked_attended", "caught_share", "brier", "auc")


def story(result: Row) -> Story:
    """Which story does a prediction result tell, to a board member first and a statistician after?"""
    groups = telling.subgroups(result, forests=["overbooked_share", "overbooked_attended"], tabled=_BY_GROUP)
    sections = [_calibration(result), _ranking(result), _acting(result), groups, mixed.case_mix(result)]
    return pieces.frame(result, summary=_summary(result), sections=[s for s in sections if s is not None])


def _summary(result: Row) -> list[str]:
    said, figures = [pieces.claims_sentence(result)], result["figures"]
    large = pieces.find(result, "calibration_in_the_large_as_treated")
    if large and large["estimate"] is not None:
        side = "more" if large["estimate"] > 0 else "fewer"
        said.append(
            f"Of 100 cases, {abs(100 * large['estimate']):.1f} {side} had the outcome '{figures['positive']}' than it "
            f"foretold. Counted over {large['n']} cases with an answer."
        )
    said += _acted(result)
    failed = pieces.find(result, "failure_rate")
    if failed and failed["events"]:
        said.append(
            f"It gave no probability for {failed['events']} of {failed['n']} cases; these count as foretold wrongly."
        )
    return [*said, telling.for_whom(result)]


def _acted(result: Row) -> list[str]:
    at = result["figures"]["overbook_at"]
    caught, wrong = pieces.find(result, "caught_share"), pieces.find(result, "overbooked_attended")
    if at is None or not caught or not wrong or caught["estimate"] is None or wrong["estimate"] is None:
        return []
    return [
        f"Acting at a probability of {at:g} or more reaches {pieces.per_hundred(caught)} of 100 who have the outcome, "
        f"and acts on {pieces.per_hundred(wrong)} of 100 who have not."
    ]


def _calibration(result: Row) -> dict[str, Any]:
    rows = {row["measure"]: row for row in result["measures"] if row["subgroup"] == "all"}
    names = (*CALIBRATION, *ERRORS, "failure_rate")
    figures = result["figures"]
    charts = []
    if figures["bins"]:
        charts.append(
            {
                "chart": "calibration",
                "title": "Calibration: what was foretold and what happened",
                "description": _calibration_words(figures["bins"]),
                "bins": figures["bins"],
                "curve": figures["curve"],
                "histogram": figures["histogram"],
                "table": _bins_table(figures["bins"]),
            }
        )
    return pieces.section(
        "Can the probabilities be believed?",
        charts=charts,
        tables=[
            pieces.measures_table(
                "Primary analysis: every enrolled case", [rows[m] for m in names if m in rows]
            ),
            telling.variants_table(result, HEADLINE),
        ],
    )


def _calibration_words(bins: list[Row]) -> str:
    first, last = bins[0], bins[-1]
    return (
        f"Observed share against foretold probability in {len(bins)} groups, with intervals; the dashed diagonal is "
        f"perfect. Lowest group: foretold {first['expected']:.2f}, observed {first['observed']:.2f}; highest group: "
        f"foretold {last['expected']:.2f}, observed {last['observed']:.2f}. Below it, how many cases had which "
        "probability."
    )


def _bins_table(bins: list[Row]) -> dict[str, Any]:
    return pieces.table(
        "Groups of the calibration curve",
        ["Foretold (mean)", "Observed", "Interval", "Events", "n"],
        [
            [
                pieces.show(b["expected"]),
                pieces.show(b["observed"]),
                pieces.interval(b),
                str(b["events"]),
                str(b["n"]),
            ]
            for b in bins
        ],
    )


def _ranking(result: Row) -> dict[str, Any]:
    rows = [
        row
        for row in result["measures"]
        if row["subgroup"] == "all" and row["measure"].startswith(("gain_", "lift_"))
    ]
    curve = result["figures"]["gain"]
    half = next((p["gain"] for p in curve if p["fraction"] == 0.5), None)
    return pieces.section(
        "Who is at the top of the list?",
        charts=[
            {
                "chart": "lift",
                "title": "Outcomes gathered from the top of the list",
                "description": "Share of all outcomes found among the cases with the highest probabilities; the dashed "
                f"diagonal is a list in random order. The upper half of the list holds {pieces.show(half)} of them.",
                "points": curve,
                "table": pieces.table(
                    "Outcomes gathered",
                    ["Top share of cases", "Share of outcomes"],
                    [[pieces.show(p["fraction"], 2), pieces.show(p["gain"])] for p in curve],
                ),
            }
        ],
        tables=[
            pieces.measures_table("Gain (share of outcomes reached) and lift (times a random list)", rows)
        ],
    )


def _acting(result: Row) -> dict[str, Any]:
    rows = {row["measure"]: row for row in result["measures"] if row["subgroup"] == "all"}
    own = [rows[m] for m in POLICY if m in rows]
    curve = result["figures"]["decision"]
    best = [p for p in curve if p["low"] is not None and p["low"] > max(0.0, p["act_on_all"])]
    words = (
        f"its interval lies above both from {best[0]['threshold']:g} to {best[-1]['threshold']:g}"
        if best
        else "at no threshold does its interval lie above both"
    )
    chart = {
        "chart": "decision-curve",
        "title": "Decision curve: is acting on it worth the false alarms?",
        "description": f"Net benefit of acting on the tool, on everyone and on nobody, by threshold; {words}.",
        "points": curve,
        "table": pieces.table(
            "Net benefit by threshold",
            ["Threshold", "Tool", "Interval", "Everyone"],
            [
                [
                    pieces.show(p["threshold"]),
                    pieces.show(p["net_benefit"], 4),
                    pieces.interval(p),
                    pieces.show(p["act_on_all"], 4),
                ]
                for p in curve
            ],
        ),
    }
    at = result["figures"]["overbook_at"]
    tables = [pieces.measures_table(f"Acting at a probability of {at:g} or more", own)] if own else []
    return pieces.section(
        "Acting on it", paragraphs=[pieces.compared_with(result)], charts=[chart], tables=tables
    )
