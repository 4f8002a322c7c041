"""Who may sign, and when: each rule allows or answers one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from alarp.kernel import Outcome, Stage
from alarp.pathway import (
    EvidenceFact,
    Gate,
    GateStanding,
    Signature,
    Signer,
    StepUp,
    Team,
    gate_standing,
    policies,
)
from alarp.pathway.model import Criterion
from alarp.pathway.standing import lapse, waiting_for

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = NOW.date()
GATE = Gate(
    "live",
    "Go live",
    "May it act?",
    (
        Criterion("safety-case", "The case.", "safety-case", "officer", 365, "DCB0160 3.5.1"),
        Criterion("residual-risk", "Accept it.", "safety-case", "executive", None, "DCB0160 2.2.2", meaning="accept residual risk"),
    ),
    version_bound=True,
)  # fmt: skip
FACT = EvidenceFact("a" * 64, "Safety case 3", date(2026, 11, 1), None, author=7, for_this_version=True)
WHOLE_TEAM = Team(filled=("officer", "executive"), required=("officer",))


def standing(fact: EvidenceFact | None = FACT, day: date = DAY, gate: Gate = GATE) -> GateStanding:
    answers = {c.slug: (fact,) for c in gate.criteria} if fact else {}
    return gate_standing(gate, answers, pathway="p", deployment="d", version="flag 1.0", day=day)


def when(**changes: object) -> str | None:
    found = standing()
    given: dict[str, object] = {
        "stage": Stage.GO_LIVE,
        "open_gates": ("need", "appraise", "evaluate", "procure", "integrate"),
        "standing": found,
        "team": WHOLE_TEAM,
        "holds": (),
        "signatures": (),
        "role": "officer",
        "outcome": Outcome.APPROVE,
        "meaning": None,
        "reason": "",
        "digest": found.digest,
        "step_up": StepUp("password", NOW),
        "now": NOW,
        **changes,
    }
    return policies.when_may_be_signed(**given)  # type: ignore[arg-type]


def who(
    signer: Signer, role: str = "officer", outcome: Outcome = Outcome.APPROVE, *given: Signature
) -> str | None:
    return policies.who_may_sign(signer, standing(), role, outcome, given)


OFFICER = Signer(person=1, team_roles=("officer",), is_supplier=False)


def test_a_whole_gate_may_be_signed() -> None:
    assert when() is None
    assert who(OFFICER) is None


def test_a_suppliers_person_cannot_sign_whatever_role_they_hold() -> None:
    assert "supplier's person cannot sign" in str(who(replace(OFFICER, is_supplier=True)))


def test_who_does_not_hold_the_role_in_the_team_cannot_sign_in_it() -> None:
    assert "do not hold the role executive" in str(who(OFFICER, "executive"))


def test_a_declared_interest_bars_every_outcome() -> None:
    for outcome in Outcome:
        assert "another person must sign" in str(
            who(replace(OFFICER, interest="owns shares"), "officer", outcome)
        )


def test_the_author_of_the_evidence_does_not_approve_it_but_may_refuse_it() -> None:
    author = replace(OFFICER, person=7)
    assert "You wrote 'Safety case 3'" in str(who(author))
    assert who(author, "officer", Outcome.REFUSE) is None


def test_one_person_signs_a_gate_once_so_the_officer_is_not_the_executive() -> None:
    both = Signer(person=1, team_roles=("officer", "executive"), is_supplier=False)
    signed = Signature(1, "officer", Outcome.APPROVE, "approve")
    assert "one person signs a gate once" in str(who(both, "executive", Outcome.APPROVE, signed))


def test_a_question_does_not_use_up_the_one_signature() -> None:
    asked = Signature(1, "officer", Outcome.ASK, "ask")
    assert who(OFFICER, "officer", Outcome.APPROVE, asked) is None


@pytest.mark.parametrize(("minutes", "allowed"), [(0, True), (4.9, True), (5.1, False), (-1, False)])
def test_the_proof_of_who_you_are_lasts_five_minutes_and_does_not_come_from_the_future(
    minutes: float, allowed: bool
) -> None:
    assert (when(step_up=StepUp("password", NOW - timedelta(minutes=minutes))) is None) is allowed


def test_a_proof_without_its_method_is_none() -> None:
    assert when(step_up=StepUp(" ", NOW)) == "Prove who you are again before you sign."


def test_a_digest_of_other_evidence_is_refused() -> None:
    assert "The evidence changed since you opened this page" in str(when(digest="0" * 64))


def test_an_approval_needs_every_criterion_of_the_role_and_a_refusal_does_not() -> None:
    empty = standing(None)
    assert "safety-case is not met" in str(when(standing=empty, digest=empty.digest))
    refusal = when(standing=empty, digest=empty.digest, outcome=Outcome.REFUSE, reason="Nothing is here.")
    assert refusal is None


@pytest.mark.parametrize("outcome", [Outcome.REFUSE, Outcome.ASK])
def test_a_refusal_or_question_needs_its_reason(outcome: Outcome) -> None:
    assert "needs a reason" in str(when(outcome=outcome, reason="  "))


def test_a_role_that_refused_keeps_the_gate_shut_until_the_evidence_changes() -> None:
    refused = Signature(2, "officer", Outcome.REFUSE, "refuse")
    assert "refused on this evidence" in str(when(signatures=(refused,)))


def test_a_role_signs_once_on_the_same_evidence() -> None:
    approved = Signature(2, "officer", Outcome.APPROVE, "approve")
    assert "has approved this evidence already" in str(when(signatures=(approved,)))


def test_a_role_that_the_gate_does_not_ask_cannot_sign_it() -> None:
    assert "does not sign gate live" in str(when(role="reader"))


def test_a_gate_out_of_turn_cannot_be_signed() -> None:
    assert "cannot be signed in stage need" in str(when(stage=Stage.NEED, open_gates=()))


def test_an_open_hold_shuts_the_gate_to_approval_and_not_to_refusal() -> None:
    assert when(holds=("Hold 1 is open.",)) == "Hold 1 is open."
    assert when(holds=("Hold 1 is open.",), outcome=Outcome.REFUSE, reason="Not like this.") is None


@pytest.mark.need("A04")
def test_an_obligation_whose_role_is_vacant_blocks_the_gate() -> None:
    assert "residual-risk has nobody who answers for it" in str(when(team=Team(("officer",), ("officer",))))


@pytest.mark.need("H01")
def test_a_vacant_required_role_blocks_the_need_gate_by_name_and_no_later_one() -> None:
    need = replace(GATE, slug="need")
    team = Team(filled=("officer", "executive"), required=("officer", "reader"))
    assert policies.blockers(need, team, ()) == ("The required role reader is vacant in the team.",)
    assert policies.blockers(GATE, team, ()) == ()


@pytest.mark.need("H02")
def test_zero_protected_hours_warn_at_the_need_gate_and_bar_nothing() -> None:
    team = replace(WHOLE_TEAM, without_time=("officer",))
    need = replace(GATE, slug="need")
    assert policies.warnings(need, team) == ("The role officer has 0 protected hours a week.",)
    assert policies.blockers(need, team, ()) == ()


def test_evidence_stands_through_its_last_day_and_not_after() -> None:
    criterion = GATE.criteria[0]
    fact = replace(FACT, expires_on=date(2026, 11, 30))
    assert lapse(criterion, fact, version_bound=True, day=date(2026, 11, 30)) == ""
    assert "was valid until 30 November 2026" in lapse(
        criterion, fact, version_bound=True, day=date(2026, 12, 1)
    )


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (replace(FACT, withdrawn="A figure was wrong."), "was withdrawn: A figure was wrong."),
        (replace(FACT, superseded_by="Safety case 4"), "superseded by 'Safety case 4'"),
        (replace(FACT, for_this_version=False), "speaks of another version"),
        (replace(FACT, dated=date(2025, 1, 1)), "was valid until"),
    ],
)
def test_evidence_that_lapsed_leaves_its_criterion_unmet_and_says_why(fact: EvidenceFact, said: str) -> None:
    found = standing(fact).criteria[0]
    assert not found.met
    assert said in found.missing


def test_another_version_counts_where_the_gate_is_not_bound_to_one() -> None:
    free = replace(GATE, version_bound=False)
    assert standing(replace(FACT, for_this_version=False), gate=free).criteria[0].met


def test_whatever_changes_makes_another_digest() -> None:
    digests = {
        standing().digest,
        standing(None).digest,
        standing(replace(FACT, sha256="b" * 64)).digest,
        standing(FACT, day=date(2028, 1, 1)).digest,
        gate_standing(GATE, {}, pathway="q", deployment="d", version="flag 1.0", day=DAY).digest,
        gate_standing(GATE, {}, pathway="p", deployment="e", version="flag 1.0", day=DAY).digest,
        gate_standing(GATE, {}, pathway="p", deployment="d", version="flag 2.0", day=DAY).digest,
    }
    assert len(digests) == 7


def test_who_owes_evidence_is_waited_for_before_who_owes_a_signature() -> None:
    assert waiting_for(standing(None), ()) == "officer"
    approved = Signature(1, "officer", Outcome.APPROVE, "approve")
    assert waiting_for(standing(), (approved,)) == "executive"
    accepted = Signature(2, "executive", Outcome.APPROVE, "accept residual risk")
    assert waiting_for(standing(), (approved, accepted)) is None


def test_the_most_careful_wish_of_a_review_carries() -> None:
    def signed(*wishes: str) -> list[Signature]:
        return [Signature(n, f"role-{n}", Outcome.APPROVE, wish) for n, wish in enumerate(wishes)]

    assert policies.review_outcome(signed("scale", "continue", "stop")) == "stop"
    assert policies.review_outcome(signed("scale", "continue")) == "continue"
    assert policies.review_outcome(signed("scale", "scale")) == "scale"


def test_a_review_is_signed_with_one_of_its_three_words() -> None:
    assert "continue, scale, stop" in str(
        policies.review_meaning(Stage.REVIEW, "review", Outcome.APPROVE, "approve")
    )
    assert policies.review_meaning(Stage.REVIEW, "review", Outcome.APPROVE, "scale") is None
    assert "can only stop" in str(
        policies.review_meaning(Stage.CHANGE, "review", Outcome.APPROVE, "continue")
    )
    assert policies.review_meaning(Stage.CHANGE, "review", Outcome.APPROVE, "stop") is None
