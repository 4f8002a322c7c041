"""What was promised before anyone looked? The fields that protocols of every kind share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.fields import Fields, plain
from alarp.kernel import BadInput, Design, digest

NOT_STATED = "not stated"
COUNTED_AS_WRONG = "counted as wrong"
_SAME_RULE = {COUNTED_AS_WRONG, "wrong", "worst", "worst case", "missed", "failed", "intention to diagnose"}
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

    @property
    def sentence(self) -> str:
        """How does the claim read?"""
        which = {"estimate": "", "low": "lower bound of ", "high": "upper bound of "}[self.on]
        group = "" if self.subgroup == "all" else f" for {self.subgroup}"
        return f"{which}{self.measure}{group} {self.side.replace('_', ' ')} {self.limit:g}"


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
    reference_standard: str
    reference_is_ai: bool
    design: str
    data_source: str
    hash: str

    @property
    def alpha(self) -> float:
        return 1.0 - self.level


def protocol_hash(values: Mapping[str, Any]) -> str:
    """Which hash locks this protocol? SHA-256 of its canonical JSON: comments and order do not matter."""
    return digest(plain(values))


def parse_common(fields: Fields, values: Mapping[str, Any]) -> Common:
    """Which common fields does the protocol declare? Raises BadInput naming the field that will not do."""
    name, version = _product(fields)
    reference = fields.text("reference_standard", default=NOT_STATED)
    level = fields.number("level", default=0.95)
    if not 0.5 <= level < 1:
        raise fields.wrong("level", level, "a confidence level from 0.5 to below 1, such as 0.95")
    margin = fields.number("gap_margin") if fields.has("gap_margin") else None
    return Common(
        title=fields.text("title", "what is evaluated, in a few words"),
        version=fields.text("version", "which version of this protocol"),
        kind=fields.text("kind", "'detection' or 'contouring'"),
        product_name=name,
        product_version=version,
        cases=fields.text("cases", "the CSV file with one row a case"),
        subgroups=fields.texts("subgroups"),
        claims=_claims(fields),
        failure_rule=_failure_rule(fields),
        level=level,
        minimum_n=int(fields.number("minimum_n", default=20)),
        gap_margin=margin,
        reference_standard=reference,
        reference_is_ai=_reference_is_ai(fields, reference),
        design=fields.choice("design", [*Design, NOT_STATED], default=NOT_STATED),
        data_source=fields.text("data_source", default=NOT_STATED),
        hash=protocol_hash(values),
    )


def _product(fields: Fields) -> tuple[str, str]:
    product = Fields(fields.mapping("product", optional=True), where="product")
    name, version = product.text("name", default=NOT_STATED), product.text("version", default=NOT_STATED)
    product.refuse_unknown()
    return name, version


def _failure_rule(fields: Fields) -> str:
    rule = fields.text("failure_rule", default=COUNTED_AS_WRONG)
    if rule.lower().replace("-", " ").replace("_", " ") not in _SAME_RULE:
        raise fields.wrong(
            "failure_rule",
            rule,
            f"'{COUNTED_AS_WRONG}', the only rule by which a tool cannot gain by failing (best case, worst case "
            "and as treated are always reported beside it)",
        )
    return COUNTED_AS_WRONG


def _reference_is_ai(fields: Fields, reference: str) -> bool:
    """Was the truth itself made by an AI? The declared field decides; a text that names one is enough."""
    declared = fields.take("reference_is_ai")
    if declared is not None and not isinstance(declared, bool):
        raise fields.wrong("reference_is_ai", declared, "true or false")
    return declared if declared is not None else _AI_REFERENCE.search(reference) is not None


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
    )
    fields.refuse_unknown()
    return claim
