"""How large must this study be, over everything that is not known beforehand?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alarp.evaluation.fields import Fields
from alarp.evaluation.planning import sizes
from alarp.evaluation.planning.assurance import Aim, assurance, enrolled_for
from alarp.evaluation.planning.readers import ReadersAim, parse_readers, work_out_readers
from alarp.kernel import BadInput

_AMONG = {"sensitivity": "diseased", "specificity": "healthy"}
_SHOWN_N = 12


@dataclass(frozen=True, slots=True)
class AucAim:
    """How well must the AUC be known?"""

    expected: float
    half_width: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What the study wants to know, and what is assumed."""

    title: str
    level: float
    assurance: float
    prevalences: tuple[float, ...]
    aims: tuple[Aim, ...]
    auc: AucAim | None
    prediction: Mapping[str, Any]
    readers: ReadersAim | None
    cases_per_patient: float
    correlation: float
    lost_share: float
    sources: Mapping[str, str]

    @property
    def design_effect(self) -> float:
        return 1 + (self.cases_per_patient - 1) * self.correlation


def parse_plan(values: Any, *, pilot: Any = None) -> Plan:
    """Which plan stands in this file: a protocol with a field `plan`, or a plan alone? BadInput names the field.

    `pilot` is the content of the result file that `plan.readers.pilot` names.
    """
    if not isinstance(values, Mapping) or not isinstance(values.get("plan"), Mapping):
        raise BadInput(
            "The file has no field 'plan': add it (expected values, wanted precision, prevalence)."
        )
    fields = Fields(values["plan"], where="plan")
    plan = Plan(
        title=str(values.get("title", "Sample size")),
        level=float(values.get("level", 0.95)),
        assurance=_share(fields, "assurance", 0.8),
        prevalences=_prevalences(fields, values),
        aims=tuple(_aim(fields, name) for name in _AMONG if fields.has(name)),
        auc=_auc(fields),
        prediction=fields.mapping("prediction", optional=True),
        readers=parse_readers(fields, pilot),
        cases_per_patient=fields.number("cases_per_patient", default=1.0),
        correlation=_share(fields, "correlation", 0.0),
        lost_share=_share(fields, "lost_share", 0.0),
        sources={str(k): str(v) for k, v in fields.mapping("sources", optional=True).items()},
    )
    fields.take("n")
    fields.refuse_unknown()
    if plan.cases_per_patient < 1:
        raise fields.wrong("cases_per_patient", plan.cases_per_patient, "at least 1")
    if not plan.aims and plan.auc is None and not plan.prediction and plan.readers is None:
        raise BadInput(
            "The plan says nothing of what must be known: add 'sensitivity', 'specificity', 'auc', 'prediction' or "
            "'readers'."
        )
    if (plan.aims or plan.auc) and not plan.prevalences:
        raise BadInput(
            "The plan has no field 'prevalence': add it (a share, or a list of shares to look at)."
        )
    return plan


def _share(fields: Fields, name: str, default: float) -> float:
    value = fields.number(name, default=default)
    if not 0 <= value < 1:
        raise fields.wrong(name, value, "a share of at least 0 and below 1")
    return value


def _prevalences(fields: Fields, values: Mapping[str, Any]) -> tuple[float, ...]:
    given = fields.take("prevalence", values.get("prevalence"))
    if isinstance(given, Mapping):
        given = [given[k] for k in ("low", "estimate", "high") if given.get(k) is not None]
    shares = given if isinstance(given, list) else [] if given is None else [given]
    for share in shares:
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 < share < 1:
            raise fields.wrong("prevalence", share, "a share between 0 and 1")
    return tuple(sorted({float(share) for share in shares}))


def _aim(fields: Fields, name: str) -> Aim:
    part = Fields(fields.mapping(name), where=f"plan.{name}")
    aim = Aim(
        name,
        part.number("expected", "the value that is thought likely"),
        _AMONG[name],
        part.number("half_width") if part.has("half_width") else None,
        part.number("at_least") if part.has("at_least") else None,
    )
    part.refuse_unknown()
    if aim.half_width is None and aim.at_least is None:
        raise BadInput(f"The plan's field '{name}' wants nothing: add 'half_width', 'at_least' or both.")
    if not 0 < aim.expected < 1:
        raise part.wrong("expected", aim.expected, "a share between 0 and 1")
    if aim.at_least is not None and aim.at_least >= aim.expected:
        raise part.wrong(
            "at_least", aim.at_least, f"below the expected {aim.expected:g}, or no study can show it"
        )
    return aim


def _auc(fields: Fields) -> AucAim | None:
    if not fields.has("auc"):
        return None
    part = Fields(fields.mapping("auc"), where="plan.auc")
    aim = AucAim(
        part.number("expected", "the AUC that is thought likely"), part.number("half_width", "± how much")
    )
    part.refuse_unknown()
    if not 0.5 < aim.expected < 1 or not 0 < aim.half_width < 0.5:
        raise part.wrong(
            "expected", aim.expected, "an AUC between 0.5 and 1, with a half_width between 0 and 0.5"
        )
    return aim


