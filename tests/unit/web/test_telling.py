"""Events become sentences; a sentence's own words lead on; nothing in the records can forge a link."""

from __future__ import annotations

from types import SimpleNamespace as Fact
from typing import Any

import pytest

from alarp.web import words
from alarp.web.board import telling
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
