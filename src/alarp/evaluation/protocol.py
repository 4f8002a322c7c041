"""What was promised before anyone looked? The fields that protocols of every kind share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.checklists import WRITTEN
from alarp.evaluation.fields import Fields, plain
from alarp.kernel import BadInput, Design, digest

NOT_STATED = "not stated"
COUNTED_AS_WRONG = "counted as wrong"
_SAME_RULE = re.compile(r"wrong|worst|miss|fail|zero|penal|intention to diagnose|\bitd\b")
REFERENCE_KINDS = ("pathology", "follow-up", "panel", "single reader", "report text", "AI", NOT_STATED)
UNITS = ("patient", "study", "image", "lesion", "structure", "appointment", NOT_STATED)
_AI_REFERENCE = re.compile(
    r"\b(ai|a\.i\.|model|network|algorithm|automatic|auto-?contour\w*|auto-?segment\w*|"
    r"deep learning|machine learning|totalsegmentator|nnu-?net)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One promise to test: a measure, a side, a limit, and which number must keep it."""

    measure: str
    subgroup: str
    side: str  # "at_least" or "at_most"
    limit: float
    on: str  # "estimate", "low" or "high"
    a: str | None = None  # a claim about a difference: `measure` of a minus that of b
    b: str | None = None

    @property
    def sentence(self) -> str:
        """How does the claim read?"""
        which = {"estimate": "", "low": "lower bound of ", "high": "upper bound of "}[self.on]
        group = "" if self.subgroup == "all" else f" for {self.subgroup}"
        what = self.measure if self.a is None else f"{self.measure} of {self.a} minus {self.b}"
        return f"{which}{what}{group} {self.side.replace('_', ' ')} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Reference:
    """Who or what says what is true, and how blind they were to the tool's answer."""

    description: str
    kind: str
    readers: int | None
    adjudication: str
    blinded: bool | None
    is_ai: bool


@dataclass(frozen=True, slots=True)
class Prevalence:
    """How common the condition is where the tool would be used; `low` and `high` carry its own uncertainty."""

    estimate: float
    low: float | None
    high: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Common:
    """The fields that every protocol has, whatever the kind of tool."""

    title: str
    version: str
    kind: str
    product_name: str
    product_version: str
    cases: str
    subgroups: tuple[str, ...]
    claims: tuple[Claim, ...]
    failure_rule: str
    level: float
    minimum_n: int
    gap_margin: float | None
    reference: Reference
    design: str
    data_source: str
    intended_use: str
    population: str
    unit: str
    prevalence: Prevalence | None
    analysis: Mapping[str, Any]  # read and checked by each kind: it knows its own options
    counterfactual: str  # with what would have happened without the tool is its effect compared?
    reporting: Mapping[str, str]  # what only people can tell a checklist, such as who paid
    planned_n: int | None  # how many cases the sample size asked for (`alarp plan`)
    hash: str
    plan_hash: str  # the same for the same plan at another site or for another product
    template: str
    begun_at: str  # when the writing of this protocol began, so that the time to set up can be said
    adapted_from: Mapping[str, Any] | None
    declared: Mapping[str, Any]  # the whole protocol as it was written

    @property
    def alpha(self) -> float:
        return 1.0 - self.level


def protocol_hash(values: Mapping[str, Any]) -> str:
    """Which hash locks this protocol? SHA-256 of its canonical JSON: comments and order do not matter."""
    return digest(plain(values))


# What another site or another product changes without changing the plan.
_NOT_THE_PLAN = (
    "title", "version", "product", "data_source", "template", "begun_at", "adapted_from", "plan", "columns",
    "cases", "truth", "marks", "images", "reference_readings",
)  # fmt: skip


def plan_hash(values: Mapping[str, Any]) -> str:
    """Which hash names the plan: the protocol without its title, product and files?

    Two results with the same plan hash were measured by the same definitions, thresholds, margins and rules.
    """
    return digest({key: value for key, value in plain(values).items() if key not in _NOT_THE_PLAN})


