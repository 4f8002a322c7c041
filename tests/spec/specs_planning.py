"""The sizes of a study, each against its published number."""

from __future__ import annotations

from measure_specs import Spec

from alarp.evaluation.planning import (
    Aim,
    assurance,
    buderer,
    cases_for_auc,
    hanley_mcneil_se,
    inflated,
    riley_development,
    riley_validation,
)


def _values(rows):
    return {name: float(value) for name, value in rows}


def _buderer(rows):
    v = _values(rows)
    return {"cases": buderer(v["expected"], v["half_width"], v["prevalence"])}


def _hanley(rows):
    v = _values(rows)
    return {"standard error": hanley_mcneil_se(v["auc"], v["diseased"], v["healthy"])}


def _auc(rows):
    v = _values(rows)
    return {
        method: cases_for_auc(v["auc"], v["half_width"], v["prevalence"], method=method)
        for method in ("obuchowski", "hanley-mcneil")
    }


def _development(rows):
    v = _values(rows)
    found = riley_development(
        parameters=int(v["parameters"]), prevalence=v["prevalence"], r2_cox_snell=v["r2_cox_snell"]
    )
    return {c.name: c.n for c in found}


def _validation(rows):
    v = _values(rows)
    found = riley_validation(
        prevalence=v["prevalence"],
        auc=v["auc"],
        linear_predictor=(v["linear_predictor_mean"], v["linear_predictor_sd"]),
    )
    return {c.name: c.n for c in found if c.name != "calibration slope"}


def _assurance(rows):
    v = _values(rows)
    aim = Aim("sensitivity", v["expected"], "diseased", at_least=v["at_least"])
    return {"chance": assurance(aim, int(v["enrolled"]), v["prevalence"], level=0.95)}


def _inflated(rows):
    v = _values(rows)
    return {
        "cases": inflated(
            int(v["n"]),
            cases_per_patient=v["cases_per_patient"],
            correlation=v["correlation"],
            lost=v["lost"],
        )
    }


SPECS = [
    Spec(
        "sample_size",
        "Buderer: sensitivity 0.9 within ± 0.1 where one in five is diseased",
        "by hand: 1.96² × 0.9 × 0.1 / 0.1² = 34.6 diseased; / 0.2 = 172.9 enrolled",
        """
        value       is
        expected    0.9
        half_width  0.1
        prevalence  0.2
        """,
        _buderer,
        {"cases": 173},
        explains=buderer,
    ),
    Spec(
        "sample_size",
        "Hanley and McNeil's own example: 51 abnormal, 58 normal CT readings, AUC 0.893",
        "Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747, p. 33: standard error 0.032",
        """
        value     is
        auc       0.893
        diseased  51
        healthy   58
        """,
        _hanley,
        {"standard error": 0.032},
        within=0.0006,
        explains=hanley_mcneil_se,
    ),
    Spec(
        "sample_size",
        "An AUC of 0.7 within ± 0.07, half of the cases diseased: two models of its variance",
        "by hand: a = 1.414 × 0.5244 = 0.7415, V = 0.0099 e^(-0.2749) (10.7492 + 8.5498) = 0.1451; "
        "V / (0.07 / 1.96)² = 113.8 diseased; Hanley and McNeil's variance 0.0012755 is reached at 213",
        """
        value       is
        auc         0.7
        half_width  0.07
        prevalence  0.5
        """,
        _auc,
        {"obuchowski": 228, "hanley-mcneil": 213},
        explains=cases_for_auc,
    ),
    Spec(
        "sample_size",
        "Developing a model with 24 parameters: 662 people",
        "pmsampsize (R, CRAN), example of its documentation: type b, csrsquared 0.288, parameters 24, prevalence 0.174",
        """
        value         is
        parameters    24
        prevalence    0.174
        r2_cox_snell  0.288
        """,
        _development,
        {"shrinkage": 623, "R2 difference": 662, "overall risk": 221},
        explains=riley_development,
    ),
    Spec(
        "sample_size",
        "Validating a model with AUC 0.8 at a prevalence of 1.8 %",
        "pmvalsampsize (R, CRAN), example of its documentation: 4,252 for the AUC; 905 for observed over expected, "
        "where its search steps the standard error by 0.0001 and the exact solution is 906",
        """
        value                  is
        prevalence             0.018
        auc                    0.8
        linear_predictor_mean  -5
        linear_predictor_sd    2.5
        """,
        _validation,
        {"observed over expected": 906, "AUC": 4252},
        explains=riley_validation,
    ),
    Spec(
        "assurance",
        "Ten cases, all diseased with certainty: the chance that at least nine are found",
        "by hand: Wilson's lower bound is 0.596 for 9 of 10 and 0.490 for 8 of 10, so nine must be found of the ten; "
        "10 × 0.9⁹ × 0.1 + 0.9¹⁰ = 0.7361",
        """
        value       is
        expected    0.9
        at_least    0.55
        enrolled    10
        prevalence  0.9999999999
        """,
        _assurance,
        {"chance": 0.7361},
        explains=assurance,
    ),
    Spec(
        "sample_size",
        "Two cases a patient that resemble each other, and a tenth without a reference",
        "by hand: 100 × (1 + 1 × 0.5) / 0.9 = 166.7",
        """
        value              is
        n                  100
        cases_per_patient  2
        correlation        0.5
        lost               0.1
        """,
        _inflated,
        {"cases": 167},
        explains=inflated,
    ),
]
