"""Through which points do the curves of a reader study run?"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from alarp.evaluation.intervals import FloatArray
from alarp.evaluation.mrmc.readings import Marked

MOST = 60


def thinned(points: Sequence[dict[str, Any]], most: int = MOST) -> list[dict[str, Any]]:
    """The same curve by at most so many points, its ends among them."""
    keep = np.unique(np.linspace(0, len(points) - 1, min(most, len(points))).round().astype(int))
    return [points[int(i)] for i in keep]


def roc(rating: FloatArray, diseased: np.ndarray) -> list[dict[str, Any]]:
    """One reader's empirical ROC: (one minus specificity, sensitivity) at every rating, from the strictest on.

    Readings that were not made (NaN) are left out. The last stretch to (1, 1) is a straight line when cases have no
    mark (-inf).
    """
    made = ~np.isnan(rating)
    ill, well = rating[made & diseased], rating[made & ~diseased]
    if not len(ill) or not len(well):
        return []
    points = [{"one_minus_specificity": 0.0, "sensitivity": 0.0}]
    for cut in np.unique(rating[made])[::-1]:
        points.append(
            {
                "one_minus_specificity": float((well >= cut).mean()),
                "sensitivity": float((ill >= cut).mean()),
            }
        )
    return thinned(points)


def froc(readings: Marked, group: int) -> list[dict[str, Any]]:
    """One reader's FROC: non-lesion marks per case against the share of lesions found, at every rating.

    The marks of all cases count, diseased and healthy; the curve ends where the marks end. A case without an answer
    has no mark. Bunch et al. 1978 (doi:10.1117/12.955926).
    """
    false, _ = readings.false_marks[group]
    lesion = readings.lesion[group]
    cuts = np.unique(np.concatenate([false, lesion[lesion > -inf]]))[::-1]
    points: list[dict[str, Any]] = [{"false_marks_per_case": 0.0, "lesions_found": 0.0, "rating": None}]
    for cut in cuts:
        points.append(
            {
                "false_marks_per_case": float((false >= cut).sum()) / len(readings.cases),
                "lesions_found": float((lesion >= cut).mean()),
                "rating": float(cut),
            }
        )
    return thinned(points)


def wafroc(readings: Marked, group: int) -> list[dict[str, Any]]:
    """One reader's wAFROC: the share of healthy cases with a false mark against the weighted share of lesions found.

    The area under this curve, with the straight last stretch to (1, 1), is the figure of merit (Chakraborty and Zhai
    2016, doi:10.1118/1.4947125).
    """
    lesion, weight = readings.lesion[group], readings.weight
    healthy = np.where(readings.silent[group], inf, readings.false[group])[~readings.diseased]
    cuts = np.unique(np.concatenate([healthy[np.isfinite(healthy)], lesion[lesion > -inf]]))[::-1]
    certain = float((healthy == inf).mean())
    points: list[dict[str, Any]] = [{"false_cases": certain, "weighted_lesions": 0.0}]
    for cut in cuts:
        points.append(
            {
                "false_cases": float((healthy >= cut).mean()),
                "weighted_lesions": float(weight[lesion >= cut].sum() / readings.diseased.sum()),
            }
        )
    return thinned([*points, {"false_cases": 1.0, "weighted_lesions": 1.0}])
