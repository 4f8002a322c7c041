"""Which sections and sentences show what the tool does to times, recalls, and to who is verified?

Each answers None (or an empty sentence) when the result holds no such analysis.
"""

from __future__ import annotations

from alarp.evaluation import pieces
from alarp.evaluation.answering import SHARES
from alarp.evaluation.detection.double_reading import TWO_READERS, WITH_TOOL
from alarp.evaluation.detection.showing import Section, compared
from alarp.evaluation.pieces import Row
from alarp.evaluation.telling import comparison_table


def answer_times(result: Row) -> Section:
    """How long does an answer take, from sending?"""
    rows = [row for name in SHARES if (row := pieces.find(result, name))]
    if not rows:
        return None
    table = pieces.measures_table("Minutes from sending a case to its answer", rows)
    said = "A case without a usable answer takes for ever. Live use is counted in the same way."
    return pieces.section("Time to the answer", tables=[table], paragraphs=[said])


def times(result: Row) -> Section:
    """How much earlier are the diseased notified?"""
    names = (
        "notified_earlier", "time_saved_all_diseased_min", "time_to_result_min", "worklist_wait_min", "time_saved_min",
    )  # fmt: skip
    rows = [row for name in names if (row := pieces.find(result, name))]
    if not rows:
        return None
    return pieces.section(
        "Time to notification",
        paragraphs=[
            pieces.compared_with(result),
            "The first two count every diseased case: one that was missed, or flagged too late, saves nothing. The others "
            "look at true positives alone.",
        ],
        tables=[
            pieces.measures_table("Times in minutes from the end of the scan", rows),
            comparison_table("Against the worklist, in minutes", compared(result, a="tool", b="worklist")),
        ],
    )


def times_sentence(result: Row) -> str:
    """Out of 100 diseased, how many are notified before their turn in the worklist?"""
    earlier, saved = pieces.find(result, "notified_earlier"), pieces.find(result, "time_saved_min")
    if not earlier or earlier["estimate"] is None or not saved or saved["estimate"] is None:
        return ""
    return (
        f"Of 100 people with the disease, {pieces.per_hundred(earlier)} are notified before the worklist would have come to "
        f"them; half of the true positives gain at least {saved['estimate']:.0f} minutes."
    )


def double_reading(result: Row) -> Section:
    """What changes when the tool takes the second reader's place?"""
    rows = [row for row in result["measures"] if row["subgroup"].startswith("reading=")]
    if not rows:
        return None
    shares = ("recall_rate", "detection_rate", "arbitration_rate", "recalls_per_cancer")
    extra = [row for row in rows if row["measure"].startswith("extra_assessments")]
    return pieces.section(
        "Two readers, or a reader and the tool",
        paragraphs=[pieces.compared_with(result)],
        tables=[
            pieces.wide_table("Each way of reading", rows, shares),
            comparison_table(
                "Reader and tool against two readers", compared(result, a=WITH_TOOL, b=TWO_READERS)
            ),
            pieces.measures_table("What it costs in assessments", extra),
        ],
    )


def reading_sentence(result: Row) -> str:
    """For 1000 read, how many more are recalled and found?"""
    group = f"reading={WITH_TOOL}"
    extra = pieces.find(result, "extra_assessments_per_1000_at_prevalence", group)
    extra = extra or pieces.find(result, "extra_assessments_per_1000", group)
    if not extra or extra["estimate"] is None:
        return ""
    each = [pieces.find(result, "recalls_per_cancer", f"reading={way}") for way in (WITH_TOOL, TWO_READERS)]
    change = "more" if extra["estimate"] >= 0 else "fewer"
    text = f"With the tool as second reader, {abs(extra['estimate']):.1f} {change} assessments for 1000 read"
    if extra["low"] is not None and extra["high"] is not None:
        text += f" (between {extra['low']:+.1f} and {extra['high']:+.1f})"
    if all(row and row["estimate"] is not None for row in each):
        shown = [f"{row['estimate']:.1f}" for row in each if row]
        text += f"; {shown[0]} patients are recalled for each one found, with two readers {shown[1]}"
    return text + "."


def verification(result: Row) -> Section:
    """Who was verified, and what does that do to the numbers?"""
    strata = result["figures"].get("verification")
    if not strata:
        return None
    names = [f"{m}{w}" for m in ("sensitivity", "specificity") for w in ("_begg_greenes", "_ipw", "_naive")]
    rows = [row for name in names if (row := pieces.find(result, name))]
    fractions = ["–" if s["fraction"] is None else f"{100 * s['fraction']:g} %" for s in strata]
    return pieces.section(
        "Only some cases were verified",
        tables=[
            pieces.table(
                "Which cases were verified",
                ["The tool's answer", "Cases", "Verified", "Diseased", "Healthy", "Recorded fraction"],
                [
                    [
                        s["answer"],
                        *(str(s[k]) for k in ("cases", "verified", "diseased", "healthy")),
                        fraction,
                    ]
                    for s, fraction in zip(strata, fractions, strict=True)
                ],
            ),
            pieces.measures_table("Corrected and uncorrected, side by side", rows),
        ],
    )


def verification_sentence(result: Row) -> str:
    """What must nobody overlook when only some cases were verified?"""
    if not result["figures"].get("verification"):
        return ""
    found, naive = pieces.find(result, "sensitivity"), pieces.find(result, "sensitivity_naive")
    if not found or found["estimate"] is None:
        return f"Sensitivity cannot be measured here: {found['because'] if found else 'cases were not verified'}."
    uncorrected = f"; uncorrected it would read {pieces.show(naive['estimate'])}" if naive else ""
    return f"Only some cases were verified; sensitivity is corrected for that{uncorrected}, which is biased."
