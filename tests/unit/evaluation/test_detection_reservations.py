"""Doubts about the truth and cases outside the intended use are carried to the result, not left out of it."""

from __future__ import annotations

import pytest
from detection_makers import EIGHT, measure, protocol, table

from alarp.evaluation import assemble, detection, read_csv
from alarp.kernel import BadInput

FILE = {
    "file": "readings.csv",
    "columns": {"case": "case", "reader": "reader", "reading": "said"},
}
# Two readers each; they differ about d (which the tool misses) and h (which it flags wrongly).
READINGS = [
    f"{case},{reader},{word}"
    for case, words in {
        "a": "nodule nodule", "b": "nodule nodule", "c": "nodule nodule", "d": "nodule none",
        "e": "none none", "f": "none none", "g": "none none", "h": "none nodule",
    }.items()
    for reader, word in zip(("R1", "R2"), words.split(), strict=True)
]  # fmt: skip


def findings(rows, readings=None, header="case,truth,score", **changes):
    plan = protocol(**changes | ({} if readings is None else {"reference_readings": FILE}))
    tables = {"cases": read_csv(table(rows, header), name="cases.csv")}
    if readings is not None:
        tables["reference_readings"] = read_csv(table(readings, "case,reader,said"), name="readings.csv")
    return plan, detection.findings(plan, tables)


def story(plan, found):
    return detection.story(assemble(plan.common, found, lock=None, data={}, code_version="x").content)


def headings(plan, found):
    return [section["heading"] for section in story(plan, found)["sections"]]


@pytest.mark.need("E10")
def test_agreement_of_the_makers_of_the_truth_is_the_one_counted_by_hand():
    _, found = findings(EIGHT, READINGS)
    assert measure(found, "reference_agreement").estimate == 0.75  # 6 of 8 pairs
    # 8 of 16 readings say nodule: by chance half of the pairs agree, for Fleiss and for Gwet.
    assert measure(found, "reference_kappa").estimate == pytest.approx(0.5)
    assert measure(found, "reference_ac1").estimate == pytest.approx(0.5)
    assert measure(found, "reference_ac1").low < 0.5 < measure(found, "reference_ac1").high


@pytest.mark.need("E10")
def test_accuracy_where_all_agreed_stands_beside_the_primary_and_changes_nothing_of_it():
    plan, found = findings(EIGHT, READINGS)
    _, plain = findings(EIGHT)
    assert measure(found, "sensitivity") == measure(plain, "sensitivity")
    assert measure(found, "specificity") == measure(plain, "specificity")
    easy = measure(found, "sensitivity_unanimous")
    assert (easy.estimate, easy.events, easy.n) == (1.0, 3, 3)
    assert measure(found, "specificity_unanimous").estimate == 1.0
    assert "How sure is the truth?" in headings(plan, found)
    assert any("not of one mind about 2 of the 8 cases" in line for line in story(plan, found)["summary"])


@pytest.mark.need("E10")
def test_a_truth_that_no_reader_gave_and_cases_that_nobody_read_are_counted():
    readings = [
        row.replace("a,R1,nodule", "a,R1,none").replace("a,R2,nodule", "a,R2,none") for row in READINGS
    ]
    readings = [row for row in readings if not row.startswith("b,") and row != "e,R2,none"]
    _, found = findings(EIGHT, readings)
    figure = found.figures["agreement"]
    assert figure["truth_against_all"] == 1
    assert (figure["read_twice"], figure["read_once"], figure["unread"]) == (6, 1, 1)
    assert figure["unanimous"] + figure["split"] == figure["read_twice"]
    assert {r["reader"]: (r["readings"], r["as_the_truth"]) for r in figure["by_reader"]} == {
        "R1": (7, 6), "R2": (6, 3),
    }  # fmt: skip


def test_an_indeterminate_reading_is_an_answer_of_its_own_and_no_unanimity():
    readings = [
        row.replace("a,R1,nodule", "a,R1,unsure").replace("a,R2,nodule", "a,R2,unsure") for row in READINGS
    ]
    _, found = findings(EIGHT, readings, indeterminate=["unsure"])
    assert measure(found, "sensitivity_unanimous").n == 2
    assert measure(found, "reference_agreement").estimate == 0.75


@pytest.mark.parametrize(
    ("readings", "words"),
    [
        ([*READINGS, "z,R1,nodule"], "Case z: in column 'case' of readings.csv but not in cases.csv"),
        ([*READINGS, "a,R1,nodule"], "Case a, reader R1: readings.csv holds it twice"),
        (
            [*READINGS, "a,R3,perhaps"],
            "Case a, reader R3: the reading in column 'said' of readings.csv is 'perhaps'",
        ),
        ([row for row in READINGS if "R1" in row], "fewer than two readers"),
    ],
)
def test_readings_that_cannot_be_used_are_one_sentence(readings, words):
    with pytest.raises(BadInput, match=words):
        findings(EIGHT, readings)


