"""Drift, turnaround, silence and the CUSUM: their edges, and that their error rates are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from alarp.evaluation.intervals import wilson as wilson_of_evaluation
from alarp.kernel import BadInput
from alarp.monitoring import average_run_length, design, expected, rate, rhythm, shift, silence, wilson
from alarp.monitoring.cube import SCORE_BINS, TURNAROUND_EDGES_S
from alarp.monitoring.cusum import Cusum
from alarp.monitoring.drift import groups_of, largest_difference
from alarp.monitoring.turnaround import percentile, percentile_of_counts, ranks


def counts(scores: np.ndarray) -> np.ndarray:
    return np.histogram(scores, bins=SCORE_BINS, range=(0, 1))[0].astype(np.int64)


@pytest.mark.need("E12")
def test_a_rate_has_the_same_interval_in_monitoring_as_in_an_evaluation() -> None:
    for events, n in ((0, 7), (1, 29), (81, 263), (12, 12)):
        assert wilson(events, n) == pytest.approx(wilson_of_evaluation(events / n, n), abs=1e-12)


def test_nothing_over_nothing_is_not_measurable() -> None:
    nothing, some = np.zeros(SCORE_BINS, dtype=np.int64), counts(np.full(30, 0.4))
    assert rate("x", 0, 0, empty="no study").sentence() == "not measurable: no study"
    for reference, current, because in (
        (nothing, some, "the reference holds no score"),
        (some, nothing, "no score since then"),
        (nothing, nothing, "the reference holds no score"),
    ):
        found = shift(reference, current)
        assert not found.psi.is_measurable and found.psi.because == because
        assert not found.beyond_chance


def test_an_empty_bin_on_one_side_gives_a_large_number_and_not_infinity() -> None:
    found = shift(counts(np.full(50, 0.1)), counts(np.full(50, 0.9)))
    assert found.psi.estimate is not None and 2 < found.psi.estimate < 20
    assert found.largest.estimate == 1.0


def test_neighbouring_bins_are_joined_into_groups_of_like_share() -> None:
    reference = counts(np.random.default_rng(1).uniform(size=4000))
    groups = groups_of(reference)
    shares = [reference[a:b].sum() / 4000 for a, b in groups]
    assert len(groups) == 10 and min(shares) > 0.05 and max(shares) < 0.15
    assert groups[0][0] == 0 and groups[-1][1] == SCORE_BINS


def test_scores_that_have_not_moved_stay_below_the_chance_limit_in_about_99_of_100() -> None:
    draw = np.random.default_rng(20261122)
    beyond = 0
    for _ in range(1000):
        found = shift(counts(draw.beta(2, 5, 400)), counts(draw.beta(2, 5, 150)))
        beyond += found.beyond_chance
    assert beyond <= 25  # 10 are expected; more than 25 has a chance below 1 in 10,000


def test_the_binned_largest_difference_is_never_more_than_the_exact_one() -> None:
    draw = np.random.default_rng(3)
    for _ in range(50):
        a, b = draw.beta(2, 5, 200), draw.beta(2.5, 5, 150)
        assert largest_difference(counts(a), counts(b)) <= stats.ks_2samp(a, b).statistic + 1e-12


def test_the_interval_of_a_percentile_holds_it_as_often_as_it_says() -> None:
    draw = np.random.default_rng(7)
    truth = float(stats.lognorm.ppf(0.5, 0.8))
    held = 0
    for _ in range(2000):
        found = percentile("t", draw.lognormal(0, 0.8, 40), 0.5)
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert held / 2000 >= 0.94


def test_a_percentile_from_bins_holds_the_one_from_the_values() -> None:
    values = np.random.default_rng(9).lognormal(5, 1, 300)
    bins = np.histogram(values, bins=TURNAROUND_EDGES_S)[0]
    for share in (0.5, 0.95):
        exact = percentile("t", values, share)
        binned = percentile_of_counts("t", bins, TURNAROUND_EDGES_S, share)
        assert binned.low is not None and exact.low is not None and binned.low <= exact.low
        assert binned.estimate == pytest.approx(exact.estimate, rel=0.09)
        if exact.high is not None:
            assert binned.high is not None and binned.high >= exact.high


def test_few_values_have_a_percentile_without_an_upper_bound() -> None:
    found = percentile("t", np.array([3.0, 1.0, 2.0]), 0.95)
    assert (found.estimate, found.high) == (3.0, None)
    assert ranks(3, 0.95)[2] == 4


def test_the_usual_hour_is_the_mean_of_that_hour_of_the_week_once_four_weeks_are_known() -> None:
    days = np.zeros((28, 24), dtype=np.int64)
    weekdays = np.arange(28) % 7
    days[weekdays == 0, 9] = 8  # eight every Monday at nine
    known = rhythm(days, weekdays)
    assert known.per_hour[9] == 8 and known.per_hour[24 + 9] == 0
    assert expected(known, [(9, 0.5), (10, 1.0)]) == 4
    early = rhythm(days[:3], weekdays[:3])  # Monday to Wednesday: one mean for working days
    assert early.per_hour[24 + 9] == pytest.approx(8 / 3) and "working days" in early.method


def test_silence_on_a_quiet_night_says_nothing_and_in_a_busy_hour_is_an_alarm() -> None:
    assert not silence(0, 0.0).is_measurable
    quiet, busy = silence(0, 0.5), silence(0, 12.0)
    assert quiet.estimate is not None and quiet.estimate > 0.5
    assert busy.estimate is not None and busy.estimate < 1e-5


@pytest.mark.need("M06")
def test_the_cusum_signals_falsely_as_rarely_as_stated() -> None:
    made = design(0.1, 0.2, false_alarm_every=1000)
    stated = average_run_length(0.1, made.steps, made.signal)
    assert 1000 <= stated < 1200
    draw = np.random.default_rng(11)
    lengths = [run_length(made, draw, 0.1) for _ in range(300)]
    assert np.mean(lengths) == pytest.approx(
        stated, rel=4 / np.sqrt(300)
    )  # run lengths are close to exponential


def test_the_cusum_finds_a_doubled_rate_at_the_stated_delay() -> None:
    made = design(0.1, 0.2, false_alarm_every=1000)
    stated = average_run_length(0.2, made.steps, made.signal)
    draw = np.random.default_rng(13)
    lengths = [run_length(made, draw, 0.2) for _ in range(600)]
    assert np.mean(lengths) == pytest.approx(stated, rel=0.12)
    assert stated < 80


def run_length(made: Cusum, draw: np.random.Generator, probability: float) -> int:
    now, count = 0, 0
    while True:
        for event in draw.random(256) < probability:
            now, count = max(0, now + (made.steps - 1 if event else -1)), count + 1
            if now >= made.signal:
                return count


def test_a_cusum_goes_up_by_events_down_by_others_and_begins_anew_after_a_signal() -> None:
    made = Cusum(0.1, 0.2, steps=3, signal=4)
    assert made.run([False, True, True, False, True]) == (0, 2, 4, 0, 2)
    assert made.first_signal([False, True, True]) == 3
    assert made.first_signal([False, False]) is None


def test_a_cusum_from_high_to_low_is_refused() -> None:
    with pytest.raises(BadInput, match="from a usual rate to a higher one"):
        design(0.2, 0.1, false_alarm_every=100)
