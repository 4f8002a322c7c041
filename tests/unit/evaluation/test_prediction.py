"""Prediction: a probability is believed as far as it keeps its word, and acted on no more against some than others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from number_makers import PREDICTION, comparison, findings, measure, protocol, result, story_of

from alarp.evaluation import calibration
from alarp.evaluation.prediction.policy import benefit_of_each, decision_curve, gain, net_benefit
from alarp.kernel import BadInput
from alarp.report import document, to_html

HEADER = "case,attended,p"
ROWS = [
    f"c{i},{'no' if missed else 'yes'},{p}"
    for i, (p, missed) in enumerate(
        [(0.05, 0), (0.1, 0), (0.15, 1), (0.2, 0), (0.3, 0), (0.35, 1), (0.4, 0), (0.5, 1), (0.6, 0), (0.7, 1), (0.8, 1),
         (0.9, 1)]
    )
]  # fmt: skip


def found(rows=ROWS, header=HEADER, **changes):
    return findings(PREDICTION, rows, header, **changes)


def _without(lost):
    return [f"{row.rsplit(',', 1)[0]}," if i in lost else row for i, row in enumerate(ROWS)]


def test_the_twelve_cases_give_the_numbers_counted_by_hand():
    here = found(overbook_at=0.4)
    assert measure(here, "oe_ratio").estimate == pytest.approx(6 / 5.05)
    assert measure(here, "auc").estimate == pytest.approx((2 + 4 + 5 + 6 + 6 + 6) / 36)
    assert measure(here, "overbooked_share").events == 6
    assert (measure(here, "overbooked_attended").events, measure(here, "overbooked_attended").n) == (2, 6)
    assert (measure(here, "caught_share").events, measure(here, "caught_share").n) == (4, 6)
    assert measure(here, "net_benefit").estimate == pytest.approx((4 - 2 * 0.4 / 0.6) / 12)


@pytest.mark.need("E23")
@pytest.mark.need("E24")
@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 11), min_size=1, max_size=5))
def test_removing_probabilities_never_improves_a_headline_number(lost):
    before, after = found(overbook_at=0.4), found(_without(lost), overbook_at=0.4)
    for name in ("brier", "ece", "ici", "overbooked_attended"):
        assert measure(after, name).estimate >= measure(before, name).estimate - 1e-12, name
    for name in ("brier_scaled", "auc", "net_benefit", "caught_share", "gain_20pct"):
        assert measure(after, name).estimate <= measure(before, name).estimate + 1e-12, name
    for name, ideal in (("calibration_in_the_large", 0.0), ("calibration_intercept", 0.0)):
        worse, was = (abs(measure(each, name).estimate - ideal) for each in (after, before))
        assert worse >= was - 1e-9, name
    worse, was = (abs(np.log(measure(each, "oe_ratio").estimate)) for each in (after, before))
    assert worse >= was - 1e-12


def test_every_case_has_one_outcome_and_an_unknown_one_enters_no_measure():
    here = found([*ROWS, "x,,0.4", "y,no,"])
    assert here.outcomes == {
        "enrolled": 14, "scored": 12, "ai_failed": 1, "rejected_by_ai": 0, "indeterminate": 0, "reference_missing": 1,
    }  # fmt: skip
    assert measure(here, "brier").n == 13
    assert measure(here, "brier_as_treated").n == 12


def test_a_perfectly_calibrated_tool_is_found_to_be_so():
    rng = np.random.default_rng(2)
    p = rng.uniform(0.02, 0.98, 20_000)
    y = rng.uniform(size=20_000) < p
    slope, intercept = calibration.calibration_slope(p, y), calibration.calibration_intercept(p, y)
    assert slope.low < 1 < slope.high
    assert intercept.low < 0 < intercept.high
    assert calibration.ici(p, y) < 0.02
    assert calibration.ece(p, y) < 0.02


def test_an_overconfident_tool_has_a_slope_below_one():
    rng = np.random.default_rng(2)
    odds = rng.normal(0, 1, 5000)
    y = rng.uniform(size=5000) < 1 / (1 + np.exp(-odds))
    slope = calibration.calibration_slope(1 / (1 + np.exp(-2 * odds)), y)
    assert slope.low < 0.5 < slope.high


@pytest.mark.parametrize("name", ["calibration_slope", "observed_expected", "brier", "brier_scaled"])
def test_the_interval_covers_as_often_as_it_says(name):
    rng, inside, runs = np.random.default_rng(4), 0, 600
    truth = {"calibration_slope": 1.0, "observed_expected": 1.0, "brier": 1 / 6, "brier_scaled": 1 / 3}[name]
    for _ in range(runs):
        p = rng.uniform(0, 1, 200)
        here = getattr(calibration, name)(p, rng.uniform(size=200) < p)
        inside += here.low <= truth <= here.high
    assert inside / runs >= 0.925


def test_separated_outcomes_have_no_slope_and_the_reason_is_given():
    p, y = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert "separate" in calibration.calibration_slope(p, y).because


def test_net_benefit_has_the_interval_that_a_bootstrap_gives():
    rng = np.random.default_rng(5)
    p = rng.uniform(0, 1, 400)
    y = rng.uniform(size=400) < p
    here = net_benefit(p, y, 0.3)
    each = benefit_of_each(p, y, 0.3)
    drawn = [each[rng.integers(0, 400, 400)].mean() for _ in range(2000)]
    assert [here.low, here.high] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)


def test_acting_on_everyone_at_the_prevalence_has_no_net_benefit():
    y = np.arange(100) < 30
    (row,) = decision_curve(np.full(100, 0.5), y, (0.3,))
    assert row["act_on_all"] == pytest.approx(0.0)
    assert row["net_benefit"] == pytest.approx(0.0)


@given(st.permutations(range(12)))
@settings(max_examples=20)
def test_the_order_of_tied_cases_does_not_change_the_gain(order):
    p, y = np.repeat([0.2, 0.5, 0.5, 0.9], 3), np.arange(12) % 3 == 0
    assert gain(p[list(order)], y[list(order)], 0.4) == pytest.approx(gain(p, y, 0.4))


@pytest.mark.need("E23")
@pytest.mark.need("E03")
def test_a_group_overbooked_more_often_than_its_attendance_deserves_is_flagged():
    rng = np.random.default_rng(6)
    rows = []
    for i in range(800):
        deprived = i % 4 == 0
        missed = rng.uniform() < 0.2
        p = min(0.95, rng.uniform(0.05, 0.35) + (0.2 if deprived else 0))
        rows.append(f"c{i},{'no' if missed else 'yes'},{p:.3f},{'most' if deprived else 'other'}")
    here = found(rows, f"{HEADER},deprivation", subgroups=["deprivation"], overbook_at=0.3)
    for name in ("overbooked_share", "overbooked_attended", "calibration_in_the_large"):
        assert comparison(here, name, "deprivation=most").flag == "gap", name
    assert comparison(here, "overbooked_attended", "deprivation=most").difference > 0.3
    assert comparison(here, "calibration_in_the_large", "deprivation=most").difference < -0.1
    html = to_html(document(story_of(result(
        PREDICTION, rows, f"{HEADER},deprivation", subgroups=["deprivation"], overbook_at=0.3
    ).content)))  # fmt: skip
    assert "against the rest" in html
    assert "Decision curve" in html
    assert "Foretold probability" in html


def test_patients_with_several_appointments_widen_the_interval():
    rng = np.random.default_rng(9)
    rows = []
    for patient in range(60):
        missed = rng.uniform() < 0.4
        for visit in range(4):
            rows.append(
                f"a{patient}-{visit},{'no' if missed else 'yes'},{0.3 + 0.2 * rng.uniform():.3f},p{patient}"
            )
    columns = PREDICTION["columns"]
    alone = found(rows, f"{HEADER},patient")
    together = found(rows, f"{HEADER},patient", columns=columns | {"patient": "patient"})
    for name in ("brier", "oe_ratio", "calibration_intercept"):
        widths = [measure(each, name).high - measure(each, name).low for each in (alone, together)]
        assert widths[1] > 1.3 * widths[0], name


def test_a_mean_of_absolute_distances_has_no_interval_that_would_leave_it_out():
    rng = np.random.default_rng(4)
    p = np.round(rng.beta(1.2, 5, 400), 4)
    shown = found([f"a{i},{'no' if rng.random() < x else 'yes'},{x}" for i, x in enumerate(p)])
    for name in ("ici", "ece"):
        row = measure(shown, name)
        assert row.estimate > 0
        assert (row.low, row.high) == (None, None)
        assert "only enlarges" in row.because


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*ROWS, "z,no,1.2"], "Case z: column 'p' holds '1.2', which is not a probability from 0 to 1"),
        ([*ROWS, "z,no,nan"], "Case z: column 'p' holds 'nan'"),
        ([*ROWS, "z,perhaps,0.2"], "Case z: the outcome in column 'attended' is 'perhaps'"),
        (["a,yes,0.1", "b,yes,0.2"], "no case's outcome is 'no'"),
        (["a,no,0.1", "b,no,0.2"], "every outcome is 'no'"),
        (["a,no,0.1", "b,yes,0.1"], "all 2 probabilities are 0.1"),
        ([*ROWS, ROWS[0]], "Case c0: cases.csv holds it twice"),
    ],
)
def test_bad_rows_are_named_with_case_and_column(rows, said):
    with pytest.raises(BadInput, match=said):
        found(rows)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"overbook_at": 30}, "overbook_at.*between 0 and 1"),
        ({"analysis": {"thresholds": [0.5, 0.1]}}, "analysis.thresholds"),
        ({"analysis": {"fractions": [10]}}, "analysis.fractions"),
        ({"analysis": {"binning": "clever"}}, "analysis.binning"),
        ({"claims": [{"measure": "dice", "at_least": 0.9}]}, "does not have"),
        ({"positive": None}, "no field 'positive'"),
    ],
)
def test_a_protocol_that_will_not_do_is_refused_by_field(changes, said):
    with pytest.raises(BadInput, match=said):
        protocol(PREDICTION, **changes)


def test_the_same_rows_give_the_same_bytes_bootstrap_and_all():
    assert result(PREDICTION, ROWS, HEADER).as_json() == result(PREDICTION, ROWS, HEADER).as_json()
