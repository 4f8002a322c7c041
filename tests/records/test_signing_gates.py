"""A gate opens by personal signatures on exactly the evidence looked at, and by nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import valley

from alarp.kernel import BadInput, BrokenEvidence, NotNow, NotPermitted, Outcome, RouteState
from alarp.records import clock
from alarp.records.deployments import commands, queries
from alarp.records.deployments.commands import StepUp
from alarp.records.people.commands import declare_interest, end_interest


def stage(deployment: Any) -> str:
    deployment.refresh_from_db()
    return str(deployment.stage)


@pytest.mark.need("X01")
def test_a_tool_goes_from_need_to_live_only_gate_by_gate_and_its_route_follows(deployment: Any) -> None:
    seen = []
    for at in ("need", "appraise", "evaluate", "procure", "integrate", "go-live", "live"):
        valley.bring_to(deployment, at)
        seen.append((at, queries.route(deployment).state))
    closed, silent, live = RouteState.CLOSED, RouteState.SILENT, RouteState.LIVE
    assert seen == [
        ("need", closed),
        ("appraise", closed),
        ("evaluate", closed),
        ("procure", closed),
        ("integrate", silent),
        ("go-live", silent),
        ("live", live),
    ]
    assert queries.next_gate(deployment) == "review"


@pytest.mark.need("X01")
def test_no_gate_can_be_skipped(deployment: Any) -> None:
    valley.answered(deployment, "appraise")
    with pytest.raises(NotNow, match="gates are opened in order"):
        valley.sign(deployment, "appraise", "lead-physicist")
    assert stage(deployment) == "need"


def test_a_gate_opens_with_the_last_signature_it_needs_and_not_before(deployment: Any) -> None:
    roles = valley.answered(deployment, "need").roles
    for role in roles[:-1]:
        valley.sign(deployment, "need", role)
    assert stage(deployment) == "need"
    assert queries.gate_view(deployment, "need").signatures_needed == roles[-1:]
    valley.sign(deployment, "need", roles[-1])
    assert stage(deployment) == "appraise"
    assert queries.gate_view(deployment, "need").status == "open"


@pytest.mark.need("X03")
def test_a_signature_is_personal_role_checked_timed_and_sealed(deployment: Any) -> None:
    valley.answered(deployment, "need")
    before = clock.now()
    decision = valley.sign(deployment, "need", "clinical-lead")
    assert decision.person.username == decision.role == "clinical-lead"
    assert before <= decision.signed_at <= clock.now()
    assert decision.evidence_hashes == sorted(
        e.sha256 for c in queries.gate_view(deployment, "need").criteria for e in c.evidence
    )
    assert decision.envelope["signatures"][0]["sig"]


def test_a_person_without_the_role_in_the_team_cannot_sign(deployment: Any) -> None:
    valley.answered(deployment, "need")
    with pytest.raises(NotPermitted, match="do not hold the role clinical-lead"):
        valley.sign(deployment, "need", "clinical-lead", by=valley.person("reader"))
    with pytest.raises(NotPermitted, match="You may not sign"):
        valley.sign(deployment, "need", "clinical-lead", by=valley.person("writer"))
    with pytest.raises(NotPermitted, match="You may not sign"):
        valley.sign(deployment, "need", "clinical-lead", by=valley.person("stranger"))


def test_a_role_that_ended_at_the_trust_signs_no_more_even_while_the_place_in_the_team_stands(
    deployment: Any,
) -> None:
    valley.answered(deployment, "need")
    yesterday = clock.now().date() - timedelta(days=1)
    lead = valley.person("clinical-lead")
    lead.holdings.update(since=yesterday - timedelta(days=9), until=yesterday)
    with pytest.raises(NotPermitted):
        valley.sign(deployment, "need", "clinical-lead")


def test_a_suppliers_person_can_neither_sign_nor_join_a_team(deployment: Any) -> None:
    valley.answered(deployment, "need")
    with pytest.raises(NotPermitted, match="supplier's person may not sign"):
        valley.sign(deployment, "need", "clinical-lead", by=valley.person("vendor"))
    with pytest.raises(BadInput, match="works for a supplier"):
        commands.join_team(
            deployment, "clinical-lead", valley.person("vendor"), 4, by=valley.person("service-manager")
        )


def test_a_declared_interest_bars_until_it_has_ended(deployment: Any) -> None:
    valley.answered(deployment, "need")
    lead = valley.person("clinical-lead")
    interest = declare_interest(valley.organisation("lungco"), "paid adviser", by=lead)
    with pytest.raises(NotPermitted, match="declared an interest in this supplier"):
        valley.sign(deployment, "need", "clinical-lead")
    end_interest(interest, by=lead)
    assert valley.sign(deployment, "need", "clinical-lead").outcome == "approve"


def test_an_interest_in_another_supplier_bars_nothing_here(deployment: Any) -> None:
    valley.answered(deployment, "need")
    declare_interest(valley.organisation("otherco"), "paid adviser", by=valley.person("clinical-lead"))
    assert valley.sign(deployment, "need", "clinical-lead").outcome == "approve"


def test_who_wrote_the_evidence_does_not_approve_it(deployment: Any) -> None:
    valley.answered(deployment, "need", leave_out=["need-statement"])
    own = valley.paper("need-statement", by="clinical-lead")
    commands.answer(deployment, "need", "need-statement", own, by=valley.person("writer"))
    with pytest.raises(NotPermitted, match="who writes evidence does not approve it"):
        valley.sign(deployment, "need", "clinical-lead")
    assert valley.sign(deployment, "need", "service-manager").outcome == "approve"


@pytest.mark.need("X03")
def test_the_safety_officer_and_the_executive_who_accepts_the_risk_are_two_people(deployment: Any) -> None:
    valley.bring_to(deployment, "go-live")
    officer = valley.person("clinical-safety-officer")
    officer.holdings.create(
        role="executive", organisation=valley.organisation("valley"), since=clock.now().date()
    )
    commands.join_team(deployment, "executive", officer, 1, by=valley.person("service-manager"))
    valley.answered(deployment, "live")
    approved = valley.sign(deployment, "live", "clinical-safety-officer")
    with pytest.raises(NotPermitted, match="one person signs a gate once"):
        valley.sign(deployment, "live", "executive", by=officer)
    accepted = valley.sign(deployment, "live", "executive")
    assert (approved.meaning, accepted.meaning) == ("approve", "accept residual risk")
    assert approved.person_id != accepted.person_id


def test_what_a_signature_means_cannot_be_reworded(deployment: Any) -> None:
    valley.answered(deployment, "need")
    assert valley.sign(deployment, "need", "clinical-lead", meaning="only looked").meaning == "approve"


def test_a_signature_needs_proof_of_who_you_are_within_five_minutes(deployment: Any) -> None:
    valley.answered(deployment, "need")
    stale = StepUp("password", clock.now() - timedelta(minutes=6))
    with pytest.raises(NotNow, match="more than 5 minutes ago"):
        valley.sign(deployment, "need", "clinical-lead", step_up=stale)


def test_a_signature_on_evidence_that_changed_meanwhile_is_refused(deployment: Any) -> None:
    valley.answered(deployment, "need")
    seen = queries.gate_view(deployment, "need").evidence_digest
    more = valley.paper("baseline", title="A second baseline")
    commands.answer(deployment, "need", "baseline", more, by=valley.person("writer"))
    with pytest.raises(NotNow, match="The evidence changed since you opened this page"):
        valley.sign(deployment, "need", "clinical-lead", evidence_digest=seen)


def test_evidence_that_changes_after_a_signature_asks_for_it_again(deployment: Any) -> None:
    valley.answered(deployment, "need")
    valley.sign(deployment, "need", "clinical-lead")
    more = valley.paper("baseline", title="A second baseline")
    commands.answer(deployment, "need", "baseline", more, by=valley.person("writer"))
    assert "clinical-lead" in queries.gate_view(deployment, "need").signatures_needed


def test_an_approval_without_evidence_is_refused_with_what_is_missing(deployment: Any) -> None:
    with pytest.raises(NotNow, match="need-statement is not met: No evidence of kind need-statement"):
        valley.sign(deployment, "need", "clinical-lead")


def test_a_refusal_keeps_the_gate_shut_until_the_evidence_changes(deployment: Any) -> None:
    roles = valley.answered(deployment, "need").roles
    valley.sign(
        deployment, "need", roles[0], outcome=Outcome.REFUSE, reason="The figure is from another year."
    )
    for role in roles[1:]:
        valley.sign(deployment, "need", role)
    assert stage(deployment) == "need"
    assert any("refused on this evidence" in b for b in queries.gate_view(deployment, "need").blockers)
    with pytest.raises((NotNow, NotPermitted)):
        valley.sign(deployment, "need", roles[0])
    better = valley.paper("baseline", title="This year's baseline")
    commands.answer(deployment, "need", "baseline", better, by=valley.person("writer"))
    for role in roles:
        valley.sign(deployment, "need", role)
    assert stage(deployment) == "appraise"


def test_a_question_is_kept_with_its_reason_and_binds_nobody(deployment: Any) -> None:
    roles = valley.answered(deployment, "need").roles
    with pytest.raises(NotNow, match="needs a reason"):
        valley.sign(deployment, "need", roles[0], outcome=Outcome.ASK)
    valley.sign(deployment, "need", roles[0], outcome=Outcome.ASK, reason="Which year?")
    for role in roles:
        valley.sign(deployment, "need", role)
    assert stage(deployment) == "appraise"


@pytest.mark.need("H01")
def test_the_need_gate_stays_shut_while_a_required_role_is_vacant_and_names_it(trust: None) -> None:
    deployment = valley.proposed(without=["reader"])
    valley.answered(deployment, "need")
    view = queries.gate_view(deployment, "need")
    assert view.blockers == ("The required role reader is vacant in the team.",)
    assert "reader" in queries.vacant_roles(deployment)
    with pytest.raises(NotNow, match="The required role reader is vacant"):
        valley.sign(deployment, "need", "clinical-lead")
    commands.join_team(deployment, "reader", valley.person("reader"), 2, by=valley.person("service-manager"))
    valley.sign(deployment, "need", "clinical-lead")


@pytest.mark.need("H02")
def test_the_need_gate_warns_of_a_required_role_without_protected_hours(trust: None) -> None:
    deployment = valley.proposed(hours=0)
    warnings = queries.gate_view(deployment, "need").warnings
    assert "The role lead-physicist has 0 protected hours a week." in warnings
    assert not any("executive" in w for w in warnings)
    assert queries.gate_view(valley.proposed("other-slug"), "need").warnings == ()


@pytest.mark.need("A04")
def test_an_obligation_without_anybody_in_its_role_blocks_its_gate(trust: None) -> None:
    deployment = valley.proposed(without=["statistician"])
    valley.bring_to(deployment, "evaluate")
    valley.answered(deployment, "evaluate")
    with pytest.raises(NotNow, match="independent-check has nobody who answers for it"):
        valley.sign(deployment, "evaluate", "lead-physicist")


@pytest.mark.need("A13")
def test_a_trusts_own_criterion_is_asked_at_its_gate_and_listed_with_its_reason(deployment: Any) -> None:
    commands.add_criterion(
        pathway="national-2026.1",
        organisation=valley.organisation("valley"),
        gate="need",
        slug="board-paper",
        asks="The board has seen it.",
        evidence_kind="board-paper",
        role="executive",
        source="Trust policy 7",
        reason="Our board asked to see each tool first.",
        by=valley.person("clinical-safety-officer"),
    )
    assert [d.reason for d in queries.deviations(deployment)] == ["Our board asked to see each tool first."]
    assert "executive" in queries.gate_view(deployment, "need").signatures_needed
    valley.pass_gate(deployment, "need")
    assert stage(deployment) == "appraise"


@pytest.mark.need("A13")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"reason": " "}, "needs its reason"),
        ({"slug": "baseline"}, "has a national criterion 'baseline'"),
        ({"gate": "absent"}, "no gate 'absent'"),
        ({"role": "juggler"}, "no 'juggler'"),
        ({"valid_days": 0}, "valid_days is 0"),
        ({"slug": "Not A Slug"}, "lower-case letters"),
    ],
)
def test_a_deviation_that_explains_nothing_or_repeals_something_is_refused(
    trust: None, change: dict[str, Any], sentence: str
) -> None:
    given: dict[str, Any] = {
        "organisation": valley.organisation("valley"),
        "gate": "need",
        "slug": "own",
        "asks": "Show it.",
        "evidence_kind": "own",
        "role": "executive",
        "source": "Trust policy",
        "reason": "Because.",
        **change,
    }
    with pytest.raises(BadInput, match=sentence):
        commands.add_criterion(
            pathway="national-2026.1", **given, by=valley.person("clinical-safety-officer")
        )


def test_an_answer_must_fit_its_criterion(deployment: Any) -> None:
    writer = valley.person("writer")
    with pytest.raises(
        BadInput, match="is of kind baseline; criterion need-statement asks for need-statement"
    ):
        commands.answer(deployment, "need", "need-statement", valley.paper("baseline"), by=writer)
    with pytest.raises(BadInput, match=r"speaks of Flag 2\.0; this deployment runs Flag 1\.0"):
        commands.answer(deployment, "need", "baseline", valley.paper("baseline", "2.0"), by=writer)
    old = valley.paper("baseline", dated=clock.now().date() - timedelta(days=800))
    with pytest.raises(BadInput, match=r"cannot answer the criterion: .* was valid until"):
        commands.answer(deployment, "need", "baseline", old, by=writer)
    foreign = valley.paper("baseline", by="stranger", organisation=valley.organisation("hill"))
    with pytest.raises(BadInput, match="neither this Trust nor the supplier"):
        commands.answer(deployment, "need", "baseline", foreign, by=writer)
    good = valley.paper("baseline")
    commands.answer(deployment, "need", "baseline", good, by=writer)
    with pytest.raises(NotNow, match="answers criterion baseline already"):
        commands.answer(deployment, "need", "baseline", good, by=writer)


def test_evidence_with_a_broken_seal_answers_nothing(deployment: Any) -> None:
    paper = valley.paper("baseline")
    paper.envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    with pytest.raises(BrokenEvidence, match="signature does not fit"):
        commands.answer(deployment, "need", "baseline", paper, by=valley.person("writer"))


def test_the_route_closes_when_a_decisions_seal_is_broken_behind_alarps_back(deployment: Any) -> None:
    """Somebody with the database but without the Trust's key writes a decision of their own."""
    from django.db import connection

    from alarp.records import guards
    from alarp.records.deployments.constraints import GUARDS

    valley.bring_to(deployment, "integrate")
    assert queries.route(deployment).state is RouteState.SILENT
    guards.lift("default", GUARDS)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE deployments_decision SET role = 'procurement' WHERE role = 'digital-lead'")
    found = queries.route(deployment)
    assert found.state is RouteState.CLOSED
    assert "procure gate does not stand on a whole set of valid signatures" in found.reason
    guards.lay("default", GUARDS)