def work_out(plan: Plan) -> dict[str, Any]:
    """How many must be enrolled for each aim, over the range of prevalence? Plain data for a table and a chart."""
    rows = [*_proportions(plan), *_aucs(plan), *_predictions(plan)]
    by_readers = None
    if plan.readers is not None:
        by_readers = work_out_readers(plan.readers, level=plan.level, lost=plan.lost_share)
    needed = [row["enrolled"] for row in rows if row["enrolled"] is not None]
    return {
        "title": plan.title,
        "level": plan.level,
        "assurance": plan.assurance,
        "design_effect": plan.design_effect,
        "lost_share": plan.lost_share,
        "sources": dict(plan.sources),
        "rows": rows,
        "readers": by_readers,
        "needed": max(needed) if len(needed) == len(rows) and needed else None,
        "curves": _curves(plan, max(needed, default=200)),
    }


def _enrolled(plan: Plan, n: int, *, clustered: bool = True) -> int:
    return sizes.inflated(
        n,
        cases_per_patient=plan.cases_per_patient if clustered else 1.0,
        correlation=plan.correlation,
        lost=plan.lost_share,
    )


def _row(aim: str, prevalence: float | None, n: int | None, method: str) -> dict[str, Any]:
    return {"aim": aim, "prevalence": prevalence, "enrolled": n, "method": method}


def _proportions(plan: Plan) -> list[dict[str, Any]]:
    rows = []
    for aim in plan.aims:
        for prevalence in plan.prevalences:
            share = prevalence if aim.among == "diseased" else 1 - prevalence
            if aim.half_width is not None:
                n = sizes.buderer(aim.expected, aim.half_width, share, level=plan.level)
                rows.append(_row(aim.sentence, prevalence, _enrolled(plan, n), "Buderer 1996, on average"))
            sure = enrolled_for(
                aim, prevalence, plan.assurance, level=plan.level, design_effect=plan.design_effect
            )
            found = None if sure is None else _enrolled(plan, sure, clustered=False)
            rows.append(
                _row(aim.sentence, prevalence, found, f"assurance {plan.assurance:g}, exact binomial")
            )
    return rows


def _aucs(plan: Plan) -> list[dict[str, Any]]:
    if plan.auc is None:
        return []
    words = f"AUC expected {plan.auc.expected:g}, interval within ± {plan.auc.half_width:g}"
    rows = []
    for prevalence in plan.prevalences:
        for method, name in (("hanley-mcneil", "Hanley and McNeil 1982"), ("obuchowski", "Obuchowski 1994")):
            n = sizes.cases_for_auc(
                plan.auc.expected, plan.auc.half_width, prevalence, method=method, level=plan.level
            )
            rows.append(_row(words, prevalence, _enrolled(plan, n), name))
    return rows


def _predictions(plan: Plan) -> list[dict[str, Any]]:
    rows = []
    part = Fields(plan.prediction, where="plan.prediction")
    if part.has("parameters"):
        for criterion in sizes.riley_development(
            parameters=int(part.number("parameters")),
            prevalence=part.number("prevalence", "the share with the outcome"),
            r2_cox_snell=part.number("r2_cox_snell", "the expected Cox-Snell R²"),
        ):
            rows.append(
                _row(f"develop: {criterion.name}", None, _enrolled(plan, criterion.n), criterion.source)
            )
    if part.has("auc"):
        for criterion in sizes.riley_validation(
            prevalence=part.number("prevalence", "the share with the outcome"),
            auc=part.number("auc"),
            linear_predictor=(
                part.number("linear_predictor_mean", "mean of the model's log odds"),
                part.number("linear_predictor_sd", "standard deviation of the model's log odds"),
            ),
        ):
            rows.append(
                _row(f"validate: {criterion.name}", None, _enrolled(plan, criterion.n), criterion.source)
            )
    part.refuse_unknown()
    return rows


def _curves(plan: Plan, most: int) -> list[dict[str, Any]]:
    """How does the assurance rise with the number enrolled, for each prevalence?"""
    sizes_shown = np.unique(np.linspace(0, 1.5 * most, _SHOWN_N + 1).round().astype(int))[1:]
    return [
        {
            "aim": aim.sentence,
            "prevalence": prevalence,
            "enrolled": int(n),
            "assurance": assurance(
                aim,
                int(n * (1 - plan.lost_share)),
                prevalence,
                level=plan.level,
                design_effect=plan.design_effect,
            ),
        }
        for aim in plan.aims
        for prevalence in plan.prevalences
        for n in sizes_shown
    ]
