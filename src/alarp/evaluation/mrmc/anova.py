"""Do the modalities differ, for readers and cases like these? Obuchowski and Rockette's analysis of variance."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np
from scipy import stats

from alarp.evaluation.intervals import FloatArray, normal_quantile

RANDOM = "random"
FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Components:
    """Where does the variation come from? Mean squares, error variance and the three covariances.

    `cov1` same reader, other modality; `cov2` same modality, other reader; `cov3` both other. A component that the
    design has not (one reader, one modality) is None. `cases` is the number of cases that the errors belong to.
    """

    modalities: int
    readers: int
    cases: int
    ms_t: float | None
    ms_r: float | None
    ms_tr: float | None
    error: float
    cov1: float | None
    cov2: float | None
    cov3: float | None

    @property
    def var_r(self) -> float | None:
        """Between readers: may be negative, as any estimate by subtraction."""
        if self.ms_r is None or self.ms_tr is None or self.cov1 is None or self.cov3 is None:
            return None
        return (self.ms_r - self.ms_tr) / self.modalities - self.cov1 + self.cov3

    @property
    def var_tr(self) -> float | None:
        """Between readers in how far the modalities differ: may be negative."""
        if self.ms_tr is None or self.cov1 is None or self.cov2 is None or self.cov3 is None:
            return None
        return self.ms_tr - self.error + self.cov1 + self.cov2 - self.cov3


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, or a difference of figures, with its standard error; `df` None means a normal approximation."""

    estimate: float
    se: float | None
    df: float | None
    low: float | None
    high: float | None
    statistic: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class FTest:
    """Could all modalities be equal? `df2` None: a chi-squared test on `df1`."""

    statistic: float | None
    df1: int
    df2: float | None
    p: float | None


def _mean(matrix: FloatArray, keep: FloatArray) -> float | None:
    return float(matrix[keep.astype(bool)].mean()) if keep.any() else None


def components(figures: FloatArray, covariance: FloatArray, *, cases: int) -> Components:
    """Which variance components have these figures (T modalities by R readers) with this covariance (TR by TR)?

    Obuchowski and Rockette 1995 (doi:10.1080/03610919508813243) in the notation of Hillis et al. 2005
    (doi:10.1002/sim.2024).
    """
    t, r = figures.shape
    modality, reader = np.divmod(np.arange(t * r), r)
    same_t, same_r = modality[:, None] == modality[None, :], reader[:, None] == reader[None, :]
    grand, of_t, of_r = figures.mean(), figures.mean(axis=1), figures.mean(axis=0)
    rest = figures - of_t[:, None] - of_r[None, :] + grand
    return Components(
        modalities=t,
        readers=r,
        cases=cases,
        ms_t=float(r * np.sum((of_t - grand) ** 2) / (t - 1)) if t > 1 else None,
        ms_r=float(t * np.sum((of_r - grand) ** 2) / (r - 1)) if r > 1 else None,
        ms_tr=float(np.sum(rest**2) / ((t - 1) * (r - 1))) if t > 1 and r > 1 else None,
        error=float(np.diag(covariance).mean()),
        cov1=_mean(covariance, ~same_t & same_r),
        cov2=_mean(covariance, same_t & ~same_r),
        cov3=_mean(covariance, ~same_t & ~same_r),
    )


def _error_term(found: Components, readers: str, cases: str) -> tuple[float, float]:
    """Against what is a difference of modalities judged: (error term, its degrees of freedom)?

    Random readers and cases: MS(T*R) + R max(Cov2 - Cov3, 0) on Hillis' degrees of freedom (Hillis 2007,
    doi:10.1002/sim.2532). Fixed readers: error - Cov1 + (R - 1) max(Cov2 - Cov3, 0), normal. Fixed cases: MS(T*R).
    """
    r = found.readers
    shared = max((found.cov2 or 0.0) - (found.cov3 or 0.0), 0.0)
    if readers == FIXED:
        return found.error - (found.cov1 or 0.0) + (r - 1) * shared, inf
    assert found.ms_tr is not None
    plain = float((found.modalities - 1) * (r - 1))
    if cases == FIXED:
        return found.ms_tr, plain
    return _with_hillis(found.ms_tr, found.ms_tr + r * shared, plain)


def _with_hillis(mean_square: float, term: float, plain: float) -> tuple[float, float]:
    return term, (inf if mean_square <= 0 else term**2 / (mean_square**2 / plain))


