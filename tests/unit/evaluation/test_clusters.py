"""A case copied carries no news: with copies named as one patient's, every interval stays (nearly) where it was."""

from __future__ import annotations

import numpy as np
import pytest
from detection_makers import cases, findings
from scipy import stats

from alarp.evaluation.detection.accuracy import readings
from alarp.evaluation.detection.auc import auc
from alarp.evaluation.detection.options import Window
from alarp.evaluation.detection.paired import compare_proportions
from alarp.evaluation.detection.partial import compare_areas
from alarp.evaluation.gaps import mean_gap, share_gap, shared
from alarp.evaluation.intervals import effective_n, left_out, mean, n_for_interval, proportion
from alarp.evaluation.resampling import stratified_bootstrap_auc
from alarp.kernel import Measure

HEADER = "case,patient,truth,score,to_result,on_worklist"
COLUMNS = {
    "case": "case", "patient": "patient", "truth": "truth", "score": "score",
    "time_to_result_min": "to_result", "worklist_wait_min": "on_worklist",
}  # fmt: skip
ANALYSIS = {
    "score_is_probability": True,
    "partial_auc": {"over": "specificity", "from": 0.5, "to": 1.0},
    "promised_operating_point": {"sensitivity": 0.8, "specificity": 0.7, "source": "the vendor"},
}
PREVALENCE = {"estimate": 0.1, "low": 0.08, "high": 0.13, "source": "last year's register"}


def _patients(n=200, seed=4):
    draw = np.random.default_rng(seed)
    for i in range(n):
        ill = draw.random() < 0.4
        log_odds = 1.8 * draw.normal(0.9 if ill else -0.9) + np.log(
            0.4 / 0.6
        )  # what the truth says, so it is calibrated
        score = 1 / (1 + np.exp(-log_odds))
        yield i, "nodule" if ill else "none", round(score, 3), draw.integers(1, 9), draw.integers(5, 90)


def _rows(copies):
    return [
        f"c{i}-{copy},p{i},{truth},{score},{soon},{late}"
        for i, truth, score, soon, late in _patients()
        for copy in range(copies)
    ]


def _found(copies):
    return findings(_rows(copies), HEADER, columns=COLUMNS, analysis=ANALYSIS, prevalence=PREVALENCE)


ONE, THREE = _found(1), _found(3)
# Copies change these by definition: the number of cases in a bin, or a share of exactly 0 or 1.
_SAME = {m.measure: m for m in ONE.measures if m.subgroup == "all" and m.low is not None and m.high != m.low}


@pytest.mark.parametrize("name", sorted(set(_SAME) - {"failure_rate"}))
def test_three_copies_of_every_case_leave_the_interval_where_it_was(name):
    (three,) = [m for m in THREE.measures if (m.measure, m.subgroup) == (name, "all")]
    one = _SAME[name]
    assert three.n == 3 * one.n
    assert three.estimate == pytest.approx(one.estimate, rel=0.02)
    # an order statistic is at least as wide as it must be, the rank between two of them that a cluster takes is not
    least = 0.6 if "order statistics" in one.method else 0.9
    assert least < (three.high - three.low) / (one.high - one.low) < 1.12, three.method


@pytest.mark.parametrize(
    "row", [c for c in ONE.comparisons if c.low is not None], ids=lambda c: f"{c.measure} {c.b}"
)
def test_three_copies_leave_a_comparison_where_it_was(row):
    (three,) = [c for c in THREE.comparisons if (c.measure, c.a, c.b) == (row.measure, row.a, row.b)]
    assert three.high - three.low == pytest.approx(row.high - row.low, rel=0.12), three.method
    assert three.p > row.p / 5 or three.p < 1e-6