def test_a_stage_written_by_hand_opens_no_route(deployment: Any) -> None:
    type(deployment).objects.filter(pk=deployment.pk).update(stage="live")
    assert queries.route(deployment).state is RouteState.CLOSED


def test_the_board_says_who_must_act_and_for_how_many_days(
    deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    valley.answered(deployment, "need")
    later: datetime = clock.now() + timedelta(days=3, hours=1)
    (row,) = queries.board(valley.person("executive"), at=later)
    assert (row.next_gate, row.met, row.criteria) == ("need", 3, 3)
    assert (row.waiting_for, row.days_waiting, row.open_holds) == ("clinical-lead", 3, 0)


def test_the_timeline_tells_what_happened_newest_first(deployment: Any) -> None:
    valley.pass_gate(deployment, "need")
    told = [entry.sentence for entry in queries.timeline(deployment)]
    assert told[-1] == "Proposed for: Read first"
    assert any("signed gate need: approve" in sentence for sentence in told)
    times = [entry.at for entry in queries.timeline(deployment)]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("slug", ["", "Not A Slug", "site"])
def test_a_proposal_needs_a_short_name_of_its_own(trust: None, slug: str) -> None:
    with pytest.raises(BadInput, match="short name"):
        commands.propose(
            valley.version(), valley.organisation("river"), slug, "Use", "Problem", by=valley.person("reader")
        )


def test_two_proposals_cannot_share_a_name_and_none_is_made_at_a_supplier(deployment: Any) -> None:
    def again(slug: str, place: str, problem: str = "Problem") -> None:
        commands.propose(
            valley.version(), valley.organisation(place), slug, "Use", problem, by=valley.person("reader")
        )

    with pytest.raises(BadInput, match="already"):
        again(deployment.slug, "river")
    with pytest.raises(BadInput, match="needs its problem"):
        again("new", "river", " ")
    with pytest.raises((BadInput, NotPermitted)):
        again("new", "lungco")
    with pytest.raises(BadInput, match="The slug has 60 characters; at most 50 fit"):
        again("n" * 60, "river")


def test_a_place_in_the_team_needs_the_role_at_the_trust(deployment: Any) -> None:
    by = valley.person("service-manager")
    with pytest.raises(BadInput, match="does not hold the role reader"):
        commands.join_team(deployment, "reader", valley.person("executive"), 1, by=by)
    with pytest.raises(BadInput, match="not a role of a deployment team"):
        commands.join_team(deployment, "administrator", valley.person("admin"), 1, by=by)
    with pytest.raises(BadInput, match="number from 0 to 168"):
        commands.join_team(deployment, "data-analyst", valley.person("writer"), -1, by=by)
    with pytest.raises(NotNow, match="already"):
        commands.join_team(deployment, "reader", valley.person("reader"), 1, by=by)
    with pytest.raises(NotPermitted, match="change this team"):
        commands.join_team(deployment, "data-analyst", valley.person("writer"), 1, by=valley.person("reader"))


def test_who_left_the_team_shows_as_a_vacancy_and_signs_no_more(deployment: Any) -> None:
    valley.answered(deployment, "need")
    member = deployment.team.get(role="clinical-lead")
    commands.leave_team(member, by=valley.person("service-manager"))
    assert "clinical-lead" in queries.vacant_roles(deployment)
    with pytest.raises(NotPermitted):
        valley.sign(deployment, "need", "clinical-lead")
    with pytest.raises(NotNow, match="left the team already"):
        commands.leave_team(member, by=valley.person("service-manager"))
