"""Are the diseased reported earlier than the worklist would have had them?"""

from __future__ import annotations

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import Comparison, FloatArray, proportion
from alarp.kernel import Measure

NAMES = (
    "time_to_result_min", "worklist_wait_min", "time_saved_min", "time_saved_all_diseased_min", "notified_earlier",
)  # fmt: skip


def median(name: str, values: FloatArray, *, level: float = 0.95, subgroup: str = "all") -> Measure:
    """What is the median, in the values' unit, and how sure are we?

    Interval from order statistics by the binomial distribution with one half, free of any distribution (Conover 1999,
    Practical Nonparametric Statistics, 3.2). Fewer than six values bear no 95 % interval; none is not measurable.
    """
    n = len(values)
    if n == 0:
        return Measure.not_measurable(name, because="no such case", subgroup=subgroup)
    ordered = np.sort(values)
    estimate = float(np.median(ordered))
    rank = int(stats.binom.ppf((1 - level) / 2, n, 0.5))
    if rank < 1:
        because = f"no interval: {n} values bear no {100 * level:g} % interval of the median"
        return Measure(name, estimate, None, None, level, "median", n, None, subgroup, because)
    low, high = float(ordered[rank - 1]), float(ordered[n - rank])
    return Measure(name, estimate, low, high, level, "median, order statistics", n, None, subgroup)


def timing(
    to_result: FloatArray, on_worklist: FloatArray, diseased: np.ndarray, flagged: np.ndarray, *, level: float
) -> tuple[list[Measure], list[Comparison]]:
    """How much earlier are true positives notified than they would have been read?

    Minutes from the end of the scan; NaN where a time is not recorded. The first three measures look at true positives
    with both times, and so could gain when a slow answer is lost; the headline are the other two, which count every
    diseased case with a recorded wait: one the tool did not flag, or not in time, saves nothing and is not earlier.
    """
    waits = diseased & ~np.isnan(on_worklist)
    true = waits & flagged & ~np.isnan(to_result)
    saved = np.where(true, np.maximum(on_worklist - np.where(true, to_result, 0.0), 0.0), 0.0)[waits]
    earlier = (true & (np.where(true, to_result, np.inf) < np.where(waits, on_worklist, 0.0)))[waits]
    paired = (on_worklist - to_result)[true]
    rows = [
        median(NAMES[0], to_result[true], level=level),
        median(NAMES[1], on_worklist[true], level=level),
        median(NAMES[2], paired, level=level),
        median(NAMES[3], saved, level=level),
        proportion(NAMES[4], earlier, level=level, empty="no diseased case has a recorded wait"),
    ]
    return rows, [sign_test(rows[2], paired)]


def sign_test(saved: Measure, paired: FloatArray) -> Comparison:
    """Is a true positive notified earlier more often than later? Tool minus worklist in minutes; exact sign test."""
    names = ("time_to_notification_min", "tool", "worklist")
    if saved.estimate is None:
        return Comparison(*names, None, flag=saved.because)
    unequal = int((paired != 0).sum())
    p = float(stats.binomtest(int((paired > 0).sum()), unequal, 0.5).pvalue) if unequal else 1.0
    low, high = (None, None) if saved.low is None or saved.high is None else (-saved.high, -saved.low)
    method = "median paired difference, order statistics; exact sign test"
    return Comparison(*names, -saved.estimate, low, high, None, None, p, p, method, saved.because)