def _partly_verified(copies):
    draw = np.random.default_rng(9)
    made = []
    for i, truth, score, _, _ in _patients(400):
        seen = score >= 0.5 or draw.random() < 0.4
        made += [
            f"c{i}-{c},p{i},{truth if seen else ''},{score},{'yes' if seen else 'no'}" for c in range(copies)
        ]
    columns = {
        "case": "case",
        "patient": "patient",
        "truth": "truth",
        "score": "score",
        "verified": "verified",
    }
    analysis = {"verification": {"sampling_fractions": {"flagged": 1.0, "not flagged": 0.4}}}
    return findings(made, "case,patient,truth,score,verified", columns=columns, analysis=analysis)


PARTLY = {copies: {m.measure: m for m in _partly_verified(copies).measures} for copies in (1, 3)}


@pytest.mark.parametrize("side", ["sensitivity", "specificity"])
@pytest.mark.parametrize("way", ["begg_greenes", "ipw", "naive"])
def test_three_copies_leave_a_verification_corrected_interval_where_it_was(side, way):
    one, three = (PARTLY[copies][f"{side}_{way}"] for copies in (1, 3))
    assert three.estimate == pytest.approx(one.estimate, abs=1e-12)
    assert three.high - three.low == pytest.approx(one.high - one.low, rel=0.03)
    assert "clustered by patient" in three.method or way == "naive"


@pytest.mark.parametrize("side", ["sensitivity", "specificity"])
def test_a_tool_that_is_always_right_keeps_the_bound_of_its_patients_when_partly_verified(side):
    def bound(copies):
        made = [
            f"c{i}-{c},p{i},{'nodule' if i < 20 else 'none'},{0.9 if i < 20 else 0.1},{'yes' if i < 60 else 'no'}"
            for i in range(100)
            for c in range(copies)
        ]
        made = [row.replace(",none,", ",,") if row.endswith("no") else row for row in made]
        columns = {
            "case": "case",
            "patient": "patient",
            "truth": "truth",
            "score": "score",
            "verified": "verified",
        }
        analysis = {"verification": {"sampling_fractions": {"flagged": 1.0, "not flagged": 0.5}}}
        found = findings(made, "case,patient,truth,score,verified", columns=columns, analysis=analysis)
        return next(m for m in found.measures if m.measure == f"{side}_ipw").low

    assert bound(3) == pytest.approx(bound(1), abs=0.015)  # t instead of z


def test_the_bca_interval_leans_by_patients_not_by_cases():
    """Copying the cases of every patient changes nothing of how patients lean: the same draws, the same bounds."""
    _, made = cases(_rows(1), HEADER, columns=COLUMNS)
    one = readings(made, rule="worst_case")
    bounds = [
        stratified_bootstrap_auc(
            np.repeat(one.suspicion, copies),
            np.repeat(one.diseased, copies),
            interval="bca",
            clusters=np.repeat(np.arange(len(one.diseased)), copies),
        )
        for copies in (2, 20)
    ]
    assert (bounds[1].low, bounds[1].high) == (bounds[0].low, bounds[0].high)


def test_paired_differences_of_copied_pairs_have_the_interval_of_the_pairs_themselves():
    draw = np.random.default_rng(3)
    first, second = draw.random(120) < 0.9, draw.random(120) < 0.8
    one = compare_proportions("sensitivity", "a", "b", first, second, level=0.95, empty="")
    patient = np.repeat(np.arange(120), 4)
    four = compare_proportions(
        "sensitivity",
        "a",
        "b",
        np.repeat(first, 4),
        np.repeat(second, 4),
        level=0.95,
        clusters=patient,
        empty="",
    )
    assert (four.low, four.high) == pytest.approx((one.low, one.high), abs=0.004)


def test_pairs_that_never_differ_still_have_an_interval_by_patient():
    right, patient = np.ones(60, dtype=bool), np.repeat(np.arange(20), 3)
    found = compare_proportions("sensitivity", "a", "b", right, right, level=0.95, clusters=patient, empty="")
    alone = compare_proportions("sensitivity", "a", "b", right[:20], right[:20], level=0.95, empty="")
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    assert found.low < 0 < found.high and found.p == 1


