"""Measurement: near enough is counted over everyone; agreement of the answered cases keeps no promise of its own."""

from __future__ import annotations

import csv
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from number_makers import MEASUREMENT, comparison, findings, measure, protocol, result, story_of

from alarp.evaluation.measurement.agreement import limits_of_agreement, variance_components
from alarp.evaluation.measurement.correlation import icc
from alarp.kernel import BadInput
from alarp.report import document, to_html

HEADER = "case,reference,output"
ROWS = ["a,10,10.5", "b,12,11.5", "c,8,8.5", "d,15,17", "e,11,11", "f,9,8.2"]


def found(rows=ROWS, header=HEADER, **changes):
    return findings(MEASUREMENT, rows, header, **changes)


def test_the_six_cases_give_the_numbers_counted_by_hand():
    here = found()
    assert measure(here, "within_tolerance").events == 5
    assert measure(here, "bias").estimate == pytest.approx((0.5 - 0.5 + 0.5 + 2 + 0 - 0.8) / 6)
    assert measure(here, "mae").estimate == pytest.approx((0.5 + 0.5 + 0.5 + 2 + 0 + 0.8) / 6)
    assert measure(here, "rmse").estimate == pytest.approx(((0.25 * 3 + 4 + 0.64) / 6) ** 0.5)
    assert here.outcomes["enrolled"] == here.outcomes["scored"] == 6


@pytest.mark.need("E24")
def test_a_missing_output_lies_outside_tolerance_and_has_one_outcome():
    here = found([*ROWS, "g,10,", "h,,10"])
    assert here.outcomes == {
        "enrolled": 8, "scored": 6, "ai_failed": 1, "rejected_by_ai": 0, "indeterminate": 0, "reference_missing": 1,
    }  # fmt: skip
    share = measure(here, "within_tolerance")
    assert (share.events, share.n) == (5, 7)
    assert measure(here, "within_tolerance_best_case").events == 6
    assert measure(here, "within_tolerance_as_treated").n == 6


@pytest.mark.need("E24")
@settings(max_examples=25)
@given(st.sets(st.integers(0, 5), min_size=1, max_size=4))
def test_removing_outputs_never_improves_the_share_within_tolerance_nor_meets_a_claim(lost):
    rows = [f"{row.rsplit(',', 1)[0]}," if i in lost else row for i, row in enumerate(ROWS)]
    claims = [
        {"measure": "within_tolerance", "at_least": 0.9},
        {"measure": "mae", "at_most": 0.5},
        {"measure": "bias", "at_most": 0.1},
    ]
    before, after = (
        result(MEASUREMENT, ROWS, HEADER, claims=claims),
        result(MEASUREMENT, rows, HEADER, claims=claims),
    )
    assert measure(found(rows), "within_tolerance").estimate <= measure(found(), "within_tolerance").estimate
    met = [[c["status"] == "met" for c in r.content["claims"]] for r in (before, after)]
    assert all(was or not now for was, now in zip(*met, strict=True))


@settings(max_examples=25)
@given(st.integers(0, 5))
def test_with_a_declared_range_a_missing_value_is_charged_and_never_improves_the_error(lost):
    rows = [f"{row.rsplit(',', 1)[0]}," if i == lost else row for i, row in enumerate(ROWS)]
    options = {"analysis": {"range": [0, 30]}}
    for name in ("mae", "rmse"):
        assert measure(found(rows, **options), name).estimate > measure(found(**options), name).estimate
        assert not measure(found(rows, **options), name).because.startswith("as treated only")


def test_repeated_measurements_widen_the_limits_by_the_variance_between_patients():
    rng = np.random.default_rng(1)
    patients = np.repeat(np.arange(40), 3)
    shift = rng.normal(0, 1, 40)[patients] + rng.normal(0, 0.5, 120)
    spread = variance_components(shift, patients)
    assert spread.between == pytest.approx(1.0, abs=0.5)
    assert spread.within == pytest.approx(0.25, abs=0.1)
    low, high = limits_of_agreement(shift, patients)
    naive = limits_of_agreement(shift, np.arange(120))
    assert high.high - high.low > naive[1].high - naive[1].low
    assert low.low < low.estimate < low.high


