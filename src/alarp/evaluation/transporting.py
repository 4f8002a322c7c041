"""What would be found here if our patients were mixed as the vendor's were?

It answers whether a difference from the vendor's promise is one of case mix in the variables that the protocol names, not
in those that nobody names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf, sqrt
from typing import Any

import numpy as np

from alarp.evaluation.casemix import Balance, Population, balance, kish_n, raked
from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.intervals import (
    BoolArray,
    Codes,
    FloatArray,
    mean,
    normal_quantile,
    t_quantile,
    wilson,
)
from alarp.evaluation.ranking import newcombe_auc
from alarp.evaluation.result import Findings
from alarp.kernel import Measure

ENDING = "_transported"
EXTREME_WEIGHT = 10.0  # times the mean: one case then speaks for ten
RAKED = "raked to the vendor's case mix"


@dataclass(frozen=True, slots=True)
class Transported:
    """The estimates in the vendor's case mix, how alike the populations were, and what a reader must know."""

    measures: tuple[Measure, ...]
    balance: tuple[Balance, ...]
    effective_n: float
    largest_weight: float  # times the mean
    remarks: tuple[str, ...]

    def as_figure(self) -> dict[str, Any]:
        """The plain data of the love plot."""
        return {
            "rows": [_finite(asdict(row)) for row in self.balance],
            "effective_n": self.effective_n,
            "largest_weight": self.largest_weight,
            "remarks": list(self.remarks),
        }


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    """An infinite difference (nobody against everybody) has no number in JSON: None."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}


@dataclass(frozen=True, slots=True)
class Mix:
    """Our cases, each with the weight that gives them all the vendor's shares (`raked`).

    `patient` is None when no case shares one. Every interval allows for the weights, and for patients with several cases;
    the vendor's shares count as if they too were drawn, so intervals are wider than need be where groups differ much.
    """

    population: Population
    labels: Mapping[str, Sequence[str]]
    weights: FloatArray
    remarks: tuple[str, ...]
    patient: Codes | None
    level: float
    minimum_n: int
    what: str = "cases"

    @classmethod
    def of(
        cls,
        population: Population,
        labels: Mapping[str, Sequence[str]],
        *,
        patient: Codes | None,
        level: float,
        minimum_n: int,
        what: str = "cases",
    ) -> Mix:
        """Which mix do these cases make? `labels`: the word of every case for each variable."""
        found = raked(population, labels)
        return cls(population, labels, found.values, found.remarks, patient, level, minimum_n, what)

    def share(self, name: str, right: BoolArray, among: BoolArray, empty: str) -> Measure:
        """Which weighted share of `among` is right?

        Wilson at the effective n of the weights: Kish's, or p (1 - p) over the linearised variance where that is less; by
        patient when they repeat.
        """
        weights = np.where(among, self.weights, 0.0)
        if not weights.any():
            return Measure.not_measurable(name, because=empty)
        counting = weights > 0
        hits = right & counting
        share = 1.0 - float(weights[~hits].sum()) / float(weights.sum()) if hits.any() else 0.0
        worth = self._worth(weights, np.asarray(hits - share, dtype=np.float64), share)
        low, high = wilson(share, worth, level=self.level)
        method = f"{RAKED}; Wilson at effective n {worth:.1f}"
        return Measure(name, share, low, high, self.level, method, int(counting.sum()),
                       int(hits.sum()), because=self.because(worth))  # fmt: skip

    def mean(
        self, name: str, values: FloatArray, among: BoolArray, *, bounds: tuple[float, float], empty: str
    ) -> Measure:
        """What is the weighted mean of `among`?

        The ratio of weighted sums, its variance by leaving out each patient, and fewer degrees of freedom the more the
        weights differ (`intervals.mean`).
        """
        counting = among & (self.weights > 0)
        if not counting.any():
            return Measure.not_measurable(name, because=empty)
        weights, x = self.weights[counting], values[counting]
        owner = np.arange(len(x)) if self.patient is None else self.patient[counting]
        found = mean(name, x, owner, level=self.level, bounds=bounds, weights=weights)
        because = "; ".join(filter(None, [self.because(kish_n(weights)), found.because]))
        return replace(found, method=f"{RAKED}; {found.method}", because=because)

    def area(self, name: str, suspicion: FloatArray, diseased: BoolArray) -> Measure:
        """How often does a diseased case of the vendor's mix outrank a healthy one?"""
        ill, well = np.where(diseased, self.weights, 0.0), np.where(diseased, 0.0, self.weights)
        if not ill.any() or not well.any():
            lacking = "no diseased case counts" if not ill.any() else "no healthy case counts"
            return Measure.not_measurable(name, because=lacking)
        placed = _weighted_placements(suspicion, ill / ill.sum(), well / well.sum(), diseased)
        area = float(np.dot(ill, placed) / ill.sum())
        parts = [side / side.sum() * (placed - area) for side in (ill, well)]
        return self.ranked(name, area, (parts[0], parts[1]), (ill, well))

    def ranked(
        self,
        name: str,
        area: float,
        parts: tuple[FloatArray, FloatArray],
        sides: tuple[FloatArray, FloatArray],
    ) -> Measure:
        """How sure are we of a weighted area? `parts`: what each case moves it by; `sides`: the weights of each class.

        DeLong's variance of weighted placements, by patient when they repeat.
        """
        ill, well = sides
        if self.patient is None:
            variance = self._spread(parts[0], ill > 0) + self._spread(parts[1], well > 0)
        else:
            variance = self._spread(parts[0] + parts[1], self.weights > 0)
        if variance <= 1e-15:
            sizes = (max(1, round(kish_n(side))) for side in sides)
            low, high = newcombe_auc(area, *sizes, level=self.level)
            how = "Newcombe 2006 at effective n (DeLong variance is zero)"
        else:
            half = self._quantile * sqrt(variance)
            low, high, how = max(0.0, area - half), min(1.0, area + half), "weighted DeLong"
        worth = min(kish_n(side) for side in sides)
        return Measure(name, area, low, high, self.level, f"{RAKED}; {how}", int((self.weights > 0).sum()),
                       int((ill > 0).sum()), because=self.because(worth))  # fmt: skip

    def because(self, worth: float) -> str:
        """What must be said of a number that rests on so few?"""
        few = worth < self.minimum_n
        return f"{TOO_FEW}: worth {worth:.1f} cases, the protocol asks for {self.minimum_n}" if few else ""

    def told(self, measures: Sequence[Measure]) -> Transported:
        """What is reported: these estimates, the love plot, and what a reader must know."""
        counting = self.weights[self.weights > 0]
        largest = float(counting.max() / counting.mean()) if len(counting) else 0.0
        worth, remarks = kish_n(self.weights), list(self.remarks)
        if largest > EXTREME_WEIGHT:
            remarks.append(f"extreme weights: one case counts for {largest:.1f} average ones")
        remarks.append(f"in the vendor's case mix the {len(self.weights)} {self.what} are worth {worth:.0f}")
        rows = tuple(balance(self.population, self.labels, self.weights))
        return Transported(tuple(measures), rows, worth, largest, tuple(remarks))

    def _spread(self, residuals: FloatArray, counting: BoolArray) -> float:
        """Which variance has a sum of these weighted residuals? By patient when they repeat."""
        groups = int(counting.sum())
        if self.patient is not None:
            groups = len(np.unique(self.patient[counting]))
            residuals = _by_patient(self.patient, residuals)
        return groups / max(1, groups - 1) * float(np.sum(residuals**2))

    @property
    def _quantile(self) -> float:
        """How many standard errors to each side: with patients the t of their number less one."""
        counted = None if self.patient is None else self.patient[self.weights > 0]
        return t_quantile(self.level, inf if counted is None else len(np.unique(counted)) - 1)

    def _worth(self, weights: FloatArray, residual: FloatArray, share: float) -> float:
        """How many independent cases is a weighted share worth?

        Patients with several cases reduce it by the ratio of the variance by case to that by patient. With all or no hits
        only the weights (summed by patient) count.
        """
        worth, patient = kish_n(weights), self.patient
        squares = float(np.sum((weights * residual) ** 2)) / float(weights.sum()) ** 2
        if share in (0.0, 1.0) or squares == 0:
            return worth if patient is None else min(worth, kish_n(_by_patient(patient, weights)))
        worth = min(worth, share * (1 - share) / squares)
        if patient is None:
            return worth
        apart = self._spread(weights * residual / weights.sum(), weights > 0)
        return worth * min(1.0, squares / apart) * (normal_quantile(self.level) / self._quantile) ** 2


