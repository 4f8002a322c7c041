"""What the tests of governance fill in: whole matrices, legs, checklists and texts."""

from __future__ import annotations

from typing import Any

from alarp.standards.governance import (
    load_data_flow,
    load_dpia,
    load_patient_text,
    load_readiness,
    load_responsibilities,
)


def rows(**changed: str) -> list[dict[str, Any]]:
    """The standard's matrix, with these steps answered for by somebody else."""
    return [
        {
            "step": step.slug,
            "accountable": changed.get(step.slug.replace("-", "_"), step.accountable),
            "here": f"The {step.accountable} of River Hospital",
            "consulted": [],
        }
        for step in load_responsibilities().steps
    ]


def legs(**outbound: str) -> dict[str, dict[str, str]]:
    """Both legs, whole, with these fields of the way out changed."""
    form = load_data_flow()
    whole = {leg.slug: {field.slug: field.example for field in form.fields} for leg in form.legs}
    whole["outbound"] |= outbound
    return whole


def answers(**states: str) -> dict[str, dict[str, str]]:
    """Every point of the checklist ready, but for these."""
    return {
        item.slug: {"state": states.get(item.slug.replace("-", "_"), "ready"), "note": "", "due": ""}
        for item in load_readiness()
    }


def assessment() -> dict[str, str]:
    """Every part that a person must write, written."""
    return {s.slug: f"Written for the test: {s.title}." for s in load_dpia() if not s.from_record}


def given(**changed: str) -> dict[str, str]:
    """What the Trust fills in for patients."""
    words = {
        "images": "chest X-rays",
        "does": "marks places that may be a lung nodule",
        "condition": "a lung nodule",
        "decides": "a radiologist",
        "benefit": "An X-ray that needs attention may be looked at sooner",
        "risk": "The tool can miss something, or mark something that is harmless.",
        "data": "your X-ray and your age, without your name",
        "training": "Your X-ray is not used to train the tool.",
        "object": "Tell the staff at the desk, or ring 01234 567890.",
        "complain": "Talk to our Patient Advice and Liaison Service on 01234 567891.",
    } | changed
    assert set(words) == {ask.slug for ask in load_patient_text().asks}
    return words


def evaluation(found: int = 93, ill: int = 100, wrong: int = 12, well: int = 100) -> dict[str, Any]:
    """The body of a detection tool's evaluation with these counts."""

    def measure(name: str, events: int, n: int) -> dict[str, Any]:
        return {"measure": name, "subgroup": "all", "estimate": events / n, "n": n, "events": events}

    return {
        "schema": "alarp.evaluation/1",
        "kind": "detection",
        "protocol": {"exploratory": False},
        "enrolled": ill + well,
        "measures": [measure("sensitivity", found, ill), measure("specificity", well - wrong, well)],
    }