@pytest.mark.parametrize("n", [5, 20])
def test_the_exact_interval_of_a_limit_covers_as_often_as_it_says(n):
    rng, inside = np.random.default_rng(7), 0
    for _ in range(1500):
        high = limits_of_agreement(rng.normal(0, 1, n), np.arange(n))[1]
        inside += high.low <= 1.959964 <= high.high
    assert 0.935 <= inside / 1500 <= 0.965


def test_the_interval_of_repeated_limits_covers_about_as_often_as_it_says():
    rng, inside, truth = np.random.default_rng(8), 0, 1.959964 * (1 + 0.5) ** 0.5
    patients = np.repeat(np.arange(15), 3)
    for _ in range(800):
        values = rng.normal(0, 1, 15)[patients] + rng.normal(0, 0.5**0.5, 45)
        high = limits_of_agreement(values, patients)[1]
        inside += high.low <= truth <= high.high
    assert 0.93 <= inside / 800 <= 0.975


def test_on_the_ratio_scale_the_limits_are_ratios():
    here = found(
        [f"c{i},{10 + i},{(10 + i) * (1.1 if i % 2 else 1.2)}" for i in range(20)],
        analysis={"scale": "ratio"},
    )
    assert measure(here, "bias").estimate == pytest.approx((1.1 * 1.2) ** 0.5)
    assert 1.0 < measure(here, "loa_low").estimate < 1.1
    assert measure(here, "loa_high").estimate > 1.2


def test_a_tolerance_in_per_cent_is_taken_of_the_reference():
    here = found(["a,100,109", "b,10,10.9", "c,10,11.1"], tolerance={"percent": 10})
    assert measure(here, "within_tolerance").events == 2


def test_repeats_of_one_true_value_give_a_repeatability_coefficient_for_both():
    rows = [f"c{i},{k},{10 + i + 0.2 * k},{10 + i + 0.4 * k}" for i in range(6) for k in range(2)]
    here = found(
        rows,
        "case,visit,reference,output",
        columns={"case": "case", "reference": "reference", "output": "output", "repeat": "visit"},
        analysis={"true_value": "constant"},
    )
    own, other = (measure(here, f"repeatability_{side}").estimate for side in ("output", "reference"))
    assert own == pytest.approx(2 * other)
    assert own == pytest.approx(1.959964 * 2**0.5 * (0.4**2 / 2) ** 0.5)
    assert here.unit == "measurement"
    assert "constant true value" in measure(here, "loa_low").method


@pytest.mark.need("E10")
def test_the_agreement_of_the_observers_behind_the_reference_is_reported():
    rows = [f"c{i},{r},{10 + i + d},{10 + i}" for i in range(8) for r, d in (("A", 0.0), ("B", 0.5))]
    here = found(
        rows,
        "case,reader,reference,output",
        columns={"case": "case", "reference": "reference", "output": "output", "observer": "reader"},
    )
    observers = measure(here, "observer_icc")
    assert 0.9 < observers.estimate < 1.0
    assert observers.n == 8


@pytest.mark.need("E03")
def test_a_subgroup_measured_with_another_bias_is_flagged_after_holm():
    rng = np.random.default_rng(3)
    rows = [
        f"c{i},10,{10 + (1.5 if i % 4 == 0 else 0) + rng.normal(0, 0.4):.3f},{'F' if i % 4 == 0 else 'M'}"
        for i in range(120)
    ]
    here = found(rows, "case,reference,output,sex", subgroups=["sex"])
    gap = comparison(here, "bias", "sex=F")
    assert gap.flag == "gap"
    assert gap.difference == pytest.approx(1.5, abs=0.3)
    assert gap.p >= gap.p_unadjusted
    assert (
        measure(here, "within_tolerance", "sex=F").estimate
        < measure(here, "within_tolerance", "sex=M").estimate
    )


