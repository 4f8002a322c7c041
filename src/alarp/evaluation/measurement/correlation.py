"""Do the two ways of measuring tell the same patients apart? ICC, concordance and proportional bias."""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import Codes, FloatArray, normal_quantile
from alarp.kernel import Measure


def icc(
    table: FloatArray, form: str, *, level: float = 0.95, name: str = "icc", subgroup: str = "all"
) -> Measure:
    """Which share of the variance is between subjects rather than between ways of measuring them?

    `table` is subjects x ways of measuring, without gaps. Forms of McGraw and Wong 1996
    (doi:10.1037/1082-989X.1.1.30), in Shrout and Fleiss's 1979 names (doi:10.1037/0033-2909.86.2.420): `1` = ICC(1,1)
    one-way; `A,1` = ICC(2,1) absolute agreement; `C,1` = ICC(3,1) consistency, blind to a constant bias; `,k` for the
    mean of all ways. F intervals of the same papers (A: Satterthwaite's df). Below 0 when ways of measuring differ more
    than subjects. Not measurable with fewer than two subjects or when all values are equal.
    """
    n, k = table.shape
    if n < 2 or k < 2 or np.ptp(table) == 0:
        because = "all values are equal" if table.size and np.ptp(table) == 0 else "it needs two subjects"
        return Measure.not_measurable(name, because=because, n=n, subgroup=subgroup)
    msr, msc, mse, msw = mean_squares(table)
    one, bounds = {"1": _one_way, "A": _absolute, "C": _consistent}[form[0]](n, k, msr, msc, mse, msw, level)
    if form.endswith(",k"):
        one, *bounds_k = (k * v / (1 + (k - 1) * v) for v in (one, *bounds))
        bounds = (bounds_k[0], bounds_k[1])
    method = f"ICC({form}), McGraw and Wong 1996"
    return Measure(name, one, bounds[0], bounds[1], level, method, n, None, subgroup)


def mean_squares(table: FloatArray) -> tuple[float, float, float, float]:
    """What are the mean squares of rows, columns, the residual, and within rows?"""
    n, k = table.shape
    grand, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    ss_rows = k * float(np.sum((rows - grand) ** 2))
    ss_columns = n * float(np.sum((columns - grand) ** 2))
    ss_within = float(np.sum((table - rows[:, None]) ** 2))
    return (
        ss_rows / (n - 1),
        ss_columns / (k - 1),
        max(0.0, ss_within - ss_columns) / ((n - 1) * (k - 1)),
        ss_within / (n * (k - 1)),
    )


def _from_f(f: float, k: int, df1: float, df2: float, level: float) -> tuple[float, float]:
    tail = 0.5 - level / 2
    low = f / float(stats.f.isf(tail, df1, df2))
    high = f * float(stats.f.isf(tail, df2, df1))
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _one_way(
    n: int, k: int, msr: float, msc: float, mse: float, msw: float, level: float
) -> tuple[float, tuple[float, float]]:
    if msw == 0:
        return 1.0, (1.0, 1.0)
    return (msr - msw) / (msr + (k - 1) * msw), _from_f(msr / msw, k, n - 1, n * (k - 1), level)


def _consistent(
    n: int, k: int, msr: float, msc: float, mse: float, msw: float, level: float
) -> tuple[float, tuple[float, float]]:
    if mse == 0:
        return 1.0, (1.0, 1.0)
    return (msr - mse) / (msr + (k - 1) * mse), _from_f(msr / mse, k, n - 1, (n - 1) * (k - 1), level)


def _absolute(
    n: int, k: int, msr: float, msc: float, mse: float, msw: float, level: float
) -> tuple[float, tuple[float, float]]:
    value = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n)
    if value >= 1:
        return 1.0, (1.0, 1.0)
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    v = (a * msc + b * mse) ** 2 / ((a * msc) ** 2 / (k - 1) + (b * mse) ** 2 / ((n - 1) * (k - 1)))
    tail, rest = 0.5 - level / 2, k * msc + (k * n - k - n) * mse
    low_f, high_f = float(stats.f.isf(tail, n - 1, v)), float(stats.f.isf(tail, v, n - 1))
    low = n * (msr - low_f * mse) / (low_f * rest + n * msr)
    high = n * (high_f * msr - mse) / (rest + n * high_f * msr)
    return value, (low, high)


def concordance(
    reference: FloatArray, output: FloatArray, *, level: float = 0.95, subgroup: str = "all"
) -> Measure:
    """How near do the pairs lie to the line of equality, from -1 to 1?

    Lin's concordance correlation 1989 (doi:10.2307/2532051): 2 s_xy / (s_x^2 + s_y^2 + (mean difference)^2), moments
    over n; interval by Fisher's z with Lin's variance (corrected 2000). One pair a patient. Not measurable below four
    pairs or without variation.
    """
    n = len(reference)
    sx, sy = float(reference.std()), float(output.std())
    if n < 4 or sx == 0 or sy == 0:
        because = "it needs four pairs" if n < 4 else "one side does not vary"
        return Measure.not_measurable("ccc", because=because, n=n, subgroup=subgroup)
    shift = float(output.mean() - reference.mean())
    cov = float(np.mean((reference - reference.mean()) * (output - output.mean())))
    value, r = 2 * cov / (sx**2 + sy**2 + shift**2), cov / (sx * sy)
    method = "Lin 1989, Fisher's z"
    if abs(value) >= 1 or r == 0:
        return Measure(
            "ccc", value, None, None, level, method, n, None, subgroup, "no interval at this value"
        )
    u2 = shift**2 / (sx * sy)
    variance = (
        (1 - r**2) * value**2 / ((1 - value**2) * r**2)
        + 2 * value**3 * (1 - value) * u2 / (r * (1 - value**2) ** 2)
        - value**4 * u2**2 / (2 * r**2 * (1 - value**2) ** 2)
    ) / (n - 2)
    half, z = normal_quantile(level) * sqrt(max(0.0, variance)), float(np.arctanh(value))
    low, high = float(np.tanh(z - half)), float(np.tanh(z + half))
    return Measure("ccc", value, low, high, level, method, n, None, subgroup)


def proportional_bias(
    middle: FloatArray, differences: FloatArray, subjects: Codes, *, level: float = 0.95
) -> Measure:
    """Does the difference grow with the size of what is measured, by how much a unit?

    Slope of the difference on the mean of both (Bland and Altman 1999, doi:10.1177/096228029900800204, section 3);
    0 when it does not. t interval, on the number of patients and clustered by patient where they repeat. Not measurable
    below three patients or when every mean is the same.
    """
    n, groups = len(differences), len(np.unique(subjects))
    centred = middle - middle.mean() if n else middle
    squares = float(np.sum(centred**2))
    if groups < 3 or squares == 0:
        because = "it needs three patients" if groups < 3 else "every mean is the same"
        return Measure.not_measurable("proportional_bias", because=because, n=n)
    slope = float(np.sum(centred * differences)) / squares
    residual = differences - differences.mean() - slope * centred
    if groups == n:
        variance, method = float(np.sum(residual**2)) / (n - 2) / squares, "least squares, t interval"
    else:
        _, code = np.unique(subjects, return_inverse=True)
        summed = np.bincount(code, weights=centred * residual)
        variance = groups / (groups - 1) * float(np.sum(summed**2)) / squares**2
        method = "least squares, t interval clustered by patient"
    half = float(stats.t.ppf(0.5 + level / 2, groups - 2)) * sqrt(variance)
    return Measure("proportional_bias", slope, slope - half, slope + half, level, method, n)