def test_two_areas_over_few_patients_are_compared_with_a_t_quantile():
    draw = np.random.default_rng(8)
    patient = np.repeat(np.arange(16), 3)
    diseased = patient < 8
    scores = draw.normal(size=(2, 48)) + diseased
    found = compare_areas(
        "auc", "a", "b", scores[0], scores[1], diseased, Window(), level=0.95, clusters=patient
    )
    assert found.df == 7
    assert (found.high - found.low) / 2 / found.se == pytest.approx(2.364624, abs=1e-5)


def test_few_patients_count_for_less_than_their_design_effect_says_and_many_for_as_much():
    draw = np.random.default_rng(2)
    for patients, low, high in ((6, 0.5, 0.65), (400, 0.98, 1.0)):
        patient = np.repeat(np.arange(patients), 4)
        hits = draw.random(4 * patients) < 0.7
        share = n_for_interval(hits, patient, level=0.95) / effective_n(hits, patient)
        assert low < share < high


def test_patients_within_sites_take_the_site_for_the_cluster_and_the_interval_speaks_of_sites():
    draw = np.random.default_rng(7)
    rows = []
    for site in range(8):
        found_here = draw.uniform(0.6, 0.98)  # sites differ more than chance would make them
        rows += [
            f"s{site}-{i},site{site},p{site}-{i},nodule,{0.9 if draw.random() < found_here else 0.1}"
            for i in range(40)
        ]
    rows += [f"h{i},site{i % 8},q{i},none,0.2" for i in range(40)]
    header = "case,site,patient,truth,score"
    by = {
        column: next(
            m
            for m in findings(
                rows, header, columns={"case": "case", "truth": "truth", "score": "score", "patient": column}
            ).measures
            if (m.measure, m.subgroup) == ("sensitivity", "all")
        )
        for column in ("patient", "site")
    }
    assert by["site"].high - by["site"].low > 2 * (by["patient"].high - by["patient"].low)


def test_the_makers_give_a_measure():
    assert isinstance(ONE.measures[0], Measure) and len(_SAME) > 20


def test_the_mean_of_few_lopsided_values_reaches_further_towards_their_long_tail():
    draw = np.random.default_rng(5)
    errors = np.exp(0.6 * draw.normal(size=12))
    even = np.linspace(-1, 1, 12)
    lopsided, plain, turned = (
        mean("x", values, np.arange(12), level=0.95, bounds=(-np.inf, np.inf))
        for values in (errors, even, -errors)
    )
    assert lopsided.high - lopsided.estimate > 1.2 * (lopsided.estimate - lopsided.low)
    assert "Hall 1992" in lopsided.method and plain.method == "mean, t interval"
    assert plain.high == pytest.approx(-plain.low)
    assert (turned.low, turned.high) == pytest.approx((-lopsided.high, -lopsided.low))


def test_the_mean_of_ten_lopsided_values_is_held_nearly_as_often_as_said():
    draw, truth, held = np.random.default_rng(6), float(np.exp(0.18)), 0
    for _ in range(1000):
        values = np.exp(0.6 * draw.normal(size=10))
        found = mean("x", values, np.arange(10), level=0.95, bounds=(0.0, np.inf))
        held += found.low <= truth <= found.high
    assert 0.925 <= held / 1000 <= 0.975  # the t interval alone: 0.91


def _in_sites(draw, sites=15, alike=(0.05, 0.2)):
    """Ten patients a site with one to three cases each; what lies beneath is alike within sites, and within patients."""
    patients = sites * 10
    sizes = draw.integers(1, 4, patients)
    patient = np.repeat(np.arange(patients), sizes)
    site = patient // 10
    parts = (
        draw.normal(size=sites)[site],
        draw.normal(size=patients)[patient],
        draw.normal(size=len(patient)),
    )
    own = 1 - sum(alike)
    return site, patient, sum(np.sqrt(a) * part for a, part in zip((*alike, own), parts, strict=True))


