"""What did the evaluation find, in one file that is the same on every run?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from alarp.evaluation.checklists import Checklist, fill
from alarp.evaluation.claims import MET, Verdict, judge
from alarp.evaluation.intervals import Comparison
from alarp.evaluation.locking import Lock
from alarp.evaluation.protocol import Common
from alarp.kernel import Measure

SCHEMA = "alarp.evaluation/1"
LINE = 1500  # characters: no row of a table is longer, but every table is


@dataclass(frozen=True, slots=True)
class Findings:
    """What a kind of evaluation hands over: counts, measures, comparisons, curves and remarks."""

    outcomes: dict[str, int]
    unit: str
    measures: tuple[Measure, ...]
    comparisons: tuple[Comparison, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """The whole answer: what `result.json` holds, and whether every claim was met."""

    content: dict[str, Any]

    @property
    def every_claim_met(self) -> bool:
        return all(claim["status"] == MET for claim in self.content["claims"])

    def as_json(self) -> bytes:
        """Which bytes are written and signed? Sorted keys and no clock: the same on every run."""
        return (laid_out(self.content) + "\n").encode("utf-8")


def laid_out(value: Any, indent: int = 1) -> str:
    """Which JSON text holds this value, with whatever fits on a line on one line?

    A row of a table is then a line, which people and version control compare better; and thousands of rows are written
    by the library's quick encoder, which knows no indentation.
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    if len(text) <= LINE or not isinstance(value, (Mapping, list, tuple)):
        return text
    if isinstance(value, Mapping):
        keys = sorted(value, key=str)
        parts = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {laid_out(value[key], indent + 1)}" for key in keys
        ]
    else:
        parts = [laid_out(part, indent + 1) for part in value]
    within = (",\n" + " " * indent).join(parts)
    first, last = "{}" if isinstance(value, Mapping) else "[]"
    return f"{first}\n{' ' * indent}{within}\n{' ' * (indent - 1)}{last}"


def assemble(
    protocol: Common,
    findings: Findings,
    *,
    lock: Lock | None,
    data: Mapping[str, str],
    code_version: str,
    checklists: Sequence[Checklist] = (),
) -> Result:
    """Which result follows from this protocol, these findings and these data hashes?

    Without a lock the run is exploratory: marked so on every page, and no gate takes it as an answer.
    """
    verdicts: Sequence[Verdict] = [
        judge(claim, findings.measures, findings.comparisons) for claim in protocol.claims
    ]
    reference = protocol.reference
    content = {
        "schema": SCHEMA,
        "kind": protocol.kind,
        "protocol": {
            "title": protocol.title,
            "version": protocol.version,
            "hash": protocol.hash,
            "plan_hash": protocol.plan_hash,
            "template": protocol.template,
            "adapted_from": dict(protocol.adapted_from) if protocol.adapted_from else None,
            "level": protocol.level,
            "failure_rule": protocol.failure_rule,
            "minimum_n": protocol.minimum_n,
            "exploratory": lock is None,
            "locked_at": lock.current.locked_at if lock else None,
            "locked_by": lock.key if lock else None,
            "earlier": [{"version": v.version, "hash": v.hash} for v in lock.earlier] if lock else [],
        },
        "product": {"name": protocol.product_name, "version": protocol.product_version},
        "design": protocol.design,
        "intended_use": protocol.intended_use,
        "population": protocol.population,
        "counterfactual": protocol.counterfactual,
        "unit_of_analysis": protocol.unit,
        "planned_n": protocol.planned_n,
        "reporting": dict(protocol.reporting),
        "prevalence": asdict(protocol.prevalence) if protocol.prevalence else None,
        "reference_standard": reference.description,
        "reference": asdict(reference),
        "reference_is_ai": reference.is_ai,
        "data_source": protocol.data_source,
        "enrolled": findings.outcomes["enrolled"],
        "unit": findings.unit,
        "outcomes": findings.outcomes,
        "measures": [measure.as_dict() | {"p": None} for measure in findings.measures],
        "comparisons": [comparison.as_dict() for comparison in findings.comparisons],
        "claims": [verdict.as_dict() for verdict in verdicts],
        "figures": dict(findings.figures),
        "remarks": list(findings.remarks),
        "data": dict(sorted(data.items())),
        "code_version": code_version,
    }
    return Result(content | {"checklists": fill(checklists, content)})
