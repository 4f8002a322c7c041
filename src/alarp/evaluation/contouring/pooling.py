"""What is the mean of a measure over many outlines, when some of them were missed, invented or never answered?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

import numpy as np

from alarp.evaluation.contouring.averages import codes_of, mean_of
from alarp.evaluation.contouring.cases import Enrolled
from alarp.evaluation.contouring.comparing import StructureResult
from alarp.evaluation.contouring.protocol import IMAGE_DIAGONAL, OVERLAP, ContouringProtocol
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.outcomes import NO_OUTPUT, CaseOutcome
from alarp.evaluation.transporting import ENDING, Mix
from alarp.kernel import Measure

AS_TREATED = "_as_treated"


@dataclass(frozen=True, slots=True)
class Pair:
    """One structure of one case, ready to be pooled."""

    enrolled: Enrolled
    result: StructureResult
    diagonal_mm: float | None


@dataclass(frozen=True, slots=True)
class Pool:
    """All outlines of a study. What each enters a mean with is looked up once, whatever groups are asked for."""

    pairs: Sequence[Pair]
    protocol: ContouringProtocol
    patient: Codes
    _scored: BoolArray
    _compared: BoolArray
    _columns: dict[tuple[str, str], FloatArray] = field(default_factory=dict)

    @classmethod
    def of(cls, protocol: ContouringProtocol, pairs: Sequence[Pair]) -> Pool:
        """Which pool do these outlines make?"""
        scored = np.array([p.result.outcome is CaseOutcome.SCORED for p in pairs], dtype=bool)
        compared = np.array([p.result.measures is not None for p in pairs], dtype=bool)
        return cls(pairs, protocol, codes_of([p.enrolled.patient for p in pairs]), scored, compared)

    def column(self, name: str, variant: str) -> FloatArray:
        """Which number does each outline enter with? NaN: no finite value."""
        if (name, variant) not in self._columns:
            values = (_entered(pair, name, variant, self.protocol) for pair in self.pairs)
            self._columns[name, variant] = np.array(
                [np.nan if value is None else value for value in values], dtype=np.float64
            )
        return self._columns[name, variant]

    def counted(self, variant: str) -> BoolArray:
        """Which outlines enter at all? Not those that are empty on both sides or have no reference."""
        return self._scored if variant == AS_TREATED else self._compared

    def mean(self, name: str, variant: str, members: Codes, subgroup: str = "all") -> Measure:
        """What is the mean of this measure over these outlines (by their places)?

        Overlap: a missed, spurious or failed outline counts 0. Distances and volume differences have no finite value
        for such an outline, so their mean is not measurable as long as there is one (dropping it would reward a miss),
        unless the protocol declares the diagonal of the image as its distance, which no distance exceeds. Beside it
        stand the mean of the measured ones (`_as_treated`), that with every outline the tool did not answer taken for
        perfect (`_best_case`; a missed or spurious one is an answer, and wrong) and that with each taken for the worst
        possible (`_worst_case`: the diagonal). Both empty and reference missing enter none.
        """
        counted = members[self.counted(variant)[members]]
        values = self.column(name, variant)[counted]
        if because := _lost(values):
            return Measure.not_measurable(name + variant, because=because, n=len(values), subgroup=subgroup)
        return mean_of(
            name + variant, values, self.patient[counted],
            protocol=self.protocol, subgroup=subgroup, bounds=bounds_of(name),
        )  # fmt: skip

    def in_the_mix(self, name: str, mix: Mix) -> Measure:
        """What would the mean be in the vendor's case mix? Each outline has the weight of its case."""
        entered = self.counted("")
        if because := _lost(self.column(name, "")[entered]):
            return Measure.not_measurable(name + ENDING, because=because, n=int(entered.sum()))
        return mix.mean(
            name + ENDING, self.column(name, ""), entered, bounds=bounds_of(name), empty="no outline counts"
        )


def _lost(values: FloatArray) -> str:
    """Why have these outlines no mean? Nothing when all have a value."""
    lost = int(np.isnan(values).sum())
    words = f"{lost} of {len(values)} outlines were missed, spurious or failed and have no finite value"
    return words if lost else ""


def _entered(pair: Pair, name: str, variant: str, protocol: ContouringProtocol) -> float | None:
    """Which number does this outline enter with? None has no finite value."""
    measures, outcome = pair.result.measures, pair.result.outcome
    found = None if measures is None else getattr(measures, name)
    value = None if found is None else float(found)
    if outcome is CaseOutcome.SCORED:
        return value
    if variant == "_best_case" and outcome in NO_OUTPUT:
        return 1.0 if is_overlap(name) else 0.0
    if is_overlap(name):
        return 0.0
    if name == "volume_difference_ml" and measures is not None:
        return measures.output_ml - measures.reference_ml if variant else None
    penalty = variant == "_worst_case" or protocol.options.distance_of_a_missed_outline == IMAGE_DIAGONAL
    return pair.diagonal_mm if value is None and penalty and "_mm" in name else value


def is_overlap(name: str) -> bool:
    """Is it a share of agreement, where 1 is best?"""
    return name.startswith(OVERLAP)


def bounds_of(name: str) -> tuple[float, float]:
    """Between which values can this measure lie?"""
    if is_overlap(name):
        return 0.0, 1.0
    return (-inf, inf) if "difference" in name else (0.0, inf)
