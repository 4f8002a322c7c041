"""An incident: made safe, cause, decision; the route it belongs to opens only then. And what users say of results."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import valley
import watch_traffic
from django.db import IntegrityError, connection, transaction

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.records import clock
from alarp.records.deployments import commands, queries
from alarp.records.evidence.sealing import seal_holds
from alarp.records.hazards.models import Hazard
from alarp.records.watch import feedback, incidents, routing, versions
from alarp.records.watch.models import Alert, Feedback, Incident


@pytest.fixture
def silent(deployment: Any) -> Any:
    return valley.bring_to(deployment, "integrate")


@pytest.fixture
def another_version(silent: Any) -> Alert:
    """The tool answered as version 7: the route is closed."""
    said = versions.version_seen(watch_traffic.sent(silent), "7.0")
    assert said == "The tool answered as version 7.0; version 1.0 is approved. The route was closed."
    return Alert.objects.get(deployment=silent)


def officer() -> Any:
    return valley.person("clinical-safety-officer")


def opened(alert: Alert) -> Incident:
    return incidents.open_incident(alert.deployment, "The tool changed by itself.", alert=alert, by=officer())


def settled(incident: Incident) -> None:
    incidents.make_safe(incident, "The route is closed; everybody reads without it.", by=officer())
    incidents.find_cause(incident, "The supplier updated without notice.", by=officer())


def decide(incident: Incident, outcome: str = incidents.REOPEN) -> Any:
    said = "The approved version is back."
    return incidents.decide(incident, outcome, said, valley.proof_of_self(), by=officer())


def lift(alert: Alert) -> None:
    commands.lift_closure(
        alert.closure, "1.0 is back.", valley.proof_of_self(), by=valley.person("clinical-lead")
    )


@pytest.mark.need("M01")
def test_a_version_nobody_approved_closes_a_silent_route_too_and_the_approved_one_says_nothing(
    silent: Any,
) -> None:
    for same in ("1.0", "v1.0", " Version 1.0 "):
        assert versions.version_seen(watch_traffic.sent(silent), same) == ""
    assert queries.route(silent).state is RouteState.SILENT
    assert versions.version_seen(watch_traffic.sent(silent), "1.0.1")
    assert queries.route(silent).state is RouteState.CLOSED


def test_a_lifted_route_closes_again_when_the_wrong_version_is_seen_again(another_version: Alert) -> None:
    lift(another_version)
    assert queries.route(another_version.deployment).state is RouteState.SILENT
    versions.version_seen(watch_traffic.sent(another_version.deployment), "7.0")
    assert queries.route(another_version.deployment).state is RouteState.CLOSED
    assert Alert.objects.filter(deployment=another_version.deployment).count() == 2


@pytest.mark.need("G16")
def test_an_alert_carries_when_it_began_when_it_was_raised_and_when_the_route_closed(
    another_version: Alert,
) -> None:
    assert another_version.dispatch.sent_at == another_version.cause_at
    assert another_version.cause_at <= another_version.closure.closed_at <= another_version.raised_at


@pytest.mark.need("M03")
def test_a_route_with_an_incident_opens_only_when_it_is_safe_its_cause_found_and_decided_so(
    another_version: Alert,
) -> None:
    incident = opened(another_version)
    with pytest.raises(NotNow, match="it is not made safe and its cause is not found and nothing is decided"):
        lift(another_version)
    with pytest.raises(
        NotNow, match="cannot be opened again yet: it is not made safe and its cause is not found"
    ):
        decide(incident)
    settled(incident)
    decide(incident, incidents.KEEP_CLOSED)
    with pytest.raises(NotNow, match="decided: the route stays closed"):
        lift(another_version)
    entry = decide(incident)
    assert seal_holds(
        entry.envelope,
        {"meaning": "reopen", "incident": 1, "username": "clinical-safety-officer"},
        subject=another_version.deployment,
    )
    lift(another_version)
    assert queries.route(another_version.deployment).state is RouteState.SILENT


def test_an_incident_is_closed_only_when_nothing_is_owed_and_then_takes_no_more(
    another_version: Alert,
) -> None:
    incident = opened(another_version)
    with pytest.raises(NotNow, match="cannot be closed yet"):
        incidents.close(incident, "Done.", by=officer())
    settled(incident)
    decide(incident)
    incidents.close(incident, "Done.", by=officer())
    with pytest.raises(NotNow, match="Incident 1 is closed"):
        incidents.add_note(incident, "Again.", by=officer())
    incidents.report_sent(incident, "lfpse", "Reference 17", by=officer())  # a report may still be owed


def test_a_decision_is_signed_by_somebody_on_the_team_with_fresh_proof(another_version: Alert) -> None:
    incident = opened(another_version)
    settled(incident)
    with pytest.raises(NotPermitted, match="decide an incident"):
        incidents.decide(incident, "reopen", "Yes.", valley.proof_of_self(), by=valley.person("radiographer"))
    stale = commands.StepUp("password", clock.now() - timedelta(minutes=9))
    with pytest.raises(NotNow, match="more than 5 minutes"):
        incidents.decide(incident, "reopen", "Yes.", stale, by=officer())
    with pytest.raises(BadInput, match="reopen, keep-closed, stop"):
        incidents.decide(incident, "perhaps", "Yes.", valley.proof_of_self(), by=officer())


def test_a_hazard_is_one_of_the_deployments_own_log(another_version: Alert) -> None:
    incident = opened(another_version)
    with pytest.raises(BadInput, match="has no hazard H11; add it there first"):
        incidents.link_hazard(incident, "H11", "Silent update.", by=officer())
    Hazard(
        deployment=another_version.deployment, number="H11", raised_by=officer(), raised_at=clock.now()
    ).save()
    entry = incidents.link_hazard(incident, " h11 ", "Silent update.", by=officer())
    assert entry.facts == {"hazard": "H11"}


def test_the_journal_is_never_rewritten_not_even_in_the_database(another_version: Alert) -> None:
    incident = opened(another_version)
    settled(incident)
    for sql in ("UPDATE watch_journalentry SET text = 'x'", "DELETE FROM watch_journalentry"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    with pytest.raises(NotNow):
        incident.journal.all().delete()


def test_an_incident_needs_its_words_and_one_alert_has_one_incident(another_version: Alert) -> None:
    opened(another_version)
    with pytest.raises(NotNow, match="has an incident already"):
        opened(another_version)
    with pytest.raises(BadInput, match="needs a summary"):
        incidents.open_incident(another_version.deployment, " ", by=officer())
    with pytest.raises(BadInput, match="ahead of now"):
        incidents.open_incident(
            another_version.deployment, "Later.", happened_at=clock.now() + timedelta(days=1), by=officer()
        )


def test_which_reports_are_owed_follows_from_what_the_incident_was(another_version: Alert) -> None:
    incident = opened(another_version)

    def owed() -> list[str]:
        return [one.route.slug for one in routing.owed(incident, incidents.state(incident))]

    assert set(owed()) == {"safety-log", "lfpse", "yellow-card", "manufacturer"}
    incidents.judge_harm(
        incident, "moderate", "A delayed scan.", exposure=True, data_breach=True, by=officer()
    )
    assert set(owed()) == {"safety-log", "lfpse", "yellow-card", "manufacturer", "saue", "ico", "candour"}
    (ico,) = [o for o in routing.owed(incident, incidents.state(incident)) if o.route.slug == "ico"]
    assert ico.due_at - incident.opened_at == timedelta(hours=72)
    assert not ico.late(clock.now()) and ico.late(clock.now() + timedelta(days=4))
    assert "Harm: Moderate harm. A delayed scan." in ico.draft and "Cause: being looked for." in ico.draft
    with pytest.raises(BadInput, match="The harm is 'awful'"):
        incidents.judge_harm(incident, "awful", "Oh.", by=officer())


# --- feedback ---------------------------------------------------------------------------------------


def said(silent: Any, by: str = "reader", **more: Any) -> Feedback:
    values: dict[str, Any] = {"verdict": "wrong", "reason": "missed", **more}
    return feedback.give(watch_traffic.sent(silent), **values, by=valley.person(by))


@pytest.mark.need("M12")
def test_feedback_that_becomes_an_incident_tells_its_reporter(silent: Any) -> None:
    row = said(silent, text="Left apex.")
    assert [f.pk for f in feedback.waiting()] == [row.pk]
    assert feedback.answers_for(valley.person("reader")) == ()
    done = feedback.triage(row, "incident", "Thank you: we are looking into it.", by=officer())
    assert done.incident is not None and "It missed something. “Left apex.”" in done.incident.summary
    assert done.incident.study == row.study
    (told,) = feedback.answers_for(valley.person("reader"))
    assert told.answer == "Thank you: we are looking into it."
    assert list(feedback.waiting()) == []
    with pytest.raises(NotNow, match="answered this feedback already"):
        feedback.triage(row, "no-action", "Nothing.", by=officer())


@pytest.mark.need("M12")
def test_feedback_has_a_verdict_a_known_reason_and_an_answer(silent: Any) -> None:
    with pytest.raises(BadInput, match="Feedback is wrong or unsure"):
        said(silent, verdict="bad")
    with pytest.raises(BadInput, match="The reason is 'because'"):
        said(silent, reason="because")
    with pytest.raises(BadInput, match="needs a few words"):
        said(silent, reason="other")
    with pytest.raises(NotPermitted):
        said(silent, by="procurement")
    with pytest.raises(BadInput, match="write the answer"):
        feedback.triage(said(silent), "supplier-told", " ", by=officer())
