"""What does an evidence page say: what it claims, about what, until when, and where it counts?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from alarp.web import shapes

MOST_LINES = 400


@dataclass(frozen=True)
class Use:
    """A criterion that this evidence answers."""

    deployment: str
    slug: str
    gate: str
    gate_title: str
    criterion: str


@dataclass(frozen=True)
class EvidencePage:
    card: shapes.EvidenceCard
    verdict: str
    stands: bool
    supersedes: tuple[str, str] | None
    superseded_by: tuple[tuple[str, str], ...]
    withdrawn: tuple[str, datetime, str] | None
    uses: tuple[Use, ...]
    document: tuple[str, str, str] | None
    keyid: str
    body: str
    evaluation: bool


def page(
    evidence: Any, *, verdict: str, stands: bool, titles: Mapping[str, str], today: date
) -> EvidencePage:
    """One row of evidence, with what its signature says right now."""
    withdrawal = getattr(evidence, "withdrawal", None)
    older = evidence.supersedes
    body = evidence.body if isinstance(evidence.body, dict) else {}
    signatures = evidence.envelope.get("signatures", []) if isinstance(evidence.envelope, dict) else []
    return EvidencePage(
        card=shapes.evidence_card(evidence, today),
        verdict=verdict,
        stands=stands,
        supersedes=(older.title, older.sha256) if older else None,
        superseded_by=tuple((e.title, e.sha256) for e in evidence.superseded_by.all()),
        withdrawn=(str(withdrawal.by), withdrawal.at, withdrawal.reason) if withdrawal else None,
        uses=tuple(
            Use(
                str(a.deployment),
                a.deployment.slug,
                a.gate,
                titles.get(a.gate, a.gate),
                shapes.words(a.criterion),
            )
            for a in evidence.answers.all()
        ),
        document=(evidence.document_name or "document", evidence.document_type, evidence.document_sha256)
        if evidence.document_sha256
        else None,
        keyid=str(signatures[0].get("keyid", "")) if signatures else "",
        body=pretty(body),
        evaluation=is_evaluation(body),
    )


def is_evaluation(body: Any) -> bool:
    """Is this the result of `alarp evaluate`?"""
    return isinstance(body, dict) and str(body.get("schema", "")).startswith("alarp.evaluation/")


def pretty(body: Mapping[str, Any]) -> str:
    """What the signature covers, as a person can read it; long results are cut, the export is whole."""
    if not body:
        return ""
    lines = json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True).splitlines()
    cut = [f"… {len(lines) - MOST_LINES} more lines in the export"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *cut])
