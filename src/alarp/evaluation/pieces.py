"""What must every report say, whatever was evaluated? Pieces of text and tables, without any look.

A story is plain data that `alarp.report` lays out: `title`, `lead`, `warnings`, `summary`, `sections` (each with
`heading`, `paragraphs`, `tables`, `charts`) and `provenance`. It is made from `result.json` alone, so that the report
can be made again from the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from alarp.evaluation.provenance import provenance

Row = Mapping[str, Any]
Story = dict[str, Any]

NAMES = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV (flagged who are diseased)",
    "npv": "NPV (not flagged who are healthy)",
    "auc": "AUC",
    "auc_guarded": "AUC, guarded interval",
    "failure_rate": "No usable answer",
    "reference_agreement": "Pairs of readers of the truth who agree",
    "reference_icc": "ICC of the readers of the reference",
    "reference_kappa": "Readers of the truth beyond chance, Fleiss' kappa",
    "reference_ac1": "Readers of the truth beyond chance, Gwet's AC1",
    "answered_out_of_scope": "Answered, of the cases outside the intended use",
    "rejected_out_of_scope": "Rejected, of the cases outside the intended use",
    "partial_auc": "Partial AUC",
    "lr_positive": "Likelihood ratio of a flag",
    "lr_negative": "Likelihood ratio of no flag",
    "ppv_at_prevalence": "PPV at the prevalence here",
    "npv_at_prevalence": "NPV at the prevalence here",
    "sensitivity_naive": "Sensitivity, verified cases only (biased)",
    "specificity_naive": "Specificity, verified cases only (biased)",
    "sensitivity_begg_greenes": "Sensitivity, Begg-Greenes",
    "specificity_begg_greenes": "Specificity, Begg-Greenes",
    "sensitivity_ipw": "Sensitivity, inverse probability weighted",
    "specificity_ipw": "Specificity, inverse probability weighted",
    "threshold_for_promised_sensitivity": "Threshold that gives the promised sensitivity here",
    "specificity_at_promised_sensitivity": "Specificity at that threshold",
    "threshold_for_promised_specificity": "Threshold that gives the promised specificity here",
    "sensitivity_at_promised_specificity": "Sensitivity at that threshold",
    "time_to_result_min": "Time to the tool's result, true positives (min)",
    "worklist_wait_min": "Wait in the worklist, the same cases (min)",
    "time_saved_min": "Time saved, true positives (min)",
    "time_saved_all_diseased_min": "Time saved, all diseased (min)",
    "answer_min_p50": "Answer to the middle case, from sending (min)",
    "answer_min_p95": "Answer that 19 of 20 keep, from sending (min)",
    "case_failure_rate": "Cases without a usable answer",
    "notified_earlier": "Diseased notified before the worklist",
    "time_to_notification_min": "Time to notification (min)",
    "recall_rate": "Recalled",
    "detection_rate": "Recalled with disease, of all read",
    "arbitration_rate": "Sent to arbitration",
    "recalls_per_cancer": "Recalled for each one found",
    "extra_assessments_per_1000": "Extra assessments for 1000 read",
    "extra_assessments_per_1000_at_prevalence": "Extra assessments for 1000 read, at the prevalence here",
    "rair": "Good advice taken after a wrong first impression",
    "rsr": "Bad advice left after a right first impression",
    "commission_rate": "Flagged with the tool, of the healthy it flags",
    "omission_rate": "Left with the tool, of the diseased it leaves",
    "positive_consultations": "Changed for the better by good advice",
    "negative_consultations": "Changed for the worse by bad advice",
    "agreement_with_ai": "Ended as the tool advised",
    "accuracy_first": "Right at first",
    "accuracy_final": "Right in the end",
    "followed_in_conflict": "Took the advice where it differed from the first impression",
    "reading_seconds": "Time of a reading (s)",
    "wafroc": "Area under the wAFROC curve",
    "afroc": "Area under the AFROC curve",
    "inferred-roc": "Area under the inferred ROC curve",
    "dice": "Dice",
    "surface_dice": "Surface Dice",
    "hd_mm": "Hausdorff distance (mm)",
    "hd95_mm": "HD95 (mm)",
    "mean_surface_distance_mm": "Mean surface distance (mm)",
    "volume_difference_ml": "Volume difference (ml)",
    "added_path_length_mm": "Added path length (mm)",
    "surface_dice_low": "Surface Dice, surfaces farther apart",
    "surface_dice_high": "Surface Dice, surfaces nearer",
    "mean_from_reference_mm": "Mean distance from the reference (mm)",
    "mean_from_output_mm": "Mean distance from the output (mm)",
    "acceptance_rate": "Outlines that keep every criterion",
    "acceptable_rating_share": "Ratings of 4 or 5",
    "mean_rating": "Mean rating (1 to 5)",
    "rater_agreement": "Raters who agree on usable or not",
    "rater_kappa": "Raters beyond chance, weighted kappa",
    "rater_ac2": "Raters beyond chance, Gwet's AC2",
    "edit_time_min": "Editing the tool's outlines (min)",
    "manual_time_min": "Outlining by hand (min)",
    "time_saving_min": "Time saved (min)",
    "time_saving_share": "Share of the time by hand that is saved",
    "fraction_acceptance_rate": "Fractions treated on the tool's outlines",
    "fallback_rate": "Fractions that fell back to the manual way",
    "dmean_difference_gy": "Mean dose, by the tool's outline minus the reference's (Gy)",
    "d95_difference_gy": "D95, by the tool's outline minus the reference's (Gy)",
    "d2_difference_gy": "D2, by the tool's outline minus the reference's (Gy)",
    "within_tolerance": "Within tolerance",
    "tdi": "Total deviation index",
    "bias": "Bias",
    "loa_low": "Lower limit of agreement",
    "loa_high": "Upper limit of agreement",
    "proportional_bias": "Proportional bias (slope)",
    "icc": "ICC",
    "ccc": "Concordance correlation",
    "mae": "Mean absolute error",
    "rmse": "Root mean squared error",
    "repeatability_output": "Repeatability of the tool",
    "repeatability_reference": "Repeatability of the reference",
    "observer_icc": "ICC between observers of the reference",
    "calibration_intercept": "Calibration intercept (slope held at 1)",
    "calibration_slope": "Calibration slope",
    "calibration_in_the_large": "Observed minus expected",
    "oe_ratio": "Observed / expected",
    "brier": "Brier score",
    "brier_scaled": "Scaled Brier score",
    "ici": "Integrated calibration index",
    "ece": "Expected calibration error",
    "net_benefit": "Net benefit",
    "overbooked_share": "Overbooked",
    "overbooked_attended": "Overbooked among those who attended",
    "caught_share": "Overbooked among those who did not attend",
    "quality": "Quality score",
    "dose_median": "Median dose",
    "dose_third_quartile": "Third quartile of dose",
    "dose_ratio": "Median dose, after / before",
    "dose_ratio_paired": "Dose after / before, the same patient",
    "detected": "Lesions seen",
    "detected_difference": "Lesions seen, enhanced minus standard",
    "above_drl": "Above the reference level",
    "median_to_drl": "Median dose / reference level",
    "repeat_rate_per_1000": "Repeats of 1000 examinations",
    "turnaround_min_p50": "Turnaround of the middle examination (min)",
    "turnaround_min_p90": "Turnaround that 9 of 10 keep (min)",
}
EXPLORATORY = (
    "Exploratory: the protocol was not locked before the truth was read, so these numbers can be the best of many "
    "tries. They answer no gate's criterion."
)
_VARIANTS = {
    "_best_case": ", best case",
    "_worst_case": ", worst case",
    "_as_treated": ", as treated",
    "_unanimous": ", where all readers of the truth agreed",
    "_voxel": ", voxel definition",
    "_transported": ", in the vendor's case mix",
}
_SECOND = "observer_"
_TOP = re.compile(r"(gain|lift)_(\d+)pct")
_TOP_WORDS = {"gain": "Share of all outcomes", "lift": "Outcomes, times those of a random list,"}


def name_of(measure: str) -> str:
    """How is this measure called on paper?"""
    if measure.startswith(_SECOND):
        return name_of(measure.removeprefix(_SECOND)) + ", second observer"
    for ending, words in _VARIANTS.items():
        if measure.endswith(ending):
            return name_of(measure.removesuffix(ending)) + words
    if top := _TOP.fullmatch(measure):
        return f"{_TOP_WORDS[top[1]]} in the top {top[2]} %"
    return NAMES.get(measure, measure)


def show(value: float | None, digits: int = 3) -> str:
    """How is a number printed? Three decimals for shares and millimetres; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval(row: Row) -> str:
    """How is the interval printed?"""
    return "–" if row["low"] is None or row["high"] is None else f"{show(row['low'])} to {show(row['high'])}"


