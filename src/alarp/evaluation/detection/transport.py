"""Does the vendor's threshold give the promised operating point here, and which threshold would?"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, isfinite, sqrt

import numpy as np
from scipy import stats

from alarp.evaluation.detection.accuracy import Readings
from alarp.evaluation.detection.options import Promise
from alarp.evaluation.intervals import (
    Codes,
    Comparison,
    FloatArray,
    n_for_interval,
    newcombe_difference,
    proportion,
    wilson,
)
from alarp.kernel import Measure


def threshold_for(
    scores: FloatArray, share: float, *, level: float = 0.95, clusters: Codes | None = None
) -> tuple[float | None, float | None, float | None]:
    """At which score is this share of the cases at or above: (threshold, low, high)?

    `scores` of one class, more meaning more suspicious; -inf for a case without an answer, which no threshold reaches.
    The largest threshold that keeps the share, that is the ceil(share n)-th largest score; its interval from order
    statistics, free of any distribution (Conover 1999, Practical Nonparametric Statistics, 3.2); where
    patients repeat, Wilson's bounds of the share at the effective n, read back off the ordered scores (Woodruff 1952,
    doi:10.1080/01621459.1952.10483443). None where the sample is too small to bound the quantile, or where the answered
    cases do not reach the share.
    """
    n = len(scores)
    ordered = np.sort(scores)[::-1]
    rank = max(1, ceil(share * n - 1e-9))
    if n == 0 or not np.isfinite(ordered[rank - 1]):
        return None, None, None
    cut = float(ordered[rank - 1])
    if clusters is not None and len(np.unique(clusters)) < n:
        few, many = wilson(share, n_for_interval(scores >= cut, clusters, level=level), level=level)
        ends = [float(ordered[max(1, ceil(s * n - 1e-9)) - 1]) for s in (many, few)]
        return cut, ends[0] if isfinite(ends[0]) else None, ends[1]
    tail = (1 - level) / 2
    first = int(stats.binom.ppf(tail, n, share))  # so many at or above: the highest plausible threshold
    last = int(stats.binom.ppf(1 - tail, n, share)) + 1
    high = float(ordered[first - 1]) if first >= 1 else None
    low = float(ordered[last - 1]) if last <= n and np.isfinite(ordered[last - 1]) else None
    return cut, low, high


def transported(
    found: Readings, promise: Promise, *, level: float, turn: float, subgroup: str = "all"
) -> list[Measure]:
    """Which thresholds would keep the promise in these cases, and what would they cost on the other side?

    `turn` is -1 where a low score means disease: thresholds are given on the tool's own scale. For a promised
    specificity the smallest threshold at which that share of the healthy stays below.
    """
    rows: list[Measure] = []
    for measure in ("sensitivity", "specificity"):
        share, _ = promise.of(measure)
        if share is not None:
            rows += _one_side(found, measure, share, level=level, turn=turn, subgroup=subgroup)
    return rows


def _one_side(
    found: Readings, measure: str, share: float, *, level: float, turn: float, subgroup: str
) -> list[Measure]:
    sick = measure == "sensitivity"
    which = found.diseased if sick else ~found.diseased
    own, patients = found.suspicion[which], None if found.patient is None else found.patient[which]
    names = (
        f"threshold_for_promised_{measure}",
        f"{'specificity' if sick else 'sensitivity'}_at_promised_{measure}",
    )

    def nothing(because: str) -> list[Measure]:
        return [Measure.not_measurable(n, because=because, n=len(own), subgroup=subgroup) for n in names]

    cut, low, high = threshold_for(own if sick else -own, share, level=level, clusters=patients)
    if cut is None:
        return nothing(f"the answered cases do not reach the promised {measure} of {share:g}")
    flagged = found.suspicion >= cut if sick else found.suspicion > -cut
    lowest = found.suspicion[flagged & np.isfinite(found.suspicion)]
    if not len(lowest):
        return nothing(f"only a threshold beyond every score keeps the promised {measure} of {share:g}")
    side, at = (1.0, cut) if sick else (-1.0, float(lowest.min()))
    because = "no interval: too few cases to bound this quantile"
    threshold = Measure(
        names[0], turn * at, None, None, level, "order statistics", len(own), None, subgroup, because
    )
    if low is not None and high is not None:
        ends = sorted((side * turn * low, side * turn * high))
        threshold = replace(threshold, low=ends[0], high=ends[1], because="")
    others = ~flagged[~found.diseased] if sick else flagged[found.diseased]
    theirs = None if found.patient is None else found.patient[~which]
    reached = proportion(
        names[1], others, level=level, clusters=theirs, subgroup=subgroup, empty="one class is empty"
    )
    return [threshold, replace(reached, method=f"{reached.method}; the threshold taken as known")]


def against_promise(
    local: Measure, promise: Promise, *, level: float, worth: float | None = None
) -> Comparison | None:
    """How far is the operating point found here from the promised one?

    local minus promised; `worth` is the number of independent cases here, fewer than n when patients repeat. With the vendor's number of cases both uncertainties count (Newcombe's method 10, z test);
    without it the promise is a fixed number and the interval is the local one, the test the exact binomial one (when
    patients repeat the score test at their worth).
    """
    share, size = promise.of(local.measure)
    if share is None:
        return None
    names = (local.measure, "local", "promised")
    if local.estimate is None or local.low is None or local.high is None:
        return Comparison(*names, None, flag=local.because or "not measurable here")
    worth = float(local.n) if worth is None else worth
    if size is not None:
        bounds = wilson(share, size, level=level)
        stated = Measure(local.measure, share, *bounds, level, "Wilson", size)
        difference, low, high = newcombe_difference(local, stated)
        se = sqrt(local.estimate * (1 - local.estimate) / worth + share * (1 - share) / size)
        z = difference / se if se else None
        p = None if z is None else float(2 * stats.norm.sf(abs(z)))
        method = f"Newcombe 10 against {size} cases of the vendor; z test"
    else:
        difference, low, high = local.estimate - share, local.low - share, local.high - share
        se, z = None, None
        p = float(stats.binomtest(local.events or 0, local.n, share).pvalue)
        test = "exact binomial test"
        if worth < local.n:
            se = sqrt(share * (1 - share) / worth)
            z = difference / se if se else None
            p, test = (None if z is None else float(2 * stats.norm.sf(abs(z)))), "score test at effective n"
        method = f"{local.method} against the promise as a fixed number; {test}"
    flag = "below the promise" if high < 0 else "above the promise" if low > 0 else "no difference shown"
    return Comparison(*names, difference, low, high, se, z, p, p, method, flag)
