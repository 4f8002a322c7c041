"""What do the distances between two surfaces add up to?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alarp.evaluation.intervals import FloatArray

_ROUNDING_MM = 1e-5  # a distance that equals the tolerance is within it, whatever the last binary digit says


@dataclass(frozen=True, slots=True)
class Distances:
    """How far each piece of either surface lies from the other surface (mm), and each piece's area (mm2)."""

    from_reference_mm: FloatArray
    reference_mm2: FloatArray
    from_output_mm: FloatArray
    output_mm2: FloatArray

    @property
    def area_mm2(self) -> float:
        return float(self.reference_mm2.sum() + self.output_mm2.sum())

    def share_within(
        self, tolerance_mm: float, *, nearer_mm: tuple[FloatArray | float, FloatArray | float] = (0.0, 0.0)
    ) -> float:
        """Which share of both surfaces' area lies within the tolerance of the other surface (surface Dice)?

        With `nearer_mm` every piece counts as that much nearer (below 0: farther).
        """
        within = (
            self.reference_mm2[self.from_reference_mm - nearer_mm[0] <= tolerance_mm + _ROUNDING_MM].sum()
            + self.output_mm2[self.from_output_mm - nearer_mm[1] <= tolerance_mm + _ROUNDING_MM].sum()
        )
        return min(1.0, float(within) / self.area_mm2)

    def means_mm(self) -> tuple[float, float]:
        """How far is the reference from the output on average over its area, and the output from the reference?"""
        return (
            float((self.from_reference_mm * self.reference_mm2).sum() / self.reference_mm2.sum()),
            float((self.from_output_mm * self.output_mm2).sum() / self.output_mm2.sum()),
        )

    def mean_mm(self) -> float:
        """How far apart are the surfaces on average over the area of both?"""
        there, back = self.means_mm()
        return (there * float(self.reference_mm2.sum()) + back * float(self.output_mm2.sum())) / self.area_mm2

    def hausdorff_mm(self, share: float = 1.0) -> float:
        """Which distance does this share of the surface area not exceed, in the worse of the two directions?"""
        if share >= 1.0:
            return float(max(self.from_reference_mm.max(), self.from_output_mm.max()))
        return max(
            weighted_percentile(self.from_reference_mm, self.reference_mm2, share),
            weighted_percentile(self.from_output_mm, self.output_mm2, share),
        )


def weighted_percentile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """Below which distance does this share of the surface area lie?"""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][min(len(order) - 1, np.searchsorted(reached, share * reached[-1]))])
