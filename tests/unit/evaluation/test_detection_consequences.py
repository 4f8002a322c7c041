"""What a flag means here, whether the promise holds, how much earlier, at which cost in recalls, and what the report says."""

from __future__ import annotations

import numpy as np
import pytest
from detection_makers import EIGHT, cases, findings, measure, protocol

from alarp.evaluation import assemble, detection
from alarp.evaluation.detection.double_reading import TWO_READERS, WITH_TOOL
from alarp.evaluation.detection.predictive import TwoByTwo, npv_at_prevalence, ppv_at_prevalence
from alarp.evaluation.detection.timing import median
from alarp.evaluation.detection.transport import threshold_for
from alarp.evaluation.protocol import Prevalence
from alarp.kernel import BadInput
from alarp.report.document import document
from alarp.report.html import to_html

COLUMNS = {"case": "case", "truth": "truth", "score": "score"}


def _table(tp=90, sick=100, fp=10, well=100):
    return TwoByTwo(tp, sick, fp, well, float(sick), float(well))


def test_ppv_falls_from_90_to_8_in_100_when_the_prevalence_falls_from_one_half_to_one_per_cent():
    common, rare = (ppv_at_prevalence(_table(), Prevalence(p, None, None, "")) for p in (0.5, 0.01))
    assert common.estimate == pytest.approx(0.9)
    assert round(rare.estimate, 3) == 0.083
    assert npv_at_prevalence(_table(), Prevalence(0.01, None, None, "")).estimate > 0.998


def test_the_uncertainty_of_the_prevalence_widens_both_predictive_values():
    for value in (ppv_at_prevalence, npv_at_prevalence):
        known = value(_table(), Prevalence(0.05, None, None, ""))
        unsure = value(_table(), Prevalence(0.05, 0.03, 0.08, ""))
        assert unsure.low < known.low < known.estimate < known.high < unsure.high


def test_an_empty_cell_keeps_an_interval_and_the_plain_estimate():
    found = ppv_at_prevalence(_table(fp=0), Prevalence(0.05, None, None, ""))
    assert found.estimate == found.high == 1.0
    assert 0.2 < found.low < 1
    nobody = ppv_at_prevalence(_table(tp=0, fp=0), Prevalence(0.05, None, None, ""))
    assert (nobody.estimate, nobody.because) == (None, "no case was flagged")


def test_the_predictive_interval_covers_the_truth_when_the_prevalence_is_itself_a_sample():
    rng = np.random.default_rng(4)
    inside = 0
    truth = 0.85 * 0.1 / (0.85 * 0.1 + 0.2 * 0.9)
    for _ in range(1500):
        seen = rng.binomial(400, 0.1)
        share, half = seen / 400, 1.96 / np.sqrt(400 * 0.1 * 0.9)  # bounds of the logit of the share
        odds = np.log(share / (1 - share))
        low, high = (1 / (1 + np.exp(-(odds + side * half))) for side in (-1, 1))
        table = _table(rng.binomial(60, 0.85), 60, rng.binomial(140, 0.2), 140)
        found = ppv_at_prevalence(table, Prevalence(share, low, high, ""))
        inside += found.low <= truth <= found.high
    assert 0.935 <= inside / 1500 <= 0.975


def test_a_likelihood_ratio_without_a_false_positive_says_why_there_is_none():
    found = measure(findings(EIGHT, threshold=0.75), "lr_positive")
    assert (found.estimate, found.because) == (
        None,
        "no healthy case was flagged: the ratio has no upper end",
    )


def _promise(**more):
    return {"promised_operating_point": {"sensitivity": 0.95, "specificity": 0.7, "source": "leaflet"} | more}


def _hundred(reach=80):
    """100 diseased, 100 healthy, scores spread evenly; `reach` of the diseased are at or above one half."""
    sick = [0.5 + i / 1000 for i in range(reach)] + [0.4 - i / 1000 for i in range(100 - reach)]
    well = [0.3 - i / 1000 if i < 75 else 0.6 + i / 1000 for i in range(100)]
    rows = [f"d{i},nodule,{s:.3f}" for i, s in enumerate(sick)]
    return rows + [f"h{i},none,{s:.3f}" for i, s in enumerate(well)]


