"""Which share, out of how many, and how sure are we?"""

from __future__ import annotations

from math import sqrt

from scipy import special

from alarp.kernel import Measure


def wilson(events: int, n: int, *, level: float = 0.95) -> tuple[float, float]:
    """Between which bounds does a proportion lie? Score interval of Wilson 1927 (doi:10.2307/2276774).

    The same figures as in an evaluation (E12); at 0 and n the outer bound is exactly 0 or 1. Needs n > 0.
    """
    z = float(special.ndtri(0.5 + level / 2))
    share = events / n
    centre = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if events == 0 else (centre - half) / scale
    high = 1.0 if events == n else (centre + half) / scale
    return low, high


def rate(
    name: str, events: int, n: int, *, empty: str, subgroup: str = "all", level: float = 0.95
) -> Measure:
    """Which share of these is an event? Wilson's interval; 0/0 is not measurable, and `empty` says why."""
    if n <= 0:
        return Measure.not_measurable(name, because=empty, subgroup=subgroup)
    low, high = wilson(events, n, level=level)
    return Measure(name, events / n, low, high, level, "Wilson", n, events, subgroup)


def mean_of(
    name: str, n: int, total: float, squares: float, *, empty: str, level: float = 0.95, subgroup: str = "all"
) -> Measure:
    """What is the mean, from a count, a sum and a sum of squares? With Student's interval (1908, doi:10.1093/biomet/6.1.1).

    Of none: not measurable, `empty` says why. Of one: no interval.
    """
    if not n:
        return Measure.not_measurable(name, because=empty, subgroup=subgroup)
    mean = total / n
    if n < 2:
        return Measure(name, mean, method="mean", n=n, subgroup=subgroup)
    spread = max(0.0, squares - n * mean * mean) / (n - 1)
    half = float(special.stdtrit(n - 1, 0.5 + level / 2)) * (spread / n) ** 0.5
    return Measure(
        name, mean, mean - half, mean + half, level, "mean, Student's interval", n, subgroup=subgroup
    )
