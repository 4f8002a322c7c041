"""Detection: every case counts once, a missing answer counts as wrong, and bad rows are named."""

from __future__ import annotations

import numpy as np
import pytest
from detection_makers import EIGHT, cases, findings, measure, protocol, table
from hypothesis import given
from hypothesis import strategies as st

from alarp.evaluation import assemble, detection, lock, read_csv
from alarp.evaluation.detection.auc import auc
from alarp.kernel import BadInput

HEADLINE = ("sensitivity", "specificity", "ppv", "npv", "auc")


def test_the_eight_cases_give_the_numbers_counted_by_hand():
    found = findings(EIGHT)
    assert {name: measure(found, name).estimate for name in HEADLINE} == {
        "sensitivity": 0.75, "specificity": 0.75, "ppv": 0.75, "npv": 0.75, "auc": 12 / 16,
    }  # fmt: skip
    assert found.outcomes == {
        "enrolled": 8, "scored": 8, "ai_failed": 0, "rejected_by_ai": 0, "indeterminate": 0, "reference_missing": 0,
    }  # fmt: skip


def test_a_score_at_the_threshold_is_flagged():
    assert measure(findings([*EIGHT, "i,nodule,0.5"]), "sensitivity").events == 4


def test_a_score_that_falls_with_disease_is_turned_only_when_the_protocol_says_so():
    turned = [
        f"{case},{truth},{1 - float(score)}" for case, truth, score in (row.split(",") for row in EIGHT)
    ]
    assert measure(findings(turned, higher_means="no disease"), "auc").estimate == 12 / 16
    assert measure(findings(turned), "auc").estimate == 4 / 16


@pytest.mark.need("E24")
def test_every_enrolled_case_has_exactly_one_outcome():
    rows = [*EIGHT, "i,nodule,", "j,,0.3", "k,none,0.2", "l,nodule,0.7", "m,maybe,0.9"]
    states = ["", "", "", "", "", "", "", "", "", "", "rejected_by_ai", "indeterminate", ""]
    found = findings(
        [f"{row},{state}" for row, state in zip(rows, states, strict=True)],
        header="case,truth,score,state",
        columns={"case": "case", "truth": "truth", "score": "score", "outcome": "state"},
        indeterminate=["maybe"],
    )
    assert found.outcomes == {
        "enrolled": 13, "scored": 8, "ai_failed": 1, "rejected_by_ai": 1, "indeterminate": 2, "reference_missing": 1,
    }  # fmt: skip
    assert measure(found, "sensitivity").n == 6
    assert measure(found, "sensitivity_as_treated").n == 4
    assert measure(found, "sensitivity_best_case").events == 5
    assert measure(found, "sensitivity").events == 3
    assert measure(found, "specificity").n == 5


@pytest.mark.need("E24")
@given(st.sets(st.integers(0, 7), max_size=6), st.integers(0, 7))
def test_removing_an_output_never_improves_a_headline_number(already, removed):
    def without(gone):
        return [row.rsplit(",", 1)[0] + "," if i in gone else row for i, row in enumerate(EIGHT)]

    before, after = (findings(without(gone)) for gone in (already, already | {removed}))
    for name in HEADLINE:
        old, new = measure(before, name).estimate, measure(after, name).estimate
        assert new is None or old is None or new <= old + 1e-12, name
    assert measure(after, "failure_rate").estimate >= measure(before, "failure_rate").estimate


