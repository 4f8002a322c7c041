"""The audit trail finds what somebody did to it. Also run on PostgreSQL."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import valley
from django.db import connection, transaction

import guards_lifted
from alarp.kernel import BadInput, BrokenEvidence
from alarp.records import guards
from alarp.records.audit import queries
from alarp.records.audit.commands import event_hash, record
from alarp.records.audit.models import AuditEvent, AuditStream


@pytest.fixture
def chain(trust: None) -> Iterator[str]:
    """Ten events in a stream of their own, and a database whose guards somebody with its password removed."""
    for number in range(1, 11):
        with transaction.atomic():
            record("tester", "did", f"thing {number}", stream="tale", number=number, words="naïve – “quoted”")
    guards.lift("default", guards_lifted.all_guards())
    yield "tale"
    guards.lay("default", guards_lifted.all_guards())


def run(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def found(stream: str = "tale", **more: Any) -> queries.StreamCheck:
    (check,) = queries.verify(stream, **more)
    return check


WHERE = "WHERE seq = %s AND stream_id = (SELECT id FROM audit_auditstream WHERE slug = 'tale')"


@pytest.mark.need("X03")
def test_an_untouched_chain_holds(chain: str) -> None:
    check = found()
    assert check.ok
    assert check.sentence == "10 events, unaltered and in order."


@pytest.mark.parametrize(
    "change",
    [
        "action = 'never did'",
        "subject = 'thing 99'",
        "actor_label = 'somebody else'",
        "details = '{}'",
        "actor_id = (SELECT min(id) FROM people_person)",
        "at = '2020-01-01 00:00:00'",
    ],
)
def test_an_altered_row_is_found_whatever_was_altered(chain: str, change: str) -> None:
    run(f"UPDATE audit_auditevent SET {change} {WHERE}", 4)
    check = found()
    assert not check.ok
    assert check.sentence.startswith("Event 4 ")
    assert "was altered" in check.sentence


def test_a_missing_row_is_found(chain: str) -> None:
    run(f"DELETE FROM audit_auditevent {WHERE}", 4)
    assert found().sentence == "Event 4 is missing; the next one is 5."


def test_a_missing_end_is_found(chain: str) -> None:
    for seq in (9, 10):
        run(f"DELETE FROM audit_auditevent {WHERE}", seq)
    assert found().sentence == "Events 9 to 10 are missing at the end."


def test_two_rows_that_changed_places_are_found(chain: str) -> None:
    run(f"UPDATE audit_auditevent SET seq = 99 {WHERE}", 4)
    run(f"UPDATE audit_auditevent SET seq = 4 {WHERE}", 5)
    run(f"UPDATE audit_auditevent SET seq = 5 {WHERE}", 99)
    check = found()
    assert not check.ok
    assert "Event 4 does not follow the one before it" in check.sentence


def test_an_inserted_row_is_found(chain: str) -> None:
    stream = AuditStream.objects.get(slug="tale")
    last = AuditEvent.objects.filter(stream=stream).last()
    row = AuditEvent(
        stream=stream, seq=11, at=last.at, actor_label="x", action="x", subject="x", previous=last.hash
    )
    row.hash = seal(row)
    row.save()
    assert "added behind the stream's back" in found().sentence


def seal(row: AuditEvent) -> str:
    return event_hash(
        stream=row.stream.slug,
        seq=row.seq,
        at=row.at,
        actor=row.actor_label,
        actor_id=row.actor_id,
        action=row.action,
        subject=row.subject,
        details=row.details,
        previous=row.previous,
    )


def rewrite_from(seq: int) -> None:
    """Somebody who knows the code writes the end of the tale anew, with hashes that fit, head and all."""
    stream = AuditStream.objects.get(slug="tale")
    previous = AuditEvent.objects.get(stream=stream, seq=seq - 1).hash
    for row in AuditEvent.objects.filter(stream=stream, seq__gte=seq).order_by("seq"):
        row.subject, row.previous = "thing unsaid", previous
        previous = seal(row)
        run(
            "UPDATE audit_auditevent SET subject = %s, previous = %s, hash = %s WHERE id = %s",
            row.subject,
            row.previous,
            previous,
            row.pk,
        )
    run("UPDATE audit_auditstream SET head = %s WHERE slug = 'tale'", previous)


def test_a_chain_written_anew_is_found_only_against_heads_exported_before(chain: str) -> None:
    heads = queries.export_heads()
    assert found(heads=heads).ok
    rewrite_from(6)
    assert found().ok
    check = found(heads=heads)
    assert check.sentence == "The chain was rewritten: event 10 is not the one in the exported heads."


def test_a_chain_that_grew_since_still_agrees_with_the_exported_heads(chain: str) -> None:
    heads = queries.export_heads()
    with transaction.atomic():
        record("tester", "did", "more", stream="tale")
    check = found(heads=heads)
    assert check.ok
    assert "agrees with the exported heads" in check.sentence


def test_a_chain_cut_back_with_its_count_is_found_against_the_exported_heads(chain: str) -> None:
    heads = queries.export_heads()
    run(f"DELETE FROM audit_auditevent {WHERE}", 10)
    head = AuditEvent.objects.get(stream__slug="tale", seq=9).hash
    run("UPDATE audit_auditstream SET count = 9, head = %s WHERE slug = 'tale'", head)
    assert found().ok
    assert "the exported heads know 10, found 9" in found(heads=heads).sentence


def test_a_whole_stream_that_is_gone_is_found_against_the_exported_heads(chain: str) -> None:
    heads = queries.export_heads()
    run(
        "DELETE FROM audit_auditevent WHERE stream_id = (SELECT id FROM audit_auditstream WHERE slug = 'tale')"
    )
    run("DELETE FROM audit_auditstream WHERE slug = 'tale'")
    assert "tale" not in {check.stream for check in queries.verify()}
    check = found(heads=heads)
    assert (check.ok, check.sentence) == (
        False,
        "The stream is gone; the exported heads know 10 events of it.",
    )


def test_heads_that_were_altered_or_sealed_by_a_stranger_are_refused(chain: str) -> None:
    heads = queries.export_heads()
    altered = copy.deepcopy(heads)
    altered["streams"]["tale"]["count"] = 9
    with pytest.raises(BrokenEvidence, match="altered after they were sealed"):
        queries.verify(heads=altered)
    with pytest.raises(BrokenEvidence, match="no seal"):
        queries.verify(heads={**heads, "sealed": {}})
    with pytest.raises(BadInput, match="not a file of audit heads"):
        queries.verify(heads={"hello": 1})
    run("DELETE FROM evidence_signingkey")
    with pytest.raises(BrokenEvidence, match="a key that is not known here"):
        queries.verify(heads=heads)


def test_an_event_outside_a_transaction_is_refused(transactional_db: None) -> None:
    with pytest.raises(RuntimeError, match="belongs in the transaction"):
        record("tester", "did", "thing")


def test_a_change_that_fails_leaves_no_event_behind(deployment: Any) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(Exception, match="is not met"):
        valley.sign(deployment, "need", "clinical-lead")
    assert AuditEvent.objects.count() == before


def test_details_that_json_writes_in_another_way_still_hold(trust: None) -> None:
    with transaction.atomic():
        record("tester", "did", "thing", stream="odd", counts={2: 1, 10: 0.1, 9: (1, 2)}, tiny=1e-7)
    assert found("odd").ok


def test_the_latest_events_come_first_and_page_backwards(chain: str) -> None:
    newest = queries.events("tale", limit=3)
    assert [e.seq for e in newest] == [10, 9, 8]
    assert [e.seq for e in queries.events("tale", before=newest[-1].pk, limit=2)] == [7, 6]