def test_the_threshold_that_would_keep_the_promise_here_is_found_with_its_price():
    found = findings(_hundred(), analysis=_promise())
    cut = measure(found, "threshold_for_promised_sensitivity")
    assert cut.estimate == pytest.approx(0.386)  # 80 above one half, then 15 more down to 0.400 - 0.014
    assert cut.low < cut.estimate < cut.high
    again = findings(_hundred(), analysis=_promise(), threshold=cut.estimate)
    assert measure(again, "sensitivity").estimate == 0.95
    assert (
        measure(again, "specificity").estimate
        == measure(found, "specificity_at_promised_sensitivity").estimate
    )
    other = measure(found, "threshold_for_promised_specificity").estimate
    held = findings(_hundred(), threshold=other)
    assert measure(held, "specificity").estimate >= 0.7
    assert (
        measure(held, "sensitivity").estimate
        == measure(found, "sensitivity_at_promised_specificity").estimate
    )


def test_where_a_low_score_means_disease_the_threshold_is_on_the_tools_own_scale():
    turned = [f"{c},{t},{1 - float(s):.3f}" for c, t, s in (row.split(",") for row in _hundred())]
    found = findings(turned, analysis=_promise(), higher_means="no disease")
    assert measure(found, "threshold_for_promised_sensitivity").estimate == pytest.approx(1 - 0.386)


def test_a_promise_that_was_not_kept_is_said_in_the_comparison_and_on_the_first_page():
    for size in ({}, {"diseased": 400, "healthy": 900}):
        found = findings(_hundred(), analysis=_promise(**size))
        (row,) = [c for c in found.comparisons if (c.measure, c.b) == ("sensitivity", "promised")]
        assert row.difference == pytest.approx(-0.15)
        assert row.high < 0
        assert row.flag == "below the promise"
        plan = protocol(analysis=_promise(**size))
        story = detection.story(assemble(plan.common, found, lock=None, data={}, code_version="").content)
        said = [s for s in story["summary"] if s.startswith("Promised was a sensitivity of 95 %")]
        assert "we found 80 %: less than promised" in said[0]
        assert "A threshold of 0.386 would give it here." in said[0]


def test_when_too_many_diseased_have_no_answer_no_threshold_can_keep_the_promise():
    rows = [row.rsplit(",", 1)[0] + "," if i < 10 else row for i, row in enumerate(_hundred())]
    cut = measure(findings(rows, analysis=_promise()), "threshold_for_promised_sensitivity")
    assert cut.estimate is None
    assert cut.because == "the answered cases do not reach the promised sensitivity of 0.95"


def test_the_interval_of_a_threshold_covers_the_true_one_as_often_as_it_says():
    rng = np.random.default_rng(8)
    inside = sum(
        low <= -1.2816 <= high  # nine in ten of a standard normal are above
        for low, high in (threshold_for(rng.normal(size=120), 0.9)[1:] for _ in range(1000))
    )
    assert 0.94 <= inside / 1000 <= 0.99  # order statistics jump, so it is never below what it says


TIMED = [
    f"{row},{result},{wait}"
    for row, result, wait in zip(
        EIGHT, (5, 6, 7, 8, 5, 5, 5, 5), (60, 4, 90, 30, 20, 20, 20, 20), strict=True
    )
]


def _timed(rows=TIMED, **changes):
    columns = COLUMNS | {"time_to_result_min": "t", "worklist_wait_min": "wait"}
    return findings(rows, header="case,truth,score,t,wait", columns=columns, **changes)


def test_the_missed_and_the_late_are_not_notified_earlier():
    found = _timed()  # a gains 55, b comes 2 late, c gains 83, d is missed
    earlier = measure(found, "notified_earlier")
    assert (earlier.events, earlier.n) == (2, 4)
    assert measure(found, "time_saved_min").estimate == 55
    assert measure(found, "time_saved_all_diseased_min").estimate == 27.5
    (row,) = [c for c in found.comparisons if c.measure == "time_to_notification_min"]
    assert (row.a, row.b, row.difference) == ("tool", "worklist", -55)


