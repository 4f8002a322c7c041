"""Several tools on the same cases: pROC's digits, an independent all-pairs DeLong, McNemar, Tango, patients that repeat."""

from __future__ import annotations

import numpy as np
import pytest
from asah import asah
from detection_makers import EIGHT, cases, findings, measure, protocol
from hypothesis import given, settings
from hypothesis import strategies as st

from alarp.evaluation import assemble
from alarp.evaluation.detection.options import Window
from alarp.evaluation.detection.paired import compare_proportions, mcnemar, tango
from alarp.evaluation.detection.partial import compare_areas, components, corrected, partial_auc
from alarp.kernel import BadInput

# pROC's own tests of partial areas on aSAH (version 1.18): plain areas by the window's axis and ends.
PARTIAL = {
    ("wfns", "specificity", 0.9, 1.0): 0.0334417344173442,
    ("wfns", "specificity", 0.8, 0.9): 0.0598373983739837,
    ("wfns", "specificity", 0.0, 0.5): 0.488134475939354,
    ("wfns", "sensitivity", 0.99, 1.0): 0.000526736111111112,
    ("wfns", "sensitivity", 0.8, 0.9): 0.0609953703703703,
    ("s100b", "specificity", 0.99, 1.0): 0.00292682926829269,
    ("s100b", "sensitivity", 0.99, 1.0): 0.0,
    ("s100b", "sensitivity", 0.9, 1.0): 0.0137635501355013,
    ("s100b", "sensitivity", 0.0, 0.5): 0.478489159891599,
    ("ndka", "specificity", 0.95, 1.0): 0.00284552845528456,
    ("ndka", "sensitivity", 0.0, 0.5): 0.428523035230352,
}
CORRECTED = {
    ("wfns", 0.9, 1.0): 0.649693339038653,
    ("wfns", 0.0, 0.5): 0.952537903757416,
    ("s100b", 0.9, 1.0): 0.646091855655399,
    ("s100b", 0.1, 0.5): 0.794030883017164,
    ("ndka", 0.0, 0.1): 0.363143631436315,
}


@pytest.mark.parametrize(("window", "area"), PARTIAL.items(), ids=str)
def test_a_partial_area_has_the_digits_of_proc(window, area):
    name, over, low, high = window
    diseased, scores = asah()
    found = partial_auc(scores[name], diseased, Window(over, low, high))
    assert found.estimate == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize(("window", "value"), CORRECTED.items(), ids=str)
def test_a_corrected_partial_area_has_the_digits_of_proc(window, value):
    name, low, high = window
    diseased, scores = asah()
    found = partial_auc(scores[name], diseased, Window("specificity", low, high, corrected=True))
    assert found.estimate == pytest.approx(value, abs=1e-12)


def test_a_tool_without_error_has_one_and_one_of_chance_one_half_on_the_corrected_scale():
    window = Window("specificity", 0.8, 1.0, corrected=True)
    assert corrected(0.2, window) == 1
    assert corrected(0.02, window) == pytest.approx(0.5)


def test_the_paired_test_of_two_areas_has_the_digits_of_proc():
    diseased, scores = asah()
    found = compare_areas(
        "auc", "s100b", "wfns", scores["s100b"], scores["wfns"], diseased, Window(), level=0.95
    )
    assert found.p == pytest.approx(0.0271758, abs=5e-8)
    assert found.difference == pytest.approx(0.731368563685637 - 0.823678861788618, abs=1e-12)


def _all_pairs_delong(first, second, diseased):
    """DeLong by the definition: every diseased against every healthy case, no ranks, no sorting."""
    kernels = []
    for score in (first, second):
        up, down = score[diseased][:, None], score[~diseased][None, :]
        kernels.append((up > down) + 0.5 * (up == down))
    apart = kernels[0] - kernels[1]
    m, n = apart.shape
    spread = apart.mean(axis=1).var(ddof=1) / m + apart.mean(axis=0).var(ddof=1) / n
    return apart.mean(), np.sqrt(spread)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 12))
