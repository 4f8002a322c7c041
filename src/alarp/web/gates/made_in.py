"""In which room is the evidence for this criterion made? Where there is one, the gate leads there."""

from __future__ import annotations

from typing import Any

from alarp.web.deployments.parts import address

# Criterion → (what the link says, URL name of the room; it takes the deployment's slug).
ROOMS = {
    "device-registration": ("Device and papers", "device"),
    "intended-use": ("Device and papers", "device"),
    "it-readiness": ("The readiness checklist", "governance"),
    "patient-view": ("What patients said", "governance"),
    "claims": ("The claims register", "claims"),
    "due-diligence": ("The questions to the supplier", "due-diligence"),
    "local-evaluation": ("The evaluation", "protocols"),
    "option-appraisal": ("The options side by side", "costs"),
    "whole-life-cost": ("The whole-life cost", "costs"),
    "dpia": ("The data flow", "governance"),
    "connectivity": ("The connectivity self-test", "governance"),
    "safety-case": ("The safety case", "safety-case"),
    "residual-risk": ("The safety case", "safety-case"),
    "responsibilities": ("The responsibility matrix", "governance"),
    "training": ("Training and entitlement", "training"),
    "patient-information": ("Patient information", "governance"),
    "stop-rule": ("Alarm rules and review criteria", "alarms"),
    "benefit": ("The review", "review"),
    "safety-review": ("The review", "review"),
    "decommissioning": ("The retirement checklist", "retirement"),
    "data-return": ("The retirement checklist", "retirement"),
}


def room_of(criterion: str, deployment: Any) -> tuple[str, str] | None:
    """What to call the room and where it is; None for a criterion that a document alone answers."""
    if criterion not in ROOMS:
        return None
    text, name = ROOMS[criterion]
    slug = deployment.version.product.slug if name == "product" else deployment.slug
    href = address(name, slug)
    return (text, href) if href else None