def test_a_median_of_few_values_has_no_interval_and_one_of_many_covers_as_often_as_it_says():
    assert median("x", np.arange(5.0)).low is None
    assert median("x", np.arange(6.0)).low == 0.0
    rng = np.random.default_rng(1)
    found = [median("x", rng.exponential(size=25)) for _ in range(1000)]
    assert 0.945 <= np.mean([m.low <= np.log(2) <= m.high for m in found]) <= 0.975


def test_a_time_below_zero_is_refused_by_case_and_column():
    with pytest.raises(
        BadInput, match="Case a: column 't' holds '-5', which is not a time in minutes of 0 or more"
    ):
        _timed([TIMED[0].replace(",5,60", ",-5,60"), *TIMED[1:]])


READ = [  # case, truth, score, reader 1, reader 2, arbitration
    "a,nodule,0.9,1,1,", "b,nodule,0.9,1,0,1", "c,nodule,0.9,0,1,1", "d,nodule,0.9,0,0,",
    "e,none,0.1,0,0,", "f,none,0.1,1,1,", "g,none,0.1,0,1,0", "h,none,0.2,0,0,",
]  # fmt: skip
READ_COLUMNS = COLUMNS | {"reader1": "r1", "reader2": "r2", "arbitration": "arb"}


def _read(rows=READ, where="recall", **changes):
    analysis = {"double_reading": {"where_no_arbitration": where}} if where else {}
    return findings(
        rows, header="case,truth,score,r1,r2,arb", columns=READ_COLUMNS, **({"analysis": analysis} | changes)
    )


@pytest.mark.need("E20")
@pytest.mark.need("P08")
def test_the_tool_as_second_reader_changes_recalls_arbitration_and_what_is_found():
    found = (
        _read()
    )  # with the tool: a and b recalled, c arbitrated and recalled, d arbitrated and by rule recalled, f too
    assert measure(found, "recall_rate", f"reading={TWO_READERS}").events == 4
    assert measure(found, "recall_rate", f"reading={WITH_TOOL}").events == 5
    assert measure(found, "detection_rate", f"reading={WITH_TOOL}").events == 4
    assert measure(found, "arbitration_rate", f"reading={TWO_READERS}").events == 3
    assert measure(found, "arbitration_rate", f"reading={WITH_TOOL}").events == 3
    assert measure(found, "recalls_per_cancer", f"reading={TWO_READERS}").estimate == pytest.approx(4 / 3)
    assert measure(found, "recalls_per_cancer", f"reading={WITH_TOOL}").estimate == pytest.approx(5 / 4)
    assert measure(found, "extra_assessments_per_1000", f"reading={WITH_TOOL}").estimate == pytest.approx(125)
    rows = {c.measure: c for c in found.comparisons if c.a == WITH_TOOL}
    assert rows["recall_rate"].difference == pytest.approx(1 / 8)
    assert rows["recalls_per_cancer"].difference == pytest.approx(5 / 4 - 4 / 3)
    assert rows["recall_rate"].low < 1 / 8 < rows["recall_rate"].high


@pytest.mark.need("P08")
def test_extra_assessments_are_carried_to_the_prevalence_where_the_tool_would_read():
    found = _read(prevalence=0.01)
    extra = measure(found, "extra_assessments_per_1000_at_prevalence", f"reading={WITH_TOOL}")
    assert extra.estimate == pytest.approx(1000 * (0.01 * 0.25 + 0.99 * 0.0))


@pytest.mark.need("E20")
def test_what_counts_where_nobody_arbitrated_is_declared_and_never_assumed():
    with pytest.raises(BadInput, match=r"Case d: reader and tool differ and column 'arbitration' is empty"):
        _read(where=None)
    assert measure(_read(where="no recall"), "detection_rate", f"reading={WITH_TOOL}").events == 3
    assert measure(_read(where="reader 2"), "detection_rate", f"reading={WITH_TOOL}").events == 3
    assert any("'reader 2' counts" in remark for remark in _read(where="reader 2").remarks)


