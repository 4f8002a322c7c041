"""What a supplier brings, for tests: papers that hold, and answers to every question."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import valley

from alarp.records import clock
from alarp.records.products import commands
from alarp.records.products.commands import Paper, Promise
from alarp.records.products.models import Claim, SupplierDocument
from alarp.standards.products import load_document_kinds, load_question_set


def today() -> date:
    return clock.now().date()


def paper(kind: str = "ukca-certificate", *, days_left: int | None = 400, **more: Any) -> Paper:
    """A paper of this kind that holds for so many days from today."""
    values: dict[str, Any] = {
        "reference": f"{kind} 1234",
        "issuing_body": "Approved Body 0000",
        "checked_against": "the body's list",
        "valid_from": today() - timedelta(days=100),
        "valid_to": None if days_left is None else today() + timedelta(days=days_left),
        **more,
    }
    return Paper(kind, **values)


def bring(
    kind: str = "ukca-certificate", *, by: str = "procurement", number: str = "1.0", **more: Any
) -> SupplierDocument:
    supersedes = more.pop("supersedes", None)
    return commands.record_document(
        valley.version(number), paper(kind, **more), supersedes=supersedes, by=valley.person(by)
    )


def bring_everything(number: str = "1.0") -> None:
    for kind in load_document_kinds():
        if kind.slug not in ("ce-certificate", "declaration-of-conformity", "in-house-exemption"):
            bring(kind.slug, number=number)


def claim(text: str = "Finds 9 of 10 nodules", **more: Any) -> Claim:
    by = valley.person(more.pop("by", "procurement"))
    values: dict[str, Any] = {"source": "Brochure 2026", "measure": "sensitivity", "figure": 0.9, **more}
    return commands.add_claim(valley.version(), Promise(text, **values), by=by)


def answer_everything(*, but: dict[str, str] | None = None) -> None:
    """Every question answered, but these with this outcome."""
    for question in load_question_set().questions:
        outcome = (but or {}).get(question.slug, "answered")
        commands.answer_question(
            valley.version(),
            question.slug,
            outcome,
            "As they said.",
            said_by="Their sales",
            by=valley.person("procurement"),
        )


def evaluation(estimate: float, low: float, high: float, *, reference_is_ai: bool = False) -> dict[str, Any]:
    """The part of an evaluation's result that a claim is held against."""
    return {
        "schema": "alarp.evaluation/1",
        "protocol": {"minimum_n": 20, "exploratory": False},
        "reference_is_ai": reference_is_ai,
        "reference_standard": "two radiologists",
        "measures": [
            {
                "measure": "sensitivity", "estimate": estimate, "low": low, "high": high, "level": 0.95,
                "method": "Wilson", "n": 80, "events": 70, "subgroup": "all", "because": "", "p": None,
            }
        ],
        "claims": [],
    }  # fmt: skip
