"""The numbers of the monitors, each on a small table."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.monitoring.cusum import average_run_length, steps_for
from alarp.monitoring.drift import largest_difference, psi, shift
from alarp.monitoring.rates import wilson
from alarp.monitoring.silence import chance_of_so_few
from alarp.monitoring.turnaround import percentile, ranks
from alarp.monitoring.xmr import xmr


def _values(rows):
    return [float(row[1]) for row in rows]


def _xmr(rows):
    chart = xmr(_values(rows), screen_outliers=False)
    last = chart.limits
    return {
        "centre": last.centre,
        "mean moving range": last.mean_moving_range,
        "upper limit": last.upper,
        "lower limit": last.lower,
        "near upper limit": last.near_upper,
        "points flagged": sum(bool(p.flags) for p in chart.points),
    }


def _screened(rows):
    values = _values(rows)
    return {
        "mean moving range, all": xmr(values, screen_outliers=False).limits.mean_moving_range,
        "mean moving range, screened": xmr(values).limits.mean_moving_range,
    }


def _two_of_three(rows):
    """The number of flagged points under each reading of the rule, with limits from the first 14 points."""
    values = _values(rows)
    found = {}
    for name in ("mdc-2023", "plotthedots"):
        chart = xmr(values, fix_after_n_points=14, rule_set=name)
        found[f"{name} flags of 2 of 3"] = sum("2 of 3 near a limit" in p.flags for p in chart.points)
    return found


def _psi(rows):
    reference = np.array([int(row[1]) for row in rows])
    current = np.array([int(row[2]) for row in rows])
    return {
        "psi": psi(reference, current, smoothing=0.0),
        "psi, smoothed": psi(reference, current),
        "largest difference": largest_difference(reference, current),
    }


def _psi_chance(rows):
    reference, current = (np.array([int(v) for v in row[1:]]) for row in rows)
    found = shift(reference, current)
    return {"groups": len(found.groups), "chance": found.chance}


def _turnaround(rows):
    values = np.array(_values(rows))
    found = percentile("turnaround_p50_min", values, 0.5)
    return {"estimate": found.estimate, "low": found.low, "high": found.high, "rank low": ranks(10, 0.5)[1]}


def _silence(rows):
    return {row[0]: chance_of_so_few(int(row[1]), float(row[2])) for row in rows}


def _runs(rows):
    return {row[0]: average_run_length(float(row[1]), int(row[2]), int(row[3])) for row in rows}


def _steps(rows):
    return {row[0]: steps_for(float(row[1]), float(row[2])) for row in rows}


def _wilson(rows):
    low, high = wilson(int(rows[0][1]), int(rows[0][2]))
    return {"low": low, "high": high}


SPECS = [
    Spec(
        "xmr",
        "Limits of a small chart",
        "by hand: mean 12; moving ranges 2 4 2 0 0 4 4 4 4 0 2 4, mean 2.5; 12 ± 2.66 x 2.5; near limit 12 + 2/3 x 2.66 x 2.5",
        """
week  value
1        12
2        14
3        10
4        12
5        12
6        12
7        16
8        12
9         8
10       12
11       12
12       14
13       10
""",
        _xmr,
        {
            "centre": 12.0,
            "mean moving range": (2 + 4 + 2 + 0 + 0 + 4 + 4 + 4 + 4 + 0 + 2 + 4) / 12,
            "upper limit": 12 + 2.66 * 2.5,
            "lower limit": 12 - 2.66 * 2.5,
            "near upper limit": 12 + 2 / 3 * 2.66 * 2.5,
            "points flagged": 0,
        },
        explains=xmr,
    ),
    Spec(
        "xmr",
        "A single great jump is screened out of the mean moving range",
        "by hand: ranges 1 x 11 and 39 and 39 of 13, mean 89/13 = 6.8462, limit 3.267 x that = 22.37; the two are left out, the rest average 1",
        """
