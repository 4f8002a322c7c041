"""A limit signed before go-live is passed: who is told, does the route close, and what ends it?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import valley
import watch_traffic
from django.db import IntegrityError, connection, transaction

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.pathway import Figure
from alarp.records import clock
from alarp.records.deployments import commands, queries
from alarp.records.deployments.models import RouteClosure
from alarp.records.evidence.sealing import seal_holds
from alarp.records.watch import alerts, rules
from alarp.records.watch.figures import unacknowledged
from alarp.records.watch.models import Alert
from alarp.standards.watch import default_alarm_rules, default_review_criteria


def figure(monitor: str, value: float | None, **more: Any) -> Figure:
    values: dict[str, Any] = {
        "subgroup": "all",
        "low": None,
        "high": None,
        "n": 100,
        "at": clock.now(),
        **more,
    }
    return Figure(monitor, value=value, **values)


def go_live(deployment: Any) -> Any:
    """Live under the national starting rules, signed at the live gate."""
    valley.bring_to(deployment, "go-live")
    rules.save_draft(
        deployment,
        [rule.as_dict() for rule in default_alarm_rules()],
        [criterion.as_dict() for criterion in default_review_criteria()],
        by=valley.person("lead-physicist"),
    )
    rules.issue_stop_rule(deployment, by=valley.person("lead-physicist"))
    for role in valley.answered(deployment, "live", leave_out=["stop-rule"]).roles:
        valley.sign(deployment, "live", role)
    deployment.refresh_from_db()
    return deployment


@pytest.fixture
def live(deployment: Any) -> Any:
    return go_live(deployment)


def look(live: Any, *found: Figure) -> list[Alert]:
    return alerts.look_at(live, found, clock.now())


@pytest.mark.need("M03")
def test_the_rules_in_force_are_those_that_were_signed_and_no_newer_draft(live: Any) -> None:
    assert [r.slug for r in rules.rules_in_force(live)] == [r.slug for r in default_alarm_rules()]
    drafted = [
        rule.as_dict() | {"limit": 0.5} for rule in default_alarm_rules() if rule.monitor == "agreement"
    ]
    rules.save_draft(
        live, drafted, [c.as_dict() for c in default_review_criteria()], by=valley.person("lead-physicist")
    )
    assert len(rules.rules_in_force(live)) == len(default_alarm_rules())


def test_before_anything_is_signed_the_approved_version_is_watched_all_the_same(deployment: Any) -> None:
    (only,) = rules.rules_in_force(deployment)
    assert (only.monitor, only.reaction) == ("version-seen", "close")


def test_the_live_gate_stays_shut_while_something_that_must_be_watched_has_no_rule(deployment: Any) -> None:
    valley.bring_to(deployment, "go-live")
    at = clock.now()
    assert "No alarm rules have been issued" in rules.alarm_rules_complete(deployment, at)[0]
    some = [rule.as_dict() for rule in default_alarm_rules() if rule.monitor != "silence"]
    physicist = valley.person("lead-physicist")
    rules.save_draft(deployment, some, [c.as_dict() for c in default_review_criteria()], by=physicist)
    with pytest.raises(BadInput, match="No alarm rule watches 'chance of so few studies'"):
        rules.issue_stop_rule(deployment, by=physicist)
    valley.answered(deployment, "live")  # a paper that holds no rules
    assert "holds no alarm rules" in rules.alarm_rules_complete(deployment, at)[0]


def test_issued_rules_are_complete_and_carry_a_readable_document(live: Any) -> None:
    from alarp.records import objects

    assert rules.alarm_rules_complete(live, clock.now()) == ()
    evidence = rules.signed(live).evidence
    text = objects.get(evidence.document_sha256).decode()
    assert "closes the route" in text and "Score drift" in text


@pytest.mark.need("M05")
def test_a_warning_is_raised_once_and_leaves_the_route_as_it_is(live: Any) -> None:
    (alert,) = look(live, figure("results-missing", 0.2))
    assert look(live, figure("results-missing", 0.3)) == []
    assert "20 %, above the limit of 5 % (100 studies)" in alert.sentence
    assert queries.route(live).state is RouteState.LIVE


@pytest.mark.need("M06")
def test_drift_on_one_scanner_is_an_alert_of_that_scanner_alone(live: Any) -> None:
    found = look(
        live, figure("score-drift", 0.3, subgroup="CT 2"), figure("score-drift", 0.05, subgroup="CT 1")
    )
    assert [(a.monitor, a.subgroup) for a in found] == [("score-drift", "CT 2")]


@pytest.mark.need("M03")
def test_a_rule_that_closes_closes_the_route_in_the_same_breath(live: Any) -> None:
    (alert,) = look(live, figure("agreement", 0.6, low=0.5, high=0.7, n=60))
    found = queries.route(live)
    assert found.state is RouteState.CLOSED
    assert found.reason.startswith("Closed by Alarp on") and "Agreement with readers is 60 %" in found.reason
    assert alert.closure is not None and alert.closure.closed_by is None and alert.closure.cause == "alarm"
    assert live.closures.count() == 1


def test_a_figure_on_too_few_studies_or_within_its_interval_does_not_alarm(live: Any) -> None:
    assert look(live, figure("results-missing", 0.5, n=4)) == []
    assert look(live, figure("agreement", 0.7, low=0.6, high=0.85, n=60)) == []
    assert look(live, figure("agreement", None, because="nobody looked")) == []


@pytest.mark.need("G16")
def test_an_alert_says_which_role_it_was_for_and_who_was_told(live: Any) -> None:
    (alert,) = look(live, figure("results-missing", 0.2))
    (notice,) = alert.notices.all()
    assert notice.role == "pacs-manager"
    assert [r.person.username for r in notice.recipients.all()] == ["pacs-manager"]
    with pytest.raises(NotPermitted):
        alerts.acknowledge(alert, "", by=valley.person("writer"))
    seen = alerts.acknowledge(alert, "The queue was stuck.", by=valley.person("pacs-manager"))
    assert seen.in_time and unacknowledged(live, clock.now()) == 0
    with pytest.raises(NotNow, match="acknowledged already, by The pacs-manager"):
        alerts.acknowledge(alert, "Me too.", by=valley.person("lead-physicist"))


@pytest.mark.need("G16")
def test_an_alert_that_nobody_acknowledges_goes_to_the_next_role_and_counts(live: Any) -> None:
    (alert,) = look(live, figure("results-missing", 0.2))
    assert alerts.escalate(clock.now()) == 0
    late = alert.due_at + timedelta(minutes=1)
    assert alerts.escalate(late) == 1
    assert alerts.escalate(late) == 0
    assert alerts.escalate(late + timedelta(hours=2)) == 1
    assert alerts.escalate(late + timedelta(hours=9)) == 0  # nobody is left
    assert [n.role for n in alert.notices.order_by("step")] == [
        "pacs-manager",
        "lead-physicist",
        "service-manager",
    ]
    assert "pacs-manager acknowledged it in 60 minutes" in alert.notices.get(step=1).because
    assert unacknowledged(live, late) == 1


@pytest.mark.need("G16")
def test_an_alert_for_a_role_that_nobody_holds_goes_to_the_next_at_once(live: Any) -> None:
    member = live.team.get(role="pacs-manager")
    commands.leave_team(member, by=valley.person("service-manager"))
    (alert,) = look(live, figure("results-missing", 0.2))
    first, second = alert.notices.order_by("step")
    assert (first.recipients.count(), second.role) == (0, "lead-physicist")
    assert second.because == "Nobody holds the role pacs-manager in the team."


def test_an_acknowledged_warning_ends_when_the_figure_is_back_and_can_come_again(live: Any) -> None:
    (alert,) = look(live, figure("results-missing", 0.2))
    look(live, figure("results-missing", 0.0))
    assert not hasattr(Alert.objects.get(pk=alert.pk), "end")  # nobody has seen it
    alerts.acknowledge(alert, "", by=valley.person("pacs-manager"))
    look(live, figure("results-missing", 0.0))
    assert Alert.objects.get(pk=alert.pk).end.because == alerts.BACK
    assert len(look(live, figure("results-missing", 0.2))) == 1


@pytest.mark.need("M03")
def test_what_a_rule_closed_opens_only_by_a_sealed_decision(live: Any) -> None:
    look(live, figure("agreement", 0.6, low=0.5, high=0.7, n=60))
    closure = live.closures.get()
    with pytest.raises(NotPermitted):
        commands.lift_closure(closure, "Fine.", valley.proof_of_self(), by=valley.person("pacs-manager"))
    commands.lift_closure(
        closure, "The readers were retrained.", valley.proof_of_self(), by=valley.person("clinical-lead")
    )
    closure.refresh_from_db()
    said = {
        "username": "clinical-lead",
        "meaning": "open the route again",
        "reason": "The readers were retrained.",
    }
    assert seal_holds(closure.lift_envelope, said, subject=live)
    assert not seal_holds(closure.lift_envelope, said | {"username": "executive"}, subject=live)
    assert queries.route(live).state is RouteState.LIVE


def test_what_was_decided_upon_does_not_close_the_route_again_until_new_results_have_come(live: Any) -> None:
    bad = figure("agreement", 0.6, low=0.5, high=0.7, n=60)
    (first,) = look(live, bad)
    commands.lift_closure(
        first.closure, "Retrained.", valley.proof_of_self(), by=valley.person("clinical-lead")
    )
    assert look(live, bad) == []
    assert queries.route(live).state is RouteState.LIVE
    watch_traffic.returned(live, 29)
    assert look(live, bad) == []
    watch_traffic.returned(live, 1)
    assert len(look(live, bad)) == 1
    assert queries.route(live).state is RouteState.CLOSED


def test_the_database_refuses_a_lifting_without_its_seal_and_any_change_of_an_alert(live: Any) -> None:
    (alert,) = look(live, figure("agreement", 0.6, low=0.5, high=0.7, n=60))
    person = valley.person("clinical-lead").pk
    for sql in (
        f"UPDATE deployments_routeclosure SET lifted_at = '2026-01-01', lifted_by_id = {person}",
        "UPDATE deployments_routeclosure SET cause = 'by-hand'",
        "UPDATE watch_alert SET sentence = 'nothing'",
        "DELETE FROM watch_recipient",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert RouteClosure.objects.get(pk=alert.closure_id).lifted_at is None
