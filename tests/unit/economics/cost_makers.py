"""A cost case to change one thing in: the first test vector (1,500 plans, £20, 20 minutes at £60, £40,000, £15,000)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from alarp.economics import CostFinding, appraise, read_case
from alarp.standards.economics import load_economics

SOURCE = "worked example"
REQUIRED = (
    "integration",
    "information-governance",
    "training-and-backfill",
    "monitoring",
    "incident-handling",
    "storage",
    "exit",
)


def figure(value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "source": SOURCE, **more}


def table(**changes: Any) -> dict[str, Any]:
    """The whole table; a keyword replaces a field of it."""
    nothing = [
        {"line": slug, "amount": 0, "because": "not in the worked example"}
        for slug in REQUIRED
        if slug not in {"integration", "monitoring"}
    ]
    made: dict[str, Any] = {
        "title": "Contouring",
        "tool": "Example 1.0",
        "prices": "2026-27, without VAT",
        "study": "plan",
        "years": 5,
        "volume": figure(1500, "plans/year", low=1000, high=2000),
        "price": {"per_study": figure(20, "£/plan")},
        "wages": {"oncologist": figure(60, "£/hour")},
        "lines": [
            {"line": "integration", "when": "once", "amount": figure(40_000, "£")},
            {"line": "monitoring", "when": "yearly", "amount": figure(15_000, "£/year")},
            *nothing,
        ],
        "benefits": [
            {
                "name": "Contouring minutes",
                "minutes_saved": figure(20, "min/plan"),
                "wage": "oncologist",
                "class": "NCRB",
                "realised": figure(1, "share"),
                "baseline": figure(45, "min/plan"),
            }
        ],
        "recalls": {"none_because": "contouring calls nobody back"},
    }
    return deepcopy(made | changes)


RECALLS = {
    "rate_before": figure(0.020, "share"),
    "rate_after": figure(0.022, "share"),
    "cost": figure(100, "£/assessment"),
    "per_session": figure(12, "assessments/session"),
    "prevalence": figure(0.01, "share"),
    "sensitivity_before": figure(0.5, "share"),
    "sensitivity_after": figure(0.64, "share"),
}


def found(**changes: Any) -> CostFinding:
    rules = load_economics()
    return appraise(read_case(table(**changes), rules), rules)


def expected(**changes: Any) -> dict[str, Any]:
    """What the case says at its expected volume."""
    return dict(found(**changes).as_dict()["volumes"]["expected"])
