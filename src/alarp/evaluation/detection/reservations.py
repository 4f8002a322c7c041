"""What does the report say of doubts about the truth, and of cases that the tool is not meant for?"""

from __future__ import annotations

from alarp.evaluation import pieces
from alarp.evaluation.detection.options import SEPARATE
from alarp.evaluation.detection.scope import INSIDE, OUTSIDE
from alarp.evaluation.detection.showing import Section
from alarp.evaluation.pieces import Row

_UNANIMOUS = (
    "reference_agreement", "reference_kappa", "reference_ac1", "sensitivity", "sensitivity_unanimous", "specificity",
    "specificity_unanimous",
)  # fmt: skip


def agreement(result: Row) -> Section:
    """How far did the readers agree who made the truth, and how does the tool fare where all of them did?"""
    found = result["figures"].get("agreement")
    if not found:
        return None
    rows = [row for name in _UNANIMOUS if (row := pieces.find(result, name))]
    counts = [
        ["read by two or more", str(found["read_twice"])],
        ["of these, all of one mind", str(found["unanimous"])],
        ["of these, not of one mind", str(found["split"])],
        ["of one mind, and the final truth says otherwise", str(found["truth_against_all"])],
        ["read by one", str(found["read_once"])],
        ["no reading in the file", str(found["unread"])],
    ]
    readers = [[r["reader"], str(r["readings"]), str(r["as_the_truth"])] for r in found["by_reader"]]
    return pieces.section(
        "How sure is the truth?",
        paragraphs=[
            "The truth was made by people, and where they disagree nobody knows how often the final word is wrong. The "
            "cases on which all agreed are the easier ones, so the tool usually fares better there: those figures show how "
            "much the disputed cases weigh, and take nobody's place. Kappa is low where one answer is rare, however well "
            "readers agree; AC1 is not."
        ],
        tables=[
            pieces.table("What the readings say", ["Cases", "Count"], counts),
            pieces.measures_table("Agreement, and accuracy where all agreed beside all cases", rows),
            pieces.table(
                "Each reader beside the final truth",
                ["Reader", "Readings of cases with a truth", "The same as the truth"],
                readers,
                note="The truth was made from these readings, so they agree with it more than an outsider would.",
            ),
        ],
    )


def agreement_sentence(result: Row) -> str:
    """How many of the cases did the makers of the truth dispute?"""
    found = result["figures"].get("agreement")
    if not found or not found["read_twice"]:
        return ""
    return (
        f"The people who made the truth were not of one mind about {found['split']} of the {found['read_twice']} cases that "
        "several of them read."
    )


def scope(result: Row) -> Section:
    """What did the tool do with cases outside its intended use?"""
    found = result["figures"].get("scope")
    if not found:
        return None
    keys = ("cases", "answered", "flagged", "rejected", "no_answer")
    rows = [row for row in result["measures"] if row["subgroup"] in (INSIDE, OUTSIDE)]
    rows += [row for row in result["measures"] if row["measure"].endswith("_out_of_scope")]
    rule = (
        "The protocol declared beforehand that they are counted apart: they are in no other number of this report."
        if found["rule"] == SEPARATE
        else "They count in every other number of this report, as all that arrives here does."
    )
    return pieces.section(
        "Outside the intended use",
        paragraphs=[
            f"{found['outside']} of {found['inside'] + found['outside']} enrolled cases are outside the tool's intended use "
            f"('{result['intended_use']}'). {rule} A tool that knows its limits rejects them; one that answers all the same "
            "is trusted where nobody tested it."
        ],
        tables=[
            pieces.table(
                "What the tool did there",
                ["Reason", "Cases", "Answered", "Flagged", "Rejected", "No answer"],
                [[r["reason"], *(str(r[k]) for k in keys)] for r in found["reasons"]],
            ),
            pieces.measures_table("Inside and outside", rows, by_subgroup=True),
        ],
    )


def scope_sentence(result: Row) -> str:
    """Did the tool answer where it should not?"""
    found, row = result["figures"].get("scope"), pieces.find(result, "answered_out_of_scope")
    if not found or not found["outside"] or row is None:
        return ""
    return f"{found['outside']} cases were outside the intended use; the tool answered {row['events']} of them all the same."
