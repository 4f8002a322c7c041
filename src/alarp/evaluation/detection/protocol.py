"""What does a protocol for detection or triage promise and declare?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.claims import require_known
from alarp.evaluation.fields import Fields
from alarp.evaluation.protocol import Common, parse_common
from alarp.kernel import BadInput

DISEASE = "disease"
NO_DISEASE = "no disease"
_HEADLINE = ("sensitivity", "specificity", "ppv", "npv", "auc")
VARIANTS = ("best_case", "worst_case", "as_treated")
MEASURE_NAMES = (*_HEADLINE, "failure_rate", *(f"{m}_{v}" for m in _HEADLINE for v in VARIANTS))


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of the table plays which part?"""

    case: str
    truth: str
    score: str | None
    decision: str | None
    patient: str | None
    outcome: str | None
    subgroups: dict[str, str]  # a subgroup's name -> its column


@dataclass(frozen=True, slots=True)
class DetectionProtocol:
    """A locked plan for a tool that flags cases, by a score, a decision or both."""

    common: Common
    columns: Columns
    truth: str | None  # a second table, when truth is kept apart from the outputs
    positive: str
    negative: str | None
    indeterminate: tuple[str, ...]
    higher_means: str | None
    threshold: float | None


def parse(values: Mapping[str, Any]) -> DetectionProtocol:
    """Which detection protocol is this? Raises BadInput naming the field that is missing, unknown or wrong."""
    fields = Fields(values)
    common = parse_common(fields, values)
    columns = _columns(fields, common.subgroups)
    protocol = DetectionProtocol(
        common=common,
        columns=columns,
        truth=fields.text("truth") if fields.has("truth") else None,
        positive=fields.text("positive", "the truth value that means disease"),
        negative=fields.text("negative") if fields.has("negative") else None,
        indeterminate=fields.texts("indeterminate"),
        higher_means=_direction(fields, columns),
        threshold=fields.number("threshold") if fields.has("threshold") else None,
    )
    fields.refuse_unknown()
    if protocol.threshold is None and columns.decision is None:
        raise BadInput(
            "The protocol has no field 'threshold' and names no 'columns.decision': nobody set the operating "
            "point; add the threshold that was agreed before looking, or name the column with the tool's decision."
        )
    require_known(common.claims, MEASURE_NAMES, kind=common.kind)
    return protocol


def _columns(fields: Fields, subgroups: tuple[str, ...]) -> Columns:
    names = Fields(
        fields.mapping("columns", "which column is the case, the truth, the score"), where="columns"
    )

    def optional(role: str) -> str | None:
        return names.text(role) if names.has(role) else None

    columns = Columns(
        case=names.text("case", "the column with the case's name"),
        truth=names.text("truth", "the column with the reference standard's answer"),
        score=optional("score"),
        decision=optional("decision"),
        patient=optional("patient"),
        outcome=optional("outcome"),
        subgroups={name: optional(name) or name for name in subgroups},
    )
    names.refuse_unknown()
    if columns.score is None and columns.decision is None:
        raise BadInput(
            "The protocol has no field 'columns.score': name the column with the tool's score or decision."
        )
    return columns


def _direction(fields: Fields, columns: Columns) -> str | None:
    if columns.score is None:
        fields.take("higher_means")
        return None
    return fields.choice(
        "higher_means",
        [DISEASE, NO_DISEASE],
        "'disease' or 'no disease': the direction of a score is never guessed",
    )
