"""Which parts does the file of one deployment have? Each page of it shows the same way to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from alarp.records import permissions

# Text, URL name (its page takes the deployment's slug), the action it needs; in the order of the pathway.
PARTS = (
    ("Overview", "deployment", "view_deployment"),
    ("Cost and options", "costs", "view_costs"),
    ("Device and papers", "device", "view_products"),
    ("Claims", "claims", "view_claims"),
    ("Due diligence", "due-diligence", "view_claims"),
    ("Evaluation", "protocols", "view_protocols"),
    ("Hazards", "hazards", "view_hazards"),
    ("Governance", "governance", "view_governance"),
    ("Training", "training", "view_training"),
    ("Alarms", "alarms", "view_monitoring"),
    ("Monitor", "monitor", "view_monitoring"),
    ("Health", "probe", "view_health"),
    ("Review", "review", "view_monitoring"),
)

# A page at an address of its own that belongs to another part.
BELONGS = {"safety-case": "hazards"}


@dataclass(frozen=True)
class Part:
    """One entry of a deployment's own navigation."""

    text: str
    href: str
    current: bool


def parts(person: Any, deployment: Any, path: str) -> tuple[Part, ...]:
    """The parts of this deployment that this person may open, the present one marked."""
    found = []
    for text, name, action in PARTS:
        href = address(name, deployment.slug)
        if href and permissions.allowed(person, action, deployment):
            found.append((text, href))
    here = max((href for _, href in found if path.startswith(href)), key=len, default="")
    for name, part in BELONGS.items():
        own = address(name, deployment.slug)
        here = address(part, deployment.slug) if own and path.startswith(own) else here
    return tuple(Part(text, href, href == here) for text, href in found)


def address(name: str, slug: str) -> str:
    """Where is this room of this deployment (or product)? Empty when the site has no such room."""
    try:
        return reverse(name, kwargs={"slug": slug})
    except NoReverseMatch:
        return ""
