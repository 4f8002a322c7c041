"""Subgroups: one count gives what counting one by one gives, and what cannot be told is said."""

from __future__ import annotations

import numpy as np
import pytest
from detection_makers import findings, measure, protocol_values
from hypothesis import given
from hypothesis import strategies as st

from alarp.evaluation import detection
from alarp.evaluation.gaps import adjusted_p
from alarp.evaluation.intervals import holm, wilson
from alarp.evaluation.subgroups import accuracy_by_group, band_names, banded, count_by_group
from alarp.kernel import BadInput

HEADER = "case,truth,score,sex,site,age"


def rows(count=240, seed=3, worse_for=None):
    """Cases whose tool finds three of four diseased; of the group `worse_for` it finds one of four."""
    draw, made = np.random.default_rng(seed), []
    for i in range(count):
        sex, site, ill = draw.choice(["F", "M"]), draw.choice(["north", "south"]), draw.random() < 0.5
        right = draw.random() < (0.25 if sex == worse_for and ill else 0.8)
        score = 0.9 if ill == right else 0.1
        age = draw.integers(20, 90)
        made.append(f"c{i},{'nodule' if ill else 'none'},{score},{sex},{site},{age}")
    return made


@given(st.integers(1, 60), st.integers(1, 7), st.integers(0, 10_000))
def test_one_count_finds_what_counting_group_by_group_finds(cases, groups, seed):
    draw = np.random.default_rng(seed)
    group = draw.integers(0, groups, cases)
    diseased, flagged = draw.random(cases) < 0.4, draw.random(cases) < 0.5
    found = count_by_group(group, diseased, flagged, groups=groups)
    for g in range(groups):
        for d in (0, 1):
            for f in (0, 1):
                assert found[g, d, f] == np.sum((group == g) & (diseased == d) & (flagged == f))


def test_a_count_over_more_rows_than_one_pass_holds_loses_none():
    draw = np.random.default_rng(1)
    group, diseased, flagged = (
        draw.integers(0, 200, 100_001),
        draw.random(100_001) < 0.1,
        draw.random(100_001) < 0.3,
    )
    found = accuracy_by_group(group, diseased, flagged, groups=200)
    assert found["sensitivity"].n.sum() == diseased.sum()
    assert found["ppv"].n.sum() == flagged.sum()
    which = diseased & (group == 77)
    share = flagged[which].mean()
    assert found["sensitivity"].estimate[77] == pytest.approx(share, rel=1e-14)
    low, high = wilson(share, int(which.sum()))
    assert (found["sensitivity"].low[77], found["sensitivity"].high[77]) == pytest.approx(
        (low, high), rel=1e-12
    )


def test_an_empty_group_has_no_share_and_a_code_beyond_the_groups_is_refused():
    code, yes = np.array([0, 2]), np.array([True, True])
    found = accuracy_by_group(code, yes, yes, groups=3)
    assert np.isnan(
        [found["sensitivity"].estimate[1], found["sensitivity"].low[1], found["specificity"].high[0]]
    ).all()
    with pytest.raises(ValueError, match="code is 2, but there are 2 groups"):
        count_by_group(code, yes, yes, groups=2)


@pytest.mark.need("E03")
def test_a_group_that_fares_worse_is_flagged_and_the_others_are_not():
    found = findings(rows(worse_for="F"), HEADER, subgroups=["sex", "site"])
    flags = {(c.measure, c.a): c.flag for c in found.comparisons}
    assert flags["sensitivity", "sex=F"] == flags["sensitivity", "sex=M"] == "gap"
    assert flags["sensitivity", "site=north"] == flags["specificity", "sex=F"] == "no gap shown"
    own, rest = (measure(found, "sensitivity", f"sex={sex}") for sex in "FM")
    (gap,) = [c for c in found.comparisons if (c.measure, c.a) == ("sensitivity", "sex=F")]
    assert gap.difference == pytest.approx(own.estimate - rest.estimate)
    assert (own.n, own.events) != (None, None) and own.low < own.estimate < own.high


@pytest.mark.need("E03")
def test_every_group_of_a_declared_variable_and_of_two_crossed_is_measured():
    bands = {"analysis": {"bands": {"age": [40, 60]}}}
    found = findings(rows(), HEADER, subgroups=["age", "sex*site"], **bands)
    groups = list(dict.fromkeys(m.subgroup for m in found.measures if m.subgroup != "all"))
    assert groups == [
        "age=under 40", "age=40 to under 60", "age=60 and over",
        "sex=F, site=north", "sex=F, site=south", "sex=M, site=north", "sex=M, site=south",
    ]  # fmt: skip
    for names in (groups[:3], groups[3:]):
        assert sum(measure(found, "sensitivity", g).n for g in names) == measure(found, "sensitivity").n


