"""A deployment whose cost case and options are saved, for the pages on cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

CASES = Path(__file__).resolve().parents[2] / "src" / "alarp" / "demo" / "cases"
OPTIONS: tuple[dict[str, Any], ...] = (
    {
        "name": "Stay as we are",
        "kind": "do-nothing",
        "cost": 0,
        "cost_source": "nothing is bought",
        "benefit": 0,
        "risk": 3,
        "alignment": 0,
        "note": "A film with a nodule waits as long as every other; the median is six days.",
    },
    {
        "name": "Two more reporting sessions a week",
        "kind": "non-ai",
        "cost": 205_000,
        "cost_source": "service manager, two consultant sessions for five years (fictional)",
        "benefit": 3,
        "risk": 1,
        "alignment": 3,
        "note": "Shortens every wait a little; nobody can be hired before next autumn.",
    },
    {
        "name": "NoduleFlag",
        "kind": "ai",
        "cost": None,
        "cost_source": "",
        "benefit": 4,
        "risk": 2,
        "alignment": 4,
        "note": "Suspicious films come first; more healthy people are called back for a CT.",
    },
)


def appraise(deployment: Any, person: Callable[[str], Any]) -> dict[str, Any]:
    """Save two versions of the cost case and three options; the example is the first version."""
    from alarp.economics import read_text
    from alarp.records.appraisals import commands

    table = read_text((CASES / "cost-noduleflag.yaml").read_text("utf-8"))
    first = commands.save_cost_case(
        deployment, table | {"title": "NoduleFlag, first draft"}, by=person("procurement")
    )
    commands.save_cost_case(deployment, table, by=person("procurement"))
    commands.save_option_appraisal(deployment, OPTIONS, by=person("service-manager"))
    return {"cost_case": first.number}
