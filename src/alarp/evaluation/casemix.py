"""Are our patients like those the vendor tested on, and what would be found here if they were?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import inf, sqrt
from typing import Any

import numpy as np

from alarp.evaluation.cells import NOT_RECORDED
from alarp.evaluation.claims import TOO_FEW
from alarp.evaluation.fields import Fields
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray, normal_quantile, t_quantile, wilson
from alarp.evaluation.ranking import newcombe_auc
from alarp.kernel import BadInput, Measure

MEASURES = ("sensitivity_transported", "specificity_transported", "auc_transported")
EXTREME_WEIGHT = 10.0  # times the mean: one case then speaks for ten
LARGE_DIFFERENCE = 0.1  # of standardised differences: Austin 2009
_ROUNDING = 0.01  # shares are printed rounded, so their sum may miss 1 by this
_ITERATIONS, _CLOSE_ENOUGH = 500, 1e-9


@dataclass(frozen=True, slots=True)
class Population:
    """Which share of the vendor's test population had each word of each variable (`sex*age` for a crossing)?"""

    shares: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Balance:
    """One line of the love plot: a share there and here, and how far apart before and after the weights."""

    variable: str
    group: str
    vendor_share: float
    local_share: float
    difference: float  # standardised, local minus vendor
    weighted_share: float
    weighted_difference: float


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


def parse_population(analysis: Fields, variables: Sequence[str]) -> Population | None:
    """On whom did the vendor test? Reads `vendor_population` of the protocol's `analysis`; None when not declared.

    Each variable is a declared subgroup, or two crossed (`sex*age`, words joined the same way: `F*under 40`), with the
    share of each word; the shares of a variable add up to 1.
    """
    declared = analysis.mapping("vendor_population", optional=True)
    if not declared:
        return None
    found: dict[str, dict[str, float]] = {}
    for name, shares in declared.items():
        for part in str(name).split("*"):
            if part.strip() not in variables:
                raise BadInput(
                    f"The protocol's field 'analysis.vendor_population' names '{part.strip()}', which is no subgroup: "
                    "add it to 'subgroups', so that its column is read."
                )
        found[str(name)] = _shares(analysis, str(name), shares)
    return Population(found)


def _shares(analysis: Fields, name: str, shares: Any) -> dict[str, float]:
    numbers = isinstance(shares, Mapping) and all(
        isinstance(v, (int, float)) and not isinstance(v, bool) and 0 <= v <= 1 for v in shares.values()
    )
    if not numbers or abs(sum(shares.values()) - 1) > _ROUNDING:
        raise analysis.wrong(
            "vendor_population",
            {name: shares},
            "shares from 0 to 1 that add up to 1, as in {sex: {F: 0.6, M: 0.4}}",
        )
    total = float(sum(shares.values()))
    return {str(word): float(value) / total for word, value in shares.items()}


def standardised_difference(here: float, there: float) -> float:
    """How far apart are two shares, in units of their common spread?

    (p - q) / sqrt((p (1 - p) + q (1 - q)) / 2); below 0.1 in size is usually called balanced (Austin 2009,
    doi:10.1002/sim.3697). Two equal shares differ by 0; 0 against 1 has no spread and is infinite.
    """
    if here == there:
        return 0.0
    spread = sqrt((here * (1 - here) + there * (1 - there)) / 2)
    return (here - there) / spread if spread else float(np.copysign(np.inf, here - there))


def words_of(labels: Mapping[str, Sequence[str]], variable: str) -> list[str]:
    """Which word does each case have for this variable? A crossing joins its words by `*`."""
    parts = [labels[name.strip()] for name in variable.split("*")]
    return [NOT_RECORDED if NOT_RECORDED in words else "*".join(words) for words in zip(*parts, strict=True)]


@dataclass(frozen=True, slots=True)
class Weights:
    """What each case counts for, and what could not be matched."""

    values: FloatArray  # mean 1 over the cases that count; 0 for one that stands for nobody
    remarks: tuple[str, ...]


