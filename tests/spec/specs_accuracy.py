"""What detection asks beyond the two-by-two table, each on a small table."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation.detection.double_reading import compare_pathways, pathways, recalls_per_cancer
from alarp.evaluation.detection.options import Promise, Window
from alarp.evaluation.detection.paired import mcnemar, tango
from alarp.evaluation.detection.partial import compare_areas, corrected, partial_auc
from alarp.evaluation.detection.predictive import (
    TwoByTwo,
    likelihood_ratio_negative,
    likelihood_ratio_positive,
    natural_frequencies,
    npv_at_prevalence,
    ppv_at_prevalence,
)
from alarp.evaluation.detection.timing import median
from alarp.evaluation.detection.transport import against_promise, threshold_for
from alarp.evaluation.detection.verification import Stratum, begg_greenes, ipw, naive
from alarp.evaluation.intervals import proportion
from alarp.evaluation.protocol import Prevalence


def _whole(measure):
    return {"estimate": measure.estimate, "low": measure.low, "high": measure.high}


def _counts(rows):
    (tp, fp), (fn, tn) = ([int(v) for v in row[1:3]] for row in rows[:2])
    return TwoByTwo(tp, tp + fn, fp, fp + tn, float(tp + fn), float(fp + tn))


def _ratio(function):
    return lambda rows: _whole(function(_counts(rows)))


def _predictive(function, low=None, high=None, prevalence=0.03):
    where = Prevalence(prevalence, low, high, "declared")
    return lambda rows: _whole(function(_counts(rows), where))


def _people(rows):
    found = natural_frequencies(_counts(rows), 0.01)
    return {key: found[key] for key in ("found", "missed", "flagged_wrongly")}


def _ranked(rows):
    truth = np.array([row[0] == "diseased" for row in rows])
    return truth, *(np.array([float(row[i]) for row in rows]) for i in range(1, len(rows[0])))


def _partial(rows):
    truth, scores = _ranked(rows)
    plain = partial_auc(scores, truth, Window("specificity", 0.5, 1.0))
    return {"area": plain.estimate, "corrected": corrected(plain.estimate, Window("specificity", 0.5, 1.0))}


def _areas(rows):
    truth, first, second = _ranked(rows)
    found = compare_areas("auc", "a", "b", first, second, truth, Window(), level=0.95)
    return {"difference": found.difference, "standard error": found.se, "z": found.statistic, "p": found.p}


def _paired(rows):
    (_, _, first_only), (_, second_only, _) = ((row[0], int(row[1]), int(row[2])) for row in rows[:2])
    n = sum(int(v) for row in rows for v in row[1:])
    difference, low, high = tango(first_only, second_only, n)
    return {
        "difference": difference,
        "low": low,
        "high": high,
        "p (exact)": mcnemar(first_only, second_only)[1],
    }


def _strata(rows):
    return {row[0].replace("_", " "): Stratum(*(int(v) for v in row[1:4])) for row in rows}


def _corrected(measure):
    def compute(rows):
        strata = _strata(rows)
        seen = {name: stratum.verified / stratum.cases for name, stratum in strata.items()}
        found = begg_greenes(measure, strata)
        weighted, uncorrected = ipw(measure, strata, seen), naive(measure, strata)
        return {**_whole(found), "weighted": weighted.estimate, "naive": uncorrected.estimate}

    return compute


def _threshold(rows):
    cut, low, high = threshold_for(np.array([float(row[0]) for row in rows]), 0.5, level=0.8)
    return {"threshold": cut, "low": low, "high": high}


def _promised(rows):
    promised, (_, hits, n) = float(rows[0][1]), rows[1]
    local = proportion("sensitivity", np.arange(int(n)) < int(hits), level=0.95, empty="")
    found = against_promise(local, Promise(promised, None, None, None, ""), level=0.95)
    return {"difference": found.difference, "low": found.low, "high": found.high, "p": found.p}


def _median(rows):
    return _whole(median("time_saved_min", np.array([float(row[0]) for row in rows])))


def _reading(rows):
    columns = np.array([[int(v) for v in row] for row in rows])
    diseased, first, second, tool, third = (columns[:, i] for i in range(5))
    two, with_tool = pathways(
        first == 1, second == 1, tool == 1, third, where_none="recall", names=tuple("abcdefgh")
    )
    _, rows_ = compare_pathways(two, with_tool, diseased == 1, level=0.95)
    found = {row.measure: row.difference for row in rows_}
    return {
        "recall_rate": found["recall_rate"],
        "detection_rate": found["detection_rate"],
        "arbitration_rate": found["arbitration_rate"],
        "recalls for each one found, two readers": recalls_per_cancer(two.recalled, diseased == 1).estimate,
        "recalls for each one found, reader and tool": recalls_per_cancer(
            with_tool.recalled, diseased == 1
        ).estimate,
    }


_TABLE = """
            diseased   healthy
  flagged        90        20
  not            10        80
