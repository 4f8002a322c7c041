"""How often is the tool right, counted over every enrolled case?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alarp.evaluation.classes import UNKNOWN
from alarp.evaluation.detection.cases import Cases
from alarp.evaluation.intervals import BoolArray, Codes, FloatArray, proportion
from alarp.evaluation.outcomes import NO_OUTPUT
from alarp.evaluation.subgroups import EMPTY
from alarp.kernel import Measure


@dataclass(frozen=True, slots=True)
class Readings:
    """Cases of known truth with one answer each, the missing ones filled in by a stated rule."""

    diseased: BoolArray
    flagged: BoolArray
    suspicion: FloatArray
    patient: Codes | None


def readings(cases: Cases, *, rule: str, members: BoolArray | None = None) -> Readings:
    """How is a case counted for which the tool gave no answer?

    `worst_case` (the primary, intention-to-diagnose): as wrong, whichever the truth; `best_case`: as right;
    `as_treated`: left out. Cases without a usable reference stand outside and are counted elsewhere.
    """
    keep = cases.truth != UNKNOWN
    silent = cases.called == UNKNOWN
    if members is not None:
        keep = keep & members
    if rule == "as_treated":
        keep = keep & ~silent
    diseased = cases.truth == 1
    filled = diseased if rule == "best_case" else ~diseased
    return Readings(
        diseased=diseased[keep],
        flagged=np.where(silent, filled, cases.called == 1)[keep],
        suspicion=np.where(silent, np.where(filled, np.inf, -np.inf), cases.suspicion)[keep],
        patient=None if cases.patient is None else cases.patient[keep],
    )


def accuracy(found: Readings, *, level: float, subgroup: str = "all", suffix: str = "") -> list[Measure]:
    """How often is the tool right about the diseased, the healthy, the flagged and the not flagged?"""
    right = found.diseased == found.flagged
    among = {
        "sensitivity": found.diseased,
        "specificity": ~found.diseased,
        "ppv": found.flagged,
        "npv": ~found.flagged,
    }
    return [
        proportion(
            name + suffix,
            right[which],
            level=level,
            clusters=None if found.patient is None else found.patient[which],
            subgroup=subgroup,
            empty=EMPTY[name],
        )
        for name, which in among.items()
    ]


def failure_rate(cases: Cases, *, level: float) -> Measure:
    """For which share of the enrolled did the tool give no usable answer?"""
    failed = np.array([o in NO_OUTPUT for o in cases.outcome], dtype=bool)
    return proportion("failure_rate", failed, level=level, clusters=cases.patient, empty="no case")


def confusion(found: Readings) -> dict[str, int]:
    """How many of each kind of right and wrong at the operating point?"""
    right = found.diseased == found.flagged
    return {
        "true_positive": int((right & found.diseased).sum()),
        "false_negative": int((~right & found.diseased).sum()),
        "false_positive": int((~right & ~found.diseased).sum()),
        "true_negative": int((right & ~found.diseased).sum()),
    }
