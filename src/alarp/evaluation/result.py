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
        text = json.dumps(self.content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
        return (text + "\n").encode("utf-8")


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
