"""Ranking: the fast way gives what the definition gives, at any size; an interval says how it was made."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from asah import asah
from detection_makers import findings, measure, protocol_values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alarp.evaluation import detection
from alarp.evaluation.claims import judge
from alarp.evaluation.detection.auc import auc, clustered_variance, placements
from alarp.evaluation.detection.options import Window
from alarp.evaluation.detection.partial import compare_areas
from alarp.evaluation.ranking import area, delong_covariance, delong_variance, steps
from alarp.evaluation.resampling import bootstrap_areas, stratified_bootstrap_auc
from alarp.kernel import BadInput

ROOT = Path(__file__).resolve().parents[3]


def all_pairs(scores, diseased):
    """The definition: every diseased case against every healthy one, ties one half."""
    positive, negative = scores[diseased], scores[~diseased]
    won = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    return won.mean(axis=1), won.mean(axis=0)


def binormal(ill, well, *, shift=1.2, decimals=None, seed=5):
    draw = np.random.default_rng(seed)
    diseased = draw.permutation(ill + well) < ill
    scores = draw.normal(shift * diseased, 1.0)
    return (scores if decimals is None else np.round(scores, decimals)), diseased


CASES = hnp.arrays(
    np.float64, st.integers(4, 40), elements=st.sampled_from([-np.inf, 0.0, 0.1, 0.2, 0.5, 3.0])
)


@given(CASES, st.integers(2, 20))
def test_placements_area_and_variance_are_those_of_all_pairs(scores, ill):
    diseased = np.arange(len(scores)) < min(ill, len(scores) - 2)
    above, below = all_pairs(scores, diseased)
    fast_above, fast_below = placements(scores, diseased)
    np.testing.assert_allclose(fast_above, above, atol=1e-12)
    np.testing.assert_allclose(fast_below, below, atol=1e-12)
    found = steps(scores, diseased)
    assert found.sizes == (len(above), len(below))
    assert area(found) == pytest.approx(above.mean(), abs=1e-14)
    expected = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
    assert delong_variance(found) == pytest.approx(expected, abs=1e-14)


@given(CASES, st.integers(0, 1000))
def test_merged_steps_lose_no_comparison_of_a_resample(scores, seed):
    diseased = np.arange(len(scores)) % 2 == 0
    times = np.random.default_rng(seed).integers(0, 4, len(scores))
    times[:2] = 1
    drawn, again = np.repeat(scores, times), np.repeat(diseased, times)
    assert area(steps(drawn, again)) == pytest.approx(all_pairs(drawn, again)[0].mean(), abs=1e-14)


def test_a_million_cases_with_many_ties_overflow_nothing():
    scores, diseased = binormal(100_000, 900_000, decimals=1)
    values = np.unique(scores)
    ill = [int(np.sum(scores[diseased] == v)) for v in values]
    well = [int(np.sum(scores[~diseased] == v)) for v in values]
    below = twice = 0
    for up, down in zip(ill, well, strict=True):  # whole numbers of any size
        twice += up * (2 * below + down)
        below += down
    found = auc(scores, diseased)
    assert found.estimate == pytest.approx(twice / (2 * sum(ill) * sum(well)), rel=1e-14)
    assert 0 < found.high - found.low < 0.01
    assert found.method == "DeLong"


def test_the_covariance_of_two_areas_is_that_of_all_pairs():
    draw = np.random.default_rng(1)
    diseased = draw.random(80) < 0.4
    scores = np.round(draw.normal(size=(3, 80)) + diseased, 1)
    areas, found = delong_covariance(scores, diseased)
    parts = [all_pairs(row, diseased) for row in scores]
    expected = sum(np.cov([p[side] for p in parts]) / len(parts[0][side]) for side in (0, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(areas, [p[0].mean() for p in parts], rtol=1e-14)


def test_the_clustered_covariance_has_the_clustered_variance_on_its_diagonal_and_sees_repeated_cases():
    scores, diseased = binormal(40, 60)
    pair = np.array([scores, scores + np.random.default_rng(2).normal(size=100)])
    twice, ill, patient = np.repeat(pair, 2, axis=1), np.repeat(diseased, 2), np.repeat(np.arange(100), 2)
    areas, clustered = delong_covariance(twice, ill, clusters=patient)
    above, below = placements(twice[0], ill)
    assert clustered[0, 0] == pytest.approx(
        clustered_variance(above, below, areas[0], ill, patient), rel=1e-12
    )
    single = delong_covariance(pair, diseased)[1]
    np.testing.assert_allclose(clustered, single, rtol=0.02)  # a case copied carries no news
    assert delong_covariance(twice, ill)[1][0, 0] < 0.6 * single[0, 0]


@pytest.mark.parametrize(
    ("score", "expected"), [("s100b", (0.6301182, 0.7313686, 0.8326189)), ("wfns", (None, 0.8236789, None))]
)
def test_the_interval_of_pROC_on_asah_is_ours(score, expected):
    poor, scores = asah()
    found = auc(np.asarray(scores[score], dtype=float), np.asarray(poor))
    for ours, digits in zip((found.low, found.estimate, found.high), expected, strict=True):
        if digits is not None:
            assert ours == pytest.approx(digits, abs=5e-8)


def test_few_misranked_cases_move_the_interval_to_the_logit_scale_and_the_method_says_so():
    scores, diseased = binormal(15, 200, shift=2.3)
    found, plain = auc(scores, diseased, interval="guarded"), auc(scores, diseased)
    assert "logit" in found.method and plain.method == "DeLong"
    assert found.low < plain.low and found.high < 1 <= plain.high + 0.02
    assert found.estimate == plain.estimate


def _few_misranked(**changes):
    draw = np.random.default_rng(12)
    rows = [
        f"c{i},{'nodule' if i < 15 else 'none'},{draw.normal(2.3 if i < 15 else 0):.3f}" for i in range(215)
    ]
    return findings(rows, **changes)


def test_a_claim_is_judged_by_the_guarded_bound_and_says_what_delongs_would_have_been():
    found = _few_misranked()
    plain, guarded = (measure(found, name) for name in ("auc", "auc_guarded"))
    between = (plain.low + guarded.low) / 2
    assert guarded.low < between < plain.low
    claim = {"measure": "auc", "at_least": between, "on": "low"}
    (said,) = judged(_few_misranked(claims=[claim]), claim)
    assert said.status == "not met" and said.found == guarded.low
    assert said.because == f"{guarded.because}; judged by auc_guarded; the bound of auc is {plain.low:.4f}"
    (said,) = judged(found, claim | {"on": "estimate"})
    assert (said.status, said.found, said.because) == ("met", plain.estimate, "")


def judged(found, claim):
    plan = detection.parse(protocol_values(claims=[claim]))
    return [judge(one, found.measures, found.comparisons) for one in plan.common.claims]


@pytest.mark.parametrize("interval", ["delong", "logit", "percentile", "bca"])
def test_an_interval_that_rests_on_few_misranked_cases_says_so(interval):
    scores, diseased = binormal(15, 200, shift=2.3)
    few = auc(scores, diseased, interval=interval, replicates=500)
    assert re.fullmatch(r"few misranked cases \(worth \d+\.\d\): .* take that of auc_guarded", few.because)
    many = auc(*binormal(200, 800), interval=interval, replicates=500)
    assert many.because == ""


def test_the_difference_of_two_areas_with_few_misranked_cases_is_judged_by_its_guarded_row():
    scores, diseased = binormal(15, 200, shift=2.3)
    worse = scores + np.random.default_rng(3).normal(0, 0.6, len(scores))
    plain, guarded = (
        compare_areas("auc" + end, "a", "b", scores, worse, diseased, Window(), level=0.95, guarded=bool(end))
        for end in ("", "_guarded")
    )
    assert plain.flag.startswith("few misranked cases") and guarded.flag == ""
    assert guarded.low < plain.low < plain.high < guarded.high
    between = (guarded.low + plain.low) / 2
    (claim,) = detection.parse(
        protocol_values(
            columns={"case": "case", "truth": "truth", "score": ["a", "b"]},
            threshold={"a": 1, "b": 1},
            claims=[{"measure": "auc", "a": "a", "b": "b", "at_least": between, "on": "low"}],
        )
    ).common.claims
    said = judge(claim, (), (plain, guarded))
    assert said.status == "not met" and "judged by auc_guarded" in said.because
    assert judge(claim, (), (plain,)).status == "met"


def test_one_class_only_has_no_area():
    none = np.zeros(5, dtype=bool)
    for find in (auc, stratified_bootstrap_auc):
        assert find(np.arange(5.0), none).because == "no diseased case"
        assert find(np.arange(5.0), ~none).because == "no healthy case"


@pytest.mark.parametrize("decimals", [None, 1])  # drawn by cases, and by counts on each step
def test_the_bootstrap_spreads_as_delong_says_and_repeats_itself(decimals):
    scores, diseased = binormal(500, 4500, decimals=decimals)
    found = steps(scores, diseased)
    areas = bootstrap_areas(found, replicates=4000, seed=3)
    assert areas.mean() == pytest.approx(area(found), abs=0.001)
    assert areas.std() == pytest.approx(delong_variance(found) ** 0.5, rel=0.05)
    assert np.array_equal(areas, bootstrap_areas(found, replicates=4000, seed=3))
    assert not np.array_equal(areas, bootstrap_areas(found, replicates=4000, seed=4))


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_a_bootstrap_interval_lies_near_delongs_and_names_its_seed(interval):
    scores, diseased = binormal(120, 380)
    found = stratified_bootstrap_auc(scores, diseased, interval=interval, seed=11)
    expected = auc(scores, diseased)
    assert found.low == pytest.approx(expected.low, abs=0.006)
    assert found.high == pytest.approx(expected.high, abs=0.006)
    assert found.method == f"stratified bootstrap, {interval}, 2000 replicates, seed 11"


def test_drawing_patients_does_not_take_copied_cases_for_news():
    scores, diseased = binormal(40, 60)
    twice, ill, patient = np.repeat(scores, 2), np.repeat(diseased, 2), np.repeat(np.arange(100), 2)
    width = {
        name: found.high - found.low
        for name, found in {
            "single": stratified_bootstrap_auc(scores, diseased),
            "patients": stratified_bootstrap_auc(twice, ill, clusters=patient),
            "ignored": stratified_bootstrap_auc(twice, ill),
        }.items()
    }
    assert width["patients"] == pytest.approx(width["single"], rel=0.1)
    assert width["ignored"] < 0.8 * width["single"]


def test_where_no_resample_can_differ_the_interval_is_not_a_point():
    found = stratified_bootstrap_auc(np.arange(20.0), np.arange(20) >= 10)
    assert found.estimate == found.high == 1.0
    assert 0.5 < found.low < 0.95
    assert found.method.startswith("Newcombe 2006")


@pytest.mark.parametrize("interval", ["delong", "logit", "percentile", "bca"])
def test_the_protocol_chooses_the_interval_and_the_seed_of_the_area(interval):
    scores, diseased = binormal(60, 60)
    made = [
        f"c{i},{'nodule' if d else 'none'},{s}" for i, (s, d) in enumerate(zip(scores, diseased, strict=True))
    ]
    found = findings(made, analysis={"auc_interval": interval, "seed": 7, "replicates": 1000})
    expected = auc(scores, diseased, interval=interval, seed=7, replicates=1000)
    assert measure(found, "auc") == expected


def test_a_bootstrap_of_too_few_replicates_is_refused():
    with pytest.raises(BadInput, match=r"analysis\.replicates"):
        detection.parse(protocol_values(analysis={"auc_interval": "bca", "replicates": 100}))


def study():
    spec = importlib.util.spec_from_file_location("study_coverage", ROOT / "tools" / "study_coverage.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["study_coverage"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("method", "setting"),
    [
        ("Newcombe difference", "0.9 of 50 against 0.8 of 50"),
        ("AUC, guarded", "15 diseased, 200 healthy, AUC 0.85"),
    ],
)
def test_the_study_of_coverage_gives_what_its_page_says(method, setting):
    (one,) = [s for s in study().settings() if s.name == setting and method in s.methods]
    page = (ROOT / "docs" / "reference" / "interval-coverage.md").read_text(encoding="utf-8")
    rows = page.split(f"## {method}\n")[1].split("\n## ")[0]
    printed = float(re.search(rf"\| {re.escape(setting)} \| ([0-9.]+) %", rows).group(1))
    found = one.run(rounds=500)[method]
    assert 100 * found.holds == pytest.approx(printed, abs=0.06 if found.rounds is None else 4.0)