@pytest.mark.parametrize(
    ("how", "expected", "words"),
    [
        ("holm", None, "Holm over 4"),
        ("bonferroni", 4, "Bonferroni over 4"),
        ("none", 1, "not adjusted for 4"),
    ],
)
def test_the_declared_multiplicity_is_applied_and_stated(how, expected, words):
    found = findings(rows(worse_for="F"), HEADER, subgroups=["sex"], analysis={"multiplicity": how})
    bare = [c.p_unadjusted for c in found.comparisons]
    wanted = holm(bare) if expected is None else [min(1.0, expected * p) for p in bare]
    assert [c.p for c in found.comparisons] == pytest.approx(wanted)
    assert all(c.method.endswith(f"{words} comparisons") for c in found.comparisons)


def test_adjusting_never_makes_a_p_value_smaller():
    p = [0.01, 0.04, 0.03, 0.9]
    for how in ("holm", "bonferroni", "none"):
        assert all(new >= old for new, old in zip(adjusted_p(p, how), p, strict=True))


@pytest.mark.need("E03")
def test_few_cases_zero_events_and_an_empty_class_are_said_in_words():
    few = ["x1,nodule,0.1,X,north,50", "x2,nodule,0.2,X,north,50"]
    found = findings([*rows(), *few], HEADER, subgroups=["sex"])
    lone = measure(found, "sensitivity", "sex=X")
    assert lone.because.startswith("too few to tell: 2 cases, the protocol asks for 20")
    assert "zero events in 2" in lone.because and (lone.low, lone.estimate) == (0.0, 0.0)
    assert measure(found, "specificity", "sex=X").because == "no healthy case"
    flags = {c.measure: (c.flag, c.p) for c in found.comparisons if c.a == "sex=X"}
    assert flags["sensitivity"] == ("too few to tell: fewer than 20 cases", None)
    assert flags["specificity"] == ("not measurable: no healthy case here", None)


def test_a_group_of_unknown_membership_is_shown_and_not_compared():
    found = findings([*rows(), "x1,nodule,0.9,,north,50"], HEADER, subgroups=["sex"])
    assert measure(found, "sensitivity", "sex=not recorded").n == 1
    assert {c.a for c in found.comparisons} == {"sex=F", "sex=M"}


def test_a_cut_belongs_to_the_band_above_it():
    cells = ["39.9", "40", "60", None]
    found = banded(cells, (40, 60), variable="age", cases=list("abcd"))
    assert found == [*band_names((40, 60)), "not recorded"]


def test_an_age_that_is_no_number_is_refused_by_case_and_column():
    with pytest.raises(BadInput, match=r"Case c9: subgroup column 'age' holds 'old'"):
        findings(
            [*rows(9), "c9,nodule,0.9,F,north,old"],
            HEADER,
            subgroups=["age"],
            analysis={"bands": {"age": [40]}},
        )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"analysis": {"bands": {"age": [60, 40]}}}, "analysis.bands"),
        ({"analysis": {"bands": {"weight": [60]}}}, "bands 'weight', which is no subgroup"),
        ({"analysis": {"multiplicity": "bonferoni"}}, "analysis.multiplicity"),
        ({"subgroups": ["age", "sex*"]}, "'sex*'"),
        ({"subgroups": ["sex*sex"]}, "'sex*sex'"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(changes, named):
    with pytest.raises(BadInput) as refused:
        detection.parse(protocol_values(**({"subgroups": ["age"]} | changes)))
    assert named in str(refused.value)


def test_patients_with_several_cases_widen_the_interval_of_their_group():
    single = [f"{row},p{i}" for i, row in enumerate(rows())]
    doubled = [f"{copy}{row}" for row in single for copy in ("", "again-")]
    columns = {"case": "case", "truth": "truth", "score": "score", "patient": "patient"}
    header = HEADER + ",patient"
    one, two = (
        measure(findings(made, header, subgroups=["sex"], columns=columns), "sensitivity", "sex=F")
        for made in (single, doubled)
    )
    assert two.n == 2 * one.n and "clustered by patient" in two.method
    # nearly: how much patients resemble themselves is itself an estimate, and the t quantile allows for that
    assert 1 <= (two.high - two.low) / (one.high - one.low) < 1.05
