"""The measures of a detection tool, each on a small table."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.detection.auc import auc, newcombe_auc
from alarp.evaluation.intervals import (
    effective_n,
    holm,
    mean,
    newcombe_difference,
    proportion,
    two_proportion_z,
    wilson,
)


def _wilson(rows):
    found = {}
    for label, events, n in rows:
        found[f"{label} low"], found[f"{label} high"] = wilson(int(events) / int(n), int(n))
    return found


def _difference(rows):
    found = {}
    for label, *counts in rows:
        a, n_a, b, n_b = map(int, counts)
        first = proportion("x", np.arange(n_a) < a, level=0.95, empty="")
        second = proportion("x", np.arange(n_b) < b, level=0.95, empty="")
        _, found[f"{label} low"], found[f"{label} high"] = newcombe_difference(first, second)
    return found


def _auc(rows):
    truth = np.array([row[1] == "diseased" for row in rows])
    found = auc(np.array([float(row[2]) for row in rows]), truth, interval="delong")
    return {"estimate": found.estimate, "low": found.low, "high": found.high}


def _auc_perfect(rows):
    low, high = newcombe_auc(1.0, int(rows[0][1]), int(rows[1][1]), level=0.95)
    m, n = int(rows[0][1]), int(rows[1][1])
    size = (m + n) / 2 - 1
    spread = 1 + size * (1 - low) / (2 - low) + size * low / (1 + low)
    return {
        "high": high,
        "distance of the bound in its own standard errors": (1 - low)
        / np.sqrt(low * (1 - low) * spread / (m * n)),
    }


def _share(measure):
    def compute(rows):
        counts = {row[0]: [int(v) for v in row[1:]] for row in rows}
        (tp, fp), (fn, tn) = counts["flagged"], counts["not"]
        events, n = {
            "sensitivity": (tp, tp + fn),
            "specificity": (tn, tn + fp),
            "ppv": (tp, tp + fp),
            "npv": (tn, tn + fn),
        }[measure]
        found = proportion(measure, np.arange(n) < events, level=0.95, empty="")
        return {"estimate": found.estimate, "low": found.low, "high": found.high}

    return compute


def _clustered(rows):
    patients = np.array([ord(row[0]) for row in rows])
    return {"effective n": effective_n(np.array([row[1] == "right" for row in rows]), patients)}


def _holm(rows):
    return dict(zip([row[0] for row in rows], holm([float(row[1]) for row in rows]), strict=True))


def _mean(rows):
    values = np.array([float(row[1]) for row in rows])
    found = mean("dice", values, np.arange(len(values)), level=0.95, bounds=(0.0, 1.0))
    return {"estimate": found.estimate, "low": found.low, "high": found.high}


def _z(rows):
    (a, n_a), (b, n_b) = ([int(v) for v in row[1:]] for row in rows)
    se, z, p = two_proportion_z(a / n_a, n_a, b / n_b, n_b)
    return {"standard error": se, "z": z, "p": p}


_TWO_BY_TWO = """
          diseased  healthy
flagged         90       20
not             10       80
"""

SPECS = [
    Spec(
        "wilson",
        "Score interval of a proportion",
        "Newcombe 1998, Statistics in Medicine 17:857-872, Table I, method 3 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E)",
        """
example   events    n
a             81  263
b             15  148
c              0   20
d              1   29
""",
        _wilson,
        {
            "a low": 0.2553,
            "a high": 0.3662,
            "b low": 0.0624,
            "b high": 0.1605,
            "c low": 0.0,
            "c high": 0.1611,
            "d low": 0.0061,
            "d high": 0.1718,
        },
        explains=wilson,
    ),
    Spec(
        "sensitivity",
        "Sensitivity: flagged among the diseased",
        "by hand: 90 / 100, Wilson",
        _TWO_BY_TWO,
        _share("sensitivity"),
        {"estimate": 0.9, "low": 0.82563, "high": 0.94477},
        explains=proportion,
    ),
    Spec(
        "specificity",
        "Specificity: not flagged among the healthy",
        "by hand: 80 / 100, Wilson",
        _TWO_BY_TWO,
        _share("specificity"),
        {"estimate": 0.8, "low": 0.71117, "high": 0.86663},
        explains=proportion,
    ),
    Spec(
        "ppv",
        "PPV: diseased among the flagged",
        "by hand: 90 / 110, Wilson",
        _TWO_BY_TWO,
        _share("ppv"),
        {"estimate": 0.818182, "low": 0.735786, "high": 0.879104},
        explains=proportion,
    ),
    Spec(
        "npv",
        "NPV: healthy among the not flagged",
        "by hand: 80 / 90, Wilson",
        _TWO_BY_TWO,
        _share("npv"),
        {"estimate": 0.888889, "low": 0.80742, "high": 0.93848},
        explains=proportion,
    ),
    Spec(
        "effective_n",
        "What repeated cases of one patient are worth",
        "by hand: p = 0.75; variance of the ratio mean 4/3 x 3 / 64 = 0.0625, of eight independent cases 0.0234375; 8 / 2.6667 = 3",
        """