"""
_APOE = """
            diseased   healthy
  carrier       240        87
  not           178       288
"""
_HEPATIC = """
  answer       cases  diseased  healthy
  flagged        429       231       32
  not_flagged    221        27       54
"""
SPECS = [
    Spec(
        measure="lr_positive",
        title="Nine in ten of the diseased, two in ten of the healthy",
        source="by hand: 0.9 / 0.2; standard error of the log sqrt(1/90 - 1/100 + 1/20 - 1/100)",
        table=_TABLE,
        compute=_ratio(likelihood_ratio_positive),
        expected={"estimate": 4.5, "low": 3.0243, "high": 6.6958},
        explains=likelihood_ratio_positive,
    ),
    Spec(
        measure="lr_negative",
        title="One in ten of the diseased, eight in ten of the healthy",
        source="by hand: 0.1 / 0.8; standard error of the log sqrt(1/10 - 1/100 + 1/80 - 1/100)",
        table=_TABLE,
        compute=_ratio(likelihood_ratio_negative),
        expected={"estimate": 0.125, "low": 0.068869, "high": 0.226878},
        explains=likelihood_ratio_negative,
    ),
    Spec(
        measure="ppv_at_prevalence",
        title="A marker in a case-control study, carried to a prevalence of 3 %",
        source="formula of Mercaldo et al. 2007 (doi:10.1002/sim.2677) by hand: log(0.5742 x 0.03) - log(0.232 x 0.97), "
        "variance 0.4258 / (0.5742 x 418) + 0.768 / (0.232 x 375)",
        table=_APOE,
        compute=_predictive(ppv_at_prevalence),
        expected={"estimate": 0.071099, "low": 0.058871, "high": 0.085637},
        explains=ppv_at_prevalence,
    ),
    Spec(
        measure="ppv_at_prevalence",
        title="The same where the prevalence itself lies between 2 % and 5 %",
        source="by hand: on the logit scale the distances of the bounds are the roots of the sums of squares of the two "
        "sources, Zou and Donner 2008 (doi:10.1002/sim.3095)",
        table=_APOE,
        compute=_predictive(ppv_at_prevalence, low=0.02, high=0.05),
        expected={"estimate": 0.071099, "low": 0.045999, "high": 0.119072},
    ),
    Spec(
        measure="npv_at_prevalence",
        title="A marker in a case-control study, carried to a prevalence of 3 %",
        source="formula of Mercaldo et al. 2007 (doi:10.1002/sim.2677) by hand",
        table=_APOE,
        compute=_predictive(npv_at_prevalence),
        expected={"estimate": 0.983144, "low": 0.980949, "high": 0.985084},
        explains=npv_at_prevalence,
    ),
    Spec(
        measure="natural frequencies",
        title="Of 1000 people, of whom ten have the disease",
        source="by hand: 10 x 0.9, 10 x 0.1, 990 x 0.2",
        table=_TABLE,
        compute=_people,
        expected={"found": 9.0, "missed": 1.0, "flagged_wrongly": 198.0},
        explains=natural_frequencies,
    ),
    Spec(
        measure="partial_auc",
        title="Specificity from one half to 1",
        source="by hand: the curve runs (0, 1/2), (1/4, 1/2), (1/4, 1): 1/4 x 1/2 + 1/4 x 1; McClish 1989 "
        "(doi:10.1177/0272989X8900900307): (1 + (0.375 - 0.125) / (0.5 - 0.125)) / 2",
        table="""
            truth     score
            diseased    9
            diseased    6
            healthy     7
            healthy     5
            healthy     4
            healthy     3
        """,
        compute=_partial,
        expected={"area": 0.375, "corrected": 5 / 6},
        explains=partial_auc,
    ),
    Spec(
        measure="auc, two scores",
        title="Two scores for the same seven cases",
        source="by hand: of the diseased, shares of healthy below them differ by 1/2, -1/4, 1/2 (variance 3/16); of the "
        "healthy, shares of diseased above them by 1/3, 2/3, 0, 0 (variance 11/108); 3/16/3 + 11/108/4 is the squared "
        "standard error (DeLong et al. 1988, doi:10.2307/2531595)",
        table="""
            truth     first  second
            diseased    9      3
            diseased    5      9
            diseased    8      4
            healthy     6      5
            healthy     2      6
            healthy     1      1
            healthy     3      2
        """,
        compute=_areas,
        expected={"difference": 0.25, "standard error": 0.296586, "z": 0.842927, "p": 0.399269},
        explains=compare_areas,
    ),
    Spec(
        measure="sensitivity, two tools",
        title="Twenty-one children before and after, of whom eight changed",
        source="Fagerland et al. 2014 (doi:10.1002/sim.6148), airway study: Tango's interval -0.517 to -0.026, exact "
        "McNemar p 0.0703",
        table="""
            first    second_right  second_wrong
            right         1             1
            wrong         7            12
        """,
        compute=_paired,
        expected={"difference": -0.285714, "low": -0.517232, "high": -0.026003, "p (exact)": 0.070313},
        explains=tango,
    ),
    Spec(
        measure="sensitivity_begg_greenes",
        title="Liver scans, of which those flagged were verified more often",
        source="counts of Drum and Christacopoulos 1972 (J Nucl Med 13:908) as in Zhou, Obuchowski and McClish 2011, who "
        "give 0.84; by hand 429 x 231/263 / (429 x 231/263 + 221 x 27/81); logit variance 650/(429 x 221) + 32/(231 x 263) "
        "+ 54/(27 x 81)",
        table=_HEPATIC,
        compute=_corrected("sensitivity"),
        expected={
            "estimate": 0.836467,
            "low": 0.782647,
            "high": 0.879020,
            "weighted": 0.836467,
            "naive": 0.895349,
        },
        explains=begg_greenes,
    ),
    Spec(
        measure="specificity_begg_greenes",
        title="The same liver scans",
        source="Zhou, Obuchowski and McClish 2011 give 0.74; by hand 221 x 54/81 / (221 x 54/81 + 429 x 32/263)",
        table=_HEPATIC,
        compute=_corrected("specificity"),
        expected={
            "estimate": 0.738398,
            "low": 0.655508,
            "high": 0.807210,
            "weighted": 0.738398,
            "naive": 0.627907,
        },
    ),
    Spec(
        measure="threshold_for_promised_sensitivity",
        title="Eight diseased cases, a promise of one half",
        source="by hand: four of eight reach 0.6; 80 % interval from the second and the seventh largest, since one or fewer "
        "of eight, and seven or more, have probability 9/256 each (Conover 1999, 3.2)",
        table="""
            score
            0.9
            0.8
            0.7
            0.6
            0.5
            0.4
            0.3
            0.2
        """,
        compute=_threshold,
        expected={"threshold": 0.6, "low": 0.3, "high": 0.8},
        explains=threshold_for,
    ),
    Spec(
        measure="sensitivity, local against promised",
        title="80 of 100 found where 90 % were promised",
        source="Wilson's bounds 0.7112 and 0.8666 (by hand) minus 0.9; exact binomial test of 80 of 100 against 0.9",
        table="""
            what       hits    n
            promised   0.9
            local      80     100
        """,
        compute=_promised,
        expected={"difference": -0.1, "low": -0.188829, "high": -0.033367, "p": 0.002300},
        explains=against_promise,
    ),
    Spec(
        measure="time_saved_min",
        title="Nine paired differences",
        source="by hand: the fifth of nine; 95 % bounds are the second and the eighth, since 1 of 9 or fewer on one side "
        "has probability 10/512",
        table="""
            minutes
            -5
            0
            10
            20
            30
            40
            60
            90
            200
        """,
        compute=_median,
        expected={"estimate": 30.0, "low": 0.0, "high": 90.0},
        explains=median,
    ),
    Spec(
        measure="recall_rate, reader and tool",
        title="Eight cases read by two readers, a tool and an arbitration (-1: none)",
        source="by hand: two readers recall cases 1, 2, 3, 6 after arbitrating 2, 3, 7; reader and tool recall 1, 2, 3, 4, 6, "
        "8 after arbitrating 3, 4, 6, 8; where nobody arbitrated the protocol says recall; the first four are diseased",
        table="""
            diseased  reader1  reader2  tool  arbitration
               1         1        1      1       -1
               1         1        0      1        1
               1         0        1      1        1
               1         0        0      1       -1
               0         0        0      0       -1
               0         1        1      0       -1
               0         0        1      0        0
               0         0        0      1       -1
        """,
        compute=_reading,
        expected={
            "recall_rate": 0.25,
            "detection_rate": 0.125,
            "arbitration_rate": 0.125,
            "recalls for each one found, two readers": 4 / 3,
            "recalls for each one found, reader and tool": 1.5,
        },
        explains=compare_pathways,
    ),
]
