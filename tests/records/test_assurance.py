"""The switch that puts a site on human reading, recalls and their answers, who was told, and what people read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from valley import organisation, person, proof_of_self, proposed

from alarp.kernel import BadInput, NotNow, NotPermitted, RouteState
from alarp.pathway import Breach, Figure, StepUp
from alarp.records import clock
from alarp.records.assurance import alarms, human_only, notifications, recalls, switch
from alarp.records.assurance.models import HumanReading, Recall, RecallEntry, Release
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments import queries
from alarp.records.deployments.models import RouteClosure
from alarp.records.ledger import commands as ledger
from alarp.records.ledger.models import Dispatch, Peer, Study
from alarp.records.messages.models import Message, Report
from alarp.records.people.models import RoleHolding
from alarp.records.watch import alerts
from alarp.standards.watch import gateway_rules

pytestmark = pytest.mark.django_db


# The switch


@pytest.mark.need("G17")
def test_one_switch_closes_every_route_of_the_site_and_one_signature_opens_them_again(
    deployment: Any,
) -> None:
    other = proposed("flag-river-2")
    site = organisation("river")
    reading = switch.begin(site, "The tool marks the wrong side.", by=person("radiographer"))
    for one in (deployment, other):
        route = queries.route(one)
        assert route.state == RouteState.CLOSED and "River Hospital reads without AI" in str(
            RouteClosure.objects.get(deployment=one).reason
        )
    with pytest.raises(NotNow, match="already"):
        switch.begin(site, "Again.", by=person("radiographer"))
    with pytest.raises(NotPermitted):
        switch.end(reading, "It is fixed.", proof_of_self(), by=person("radiographer"))
    switch.end(reading, "It is fixed.", proof_of_self(), by=person("clinical-safety-officer"))
    assert not RouteClosure.objects.filter(lifted_at__isnull=True).exists()
    assert RouteClosure.objects.exclude(lift_envelope=None).count() == 2
    said = AuditEvent.objects.filter(subject="site river").order_by("seq").values_list("action", flat=True)
    assert list(said) == ["human reading begun", "human reading ended"]


def test_a_signature_that_is_stale_opens_nothing(deployment: Any) -> None:
    reading = switch.begin(organisation("river"), "Wrong side.", by=person("radiographer"))
    stale = StepUp("password", clock.now() - timedelta(hours=2))
    with pytest.raises(NotNow):
        switch.end(reading, "It is fixed.", stale, by=person("clinical-safety-officer"))
    assert RouteClosure.objects.filter(lifted_at__isnull=True).count() == 1
    assert HumanReading.objects.get().ended_at is None


def test_a_tool_that_comes_while_the_site_reads_without_ai_is_closed_as_well(trust: None) -> None:
    from alarp.kernel import Stage

    switch.begin(organisation("valley"), "Ransomware.", by=person("digital-lead"))
    late = proposed("flag-late")
    assert not RouteClosure.objects.filter(deployment=late).exists()
    switch.close_where_a_site_reads_without_ai(late, Stage.LIVE, clock.now())
    switch.close_where_a_site_reads_without_ai(late, Stage.REVIEW, clock.now())
    assert RouteClosure.objects.filter(deployment=late, cause="human-only").count() == 1


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_switch_without_a_reason_or_by_a_stranger_is_refused(deployment: Any, reason: str) -> None:
    with pytest.raises(BadInput, match="Say why"):
        switch.begin(organisation("river"), reason, by=person("radiographer"))
    with pytest.raises(NotPermitted):
        switch.begin(organisation("river"), "Because.", by=person("stranger"))


# Recalls


def study(peer: Peer, number: int, *, hours_ago: float = 1, **more: Any) -> Study:
    at = clock.now() - timedelta(hours=hours_ago)
    named = {"study_uid": f"1.2.{number}", "patient_id": f"P{number}", "accession": f"A{number}"}
    return Study.objects.create(peer=peer, first_received_at=at, last_received_at=at, **(named | more))


def dispatch(of: Study, deployment: Any, state: str, **more: Any) -> Dispatch:
    sent = {"sent_at": of.first_received_at, "due_at": clock.now()} if state in ("sent", "returned") else {}
    if state == "returned":
        sent["returned_at"] = clock.now()
    return Dispatch.objects.create(
        study=of, deployment=deployment, state=state, phase="send", created_at=of.first_received_at,
        changed_at=of.first_received_at, **(sent | more),
    )  # fmt: skip


@pytest.fixture
def scanner(deployment: Any) -> Peer:
    return ledger.register_peer(aet="CT1", name="CT one", kind="source", site=deployment.site, by="set-up")


@pytest.fixture
def recall(deployment: Any, scanner: Peer) -> Recall:
    left = dispatch(study(scanner, 1), deployment, "sent")
    made = Recall(
        dispatch=left,
        images=2,
        asked_at=clock.now() - timedelta(days=30),
        due_at=clock.now() - timedelta(days=2),
        letter="Please delete.",
    )
    made.save()
    return made


@pytest.mark.need("G08")
def test_a_recall_is_overdue_until_the_supplier_has_answered_once(deployment: Any, recall: Recall) -> None:
    now, keeper = clock.now(), person("pacs-manager")
    assert recalls.state(recall, now) == "overdue"
    recalls.write_down(recall, RecallEntry.SENT, "By letter.", now.date() - timedelta(days=29), by=keeper)
    assert recalls.state(Recall.objects.get(), now) == "overdue" and recalls.overdue(now).count() == 1
    alarms.look_at_recalls(now)
    raised = deployment.alerts.get(monitor="recall-overdue")
    assert "1" in raised.sentence and raised.role == "information-governance"
    with pytest.raises(BadInput, match="lies ahead"):
        recalls.write_down(recall, RecallEntry.DELETED, "Done.", now.date() + timedelta(days=1), by=keeper)
    recalls.write_down(recall, RecallEntry.DELETED, "Deleted on Monday.", now.date(), by=keeper)
    assert recalls.state(Recall.objects.get(), now) == "deleted" and not recalls.overdue(now).exists()
    alarms.look_at_recalls(now)
    assert deployment.alerts.get(monitor="recall-overdue").end.because == alarms.BACK[alarms.RECALL]
    with pytest.raises(NotNow):
        recalls.write_down(recall, RecallEntry.REFUSED, "We changed our mind.", now.date(), by=keeper)
    with pytest.raises(NotPermitted):
        recalls.write_down(recall, RecallEntry.SENT, "x", now.date(), by=person("radiographer"))


def test_the_database_itself_refuses_to_change_what_was_asked_of_a_supplier(recall: Recall) -> None:
    from django.db import connection

    with (
        pytest.raises(IntegrityError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE assurance_recall SET letter = 'Keep it.'")


# What people read


def report(of: Study, *, minutes: float) -> None:
    message = Message.objects.create(
        way="hl7",
        sender="RIS",
        control_id=of.study_uid,
        sha256="0" * 64,
        size_bytes=1,
        received_at=clock.now(),
    )
    Report(
        message=message, key=of.accession, accession=of.accession, patient_id=of.patient_id, status="F",
        reported_at=of.first_received_at + timedelta(minutes=minutes), text_sha256="0" * 64, said_at=clock.now(),
    ).save()  # fmt: skip


@pytest.mark.need("G09")
def test_opted_out_studies_stand_on_the_list_and_their_waiting_beside_the_ai_read_peers(
    deployment: Any, scanner: Peer
) -> None:
    peers = [study(scanner, n) for n in range(1, 12)]
    for n, one in enumerate(peers):
        dispatch(one, deployment, "returned", route_when_sent="live")
        report(one, minutes=10 + n)
    out = [study(scanner, n, opted_out_on_receipt=True) for n in range(20, 31)]
    for n, one in enumerate(out):
        report(one, minutes=100 + n)
    late = study(scanner, 40)
    Release(dispatch=dispatch(late, deployment, "held"), at=clock.now(), because="The tool is down.").save()
    closed = study(scanner, 41)
    dispatch(closed, deployment, "held", reason="Came while the route was closed: Hold 1.")
    refused = study(scanner, 42)
    dispatch(refused, deployment, "refused", reason="The age.")
    probe = study(scanner, 43, synthetic=True, opted_out_on_receipt=True)

    span = (clock.now() - timedelta(days=1), clock.now())
    listed = {row.study.pk: row.reason for row in human_only.read_by_people(*span)}
    assert listed == {one.pk: "opted out" for one in out} | {
        late.pk: "no AI in time",
        closed.pk: "route closed",
    }
    assert probe.pk not in listed and refused.pk not in listed
    groups = {group.group: group for group in human_only.turnarounds(*span)}
    ai, no = groups["read with AI"].median, groups["opted out"].median
    assert (ai.estimate, no.estimate) == (15, 105)  # by hand: the sixth of 10..20 and of 100..110
    assert ai.method.startswith("order statistics") and (no.low, no.high) == (
        101,
        109,
    )  # ranks 2 and 10 of 11
    assert (groups["no AI in time"].median.estimate, groups["no AI in time"].reported) == (None, 0)
    assert "no report" in groups["no AI in time"].median.because


def test_without_reports_the_waiting_is_not_measurable_rather_than_nought(
    deployment: Any, scanner: Peer
) -> None:
    study(scanner, 1, opted_out_on_receipt=True)
    found = {g.group: g for g in human_only.turnarounds(clock.now() - timedelta(days=1), clock.now())}
    assert found["opted out"].median.estimate is None and found["opted out"].studies == 1


# Notifications


def raise_one(deployment: Any) -> Any:
    rule = gateway_rules()[alarms.DOWN]
    figure = Figure(alarms.DOWN, "all", 9.0, None, None, 1, clock.now(), "")
    return alerts.raise_alert(deployment, Breach(rule, figure, "Down."), cause_at=clock.now())[0]


@pytest.mark.need("G16")
def test_a_notification_holds_rule_role_people_delivery_and_acknowledgement(deployment: Any) -> None:
    alert = raise_one(deployment)
    keeper = person("pacs-manager")
    assert notifications.delivered_to(keeper, "page of alerts") == 1
    assert notifications.delivered_to(keeper, "page of alerts") == 0  # once
    alerts.acknowledge(alert, "On it.", by=keeper)
    (one,) = notifications.notifications([deployment], clock.now())
    (told,) = one.rounds[0].told
    assert (one.rule, one.rounds[0].role, told.person) == (
        "tool-down-above-warn",
        "pacs-manager",
        str(keeper),
    )
    assert told.delivered_at is not None and told.way == "page of alerts" and not told.misrouted
    assert one.acknowledged_by == str(keeper) and one.in_time is True and not one.counts


@pytest.mark.need("G16")
def test_what_nobody_takes_up_goes_to_the_next_role_and_counts_as_an_incident(deployment: Any) -> None:
    raise_one(deployment)
    later = clock.now() + timedelta(minutes=31)
    assert alerts.escalate(later) == 1
    (one,) = notifications.notifications([deployment], later)
    assert [r.role for r in one.rounds] == ["pacs-manager", "lead-physicist"]
    assert one.in_time is False and one.counts and "30 minutes" in one.rounds[1].because


@pytest.mark.need("G16")
def test_who_is_told_in_a_role_they_no_longer_hold_is_shown_and_the_next_role_hears_at_once(
    deployment: Any,
) -> None:
    yesterday = clock.now().date() - timedelta(days=1)
    RoleHolding.objects.filter(person=person("pacs-manager")).update(since=yesterday, until=yesterday)
    raise_one(deployment)
    (one,) = notifications.notifications([deployment], clock.now())
    assert [r.role for r in one.rounds] == ["pacs-manager", "lead-physicist"]
    assert one.rounds[0].told[0].misrouted and one.rounds[0].missed and not one.rounds[1].missed
    assert one.counts


def test_what_the_gateway_raised_is_not_ended_by_the_look_at_signed_rules(deployment: Any) -> None:
    alert = raise_one(deployment)
    alerts.acknowledge(alert, "On it.", by=person("pacs-manager"))
    alerts.look_at(deployment, (), clock.now())
    assert not hasattr(type(alert).objects.get(pk=alert.pk), "end")
    alarms.judge(deployment, alarms.DOWN, 0.0, "", cause_at=clock.now())
    assert type(alert).objects.get(pk=alert.pk).end.because == alarms.BACK[alarms.DOWN]
