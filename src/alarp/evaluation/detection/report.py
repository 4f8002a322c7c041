"""What does the report on a detection tool say?"""

from __future__ import annotations

from typing import Any

from alarp.evaluation import mixed, pieces, telling
from alarp.evaluation.detection import consequences, reservations, showing
from alarp.evaluation.pieces import Row, Story

_SHARES = ("sensitivity", "specificity", "ppv", "npv", "auc")
_HEADLINE = (
    *_SHARES, "partial_auc", "lr_positive", "lr_negative", "ppv_at_prevalence", "npv_at_prevalence", "brier",
    "calibration_slope", "calibration_intercept", "failure_rate",
)  # fmt: skip


def story(result: Row) -> Story:
    """Which story does a detection result tell, to a board member first and a statistician after?"""
    sections = [
        _accuracy(result),
        reservations.agreement(result),
        reservations.scope(result),
        consequences.verification(result),
        showing.here(result),
        showing.ranking(result),
        showing.answers(result),
        showing.promise(result),
        showing.probability(result),
        consequences.answer_times(result),
        consequences.times(result),
        consequences.double_reading(result),
        _subgroups(result),
        mixed.case_mix(result),
    ]
    return pieces.frame(result, summary=_summary(result), sections=[s for s in sections if s is not None])


def _summary(result: Row) -> list[str]:
    said = [pieces.claims_sentence(result), *_of_hundred(result)]
    said += [
        sentence
        for sentence in (
            showing.natural_sentence(result),
            reservations.agreement_sentence(result),
            reservations.scope_sentence(result),
            consequences.verification_sentence(result),
            *showing.promise_sentences(result),
            showing.answers_sentence(result),
            consequences.times_sentence(result),
            consequences.reading_sentence(result),
        )
        if sentence
    ]
    failed = pieces.find(result, "failure_rate")
    if failed and failed["events"]:
        said.append(
            f"It gave no usable answer for {failed['events']} of {failed['n']} cases; these count as wrong."
        )
    return [*said, telling.for_whom(result, lower_is_worse=True)]


def _of_hundred(result: Row) -> list[str]:
    """Sensitivity, specificity and PPV as people out of a hundred."""
    said = []
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
    if ppv and ppv["estimate"] is not None and not result["prevalence"]:
        said.append(
            f"Of 100 people it flags, {pieces.per_hundred(ppv)} have the disease, at the share found here."
        )
    return said


def _accuracy(result: Row) -> dict[str, Any]:
    rows = {row["measure"]: row for row in result["measures"] if row["subgroup"] == "all"}
    tables = [
        pieces.measures_table(
            "Primary analysis: every enrolled case", [rows[m] for m in _HEADLINE if m in rows]
        ),
        _confusion(result),
    ]
    if "verification" not in result["figures"]:
        tables.append(telling.variants_table(result, _SHARES))
    return pieces.section("Accuracy", tables=tables)


def _confusion(result: Row) -> dict[str, Any]:
    counts = result["figures"]["confusion"]
    rows = [
        ["diseased", str(counts["true_positive"]), str(counts["false_negative"])],
        ["healthy", str(counts["false_positive"]), str(counts["true_negative"])],
    ]
    rule = result["figures"]["operating_point"]["rule"]
    who = ", verified cases only" if "verification" in result["figures"] else ""
    return pieces.table(
        f"At the operating point: {rule} (no answer counts as wrong{who})",
        ["Truth", "Flagged", "Not flagged"],
        rows,
    )


def _subgroups(result: Row) -> dict[str, Any] | None:
    """The groups of patients; rows of a score or a way of reading have sections of their own."""
    own = [
        row
        for row in result["measures"]
        if not row["subgroup"].startswith(showing.NOT_PATIENTS)
        and not row["measure"].endswith("_transported")
    ]
    return telling.subgroups(
        {**result, "measures": own}, forests=("sensitivity", "specificity"), tabled=("ppv", "npv", "auc")
    )
