"""How far could the probabilities be believed if our patients were mixed as the vendor's were?"""

from __future__ import annotations

import numpy as np

from alarp.evaluation.prediction.cases import Cases
from alarp.evaluation.prediction.measures import forecasts, suspicion
from alarp.evaluation.prediction.protocol import MIXED, PredictionProtocol
from alarp.evaluation.transporting import Mix, Transported
from alarp.kernel import Measure


def case_mix(protocol: PredictionProtocol, cases: Cases) -> Transported | None:
    """What would be found in the vendor's case mix? None when the protocol does not say what it was.

    Observed minus expected, the Brier score and the area under the curve; a missing probability counts as in the primary
    analysis: wrong, and for observed minus expected to the side that misses 0 further. Slope and intercept are fits, and
    the curve's distances have no interval: they are not transported.
    """
    if protocol.options.vendor is None:
        return None
    known = np.flatnonzero(cases.known)
    worst = forecasts(cases, rule="worst_case")
    mix = Mix.of(
        protocol.options.vendor,
        {name: [words[i] for i in known] for name, words in cases.subgroups.items()},
        patient=worst.patient,
        level=protocol.common.level,
        minimum_n=protocol.common.minimum_n,
    )
    large, brier, auc = MIXED
    everybody = np.ones(len(known), dtype=bool)

    def average(name: str, values: np.ndarray[tuple[int], np.dtype[np.float64]], low: float) -> Measure:
        return mix.mean(name, values, everybody, bounds=(low, 1.0), empty="no case counts")

    sides = [forecasts(cases, rule=rule) for rule in ("high", "low")]
    missed = [average(large, side.happened - side.probability, -1.0) for side in sides]
    return mix.told(
        [
            max(missed, key=lambda m: abs(m.estimate or 0.0)),
            average(brier, (worst.happened - worst.probability) ** 2, 0.0),
            mix.area(auc, suspicion(worst), worst.happened),
        ]
    )
