"""What decided something cannot be changed or deleted: not by our code, not by the database. Also run on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
import valley
from django.db import IntegrityError, connection, transaction

import guards_lifted
from alarp.kernel import NotNow
from alarp.records.audit.models import AuditEvent
from alarp.records.deployments import commands
from alarp.records.deployments.models import Answer, Decision, Reopening
from alarp.records.evidence.commands import withdraw
from alarp.records.evidence.models import Evidence, Withdrawal

ONCE = {
    "evidence_evidence": "title = 'x'",
    "evidence_withdrawal": "reason = 'x'",
    "deployments_decision": "reason = 'x'",
    "deployments_answer": "criterion = 'x'",
    "deployments_reopening": "reason = 'x'",
    "deployments_trustcriterion": "asks = 'x'",
    "audit_auditevent": "action = 'x'",
}
KEPT = (
    "deployments_deployment",
    "deployments_gatestatus",
    "deployments_hold",
    "deployments_routeclosure",
    "deployments_teammember",
    "evidence_signingkey",
    "people_roleholding",
    "people_interest",
    "products_version",
    "audit_auditstream",
)


@pytest.fixture
def full(deployment: Any) -> Any:
    """A deployment with at least one row in every guarded table."""
    from alarp.records.people.commands import declare_interest

    commands.add_criterion(
        pathway="national-2026.1",
        organisation=valley.organisation("valley"),
        gate="need",
        slug="own",
        asks="Show it.",
        evidence_kind="own",
        role="executive",
        source="Trust policy",
        reason="Because.",
        by=valley.person("clinical-safety-officer"),
    )
    valley.pass_gate(deployment, "need")
    commands.raise_hold(
        deployment,
        "Wrong side.",
        "Cause found.",
        valley.person("clinical-safety-officer"),
        by=valley.person("reader"),
    )
    commands.close_route(deployment, "To be safe.", by=valley.person("pacs-manager"))
    declare_interest(valley.organisation("otherco"), "shares", by=valley.person("reader"))
    paper = deployment.answers.get(criterion="baseline").evidence
    withdraw(paper, "Wrong year.", by=valley.person("writer"))
    return deployment


def refused(sql: str) -> str:
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return str(error.value)


def rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])


@pytest.mark.need("X03")
def test_the_database_refuses_to_change_or_delete_a_row_that_decided_something(full: Any) -> None:
    for table, change in ONCE.items():
        before = rows(table)
        assert before > 0, table
        assert "never changed" in refused(f"UPDATE {table} SET {change}")
        assert "never deleted" in refused(f"DELETE FROM {table}")
        assert rows(table) == before


def test_the_database_refuses_to_delete_what_must_be_kept(full: Any) -> None:
    for table in KEPT:
        before = rows(table)
        assert before > 0, table
        assert "never deleted" in refused(f"DELETE FROM {table}")
        assert rows(table) == before


def test_a_key_a_version_a_closing_and_a_stream_cannot_be_rewritten(full: Any) -> None:
    assert "only retired" in refused("UPDATE evidence_signingkey SET public_pem = 'x'")
    assert "never renamed" in refused("UPDATE products_version SET number = '9'")
    assert "never changed" in refused("UPDATE deployments_routeclosure SET reason = 'x'")
    assert "only grows" in refused("UPDATE audit_auditstream SET count = 0")


def test_our_own_code_refuses_before_the_database_does(full: Any) -> None:
    for model in (Evidence, Withdrawal, Decision, Answer, Reopening, AuditEvent):
        row = model.objects.first()
        with pytest.raises(NotNow):
            row.save()
        with pytest.raises(NotNow):
            row.delete()
        with pytest.raises(NotNow):
            model.objects.update(pk=0)
        with pytest.raises(NotNow):
            model.objects.all().delete()


def test_every_guard_of_every_app_is_laid_by_migrating(db: None) -> None:
    sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        sql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        laid = {row[0] for row in cursor.fetchall()}
    assert {guard.name for guard in guards_lifted.all_guards()} <= laid


def test_truncating_is_refused_where_the_database_knows_it(full: Any) -> None:
    if connection.vendor != "postgresql":
        assert "never deleted" in refused("DELETE FROM audit_auditevent")
        return
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else PostgreSQL refuses for a reason of its own
    assert "never deleted" in refused("TRUNCATE audit_auditevent CASCADE")
