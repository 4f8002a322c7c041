"""Small facts for the tests of the safety core: a scheme, a hazard, a log as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from alarp.safety import Acceptance, Category, Control, ControlState, Hazard, Patients, Score, Watch
from alarp.standards.safety import known, load_scheme

SCHEME = load_scheme("nhs-2018.1")
KNOWN = known()
DAY = date(2026, 11, 22)
OFFICER, EXECUTIVE = "clinical-safety-officer", "executive"


def score(severity: int, likelihood: int, patients: Patients = Patients.ONE) -> Score:
    return Score(severity, likelihood, patients)


def control(number: str = "C1", state: ControlState = ControlState.BUILT, **more: Any) -> Control:
    return replace(
        Control(number, "It is checked", Category.DESIGN, 1, state, "pacs-manager", None, "test run 3"),
        **more,
    )


def hazard(number: str = "H01", **more: Any) -> Hazard:
    """A hazard that may stand: measured, watched, with a built control and a residual of level 1."""
    return replace(
        Hazard(
            number=number,
            name="Lost",
            description="It is lost",
            effect="Nobody knows",
            harm="Delay",
            causes=("A queue",),
            initial=score(2, 3),
            residual=score(2, 1),
            measured_by="silent run",
            controls=(control(),),
            monitors=(Watch("reconciliation-gap", "0"),),
        ),
        **more,
    )


def accepted(*roles: str, review_on: date | None = None) -> tuple[Acceptance, ...]:
    return tuple(Acceptance(role, f"the {role}", "no way to reduce it", review_on) for role in roles)


def row(number: str = "X1", **more: Any) -> dict[str, Any]:
    """One hazard of an import table."""
    return {
        "number": number,
        "name": "Lost",
        "description": "It is lost",
        "effect": "Nobody knows",
        "harm": "Delay",
        "causes": ["A queue"],
        "initial": {"severity": "major", "likelihood": "medium"},
        "residual": {"severity": "major", "likelihood": "low"},
        "measured_by": "silent run",
        "controls": [
            {
                "number": "C1",
                "text": "It is checked",
                "category": "design",
                "mechanism": 1,
                "state": "built",
                "evidence": "test run 3",
            }
        ],
        "monitors": [{"monitor": "reconciliation-gap", "limit": "0"}],
        **more,
    }


def table(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"scheme": "nhs-2018.1", "hazards": list(rows)}
