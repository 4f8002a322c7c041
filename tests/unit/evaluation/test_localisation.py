"""Localisation: what is marked, missed and falsely marked counts as the definitions say, and nothing is lost."""

from __future__ import annotations

import json
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_makers import (
    comparison,
    located,
    marks_table,
    measure,
    overall,
    plain_auc,
    plain_wafroc,
    truth_table,
    values,
)

from alarp.evaluation import assemble, localisation, read_csv, reader_study
from alarp.kernel import BadInput
from alarp.report import charts

TRUTH = ["d1,1,1", "d2,1,2", "h1,0,0", "h2,0,0", "h3,0,0"]
MARKS = [
    "A,1,d1,LL,1,0.9", "A,1,d1,NL,1,0.4", "A,1,d2,LL,2,0.5", "A,1,h1,NL,1,0.5",
    "B,1,d1,LL,1,0.8", "B,1,d2,LL,1,0.7", "B,1,h2,NL,1,0.3",
]  # fmt: skip


def by_hand(endpoint, **more):
    return located(marks_table(MARKS), truth_table(TRUTH), endpoint=endpoint, **more)


@pytest.mark.parametrize(
    ("endpoint", "a", "b"),
    [
        # d1 beats h1, h2, h3: 3. d2: its found lesion ties h1 and beats two: 2.5; its missed one ties two: 1.
        ("wafroc", (3 + 0.5 * 2.5 + 0.5 * 1) / 6, (3 + 0.5 * 3 + 0.5 * 1) / 6),
        ("afroc", (3 + 2.5 + 1) / 9, (3 + 3 + 1) / 9),
        ("inferred-roc", (3 + 2.5) / 6, 1.0),
    ],
)
def test_the_figures_of_merit_are_those_counted_by_hand(endpoint, a, b):
    found = by_hand(endpoint)
    assert measure(found, endpoint, "A").estimate == pytest.approx(a)
    assert measure(found, endpoint, "B").estimate == pytest.approx(b)
    assert comparison(found, "A", "B").difference == pytest.approx(a - b)


def simulated(seed=5, modalities=2, readers=3, ill=8, well=9):
    """Marks of a search: some lesions are hit, some places falsely marked, ratings rounded so that they tie."""
    draw = np.random.default_rng(seed)
    lesions = {f"d{k:02d}": int(draw.integers(1, 4)) for k in range(ill)}
    truth = [f"{case},1,{count}" for case, count in lesions.items()]
    truth += [f"h{k:02d},0,0" for k in range(well)]
    rows = []
    for t in range(modalities):
        for r in range(readers):
            for case in [line.split(",")[0] for line in truth]:
                for number in range(1, lesions.get(case, 0) + 1):
                    if draw.random() < 0.7:
                        rows.append(f"m{t},r{r},{case},LL,{number},{draw.normal(1.2):.1f}")
                for number in range(1, int(draw.poisson(0.6)) + 1):
                    rows.append(f"m{t},r{r},{case},NL,{number},{draw.normal():.1f}")
    return rows, truth


def plain_figure(rows, truth, pair, endpoint):
    """The definition, from the lines of the files."""
    highest = {line.split(",")[0]: -inf for line in truth}
    found = {line.split(",")[0]: [-inf] * int(line.split(",")[2]) for line in truth}
    for row in rows:
        modality, reader, case, mark, index, rating = row.split(",")
        if (modality, reader) != pair or case not in highest:
            continue
        if mark == "NL":
            highest[case] = max(highest[case], float(rating))
        else:
            found[case][int(index) - 1] = float(rating)
    healthy = [highest[c] for c in highest if c.startswith("h")]
    ill = [c for c in highest if c.startswith("d")]
    if endpoint == "inferred-roc":
        return plain_auc(np.array([max(highest[c], *found[c]) for c in ill]), np.array(healthy))
    weights = [
        [1 / len(found[c])] * len(found[c]) if endpoint == "wafroc" else [1.0] * len(found[c]) for c in ill
    ]
    figure = plain_wafroc(healthy, [found[c] for c in ill], weights)
    return figure if endpoint == "wafroc" else figure * len(ill) / sum(map(len, weights))


@pytest.mark.parametrize("endpoint", ["wafroc", "afroc", "inferred-roc"])
def test_figures_and_their_jackknife_are_those_of_the_definition(endpoint):
    rows, truth = simulated()
    found = located(marks_table(rows), truth_table(truth), design={"endpoint": endpoint})
    pairs = [(f"m{t}", f"r{r}") for t in range(2) for r in range(3)]
    naive = [
        [plain_figure(rows, [t for t in truth if t != left], pair, endpoint) for pair in pairs]
        for left in truth
    ]
    matrix = np.cov(np.array(naive).T) * (len(truth) - 1) ** 2 / len(truth)
    for pair in pairs:
        figure = plain_figure(rows, truth, pair, endpoint)
        assert measure(found, endpoint, ", ".join(pair)).estimate == pytest.approx(figure, abs=1e-12)
    components = found.figures["components"]
    assert components["error"] == pytest.approx(np.diag(matrix).mean(), abs=1e-14)
    assert components["cov1"] == pytest.approx(np.mean([matrix[i, i + 3] for i in range(3)]), abs=1e-14)


