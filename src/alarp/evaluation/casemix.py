"""Are our patients like those the vendor tested on, and with which weights would they be?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from alarp.evaluation.cells import NOT_RECORDED
from alarp.evaluation.fields import Fields
from alarp.evaluation.intervals import Codes, FloatArray
from alarp.kernel import BadInput

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