def per_hundred(row: Row) -> str:
    """Out of 100, how many? In whole people, with the interval."""
    text = f"{100 * row['estimate']:.0f}"
    if row["low"] is not None and row["high"] is not None:
        text += f" (between {100 * row['low']:.0f} and {100 * row['high']:.0f})"
    return text


def find(result: Row, measure: str, subgroup: str = "all") -> Row | None:
    """Which row of the result holds this measure for this group?"""
    for row in result["measures"]:
        if row["measure"] == measure and row["subgroup"] == subgroup:
            return dict(row)
    return None


def table(caption: str, columns: list[str], rows: Iterable[list[str]], note: str = "") -> dict[str, Any]:
    """A table as data: caption, column headings, rows of text (the first cell heads its row)."""
    return {"caption": caption, "columns": columns, "rows": list(rows), "note": note}


def section(heading: str, **parts: list[Any]) -> dict[str, Any]:
    """A section as data, with whichever of paragraphs, charts and tables it has."""
    return {"heading": heading, "paragraphs": [], "charts": [], "tables": []} | parts


def measures_table(caption: str, rows: Iterable[Row], *, by_subgroup: bool = False) -> dict[str, Any]:
    """Which table shows these measures, with interval, counts and method?"""
    columns = (["Group"] if by_subgroup else []) + [
        "Measure",
        "Estimate",
        "Interval",
        "Events",
        "n",
        "Method or reason",
    ]
    body = []
    for row in rows:
        cells = [name_of(row["measure"]), show(row["estimate"]), interval(row)]
        cells += ["–" if row["events"] is None else str(row["events"]), str(row["n"])]
        reason = (
            row["because"]
            if row["estimate"] is None
            else "; ".join(t for t in (row["method"], row["because"]) if t)
        )
        body.append(([row["subgroup"]] if by_subgroup else []) + [*cells, reason])
    return table(caption, columns, body)