def difference(
    found: Components, estimate: float, *, readers: str, cases: str, level: float = 0.95
) -> Interval:
    """By how much do two modalities differ, between which bounds, and could chance explain it?

    Standard error sqrt(2/R times the error term); t on Hillis' degrees of freedom when readers are random (Hillis et
    al. 2005, doi:10.1002/sim.2024; Hillis 2007, doi:10.1002/sim.2532), normal when they are fixed. With a standard
    error of zero there is a difference and no interval.
    """
    term, df = _error_term(found, readers, cases)
    return interval(estimate, 2 / found.readers * term, df, level=level)


def interval(estimate: float, variance: float, df: float, *, level: float, null: float = 0.0) -> Interval:
    """Between which bounds, and could chance explain it? t on `df` degrees of freedom, normal when they are infinite."""
    if not isfinite(variance) or variance <= 1e-18:
        return Interval(estimate, None, None, None, None, None, None)
    se = sqrt(variance)
    statistic = (estimate - null) / se
    if isfinite(df):
        half, p = float(stats.t.ppf(0.5 + level / 2, df)) * se, float(2 * stats.t.sf(abs(statistic), df))
    else:
        half, p = normal_quantile(level) * se, float(2 * stats.norm.sf(abs(statistic)))
    return Interval(
        estimate, se, df if isfinite(df) else None, estimate - half, estimate + half, statistic, p
    )


def overall(found: Components, *, readers: str, cases: str) -> FTest:
    """Could all modalities be equal? MS(T) over the error term: F with Hillis' degrees of freedom, or chi-squared
    when readers are fixed (doi:10.1002/sim.2024, doi:10.1002/sim.2532)."""
    assert found.ms_t is not None
    df1 = found.modalities - 1
    term, df = _error_term(found, readers, cases)
    if term <= 1e-18:
        return FTest(None, df1, None, None)
    if isfinite(df):
        value = found.ms_t / term
        return FTest(value, df1, df, float(stats.f.sf(value, df1, df)))
    value = df1 * found.ms_t / term
    return FTest(value, df1, None, float(stats.chi2.sf(value, df1)))


def mean_of_readers(
    figures: FloatArray, covariance: FloatArray, *, readers: str, cases: str, level: float = 0.95
) -> Interval:
    """What is the readers' mean (R figures, R by R covariance), and between which bounds?

    Random readers and cases: sqrt((MS(R) + R max(Cov2, 0))/R) on (MS(R) + R max(Cov2, 0))^2 / (MS(R)^2/(R - 1))
    degrees of freedom; fixed readers: sqrt((error + (R - 1) max(Cov2, 0))/R), normal; fixed cases: sqrt(MS(R)/R) on
    R - 1 (Hillis 2007, doi:10.1002/sim.2532). One reader: the case variance alone. Figures may be differences from a
    standalone reader: then this is the one-sample test of AI against readers.
    """
    count = len(figures)
    estimate = float(figures.mean())
    away = ~np.eye(count, dtype=bool)
    error = float(np.diag(covariance).mean())
    shared = max(float(covariance[away].mean()), 0.0) if count > 1 else 0.0
    if readers == FIXED or count == 1:
        return interval(estimate, (error + (count - 1) * shared) / count, inf, level=level)
    mean_square = float(figures.var(ddof=1))
    if cases == FIXED:
        return interval(estimate, mean_square / count, count - 1.0, level=level)
    term, df = _with_hillis(mean_square, mean_square + count * shared, count - 1.0)
    return interval(estimate, term / count, df, level=level)


def against_readers(
    alone: float,
    figures: FloatArray,
    covariance: FloatArray,
    *,
    readers: str,
    cases: str,
    level: float = 0.95,
) -> Interval:
    """By how much does a standalone reader, such as an AI, differ from the mean of the readers?

    `covariance` is that of (alone, reader 1 … R), from the same cases. The R differences alone - reader are analysed
    as one sample of readers (Hillis, Obuchowski and Berbaum 2011, doi:10.1016/j.acra.2010.11.004; Chakraborty 2017,
    chapter 22, ISBN 9781482214840). The AI itself does not vary between readers: only its cases do.
    """
    with_alone = covariance[0, 1:]
    of_difference = covariance[0, 0] + covariance[1:, 1:] - with_alone[:, None] - with_alone[None, :]
    return mean_of_readers(alone - figures, of_difference, readers=readers, cases=cases, level=level)