@pytest.mark.need("E04", "E09")
def test_sites_as_clusters_hold_the_truth_when_cases_are_alike_within_patients_and_patients_within_sites():
    """Nested levels need no second level of the interval: a cluster's sum holds whatever hangs together within it."""
    draw, studies = np.random.default_rng(19), 500
    held = {"share": 0, "mean": 0, "auc": 0, "patients alone": 0}
    for _ in range(studies):
        site, patient, beneath = _in_sites(draw)
        hits = beneath < 0.8416  # eight of ten
        share = proportion("x", hits, level=0.95, clusters=site, empty="")
        narrow = proportion("x", hits, level=0.95, clusters=patient, empty="")
        average = mean("x", beneath, site, level=0.95, bounds=(-np.inf, np.inf))
        diseased = draw.random(len(site)) < 0.4
        area = auc(beneath + 1.4657 * diseased, diseased, clusters=site, interval="guarded")
        held["share"] += share.low <= 0.8 <= share.high
        held["patients alone"] += narrow.low <= 0.8 <= narrow.high
        held["mean"] += average.low <= 0 <= average.high
        held["auc"] += area.low <= 0.85 <= area.high
    assert all(0.925 <= held[name] / studies <= 0.985 for name in ("share", "mean", "auc")), held
    assert held["patients alone"] / studies < 0.925  # what naming the patient alone would cost


@pytest.mark.need("E03")
def test_a_gap_whose_sides_share_patients_is_neither_too_narrow_nor_as_wide_as_if_they_were_strangers():
    draw, studies, held, widths = np.random.default_rng(23), 500, np.zeros(2), []
    for _ in range(studies):
        patient = np.repeat(np.arange(60), 4)
        side = np.tile([True, False, True, False], 60)  # left and right of everybody
        shared_part = np.sqrt(0.6) * draw.normal(size=60)[patient]
        beneath = shared_part + np.sqrt(0.4) * draw.normal(size=240)
        hits = beneath < 0.8416
        codes = (patient[side], patient[~side])
        share = share_gap("x", "side=left", hits[side], hits[~side], codes, 0.95).comparison
        average = mean_gap("x", "side=left", beneath[side], beneath[~side], codes, 0.95).comparison
        strangers = (patient[side], patient[~side] + 60)
        wide = mean_gap("x", "side=left", beneath[side], beneath[~side], strangers, 0.95).comparison
        held += (share.low <= 0 <= share.high, average.low <= 0 <= average.high)
        widths.append((average.high - average.low) / (wide.high - wide.low))
    assert all(0.925 <= share <= 0.985 for share in held / studies), held / studies
    assert np.mean(widths) < 0.75


def test_sides_without_a_patient_in_common_are_compared_as_before():
    draw = np.random.default_rng(3)
    own, rest = draw.normal(size=40), draw.normal(size=50)
    codes = (np.repeat(np.arange(20), 2), 20 + np.repeat(np.arange(25), 2))
    assert shared(own, rest, codes) == 0.0
    welch = mean_gap("x", "g=a", own, rest, (None, None), 0.95).comparison
    expected = stats.ttest_ind(own, rest, equal_var=False)
    assert (welch.statistic, welch.p, welch.df) == pytest.approx(
        (expected.statistic, expected.pvalue, expected.df)
    )


def test_large_and_small_patients_widen_the_interval_of_their_mean_and_equal_ones_do_not():
    values = np.random.default_rng(4).normal(size=40)
    equal = mean("x", values, np.repeat(np.arange(10), 4), level=0.95, bounds=(-np.inf, np.inf))
    residual = (values - values.mean()).reshape(10, 4).sum(axis=1)
    half = stats.t.ppf(0.975, 9) * np.sqrt(10 / 9 * (residual**2).sum()) / 40
    assert equal.high - equal.estimate == pytest.approx(half)
    uneven = np.repeat(np.arange(10), [13, *[3] * 9])
    found = left_out(values, uneven)
    assert found.freedom == pytest.approx(40**2 / (13**2 + 9 * 3**2) - 1)
    without = [values.mean() - values[uneven != g].mean() for g in range(10)]
    assert found.variance == pytest.approx(0.9 * np.sum(np.square(without)))
