"""The measures of a tool that measures, each on a small table."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.measurement.agreement import (
    bias,
    limits_constant_truth,
    limits_of_agreement,
    repeatability,
    variance_components,
)
from alarp.evaluation.measurement.correlation import concordance, icc, proportional_bias
from alarp.evaluation.quantiles import quantile, quantile_ratio

_PEFR = """
subject  wright  mini
1           494   512
2           395   430
3           516   520
4           434   428
5           476   500
6           557   600
7           413   364
8           442   380
9           650   658
10          433   445
11          417   432
12          656   626
13          267   260
14          478   477
15          178   259
16          423   350
17          427   451
"""
_CARDIAC = """
subject    rv    ic
1        7.83  6.57
1        7.42  5.62
1        7.89  6.90
1        7.12  6.57
1        7.88  6.35
2        6.16  4.06
2        7.26  4.29
2        6.71  4.26
2        6.54  4.09
3        4.75  4.71
3        5.24  5.50
3        4.86  5.08
3        4.78  5.02
3        6.05  6.01
3        5.42  5.67
4        4.21  4.14
4        3.61  4.20
4        3.72  4.61
4        3.87  4.68
4        3.92  5.04
5        3.13  3.03
5        2.98  2.86
5        2.85  2.77
5        3.17  2.46
5        3.09  2.32
5        3.12  2.43
6        5.92  5.90
6        6.42  5.81
6        5.92  5.70
6        6.27  5.76
7        7.13  5.09
7        6.62  4.63
7        6.58  4.61
7        6.93  5.09
8        4.54  4.72
8        4.81  4.61
8        5.11  4.36
8        5.29  4.20
8        5.39  4.36
8        5.57  4.20
9        4.48  3.17
9        4.92  3.12
9        3.97  2.96
10       4.22  4.35
10       4.65  4.62
10       4.74  3.16
10       4.44  3.53
10       4.50  3.53
11       6.78  7.20
11       6.07  6.09
11       6.52  7.00
11       6.42  7.10
11       6.41  7.40
11       5.76  6.80
12       5.06  4.50
12       4.72  4.20
12       4.90  3.80
12       4.80  3.80
12       4.90  4.20
12       5.10  4.50
"""
_RATERS = """
target  a  b  c  d
1       9  2  5  8
2       6  1  3  2
3       8  4  6  8
4       7  1  2  6
5      10  5  6  9
6       6  2  4  7
"""


def _columns(rows):
    table = np.array([[float(cell) for cell in row] for row in rows])
    return table[:, 0].astype(int), table[:, 1], table[:, 2]


def _bias(rows):
    subject, first, second = _columns(rows)
    found = bias(first - second, subject)
    return {"estimate": found.estimate, "low": found.low, "high": found.high}


def _limits(rows):
    subject, first, second = _columns(rows)
    low, high = limits_of_agreement(first - second, subject)
    return {"SD": (high.estimate - low.estimate) / 2 / 1.959964, "low": low.estimate, "high": high.estimate}


def _exact(rows):
    n = int(rows[0][0])
    differences = np.arange(n, dtype=float)
    differences = (differences - differences.mean()) / differences.std(ddof=1)
    high = limits_of_agreement(differences, np.arange(n))[1]
    return {"inner": high.low, "outer": high.high}


def _components(rows):
    subject, first, second = _columns(rows)
    found = variance_components(first - second, subject)
    return {"MS between": found.ms_between, "MS within": found.ms_within, "m0": found.weight}


def _constant(rows):
    subject, first, second = _columns(rows)
    centre, low, high = limits_constant_truth(second, first, subject)
    return {
        "within RV": variance_components(first, subject).ms_within,
        "within IC": variance_components(second, subject).ms_within,
        "mean difference": centre,
        "low": low,
        "high": high,
    }


def _repeatability(rows):
    subject, first, _ = _columns(rows)
    return {"estimate": repeatability("repeatability_output", first, subject).estimate}


def _icc(rows):
    table = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return {form: icc(table, form).estimate for form in ("1", "A,1", "C,1", "1,k", "A,k", "C,k")}


def _icc_bounds(rows):
    table = np.array([[float(cell) for cell in row[1:]] for row in rows])
    found = {form: icc(table, form) for form in ("1", "A,1", "C,1")}
    return {f"{form} {side}": getattr(m, side) for form, m in found.items() for side in ("low", "high")}


def _concordance(rows):
    _, first, second = _columns(rows)
    return {"estimate": concordance(first, second).estimate}


def _proportional(rows):
    subject, first, second = _columns(rows)
    found = proportional_bias((first + second) / 2, first - second, subject)
    return {"slope": found.estimate, "low": found.low, "high": found.high}


def _median(rows):
    found = quantile("median", np.array([float(row[0]) for row in rows]), 0.5)
    return {"estimate": found.estimate, "low": found.low, "high": found.high}


def _ratio(rows):
    values = {label: np.array([float(cell) for cell in cells]) for label, *cells in rows}
    sides = [quantile("m", values[phase], 0.5, subgroup=phase) for phase in ("after", "before")]
    return {"estimate": quantile_ratio("dose_ratio", *sides).estimate}


SPECS = [
    Spec(
        "bias",
        "Peak expiratory flow by two meters, l/min",
        "Bland and Altman 1986 (doi:10.1016/S0140-6736(86)90837-8), which prints -2.1 and -22.0 to 17.8 from rounded parts",
        _PEFR,
        _bias,
        {"estimate": -2.1176, "low": -22.0488, "high": 17.8135},
        explains=bias,
    ),
    Spec(
        "loa_low, loa_high",
        "Limits of agreement of peak expiratory flow, l/min",
        "Bland and Altman 1986: SD 38.8, mean -2.1; their limits -79.7 and 75.5 take 2 in place of 1.96",
        _PEFR,
        _limits,
        {"SD": 38.8, "low": -78.1, "high": 73.9},
        within=0.05,
        explains=limits_of_agreement,
    ),
    Spec(
        "loa_low, loa_high",
        "Exact bounds of a limit, in SD from the mean, at n = 17",
        "noncentral t quantiles over sqrt(17) (Carkeet 2015); approximately 1.96 -/+ 2.12 x 0.417 by Bland and Altman 1986",
        """