def raked(population: Population, labels: Mapping[str, Sequence[str]]) -> Weights:
    """With which weights do our cases have the vendor's shares?

    Raking (iterative proportional fitting; Deming and Stephan 1940, doi:10.1214/aoms/1177731829): each variable's
    weighted shares are brought to the vendor's in turn until all hold. With one variable, or one crossing, this is
    post-stratification. A case whose word is unknown, or unknown to the vendor, counts for nobody; a vendor's group
    that nobody here belongs to cannot be made up and the other shares grow. Both are said in `remarks`.
    """
    words = {name: np.array(words_of(labels, name), dtype=object) for name in population.shares}
    remarks: list[str] = []
    weights = np.ones(len(next(iter(words.values()))))
    for name, shares in population.shares.items():
        strange = ~np.isin(words[name], [word for word, share in shares.items() if share > 0])
        remarks += _left_out(name, words[name][strange])
        weights[strange] = 0.0
    if not weights.any():
        return Weights(weights, (*remarks, "no case here belongs to the vendor's population"))
    targets = []
    for name, shares in population.shares.items():
        order = [w for w, share in shares.items() if share > 0 and np.any((words[name] == w) & (weights > 0))]
        absent = [w for w, share in shares.items() if share > 0 and w not in order]
        remarks += [
            f"{name}={w}: {shares[w]:.0%} of the vendor's population, nobody here; not represented"
            for w in absent
        ]
        place = {word: i for i, word in enumerate(order)}
        code = np.array([place.get(word, 0) for word in words[name]], dtype=np.int64)
        wanted = np.array([shares[w] for w in order])
        targets.append((code, wanted / wanted.sum()))
    weights, off = _fitted(weights, targets)
    if off > 1e-6:
        remarks.append(f"the vendor's shares cannot all be met together: the worst is {off:.1%} off")
    return Weights(weights * (weights > 0).sum() / weights.sum(), tuple(remarks))


def _left_out(name: str, words: Any) -> Iterator[str]:
    for word in sorted(set(words.tolist())):
        what = (
            "the variable is not recorded" if word == NOT_RECORDED else "the vendor tested nobody of the kind"
        )
        yield f"{name}={word}: {int((words == word).sum())} cases count for nobody, {what}"


def _fitted(weights: FloatArray, targets: list[tuple[Codes, FloatArray]]) -> tuple[FloatArray, float]:
    """Which weights meet every variable's shares, and by how much is the worst missed?"""
    off = 0.0
    for _ in range(_ITERATIONS):
        off = 0.0
        for code, wanted in targets:
            held = np.bincount(code, weights=weights, minlength=len(wanted)) / weights.sum()
            off = max(off, float(np.abs(held - wanted).max()))
            weights = weights * (wanted / held)[code]
        if off < _CLOSE_ENOUGH:
            break
    return weights, off