def parse_common(fields: Fields, values: Mapping[str, Any], *, cases_needed: bool = True) -> Common:
    """Which common fields does the protocol declare? Raises BadInput naming the field that will not do."""
    name, version = _product(fields)
    level = fields.number("level", default=0.95)
    if not 0.5 <= level < 1:
        raise fields.wrong("level", level, "a confidence level from 0.5 to below 1, such as 0.95")
    analysis, counterfactual = _counterfactual(fields)
    fields.take("plan")  # sizes are worked out from it by `alarp plan`, which reads and checks it
    margin = fields.number("gap_margin") if fields.has("gap_margin") else None
    return Common(
        title=fields.text("title", "what is evaluated, in a few words"),
        version=fields.text("version", "which version of this protocol"),
        kind=fields.text("kind", "which kind of tool"),
        product_name=name,
        product_version=version,
        cases=fields.text("cases", "the CSV file with one row a case")
        if cases_needed
        else fields.text("cases", default=""),
        subgroups=fields.texts("subgroups"),
        claims=_claims(fields),
        failure_rule=_failure_rule(fields),
        level=level,
        minimum_n=int(fields.number("minimum_n", default=20)),
        gap_margin=margin,
        reference=_reference(fields),
        design=_design(fields),
        data_source=fields.text("data_source", default=NOT_STATED),
        intended_use=fields.text("intended_use", default=NOT_STATED),
        population=fields.text("population", default=NOT_STATED),
        unit=fields.choice("unit", UNITS, default=NOT_STATED),
        prevalence=_prevalence(fields),
        analysis=analysis,
        counterfactual=counterfactual,
        reporting=_reporting(fields),
        planned_n=_planned(fields),
        hash=protocol_hash(values),
        plan_hash=plan_hash(values),
        template=fields.text("template", default=""),
        begun_at=fields.text("begun_at", default=""),
        adapted_from=fields.mapping("adapted_from") if fields.has("adapted_from") else None,
        declared=plain(values),
    )


def _reporting(fields: Fields) -> dict[str, str]:
    """Which items of the reporting checklists do people answer? One line each, by the names of `checklists.WRITTEN`."""
    part = Fields(fields.mapping("reporting", optional=True), where="reporting")
    written = {name: part.text(name) for name in WRITTEN if part.has(name)}
    part.refuse_unknown()
    return written


def _counterfactual(fields: Fields) -> tuple[dict[str, Any], str]:
    """Which options of the analysis belong to the kind, and which counterfactual does every kind know?"""
    options = fields.mapping("analysis", optional=True)
    stated = Fields(options, where="analysis").text("counterfactual", default=NOT_STATED)
    return {name: value for name, value in options.items() if name != "counterfactual"}, stated


def _planned(fields: Fields) -> int | None:
    """How many cases did the plan ask for? The rest of `plan` is read by `alarp plan`."""
    plan = fields.mapping("plan", optional=True)
    if plan.get("n") is None:
        return None
    n = Fields(plan, where="plan").number("n")
    if n < 1 or n != int(n):
        raise fields.wrong("plan", n, "a mapping whose 'n' is a whole number of cases")
    return int(n)


def _design(fields: Fields) -> str:
    """Retrospective, silent, prospective? A reader study's `design` is a mapping and says it in `evidence`."""
    if isinstance(fields.take("design"), Mapping):
        return fields.choice("evidence", [*Design, NOT_STATED], default=NOT_STATED)
    return fields.choice("design", [*Design, NOT_STATED], default=NOT_STATED)


