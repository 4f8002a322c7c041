"""Stop, continue or scale from criteria signed before go-live; a signed stop begins the retirement."""

from __future__ import annotations

from typing import Any

import pytest
import valley
import watch_traffic

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.records import clock
from alarp.records.deployments import queries
from alarp.records.watch import alerts, figures, incidents, retirement, reviews, rules
from alarp.records.watch.models import RetirementChecklist
from alarp.standards.watch import default_alarm_rules, default_review_criteria

HARM_ONLY = [c.as_dict() for c in default_review_criteria() if c.slug == "no-harm"]


@pytest.fixture
def live(deployment: Any) -> Any:
    """Live, with one review criterion: harm. Two incidents with harm stop it, none scales it."""
    valley.bring_to(deployment, "go-live")
    physicist = valley.person("lead-physicist")
    rules.save_draft(deployment, [r.as_dict() for r in default_alarm_rules()], HARM_ONLY, by=physicist)
    rules.issue_stop_rule(deployment, by=physicist)
    for role in valley.answered(deployment, "live", leave_out=["stop-rule"]).roles:
        valley.sign(deployment, "live", role)
    deployment.refresh_from_db()
    return deployment


def harmed(live: Any, times: int) -> None:
    officer = valley.person("clinical-safety-officer")
    for _ in range(times):
        incident = incidents.open_incident(live, "A finding was missed.", by=officer)
        incidents.judge_harm(incident, "low", "Seen a day later.", by=officer)


def issue(live: Any) -> Any:
    return reviews.issue_review(live, "It was used by few.", by=valley.person("data-analyst"))


@pytest.mark.need("M03")
def test_a_review_is_computed_from_the_figures_against_the_signed_criteria(live: Any) -> None:
    assert reviews.compute_review(live).decision == "scale"
    harmed(live, 1)
    assert reviews.compute_review(live).decision == "continue"
    harmed(live, 1)
    found = reviews.compute_review(live)
    assert (found.decision, found.judged[0].figure.value) == ("stop", 2.0)
    assert found.against == ("No figure speaks for the tool.",)


def test_harm_is_what_the_journal_said_last(live: Any) -> None:
    harmed(live, 1)
    officer = valley.person("clinical-safety-officer")
    incidents.judge_harm(live.incidents.get(), "none", "It was seen at once.", by=officer)
    found = {f.monitor: f.value for f in figures.for_review(live, reviews.since_of(live), clock.now())}
    assert found["incidents-harm"] == 0


@pytest.mark.need("M03")
def test_an_issued_review_carries_its_counter_argument_and_answers_the_gate(live: Any) -> None:
    assert "was not computed" in reviews.review_computed(live, clock.now())[0]
    with pytest.raises(BadInput, match="counter-argument"):
        reviews.issue_review(live, " ", by=valley.person("data-analyst"))
    with pytest.raises(NotPermitted):
        reviews.issue_review(live, "But.", by=valley.person("writer"))
    row = issue(live)
    assert reviews.review_computed(live, clock.now()) == ()
    assert row.evidence.body["counter_argument"] == "It was used by few."
    assert row.evidence.body["review"]["decision"] == "scale"
    view = queries.gate_view(live, "review")
    assert [c.missing for c in view.criteria] == ["", "", ""]


@pytest.mark.need("M03")
def test_whoever_signs_against_the_computed_decision_gives_a_reason_that_is_kept(live: Any) -> None:
    issue(live)
    with pytest.raises(NotNow, match="computed as scale; to sign continue instead, give your reason"):
        valley.sign(live, "review", "clinical-lead", meaning="continue")
    signed = valley.sign(live, "review", "clinical-lead", meaning="continue", reason="Only one site so far.")
    assert signed.reason == "Only one site so far."


def stopped(live: Any) -> Any:
    issue(live)
    view = queries.gate_view(live, "review")
    for role in view.gate.roles:
        valley.sign(live, "review", role, meaning="stop", reason="Two were harmed elsewhere.")
    live.refresh_from_db()
    return live


@pytest.mark.need("M03")
def test_a_signed_stop_closes_the_route_and_begins_the_retirement_in_the_same_transaction(live: Any) -> None:
    assert not RetirementChecklist.objects.exists()
    stopped(live)
    assert (live.stage, queries.route(live).state) == ("retire", RouteState.CLOSED)
    assert [s.slug for s in retirement.steps(live.retirement)] == [
        "fall-back",
        "users-told",
        "worklist-rules",
        "keys-and-data",
        "last-study",
    ]


@pytest.mark.need("M03")
def test_a_retirement_is_issued_when_every_step_is_done_and_the_last_study_is_back(live: Any) -> None:
    out = watch_traffic.sent(live)
    stopped(live)
    manager = valley.person("pacs-manager")
    with pytest.raises(NotNow, match="1 studies are at the tool"):
        retirement.tick_off(live, "last-study", "Done.", by=manager)
    with pytest.raises(NotNow, match="Not done yet: Fall-back work"):
        retirement.issue_retirement(live, by=manager)
    with pytest.raises(BadInput, match="There is no step 'party'"):
        retirement.tick_off(live, "party", "Done.", by=manager)
    type(out).objects.filter(pk=out.pk).update(returned_at=clock.now(), state="returned")
    for step in retirement.steps(live.retirement):
        retirement.tick_off(live, step.slug, f"{step.title}.", by=manager)
    with pytest.raises(NotNow, match="is done already"):
        retirement.tick_off(live, "last-study", "Done.", by=manager)
    assert len(retirement.issue_retirement(live, by=manager)) == 3
    for role in queries.gate_view(live, "retire").gate.roles:
        if role != "pacs-manager":
            valley.sign(live, "retire", role)
    live.refresh_from_db()
    assert live.stage == "retire"  # the PACS manager issued it, so another person of that role has to sign
    assert "You wrote" in str(_refused(live, "pacs-manager"))


def _refused(live: Any, role: str) -> Exception:
    with pytest.raises(NotPermitted) as refused:
        valley.sign(live, "retire", role)
    return refused.value


def test_the_alarm_rules_are_looked_at_with_the_monitors_own_figures(live: Any) -> None:
    """No study has come: nothing is measurable, and nothing alarms."""
    assert alerts.look(clock.now()) == ()
    found = {f.monitor for f in figures.now_of(live, clock.now())}
    assert {
        "results-missing",
        "turnaround-p95",
        "score-drift",
        "agreement",
        "silence",
        "quarantine-open",
    } <= found
