"""Which table stands for a hazard, and which digest for a revision and for a whole log?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alarp.kernel import digest
from alarp.safety import Control, Hazard, Score


def as_table(hazard: Hazard) -> dict[str, Any]:
    """The hazard in the form that an import reads, with its status; acceptances are not the log's own words."""
    return {
        **described(hazard),
        "controls": [_control(c) for c in hazard.controls],
        "status": hazard.status.value,
        "status_because": hazard.status_because,
        "transferred_to": hazard.transferred_to,
        "reopened_because": hazard.reopened_because,
    }


def described(hazard: Hazard) -> dict[str, Any]:
    """What one revision says."""
    return {
        "number": hazard.number,
        "name": hazard.name,
        "description": hazard.description,
        "effect": hazard.effect,
        "harm": hazard.harm,
        "causes": list(hazard.causes),
        "existing_controls": list(hazard.existing_controls),
        "initial": _score(hazard.initial),
        "residual": _score(hazard.residual),
        "measured_by": hazard.measured_by,
        "rationale": hazard.rationale,
        "leans_on": list(hazard.leans_on),
        "monitors": [[w.monitor, w.limit] for w in hazard.monitors],
        "owner": hazard.owner.value,
        "created_by": hazard.created_by,
        "references": list(hazard.references),
    }


def _score(score: Score | None) -> dict[str, Any] | None:
    if score is None:
        return None
    return {"severity": score.severity, "likelihood": score.likelihood, "patients": score.patients.value}


def _control(control: Control) -> dict[str, Any]:
    return {
        "number": control.number,
        "text": control.text,
        "category": control.category.value,
        "mechanism": control.mechanism,
        "state": control.state.value,
        "owner_role": control.owner_role,
        "due": control.due.isoformat() if control.due else "",
        "evidence": control.evidence,
    }


def revision_digest(deployment: str, revision: int, scheme: str, hazard: Hazard) -> str:
    """Which digest is an acceptance bound to? It names the deployment, the revision and all that it says."""
    return digest(
        {"deployment": deployment, "revision": revision, "scheme": scheme, "hazard": described(hazard)}
    )


def log_snapshot(scheme: str, hazards: Iterable[Hazard]) -> dict[str, Any]:
    """The whole log as data."""
    return {"scheme": scheme, "hazards": [as_table(h) for h in hazards]}
