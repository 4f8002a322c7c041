"""How far may the tool's value lie from the reference? Bias and limits of agreement, single and repeated.

Arrays: `differences` on the declared scale (output minus reference), `subjects` an integer a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import Codes, FloatArray, normal_quantile
from alarp.kernel import Measure


@dataclass(frozen=True, slots=True)
class Spread:
    """How the differences vary: between and within patients, and the squares they came from."""

    between: float
    within: float
    ms_between: float
    ms_within: float
    weight: float  # m0: the mean number of repeats, adjusted for their inequality
    subjects: int
    n: int

    @property
    def total(self) -> float:
        """The variance of one difference."""
        return self.between + self.within


def variance_components(differences: FloatArray, subjects: Codes) -> Spread:
    """How much do differences vary between patients and within one?

    One-way analysis of variance: within = MS within; between = (MS between - MS within) / m0, never below 0, with
    m0 = (N - sum(m_i^2) / N) / (k - 1) for k patients with m_i measurements (Bland and Altman 2007,
    doi:10.1080/10543400701329422, section 3). With one measurement a patient, all variance is between.
    """
    _, code = np.unique(subjects, return_inverse=True)
    sizes = np.bincount(code).astype(np.float64)
    n, k = len(differences), len(sizes)
    means = np.bincount(code, weights=differences) / sizes
    within_df = n - k
    ms_between = float(np.sum(sizes * (means - differences.mean()) ** 2)) / max(1, k - 1)
    ms_within = float(np.sum((differences - means[code]) ** 2)) / within_df if within_df else 0.0
    weight = (n - float(np.sum(sizes**2)) / n) / (k - 1) if k > 1 else 1.0
    between = max(0.0, (ms_between - ms_within) / weight)
    return Spread(between, ms_within, ms_between, ms_within, weight, k, n)


def bias(
    differences: FloatArray,
    subjects: Codes,
    *,
    level: float = 0.95,
    name: str = "bias",
    subgroup: str = "all",
) -> Measure:
    """By how much does the tool's value lie above (or below) the reference, on average?

    Mean of output minus reference, on the declared scale. t interval on the number of patients; with repeats the
    standard error of an unbalanced one-way layout, sqrt(between x sum(m_i^2) + within x N) / N. One patient: no
    interval.
    """
    n = len(differences)
    if n == 0:
        return Measure.not_measurable(name, because="no pair could be measured", subgroup=subgroup)
    estimate, spread = float(differences.mean()), variance_components(differences, subjects)
    if spread.subjects < 2:
        return Measure(
            name, estimate, None, None, level, "mean, no interval", n, None, subgroup, "one patient"
        )
    half = float(stats.t.ppf(0.5 + level / 2, spread.subjects - 1)) * _se_of_mean(spread, subjects)
    method = (
        "mean, t interval" if spread.subjects == n else "mean, t interval, variance components by patient"
    )
    return Measure(name, estimate, estimate - half, estimate + half, level, method, n, None, subgroup)


def _se_of_mean(spread: Spread, subjects: Codes) -> float:
    if spread.subjects == spread.n:
        return sqrt(spread.ms_between / spread.n)
    sizes = np.unique(subjects, return_counts=True)[1]
    return (
        sqrt(spread.between * float(np.sum(sizes.astype(np.float64) ** 2)) + spread.within * spread.n)
        / spread.n
    )


def limits_of_agreement(
    differences: FloatArray,
    subjects: Codes,
    *,
    share: float = 0.95,
    level: float = 0.95,
    subgroup: str = "all",
) -> tuple[Measure, Measure]:
    """Between which two values do 95 in 100 differences lie, and how sure are we of each?

    Bias -/+ z x SD (Bland and Altman 1986, doi:10.1016/S0140-6736(86)90837-8), z for `share`. One measurement a
    patient: the exact interval of each limit by the noncentral t distribution (Carkeet 2015,
    doi:10.1097/OPX.0000000000000513). Repeated: SD from the variance components (Bland and Altman 2007,
    doi:10.1080/10543400701329422) and the MOVER interval on its two mean squares (Zou 2013,
    doi:10.1177/0962280211402548). Assumes differences of about normal shape and even spread. Fewer than three
    patients: not measurable.
    """
    n, spread = len(differences), variance_components(differences, subjects)
    if spread.subjects < 3:
        because = "limits of agreement need at least three patients"
        low, high = (
            Measure.not_measurable(name, because=because, n=n, subgroup=subgroup)
            for name in ("loa_low", "loa_high")
        )
        return low, high
    centre, z = float(differences.mean()), normal_quantile(share)
    if spread.subjects == n:
        sd, method = sqrt(spread.ms_between), "exact, noncentral t (Carkeet 2015)"
        inner, outer = _exact(sd, n, z, level)
    else:
        sd, method = sqrt(spread.total), "variance components, MOVER (Bland-Altman 2007, Zou 2013)"
        inner, outer = _mover(spread, _se_of_mean(spread, subjects), z, level)
    return (
        Measure("loa_low", centre - z * sd, centre - outer, centre - inner, level, method, n, None, subgroup),
        Measure(
            "loa_high", centre + z * sd, centre + inner, centre + outer, level, method, n, None, subgroup
        ),
    )


def _exact(sd: float, n: int, z: float, level: float) -> tuple[float, float]:
    """How near and how far from the mean may the limit lie?"""
    tails = (0.5 - level / 2, 0.5 + level / 2)
    near, far = (float(stats.nct.ppf(tail, n - 1, z * sqrt(n))) / sqrt(n) * sd for tail in tails)
    return near, far


def _mover(spread: Spread, se: float, z: float, level: float) -> tuple[float, float]:
    a, b = 1 / spread.weight, 1 - 1 / spread.weight
    parts = ((a * spread.ms_between, spread.subjects - 1), (b * spread.ms_within, spread.n - spread.subjects))
    tail = 0.5 - level / 2
    down = sqrt(sum((ms * (1 - df / float(stats.chi2.isf(tail, df)))) ** 2 for ms, df in parts))
    up = sqrt(sum((ms * (df / float(stats.chi2.ppf(tail, df)) - 1)) ** 2 for ms, df in parts))
    raw = sum(ms for ms, _ in parts)
    sd = sqrt(spread.total)
    smallest, largest = sqrt(max(0.0, raw - down)), sqrt(raw + up)
    e = float(stats.t.ppf(0.5 + level / 2, spread.subjects - 1)) * se
    near = z * sd - sqrt(e**2 + (z * (sd - min(sd, smallest))) ** 2)
    far = z * sd + sqrt(e**2 + (z * (max(sd, largest) - sd)) ** 2)
    return near, far


def limits_constant_truth(
    reference: FloatArray, output: FloatArray, subjects: Codes, *, share: float = 0.95
) -> tuple[float, float, float]:
    """Which limits hold for one new pair when repeats of a patient measure the same true value?

    Each method varies on its own within a patient: variance = var(mean differences) + (1 - mean(1/m_i)) x (within
    variance of output + within variance of reference) (Bland and Altman 2007, doi:10.1080/10543400701329422,
    section 2; 1999, doi:10.1177/096228029900800204, section 5). Returns mean of the patients' mean differences, and
    the two limits.
    """
    _, code = np.unique(subjects, return_inverse=True)
    sizes = np.bincount(code)
    means = np.bincount(code, weights=output - reference) / sizes
    within = sum(variance_components(values, subjects).ms_within for values in (reference, output))
    variance = float(means.var(ddof=1)) + (1 - float(np.mean(1 / sizes))) * within
    centre, half = float(means.mean()), normal_quantile(share) * sqrt(variance)
    return centre, centre - half, centre + half


def constant_truth_measures(
    reference: FloatArray, output: FloatArray, subjects: Codes, *, share: float, level: float
) -> tuple[Measure, Measure]:
    """The limits of `limits_constant_truth` with their MOVER intervals over its three independent parts."""
    _, code = np.unique(subjects, return_inverse=True)
    sizes = np.bincount(code)
    n, k = len(output), len(sizes)
    if k < 3 or n == k:
        because = "limits with a constant true value need at least three patients with repeats"
        low, high = (Measure.not_measurable(name, because=because, n=n) for name in ("loa_low", "loa_high"))
        return low, high
    centre, bottom, top = limits_constant_truth(reference, output, subjects, share=share)
    means = np.bincount(code, weights=output - reference) / sizes
    weight = 1 - float(np.mean(1 / sizes))
    parts = [(float(means.var(ddof=1)), k - 1)]
    parts += [(weight * variance_components(v, subjects).ms_within, n - k) for v in (reference, output)]
    tail, z, total = 0.5 - level / 2, normal_quantile(share), sum(ms for ms, _ in parts)
    down = sqrt(sum((ms * (1 - df / float(stats.chi2.isf(tail, df)))) ** 2 for ms, df in parts))
    up = sqrt(sum((ms * (df / float(stats.chi2.ppf(tail, df)) - 1)) ** 2 for ms, df in parts))
    e = float(stats.t.ppf(0.5 + level / 2, k - 1)) * sqrt(parts[0][0] / k)
    sd = sqrt(total)
    near = z * sd - sqrt(e**2 + (z * (sd - sqrt(max(0.0, total - down)))) ** 2)
    far = z * sd + sqrt(e**2 + (z * (sqrt(total + up) - sd)) ** 2)
    method = "constant true value, MOVER (Bland-Altman 2007)"
    return (
        Measure("loa_low", bottom, centre - far, centre - near, level, method, n),
        Measure("loa_high", top, centre + near, centre + far, level, method, n),
    )


def repeatability(name: str, values: FloatArray, subjects: Codes, *, level: float = 0.95) -> Measure:
    """Within which difference do two measurements of one patient lie, 95 times in 100?

    1.96 x sqrt(2) x within-patient SD (Bland and Altman 1999, doi:10.1177/096228029900800204, section 4), with the
    chi-squared interval of a variance. It assumes that the true value stayed the same. Not measurable without repeats.
    """
    spread = variance_components(values, subjects)
    df = spread.n - spread.subjects
    if df < 1:
        return Measure.not_measurable(name, because="nobody was measured twice", n=spread.n)
    factor, tail = normal_quantile(0.95) * sqrt(2), 0.5 - level / 2
    low = factor * sqrt(spread.within * df / float(stats.chi2.isf(tail, df)))
    high = factor * sqrt(spread.within * df / float(stats.chi2.ppf(tail, df)))
    return Measure(
        name, factor * sqrt(spread.within), low, high, level, "within-patient SD, chi-squared", spread.n
    )