def test_the_paired_test_equals_one_that_looks_at_every_pair(seed, m, n):
    rng = np.random.default_rng(seed)
    diseased = rng.permutation(np.arange(m + n) < m)
    first, second = rng.integers(0, 5, (2, m + n)).astype(float)
    difference, se = _all_pairs_delong(first, second, diseased)
    found = compare_areas("auc", "a", "b", first, second, diseased, Window(), level=0.95)
    assert found.difference == pytest.approx(difference, abs=1e-12)
    assert found.se == pytest.approx(se, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.floats(0.0, 0.8),
    st.floats(0.1, 0.2),
    st.sampled_from(["specificity", "sensitivity"]),
)
def test_a_partial_area_is_the_integral_of_the_stepwise_linear_curve(seed, low, width, over):
    rng = np.random.default_rng(seed)
    diseased = np.arange(20) < 8
    scores = rng.integers(0, 6, 20).astype(float)
    cuts = np.sort(np.unique(scores))[::-1]
    tpr = np.array([0.0, *[(scores[diseased] >= c).mean() for c in cuts]])
    fpr = np.array([0.0, *[(scores[~diseased] >= c).mean() for c in cuts]])
    fine = np.linspace(low, low + width, 40_001)
    middle = (fine[1:] + fine[:-1]) / 2
    if over == "specificity":
        height = np.interp(1 - middle, fpr + np.arange(len(fpr)) * 1e-13, tpr)
    else:
        height = 1 - np.interp(middle, tpr + np.arange(len(tpr)) * 1e-13, fpr)
    found = partial_auc(scores, diseased, Window(over, low, low + width))
    assert found.estimate == pytest.approx(height.mean() * width, abs=2e-5)


def test_the_interval_of_a_partial_area_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(3)
    window, diseased = Window("specificity", 0.8, 1.0), np.arange(200) < 80
    truth = partial_auc(
        rng.normal((np.arange(400_000) < 160_000) * 1.0), np.arange(400_000) < 160_000, window
    ).estimate
    inside = 0
    for _ in range(600):
        found = partial_auc(rng.normal(diseased * 1.0), diseased, window)
        inside += found.low <= truth <= found.high
    assert 0.92 <= inside / 600 <= 0.975


def test_the_components_of_the_whole_curve_are_those_of_delong():
    diseased, scores = asah()
    up, down = components(scores["wfns"], diseased, Window())
    pair = scores["wfns"][diseased][:, None] - scores["wfns"][~diseased][None, :]
    kernel = (pair > 0) + 0.5 * (pair == 0)
    assert up == pytest.approx(kernel.mean(axis=1))
    assert down == pytest.approx(kernel.mean(axis=0))


def test_tango_and_mcnemar_give_the_published_answers_for_the_airway_study():
    """Bentur et al. 2009 as analysed by Fagerland et al. 2014 (doi:10.1002/sim.6148): 1 and 7 of 21 pairs differ."""
    difference, low, high = tango(1, 7, 21)
    assert (round(difference, 3), round(low, 3), round(high, 3)) == (-0.286, -0.517, -0.026)
    statistic, p, method = mcnemar(1, 7)
    assert statistic is None
    assert p == pytest.approx(0.0703, abs=5e-5)
    assert "exact" in method


def test_with_many_discordant_pairs_mcnemar_is_the_chi_square():
    statistic, p, _ = mcnemar(10, 30)
    assert statistic == pytest.approx(10.0)
    assert p == pytest.approx(0.001565, abs=5e-7)


def test_the_interval_of_a_paired_difference_never_leaves_its_range_and_has_a_width_without_discordant_pairs():
    assert tango(0, 0, 10)[1] < 0 < tango(0, 0, 10)[2]
    assert tango(10, 0, 10)[2] == pytest.approx(1.0)
    assert tango(0, 10, 10)[1] == pytest.approx(-1.0)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 40))