def beside(found: Findings, mixed: Transported | None) -> Findings:
    """Which findings have the estimates in the vendor's case mix beside them, and the love plot?"""
    if mixed is None:
        return found
    return replace(
        found,
        measures=(*found.measures, *mixed.measures),
        figures={**found.figures, "case_mix": mixed.as_figure()},
    )


def transported(
    population: Population,
    labels: Mapping[str, Sequence[str]],
    diseased: BoolArray,
    flagged: BoolArray,
    *,
    level: float = 0.95,
    minimum_n: int = 20,
    suspicion: FloatArray | None = None,
    patient: Codes | None = None,
) -> Transported:
    """What would sensitivity, specificity and AUC be here if our patients were mixed as the vendor's were?

    Our cases weighted (`raked`) to the vendor's shares, diseased and healthy by the same weights. Shares: Wilson at
    the effective n of the weights (Kish's, or the linearised variance's where that is less; by patient when they
    repeat). AUC: weighted placements with DeLong's variance, by patient when they repeat.
    """
    mix = Mix.of(population, labels, patient=patient, level=level, minimum_n=minimum_n)
    right = diseased == flagged
    measures = [
        mix.share("sensitivity" + ENDING, right, diseased, "no diseased case counts"),
        mix.share("specificity" + ENDING, right, ~diseased, "no healthy case counts"),
    ]
    if suspicion is not None:
        measures.append(mix.area("auc" + ENDING, suspicion, diseased))
    return mix.told(measures)


def _by_patient(patient: Codes, values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(patient, weights=values), dtype=np.float64)


def _weighted_placements(
    suspicion: FloatArray, ill: FloatArray, well: FloatArray, diseased: BoolArray
) -> FloatArray:
    """Which weighted share of the other class does each case outrank (a healthy one: is outranked by)?"""
    _, code = np.unique(suspicion, return_inverse=True)
    on_step_ill, on_step_well = np.bincount(code, weights=ill), np.bincount(code, weights=well)
    above = np.cumsum(on_step_well) - on_step_well / 2
    below = 1.0 - (np.cumsum(on_step_ill) - on_step_ill / 2)
    return np.where(diseased, above[code], below[code])
