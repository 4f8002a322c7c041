"""Readers with advice: what they thought first, what the tool said, what they did; each share with its denominator."""

from __future__ import annotations

import pytest
from reader_makers import values

from alarp.evaluation import assemble, read_csv, reader_study
from alarp.kernel import BadInput

HEADER = "reader,modality,case,truth,rating,first,advice,final,sure,seconds"
COLUMNS = {
    name: name for name in ("reader", "modality", "case", "truth", "rating", "first", "advice", "final")
}
COLUMNS |= {"confidence": "sure", "seconds": "seconds"}

# case: truth, advice: the tool is right of d1, d2, h1, h2 and wrong of d3, h3.
CASES = {
    "d1": ("diseased", "yes"), "d2": ("diseased", "yes"), "d3": ("diseased", "no"),
    "h1": ("healthy", "no"), "h2": ("healthy", "no"), "h3": ("healthy", "yes"),
}  # fmt: skip
# reader: case: first, final. R1 leans on the tool, R2 on nobody.
JUDGED = {
    "R1": {"d1": "no yes", "d2": "yes yes", "d3": "yes no", "h1": "yes no", "h2": "no no", "h3": "no yes"},
    "R2": {"d1": "no no", "d2": "yes yes", "d3": "yes yes", "h1": "yes yes", "h2": "no no", "h3": "no no"},
}


def rows(*, judged=None, modality="aided", unaided=True):
    found = []
    for reader, answers in (judged or JUDGED).items():
        for place, (case, words) in enumerate(answers.items()):
            truth, advice = CASES[case]
            first, final = words.split()
            rating = {"yes": 60, "no": 20}[final] + place
            found.append(
                f"{reader},{modality},{case},{truth},{rating},{first},{advice},{final},{place * 10},{30 + place}"
            )
            if unaided:
                found.append(f"{reader},unaided,{case},{truth},{20 + 7 * place},,,,,")
    return found


def findings(lines, *, columns=None, design=None, **changes):
    chosen = {k: v for k, v in (COLUMNS | (columns or {})).items() if v is not None}
    frame = read_csv("\n".join([HEADER, *lines]) + "\n", name="readings.csv")
    plan = reader_study.parse(values(design, columns=chosen, negative="healthy", minimum_n=4, **changes))
    return plan, reader_study.findings(plan, {"cases": frame})


def measure(found, name, subgroup="all"):
    (one,) = [m for m in found.measures if (m.measure, m.subgroup) == (name, subgroup)]
    return one


def told(plan, found):
    return reader_study.story(assemble(plan.common, found, lock=None, data={}, code_version="x").content)


@pytest.mark.need("H08")
def test_the_reader_who_takes_all_advice_and_the_one_who_takes_none_are_told_apart():
    _, found = findings(rows())
    for reader, good_taken, bad_left, followed in (("R1", 1.0, 0.0, 1.0), ("R2", 0.0, 1.0, 0.0)):
        assert measure(found, "rair", f"aided, {reader}").estimate == good_taken
        assert measure(found, "rsr", f"aided, {reader}").estimate == bad_left
        assert measure(found, "followed_in_conflict", f"aided, {reader}").estimate == followed
    together = measure(found, "rair")
    assert (together.events, together.n, together.estimate) == (2, 4, 0.5)
    assert "clustered by reader" in together.method
    assert measure(found, "commission_rate").n == 2
    assert measure(found, "omission_rate").n == 2


@pytest.mark.need("H08")
def test_the_table_of_two_by_two_counts_every_advised_reading_once():
    _, found = findings(rows())
    figure = found.figures["reliance"]
    of_all = [s for s in figure["situations"] if s["group"] == "all"]
    assert {(s["tool"], s["first"]): (s["readings"], s["right_in_the_end"]) for s in of_all} == {
        ("right", "right"): (4, 4), ("right", "wrong"): (4, 2), ("wrong", "right"): (4, 2), ("wrong", "wrong"): (0, 0),
    }  # fmt: skip
    assert figure["readings"] == 12
    assert figure["unadvised"] == {"unaided": 12}


@pytest.mark.need("H08")
def test_few_readings_keep_their_number_and_are_marked():
    _, found = findings(rows())
    few = measure(found, "rair", "aided, R1")
    assert few.estimate == 1.0
    assert few.because == "too few to tell: 2 readings, the protocol asks for 4"
    assert measure(found, "rair").because == ""


