"""How was the reader study designed, and how is it analysed? Declared before anyone looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.casemix import Population, parse_population
from alarp.evaluation.fields import Fields
from alarp.evaluation.mrmc.anova import FIXED, RANDOM
from alarp.evaluation.mrmc.covariances import REPLICATES
from alarp.kernel import BadInput

OR = "or"
DBM = "dbm"
U_STATISTIC = "u-statistic"
METHODS = (OR, DBM, U_STATISTIC)
COVARIANCES = ("jackknife", "delong", "unbiased", "bootstrap")
RATED = ("auc", "sensitivity", "specificity")
MARKED = ("wafroc", "afroc", "inferred-roc")
ENDPOINTS = (*RATED, *MARKED)
SEED = 20260101
_NAMES = {OR: "Obuchowski-Rockette", DBM: "Dorfman-Berbaum-Metz (Hillis)", U_STATISTIC: "Gallas U-statistics"}


@dataclass(frozen=True, slots=True)
class ReaderDesign:
    """Which factors are random, which estimator and endpoint; `ai_reader` is the reader who is the AI."""

    readers: str
    cases: str
    method: str
    covariance: str
    endpoint: str
    threshold: float | None
    ai_reader: str | None
    replicates: int
    seed: int
    multiplicity: str
    mle: bool
    normal: bool
    vendor: Population | None = None  # on whom the vendor tested

    @property
    def sentence(self) -> str:
        """How is the analysis named beside each number?"""
        if self.method == U_STATISTIC:
            kind = "MLE" if self.mle else "unbiased"
            return f"{_NAMES[self.method]} ({kind}), random readers and cases"
        drawn = f" ({self.replicates} replicates)" if self.covariance == "bootstrap" else ""
        return f"{_NAMES[self.method]}, covariance by {self.covariance}{drawn}, {self.readers} readers, {self.cases} cases"


def parse_design(
    values: Mapping[str, Any], analysis: Mapping[str, Any], *, endpoint: str, subgroups: Sequence[str] = ()
) -> ReaderDesign:
    """Which design does the protocol declare? `endpoint` is taken where it names none. BadInput names the field."""
    fields, options = Fields(values, where="design"), Fields(analysis, where="analysis")
    method = fields.choice("method", METHODS, default=OR)
    covariance = fields.choice("covariance", COVARIANCES, default="jackknife")
    design = ReaderDesign(
        readers=fields.choice("readers", (RANDOM, FIXED), default=RANDOM),
        cases=fields.choice("cases", (RANDOM, FIXED), default=RANDOM),
        method=method,
        covariance=covariance,
        endpoint=fields.choice("endpoint", ENDPOINTS, default=endpoint),
        threshold=fields.number("threshold") if fields.has("threshold") else None,
        ai_reader=fields.text("ai_reader") if fields.has("ai_reader") else None,
        replicates=_whole(options, "replicates", REPLICATES, least=200),
        seed=_whole(options, "seed", SEED, least=0),
        multiplicity=options.choice("multiplicity", ("none", "holm"), default="none"),
        mle=options.choice("u_statistic", ("unbiased", "mle"), default="unbiased") == "mle",
        normal=options.choice("interval", ("t", "normal"), default="t") == "normal",
        vendor=parse_population(options, subgroups),
    )
    fields.refuse_unknown()
    options.refuse_unknown()
    _refuse_contradictions(design, covariance_named=values.get("covariance") is not None)
    return design


def _whole(options: Fields, field: str, default: int, *, least: int) -> int:
    value = options.number(field, default=default)
    if value != int(value) or value < least:
        raise options.wrong(field, value, f"a whole number of at least {least}")
    return int(value)


def _refuse_contradictions(design: ReaderDesign, *, covariance_named: bool) -> None:
    if design.readers == FIXED and design.cases == FIXED:
        raise BadInput(
            "The protocol's fields 'design.readers' and 'design.cases' are both 'fixed': then nothing is left to "
            "chance and no interval exists; declare one of them random."
        )
    needs_threshold = design.endpoint in ("sensitivity", "specificity")
    if needs_threshold and design.threshold is None:
        raise BadInput(
            f"The protocol's field 'design.endpoint' is '{design.endpoint}' and there is no 'design.threshold': nobody "
            "set the rating from which a case counts as flagged; add it."
        )
    if design.threshold is not None and not needs_threshold:
        raise BadInput(
            f"The protocol's field 'design.threshold' has no use with the endpoint '{design.endpoint}': remove it, or "
            "choose the endpoint sensitivity or specificity."
        )
    if design.method == U_STATISTIC and FIXED in (design.readers, design.cases):
        raise BadInput(
            "The protocol's field 'design.method' is 'u-statistic', which takes readers and cases as random: declare "
            "both random, or choose 'or'."
        )
    if design.method == DBM and covariance_named and design.covariance != "jackknife":
        raise BadInput(
            f"The protocol's field 'design.covariance' is '{design.covariance}': the method 'dbm' is made of jackknife "
            "pseudovalues; remove the field, or choose the method 'or'."
        )
    if design.endpoint == "afroc" and design.covariance in ("delong", "unbiased"):
        raise BadInput(
            f"The protocol's field 'design.covariance' is '{design.covariance}', which does not exist for 'afroc' (its "
            "lesions share cases): choose jackknife or bootstrap, or the endpoint wafroc."
        )