def _reference(fields: Fields) -> Reference:
    """Who made the truth? One line of text, or a mapping that says how."""
    value = fields.take("reference_standard", NOT_STATED)
    declared = fields.take("reference_is_ai")
    if declared is not None and not isinstance(declared, bool):
        raise fields.wrong("reference_is_ai", declared, "true or false")
    if not isinstance(value, Mapping):
        text = fields.text("reference_standard", default=NOT_STATED)
        return Reference(text, NOT_STATED, None, NOT_STATED, None, _is_ai(declared, text, NOT_STATED))
    part = Fields(value, where="reference_standard")
    kind = part.choice("kind", REFERENCE_KINDS, "one of " + ", ".join(REFERENCE_KINDS))
    text = part.text("description", default=kind)
    blinded = part.take("blinded")
    if blinded is not None and not isinstance(blinded, bool):
        raise part.wrong("blinded", blinded, "true or false")
    reference = Reference(
        description=text,
        kind=kind,
        readers=int(part.number("readers")) if part.has("readers") else None,
        adjudication=part.text("adjudication", default=NOT_STATED),
        blinded=blinded,
        is_ai=_is_ai(declared, text, kind),
    )
    part.refuse_unknown()
    return reference


def _is_ai(declared: bool | None, text: str, kind: str) -> bool:
    """Was the truth itself made by an AI? The declared field decides; a text that names one is enough."""
    return declared if declared is not None else kind == "AI" or _AI_REFERENCE.search(text) is not None


def _prevalence(fields: Fields) -> Prevalence | None:
    """How common is the condition here? A share, or a mapping with its own bounds and source."""
    if not fields.has("prevalence"):
        return None
    value = fields.take("prevalence")
    part = Fields(value if isinstance(value, Mapping) else {"estimate": value}, where="prevalence")
    found = Prevalence(
        estimate=part.number("estimate", "the share of the population that has the condition"),
        low=part.number("low") if part.has("low") else None,
        high=part.number("high") if part.has("high") else None,
        source=part.text("source", default=NOT_STATED),
    )
    part.refuse_unknown()
    low, high = found.low or found.estimate, found.high or found.estimate
    if not 0 < low <= found.estimate <= high < 1:
        raise fields.wrong("prevalence", value, "a share between 0 and 1, its bounds around it")
    return found


def _product(fields: Fields) -> tuple[str, str]:
    product = Fields(fields.mapping("product", optional=True), where="product")
    name, version = product.text("name", default=NOT_STATED), product.text("version", default=NOT_STATED)
    product.refuse_unknown()
    return name, version


def _failure_rule(fields: Fields) -> str:
    rule = fields.text("failure_rule", default=COUNTED_AS_WRONG)
    if not _SAME_RULE.search(rule.lower().replace("-", " ").replace("_", " ")):
        raise fields.wrong(
            "failure_rule",
            rule,
            f"'{COUNTED_AS_WRONG}', the only rule by which a tool cannot gain by failing (best case, worst case "
            "and as treated are always reported beside it)",
        )
    return COUNTED_AS_WRONG


def _claims(fields: Fields) -> tuple[Claim, ...]:
    rows = fields.take("claims", [])
    if not isinstance(rows, list):
        raise fields.wrong("claims", rows, "a list")
    return tuple(_claim(row, number) for number, row in enumerate(rows, start=1))


def _claim(row: Any, number: int) -> Claim:
    if not isinstance(row, Mapping):
        raise BadInput(
            f"The protocol's claim {number} is {row!r}: write it as a mapping of measure and limit."
        )
    fields = Fields(row, where=f"claims[{number}]")
    sides = [side for side in ("at_least", "at_most") if fields.has(side)]
    if len(sides) != 1:
        raise BadInput(f"The protocol's claim {number} needs exactly one of 'at_least' and 'at_most'.")
    claim = Claim(
        measure=fields.text("measure", "which measure is promised"),
        subgroup=fields.text("subgroup", default="all"),
        side=sides[0],
        limit=fields.number(sides[0]),
        on=fields.choice("on", ["estimate", "low", "high"], default="estimate"),
        a=fields.text("a") if fields.has("a") else None,
        b=fields.text("b") if fields.has("b") else None,
    )
    fields.refuse_unknown()
    if (claim.a is None) != (claim.b is None):
        raise BadInput(
            f"The protocol's claim {number} names only one of 'a' and 'b': a difference needs both."
        )
    return claim
