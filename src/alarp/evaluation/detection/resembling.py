"""When only some cases were verified: how much do those of one patient resemble each other?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from alarp.evaluation.casemix import kish_n
from alarp.evaluation.detection.options import FLAGGED, NOT_FLAGGED
from alarp.evaluation.detection.verification import ALONE, Alike
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray

BEGG_GREENES, IPW = "begg_greenes", "ipw"


def alike(
    measure: str,
    way: str,
    answers: Mapping[str, BoolArray],
    verified: BoolArray,
    diseased: BoolArray,
    patient: Codes,
    fractions: Mapping[str, float],
) -> Alike:
    """How many times the variance of independent cases has this corrected measure?

    The linearised estimate (what it gains or loses with each case) summed by patient and squared, over its squares case
    by case (Binder 1983, doi:10.2307/1402588); never below 1. Where every case is right or wrong nothing can be
    linearised, and what counts is how the weights pile up on patients. `answers` tells for each answer which cases have it.
    """
    groups = len(np.unique(patient))
    if groups == len(patient):
        return ALONE
    right = FLAGGED if measure == "sensitivity" else NOT_FLAGGED
    counted = verified & (diseased if measure == "sensitivity" else ~diseased)
    weights = _weights(way, answers, verified, fractions) * counted
    correct = answers.get(right, np.zeros(len(patient), dtype=bool))
    total = float(weights.sum())
    if not total:
        return ALONE
    share = float(weights[correct].sum()) / total
    if share in (0.0, 1.0):
        _, code = np.unique(patient, return_inverse=True)
        together = np.bincount(code, weights=weights).astype(np.float64)
        piled = kish_n(weights) / kish_n(together)
        return Alike(max(1.0, piled), float(groups - 1))
    influence = weights * (correct - share)
    if way == BEGG_GREENES:
        influence = _with_estimated_weights(influence, correct, share, answers, verified, counted)
    return Alike(_effect(influence, patient), float(groups - 1))


def _weights(
    way: str, answers: Mapping[str, BoolArray], verified: BoolArray, fractions: Mapping[str, float]
) -> FloatArray:
    """For how many cases does each verified one stand: by the recorded fraction, or by the one that came about?"""
    weights = np.zeros(len(verified))
    for name, here in answers.items():
        seen = int((here & verified).sum())
        if way == IPW:
            weights[here] = 1.0 / fractions.get(name, 1.0)
        elif seen:
            weights[here] = int(here.sum()) / seen
    return weights


def _with_estimated_weights(
    influence: FloatArray,
    correct: BoolArray,
    share: float,
    answers: Mapping[str, BoolArray],
    verified: BoolArray,
    counted: BoolArray,
) -> FloatArray:
    """Begg and Greenes weigh by the share that was in fact verified: every case, verified or not, moves that share."""
    found = np.array(influence)
    for here in answers.values():
        seen = here & verified
        if not seen.any():
            continue
        held = float(counted[seen].mean())  # of the verified with this answer, the share that counts
        gain = (1.0 if bool(correct[here].any()) else 0.0) - share
        size = int(here.sum()) / int(seen.sum())
        found[seen] += gain * held * (1 - size)
        found[here & ~verified] += gain * held
    return found


def _effect(influence: FloatArray, patient: Codes) -> float:
    _, code = np.unique(patient, return_inverse=True)
    groups, n = int(code.max()) + 1, len(influence)
    alone = float(np.sum(influence**2)) * n / (n - 1)
    together = float(np.sum(np.bincount(code, weights=influence) ** 2)) * groups / max(1, groups - 1)
    return max(1.0, together / alone) if alone > 0 else 1.0