def test_nothing_flagged_makes_ppv_not_measurable_and_not_zero():
    found = measure(findings(EIGHT, threshold=5), "ppv")
    assert (found.estimate, found.because) == (None, "no case was flagged")


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([*EIGHT, "a,none,0.2"], "Case a: column 'case' of cases.csv holds it 2 times"),
        ([*EIGHT, "i,maybe,0.2"], "Case i: the truth in column 'truth' is 'maybe'"),
        ([*EIGHT, "i,none,nan"], "Case i: column 'score' holds 'nan'"),
        ([*EIGHT, "i,none,inf"], "Case i: column 'score' holds 'inf'"),
        ([*EIGHT, "i,none,high"], "Case i: column 'score' holds 'high'"),
        ([*EIGHT, ",none,0.1"], "row 10: column 'case' is empty"),
        ([*EIGHT, "i,none"], "row 10: 2 cells under 3 columns"),
        (["a,nodule,0.5", "b,none,0.5"], "Column 'score' of cases.csv: all 2 scores are 0.5"),
        (EIGHT[:4], "no case's truth is 'none'"),
        (EIGHT[4:], "no case's truth is 'nodule'"),
        ([], "holds no case"),
    ],
)
def test_a_bad_row_is_refused_naming_case_and_column(rows, named):
    with pytest.raises(BadInput) as refused:
        cases(rows)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_without_a_declared_negative_a_third_truth_value_is_refused():
    with pytest.raises(BadInput, match="Case i: the truth in column 'truth' is 'maybe'"):
        cases([*EIGHT, "i,maybe,0.2"], negative=None)


def test_a_missing_column_is_named_with_those_that_exist():
    with pytest.raises(BadInput, match=r"no column 'score'.*case, truth, points"):
        cases(EIGHT, header="case,truth,points")


@pytest.mark.parametrize(
    ("truth", "named"),
    [
        (
            ["a,nodule", "b,none", "c,none"],
            "Case c: in column 'case' of truth.csv but not in column 'case' of cases.csv",
        ),
        (["a,nodule"], "Case b: in column 'case' of cases.csv but not in column 'case' of truth.csv"),
        (["a,nodule", "b,none", "b,none"], "Case b: column 'case' of truth.csv holds it 2 times"),
    ],
)
def test_a_truth_table_with_unmatched_or_doubled_cases_is_refused(truth, named):
    plan = protocol(truth="truth.csv")
    outputs = read_csv(table(["a,0.9", "b,0.1"], "case,score"), name="cases.csv")
    with pytest.raises(BadInput) as refused:
        detection.parse_cases(plan, outputs, read_csv(table(truth, "case,truth"), name="truth.csv"))
    assert named in str(refused.value)


def test_truth_in_a_second_table_is_joined_by_name_and_not_by_order():
    plan = protocol(truth="truth.csv")
    outputs = read_csv(table(["a,0.9", "b,0.1"], "case,score"), name="cases.csv")
    found = detection.parse_cases(
        plan, outputs, read_csv(table(["b,none", "a,nodule"], "case,truth"), name="truth.csv")
    )
    assert found.truth.tolist() == [1, 0]


def test_a_decision_column_sets_the_operating_point_without_a_threshold():
    rows = [f"{row},{'nodule' if i in (0, 1, 7) else 'none'}" for i, row in enumerate(EIGHT)]
    columns = {"case": "case", "truth": "truth", "score": "score", "decision": "call"}
    found = findings(rows, header="case,truth,score,call", columns=columns, threshold=None)
    assert measure(found, "sensitivity").estimate == 0.5
    assert measure(found, "auc").estimate == 12 / 16


def _two_sites(n_each=40):
    """Site A: 38 of 40 found; site B: 24 of 40; specificity alike."""
    rows = []
    for site, found in (("A", 38), ("B", 24)):
        rows += [f"{site}p{i},nodule,{0.9 if i < found else 0.1},{site}" for i in range(n_each)]
        rows += [f"{site}n{i},none,{0.1 if i < 36 else 0.9},{site}" for i in range(n_each)]
    return rows


