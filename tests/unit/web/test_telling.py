"""Events become sentences; a sentence's own words lead on; nothing in the records can forge a link."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace as Fact
from typing import Any

import pytest

import alarp
from alarp.web import words
from alarp.web.board import happened, telling
from alarp.web.board.sentences import SENTENCES
from alarp.web.deployments.timeline import said


class Deployment:
    slug = "tool-river"

    def __str__(self) -> str:
        return "Tool 1 at River"


def event(action: str, subject: str, **details: Any) -> Fact:
    return Fact(action=action, subject=subject, actor_label="Dr A. Okafor", details=details)


def told(action: str, subject: str, *, deployment: Any = None, **details: Any) -> tuple[telling.Part, ...]:
    return telling.told(
        event(action, subject, **details), deployment, {"live": "Go live"}, {"e" * 64: "Proof"}
    )


def sentence(parts: tuple[telling.Part, ...]) -> str:
    return "".join(text for text, _ in parts)


def test_a_signature_is_told_with_its_gate_and_role_and_leads_to_both() -> None:
    parts = told("signed: approve", "gate live of tool-river", deployment=Deployment(), role="pacs-manager")
    assert sentence(parts) == "Dr A. Okafor approved the go live gate of Tool 1 at River, as PACS manager."
    assert dict(parts)["go live gate"] == "/deployments/tool-river/gates/live/"
    assert dict(parts)["Tool 1 at River"] == "/deployments/tool-river/"


def test_evidence_is_told_by_its_title_and_leads_to_itself() -> None:
    parts = told(
        "criterion answered", "criterion x of gate live of t", deployment=Deployment(), evidence="e" * 64
    )
    assert dict(parts)["“Proof”"] == f"/evidence/{'e' * 64}/"


def test_an_action_that_nobody_foresaw_is_told_as_it_was_written() -> None:
    assert sentence(told("moon landed", "crater 7")) == "Dr A. Okafor: moon landed, crater 7."


def test_a_detail_that_is_missing_leaves_a_gap_not_an_error() -> None:
    assert sentence(told("study received", "study 17")) == "Study 17 arrived from …."


def test_a_title_from_outside_cannot_forge_a_link() -> None:
    parts = told("evidence recorded", "evidence x", title="a\x01here\x02https://elsewhere\x03")
    assert [href for _, href in parts if href] == []


@pytest.mark.parametrize("subject", ["study 3", "object 9", "opt-out 1", "caller X"])
def test_the_gateways_traffic_is_recognised_as_such(subject: str) -> None:
    assert telling.about_a_study(event("x", subject))


def test_roles_are_named_by_their_titles_and_prose_is_left_alone() -> None:
    assert words.in_words("Ann joined as reader.") == "Ann joined as reader (radiologist or oncologist)."
    assert (
        words.in_words("The supplier's claim, read by a reader") == "The supplier's claim, read by a reader"
    )
    assert words.in_words("waits for pacs-manager") == "waits for PACS manager"


def test_a_decision_in_the_timeline_is_said_as_a_colleague_would() -> None:
    titles = {"live": "Go live"}
    assert said("Ann (executive) signed gate live: approve, accept residual risk.", titles) == (
        "Ann approved the go live gate, as executive sponsor: accept residual risk."
    )
    assert said("Ann (executive) signed gate live: refuse, refuse: no stop rule", titles) == (
        "Ann refused the go live gate, as executive sponsor: no stop rule"
    )


def test_long_lists_of_names_are_counted() -> None:
    assert words.listed(["Ann"]) == "Ann"
    assert words.listed(["Ann", "Bob", "Cem"]) == "Ann, Bob and Cem"
    assert words.listed(["Ann", "Bob", "Cem", "Dai", "Eva"]) == "Ann, Bob and 3 others"


def recorded_actions() -> set[str]:
    """The action of every call of `record` in the sources: whole, or up to where a value is put in."""
    found: set[str] = set()
    for file in Path(alarp.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "record" and len(call.args) > 2:
                found |= {_told(part) for part in _either(call.args[1])}
    return found - {""}  # chosen elsewhere, and handed on


def _either(action: ast.expr) -> tuple[ast.expr, ...]:
    return (action.body, action.orelse) if isinstance(action, ast.IfExp) else (action,)


def _told(action: ast.expr) -> str:
    first = action.values[0] if isinstance(action, ast.JoinedStr) else action
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def test_every_action_that_is_written_down_has_its_sentence() -> None:
    actions = recorded_actions()
    assert len(actions) > 70
    assert [a for a in sorted(actions) if not any(key.startswith(a) for key in SENTENCES)] == []


def test_what_happens_many_times_in_a_row_is_told_once_with_its_number() -> None:
    at = datetime(2026, 6, 3, 9, 0, tzinfo=UTC)
    one = telling.Line(at, (("Told of patients of ", ""), ("a tool", "/deployments/a/")))
    other = telling.Line(at, (("A key was made.", ""),))
    earlier = replace(one, at=at - timedelta(minutes=1))
    assert happened.counted([one, earlier, earlier, other, one]) == [
        replace(one, times=3),
        other,
        one,
    ]
