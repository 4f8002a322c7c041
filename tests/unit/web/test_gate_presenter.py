"""What an approver is told before signing."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace as Fact
from typing import Any

from alarp.web import shapes
from alarp.web.deployments.presenters import CriterionRow, GateSummary
from alarp.web.gates import presenters
from unit.web.board_facts import NOON


def card(**changes: Any) -> shapes.EvidenceCard:
    values: dict[str, Any] = {
        "title": "Paper", "kind": "paper", "sha256": "a" * 64, "author": "Wren", "organisation": "Valley",
        "design": "document", "dated": date(2026, 6, 1), "received_at": NOON, "expires_on": None,
        "version": "Tool 1", "has_document": False, "document_name": "", "numbers": (), "trouble": "",
    }  # fmt: skip
    return shapes.EvidenceCard(**values | changes)


def summary(*cards: shapes.EvidenceCard, warnings: tuple[str, ...] = (), waiting: str = "") -> GateSummary:
    row = CriterionRow("paper", "?", True, "", "Clinical lead", "X", True, "paper", cards, None, "", "")
    chip = shapes.Waiting(waiting, 3) if waiting else None
    return GateSummary("need", "Need", "?", "shut", (row,), chip, NOON, (), warnings)


def test_the_gate_says_how_much_is_met_and_for_whom_it_waits_since_when() -> None:
    said = summary(waiting="PACS manager").sentence
    assert said == "1 of 1 criteria met; waiting for the PACS manager since 3 June 2026."


def test_a_missed_claim_comes_before_an_ai_reference_before_an_early_end() -> None:
    gate = summary(card(expires_on=date(2026, 6, 20)))
    body = {"claims": [{"claim": "sensitivity at least 0.9", "status": "not met"}], "reference_is_ai": True}
    found = presenters.look_twice(gate, [body], date(2026, 6, 3), most=3)
    assert "sensitivity at least 0.9" in found[0]
    assert "output of an AI" in found[1]
    assert "20 June 2026" in found[2]


def test_only_two_things_are_named_so_that_both_are_read() -> None:
    gate = summary(*[card(title=str(n), design="retrospective") for n in range(5)])
    assert len(presenters.look_twice(gate, [], date(2026, 6, 3))) == 2


def test_a_claim_that_was_met_and_evidence_that_holds_for_long_are_not_doubted() -> None:
    gate = summary(card(expires_on=date(2029, 1, 1)))
    assert presenters.look_twice(gate, [{"claims": [{"status": "met"}]}], date(2026, 6, 3)) == ()


def decision(**changes: Any) -> Fact:
    values = {
        "person": "Dr A", "role": "clinical-lead", "outcome": "approve", "meaning": "approve", "reason": "",
        "signed_at": NOON, "authenticated_by": "password", "evidence_digest": "now",
    }  # fmt: skip
    return Fact(**values | changes)


def test_a_signature_on_other_evidence_than_lies_there_now_is_marked() -> None:
    found = presenters.said([decision(), decision(evidence_digest="before")], "now", {})
    assert [line.on_present_evidence for line in found] == [True, False]


def test_a_meaning_is_said_only_when_it_is_more_than_the_outcome() -> None:
    plain, special = presenters.said(
        [decision(), decision(meaning="accept residual risk", signed_at=NOON - timedelta(1))], "now", {}
    )
    assert (plain.meaning, special.meaning) == ("", "accept residual risk")


def answer(hours: int) -> Fact:
    return Fact(
        evidence=Fact(title="New", sha256="b" * 64),
        criterion="it-readiness",
        given_at=NOON + timedelta(hours=hours),
    )


def test_only_what_came_after_the_last_signature_counts_as_changed() -> None:
    found = presenters.changes_since(NOON, [answer(-1), answer(1)], [])
    assert [change.sentence for change in found] == ["“New” now answers it readiness"]


def test_before_the_first_signature_nothing_has_changed() -> None:
    assert presenters.changes_since(None, [answer(1)], []) == ()