@pytest.mark.need("E03")
def test_a_subgroup_for_which_the_tool_fails_is_flagged_with_the_multiplicity_stated():
    found = findings(_two_sites(), header="case,truth,score,site", subgroups=["site"], gap_margin=0.05)
    gaps = {(c.measure, c.a): c for c in found.comparisons}
    worse = gaps["sensitivity", "site=B"]
    assert worse.flag == "gap"
    assert worse.difference == pytest.approx(-0.35)
    assert "Holm over 4 comparisons" in worse.method
    assert worse.p >= worse.p_unadjusted
    assert gaps["specificity", "site=B"].flag == "no gap shown"
    own = measure(found, "sensitivity", "site=B")
    assert (own.n, own.events) == (40, 24)
    assert own.low < 0.6 < own.high


@pytest.mark.need("E03")
def test_a_subgroup_below_the_minimum_says_too_few_to_tell_and_keeps_a_claim_from_being_met():
    found = findings(
        _two_sites(), header="case,truth,score,site", subgroups=["site"], minimum_n=50,
        claims=[{"measure": "sensitivity", "subgroup": "site=A", "at_least": 0.5}],
    )  # fmt: skip
    assert measure(found, "sensitivity", "site=A").because.startswith("too few to tell")
    plan = protocol(
        subgroups=["site"], claims=[{"measure": "sensitivity", "subgroup": "site=A", "at_least": 0.5}]
    )
    held = lock(plan.common, None, now="", code_version="")
    result = assemble(plan.common, found, lock=held, data={}, code_version="")
    assert result.content["claims"][0]["status"] == "not measurable"
    assert not result.every_claim_met


def test_a_subgroup_may_have_a_column_of_another_name():
    columns = {"case": "case", "truth": "truth", "score": "score", "site": "hospital_code"}
    header = "case,truth,score,hospital_code"
    found = findings(_two_sites(), header=header, columns=columns, subgroups=["site"])
    assert measure(found, "sensitivity", "site=B").events == 24


def test_images_of_one_patient_widen_the_interval():
    rows = [
        f"{i},{'nodule' if i < 40 else 'none'},{0.9 if (i // 4) % 2 else 0.1 + i / 1000},{i // 4}"
        for i in range(80)
    ]
    columns = {"case": "case", "truth": "truth", "score": "score"}
    alone = findings(rows, header="case,truth,score,patient", columns=columns)
    together = findings(rows, header="case,truth,score,patient", columns=columns | {"patient": "patient"})
    for name in ("sensitivity", "auc"):
        narrow, wide = measure(alone, name), measure(together, name)
        assert wide.estimate == narrow.estimate
        assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)
        assert "clustered by patient" in wide.method


def test_a_case_copied_within_its_patient_adds_no_certainty_to_the_auc():
    rng = np.random.default_rng(7)
    truth = np.arange(60) < 25
    scores = rng.normal(truth * 1.0)
    alone = auc(scores, truth, interval="delong")
    clusters = np.repeat(np.arange(60), 2)
    twice = auc(np.repeat(scores, 2), np.repeat(truth, 2), clusters=clusters, interval="delong")
    assert twice.estimate == pytest.approx(alone.estimate)
    assert twice.low == pytest.approx(alone.low, abs=1e-9)


def test_delong_stays_inside_zero_and_one_for_a_million_tied_scores():
    rng = np.random.default_rng(1)
    truth = rng.random(1_000_000) < 0.1
    found = auc(np.round(rng.normal(truth * 1.0), 2), truth)
    assert 0.75 < found.low < found.estimate < found.high < 0.77


@pytest.mark.shared
def test_the_pneumonia_scores_give_the_published_area(shared):
    path = shared / "data" / "tables" / "pneumonia_ai_scores_val.csv"
    frame = read_csv(path.read_text("utf-8"), name=path.name)
    plan = protocol(
        columns={"case": "case_id", "truth": "truth", "score": "ai_score"}, positive=1, negative=0
    )
    found = detection.evaluate(plan, detection.parse_cases(plan, frame))
    assert measure(found, "auc").estimate == pytest.approx(0.987, abs=5e-4)
    assert found.outcomes["enrolled"] == 524
