"""Case mix: the vendor's population is matched where it can be, and said where it cannot."""

from __future__ import annotations

import json

import numpy as np
import pytest
from detection_makers import findings, measure, protocol_values
from hypothesis import given
from hypothesis import strategies as st

from alarp.evaluation import detection
from alarp.evaluation.casemix import Population, balance, kish_n, raked
from alarp.evaluation.detection.auc import auc
from alarp.evaluation.transporting import transported
from alarp.kernel import BadInput

HEADER = "case,truth,score,sex,age"


def population(cases=600, seed=4, women=0.3):
    """Cases in which the tool finds nine of ten diseased women and six of ten diseased men."""
    draw = np.random.default_rng(seed)
    female = draw.random(cases) < women
    diseased = draw.random(cases) < 0.5
    flagged = np.where(diseased, draw.random(cases) < np.where(female, 0.9, 0.6), draw.random(cases) < 0.1)
    return np.where(female, "F", "M").tolist(), diseased, flagged.astype(bool)


def test_the_transported_sensitivity_is_what_the_vendors_mix_would_show():
    sex, diseased, flagged = population(cases=20_000)
    found = transported(Population({"sex": {"F": 0.8, "M": 0.2}}), {"sex": sex}, diseased, flagged)
    local = flagged[diseased].mean()
    assert local == pytest.approx(0.69, abs=0.02)
    assert found.measures[0].estimate == pytest.approx(0.84, abs=0.02)
    assert found.measures[0].low < 0.84 < found.measures[0].high


def test_our_own_mix_gives_our_own_numbers():
    sex, diseased, flagged = population()
    share = sex.count("F") / len(sex)
    scores = np.random.default_rng(1).normal(size=len(sex)) + diseased
    same = Population({"sex": {"F": share, "M": 1 - share}})
    found = transported(same, {"sex": sex}, diseased, flagged, suspicion=scores)
    local = auc(scores, diseased, interval="delong")
    assert found.effective_n == pytest.approx(len(sex))
    assert found.measures[0].estimate == pytest.approx(flagged[diseased].mean(), rel=1e-12)
    assert [found.measures[2].low, found.measures[2].high] == pytest.approx([local.low, local.high], rel=1e-9)
    assert all(abs(row.difference) < 1e-9 for row in found.balance)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_raking_meets_every_share_that_somebody_here_has(women, young):
    draw = np.random.default_rng(8)
    labels = {
        "sex": np.where(draw.random(300) < 0.4, "F", "M").tolist(),
        "age": np.where(draw.random(300) < 0.7, "young", "old").tolist(),
    }
    wanted = Population({"sex": {"F": women, "M": 1 - women}, "age": {"young": young, "old": 1 - young}})
    weights = raked(wanted, labels).values
    for row in balance(wanted, labels, weights):
        assert row.weighted_share == pytest.approx(row.vendor_share, abs=1e-6)
        assert abs(row.weighted_difference) <= abs(row.difference) + 1e-6
    assert kish_n(weights) <= 300 + 1e-9


@pytest.mark.need("E04")
def test_groups_that_one_side_does_not_have_are_said_and_never_made_up():
    labels = {"age": ["young"] * 50 + ["old"] * 45 + ["not recorded"] * 3 + ["very old"] * 2}
    wanted = Population({"age": {"young": 0.5, "old": 0.3, "child": 0.2}})
    found = raked(wanted, labels)
    said = " | ".join(found.remarks)
    assert "age=child: 20% of the vendor's population, nobody here" in said
    assert "age=not recorded: 3 cases count for nobody, the variable is not recorded" in said
    assert "age=very old: 2 cases count for nobody, the vendor tested nobody of the kind" in said
    assert found.values[95:].sum() == 0
    assert found.values[:50].sum() / found.values.sum() == pytest.approx(0.5 / 0.8)


def test_shares_that_cannot_be_met_together_are_said():
    labels = {"sex": ["F"] * 10 + ["M"] * 10, "ward": ["a"] * 10 + ["b"] * 10}
    wanted = Population({"sex": {"F": 0.9, "M": 0.1}, "ward": {"a": 0.1, "b": 0.9}})
    assert any("cannot all be met together" in remark for remark in raked(wanted, labels).remarks)


