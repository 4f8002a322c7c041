"""Where can this person go from here?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from alarp.records import permissions
from alarp.records.assurance import switch
from alarp.records.assurance.models import HumanReading
from alarp.records.permissions import is_supplier


@dataclass(frozen=True)
class Way:
    """One entry of the navigation."""

    text: str
    href: str
    current: bool


# Text, URL name, the action it needs.
WAYS = (
    ("Board", "board", "view_board"),
    ("My work", "my-work", "view_board"),
    ("Just happened", "just-happened", "view_board"),
    ("Alerts", "alerts", "view_alerts"),
    ("Incidents", "incidents", "view_incidents"),
    ("Studies", "studies", "view_studies"),
    ("Reconciliation", "reconciliation", "view_reconciliation"),
    ("Quarantine", "quarantine", "view_quarantine"),
    ("Messages", "messages", "view_quarantine"),
    ("Opt-outs", "opt-outs", "view_opt_outs"),
    ("Read without AI", "human-reading", "view_human_reading"),
    ("Health", "route-health", "view_health"),
    ("Evaluations", "evaluations", "view_evaluations"),
    ("Products", "products", "view_products"),
    ("My competences", "competences", "view_training"),
    ("Audit", "audit", "view_audit"),
    ("People", "people", "manage_people"),
)


def ways(person: Any, path: str) -> tuple[Way, ...]:
    """The pages that this person may open, the present one marked."""
    if not getattr(person, "is_authenticated", False):
        return ()
    may = [(text, reverse(name)) for text, name, action in WAYS if permissions.allowed(person, action)]
    here = max((href for _, href in may if path.startswith(href)), key=len, default="")
    if here == "/" and path != "/" and not path.startswith(("/deployments/", "/evidence/")):
        here = ""
    return tuple(Way(text, href, href == here) for text, href in may)


def around_the_page(request: HttpRequest) -> dict[str, Any]:
    """What the layout needs on every page."""
    person = getattr(request, "user", None)
    return {"person": person, "ways": ways(person, request.path), "without_ai": without_ai(person)}


def without_ai(person: Any) -> list[HumanReading]:
    """Which sites of this person's read without AI now? Said at the top of every page."""
    if not getattr(person, "is_authenticated", False) or is_supplier(person):
        return []
    return [one for one in switch.standing() if permissions.allowed(person, "view_board", one.site)]
