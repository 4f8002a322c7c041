"""What no longer stands on its evidence opens again, closes the route where it must, and says why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import valley

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.records import clock
from alarp.records.deployments import commands, queries
from alarp.records.evidence.commands import withdraw
from alarp.records.evidence.models import Evidence


@pytest.fixture
def live(deployment: Any) -> Any:
    return valley.bring_to(deployment, "live")


def under(deployment: Any, gate: str, criterion: str) -> Evidence:
    return deployment.answers.get(gate=gate, criterion=criterion).evidence


def statuses(deployment: Any) -> dict[str, str]:
    return dict(deployment.gates.values_list("gate", "status"))


def stage(deployment: Any) -> str:
    deployment.refresh_from_db()
    return str(deployment.stage)


def test_withdrawn_evidence_in_live_closes_the_route_and_opens_only_its_own_gate_again(live: Any) -> None:
    withdraw(
        under(live, "procure", "dpia"), "A data flow was missing.", by=valley.person("information-governance")
    )
    assert stage(live) == "change"
    found = {gate for gate, status in statuses(live).items() if status == "re-opened"}
    assert found == {"procure", "change"}
    assert queries.route(live).state is RouteState.CLOSED
    assert "A data flow was missing." in queries.gate_view(live, "procure").reason
    assert live.reopenings.filter(gate="procure", cause="withdrawn").count() == 1


def test_after_a_change_only_what_opened_again_is_signed_again_and_the_route_is_live(live: Any) -> None:
    signed_before = live.decisions.filter(gate="evaluate").count()
    withdraw(
        under(live, "procure", "dpia"), "A data flow was missing.", by=valley.person("information-governance")
    )
    better = valley.paper("dpia", title="DPIA 2")
    commands.answer(live, "procure", "dpia", better, by=valley.person("writer"))
    for role in queries.gate_view(live, "procure").gate.roles:
        valley.sign(live, "procure", role)
    assert stage(live) == "change"
    valley.pass_gate(live, "change")
    assert stage(live) == "live"
    assert queries.route(live).state is RouteState.LIVE
    assert live.decisions.filter(gate="evaluate").count() == signed_before


def test_a_second_change_needs_its_own_impact_assessment(live: Any) -> None:
    for number in (1, 2):
        withdraw(
            under(live, "procure", "dpia")
            if number == 1
            else live.answers.filter(criterion="dpia").last().evidence,
            "Wrong again.",
            by=valley.person("information-governance"),
        )
        assert queries.gate_view(live, "change").met == 0
        paper = valley.paper("dpia", title=f"DPIA {number + 1}")
        commands.answer(live, "procure", "dpia", paper, by=valley.person("writer"))
        for role in queries.gate_view(live, "procure").gate.roles:
            valley.sign(live, "procure", role)
        assert stage(live) == "change"
        valley.pass_gate(live, "change")
        assert stage(live) == "live"


def test_superseding_evidence_opens_the_gate_that_was_signed_on_the_old_one(live: Any) -> None:
    old = under(live, "live", "training")
    valley.paper(old.kind, title="Training record 2", supersedes=old)
    assert stage(live) == "change"
    reason = live.reopenings.get(gate="live").reason
    assert "superseded by 'Training record 2'" in reason


def test_expired_evidence_closes_the_route_at_that_moment_before_any_sweep(live: Any) -> None:
    inside = clock.now() + timedelta(days=363)
    assert queries.route(live, at=inside).state is RouteState.LIVE
    after = clock.now() + timedelta(days=365)
    found = queries.route(live, at=after)
    assert found.state is RouteState.CLOSED
    assert "was valid until" in found.reason
    assert queries.gate_view(live, "appraise", at=after).status == "re-opened"
    assert stage(live) == "live"


def test_the_sweep_writes_down_what_expired_once(live: Any) -> None:
    after = clock.now() + timedelta(days=365)
    assert {row.gate for row in commands.reopen_lapsed(after)} >= {"appraise", "procure", "change"}
    assert commands.reopen_lapsed(after) == ()
    assert stage(live) == "change"
    assert set(live.reopenings.values_list("cause", flat=True)) == {"expired"}


def test_evidence_may_be_renewed_before_it_lapses_without_closing_the_route(live: Any) -> None:
    for criterion in ("device-registration", "interests"):
        kind = queries.gate_view(live, "appraise").gate.criterion(criterion).evidence_kind
        new = valley.paper(kind, title=f"Renewed {kind}", dated=clock.now().date())
        commands.answer(live, "appraise", criterion, new, by=valley.person("writer"))
    assert queries.route(live).state is RouteState.LIVE
    for role in queries.gate_view(live, "appraise").signatures_needed:
        valley.sign(live, "appraise", role)
    assert stage(live) == "live"
    assert queries.route(live).state is RouteState.LIVE
    assert queries.gate_view(live, "appraise").signatures_needed == ()


def test_a_new_version_in_live_opens_the_gates_bound_to_it_and_no_other(live: Any) -> None:
    commands.change_version(live, valley.version("2.0"), by=valley.person("lead-physicist"))
    found = {gate for gate, status in statuses(live).items() if status == "re-opened"}
    assert found == {"appraise", "evaluate", "integrate", "live", "change"}
    assert stage(live) == "change"
    assert queries.route(live).state is RouteState.CLOSED
    assert live.reopenings.first().reason == "The version changed from 1.0 to 2.0."


def test_a_new_version_comes_to_live_once_its_gates_are_signed_on_its_own_evidence(live: Any) -> None:
    commands.change_version(live, valley.version("2.0"), by=valley.person("lead-physicist"))
    for gate in ("appraise", "evaluate", "integrate", "live"):
        assert queries.gate_view(live, gate).met == 0
        valley.pass_gate(live, gate)
        assert queries.route(live).state is RouteState.CLOSED
    valley.pass_gate(live, "change")
    assert stage(live) == "live"
    assert queries.route(live).state is RouteState.LIVE


def test_going_back_to_the_old_version_does_not_bring_its_signatures_back(live: Any) -> None:
    by = valley.person("lead-physicist")
    commands.change_version(live, valley.version("2.0"), by=by)
    commands.change_version(live, valley.version("1.0"), by=by)
    view = queries.gate_view(live, "evaluate")
    assert view.met == len(view.criteria)
    assert view.signatures_needed == view.gate.roles
    assert queries.route(live).state is RouteState.CLOSED


def test_a_new_version_before_live_falls_back_to_the_earliest_gate_bound_to_it(deployment: Any) -> None:
    valley.bring_to(deployment, "integrate")
    commands.change_version(deployment, valley.version("2.0"), by=valley.person("lead-physicist"))
    assert stage(deployment) == "appraise"
    assert statuses(deployment)["procure"] == "open"
    assert queries.route(deployment).state is RouteState.CLOSED
    valley.pass_gate(deployment, "appraise")
    valley.pass_gate(deployment, "evaluate")
    assert stage(deployment) == "integrate"
    assert queries.route(deployment).state is RouteState.SILENT


def test_evidence_withdrawn_before_live_leads_back_to_its_gate(deployment: Any) -> None:
    valley.bring_to(deployment, "procure")
    withdraw(
        under(deployment, "appraise", "intended-use"), "Wrong version.", by=valley.person("lead-physicist")
    )
    assert stage(deployment) == "appraise"


def test_evidence_under_a_gate_that_is_still_shut_re_opens_nothing(deployment: Any) -> None:
    valley.answered(deployment, "need")
    withdraw(under(deployment, "need", "baseline"), "Wrong year.", by=valley.person("service-manager"))
    assert deployment.reopenings.count() == 0
    view = queries.gate_view(deployment, "need")
    assert [c.missing for c in view.criteria if not c.met] == [
        "'Paper on baseline' (baseline) was withdrawn: Wrong year."
    ]


def test_evidence_shared_by_two_deployments_opens_both_again(deployment: Any) -> None:
    second = valley.proposed("flag-second")
    valley.bring_to(deployment, "appraise")
    found = queries.gate_view(second, "need")
    for view in found.criteria:
        shared = under(deployment, "need", view.criterion.slug)
        commands.answer(second, "need", view.criterion.slug, shared, by=valley.person("writer"))
    for role in found.gate.roles:
        valley.sign(second, "need", role)
    assert stage(second) == "appraise"
    withdraw(under(deployment, "need", "baseline"), "Wrong year.", by=valley.person("service-manager"))
    assert (stage(deployment), stage(second)) == ("need", "need")


def test_another_product_or_the_same_version_is_no_change(deployment: Any) -> None:
    by = valley.person("lead-physicist")
    with pytest.raises(BadInput, match="another product"):
        commands.change_version(deployment, valley.version("1.0", "other"), by=by)
    with pytest.raises(BadInput, match=r"runs Flag 1\.0 already"):
        commands.change_version(deployment, valley.version("1.0"), by=by)
    with pytest.raises(NotPermitted):
        commands.change_version(deployment, valley.version("2.0"), by=valley.person("reader"))


def review(deployment: Any, *wishes: str) -> None:
    roles = valley.answered(deployment, "review").roles
    for role, wish in zip(roles, wishes, strict=True):
        valley.sign(deployment, "review", role, meaning=wish)


@pytest.mark.need("X01")
def test_a_review_that_continues_leaves_the_tool_live(live: Any) -> None:
    valley.answered(live, "review")
    assert stage(live) == "review"
    assert queries.route(live).state is RouteState.LIVE
    for role in queries.gate_view(live, "review").gate.roles:
        valley.sign(live, "review", role, meaning="continue")
    assert stage(live) == "live"


def test_a_stop_closes_the_route_and_leads_through_the_retire_gate_to_the_end(live: Any) -> None:
    review(live, "continue", "stop", "scale")
    assert stage(live) == "retire"
    assert queries.route(live).state is RouteState.CLOSED
    with pytest.raises(NotNow, match="nothing but its retirement"):
        commands.change_version(live, valley.version("2.0"), by=valley.person("lead-physicist"))
    valley.pass_gate(live, "retire")
    assert stage(live) == "retired"
    assert queries.next_gate(live) is None
    with pytest.raises(NotNow, match="retired"):
        commands.answer(
            live, "retire", "data-return", valley.paper("data-return"), by=valley.person("writer")
        )


def test_to_stop_needs_no_evidence(live: Any) -> None:
    for role in queries.gate_view(live, "review").gate.roles:
        valley.sign(live, "review", role, meaning="stop")
    assert stage(live) == "retire"


def test_to_continue_needs_the_evidence_of_the_review(live: Any) -> None:
    with pytest.raises(NotNow, match="benefit is not met"):
        valley.sign(live, "review", "clinical-lead", meaning="continue")


def test_a_second_review_needs_signatures_of_its_own(live: Any) -> None:
    review(live, "continue", "continue", "continue")
    valley.sign(live, "review", "clinical-lead", meaning="stop")
    assert stage(live) == "review"
    assert queries.gate_view(live, "review").signatures_needed == ("clinical-safety-officer", "executive")


def test_a_tool_in_change_can_be_stopped_but_not_continued(live: Any) -> None:
    commands.change_version(live, valley.version("2.0"), by=valley.person("lead-physicist"))
    with pytest.raises(NotNow, match="can only stop"):
        valley.sign(live, "review", "clinical-lead", meaning="continue")
    for role in queries.gate_view(live, "review").gate.roles:
        valley.sign(live, "review", role, meaning="stop")
    assert stage(live) == "retire"
