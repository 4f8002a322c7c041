"""How long does an answer take, from the moment a study is sent? The same in an evaluation and in live use."""

from __future__ import annotations

import numpy as np

from alarp.evaluation.intervals import BoolArray, Codes, FloatArray
from alarp.evaluation.quantiles import quantile
from alarp.kernel import Measure

SHARES = {"answer_min_p50": 0.5, "answer_min_p95": 0.95}


def answer_times(
    minutes: FloatArray, answered: BoolArray, *, level: float, clusters: Codes | None = None
) -> list[Measure]:
    """Within which time does half, and do 19 of 20, of what was sent come back?

    Minutes from sending; one a case, NaN where none was recorded. A case without a usable answer takes for ever, so that
    leaving the slow ones unanswered gains nothing. Quantiles with order statistics, by patient where patients repeat
    (`alarp.evaluation.quantiles`). Not measurable when an answer has no recorded time: it may be the slowest.
    """
    untimed = int((answered & np.isnan(minutes)).sum())
    if untimed:
        because = f"{untimed} of {int(answered.sum())} answers have no recorded time"
        return [Measure.not_measurable(name, because=because, n=len(minutes)) for name in SHARES]
    values = np.where(answered, minutes, np.inf)
    return [
        quantile(name, values, share, level=level, clusters=clusters, missing="cases without an answer")
        for name, share in SHARES.items()
    ]
