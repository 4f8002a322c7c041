"""What is made of many contours: paired observers, minutes saved, dose, and a mean of skewed distances."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation import CaseOutcome, contouring
from alarp.evaluation.contouring import clinic, observers
from alarp.evaluation.contouring.acceptance import Criterion
from alarp.evaluation.contouring.averages import bootstrap_mean
from alarp.evaluation.contouring.measures import Pair
from alarp.evaluation.contouring.surface import compare

PLAN = contouring.parse(
    {
        "title": "t", "version": 1, "kind": "contouring", "cases": "c.csv", "tolerance_mm": 2,
        "columns": {"observer": "second", "edit_time_min": "e", "manual_time_min": "m"},
    }
)  # fmt: skip


def _enrolled(case, **further):
    return contouring.Enrolled(case, case, None, "r", "o", None, {}, **further)


def _moved(voxels):
    """An outline 10 voxels wide against itself moved by `voxels`: Dice 1 - voxels / 10."""
    masks = np.zeros((2, 3, 12, 30), dtype=bool)
    masks[0, :, 1:11, 5:15] = True
    masks[1, :, 1:11, 5 + voxels : 15 + voxels] = True
    return compare(masks[0], masks[1], (1.0, 1.0, 1.0), tolerance_mm=2.0)


def _observers(rows):
    pairs = []
    for case, ai, person in rows:
        result = contouring.StructureResult(
            "liver", CaseOutcome.SCORED, _moved(int(ai)), observer=_moved(int(person))
        )
        pairs.append(Pair(_enrolled(case), result, None))
    found = observers.paired(PLAN, pairs, "dice", "AI", "observer")
    return {
        "difference": found.difference, "se": found.se, "low": found.low, "high": found.high, "p": found.p,
    }  # fmt: skip


def _minutes(rows):
    enrolled = [_enrolled(c, edit_time_min=float(e), manual_time_min=float(m)) for c, e, m in rows]
    found = {m.measure: m for m in clinic.time_measures(PLAN, enrolled, set())}
    share = found["time_saving_share"]
    return {
        "time_saving_min": found["time_saving_min"].estimate,
        "time_saving_share": share.estimate,
        "low": share.low,
        "high": share.high,
    }


def _criteria(rows):
    return {
        label: float(
            Criterion(measure, side, float(limit)).kept_by(None if found == "none" else float(found))
        )
        for label, measure, side, limit, found in rows
    }


def _skewed(rows):
    values = np.array([float(row[1]) for row in rows])
    codes = np.unique([row[0] for row in rows], return_inverse=True)[1]
    low, high = bootstrap_mean(values, codes.astype(np.int64), level=0.95, seed=20260101, replicates=20000)
    return {"low": low, "high": high}


SPECS = [
    Spec(
        measure="dice, AI minus observer",
        title="The tool and a second person against one reference, four patients",
        source="by hand: differences of Dice 0.1, 0.1, 0.2, 0.2: mean 0.15, standard deviation 0.057735, standard error "
        "0.028868; t with 3 degrees of freedom 3.182446",
        table="""
            patient   AI moved by   observer moved by
            a         1             2
            b         1             2
            c         0             2
            d         1             3
        """,
        compute=_observers,
        expected={"difference": 0.15, "se": 0.0288675, "low": 0.0581307, "high": 0.2418693, "p": 0.0138468},
        explains=observers.paired,
    ),
    Spec(
        measure="time_saving_share",
        title="Minutes saved by editing instead of outlining by hand",
        source="by hand: sums 15 of 50, so 0.7 is saved; residuals -1, 1, -1, 1 of edit - 0.3 hand, standard error "
        "sqrt(4/3 x 4) / 50, t with 3 degrees of freedom 3.182446",
        table="""
            patient   editing   by hand
            a         2         10
            b         4         10
            c         5         20
            d         4         10
        """,
        compute=_minutes,
        expected={"time_saving_min": 8.75, "time_saving_share": 0.7, "low": 0.5530076, "high": 0.8469924},
        explains=clinic.time_measures,
    ),
    Spec(
        measure="acceptance",
        title="Does one outline keep a criterion? 1 yes, 0 no",
        source="by definition: a volume difference counts by its size; what could not be measured is not kept",
        table="""
            outline    measure                side       limit   found
            near       hd95_mm                at_most    5       4.9
            far        hd95_mm                at_most    5       5.1
            missed     hd95_mm                at_most    5       none
            smaller    volume_difference_ml   at_most    10      -12
        """,
        compute=_criteria,
        expected={"near": 1.0, "far": 0.0, "missed": 0.0, "smaller": 0.0},
        explains=Criterion.kept_by,
    ),
    Spec(
        measure="mean, bootstrap by patient",
        title="A mean of two patients lies between the two, and no lower than what can be",
        source="by counting: two patients drawn twice give their own mean 1 (a quarter), 9 (a quarter) or 5 (a half), so "
        "the 2.5th and 97.5th percentiles are 1 and 9",
        table="""
            patient   hd95_mm
            a         1
            b         9
        """,
        compute=_skewed,
        expected={"low": 1.0, "high": 9.0},
        explains=bootstrap_mean,
    ),
]
