"""How many readers and cases must a reader study have?"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, sqrt

from scipy import stats

from alarp.evaluation.intervals import normal_quantile
from alarp.evaluation.mrmc.anova import FIXED, RANDOM, Components
from alarp.kernel import BadInput


@dataclass(frozen=True, slots=True)
class Size:
    """A planned study of two modalities: its power to find `difference`, and how wide its interval would be."""

    readers: int
    cases: int
    difference: float
    power: float
    half_width: float
    df: float | None


def sizing(
    pilot: Components,
    *,
    readers: int,
    cases: int,
    difference: float,
    random_readers: bool = True,
    random_cases: bool = True,
    level: float = 0.95,
) -> Size:
    """With so many readers and cases, how likely is a true difference found, and how precise is the answer?

    Non-central F with Hillis' degrees of freedom: the pilot's error variance and covariances shrink in proportion to
    the number of cases, its reader by modality variance does not; negative estimates count as zero. Hillis,
    Obuchowski and Berbaum 2011 (doi:10.1016/j.acra.2010.11.004). The mix of diseased and healthy is the pilot's.
    """
    if not random_readers and not random_cases:
        raise BadInput(
            "Readers and cases are both fixed: nothing is left to chance, so there is nothing to plan."
        )
    if pilot.cov1 is None or readers < 2 or cases < 2:
        raise BadInput(
            "A reader study is planned from two modalities, with at least two readers and two cases."
        )
    shrink = pilot.cases / cases
    shared = max((pilot.cov2 or 0.0) - (pilot.cov3 or 0.0), 0.0) * shrink
    error = (pilot.error - pilot.cov1) * shrink
    between = max(pilot.var_tr or 0.0, 0.0)
    if not random_readers:
        term, df = error + (readers - 1) * shared, inf
    elif not random_cases:
        term, df = between + error - shared, float(readers - 1)
    else:
        term = between + error + (readers - 1) * shared
        alone = between + error - shared
        df = term**2 / (alone**2 / (readers - 1)) if alone > 0 else inf
    variance = 2 * term / readers
    if variance <= 1e-18:
        raise BadInput(
            "The pilot's variance is not above zero: nothing can be planned from it; use a pilot with more variation."
        )
    return Size(
        readers=readers,
        cases=cases,
        difference=difference,
        power=_power(difference**2 / variance, df, level),
        half_width=(float(stats.t.ppf(0.5 + level / 2, df)) if isfinite(df) else normal_quantile(level))
        * sqrt(variance),
        df=df if isfinite(df) else None,
    )


def _power(noncentrality: float, df: float, level: float) -> float:
    if not isfinite(df):
        return float(stats.ncx2.sf(stats.chi2.ppf(level, 1), 1, noncentrality))
    return float(stats.ncf.sf(stats.f.ppf(level, 1, df), 1, df, noncentrality))


def cases_needed(
    pilot: Components,
    *,
    readers: int,
    difference: float,
    power: float = 0.8,
    random_readers: bool = True,
    level: float = 0.95,
    most: int = 20_000,
) -> Size | None:
    """How many cases must so many readers read to find this difference with this power? None: no number suffices.

    The smallest number, by halving: power grows with the number of cases (doi:10.1016/j.acra.2010.11.004).
    """

    def plan(cases: int) -> Size:
        return sizing(
            pilot,
            readers=readers,
            cases=cases,
            difference=difference,
            random_readers=random_readers,
            level=level,
        )

    if plan(most).power < power:
        return None
    low, high = 2, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if plan(middle).power >= power else (middle + 1, high)
    return plan(low)


def sizing_table(
    pilot: Components,
    *,
    readers: tuple[int, ...],
    cases: tuple[int, ...],
    difference: float,
    readers_are: str = RANDOM,
    level: float = 0.95,
) -> list[Size]:
    """Which power and precision has every combination of readers and cases? Readers first, then cases."""
    fixed = readers_are == FIXED
    return [
        sizing(pilot, readers=r, cases=k, difference=difference, random_readers=not fixed, level=level)
        for r in readers
        for k in cases
    ]
