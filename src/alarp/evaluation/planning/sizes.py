"""How many cases does a wanted precision take, by the published formulas?"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log, sqrt

import numpy as np
from scipy import integrate, optimize, stats

from alarp.evaluation.intervals import normal_quantile
from alarp.kernel import BadInput


def buderer(expected: float, half_width: float, share: float, *, level: float = 0.95) -> int:
    """How many cases must be enrolled for a sensitivity or specificity within ± half_width?

    n = z² p (1 - p) / (d² s), where p is the expected value, d the half-width and s the share of the enrolled that
    enters the denominator: the prevalence for sensitivity, one minus it for specificity. Buderer 1996
    (doi:10.1111/j.1553-2712.1996.tb03538.x). Raises BadInput for shares outside 0 to 1.
    """
    for name, value in (("expected", expected), ("half_width", half_width), ("share", share)):
        if not 0 < value < 1:
            raise BadInput(f"The plan's {name} is {value!r}: it must lie between 0 and 1.")
    return ceil(normal_quantile(level) ** 2 * expected * (1 - expected) / half_width**2 / share)


def hanley_mcneil_se(auc: float, diseased: float, healthy: float) -> float:
    """Which standard error will an AUC have with so many diseased and healthy cases?

    Hanley and McNeil 1982 (doi:10.1148/radiology.143.1.7063747) under negative exponential scores:
    Q1 = A / (2 - A), Q2 = 2 A² / (1 + A).
    """
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    area = auc * (1 - auc)
    return sqrt(
        (area + (diseased - 1) * (q1 - auc**2) + (healthy - 1) * (q2 - auc**2)) / (diseased * healthy)
    )


def obuchowski_variance(auc: float, ratio: float) -> float:
    """Which variance does an AUC have, times the number of diseased cases, under a binormal model?

    V = 0.0099 exp(-a²/2) ((5 a² + 8) + (a² + 8) / k), a = 1.414 times the normal quantile of the AUC, k the healthy
    cases for each diseased one. Obuchowski 1994 (doi:10.1016/S1076-6332(05)80341-3).
    """
    a = 1.414 * float(stats.norm.ppf(auc))
    return 0.0099 * exp(-(a**2) / 2) * ((5 * a**2 + 8) + (a**2 + 8) / ratio)


def cases_for_auc(
    auc: float, half_width: float, prevalence: float, *, method: str, level: float = 0.95
) -> int:
    """How many cases must be enrolled for an AUC within ± half_width? `method`: 'hanley-mcneil' or 'obuchowski'."""
    target = half_width / normal_quantile(level)
    if method == "obuchowski":
        return ceil(obuchowski_variance(auc, (1 - prevalence) / prevalence) / target**2 / prevalence)

    def excess(n: float) -> float:
        return hanley_mcneil_se(auc, n * prevalence, n * (1 - prevalence)) - target

    least = max(2 / prevalence, 2 / (1 - prevalence))
    return ceil(least) if excess(least) <= 0 else ceil(optimize.brentq(excess, least, 1e9))


@dataclass(frozen=True, slots=True)
class Criterion:
    """One reason to want so many cases."""

    name: str
    n: int
    source: str


def riley_development(
    *, parameters: int, prevalence: float, r2_cox_snell: float, shrinkage: float = 0.9
) -> tuple[Criterion, ...]:
    """How many people does developing a prediction model of a yes/no outcome take?

    The three criteria of Riley et al. 2019 (doi:10.1002/sim.7992): expected shrinkage of at least `shrinkage`, apparent
    and adjusted Nagelkerke R² within 0.05, the overall risk within ± 0.05. The largest rules.
    """
    likelihood = prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)
    largest = 1 - exp(2 * likelihood)
    if not 0 < r2_cox_snell < largest:
        raise BadInput(
            f"The plan's r2_cox_snell is {r2_cox_snell}: at this prevalence it lies between 0 and {largest:.3f}."
        )
    source = "Riley et al. 2019, doi:10.1002/sim.7992"

    def by_shrinkage(s: float) -> int:
        return ceil(parameters / ((s - 1) * log(1 - r2_cox_snell / s)))

    difference = r2_cox_snell / (r2_cox_snell + 0.05 * largest)
    overall = ceil(normal_quantile(0.95) ** 2 * prevalence * (1 - prevalence) / 0.05**2)
    return (
        Criterion("shrinkage", by_shrinkage(shrinkage), source),
        Criterion("R2 difference", by_shrinkage(difference), source),
        Criterion("overall risk", overall, source),
    )


def riley_validation(
    *,
    prevalence: float,
    auc: float,
    linear_predictor: tuple[float, float],
    oe_width: float = 1.0,
    slope_width: float = 0.2,
    auc_width: float = 0.1,
) -> tuple[Criterion, ...]:
    """How many people does checking a prediction model take, for intervals of these widths?

    Observed over expected, calibration slope and AUC, by Riley et al. 2021 (doi:10.1002/sim.9025).
    `linear_predictor` is the mean and standard deviation of the model's log odds in the population; the slope's
    information is integrated over that normal distribution, so nothing is simulated.
    """
    source = "Riley et al. 2021, doi:10.1002/sim.9025"
    z = normal_quantile(0.95)
    se_oe = float(np.arcsinh(oe_width / 2)) / z  # exp(z se) - exp(-z se) = width
    mean, spread = linear_predictor

    def information(power: int) -> float:
        def weighted(x: float) -> float:
            risk = 1 / (1 + exp(-x))
            return x**power * risk * (1 - risk) * float(stats.norm.pdf(x, mean, spread))

        return float(integrate.quad(weighted, mean - 9 * spread, mean + 9 * spread, limit=200)[0])

    i00, i01, i11 = information(0), information(1), information(2)
    se_slope = slope_width / (2 * z)

    def excess(n: float) -> float:
        spread = 1 + (n / 2 - 1) * ((1 - auc) / (2 - auc) + auc / (1 + auc))
        return sqrt(auc * (1 - auc) * spread / (n**2 * prevalence * (1 - prevalence))) - auc_width / (2 * z)

    return (
        Criterion("observed over expected", ceil((1 - prevalence) / prevalence / se_oe**2), source),
        Criterion("calibration slope", ceil(i00 / (i00 * i11 - i01**2) / se_slope**2), source),
        Criterion("AUC", ceil(optimize.brentq(excess, 4, 1e9)), source),
    )


def inflated(n: int, *, cases_per_patient: float = 1.0, correlation: float = 0.0, lost: float = 0.0) -> int:
    """How many cases stand for n independent, complete ones?

    Times the design effect 1 + (m - 1) ICC (Donner and Klar 2000; m cases a patient) and over the share that is not
    lost to a missing reference.
    """
    if not 0 <= lost < 1:
        raise BadInput(f"The plan's lost_share is {lost!r}: it must be at least 0 and below 1.")
    return ceil(n * (1 + (cases_per_patient - 1) * correlation) / (1 - lost))
