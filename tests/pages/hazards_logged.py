"""A hazard log for the small hospital: the demonstration's own, partly accepted, with one control that fell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

CASE = Path(__file__).resolve().parents[2] / "src" / "alarp" / "demo" / "cases" / "hazards-noduleflag.yaml"
ACCEPTED = ("H01", "H06", "H07", "H09", "H10")


def log_hazards(deployment: Any, person: Callable[[str], Any]) -> dict[str, Any]:
    """Import the log, accept some risks, let one control fall, hear the safety officer."""
    from alarp.records import clock
    from alarp.records.deployments.commands import StepUp
    from alarp.records.hazards import commands
    from alarp.records.hazards.models import Control, Hazard
    from alarp.safety import Condition

    officer, writer = person("clinical-safety-officer"), person("lead-physicist")
    today = clock.now().date()
    commands.import_log(deployment, commands.read_table(CASE.read_bytes()), by=writer)

    def hazard(number: str) -> Any:
        return Hazard.objects.get(deployment=deployment, number=number)

    for number in (*ACCEPTED, "H05"):
        commands.accept_risk(
            hazard(number),
            "clinical-safety-officer",
            "Every film is read by a person; a further reduction is not practicable here.",
            today + timedelta(days=180),
            StepUp("password", clock.now()),
            by=officer,
        )
    commands.state_safety(
        deployment,
        "conditional",
        "Deskilling is not measured yet.",
        (
            Condition(
                "Sessions without the tool are measured",
                ("H21",),
                "Unaided score of every reader within 5 points of the last one",
                "clinical-lead",
                today + timedelta(days=90),
            ),
        ),
        StepUp("password", clock.now()),
        by=officer,
    )
    fallen = Control.objects.get(hazard=hazard("H13"), number="C1")
    commands.set_control_state(fallen, "built", "The drill has not been repeated since the move", by=writer)
    return {"hazard_number": "H05", "control_number": "C1"}