@pytest.mark.need("E04")
def test_one_case_that_speaks_for_many_is_said_and_the_number_cannot_carry_a_claim():
    sex = ["F"] * 5 + ["M"] * 495
    diseased = np.ones(500, dtype=bool)
    flagged = np.array([True, True, False, True, False, *[True] * 495])
    found = transported(Population({"sex": {"F": 0.9, "M": 0.1}}), {"sex": sex}, diseased, flagged)
    assert any(remark.startswith("extreme weights: one case counts for 90.0") for remark in found.remarks)
    assert found.measures[0].because.startswith("too few to tell: worth 5.9 cases")
    assert found.measures[1].because == "no healthy case counts"


def test_patients_with_several_cases_are_worth_no_more_when_weighted():
    sex, diseased, flagged = population()
    wanted = Population({"sex": {"F": 0.6, "M": 0.4}})
    single = transported(wanted, {"sex": sex}, diseased, flagged, suspicion=flagged + 0.0)
    twice = transported(
        wanted, {"sex": np.repeat(sex, 2).tolist()}, np.repeat(diseased, 2), np.repeat(flagged, 2),
        suspicion=np.repeat(flagged + 0.0, 2), patient=np.repeat(np.arange(600), 2),
    )  # fmt: skip
    for one, two in zip(single.measures, twice.measures, strict=True):
        assert two.estimate == pytest.approx(one.estimate)
        assert two.high - two.low == pytest.approx(one.high - one.low, rel=0.1)


def test_nobody_of_the_vendors_kind_here_leaves_nothing_to_measure():
    sex, diseased, flagged = population()
    found = transported(
        Population({"sex": {"X": 1.0}}), {"sex": sex}, diseased, flagged, suspicion=flagged + 0.0
    )
    assert [m.estimate for m in found.measures] == [None, None, None]
    assert "no case here belongs to the vendor's population" in found.remarks


def detected(**analysis):
    sex, diseased, flagged = population()
    ages = np.random.default_rng(3).integers(20, 90, len(sex))
    made = [
        f"c{i},{'nodule' if d else 'none'},{0.9 if f else 0.1},{s},{a}"
        for i, (s, d, f, a) in enumerate(zip(sex, diseased, flagged, ages, strict=True))
    ]
    return findings(made, HEADER, subgroups=["sex", "age"], analysis={"bands": {"age": [50]}} | analysis)


@pytest.mark.need("E04")
def test_a_protocol_with_the_vendors_population_shows_both_estimates_and_the_love_plot():
    vendor = {"sex": {"F": 0.8, "M": 0.2}, "age": {"under 50": 0.5, "50 and over": 0.5}}
    found = detected(vendor_population=vendor)
    assert measure(found, "sensitivity_transported").estimate > measure(found, "sensitivity").estimate + 0.05
    assert (
        measure(found, "auc_transported").is_measurable
        and measure(found, "specificity_transported").is_measurable
    )
    lines = found.figures["case_mix"]["rows"]
    assert [(r["variable"], r["group"]) for r in lines][:2] == [("sex", "F"), ("sex", "M")]
    json.dumps(found.figures["case_mix"], allow_nan=False)


def test_without_the_vendors_population_nothing_is_transported():
    found = detected()
    assert not [m for m in found.measures if m.measure.endswith("_transported")]
    assert "case_mix" not in found.figures


@pytest.mark.parametrize(
    ("vendor", "named"),
    [
        ({"sex": {"F": 0.6, "M": 0.3}}, "add up to 1"),
        ({"sex": {"F": 60, "M": 40}}, "shares from 0 to 1"),
        ({"height": {"tall": 1.0}}, "names 'height', which is no subgroup"),
        ({"sex": 0.6}, "analysis.vendor_population"),
    ],
)
def test_a_population_that_cannot_be_meant_is_refused(vendor, named):
    with pytest.raises(BadInput) as refused:
        detection.parse(protocol_values(subgroups=["sex"], analysis={"vendor_population": vendor}))
    assert named in str(refused.value)
