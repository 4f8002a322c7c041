"""The measures of reader studies, of localisation and of readers' agreement, each on a small table."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.agreement import fleiss_kappa, gwet_ac1
from alarp.evaluation.mrmc.anova import (
    Components,
    against_readers,
    components,
    difference,
    mean_of_readers,
    overall,
)
from alarp.evaluation.mrmc.covariances import delong, jackknife, unbiased
from alarp.evaluation.mrmc.matching import sphere_iou
from alarp.evaluation.mrmc.pseudovalues import components_by_pseudovalues
from alarp.evaluation.mrmc.sizing import sizing
from alarp.evaluation.mrmc.ustatistics import moments, of_two, reads
from alarp.evaluation.mrmc.wins import of_cases, of_lesions, totals

IOWA = "OR-DBM MRMC 2.51 (University of Iowa), output for the Van Dyke data"
_VAN_DYKE = """
  component   value
  modalities          2
  readers             5
  cases             114
  MS(T)        0.004796170531660283
  MS(R)        0.0038361999891090444
  MS(T*R)      0.000551030621744058
  Var(error)   0.0008022882655720671
  Cov1         0.0003466137094407323
  Cov2         0.0003440748288608894
  Cov3         0.00023902837089215387
"""
_READINGS = """
  case  truth     r1m1 r2m1 r1m2 r2m2
  a     diseased     5    3    4    5
  b     diseased     2    4    5    3
  c     diseased     4    5    3    4
  d     healthy      1    2    1    3
  e     healthy      3    1    2    2
  f     healthy      2    3    3    1