def test_turning_the_comparison_round_turns_the_interval_round(b, c, same):
    n = b + c + same
    if n:
        one, other = tango(b, c, n), tango(c, b, n)
        assert (one[1], one[2]) == pytest.approx((-other[2], -other[1]), abs=1e-9)
        assert one[1] - 1e-9 <= one[0] <= one[2] + 1e-9


def test_copies_within_a_patient_do_not_narrow_a_paired_difference():
    rng = np.random.default_rng(2)
    first, second = rng.random(60) < 0.8, rng.random(60) < 0.6
    alone = compare_proportions("sensitivity", "a", "b", first, second, level=0.95, clusters=None, empty="")
    three = compare_proportions(
        "sensitivity", "a", "b", np.repeat(first, 3), np.repeat(second, 3), level=0.95,
        clusters=np.repeat(np.arange(60), 3), empty="",
    )  # fmt: skip
    assert three.difference == pytest.approx(alone.difference)
    assert three.high - three.low == pytest.approx(alone.high - alone.low, rel=0.05)
    assert "clustered by patient" in three.method


TWO = [f"{row},{score}" for row, score in zip(EIGHT, (0.7, 0.4, 0.9, 0.15, 0.2, 0.6, 0.1, 0.5), strict=True)]
HEADER = "case,truth,ai,old"
COLUMNS = {"case": "case", "truth": "truth"}


def _two(**changes):
    settled = {"columns": COLUMNS | {"score": ["ai", "old"]}, "threshold": {"ai": 0.5, "old": 0.5}} | changes
    return findings(TWO, header=HEADER, **settled)


def test_each_of_two_scores_has_its_numbers_and_the_first_is_the_headline():
    found = _two()
    assert measure(found, "auc").estimate == measure(found, "auc", "score=ai").estimate == 12 / 16
    assert measure(found, "auc", "score=old").estimate == 11 / 16
    assert measure(found, "sensitivity", "score=old").estimate == 0.5
    rows = {(c.measure, c.a, c.b): c for c in found.comparisons}
    assert rows["auc", "ai", "old"].difference == pytest.approx(1 / 16)
    assert rows["sensitivity", "ai", "old"].difference == pytest.approx(0.25)
    assert rows["specificity", "ai", "old"].difference == pytest.approx(0.25)


def test_scores_may_be_named_and_each_may_have_its_own_direction_and_threshold():
    rows = [
        f"{row.rsplit(',', 1)[0]},{row.rsplit(',', 1)[1]},{1 - float(row.rsplit(',', 1)[1])}" for row in EIGHT
    ]
    found = findings(
        rows, header=HEADER, columns=COLUMNS | {"score": {"AI": "ai", "turned": "old"}},
        higher_means={"AI": "disease", "turned": "no disease"}, threshold={"AI": 0.5, "turned": 0.5},
    )  # fmt: skip
    same = [(m.measure, m.estimate) for m in found.measures if m.subgroup == "score=AI"]
    assert same == [(m.measure, m.estimate) for m in found.measures if m.subgroup == "score=turned"]
    (row,) = [c for c in found.comparisons if c.measure == "auc"]
    assert (row.difference, row.p) == (0.0, None)
    assert row.flag.startswith("no interval")


def test_a_reader_with_decisions_only_is_compared_at_the_operating_point_and_not_by_area():
    rows = [f"{row},{'nodule' if i in (0, 1, 2, 7) else 'none'}" for i, row in enumerate(EIGHT)]
    found = findings(
        rows, header="case,truth,ai,human", threshold=0.5,
        columns=COLUMNS | {"score": {"AI": "ai"}, "decision": {"human": "human"}},
    )  # fmt: skip
    by_measure = {c.measure: c for c in found.comparisons}
    assert by_measure["sensitivity"].difference == 0.0
    assert by_measure["auc"].difference is None
    assert "'human' has a decision and no score" in by_measure["auc"].flag


