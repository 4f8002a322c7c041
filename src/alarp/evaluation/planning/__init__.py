"""How many cases does a study need before it starts, and how sure can it be?"""

from alarp.evaluation.planning.assurance import Aim, assurance, enrolled_for
from alarp.evaluation.planning.plan import Plan, parse_plan, work_out
from alarp.evaluation.planning.readers import pilot_file
from alarp.evaluation.planning.sizes import (
    buderer,
    cases_for_auc,
    hanley_mcneil_se,
    inflated,
    obuchowski_variance,
    riley_development,
    riley_validation,
)

__all__ = [
    "Aim",
    "Plan",
    "assurance",
    "buderer",
    "cases_for_auc",
    "enrolled_for",
    "hanley_mcneil_se",
    "inflated",
    "obuchowski_variance",
    "parse_plan",
    "pilot_file",
    "riley_development",
    "riley_validation",
    "work_out",
]