"""


def _published(rows):
    values = dict(rows)
    whole = [int(float(values[name])) for name in ("modalities", "readers", "cases")]
    rest = [
        float(values[name]) for name in ("MS(T)", "MS(R)", "MS(T*R)", "Var(error)", "Cov1", "Cov2", "Cov3")
    ]
    return Components(*whole, *rest)


def _random(rows):
    found = _published(rows)
    apart = difference(found, -0.0438003, readers="random", cases="random")
    test = overall(found, readers="random", cases="random")
    return {
        "F": test.statistic,
        "df": test.df2,
        "p": test.p,
        "standard error": apart.se,
        "low": apart.low,
        "high": apart.high,
    }


def _fixed(rows):
    found = _published(rows)
    people = overall(found, readers="fixed", cases="random")
    films = overall(found, readers="random", cases="fixed")
    return {
        "X2, fixed readers": people.statistic,
        "p, fixed readers": people.p,
        "F, fixed cases": films.statistic,
        "p, fixed cases": films.p,
    }


def _variances(rows):
    found = _published(rows)
    return {"Var(R)": found.var_r, "Var(T*R)": found.var_tr}


def _one_modality(rows):
    areas = np.array([float(row[1]) for row in rows])
    spread = np.full((5, 5), 0.00048396)
    np.fill_diagonal(spread, 0.00101410)
    found = mean_of_readers(areas, spread, readers="random", cases="random")
    return {
        "mean": found.estimate,
        "standard error": found.se,
        "df": found.df,
        "low": found.low,
        "high": found.high,
    }


def _contest(rows):
    ratings = np.array([[float(cell) for cell in row[2:]] for row in rows]).T
    return of_cases(ratings, np.array([row[1] == "diseased" for row in rows]))


def _covariances(rows):
    wins = _contest(rows)
    found = {"area r1m1": totals(wins).estimates[0]}
    for name, matrix in (
        ("jackknife", jackknife(wins)),
        ("DeLong", delong(wins)),
        ("unbiased", unbiased(wins)),
    ):
        found[f"{name} variance r1m1"], found[f"{name} covariance r1m1, r2m1"] = matrix[0, 0], matrix[0, 1]
    return found


def _pseudovalues(rows):
    wins = _contest(rows)
    by_cases = components_by_pseudovalues(wins, modalities=2, readers=2)
    by_jackknife = components(totals(wins).estimates.reshape(2, 2), jackknife(wins), cases=6)
    return {
        "error, pseudovalues minus jackknife": by_cases.error - by_jackknife.error,
        "Cov3, pseudovalues minus jackknife": by_cases.cov3 - by_jackknife.cov3,
    }


def _u_statistic(rows):
    wins = _contest(rows)
    everyone = np.ones((2, 3), bool)
    one, two = (reads(wins, groups, everyone, everyone) for groups in ([0, 1], [2, 3]))
    own = moments(one, one)
    found = of_two(one, two, own, moments(two, two), moments(one, two), mle=True, normal=True)
    return {
        "area m1": one.figure,
        "area m2": two.figure,
        "difference": found.estimate,
        "variance m1, unbiased": own.unbiased,
    }


def _alone(rows):
    areas = np.array([float(row[1]) for row in rows])
    found = against_readers(
        areas[0], areas[1:], np.diag([0.0004] + [0.0001] * 3), readers="random", cases="fixed"
    )
    return {"difference": found.estimate, "standard error": found.se, "df": found.df, "t": found.statistic}


def _planned(rows):
    values = dict(rows)
    pilot = Components(
        2, 4, 100, None, None, float(values["MS(T*R)"]),
        *(float(values[name]) for name in ("Var(error)", "Cov1", "Cov2", "Cov3")),
    )  # fmt: skip
    found = sizing(pilot, readers=6, cases=121, difference=0.05)
    return {"power": found.power, "df": found.df}


def _lesions(*, weighted):
    def compute(rows):
        cases = list(dict.fromkeys(row[0] for row in rows))
        diseased = np.array([any(r[0] == c and r[1] == "lesion" for r in rows) for c in cases])
        highest = np.full((1, len(cases)), -np.inf)
        lesion, owner, weight = [], [], []
        for case, what, share, rating in rows:
            value = -np.inf if rating == "none" else float(rating)
            if what == "lesion":
                lesion.append(value)
                owner.append(cases.index(case))
                weight.append(float(share))
            else:
                highest[0, cases.index(case)] = max(highest[0, cases.index(case)], value)
        wins = of_lesions(
            np.array([lesion]), np.array(owner), np.array(weight), highest, diseased, weighted=weighted
        )
        return {"area": totals(wins).estimates[0]}

    return compute


def _overlap(rows):
    return {
        row[0]: float(
            sphere_iou(np.array([float(row[1])]), np.array([float(row[2])]), np.array([float(row[3])]))[0]
        )
        for row in rows
    }


def _agreement(rows):
    counts = np.array([[float(cell) for cell in row[1:]] for row in rows])
    return {"Fleiss' kappa": fleiss_kappa(counts).estimate, "Gwet's AC1": gwet_ac1(counts).estimate}


_MARKED = """
  case  what     weight  rating
  d1    lesion    1        0.9
  d1    place     -        0.4
  d2    lesion    0.5     none
  d2    lesion    0.5      0.5
  h1    place     -        0.5
  h2    place     -       none
  h3    place     -       none
"""

SPECS = [
    Spec("reader_study", "Random readers and cases: Van Dyke", IOWA, _VAN_DYKE, _random,
         {"F": 4.456319, "df": 15.25967, "p": 0.0516657, "standard error": 0.02075, "low": -0.08796, "high": 0.00036},
         5e-6, difference),
    Spec("reader_study", "Fixed readers, fixed cases: Van Dyke", IOWA, _VAN_DYKE, _fixed,
         {"X2, fixed readers": 5.47595, "p, fixed readers": 0.0192798, "F, fixed cases": 8.704, "p, fixed cases": 0.0419588},
         5e-6, overall),
    Spec("reader_study", "Variance components: Van Dyke", IOWA, _VAN_DYKE, _variances,
         {"Var(R)": 0.00153500, "Var(T*R)": 0.00020040}, 5e-9, components),
    Spec("reader_study", "Mean of one modality's readers: Van Dyke, spin echo", IOWA, """
  reader  area
  1       0.91964573
  2       0.85877617
  3       0.90386473
  4       0.97310789
  5       0.82979066
