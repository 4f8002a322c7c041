"""Several readers, several cases, several modalities: what can be said beyond these? The engine under reader studies
and localisation, which differ only in what a rating is given to."""

from alarp.evaluation.mrmc.anova import (
    FIXED,
    RANDOM,
    Components,
    FTest,
    Interval,
    against_readers,
    components,
    difference,
    mean_of_readers,
    overall,
)
from alarp.evaluation.mrmc.covariances import bootstrap, covariance, delong, jackknife, unbiased
from alarp.evaluation.mrmc.pseudovalues import components_by_pseudovalues
from alarp.evaluation.mrmc.sizing import Size, cases_needed, sizing, sizing_table
from alarp.evaluation.mrmc.wins import Totals, Wins, of_cases, of_flags, of_lesions, totals

__all__ = [
    "FIXED",
    "RANDOM",
    "Components",
    "FTest",
    "Interval",
    "Size",
    "Totals",
    "Wins",
    "against_readers",
    "bootstrap",
    "cases_needed",
    "components",
    "components_by_pseudovalues",
    "covariance",
    "delong",
    "difference",
    "jackknife",
    "mean_of_readers",
    "of_cases",
    "of_flags",
    "of_lesions",
    "overall",
    "sizing",
    "sizing_table",
    "totals",
    "unbiased",
]