@pytest.mark.need("H08")
def test_a_hurry_is_what_the_protocol_names_and_its_difference_is_shown():
    hurried = {"R1": JUDGED["R1"], "R2": JUDGED["R1"]}  # in a hurry both follow everything
    calm = {"R1": JUDGED["R2"], "R2": JUDGED["R2"]}
    lines = rows(judged=calm, unaided=False) + rows(judged=hurried, modality="aided fast", unaided=False)
    plan, found = findings(lines, time_pressure=["aided fast"])
    assert measure(found, "rsr", "under time pressure").estimate == 0.0
    assert measure(found, "rsr", "without time pressure").estimate == 1.0
    (change,) = [c for c in found.comparisons if c.measure == "rsr"]
    assert change.difference == -1.0
    assert (change.a, change.b) == ("under time pressure", "without time pressure")
    assert any(
        t["caption"].startswith("What time pressure changes") for t in of_section(told(plan, found))["tables"]
    )


@pytest.mark.need("H08")
def test_confidence_is_split_at_each_readers_own_median():
    _, found = findings(rows())
    assert measure(found, "accuracy_final", "less sure").n == 6  # d1, d2, d3 of each: 0, 10 and 20
    assert measure(found, "accuracy_final", "surer").n == 6
    assert measure(found, "rsr", "less sure").n == 2  # d3 of both


def of_section(story, heading="Good advice taken, bad advice left"):
    (one,) = [s for s in story["sections"] if s["heading"] == heading]
    return one


@pytest.mark.need("H09")
def test_the_debrief_names_the_cases_of_conflict_and_what_became_of_them():
    plan, found = findings(rows())
    conflicts = {row["case"]: row for row in found.figures["reliance"]["conflicts"]}
    assert set(conflicts) == {"d1", "d3", "h1", "h3"}  # in d2 and h2 everybody thought as the tool did
    assert conflicts["d3"] == {
        "case": "d3", "diseased": True, "readings": 2, "followed_right_advice": 0, "kept_against_right_advice": 0,
        "followed_wrong_advice": 1, "kept_against_wrong_advice": 1,
    }  # fmt: skip
    story = told(plan, found)
    headings = [section["heading"] for section in story["sections"]]
    counted = of_section(story, "Working with the tool's advice")
    assert counted["tables"][0]["caption"].startswith("Who was right")
    shown = of_section(story)
    assert headings.index(counted["heading"]) < headings.index(shown["heading"])
    assert any(table["caption"].startswith("Cases to talk about") for table in shown["tables"])


def test_a_reading_without_a_final_answer_counts_as_wrong_and_is_counted():
    lines = [line.replace(",no,yes,yes,0,", ",no,yes,,0,") for line in rows()]
    _, found = findings(lines)
    assert found.figures["reliance"]["unanswered"] == 1
    assert measure(found, "rair", "aided, R1").estimate == 0.5


def test_without_a_first_impression_the_pair_is_not_measurable_and_the_rest_stands():
    _, found = findings(rows(), columns={"first": None, "confidence": None})
    assert measure(found, "rair").estimate is None
    assert measure(found, "commission_rate").estimate == 0.5
    assert found.figures["reliance"]["conflicts"] == []


def test_the_rating_at_the_threshold_is_the_final_answer_where_no_column_says_it():
    design = {"endpoint": "sensitivity", "threshold": 50}
    _, by_rating = findings(rows(), columns={"final": None}, design=design)
    _, by_word = findings(rows(), design=design)
    assert measure(by_rating, "rsr") == measure(by_word, "rsr")


def test_advice_changes_nothing_about_the_endpoint():
    plain = dict.fromkeys(("first", "advice", "final", "confidence", "seconds"))
    _, without = findings(rows(), columns=plain)
    _, with_advice = findings(rows())
    assert without.measures == with_advice.measures[: len(without.measures)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"columns": {"advice": None}}, "without 'columns.advice'"),
        ({"columns": {"final": None}}, "decided in the end"),
        ({"columns": {"first": None}}, "confidence in the first impression"),
        ({"columns": {"advice": "colour"}}, "no column 'colour'"),
        ({"time_pressure": ["asleep"]}, "'asleep'"),
    ],
)
def test_advice_that_cannot_be_read_is_one_sentence(changes, words):
    with pytest.raises(BadInput, match=words):
        findings(rows(), **changes)


def test_advice_that_is_neither_yes_nor_no_names_the_case_and_the_column():
    lines = [
        line.replace("R1,aided,d1,diseased,60,no,yes", "R1,aided,d1,diseased,60,no,maybe") for line in rows()
    ]
    with pytest.raises(BadInput, match=r"Case d1.*reader R1.*'advice' holds 'maybe'"):
        findings(lines)