n
17
""",
        _exact,
        {"inner": 1.3149, "outer": 3.1482},
        within=5e-4,
    ),
    Spec(
        "variance components",
        "Repeated pairs of cardiac output, l/min",
        "data of Bland and Altman 1999 (doi:10.1177/096228029900800204), section 5; mean squares as statsmodels 0.15.0 "
        "anova_lm gives them; m0 by hand (60 - 312 / 60) / 11",
        _CARDIAC,
        _components,
        {"MS between": 4.209086, "MS within": 0.170714, "m0": 4.981818},
        explains=variance_components,
    ),
    Spec(
        "loa_low, loa_high (constant true value)",
        "Replicates of one true value: cardiac output, l/min",
        "data of Bland and Altman 1999, section 5.2; within-subject variances as statsmodels 0.15.0 anova_lm gives them",
        _CARDIAC,
        _constant,
        {
            "within RV": 0.107228,
            "within IC": 0.137874,
            "mean difference": 0.709236,
            "low": -1.352353,
            "high": 2.770825,
        },
        explains=limits_constant_truth,
    ),
    Spec(
        "repeatability_output",
        "Repeatability coefficient of radionuclide ventriculography, l/min",
        "by hand from the within-subject variance above: 1.96 x sqrt(2 x 0.107228)",
        _CARDIAC,
        _repeatability,
        {"estimate": 0.90766},
        explains=repeatability,
    ),
    Spec(
        "icc",
        "Four judges rate six targets",
        "Shrout and Fleiss 1979 (doi:10.1037/0033-2909.86.2.420), Tables 2 and 4, which print .17 .29 .71 .44 .62 .91",
        _RATERS,
        _icc,
        {"1": 0.17, "A,1": 0.29, "C,1": 0.71, "1,k": 0.44, "A,k": 0.62, "C,k": 0.91},
        within=0.005,
        explains=icc,
    ),
    Spec(
        "icc",
        "Intervals of the same three",
        "pingouin 0.7.0 intraclass_corr on the same table (rounded to two places there)",
        _RATERS,
        _icc_bounds,
        {
            "1 low": -0.13,
            "1 high": 0.72,
            "A,1 low": 0.02,
            "A,1 high": 0.76,
            "C,1 low": 0.34,
            "C,1 high": 0.95,
        },
        within=0.0051,
    ),
    Spec(
        "ccc",
        "Concordance correlation of the two flow meters",
        "by hand from means 450.35 and 452.47, variances over 17 of 12732.8 and 12042.4, covariance 11680.4",
        _PEFR,
        _concordance,
        {"estimate": 0.942742},
        explains=concordance,
    ),
    Spec(
        "proportional_bias",
        "Difference against mean of the two flow meters",
        "least squares on the 17 points, t with 15 degrees of freedom; agrees with statsmodels 0.15.0 OLS",
        _PEFR,
        _proportional,
        {"slope": 0.028687, "low": -0.159320, "high": 0.216695},
        explains=proportional_bias,
    ),
    Spec(
        "quantile",
        "Median of eleven values and its distribution-free interval",
        "David and Nagaraja 2003, section 7.1: the 2nd and 10th of 11 cover the median with 98.8 %, the 3rd and 9th with 93.5 %",
        """
value
1
2
3
4
5
6
7
8
9
10
11
""",
        _median,
        {"estimate": 6, "low": 2, "high": 10},
        explains=quantile,
    ),
    Spec(
        "dose_ratio",
        "Ratio of two medians",
        "by hand: 8 / 10",
        """
phase    a   b   c   d   e
before   8   9  10  11  12
after    6   7   8   9  10
""",
        _ratio,
        {"estimate": 0.8},
        explains=quantile_ratio,
    ),
]
