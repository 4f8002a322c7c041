"""How long does a result take: the middle one, the slow ones, and how sure are we?"""

from __future__ import annotations

from math import ceil

import numpy as np
import numpy.typing as npt
from scipy import special

from alarp.kernel import Measure

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def ranks(n: int, share: float, *, level: float = 0.95) -> tuple[int, int, int]:
    """Which order statistics are the percentile and the ends of its interval (0 and n + 1: there is none)?

    Estimate: the ceil(n x share)-th smallest. Interval: ranks from the binomial distribution, so that it holds at
    least the level whatever the distribution (Hahn and Meeker 1991, section 5.2; doi:10.1002/9780470316771).
    """
    tail = (1 - level) / 2
    low, high = _quantile(tail, n, share), _quantile(1 - tail, n, share) + 1
    return max(1, ceil(n * share)), low, high


def _quantile(chance: float, n: int, share: float) -> int:
    """The smallest count whose cumulative binomial probability reaches this chance."""
    above = max(0, ceil(special.bdtrik(chance, n, share)))
    return above - 1 if above and special.bdtr(above - 1, n, share) >= chance else above


def percentile(
    name: str, values: Floats, share: float, *, subgroup: str = "all", level: float = 0.95
) -> Measure:
    """Within which time does this share of results come back? By order statistics, from the values themselves."""
    n = len(values)
    if not n:
        return Measure.not_measurable(name, because="no result came back", subgroup=subgroup)
    ordered = np.sort(values)
    middle, low, high = ranks(n, share, level=level)
    return Measure(
        name,
        float(ordered[middle - 1]),
        float(ordered[low - 1]) if low >= 1 else None,
        float(ordered[high - 1]) if high <= n else None,
        level,
        "order statistics",
        n,
        None,
        subgroup,
    )


def percentile_of_counts(
    name: str, counts: Ints, edges: Floats, share: float, *, subgroup: str = "all", level: float = 0.95
) -> Measure:
    """The same from counts on bins: the estimate is the middle of its bin, the interval reaches to its bins' ends.

    `edges` has one number more than `counts`. The interval holds that of the values themselves; it is wider by the
    width of the bins, which the method names. No count at all is not measurable.
    """
    n = int(counts.sum())
    if not n:
        return Measure.not_measurable(name, because="no result came back", subgroup=subgroup)
    below = np.cumsum(counts)

    def bin_of(rank: int) -> int:
        return int(np.searchsorted(below, rank))

    middle, low, high = ranks(n, share, level=level)
    here = bin_of(middle)
    step = float(edges[1] / edges[0] - 1) if edges[0] > 0 else 0.0
    return Measure(
        name,
        float(np.sqrt(edges[here] * edges[here + 1])),
        float(edges[bin_of(low)]) if low >= 1 else None,
        float(edges[bin_of(high) + 1]) if high <= n else None,
        level,
        f"order statistics on bins of {100 * step:.0f} %",
        n,
        None,
        subgroup,
    )