def test_pseudovalues_and_obuchowski_rockette_agree_on_marks():
    rows, truth = simulated(seed=9)
    both = [
        overall(located(marks_table(rows), truth_table(truth), design={"method": m, "endpoint": "wafroc"}))
        for m in ("or", "dbm")
    ]
    assert both[0].p == pytest.approx(both[1].p, rel=1e-9)


def test_marks_of_readers_are_the_same_study_under_either_kind():
    rows, truth = simulated(seed=2)
    tables = {"marks": marks_table(rows), "truth": truth_table(truth)}
    plan = values(
        {"endpoint": "wafroc"}, cases=None, columns=None, positive=None, marks="marks.csv", truth="truth.csv"
    )
    as_readers = reader_study.findings(reader_study.parse(plan), tables)
    as_marks = located(tables["marks"], tables["truth"], design=plan["design"])
    assert as_readers.comparisons == as_marks.comparisons
    assert as_readers.figures["curves"][0]["froc"] == as_marks.figures["curves"][0]["froc"]


def test_weights_decide_what_a_missed_lesion_costs():
    truth = truth_table(
        [*(f"{t}," for t in TRUTH if "d2" not in t), "d2,1,2,0.9;0.1"], "case,diseased,n_lesions,weights"
    )
    found = located(marks_table(MARKS), truth)
    assert measure(found, "wafroc", "A").estimate == pytest.approx((3 + 0.9 * 1 + 0.1 * 2.5) / 6)


def test_a_tool_without_readers_or_a_modality_needs_no_column_for_them():
    rows = [row.split(",", 2)[2] for row in MARKS if row.startswith("A")]
    marks = read_csv("case,mark,index,rating\n" + "\n".join(rows) + "\n", name="marks.csv")
    found = located(marks, truth_table(TRUTH))
    assert measure(found, "wafroc", "all").estimate == measure(by_hand("wafroc"), "wafroc", "A").estimate


def test_the_froc_curve_runs_through_the_counted_points_and_the_operating_points():
    found = by_hand("wafroc", threshold=0.45, operating_points=[0.2])
    (line,) = [c for c in found.figures["curves"] if c["modality"] == "A"]
    assert [p["false_marks_per_case"] for p in line["froc"]] == pytest.approx([0, 0, 0.2, 0.4])
    assert [p["lesions_found"] for p in line["froc"]] == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    assert line["operating_points"][0] == {"rating": 0.2, "false_marks_per_case": 0.4, "lesions_found": 2 / 3}
    assert measure(found, "lesions_found", "A").events == 2
    assert measure(found, "false_marks_per_case", "A").estimate == pytest.approx(0.2)
    assert measure(found, "false_marks_per_case", "B").high == pytest.approx(-np.log(0.025) / 5)


def test_the_area_under_the_wafroc_curve_is_the_figure_of_merit():
    rows, truth = simulated(seed=4)
    found = located(marks_table(rows), truth_table(truth))
    for line in found.figures["curves"]:
        x, y = ([p[key] for p in line["wafroc"]] for key in ("false_cases", "weighted_lesions"))
        figure = measure(found, "wafroc", f"{line['modality']}, {line['reader']}").estimate
        assert np.trapezoid(y, x) == pytest.approx(figure, abs=1e-12)


def failing(cases):
    return read_csv(
        "modality,reader,case,outcome\n" + "".join(f"A,1,{c},ai_failed\n" for c in sorted(cases)),
        name="f.csv",
    )


@pytest.mark.need("E24")
@settings(max_examples=25)
@given(
    st.sets(st.sampled_from(["d1", "d2", "h1", "h2", "h3"]), max_size=3),
    st.sampled_from(["d1", "d2", "h1", "h3"]),
)
def test_an_output_that_fails_never_improves_a_headline_number(already, more):
    def run(gone):
        tables = {"failures": failing(gone)} if gone else {}
        fields = {"failures": "f.csv"} if gone else {}
        return located(marks_table(MARKS), truth_table(TRUTH), tables, threshold=0.45, **fields)

    before, after = run(already), run(already | {more})
    for name in ("wafroc", "wafroc_worst_case", "lesions_found"):
        assert measure(after, name, "A").estimate <= measure(before, name, "A").estimate + 1e-12
    assert comparison(after, "A", "B").difference <= comparison(before, "A", "B").difference + 1e-12
    assert after.outcomes["ai_failed"] == len(already | {more})
    assert sum(v for k, v in after.outcomes.items() if k != "enrolled") == after.outcomes["enrolled"] == 5


def test_a_failed_healthy_case_counts_as_marked_and_a_failed_diseased_one_as_missed():
    found = located(
        marks_table(MARKS), truth_table(TRUTH), {"failures": failing({"d1", "h3"})}, failures="f.csv"
    )
    # d1 only ties the unmarked h2: 0.5. d2: its found lesion ties h1, beats h2, loses to h3: 1.5; its missed one 0.5.
    assert measure(found, "wafroc", "A").estimate == pytest.approx((0.5 + 0.5 * 1.5 + 0.5 * 0.5) / 6)
    assert measure(found, "wafroc_best_case", "A").estimate > measure(found, "wafroc", "A").estimate
    assert measure(found, "wafroc_as_treated", "A").n == 3