def wide_table(caption: str, rows: Iterable[Row], measures: Iterable[str]) -> dict[str, Any]:
    """Which table shows many groups at once? One line a group, one column a measure: estimate and interval."""
    wanted = list(measures)
    groups: dict[str, dict[str, str]] = {}
    for row in rows:
        text = show(row["estimate"]) if row["low"] is None else f"{show(row['estimate'])} ({interval(row)})"
        groups.setdefault(row["subgroup"], {})[row["measure"]] = text
    body = [[group, *(cells.get(measure, "–") for measure in wanted)] for group, cells in groups.items()]
    note = "A dash: not measurable; result.json gives the reason, the counts and the method of every number."
    return table(caption, ["Group", *(name_of(measure) for measure in wanted)], body, note=note)


def frame(result: Row, *, summary: list[str], sections: list[dict[str, Any]]) -> Story:
    """Which story does this result tell? The first page, then this kind's sections, then what all reports share."""
    product = result["product"]
    return {
        "title": f"Evaluation: {result['protocol']['title']}",
        "mark": "Exploratory: no locked protocol" if result["protocol"].get("exploratory", True) else "",
        "lead": f"{product['name']}, version {product['version']}. Protocol version {result['protocol']['version']}.",
        "warnings": warnings(result),
        "summary": summary,
        "claims": claims_table(result),
        "sections": [*sections, _outcomes(result), _conduct(result), *_checklists(result)],
        "provenance": provenance(result),
    }


def warnings(result: Row) -> list[str]:
    """What must nobody overlook?"""
    said = [EXPLORATORY] if result["protocol"].get("exploratory", True) else []
    if result["reference_is_ai"]:
        said.append(
            "The truth used here is itself the output of an AI. These numbers say how far two programs agree, not how "
            "far either is right."
        )
    if result["reference_standard"] == "not stated":
        said.append("The protocol does not state who made the truth; treat every number as unverified.")
    if result["intended_use"] == "not stated":
        said.append(
            "The protocol does not state the intended use: nobody can tell which of these cases the tool is not meant for."
        )
    if (planned := result.get("planned_n")) and result["enrolled"] < planned:
        said.append(
            f"Too small: the plan asked for {planned} cases and {result['enrolled']} were enrolled; the intervals say "
            "what that costs."
        )
    for old in result["protocol"]["earlier"]:
        said.append(
            f"The protocol was changed: version {old['version']} (hash {old['hash'][:12]}) was locked before."
        )
    return said


