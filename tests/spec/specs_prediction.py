"""The measures of a tool that states a probability, each on a small table."""

from __future__ import annotations

import numpy as np
from measure_specs import Spec

from alarp.evaluation import calibration
from alarp.evaluation.prediction.policy import gain, net_benefit

_TWENTY = """
patient  probability  happened
1               0.05         0
1               0.10         0
2               0.10         1
2               0.15         0
3               0.20         0
3               0.25         0
4               0.30         1
4               0.30         0
5               0.35         0
5               0.40         1
6               0.45         0
6               0.50         1
7               0.55         0
7               0.60         1
8               0.65         1
8               0.70         0
9               0.75         1
9               0.80         1
10              0.90         1
10              0.95         1
"""


def _arrays(rows):
    table = np.array([[float(cell) for cell in row] for row in rows])
    return table[:, 1], table[:, 2] == 1, table[:, 0].astype(int)


def _measure(function):
    def compute(rows):
        probability, happened, _ = _arrays(rows)
        found = function(probability, happened)
        return {"estimate": found.estimate, "low": found.low, "high": found.high}

    return compute


def _clustered_slope(rows):
    probability, happened, patient = _arrays(rows)
    found = calibration.calibration_slope(probability, happened, clusters=patient)
    return {"estimate": found.estimate, "se": (found.high - found.low) / 2 / 2.262157}  # t on 9 patients


def _ici(rows):
    probability, happened, _ = _arrays(rows)
    return {"estimate": calibration.ici(probability, happened)}


def _ece(rows):
    probability, happened, _ = _arrays(rows)
    return {"estimate": calibration.ece(probability, happened, bins=5, by="width")}


def _scaled(rows):
    probability, happened, _ = _arrays(rows)
    return {"estimate": calibration.brier_scaled(probability, happened).estimate}


def _net_benefit(rows):
    probability, happened, _ = _arrays(rows)
    return {
        "at 0.2": net_benefit(probability, happened, 0.2).estimate,
        "at 0.5": net_benefit(probability, happened, 0.5).estimate,
    }


def _gain(rows):
    probability, happened, _ = _arrays(rows)
    return {"top 20 %": gain(probability, happened, 0.2), "top 65 %": gain(probability, happened, 0.65)}


_PEER = "statsmodels 0.15.0 and scikit-learn 1.9.1 on the same table: "
SPECS = [
    Spec(
        "calibration_slope",
        "Twenty stated probabilities",
        _PEER + "Logit of the outcome on the log odds, Wald interval",
        _TWENTY,
        _measure(calibration.calibration_slope),
        {"estimate": 0.941388, "low": 0.022610, "high": 1.860167},
        explains=calibration.calibration_slope,
    ),
    Spec(
        "calibration_slope",
        "The same, two cases a patient",
        _PEER + "GLM with clustered covariance without correction, standard error times sqrt(10 / 9)",
        _TWENTY,
        _clustered_slope,
        {"estimate": 0.941388, "se": 0.412121},
    ),
    Spec(
        "calibration_intercept",
        "Twenty stated probabilities, slope held at 1",
        _PEER + "binomial GLM of a constant with the log odds as offset",
        _TWENTY,
        _measure(calibration.calibration_intercept),
        {"estimate": 0.269753, "low": -0.772390, "high": 1.311896},
        explains=calibration.calibration_intercept,
    ),
    Spec(
        "oe_ratio",
        "Observed over expected",
        "by hand: 10 / 9.05; standard error of the log sqrt(0.5 / 10)",
        _TWENTY,
        _measure(calibration.observed_expected),
        {"estimate": 1.104972, "low": 0.712881, "high": 1.712718},
        explains=calibration.observed_expected,
    ),
    Spec(
        "calibration_in_the_large",
        "Observed minus expected, a share of cases",
        "by hand: (10 - 9.05) / 20, t with 19 degrees of freedom",
        _TWENTY,
        _measure(calibration.in_the_large),
        {"estimate": 0.0475, "low": -0.156429, "high": 0.251429},
        explains=calibration.in_the_large,
    ),
    Spec(
        "brier",
        "Brier score of twenty probabilities",
        _PEER
        + "brier_score_loss; below the t interval of the mean, above Hall's 1992 for its skewness, by hand",
        _TWENTY,
        _measure(calibration.brier),
        {"estimate": 0.182625, "low": 0.082516, "high": 0.342138},
        explains=calibration.brier,
    ),
    Spec(
        "brier_scaled",
        "Scaled Brier score",
        "by hand: 1 - 0.182625 / 0.25",
        _TWENTY,
        _scaled,
        {"estimate": 0.2695},
        explains=calibration.brier_scaled,
    ),
    Spec(
        "ici",
        "Mean distance of the isotonic curve from the diagonal",
        _PEER + "IsotonicRegression, mean of |curve - probability|",
        _TWENTY,
        _ici,
        {"estimate": 0.0675},
        explains=calibration.ici,
    ),
    Spec(
        "ece",
        "Expected calibration error in five bins of equal width",
        "by hand: (|1 - 0.4| + |1 - 1.4| + |2 - 1.9| + |3 - 2.7| + |3 - 2.65|) / 20",
        _TWENTY,
        _ece,
        {"estimate": 0.0875},
        explains=calibration.ece,
    ),
    Spec(
        "net_benefit",
        "Net benefit at two thresholds",
        "by hand (Vickers and Elkin 2006, doi:10.1177/0272989X06295361): at 0.2, 9/20 - 7/20 x 0.25; at 0.5, 7/20 - 2/20",
        _TWENTY,
        _net_benefit,
        {"at 0.2": 0.3625, "at 0.5": 0.25},
        explains=net_benefit,
    ),
    Spec(
        "gain, lift",
        "Outcomes reached in the top of the list",
        "by hand: the top 4 of 20 hold 4 of 10; the 13th place falls on the two tied at 0.30 (one outcome): 8 + 1/2 of 10",
        _TWENTY,
        _gain,
        {"top 20 %": 0.4, "top 65 %": 0.85},
        explains=gain,
    ),
]