def kish_n(weights: FloatArray) -> float:
    """How many equally weighted cases are these worth? (sum w)^2 / sum w^2 (Kish 1965); 0 when none counts."""
    squares = float(np.sum(weights**2))
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def balance(
    population: Population, labels: Mapping[str, Sequence[str]], weights: FloatArray
) -> Iterator[Balance]:
    """How alike are the two populations, before and after the weights? One line a word of each variable."""
    for name, shares in population.shares.items():
        words = np.array(words_of(labels, name), dtype=object)
        for word in (*shares, *sorted(set(words.tolist()) - set(shares))):
            member = words == word
            there, here = shares.get(word, 0.0), float(member.mean())
            after = float(weights[member].sum() / weights.sum()) if weights.any() else 0.0
            yield Balance(
                name, word, there, here, standardised_difference(here, there),
                after, standardised_difference(after, there),
            )  # fmt: skip


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
    repeat). AUC: weighted placements with DeLong's variance, by patient when they repeat. It answers whether a
    difference from the vendor's promise is one of case mix in the named variables, not in those that are not named.
    """
    found = raked(population, labels)
    weights = found.values
    settings = _Settings(level, minimum_n, weights, patient)
    right = diseased == flagged
    measures = [
        _share("sensitivity_transported", right, diseased, "no diseased case counts", settings),
        _share("specificity_transported", right, ~diseased, "no healthy case counts", settings),
    ]
    if suspicion is not None:
        measures.append(_auc(suspicion, diseased, settings))
    counting = weights[weights > 0]
    largest = float(counting.max() / counting.mean()) if len(counting) else 0.0
    worth = kish_n(weights)
    remarks = list(found.remarks)
    if largest > EXTREME_WEIGHT:
        remarks.append(f"extreme weights: one case counts for {largest:.1f} average ones")
    remarks.append(f"in the vendor's case mix the {len(weights)} cases are worth {worth:.0f}")
    rows = tuple(balance(population, labels, weights))
    return Transported(tuple(measures), rows, worth, largest, tuple(remarks))


@dataclass(frozen=True, slots=True)
class _Settings:
    level: float
    minimum_n: int
    weights: FloatArray
    patient: Codes | None

    def spread(self, residuals: FloatArray, counting: BoolArray) -> float:
        """Which variance has a sum of these weighted residuals? By patient when they repeat."""
        groups = int(counting.sum())
        if self.patient is not None:
            groups = len(np.unique(self.patient[counting]))
            residuals = _by_patient(self.patient, residuals)
        return groups / max(1, groups - 1) * float(np.sum(residuals**2))

    @property
    def quantile(self) -> float:
        """How many standard errors to each side: with patients the t of their number less one."""
        counted = None if self.patient is None else self.patient[self.weights > 0]
        return t_quantile(self.level, inf if counted is None else len(np.unique(counted)) - 1)

    def because(self, worth: float) -> str:
        """What must be said of a number that rests on so few?"""
        return (
            f"{TOO_FEW}: worth {worth:.1f} cases, the protocol asks for {self.minimum_n}"
            if worth < self.minimum_n
            else ""
        )


def _by_patient(patient: Codes, values: FloatArray) -> FloatArray:
    return np.asarray(np.bincount(patient, weights=values), dtype=np.float64)


def _share(name: str, right: BoolArray, among: BoolArray, empty: str, settings: _Settings) -> Measure:
    weights = np.where(among, settings.weights, 0.0)
    if not weights.any():
        return Measure.not_measurable(name, because=empty)
    counting = weights > 0
    hits = right & counting
    share = 1.0 - float(weights[~hits].sum()) / float(weights.sum()) if hits.any() else 0.0
    worth = _worth(weights, np.asarray(hits - share, dtype=np.float64), share, settings)
    low, high = wilson(share, worth, level=settings.level)
    method = f"raked to the vendor's case mix; Wilson at effective n {worth:.1f}"
    return Measure(name, share, low, high, settings.level, method, int(counting.sum()),
                   int(hits.sum()), because=settings.because(worth))  # fmt: skip


def _worth(weights: FloatArray, residual: FloatArray, share: float, settings: _Settings) -> float:
    """How many independent cases is a weighted share worth?

    Kish's n, or p (1 - p) over the linearised variance where that is less; patients with several cases reduce it by the
    ratio of the variance by case to that by patient. With all or no hits only the weights (summed by patient) count.
    """
    worth, patient = kish_n(weights), settings.patient
    squares = float(np.sum((weights * residual) ** 2)) / float(weights.sum()) ** 2
    if share in (0.0, 1.0) or squares == 0:
        return worth if patient is None else min(worth, kish_n(_by_patient(patient, weights)))
    worth = min(worth, share * (1 - share) / squares)
    if patient is None:
        return worth
    apart = settings.spread(weights * residual / weights.sum(), weights > 0)
    return worth * min(1.0, squares / apart) * (normal_quantile(settings.level) / settings.quantile) ** 2


def _auc(suspicion: FloatArray, diseased: BoolArray, settings: _Settings) -> Measure:
    name, weights = MEASURES[2], settings.weights
    ill, well = np.where(diseased, weights, 0.0), np.where(diseased, 0.0, weights)
    if not ill.any() or not well.any():
        return Measure.not_measurable(
            name, because="no diseased case counts" if not ill.any() else "no healthy case counts"
        )
    placed = _weighted_placements(suspicion, ill / ill.sum(), well / well.sum(), diseased)
    area = float(np.dot(ill, placed) / ill.sum())
    parts = [side / side.sum() * (placed - area) for side in (ill, well)]
    if settings.patient is None:
        variance = settings.spread(parts[0], ill > 0) + settings.spread(parts[1], well > 0)
    else:
        variance = settings.spread(parts[0] + parts[1], weights > 0)
    worth = min(kish_n(ill), kish_n(well))
    if variance <= 1e-15:
        low, high = newcombe_auc(
            area, max(1, round(kish_n(ill))), max(1, round(kish_n(well))), level=settings.level
        )
        how = "Newcombe 2006 at effective n (DeLong variance is zero)"
    else:
        half = settings.quantile * sqrt(variance)
        low, high, how = max(0.0, area - half), min(1.0, area + half), "weighted DeLong"
    method = f"raked to the vendor's case mix; {how}"
    return Measure(name, area, low, high, settings.level, method, int((weights > 0).sum()),
                   int((ill > 0).sum()), because=settings.because(worth))  # fmt: skip


def _weighted_placements(
    suspicion: FloatArray, ill: FloatArray, well: FloatArray, diseased: BoolArray
) -> FloatArray:
    """Which weighted share of the other class does each case outrank (a healthy one: is outranked by)?"""
    _, code = np.unique(suspicion, return_inverse=True)
    on_step_ill, on_step_well = np.bincount(code, weights=ill), np.bincount(code, weights=well)
    above = np.cumsum(on_step_well) - on_step_well / 2
    below = 1.0 - (np.cumsum(on_step_ill) - on_step_ill / 2)
    return np.where(diseased, above[code], below[code])