def compared_with(result: Row) -> str:
    """What would have happened without the tool? The sentence that every section on clinical effects begins with."""
    stated = result.get("counterfactual", "not stated")
    if stated == "not stated":
        return (
            "The protocol does not say what would have happened without the tool (analysis.counterfactual), so no effect can "
            "be laid at its door."
        )
    return f"Compared with what would have happened without the tool: {stated}."


def claims_sentence(result: Row) -> str:
    """In one sentence: was what was promised found?"""
    claims = result["claims"]
    if not claims:
        return "The protocol makes no claim, so nothing here was passed or failed."
    met = sum(1 for claim in claims if claim["status"] == "met")
    return f"{met} of {len(claims)} {'claim was' if len(claims) == 1 else 'claims were'} met."


def claim_words(claim: Row) -> str:
    """'Lower end of the interval of calibration slope at least 0.8': the claim's own sentence without code words."""
    text = str(claim["claim"]).replace(str(claim["measure"]), _lowered(name_of(str(claim["measure"]))))
    for bound, words in (("lower bound of ", "lower"), ("upper bound of ", "upper")):
        if text.startswith(bound):
            text = f"{words} end of the interval of {text.removeprefix(bound)}"
    return text[:1].upper() + text[1:]


def _lowered(words: str) -> str:
    """In the middle of a sentence: an abbreviation keeps its capitals."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def claims_table(result: Row) -> dict[str, Any]:
    """What was claimed, and what was found?"""
    signs = {"met": "✓ met", "not met": "✗ not met", "not measurable": "? not measurable"}
    return table(
        "What was claimed and what we found",
        ["Claim", "Found", "Answer"],
        [
            [
                claim_words(c),
                show(c["found"]),
                signs[c["status"]] + (f": {c['because']}" if c["because"] else ""),
            ]
            for c in result["claims"]
        ],
    )


def outcome_words(outcome: str) -> str:
    """How is this outcome of a case called in a report?"""
    words = {"ai_failed": "AI failed", "rejected_by_ai": "rejected by the AI"}
    return words.get(outcome, outcome.replace("_", " "))


def _outcomes(result: Row) -> dict[str, Any]:
    counts = {k: v for k, v in result["outcomes"].items() if k != "enrolled"}
    rows = [[outcome_words(k), str(v)] for k, v in counts.items()]
    caption = f"What became of every enrolled {result['unit']}"
    return section(
        "Every case accounted for",
        tables=[table(caption, ["Outcome", "Count"], [*rows, ["enrolled", str(result["enrolled"])]])],
        paragraphs=list(result["remarks"]),
    )


def _conduct(result: Row) -> dict[str, Any]:
    protocol = result["protocol"]
    rows = [
        ["Truth (reference standard)", result["reference_standard"]],
        ["Design", result["design"]],
        ["Data", result["data_source"]],
        ["When the tool gave no answer", protocol["failure_rule"]],
        ["Confidence level", f"{100 * protocol['level']:g} %"],
    ]
    if (counterfactual := result.get("counterfactual", "not stated")) != "not stated":
        rows.append(["Effects are compared with", counterfactual])
    return section(
        "How it was done",
        tables=[table("The protocol, fixed before the truth was read", ["Item", "Stated"], rows)],
    )


def _checklists(result: Row) -> list[dict[str, Any]]:
    """Which items of the field's reporting checklists does this run answer, and which are open?"""
    tables = [
        table(
            f"{filled['name']}: {filled['answered']} of {len(filled['items'])} items answered by this run",
            ["Item", "What it asks", "Answer"],
            [
                [
                    item["id"],
                    item["asks"],
                    "; ".join(
                        part
                        for part in (
                            item["answer"],
                            f"OPEN: {', '.join(item['missing'])}" if item["missing"] else "",
                        )
                        if part
                    ),
                ]
                for item in filled["items"]
            ],
            note=f"Official item numbers, our words. {filled['source']}. What only people know is written in the "
            "protocol's field 'reporting'.",
        )
        for filled in result.get("checklists", [])
    ]
    return [section("Reporting checklists", tables=tables)] if tables else []
