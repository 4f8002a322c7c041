"""Ranking, resampling, subgroups and case mix, each on a small table."""

from __future__ import annotations

from math import inf

import numpy as np
from measure_specs import Spec

from alarp.evaluation.casemix import (
    Population,
    kish_n,
    raked,
    standardised_difference,
)
from alarp.evaluation.detection.auc import logit_bounds
from alarp.evaluation.gaps import adjusted_p
from alarp.evaluation.ranking import delong_covariance, steps
from alarp.evaluation.resampling import bootstrap_areas, stratified_bootstrap_auc
from alarp.evaluation.subgroups import wilson_by_group
from alarp.evaluation.transporting import transported


def _columns(rows):
    truth = np.array([row[1] == "diseased" for row in rows])
    return np.array([[float(cell) for cell in row[2:]] for row in rows]).T, truth


def _covariance(rows):
    areas, found = delong_covariance(*_columns(rows))
    return {
        "area a": areas[0],
        "area b": areas[1],
        "variance a": found[0, 0],
        "variance b": found[1, 1],
        "covariance": found[0, 1],
    }


def _logit(rows):
    area, se = (float(cell) for cell in rows[0][1:])
    low, high = logit_bounds(area, se**2, inf, level=0.95)
    return {"low": low, "high": high}


def _bootstrap(rows):
    (scores,), truth = _columns(rows)
    areas = bootstrap_areas(steps(scores, truth), replicates=100_000)
    return {
        "mean of the replicates": areas.mean(),
        "their variance": areas.var(),
        "share at 1": np.mean(areas == 1),
    }


def _groups(rows):
    events, n = (np.array([int(row[i]) for row in rows]) for i in (1, 2))
    found = wilson_by_group(events, n)
    return {
        f"{row[0]} {bound}": getattr(found, bound)[i]
        for i, row in enumerate(rows)
        for bound in ("low", "high")
    }


def _bonferroni(rows):
    return dict(zip([r[0] for r in rows], adjusted_p([float(r[1]) for r in rows], "bonferroni"), strict=True))


def _difference(rows):
    return {row[0]: standardised_difference(float(row[1]), float(row[2])) for row in rows}


def _raked(rows):
    labels = {"sex": [], "age": []}
    for sex, young, old in rows:
        for age, count in (("young", int(young)), ("old", int(old))):
            labels["sex"] += [sex] * count
            labels["age"] += [age] * count
    population = Population({"sex": {"F": 0.5, "M": 0.5}, "age": {"young": 0.5, "old": 0.5}})
    weights = raked(population, labels).values
    young_women = (np.array(labels["sex"]) == "F") & (np.array(labels["age"]) == "young")
    return {"weighted share of young women": weights[young_women].sum() / weights.sum()}


def _transported(rows):
    sex, flagged = [], []
    for group, hits, n in rows:
        sex += [group] * int(n)
        flagged += [True] * int(hits) + [False] * (int(n) - int(hits))
    population = Population({"sex": {"F": 0.8, "M": 0.2}})
    found = transported(population, {"sex": sex}, np.ones(len(sex), dtype=bool), np.array(flagged))
    return {"sensitivity": found.measures[0].estimate, "effective n": found.effective_n}


SPECS = [
    Spec(
        "auc",
        "Two correlated areas",
        "DeLong et al. 1988 (doi:10.2307/2531595), by hand: the placements of the diseased are (1, 1/2, 1) and (1, 1, "
        "1/2), those of the healthy (1, 2/3) and (2/3, 1); variances of the placements over 3 and over 2, summed",
        """
case  truth      a  b
1     diseased   4  5
2     diseased   2  4
3     diseased   5  2
4     healthy    1  3
5     healthy    3  1
""",
        _covariance,
        {
            "area a": 5 / 6,
            "area b": 5 / 6,
            "variance a": 1 / 36 + 1 / 36,
            "variance b": 1 / 36 + 1 / 36,
            "covariance": -1 / 72 - 1 / 36,
        },
        explains=delong_covariance,
    ),
    Spec(
        "auc",
        "Interval on the logit scale",
        "by hand: log(0.9 / 0.1) = 2.1972; 1.96 * 0.05 / (0.9 * 0.1) = 1.0889 to each side, turned back",
        """
what   area  standard_error
here    0.9            0.05
""",
        _logit,
        {"low": 0.751841, "high": 0.963952},
        explains=logit_bounds,
    ),
    Spec(
        "auc",
        "Stratified bootstrap: all resamples of two and two",
        "by counting: with a resampled 2s and b resampled 3s, each binomial (2, 1/2), the area is 1 - ab/4, so its mean is "
        "3/4, its variance (1.5^2 - 1) / 16, and it is 1 in 7 of 16; within the noise of 100,000 replicates",
        """
case  truth      score
1     diseased       2
2     diseased       4
3     healthy        1
4     healthy        3
""",
        _bootstrap,
        {"mean of the replicates": 0.75, "their variance": 0.078125, "share at 1": 0.4375},
        within=0.006,
        explains=stratified_bootstrap_auc,
    ),
    Spec(
        "wilson",
        "Many groups at once",
        "Newcombe 1998, Statistics in Medicine 17:857-872, Table I, method 3",
        """
example   events    n
a             81  263
b             15  148
c              0   20
d              1   29
""",
        _groups,
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
        explains=wilson_by_group,
    ),
    Spec(
        "gap",
        "Bonferroni over three comparisons",
        "by hand: three times each p, never above 1",
        """
comparison     p
first      0.010
second     0.040
third      0.500
""",
        _bonferroni,
        {"first": 0.03, "second": 0.12, "third": 1.0},
        explains=adjusted_p,
    ),
    Spec(
        "case mix",
        "Standardised difference of two shares",
        "by hand: 0.1 / sqrt((0.25 + 0.24) / 2) = 0.2020; Austin 2009 (doi:10.1002/sim.3697)",
        """
what    here  there
half     0.5    0.4
same     0.3    0.3
""",
        _difference,
        {"half": 0.202031, "same": 0.0},
        explains=standardised_difference,
    ),
    Spec(
        "case mix",
        "Raking to half women and half young",
        "by hand: raking keeps the odds ratio, (10 * 20) / (30 * 40) = 1/6, so x / (1/2 - x) = sqrt(1/6) for the share x "
        "of young women",
        """
sex  young  old
F       10   30
M       40   20
""",
        _raked,
        {"weighted share of young women": 0.144949},
        explains=raked,
    ),
    Spec(
        "case mix",
        "Sensitivity in the vendor's mix of 80 % women",
        "by hand: 0.8 * 9/10 + 0.2 * 6/10; weights 1.6 and 0.4, so (16 + 4)^2 / (10 * 1.6^2 + 10 * 0.4^2)",
        """
sex  flagged  diseased
F          9        10
M          6        10
""",
        _transported,
        {"sensitivity": 0.84, "effective n": 400 / 27.2},
        explains=transported,
    ),
    Spec(
        "case mix",
        "Effective number of weighted cases",
        "by hand: (3 + 1 + 1 + 1)^2 / (9 + 1 + 1 + 1); Kish 1965, Survey Sampling",
        """
case  weight
1          3
2          1
3          1
4          1
""",
        lambda rows: {"effective n": kish_n(np.array([float(row[1]) for row in rows]))},
        {"effective n": 3.0},
        explains=kish_n,
    ),
]