def test_a_small_subgroup_is_too_few_to_tell():
    rows = [f"c{i},10,{10 + i % 3},{'x' if i < 3 else 'y'}" for i in range(30)]
    here = found(rows, "case,reference,output,site", subgroups=["site"])
    assert measure(here, "bias", "site=x").because.startswith("too few to tell")
    assert comparison(here, "bias", "site=x").flag.startswith("too few to tell")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["a,10,nan"], "Case a: column 'output' holds 'nan', which is not a finite number"),
        (["a,10,1", "a,11,2"], "Case a: cases.csv holds it twice by column 'case'"),
        (["a,ten,1"], "Case a: column 'reference' holds 'ten'"),
        (["a,,1", "b,,2"], "Column 'reference' of cases.csv holds no value"),
        (["a,1,5", "b,2,5", "c,3,5"], "all 3 values are 5"),
        ([",1,5"], "cases.csv, row 2: column 'case' is empty"),
    ],
)
def test_bad_rows_are_named_with_case_and_column(rows, said):
    with pytest.raises(BadInput, match=said.replace("(", r"\(")):
        found(rows)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tolerance": -1}, "tolerance.*zero or above"),
        ({"analysis": {"scale": "log"}}, "analysis.scale"),
        ({"analysis": {"icc": "4,1"}}, "analysis.icc"),
        ({"analysis": {"colour": 1}}, "unknown field 'analysis.colour'"),
        ({"claims": [{"measure": "auc", "at_least": 0.9}]}, "does not have"),
    ],
)
def test_a_protocol_that_will_not_do_is_refused_by_field(changes, said):
    with pytest.raises(BadInput, match=said):
        protocol(MEASUREMENT, **changes)


def test_a_value_of_zero_on_the_ratio_scale_is_refused_by_case():
    with pytest.raises(BadInput, match="holds 0; with"):
        found(["a,1,1", "b,2,0"], analysis={"scale": "ratio"})


def test_without_a_tolerance_the_share_is_not_measurable_rather_than_one():
    assert "sets no tolerance" in measure(found(tolerance=None), "within_tolerance").because


def test_one_case_gives_an_estimate_and_no_limits():
    here = found(["a,10,11"])
    assert measure(here, "bias").estimate == 1.0
    assert measure(here, "loa_low").estimate is None
    assert measure(here, "icc").estimate is None


def test_the_report_draws_the_difference_plot_and_says_the_same_twice():
    rows = [f"c{i},{10 + i * 0.1},{10 + i * 0.11}" for i in range(40)]
    content = result(MEASUREMENT, rows, HEADER).content
    html = to_html(document(story_of(content)))
    assert "Difference between tool and reference" in html
    assert "lower limit" in html
    assert result(MEASUREMENT, rows, HEADER).as_json() == result(MEASUREMENT, rows, HEADER).as_json()


@pytest.mark.shared
@pytest.mark.need("E10")
def test_two_lidc_radiologists_differ_by_less_than_half_in_95_of_100_nodules(shared):
    """Nodules that four readers marked, matched by place; readers have no names, so each pair is taken both ways."""
    marks = defaultdict(list)
    with (shared / "data" / "tables" / "lidc_readers.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place = tuple(float(row[axis]) for axis in ("x_px", "y_px", "z_mm"))
            marks[row["series_uid"]].append(
                (place, float(row["max_inplane_diameter_mm"]), float(row["pixel_spacing"]))
            )
    table = []
    for found_ in marks.values():
        left = list(found_)
        while left:
            first = left.pop(0)
            near = [m for m in left if _apart(first, m) < max(3.0, first[1] / 2)]
            left = [m for m in left if m not in near]
            if len(near) == 3:
                table.append([first[1], *(m[1] for m in near)])
    readings = np.array(table)
    assert len(readings) > 500
    agreed = icc(readings, "1")
    assert 0.92 < agreed.estimate < 0.97
    within = float(np.log(readings).var(axis=1, ddof=1).mean())
    ratio = np.exp(1.959964 * (2 * within) ** 0.5)
    assert 1.3 < ratio < 1.5
    i, j = np.triu_indices(4, 1)
    pairs = np.log(readings[:, i] / readings[:, j]).ravel()
    both = np.concatenate([pairs, -pairs])
    assert both.std() ** 2 == pytest.approx(2 * within, rel=1e-9)


def _apart(one, other):
    scale = np.array([one[2], one[2], 1.0])
    return float(np.linalg.norm((np.array(one[0]) - np.array(other[0])) * scale))
