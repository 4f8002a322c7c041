"""The measures of image enhancement, dose and change in the department, each on a small table."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.before_after import Period, rates, run_chart
from alarp.evaluation.enhancement.quality import hodges_lehmann, paired_difference
from alarp.evaluation.gaps import mean_gap

_HAMILTON = """
patient  first  second
1        1.83   0.878
2        0.50   0.647
3        1.62   0.598
4        2.48   2.05
5        1.68   1.06
6        1.88   1.29
7        1.55   1.06
8        3.06   3.14
9        1.30   1.29
"""
_MONTHS = """
phase    month  repeats  exposures
before   1           60       1000
before   2           50       1000
before   3           70       1000
after    4           40       1000
after    5           30       1000
after    6           50       1000
"""
_READERS = """
case  reader  difference
1     A                1
1     B                1
2     A                0
2     B               -1
3     A               -1
3     B                0
"""


def _differences(rows):
    return np.array([float(row[2]) - float(row[1]) for row in rows])


def _hodges_lehmann(rows):
    found = hodges_lehmann(_differences(rows), np.arange(len(rows)))
    return {"estimate": found.estimate, "low": found.low, "high": found.high}


def _paired(rows):
    found = paired_difference(_differences(rows), np.arange(len(rows)), None)
    low, high = found.bounds(0.95)
    return {"estimate": found.estimate, "low": low, "high": high, "p beyond -1": found.beyond(-1.0)}


def _two_way(rows):
    case, reader = (np.array([ord(row[i]) for row in rows]) for i in (0, 1))
    found = paired_difference(np.array([float(row[2]) for row in rows]), case, reader)
    return {"estimate": found.estimate, "variance": found.se**2, "df": found.df}


def _rates(rows):
    periods = [Period(month, phase, int(events), int(total)) for phase, month, events, total in rows]
    measures, (change,) = rates("repeat_rate_per_1000", periods, per=1000)
    return {
        "before": measures[0].estimate,
        "after": measures[1].estimate,
        "difference": change.difference,
        "z": change.statistic,
        "median before": run_chart(periods, per=1000)["median"],
    }


def _welch(rows):
    values = {label: np.array([float(cell) for cell in cells]) for label, *cells in rows}
    found = mean_gap("bias", "a", values["a"], values["b"], (None, None), 0.95).comparison
    return {"difference": found.difference, "t": found.statistic, "df": found.df}


SPECS = [
    Spec(
        "quality_hodges_lehmann",
        "Hamilton depression scores of nine patients, before and after",
        "Hollander and Wolfe 1973, examples 3.1, 3.3 and 3.4: estimate -0.46; the signed-rank interval of 96.1 % is -0.786 to -0.010",
        _HAMILTON,
        _hodges_lehmann,
        {"estimate": -0.46, "low": -0.786, "high": -0.010},
        explains=hodges_lehmann,
    ),
    Spec(
        "quality_difference",
        "The same scores as amounts: paired t, and how far from a margin of -1",
        "by hand: mean -0.43189, SD 0.42696, t with 8 degrees of freedom; (-0.43189 + 1) / 0.14232 = 3.992",
        _HAMILTON,
        _paired,
        {"estimate": -0.43189, "low": -0.76000, "high": -0.10378, "p beyond -1": 0.001996},
        explains=paired_difference,
    ),
    Spec(
        "quality_difference",
        "Two readers of three cases: clustered by case and by reader",
        "by hand: by case 3/2 x (4 + 1 + 1)/36 = 0.25, by reader 0, by pair 6/5 x 4/36 = 0.133333; the largest part holds",
        _READERS,
        _two_way,
        {"estimate": 0.0, "variance": 0.25, "df": 1},
    ),
    Spec(
        "rates before and after",
        "Repeated images for every 1000 exposures",
        "by hand: 180 and 120 of 3000; pooled z = 0.02 / sqrt(0.05 x 0.95 x 2 / 3000)",
        _MONTHS,
        _rates,
        {"before": 60, "after": 40, "difference": -20, "z": -3.554093, "median before": 60},
        explains=rates,
    ),
    Spec(
        "gap of two means",
        "Welch's t of a subgroup against the rest",
        "by hand: means 3 and 6, variances 2.5 and 10: t = -3 / sqrt(0.5 + 2), df = 2.5^2 / (0.25 / 4 + 4 / 4)",
        """
group  1  2  3  4   5
a      1  2  3  4   5
b      2  4  6  8  10
""",
        _welch,
        {"difference": -3, "t": -1.897367, "df": 5.882353},
        explains=mean_gap,
    ),
]