SCOPE = {"case": "case", "truth": "truth", "score": "score", "in_scope": "ours", "out_of_scope_reason": "why"}
SCOPED_HEADER = "case,truth,score,ours,why,outcome"
SCOPED = [
    *(f"{row},yes,," for row in EIGHT),
    "k,nodule,0.1,no,child,",
    "l,none,0.9,no,child,",
    "m,none,,no,lateral view,rejected_by_ai",
    "n,,,no,lateral view,rejected_by_ai",
]


def scoped(rows=SCOPED, **changes):
    return findings(rows, header=SCOPED_HEADER, columns=SCOPE | {"outcome": "outcome"}, **changes)


@pytest.mark.need("E13")
@pytest.mark.need("E24")
def test_cases_outside_the_intended_use_count_unless_the_protocol_declared_otherwise():
    _, counted = scoped()
    _, apart = scoped(analysis={"out_of_scope": "separate"})
    assert (measure(counted, "sensitivity").events, measure(counted, "sensitivity").n) == (3, 5)
    assert (measure(apart, "sensitivity").events, measure(apart, "sensitivity").n) == (3, 4)
    assert counted.outcomes == apart.outcomes
    assert counted.outcomes["enrolled"] == 12
    for found, words in (
        (counted, "they count in every headline number"),
        (apart, "as the protocol declared"),
    ):
        assert any(
            "4 of 12 enrolled cases are outside" in remark and words in remark for remark in found.remarks
        )


@pytest.mark.need("E13")
def test_what_the_tool_did_outside_its_intended_use_is_shown_by_reason():
    plan, found = scoped(intended_use="adult chest X-rays, frontal")
    answered = measure(found, "answered_out_of_scope")
    assert (answered.events, answered.n) == (2, 4)
    assert (
        measure(found, "rejected_out_of_scope").events == 2
    )  # one of them has no truth and was rejected all the same
    by_reason = {row["reason"]: row for row in found.figures["scope"]["reasons"]}
    assert by_reason["child"] == {
        "reason": "child", "cases": 2, "answered": 2, "flagged": 1, "rejected": 0, "no_answer": 0,
    }  # fmt: skip
    assert measure(found, "sensitivity", "outside the intended use").estimate == 0.0
    assert measure(found, "sensitivity", "inside the intended use").n == 4
    told = story(plan, found)
    assert "Outside the intended use" in headings(plan, found)
    assert any("the tool answered 2 of them all the same" in line for line in told["summary"])


@pytest.mark.need("E13")
def test_a_protocol_that_states_no_intended_use_is_told_so_in_its_report():
    plan, found = findings(EIGHT)
    assert any("does not state the intended use" in warning for warning in story(plan, found)["warnings"])
    plan, found = findings(EIGHT, intended_use="adult chest X-rays")
    assert not any("intended use" in warning for warning in story(plan, found)["warnings"])


def test_separate_without_a_column_that_says_who_is_outside_is_refused():
    with pytest.raises(BadInput, match=r"columns\.in_scope"):
        protocol(analysis={"out_of_scope": "separate"})


def test_a_scope_in_which_nobody_is_diseased_is_refused_by_name():
    rows = [row.replace(",yes,", ",no,") if ",nodule," in row else row for row in SCOPED]
    with pytest.raises(BadInput, match="no case inside the intended use has the truth 'nodule'"):
        scoped(rows, analysis={"out_of_scope": "separate"})


def test_a_cell_that_says_neither_in_nor_out_names_the_case():
    with pytest.raises(BadInput, match="Case a: column 'ours' is empty"):
        scoped([SCOPED[0].replace(",yes,", ",,"), *SCOPED[1:]])


TIMED = ["a,nodule,0.9,5,60", "b,nodule,0.8,6,90", "c,nodule,0.1,5,30", "d,none,0.2,5,40", "e,none,0.1,6,50"]


@pytest.mark.need("E11")
@pytest.mark.parametrize(
    ("analysis", "words"),
    [
        ({"counterfactual": "the worklist in order of arrival"}, "the worklist in order of arrival."),
        ({}, "does not say what would have happened without the tool"),
    ],
)
def test_an_effect_on_times_names_what_it_is_compared_with(analysis, words):
    columns = {"case": "case", "truth": "truth", "score": "score"}
    columns |= {"time_to_result_min": "result", "worklist_wait_min": "wait"}
    plan, found = findings(TIMED, header="case,truth,score,result,wait", columns=columns, analysis=analysis)
    (section,) = [s for s in story(plan, found)["sections"] if s["heading"] == "Time to notification"]
    assert words in section["paragraphs"][0]