PLACES = "case,index,x,y,z,radius\nd1,1,0,0,0,5\nd2,1,0,0,0,5\nd2,2,8,0,0,5\n"


@pytest.mark.parametrize(
    ("matching", "hits"),
    [
        ({"rule": "distance"}, 2),  # within the lesion's own radius of 5 mm
        ({"rule": "distance", "within_mm": 2}, 0),
        ({"rule": "distance", "within_mm": 3.1}, 2),
        ({"rule": "iou", "least_iou": 0.3}, 2),
        ({"rule": "iou", "least_iou": 0.6}, 0),
    ],
)
def test_marks_with_places_are_matched_by_the_stated_rule(matching, hits):
    """Both marks of d2 are 3 and 5 mm from lesion 1, 5 and 3 mm from lesion 2: each takes its own."""
    marks = read_csv(
        "modality,case,rating,x,y,z,radius\nA,d2,0.9,3,0,0,5\nA,d2,0.8,5,0,0,5\nA,h1,0.1,0,0,0,5\n",
        name="marks.csv",
    )
    found = located(
        marks, truth_table(TRUTH), {"lesions": read_csv(PLACES, name="l.csv")},
        lesions="l.csv", matching=matching, threshold=0.0,
    )  # fmt: skip
    assert measure(found, "lesions_found", "A").events == hits
    assert measure(found, "false_marks_per_case", "A").estimate == pytest.approx((3 - hits) / 5)


def test_a_second_mark_on_a_lesion_counts_neither_way():
    marks = read_csv("case,rating,x,y,z\nd1,0.9,0,0,0\nd1,0.8,1,0,0\nh1,0.1,0,0,0\n", name="marks.csv")
    found = located(
        marks, truth_table(TRUTH), {"lesions": read_csv(PLACES, name="l.csv")},
        lesions="l.csv", matching={"rule": "distance"}, threshold=0.0,
    )  # fmt: skip
    assert measure(found, "lesions_found", "AI").events == 1
    assert measure(found, "false_marks_per_case", "AI").estimate == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("marks", "truth", "said"),
    [
        (["A,1,x9,NL,1,0.5"], TRUTH, r"Case x9: in column 'case' of marks.csv \(row 2\) but not in truth.csv"),
        (["A,1,h1,LL,1,0.5"], TRUTH, r"Case h1: column 'mark' of marks.csv says 'LL' in row 2, but truth.csv counts no"),
        (["A,1,d1,XX,1,0.5"], TRUTH, r"Case d1: column 'mark' of marks.csv says 'XX' in row 2; a mark is 'NL'"),
        (["A,1,d1,LL,1,nan"], TRUTH, r"Case d1 \(row 2\): column 'rating' holds 'nan'"),
        (["A,1,d1,LL,1,"], TRUTH, r"Case d1 \(row 2\): column 'rating' is empty"),
        (["A,1,d1,LL,1,0.5", "A,1,d1,LL,1,0.6"], TRUTH, r"Case d1: marks.csv has two LL marks on one lesion"),
        (["A,1,d2,LL,1,1", "A,1,d2,LL,2,1", "A,1,d2,LL,3,1"], TRUTH, r"Case d2: column 'index' of marks.csv names"),
        (MARKS, [*TRUTH, "d1,1,1"], r"Case d1: column 'case' of truth.csv holds it 2 times"),
        (MARKS, [*TRUTH, "d4,1,0"], r"Case d4: column 'n_lesions' of truth.csv says 0, but the case is diseased"),
        (MARKS, [*TRUTH, "d4,maybe,0"], r"Case d4: column 'diseased' of truth.csv says 'maybe'"),
        (MARKS, TRUTH[2:], r"Case d1: in column 'case'|no case is diseased"),
    ],
)  # fmt: skip
def test_a_bad_mark_is_named_with_its_case_and_column(marks, truth, said):
    with pytest.raises(BadInput, match=said):
        located(marks_table(marks), truth_table(truth))


def test_the_story_of_marks_has_curves_with_their_tables():
    protocol = localisation.parse(
        {
            "title": "t",
            "version": 1,
            "kind": "localisation",
            "marks": "marks.csv",
            "truth": "truth.csv",
            "threshold": 0.45,
        }
    )
    found = localisation.findings(protocol, {"marks": marks_table(MARKS), "truth": truth_table(TRUTH)})
    result = assemble(protocol.common, found, lock=None, data={}, code_version="test")
    told = localisation.story(json.loads(result.as_json()))
    drawn = [chart for part in told["sections"] for chart in part["charts"]]
    assert [c["title"] for c in drawn if c["chart"] == "reader-curves"] == [
        "FROC curve of every reader", "wAFROC curve of every reader",
    ]  # fmt: skip
    for chart in drawn:
        assert chart["table"]["rows"]
        assert charts.draw(chart).startswith("<svg")
    assert any("of 100 lesions 67" in line for line in told["summary"])
