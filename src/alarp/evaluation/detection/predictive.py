"""What does a flag mean for one person, here, where the condition is as common as it is?"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

from alarp.evaluation.detection.accuracy import Readings
from alarp.evaluation.intervals import n_for_interval, normal_quantile
from alarp.evaluation.protocol import Prevalence
from alarp.kernel import Measure

SIMEL = "log interval (Simel 1991)"
MERCALDO = "logit interval (Mercaldo 2007)"


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """How many were flagged among the diseased and among the healthy, and how many independent cases that is worth.

    `worth_diseased` and `worth_healthy` are the effective sample sizes; they equal the counts when no patient repeats.
    """

    flagged_diseased: int
    diseased: int
    flagged_healthy: int
    healthy: int
    worth_diseased: float
    worth_healthy: float

    @property
    def sensitivity(self) -> float:
        return self.flagged_diseased / self.diseased

    @property
    def specificity(self) -> float:
        return 1 - self.flagged_healthy / self.healthy

    @property
    def n(self) -> int:
        return self.diseased + self.healthy

    @property
    def clustered(self) -> str:
        """What is added to the name of the method when patients repeat?"""
        alone = (self.worth_diseased, self.worth_healthy) == (self.diseased, self.healthy)
        return "" if alone else " at effective n, clustered by patient"


def two_by_two(found: Readings, *, level: float = 0.95) -> TwoByTwo:
    """Which counts do these readings give?"""

    def worth(who: str) -> float:
        which = found.diseased if who == "diseased" else ~found.diseased
        clusters = None if found.patient is None else found.patient[which]
        return n_for_interval(found.flagged[which], clusters, level=level)

    return TwoByTwo(
        flagged_diseased=int((found.flagged & found.diseased).sum()),
        diseased=int(found.diseased.sum()),
        flagged_healthy=int((found.flagged & ~found.diseased).sum()),
        healthy=int((~found.diseased).sum()),
        worth_diseased=worth("diseased"),
        worth_healthy=worth("healthy"),
    )


def likelihood_ratio_positive(table: TwoByTwo, *, level: float = 0.95, subgroup: str = "all") -> Measure:
    """How much more often are the diseased flagged than the healthy?

    LR+ = sensitivity / (1 - specificity), log interval of Simel et al. 1991 (doi:10.1016/0895-4356(91)90128-V), the
    counts replaced by effective ones when patients repeat. Not measurable with one class empty, or when no healthy case
    is flagged (the ratio has no upper end); with no diseased case flagged it is 0 without an interval.
    """
    return _ratio("lr_positive", table, level=level, subgroup=subgroup)


def likelihood_ratio_negative(table: TwoByTwo, *, level: float = 0.95, subgroup: str = "all") -> Measure:
    """How much more often are the diseased left alone than the healthy? Small is good.

    LR- = (1 - sensitivity) / specificity, interval as for LR+. Not measurable with one class empty, or when every
    healthy case is flagged; with every diseased case flagged it is 0 without an interval.
    """
    return _ratio("lr_negative", table, level=level, subgroup=subgroup)


def _ratio(name: str, table: TwoByTwo, *, level: float, subgroup: str) -> Measure:
    if not table.diseased or not table.healthy:
        lost = "diseased" if not table.diseased else "healthy"
        return Measure.not_measurable(name, because=f"no {lost} case", n=table.n, subgroup=subgroup)
    above, below = table.sensitivity, 1 - table.specificity
    what = "flagged"
    if name == "lr_negative":
        above, below, what = 1 - above, 1 - below, "left alone"
    if below == 0:
        because = f"no healthy case was {what}: the ratio has no upper end"
        return Measure.not_measurable(name, because=because, n=table.n, subgroup=subgroup)
    if above == 0:
        because = f"no interval: no diseased case was {what}"
        return Measure(name, 0.0, None, None, level, SIMEL, table.n, None, subgroup, because)
    se = sqrt((1 - above) / (above * table.worth_diseased) + (1 - below) / (below * table.worth_healthy))
    ratio, half = above / below, normal_quantile(level) * se
    method = SIMEL + table.clustered
    return Measure(name, ratio, ratio * exp(-half), ratio * exp(half), level, method, table.n, None, subgroup)


def ppv_at_prevalence(
    table: TwoByTwo, prevalence: Prevalence, *, level: float = 0.95, subgroup: str = "all"
) -> Measure:
    """Of those flagged where the condition is this common, which share has it?

    PPV = sens p / (sens p + (1 - spec)(1 - p)) by Bayes. On the logit scale it is log LR+ plus logit p, so the two
    uncertainties add: that of sensitivity and specificity by Mercaldo et al. 2007 (doi:10.1002/sim.2677), and the
    prevalence's own bounds by the square-and-add rule of Zou and Donner 2008 (doi:10.1002/sim.3095), which keeps them
    lopsided when they are. A prevalence without bounds is taken as known. With an empty cell the interval comes from
    counts with z squared / 2 added to each cell, as Mercaldo proposes.
    """
    return _predictive("ppv_at_prevalence", table, prevalence, level=level, subgroup=subgroup)


def npv_at_prevalence(
    table: TwoByTwo, prevalence: Prevalence, *, level: float = 0.95, subgroup: str = "all"
) -> Measure:
    """Of those left alone where the condition is this common, which share is free of it? As `ppv_at_prevalence`."""
    return _predictive("npv_at_prevalence", table, prevalence, level=level, subgroup=subgroup)


def _predictive(
    name: str, table: TwoByTwo, prevalence: Prevalence, *, level: float, subgroup: str
) -> Measure:
    if not table.diseased or not table.healthy:
        lost = "diseased" if not table.diseased else "healthy"
        return Measure.not_measurable(name, because=f"no {lost} case", n=table.n, subgroup=subgroup)
    positive = name.startswith("ppv")
    p = prevalence.estimate
    right, wrong = _shares(table.sensitivity, table.specificity, p, positive=positive)
    if right + wrong == 0:
        because = "no case was flagged" if positive else "every case was flagged"
        return Measure.not_measurable(name, because=because, n=table.n, subgroup=subgroup)
    sensitivity, specificity, size1, size0, note = _off_the_edge(table, level=level)
    centre, se = _logit(sensitivity, specificity, size1, size0, p, positive=positive)
    down, up = _sides(prevalence)
    half = normal_quantile(level) * se
    down, up = (down, up) if positive else (up, down)
    low = centre - sqrt(half**2 + down**2)
    high = centre + sqrt(half**2 + up**2)
    known = "taken as known" if prevalence.low is None and prevalence.high is None else "with its own bounds"
    method = f"{MERCALDO}{note}{table.clustered}; prevalence {p:g} {known}"
    estimate = right / (right + wrong)
    bounds = (min(estimate, _expit(low)), max(estimate, _expit(high)))
    return Measure(name, estimate, *bounds, level, method, table.n, None, subgroup)


def _shares(sensitivity: float, specificity: float, p: float, *, positive: bool) -> tuple[float, float]:
    if positive:
        return sensitivity * p, (1 - specificity) * (1 - p)
    return specificity * (1 - p), (1 - sensitivity) * p


def _off_the_edge(table: TwoByTwo, *, level: float) -> tuple[float, float, float, float, str]:
    """Sensitivity, specificity, their sample sizes, and what was done where a cell is empty."""
    size1, size0 = table.worth_diseased, table.worth_healthy
    if 0 < table.flagged_diseased < table.diseased and 0 < table.flagged_healthy < table.healthy:
        return table.sensitivity, table.specificity, size1, size0, ""
    more = normal_quantile(level) ** 2
    adjusted = [
        (share * size + more / 2) / (size + more)
        for share, size in ((table.sensitivity, size1), (table.specificity, size0))
    ]
    return adjusted[0], adjusted[1], size1 + more, size0 + more, ", a cell is empty: z²/2 added to each"


def _logit(
    sensitivity: float, specificity: float, size1: float, size0: float, p: float, *, positive: bool
) -> tuple[float, float]:
    if positive:
        centre = log(sensitivity * p) - log((1 - specificity) * (1 - p))
        variance = (1 - sensitivity) / (sensitivity * size1) + specificity / ((1 - specificity) * size0)
    else:
        centre = log(specificity * (1 - p)) - log((1 - sensitivity) * p)
        variance = sensitivity / ((1 - sensitivity) * size1) + (1 - specificity) / (specificity * size0)
    return centre, sqrt(variance)


def _sides(prevalence: Prevalence) -> tuple[float, float]:
    """How far do the prevalence's own bounds lie below and above it, on the logit scale?"""
    here = _log_odds(prevalence.estimate)
    low = here if prevalence.low is None else _log_odds(prevalence.low)
    high = here if prevalence.high is None else _log_odds(prevalence.high)
    return here - low, high - here


def _log_odds(p: float) -> float:
    return log(p / (1 - p))


def _expit(value: float) -> float:
    return 1 / (1 + exp(-value))


def natural_frequencies(table: TwoByTwo, share: float, *, people: int = 1000) -> dict[str, float] | None:
    """Of 1000 people, of whom this share has the condition: how many are found, missed, flagged wrongly, left alone?

    Expected numbers of people, not rounded. None with one class empty.
    """
    if not table.diseased or not table.healthy:
        return None
    sick, well = people * share, people * (1 - share)
    return {
        "people": float(people),
        "diseased": sick,
        "found": sick * table.sensitivity,
        "missed": sick * (1 - table.sensitivity),
        "flagged_wrongly": well * (1 - table.specificity),
        "left_alone": well * table.specificity,
    }
