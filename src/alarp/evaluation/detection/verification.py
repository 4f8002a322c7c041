"""What are sensitivity and specificity when only some of the cases were verified?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, inf, log, sqrt

from scipy import stats

from alarp.evaluation.detection.options import FLAGGED, NO_ANSWER, NOT_FLAGGED
from alarp.evaluation.intervals import t_quantile, wilson
from alarp.kernel import Measure

STRATA = (FLAGGED, NOT_FLAGGED, NO_ANSWER)
BIASED = "biased: only verified cases count, and who was verified depended on the tool"
NAMES = tuple(
    f"{measure}_{way}"
    for measure in ("sensitivity", "specificity")
    for way in ("naive", "begg_greenes", "ipw")
)
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Stratum:
    """Cases with one answer of the tool: how many there are, and of the verified how many are diseased or healthy."""

    cases: int
    diseased: int
    healthy: int

    @property
    def verified(self) -> int:
        return self.diseased + self.healthy


Strata = Mapping[str, Stratum]


@dataclass(frozen=True, slots=True)
class Alike:
    """How much do the cases of one patient resemble each other?

    `effect`: how many times the variance of independent cases; `freedom`: patients less one, infinite with one case each.
    """

    effect: float = 1.0
    freedom: float = inf


ALONE = Alike()


def refusal(strata: Strata, fractions: Mapping[str, float]) -> str:
    """Why can neither sensitivity nor specificity be had? Empty when they can.

    Cases whose truth nobody looked for say nothing unless it is recorded that those who were looked at are a sample: a
    stratum with unverified cases needs its sampling fraction and at least one verified case.
    """
    for name, stratum in strata.items():
        missing = stratum.cases - stratum.verified
        if missing and name not in fractions:
            return (
                f"{missing} of {stratum.cases} cases '{name}' were not verified and the protocol records no sampling "
                "fraction for them: the diseased among them cannot be counted"
            )
        if missing and not stratum.verified:
            return f"none of the {stratum.cases} cases '{name}' was verified"
    return ""


def _sides(measure: str) -> tuple[str, bool]:
    return (FLAGGED, True) if measure == "sensitivity" else (NOT_FLAGGED, False)


def begg_greenes(
    measure: str, strata: Strata, *, level: float = 0.95, name: str = "", alike: Alike = ALONE
) -> Measure:
    """What is the sensitivity (or specificity) when verification depended on the tool's answer alone?

    Begg and Greenes 1983 (doi:10.2307/2530820): the share of diseased among the verified of each answer, applied to all
    cases with that answer. Interval on the logit scale by the delta method; with two answers its variance is that of
    Zhou 1993 (doi:10.1080/03610929308831209). A stratum without a diseased or a healthy verified case gets one half of a
    case of each in the interval, not in the estimate. Cases without an answer are a third stratum that is never right.
    Where patients repeat (`alike`) the variance is times the design effect of the linearised estimate, with a t quantile.
    """
    right, of_diseased = _sides(measure)
    called = name or f"{measure}_begg_greenes"
    total = sum(s.cases for s in strata.values())
    weight = {k: s.cases * _share(s, of_diseased) / total for k, s in strata.items() if s.cases}
    among = sum(weight.values())
    n = sum(s.verified for s in strata.values())
    if not among:
        return Measure.not_measurable(called, because=_nobody(of_diseased), n=n)
    estimate = weight.get(right, 0.0) / among
    soft = {k: _softened(s, alike) for k, s in strata.items() if s.cases}
    centre, se = _logit(soft, right, of_diseased, total)
    half = t_quantile(level, alike.freedom) * sqrt(alike.effect) * se
    low, high = _expit(centre - half), _expit(centre + half)
    method = "Begg-Greenes, logit interval (Zhou 1993)" + _by_patient(alike)
    if any(s.diseased == 0 or s.healthy == 0 for s in strata.values() if s.cases):
        method += ", an empty cell counts 1/2 in the interval"
    return Measure(called, estimate, min(low, estimate), max(high, estimate), level, method, n, None)


def _share(stratum: Stratum, of_diseased: bool) -> float:
    return (stratum.diseased if of_diseased else stratum.healthy) / stratum.verified


def _softened(s: Stratum, alike: Alike) -> tuple[float, float, float]:
    """Cases, diseased and healthy, one half (of an independent case) added to both where one of them is empty."""
    more = _HALF * alike.effect if s.diseased == 0 or s.healthy == 0 else 0.0
    return float(s.cases), s.diseased + more, s.healthy + more


def _logit(
    soft: Mapping[str, tuple[float, float, float]], right: str, of_diseased: bool, total: int
) -> tuple[float, float]:
    """The logit of the share of right ones, and its standard error by the delta method."""
    share = {k: (d if of_diseased else h) / (d + h) for k, (_, d, h) in soft.items()}
    phi = {k: cases / total for k, (cases, _, _) in soft.items()}
    good = phi.get(right, 0.0) * share.get(right, 0.0)
    bad = sum(phi[k] * share[k] for k in soft if k != right)
    good, bad = max(good, 1e-12), max(bad, 1e-12)
    side = {k: (1 / good if k == right else -1 / bad) for k in soft}
    by_share = sum(
        (side[k] * phi[k]) ** 2 * share[k] * (1 - share[k]) / (d + h) for k, (_, d, h) in soft.items()
    )
    slope = {k: side[k] * share[k] for k in soft}
    centre = sum(phi[k] * slope[k] for k in soft)
    by_phi = (sum(phi[k] * slope[k] ** 2 for k in soft) - centre**2) / total
    return log(good / bad), sqrt(by_share + max(0.0, by_phi))


def _by_patient(alike: Alike) -> str:
    return "" if alike == ALONE else ", clustered by patient"


def ipw(
    measure: str,
    strata: Strata,
    fractions: Mapping[str, float],
    *,
    level: float = 0.95,
    alike: Alike = ALONE,
) -> Measure:
    """What is it when each verified case stands for as many as the recorded sampling fraction says?

    Inverse probability weighting (Alonzo and Pepe 2005, doi:10.1111/j.1467-9876.2005.00477.x): a verified case weighs one
    over its stratum's fraction; a ratio of weighted sums, linearised variance, interval on the logit scale. Where
    everything is right or wrong, half a case on either side in the interval (one that was not seen may weigh much), not in
    the estimate. `alike` as for `begg_greenes`.
    """
    right, of_diseased = _sides(measure)
    called = f"{measure}_ipw"
    counts = {k: float(s.diseased if of_diseased else s.healthy) for k, s in strata.items()}
    weights = {k: 1.0 / fractions.get(k, 1.0) for k in strata}
    whole = sum(weights[k] * counts[k] for k in strata)
    n = sum(s.verified for s in strata.values())
    if not whole:
        return Measure.not_measurable(called, because=_nobody(of_diseased), n=n)
    estimate = weights[right] * counts[right] / whole if right in strata else 0.0
    method = "inverse probability weighting by the recorded sampling fractions, logit interval" + _by_patient(
        alike
    )
    if estimate in (0.0, 1.0):
        counts = {k: count + _HALF * alike.effect for k, count in counts.items()}
        method += ", an empty cell counts 1/2 in the interval"
    centre, se = _weighted_logit(right, counts, weights)
    half = t_quantile(level, alike.freedom) * sqrt(alike.effect) * se
    low, high = min(estimate, _expit(centre - half)), max(estimate, _expit(centre + half))
    return Measure(called, estimate, low, high, level, method, n, None)


def _weighted_logit(
    right: str, counts: Mapping[str, float], weights: Mapping[str, float]
) -> tuple[float, float]:
    """The logit of the weighted share of right ones, and its linearised standard error."""
    whole = sum(weights[k] * counts[k] for k in counts)
    share = min(max(weights.get(right, 0.0) * counts.get(right, 0.0) / whole, 1e-12), 1 - 1e-12)
    spread = sum(weights[k] ** 2 * counts[k] * ((k == right) - share) ** 2 for k in counts)
    return log(share / (1 - share)), sqrt(spread) / whole / (share * (1 - share))


def naive(measure: str, strata: Strata, *, level: float = 0.95, worth: float | None = None) -> Measure:
    """What would be printed if unverified cases were forgotten? Shown as biased, never as the answer.

    `worth`: how many independent cases the verified ones are, where patients repeat.
    """
    right, of_diseased = _sides(measure)
    counts = {k: (s.diseased if of_diseased else s.healthy) for k, s in strata.items()}
    n, called = sum(counts.values()), f"{measure}_naive"
    if not n:
        return Measure.not_measurable(called, because=_nobody(of_diseased))
    hits = counts.get(right, 0)
    low, high = wilson(hits / n, n if worth is None else worth, level=level)
    return Measure(called, hits / n, low, high, level, "Wilson, verified cases only", n, hits, because=BIASED)


def departures(strata: Strata, fractions: Mapping[str, float]) -> list[str]:
    """Was as large a share verified as the protocol records? One sentence for each answer where chance cannot be why."""
    said = []
    for name, stratum in strata.items():
        fraction = fractions.get(name)
        if fraction is None or not stratum.cases:
            continue
        seen = stratum.verified / stratum.cases
        wrong = (
            seen < 1
            if fraction == 1
            else stats.binomtest(stratum.verified, stratum.cases, fraction).pvalue < 1e-3
        )
        if wrong:
            said.append(
                f"Of the cases '{name}' {100 * seen:.1f} % were verified, the protocol records {100 * fraction:g} %: the "
                "weighted figures lean on the recorded one."
            )
    return said


def _nobody(of_diseased: bool) -> str:
    return "no verified case is " + ("diseased" if of_diseased else "healthy")


def _expit(value: float) -> float:
    return 1 / (1 + exp(-value))