def test_the_reading_columns_come_together_and_hold_yes_or_no():
    with pytest.raises(BadInput, match=r"columns.reader1 without columns.reader2"):
        protocol(columns=COLUMNS | {"reader1": "r1"})
    with pytest.raises(BadInput, match="Case a: column 'r1' holds '2'"):
        _read([READ[0].replace(",1,1,", ",2,1,"), *READ[1:]])


def test_a_score_outside_0_to_1_is_refused_where_it_is_declared_a_probability():
    rows = [*EIGHT, "i,none,1.2"]
    with pytest.raises(BadInput, match=r"Case i: column 'score' holds 1.2, which is no probability"):
        cases(rows, analysis={"score_is_probability": True})
    assert measure(findings(rows), "auc").estimate is not None
    with pytest.raises(BadInput, match="a probability of disease rises with disease"):
        protocol(analysis={"score_is_probability": True}, higher_means="no disease")


def test_brier_is_given_only_where_the_score_is_declared_a_probability():
    assert not [m for m in findings(EIGHT).measures if m.measure == "brier"]
    found = findings(EIGHT, analysis={"score_is_probability": True})
    by_hand = (0.01 + 0.04 + 0.16 + 0.64 + 0.01 + 0.09 + 0.16 + 0.49) / 8
    assert measure(found, "brier").estimate == pytest.approx(by_hand)
    assert measure(found, "calibration_slope").estimate > 0
    silent = findings([*EIGHT, "i,nodule,"], analysis={"score_is_probability": True})
    assert measure(silent, "brier").estimate == pytest.approx((8 * by_hand + 1) / 9)
    assert measure(silent, "calibration_slope").method.endswith("answered cases only")


@pytest.mark.parametrize(
    ("analysis", "named"),
    [
        ({"partial_auc": {"over": "fpr", "from": 0, "to": 0.1}}, "analysis.partial_auc.over"),
        ({"partial_auc": {"over": "specificity", "from": 0.9, "to": 0.9}}, "from a share to a larger one"),
        ({"promised_operating_point": {"source": "leaflet"}}, "promises nothing"),
        ({"promised_operating_point": {"sensitivity": 90}}, "a share above 0, at most 1"),
        ({"score_is_probability": "perhaps"}, "true or false"),
        ({"double_reading": {"where_no_arbitration": "ask"}}, "'reader 2', 'recall', 'no recall'"),
        ({"surprise": 1}, "unknown field 'analysis.surprise'"),
    ],
)
def test_an_analysis_that_nobody_can_carry_out_is_named(analysis, named):
    with pytest.raises(BadInput) as refused:
        protocol(analysis=analysis)
    assert named in str(refused.value)


def test_the_first_page_says_what_becomes_of_a_thousand_people_and_the_report_draws_every_chart():
    rows = [f"{row},{0.9 if i % 3 else 0.2},{i},{2 * i},1,0,1" for i, row in enumerate(EIGHT)]
    settled = {
        "columns": {
            "case": "case", "truth": "truth", "score": {"AI": "score", "old": "old"}, "time_to_result_min": "t",
            "worklist_wait_min": "wait", "reader1": "r1", "reader2": "r2", "arbitration": "arb",
        },
        "prevalence": {"estimate": 0.02, "low": 0.01, "high": 0.03, "source": "last round"},
        "analysis": {
            "score_is_probability": True, **_promise(), "partial_auc": {"over": "sensitivity", "from": 0.5, "to": 1},
        },
    }  # fmt: skip
    found = findings(rows, header="case,truth,score,old,t,wait,r1,r2,arb", **settled)
    result = assemble(protocol(**settled).common, found, lock=None, data={}, code_version="")
    story = detection.story(result.content)
    first = " ".join(story["summary"])
    assert "Of 1000 people here, 20 have the disease" in first
    assert "It flags 260: 15 rightly and 245 wrongly; it misses 5." in first
    charts = [chart for section in story["sections"] for chart in section["charts"]]
    assert [chart["chart"] for chart in charts] == ["people", "roc-several", "calibration"]
    assert all(chart["title"] and chart["description"] and chart["table"]["rows"] for chart in charts)
    page = to_html(document(story))
    for words in (
        "Two readers, or a reader and the tool",
        "The promised operating point",
        "Compared on the same cases",
    ):
        assert words in page
