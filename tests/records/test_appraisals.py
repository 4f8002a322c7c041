"""A cost case and its options are kept once, counted at the gate, and added up against what was really sent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import valley
from django.db import IntegrityError, connection, transaction

from alarp.economics import read_text
from alarp.kernel import BadInput, NotNow, NotPermitted
from alarp.records import clock
from alarp.records.appraisals import checks, commands, queries
from alarp.records.appraisals.models import CostCase, Option, OptionAppraisal
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments import queries as deployments
from alarp.records.ledger.models import Dispatch, Peer, Study

CASES = Path(__file__).resolve().parents[2] / "src" / "alarp" / "demo" / "cases"
NOTHING = {
    "name": "Do nothing",
    "kind": "do-nothing",
    "cost": 0,
    "cost_source": "nothing is bought",
    "benefit": 0,
    "risk": 3,
    "alignment": 0,
    "note": "Films wait as they do today.",
}
SESSIONS = NOTHING | {"name": "Two more reporting sessions", "kind": "non-ai", "cost": 180_000, "benefit": 3}
TOOL = NOTHING | {"name": "Flag", "kind": "ai", "cost": None, "benefit": 4, "risk": 2, "alignment": 4}


def table(**changes: Any) -> dict[str, Any]:
    return read_text((CASES / "cost-noduleflag.yaml").read_text("utf-8")) | {"tool": "Flag 1.0"} | changes


@pytest.fixture
def tool(trust: None) -> Any:
    return valley.proposed(pathway="national-2026.2")


def save(deployment: Any, **changes: Any) -> CostCase:
    return commands.save_cost_case(deployment, table(**changes), by=valley.person("procurement"))


def test_a_case_is_kept_with_what_follows_from_it_and_the_newest_counts(tool: Any) -> None:
    first = save(tool)
    second = save(tool, title="Dearer")
    assert (first.number, second.number) == (1, 2)
    assert queries.latest_case(tool) == second
    assert second.result["volumes"]["expected"]["cost"] > second.result["volumes"]["expected"]["licence"]
    event = AuditEvent.objects.filter(stream__slug=tool.slug, action="cost case saved").last()
    assert event is not None and event.details["digest"] == second.digest


@pytest.mark.need("P05")
def test_a_case_with_a_missing_line_leaves_nothing_behind(tool: Any) -> None:
    bad = table()
    bad["lines"] = [line for line in bad["lines"] if line["line"] != "exit"]
    with pytest.raises(BadInput, match="has no line 'exit'"):
        commands.save_cost_case(tool, bad, by=valley.person("procurement"))
    assert not CostCase.objects.exists()
    assert not AuditEvent.objects.filter(action="cost case saved").exists()


def test_the_same_case_twice_is_one_case(tool: Any) -> None:
    save(tool)
    with pytest.raises(NotNow, match="word for word the case that stands as version 1"):
        save(tool)
    assert CostCase.objects.count() == 1


def test_a_case_about_another_product_is_refused(tool: Any) -> None:
    with pytest.raises(BadInput, match="tool is 'Other 3'"):
        save(tool, tool="Other 3")


@pytest.mark.parametrize("username", ["vendor", "stranger", "radiographer", "region"])
def test_only_who_prepares_costs_saves_them(tool: Any, username: str) -> None:
    by = valley.person(username)
    with pytest.raises(NotPermitted):
        commands.save_cost_case(tool, table(), by=by)
    with pytest.raises(NotPermitted):
        commands.save_option_appraisal(tool, [NOTHING], by=by)
    assert not CostCase.objects.exists() and not OptionAppraisal.objects.exists()


@pytest.mark.parametrize(
    ("name", "change"),
    [("costcase", "digest = 'x'"), ("optionappraisal", "digest = 'x'"), ("option", "cost_pounds = 1")],
)
def test_the_database_refuses_to_change_or_delete_what_was_appraised(
    tool: Any, name: str, change: str
) -> None:
    save(tool)
    commands.save_option_appraisal(tool, [NOTHING], by=valley.person("writer"))
    for words in (f"UPDATE appraisals_{name} SET {change}", f"DELETE FROM appraisals_{name}"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(words)
    with pytest.raises(NotNow):
        Option.objects.all().delete()


def test_the_tools_own_cost_comes_from_its_case_with_its_source(tool: Any) -> None:
    with pytest.raises(BadInput, match="save the cost case first"):
        commands.add_option(tool, TOOL, by=valley.person("writer"))
    case = save(tool)
    appraisal = commands.add_option(tool, TOOL, by=valley.person("writer"))
    option = appraisal.options.get()
    assert float(option.cost_pounds) == case.result["volumes"]["expected"]["cost"]
    assert option.cost_source.startswith("cost case 1, 5 years at the expected volume")


def test_an_option_is_added_replaced_by_its_name_and_removed_and_every_version_stays(tool: Any) -> None:
    by = valley.person("writer")
    commands.add_option(tool, NOTHING, by=by)
    commands.add_option(tool, SESSIONS, by=by)
    commands.add_option(tool, SESSIONS | {"name": "two more REPORTING sessions", "cost": 90_000}, by=by)
    last = queries.latest_appraisal(tool)
    assert last is not None
    assert [(o.name, float(o.cost)) for o in queries.weighed(last)] == [
        ("Do nothing", 0),
        ("two more REPORTING sessions", 90_000),
    ]
    commands.remove_option(tool, "Do nothing", by=by)
    assert [a.options.count() for a in OptionAppraisal.objects.order_by("number")] == [1, 2, 2, 1]
    with pytest.raises(BadInput, match="holds no option"):
        commands.remove_option(tool, "Do nothing", by=by)


@pytest.mark.need("P02")
def test_the_gate_asks_for_doing_nothing_and_a_way_without_ai_before_anybody_may_buy(tool: Any) -> None:
    at, by = clock.now(), valley.person("writer")
    assert "No options are appraised" in checks.options_appraised(tool, at)[0]
    save(tool)
    commands.save_option_appraisal(tool, [TOOL], by=by)
    assert [s.split(":")[0] for s in checks.options_appraised(tool, at)] == [
        "The appraisal does not hold 'do nothing'",
        "The appraisal holds no option without AI",
    ]
    with pytest.raises(NotNow, match="does not hold 'do nothing'"):
        commands.issue_options(tool, by=by)
    commands.save_option_appraisal(tool, [NOTHING, SESSIONS, TOOL], by=by)
    assert checks.options_appraised(tool, at) == (
        "Option appraisal 2 is not issued as evidence: issue it under Cost and options.",
    )
    evidence = commands.issue_options(tool, by=by)
    assert checks.options_appraised(tool, at) == ()
    assert [o["name"] for o in evidence.body["options"]] == [
        "Do nothing",
        "Two more reporting sessions",
        "Flag",
    ]
    assert evidence.kind == "option-appraisal" and evidence.document_sha256


@pytest.mark.need("P05", "P09")
def test_the_gate_asks_for_the_newest_cost_case_as_evidence(tool: Any) -> None:
    at, by = clock.now(), valley.person("writer")
    assert "No cost case is saved" in checks.cost_complete(tool, at)[0]
    with pytest.raises(NotNow, match="no cost case to issue"):
        commands.issue_cost(tool, by=by)
    case = save(tool)
    assert "is not issued as evidence" in checks.cost_complete(tool, at)[0]
    evidence = commands.issue_cost(tool, by=by)
    assert checks.cost_complete(tool, at) == ()
    assert evidence.body["digest"] == case.digest and evidence.body["case"] == case.table
    assert evidence.document_type in {"application/pdf", "text/html"}
    save(tool, title="A later one")
    assert checks.cost_complete(tool, at) == (
        "The evidence is not of cost case 2, the newest: issue that one under Cost and options.",
    )
    newer = commands.issue_cost(tool, by=by)
    assert newer.supersedes == evidence and checks.cost_complete(tool, at) == ()
    criterion = next(
        c for c in deployments.gate_view(tool, "procure").criteria if c.criterion.slug == "whole-life-cost"
    )
    assert criterion.met


def test_a_paper_from_elsewhere_does_not_stand_in_for_the_case(tool: Any) -> None:
    from alarp.records.deployments import commands as doors

    save(tool)
    doors.answer(
        tool, "procure", "whole-life-cost", valley.paper("whole-life-cost"), by=valley.person("writer")
    )
    assert "not of cost case 1" in checks.cost_complete(tool, clock.now())[0]


def sent(deployment: Any, number: int, route: str, when: Any) -> None:
    peer, _ = Peer.objects.get_or_create(aet="CR1", defaults={"name": "Room", "kind": "source"})
    for _ in range(number):
        study = Study.objects.create(
            study_uid=f"1.2.{Study.objects.count()}",
            patient_id="x",
            peer=peer,
            first_received_at=when,
            last_received_at=when,
        )
        Dispatch.objects.create(
            study=study,
            deployment=deployment,
            state=Dispatch.SENT,
            phase="send",
            created_at=when,
            changed_at=when,
            route_when_sent=route,
            sent_at=when,
            due_at=when,
        )


def test_cost_and_value_to_date_follow_what_the_ledger_says_was_sent(tool: Any) -> None:
    now = clock.now()
    other = valley.proposed("flag-two", pathway="national-2026.2")
    found = queries.value_and_cost([tool, other], now)
    assert found[tool.pk].because == "Not measurable: no cost case is saved."
    save(tool)
    sent(tool, 2, "silent", now - timedelta(days=3))
    assert "no study has been sent live" in queries.value_and_cost([tool], now)[tool.pk].because
    sent(tool, 3, "live", now - timedelta(minutes=1))
    answer = queries.value_and_cost([tool, other], now)[tool.pk]
    assert answer.because == ""
    assert "5 films sent, 3 of them live" in answer.sentence and "By cost case 1" in answer.sentence
    # 14,000 + 60 h × 48 + 36 h × 105 + 40 h × 105 + 50 h × 48 = 27,260 set-up, by hand; 5 × £1.20 and recalls on top
    assert "£27,260 set-up, £6 licence" in answer.sentence
    assert answer.value_to_date == "£1.26"  # 3 films × 0.4 min × 0.6 × £105 / 60


def test_closed_days_are_counted_once_and_todays_studies_are_counted_every_time(
    tool: Any, django_assert_num_queries: Any
) -> None:
    now = clock.now()
    save(tool)
    sent(tool, 2, "live", now - timedelta(days=2))
    queries.value_and_cost([tool], now)
    sent(tool, 1, "live", now - timedelta(seconds=1))
    with django_assert_num_queries(2):  # the cases, and today
        answer = queries.value_and_cost([tool], now)[tool.pk]
    assert "3 films sent, 3 of them live" in answer.sentence


@pytest.mark.need("P06")
def test_a_decision_before_the_money_ends_is_due_in_time_and_not_before(tool: Any) -> None:
    from datetime import date

    save(tool)  # funded for 24 months from 1 January 2027, six months' notice
    assert queries.funding_due(date(2028, 3, 1)) == ()
    (due,) = queries.funding_due(date(2028, 4, 10))
    assert (due.deployment, due.decide_by, due.ends_on) == (tool, date(2028, 7, 1), date(2029, 1, 1))
    assert "Decide to stop or extend by 1 July 2028." in due.sentence
    save(tool, funding=table()["funding"] | {"starts_on": "2029-01-01"})
    assert queries.funding_due(date(2028, 4, 10)) == ()
