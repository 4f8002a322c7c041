"""Are the diseased reported earlier than the worklist would have had them?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from alarp.evaluation.detection.paired import clustered_mean
from alarp.evaluation.intervals import BoolArray, Codes, Comparison, FloatArray, proportion
from alarp.evaluation.quantiles import quantile
from alarp.kernel import Measure

NAMES = (
    "time_to_result_min", "worklist_wait_min", "time_saved_min", "time_saved_all_diseased_min", "notified_earlier",
)  # fmt: skip


def median(
    name: str,
    values: FloatArray,
    *,
    level: float = 0.95,
    clusters: Codes | None = None,
    subgroup: str = "all",
) -> Measure:
    """What is the median, in the values' unit, and how sure are we?

    As `alarp.evaluation.quantiles.quantile` at one half, by patient where patients repeat. Fewer than six values bear no
    95 % interval; none is not measurable.
    """
    found = quantile(name, values, 0.5, level=level, clusters=clusters, subgroup=subgroup)
    if found.estimate is not None and (found.low is None or found.high is None):
        because = f"no interval: {found.n} values bear no {100 * level:g} % interval of the median"
        return replace(found, low=None, high=None, method="median", because=because)
    return replace(found, method=f"median, {found.method}")


def timing(
    to_result: FloatArray,
    on_worklist: FloatArray,
    diseased: BoolArray,
    flagged: BoolArray,
    *,
    level: float,
    patient: Codes | None = None,
) -> tuple[list[Measure], list[Comparison]]:
    """How much earlier are true positives notified than they would have been read?

    Minutes from the end of the scan; NaN where a time is not recorded. The first three measures look at true positives
    with both times, and so could gain when a slow answer is lost; the headline are the other two, which count every
    diseased case with a recorded wait: one the tool did not flag, or not in time, saves nothing and is not earlier.
    `patient`, a code a case, where patients have several.
    """
    waits = diseased & ~np.isnan(on_worklist)
    true = waits & flagged & ~np.isnan(to_result)
    saved = np.where(true, np.maximum(on_worklist - np.where(true, to_result, 0.0), 0.0), 0.0)[waits]
    earlier = (true & (np.where(true, to_result, np.inf) < np.where(waits, on_worklist, 0.0)))[waits]
    paired = (on_worklist - to_result)[true]
    of_true, of_waits = (None if patient is None else patient[which] for which in (true, waits))
    empty = "no diseased case has a recorded wait"
    rows = [
        median(NAMES[0], to_result[true], level=level, clusters=of_true),
        median(NAMES[1], on_worklist[true], level=level, clusters=of_true),
        median(NAMES[2], paired, level=level, clusters=of_true),
        median(NAMES[3], saved, level=level, clusters=of_waits),
        proportion(NAMES[4], earlier, level=level, clusters=of_waits, empty=empty),
    ]
    return rows, [sign_test(rows[2], paired, clusters=of_true)]


def sign_test(saved: Measure, paired: FloatArray, *, clusters: Codes | None = None) -> Comparison:
    """Is a true positive notified earlier more often than later? Tool minus worklist in minutes.

    The exact sign test; where patients repeat, the t test of the clustered mean of the signs.
    """
    names = ("time_to_notification_min", "tool", "worklist")
    if saved.estimate is None:
        return Comparison(*names, None, flag=saved.because)
    unequal = paired != 0
    p, test = 1.0, "exact sign test"
    if clusters is not None and len(np.unique(clusters)) < len(paired):
        signs, se = clustered_mean(np.sign(paired), clusters)
        if se > 0:
            p = float(2 * stats.t.sf(abs(signs / se), len(np.unique(clusters)) - 1))
        elif signs:  # every patient the same way: as many independent signs as patients
            p = float(stats.binomtest(0, len(np.unique(clusters)), 0.5).pvalue)
        test = "sign test clustered by patient"
    elif unequal.any():
        p = float(stats.binomtest(int((paired > 0).sum()), int(unequal.sum()), 0.5).pvalue)
    low, high = (None, None) if saved.low is None or saved.high is None else (-saved.high, -saved.low)
    method = f"paired difference, {saved.method}; {test}"
    return Comparison(*names, -saved.estimate, low, high, None, None, p, p, method, saved.because)