week  value
1        10
2        11
3        10
4        11
5        10
6        11
7        50
8        11
9        10
10       11
11       10
12       11
13       10
14       11
""",
        _screened,
        {"mean moving range, all": (11 + 39 + 39) / 13, "mean moving range, screened": 1.0},
    ),
    Spec(
        "xmr",
        "2 of 3: does a point beyond a limit count toward it?",
        "by hand: 14 points 10 and 12 in turn, mean 11, limits 11 ± 5.32, near 11 ± 3.547; then 15 (near), 13, 17 (beyond): under mdc-2023 15 and 17 are 2 of 3 on one side, under plotthedots 17 does not count (NHSRplotthedots issue 194)",
        """
week  value
1        10
2        12
3        10
4        12
5        10
6        12
7        10
8        12
9        10
10       12
11       10
12       12
13       10
14       12
15       15
16       13
17       17
""",
        _two_of_three,
        {"mdc-2023 flags of 2 of 3": 2, "plotthedots flags of 2 of 3": 0},
    ),
    Spec(
        "psi",
        "Two distributions on two bins",
        "by hand: shares .5 .5 and .8 .2: (.3) ln 1.6 + (-.3) ln .4 = .3 ln 4 = 0.415888; smoothed: (50.5, 50.5) of 101 and (80.5, 20.5) of 101; cumulative shares .5 and .8",
        """
bin  reference  current
low         50       80
high        50       20
""",
        _psi,
        {
            "psi": 0.3 * np.log(4),
            "psi, smoothed": 30 / 101 * np.log(80.5 / 20.5),
            "largest difference": 0.3,
        },
        explains=psi,
    ),
    Spec(
        "psi",
        "What chance alone would show",
        "by the law of Yurdakul and Naranjo 2020: chi-square with 1 degree of freedom, 99 % point 6.6349, times (1/100 + 1/100)",
        """
side       low  high
reference   50    50
current     60    40
""",
        _psi_chance,
        {"groups": 2, "chance": 6.634897 * 0.02},
        explains=shift,
    ),
    Spec(
        "turnaround",
        "The median of ten results, with its interval",
        "by hand: the 5th of 10; ranks 2 and 9 hold the median with at least 95 % (binomial: P(N <= 1) = 11/1024, P(N <= 8) = 1013/1024; 97.9 %)",
        """
result  minutes
1             1
2             2
3             3
4             4
5             5
6             6
7             7
8             8
9             9
10          100
""",
        _turnaround,
        {"estimate": 5.0, "low": 2.0, "high": 9.0, "rank low": 2},
        explains=percentile,
    ),
    Spec(
        "silence",
        "How likely are so few studies?",
        "by hand: e^-5 = 0.0067379; e^-10 (1 + 10 + 50) = 0.0027694; nothing expected: 1",
        """
night       seen  expected
none           0         5
two            2        10
unexpected     0         0
""",
        _silence,
        {"none": np.exp(-5), "two": 61 * np.exp(-10), "unexpected": 1.0},
        explains=chance_of_so_few,
    ),
    Spec(
        "cusum",
        "Average run length of the smallest CUSUM: two events in a row",
        "Feller, An Introduction to Probability Theory, XIII.7: the mean waiting time for a run of r successes is (1 - p^r) / (q p^r); for r = 2 it is (1 + p) / p^2",
        """
chance   p    steps  signal
fair     0.5      2       2
rare     0.1      2       2
""",
        _runs,
        {"fair": 6.0, "rare": 110.0},
        explains=average_run_length,
    ),
    Spec(
        "cusum",
        "In how many steps is an event counted?",
        "by the definition of Reynolds and Stoumbos 1999: ln(p1 q0 / (p0 q1)) / -ln(q1 / q0): ln 2.25 / ln 1.125 = 6.88 and ln 5.2105 / ln 1.0421 = 40.0, rounded",
        """
rates        p0    p1
doubling   0.10  0.20
fivefold   0.01  0.05
""",
        _steps,
        {"doubling": 7, "fivefold": 40},
        explains=steps_for,
    ),
    Spec(
        "wilson, in monitoring",
        "The same interval as in an evaluation",
        "Newcombe 1998, Statistics in Medicine 17:857-872, Table I, method 3, example a",
        """
example  events    n
a            81  263
""",
        _wilson,
        {"low": 0.2553, "high": 0.3662},
        explains=wilson,
    ),
]