""", _one_modality, {"mean": 0.89703704, "standard error": 0.03317360, "df": 12.74, "low": 0.82522, "high": 0.96885},
         5e-3, mean_of_readers),
    Spec("reader_study", "How figures vary together: three estimators",
         "by hand: r1m1 wins 3, 1.5, 3 (columns 3, 2, 2.5), r2m1 wins 2.5, 3, 3 (columns 3, 3, 2.5); left out 0.75, 1, 0.75, 0.75, 11/12, 5/6", _READINGS, _covariances,
         {"area r1m1": 0.8333333, "jackknife variance r1m1": 0.0462963, "jackknife covariance r1m1, r2m1": -0.0057870,
          "DeLong variance r1m1": 0.0370370, "DeLong covariance r1m1, r2m1": -0.0046296,
          "unbiased variance r1m1": 0.0277778, "unbiased covariance r1m1, r2m1": -0.0046296}, 5e-6, jackknife),
    Spec("reader_study", "Pseudovalues say what the jackknife says", "Hillis et al. 2005 (doi:10.1002/sim.2024)", _READINGS,
         _pseudovalues, {"error, pseudovalues minus jackknife": 0.0, "Cov3, pseudovalues minus jackknife": 0.0}, 1e-12,
         components_by_pseudovalues),
    Spec("reader_study", "U-statistics on six cases", "by hand: 16 and 17 wins over 18 pairs; (16/18)^2 - 28.5/36, 28.5 the wins of pairs that share nothing", _READINGS, _u_statistic,
         {"area m1": 0.888889, "area m2": 0.944444, "difference": -0.055556, "variance m1, unbiased": -0.0015432}, 5e-6, moments),
    Spec("reader_study", "An AI against three readers, these cases only",
         "by hand: differences 0.05, 0.03, 0.01; their standard deviation 0.02 over the root of 3", """
  reader  area
  AI      0.90
  1       0.85
  2       0.87
  3       0.89
""", _alone, {"difference": 0.03, "standard error": 0.0115470, "df": 2.0, "t": 2.598076}, 5e-6, against_readers),
    Spec("reader_study", "Power of a planned study: Franken as the pilot",
         "RJafroc, tests of SsSampleSizeKGivenJ: 6 readers, 121 cases, difference 0.05", """
  component   value
  MS(T*R)      5.0202641385127705e-05
  Var(error)   0.0015257762493344656
  Cov1         0.0007916821469504742
  Cov2         0.0004836376726811722
  Cov3         0.0005125091474260413
""", _planned, {"power": 0.8004469, "df": 5.0}, 5e-8, sizing),
    Spec("wafroc", "Weighted AFROC of two diseased and three healthy cases",
         "by hand: d1 beats all three: 3; d2: half of 2.5 (a tie with h1) and half of 1 (ties of the unmarked); 4.75 of 6", _MARKED,
         _lesions(weighted=True), {"area": 0.791667}, 5e-6, of_lesions),
    Spec("afroc", "The same, every lesion alike", "by hand: 3 + 2.5 + 1 of 9", _MARKED, _lesions(weighted=False),
         {"area": 0.722222}, 5e-6, None),
    Spec("localisation", "Overlap of two spheres", "by hand: the lens of two unit spheres a radius apart is 5/12 pi of 4/3 pi", """
  pair     apart  first  second
  apart        3      1       1
  half         1      1       1
  within       0      1       2
  same         0      1       1
""", _overlap, {"apart": 0.0, "half": 0.185185, "within": 0.125, "same": 1.0}, 5e-6, sphere_iou),
    Spec("agreement", "Fourteen readers, ten subjects, five categories",
         "Fleiss' kappa 0.210, the widely printed worked example; AC1 by hand: (0.3780 - 0.1968)/(1 - 0.1968)", """
  subject  1  2  3  4  5
  1        0  0  0  0 14
  2        0  2  6  4  2
  3        0  0  3  5  6
  4        0  3  9  2  0
  5        2  2  8  1  1
  6        7  7  0  0  0
  7        3  2  6  3  0
  8        2  5  3  2  2
  9        6  5  2  1  0
  10       0  2  2  3  7
""", _agreement, {"Fleiss' kappa": 0.210, "Gwet's AC1": 0.2256}, 5e-4, fleiss_kappa),
]  # fmt: skip