patient  answer
A        right
A        right
B        right
B        right
C        wrong
C        wrong
D        right
D        right
""",
        _clustered,
        {"effective n": 3.0},
        explains=effective_n,
    ),
    Spec(
        "auc",
        "AUC with DeLong's interval",
        "by hand: 8 of 9 pairs ranked right; placements 1, 1, 2/3 and 2/3, 1, 1, variance 1/27 each; standard error sqrt(2/81) = 0.157135; upper bound cut at 1",
        """
case  truth     score
1     diseased    0.8
2     diseased    0.6
3     diseased    0.4
4     healthy     0.5
5     healthy     0.3
6     healthy     0.2
""",
        _auc,
        {"estimate": 8 / 9, "low": 0.580910, "high": 1.0},
        explains=auc,
    ),
    Spec(
        "auc",
        "AUC with ties and against the declared direction",
        "by hand: pairs 1/2, 0, 0, 0 of 4; placements of the diseased 1/4, 0, of the healthy 1/4, 0; standard error sqrt(2 x (1/32)/2) = 0.176777; lower bound cut at 0",
        """
case  truth     score
1     diseased    0.4
2     diseased    0.3
3     healthy     0.4
4     healthy     0.5
""",
        _auc,
        {"estimate": 0.125, "low": 0.0, "high": 0.471476},
        explains=auc,
    ),
    Spec(
        "auc",
        "Lower bound of a perfect AUC",
        "Newcombe 2006 (doi:10.1002/sim.2324), by its definition: the bound lies 1.95996 of its own standard errors below 1",
        """
class     cases
diseased     30
healthy      60
""",
        _auc_perfect,
        {"high": 1.0, "distance of the bound in its own standard errors": 1.959964},
        explains=newcombe_auc,
    ),
    Spec(
        "difference of proportions",
        "Gap between two independent groups",
        "Newcombe 1998, Statistics in Medicine 17:873-890, Table II, method 10 (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I)",
        """
example  events_1  n_1  events_2  n_2
a              56   70        48   80
b               9   10         3   10
c               6    7         2    7
""",
        _difference,
        {
            "a low": 0.0524,
            "a high": 0.3339,
            "b low": 0.1705,
            "b high": 0.8090,
            "c low": 0.0582,
            "c high": 0.8062,
        },
        explains=newcombe_difference,
    ),
    Spec(
        "difference of proportions",
        "Could chance explain the gap?",
        "by hand: pooled 0.5, standard error sqrt(0.25 x 2 / 100) = 0.0707107, z = 0.2 / 0.0707107",
        """
group  events    n
1          60  100
2          40  100
""",
        _z,
        {"standard error": 0.0707107, "z": 2.828427, "p": 0.004678},
        explains=two_proportion_z,
    ),
    Spec(
        "holm",
        "p values after several questions",
        "by hand: 3 x 0.01; 2 x 0.03; then 0.04 may not fall below 0.06 (Holm 1979, Scandinavian Journal of Statistics 6:65-70)",
        """
question  p
first     0.01
second    0.04
third     0.03
""",
        _holm,
        {"first": 0.03, "second": 0.06, "third": 0.06},
        explains=holm,
    ),
    Spec(
        "mean",
        "Mean over cases with its t interval",
        "by hand: mean 0.8, standard deviation 0.1, t(2) = 4.302653, half width 4.302653 x 0.1 / sqrt(3); upper bound cut at 1",
        """
case  dice
1     0.7
2     0.8
3     0.9
""",
        _mean,
        {"estimate": 0.8, "low": 0.551586, "high": 1.0},
        explains=mean,
    ),
]