def test_a_non_inferiority_claim_may_name_the_pair_in_either_order():
    for a, b in (("ai", "old"), ("old", "ai")):
        claim = {"measure": "auc", "a": a, "b": b, "at_least": -1.0, "on": "low"}
        changes = {"columns": COLUMNS | {"score": ["ai", "old"]}, "claims": [claim]}
        plan = protocol(**changes)
        result = assemble(plan.common, _two(claims=[claim]), lock=None, data={}, code_version="")
        assert result.content["claims"][0]["status"] == "met", (a, b)


def test_one_tool_that_fails_does_not_silence_the_other():
    rows = [row.replace("0.9,0.7", ",0.7") for row in TWO]
    found = findings(rows, header=HEADER, columns=COLUMNS | {"score": ["ai", "old"]})
    assert measure(found, "failure_rate").events == 1
    assert measure(found, "failure_rate", "score=old").events == 0
    assert measure(found, "sensitivity", "score=old").n == 4


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"threshold": {"ai": 0.5}}, "no field 'threshold' for 'old'"),
        ({"threshold": {"ai": 0.5, "older": 0.5}}, "'threshold' names 'older', which is none of its scores: they are ai, old"),
        ({"higher_means": {"ai": "disease"}}, "no field 'higher_means': add it (for 'old'"),
        ({"columns": COLUMNS | {"score": ["ai", "ai"]}}, "a list of different columns"),
        ({"columns": COLUMNS | {"score": ["ai", "old"], "decision": "ai"}}, "give both as a mapping"),
        ({"columns": COLUMNS | {"score": ["ai", "new"]}, "threshold": 0.5}, "no column 'new', which the protocol names for the score new"),
        ({"subgroups": ["score"]}, "give the subgroup another name"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_several_scores_is_named(changes, named):
    with pytest.raises(BadInput) as refused:
        _two(**changes)
    assert named in str(refused.value)


def test_a_bad_cell_of_the_second_score_is_named_with_its_column():
    with pytest.raises(BadInput, match="Case a: column 'old' holds 'nan'"):
        cases(
            [row.replace("0.9,0.7", "0.9,nan") for row in TWO],
            header=HEADER,
            columns=COLUMNS | {"score": ["ai", "old"]},
        )
    constant = [row.rsplit(",", 1)[0] + ",0.5" for row in TWO]
    with pytest.raises(BadInput, match=r"Column 'old' of cases.csv: all 8 scores are 0.5"):
        cases(constant, header=HEADER, columns=COLUMNS | {"score": ["ai", "old"]})


def test_the_asah_scores_in_one_file_give_the_known_areas_and_p_values():
    diseased, scores = asah()
    rows = [
        f"p{i},{'poor' if sick else 'good'},{scores['s100b'][i]},{scores['wfns'][i]},{scores['ndka'][i]}"
        for i, sick in enumerate(diseased)
    ]
    found = findings(
        rows, header="case,truth,s100b,wfns,ndka", positive="poor", negative="good",
        columns=COLUMNS | {"score": ["s100b", "wfns", "ndka"]}, threshold={"s100b": 0.2, "wfns": 3, "ndka": 11},
        analysis={"partial_auc": {"over": "specificity", "from": 0.9, "to": 1, "corrected": True}},
    )  # fmt: skip
    areas = {name: measure(found, "auc", f"score={name}").estimate for name in scores}
    assert areas == pytest.approx({"wfns": 0.8236789, "s100b": 0.7313686, "ndka": 0.6119580}, abs=5e-8)
    (row,) = [c for c in found.comparisons if (c.measure, c.a, c.b) == ("auc", "s100b", "wfns")]
    assert row.p == pytest.approx(0.0271758, abs=5e-8)
    assert measure(found, "partial_auc").estimate == pytest.approx(0.646091855655399, abs=1e-12)
    pairs = {(c.a, c.b) for c in found.comparisons}
    assert pairs == {("s100b", "wfns"), ("s100b", "ndka"), ("wfns", "ndka")}
    assert len(found.comparisons) == 15  # sensitivity, specificity, the area twice, the partial area
