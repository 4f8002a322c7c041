"""Events are read from the ledger, counted once, and a closed day is the same however often it is closed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ledger_events as ledger
import polars as pl
import pytest

from alarp.kernel import BadInput
from alarp.monitoring import Event, columns_of, fold
from alarp.records import clock
from alarp.records.ledger.models import Dispatch
from alarp.records.monitors import commands, queries
from alarp.records.monitors.delivery import read_events
from alarp.records.monitors.events import known_between
from alarp.records.monitors.models import DailyCount, DeliveredEvent, RolledDay
from alarp.records.monitors.rolling import folder_of, zone

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
DAY = date(2026, 11, 19)


def at(hour: float, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def deployed(deployment: Any) -> Any:
    """A tool with a day of everything that can become of a study."""
    ledger.returned(deployment, at(9), score=0.9, decision="Flagged")
    ledger.returned(deployment, at(10), after_s=2 * 3600)  # came when it was overdue
    ledger.dispatch(deployment, at(11))
    ledger.ended(deployment, at(12), "refused", "The modality is CT; the tool takes CR.")
    ledger.ended(deployment, at(13), "failed", "The tool rejected it.", "send")
    ledger.ended(deployment, at(14), "opted-out", "The patient had opted out.", "opt-out")
    return deployment


def known(deployment: Any, day: date = DAY) -> list[Event]:
    return known_between(at(0, day), at(24, day), deployment)


@pytest.mark.need("M05")
def test_every_end_of_a_dispatch_is_one_event_and_a_late_result_takes_the_overdue_one_back(
    deployed: Any,
) -> None:
    counts = fold(columns_of(known(deployed), zone())).named("outcomes")
    assert counts == {"returned": 2, "overdue": 1, "failed": 1, "refused": 1, "opted-out": 1}
    reasons = {e.outcome: e.reason for e in known(deployed) if e.reason}
    assert reasons["refused"] == "modality" and reasons["failed"] == "send"


@pytest.mark.need("G10")
def test_an_event_carries_the_scanner_and_nothing_of_the_patient(deployed: Any) -> None:
    events = known(deployed)
    assert {e.scanner for e in events} == {"Philips Alpha (CR1)"}
    assert "Sorrowfield" not in repr(events) and "P1" not in repr(events)


def test_what_is_held_while_a_step_is_open_is_no_event_and_what_is_held_for_good_is(deployment: Any) -> None:
    from alarp.records.ledger import work

    held = ledger.ended(deployment, at(9), "held", "The tool does not answer.", "connect")
    gone = ledger.ended(deployment, at(9), "held", "Came while the route was closed: on hold.", "send")
    work.ask("send", f"{deployment.pk}:{held.pk}", {"dispatch": held.pk})
    assert [(e.event_id, e.reason) for e in known(deployment)] == [
        (f"dispatch {gone.pk} held", "route closed")
    ]


def test_a_day_rolled_twice_gives_the_same_bytes_and_the_same_counts(deployed: Any) -> None:
    first = commands.roll(DAY)
    (file,) = folder_of(DAY).glob("part-*.parquet")
    before, rows = file.read_bytes(), list(DailyCount.objects.order_by("pk").values("scanner", "counts"))
    second = commands.roll(DAY)
    assert [p.name for p in folder_of(DAY).iterdir()] == [file.name]
    assert file.read_bytes() == before and first.sha256 == second.sha256
    assert list(DailyCount.objects.order_by("pk").values("scanner", "counts")) == rows
    assert pl.read_parquet(file).height == first.events == 7


def test_a_lost_file_is_made_again_as_it_was(deployed: Any) -> None:
    commands.roll(DAY)
    (file,) = folder_of(DAY).glob("part-*.parquet")
    before = file.read_bytes()
    file.unlink()
    commands.roll(DAY)
    assert file.read_bytes() == before


def test_a_day_that_is_not_over_is_not_rolled(deployed: Any) -> None:
    with pytest.raises(BadInput, match="is not over yet"):
        commands.roll(NOW.date())


def test_the_sweep_closes_each_day_once(deployed: Any) -> None:
    ledger.returned(deployed, at(9, date(2026, 11, 17)))
    assert commands.roll_due(NOW) == (date(2026, 11, 17), date(2026, 11, 18), DAY)
    assert commands.roll_due(NOW) == ()
    assert RolledDay.objects.count() == 3


def test_after_a_clock_that_went_back_the_next_sweep_counts_what_fell_into_closed_days(
    deployed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.roll_due(NOW)
    ledger.returned(deployed, at(20))  # written with yesterday's time after yesterday was closed
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=1))
    assert DAY in commands.roll_due(NOW + timedelta(days=1))
    assert queries.daily(deployed, DAY, DAY).count("outcomes", "returned") == 3


def test_the_counts_of_closed_days_and_of_today_are_one_picture(deployed: Any) -> None:
    open_day = queries.daily(deployed, DAY, NOW.date()).named("outcomes")
    commands.roll_due(NOW)
    assert DailyCount.objects.exists()
    assert queries.daily(deployed, DAY, NOW.date()).named("outcomes") == open_day
    ledger.returned(deployed, NOW - timedelta(hours=1))
    assert queries.daily(deployed, DAY, NOW.date()).count("outcomes", "returned") == open_day["returned"] + 1


# Deliveries


def report(name: str, agreement: str = "agree", hour: float = 9, **more: Any) -> Event:
    moment = at(hour)
    return Event(name, moment, moment, "flag-river", route="live", agreement=agreement, **more)


@pytest.mark.need("M12")
def test_a_day_of_events_delivered_twice_counts_once(deployment: Any) -> None:
    day = [report(f"r{n}", hour=8 + n / 10) for n in range(20)]
    first = commands.deliver(deployment, day, source="reports", by="operator")
    second = commands.deliver(deployment, day, source="reports", by="operator")
    assert (first.new, second.new, second.known_before) == (20, 0, 20)
    assert "count once" in second.sentence
    assert queries.daily(deployment, DAY, NOW.date()).count("agreement", "agree") == 20


def test_the_same_event_twice_in_one_delivery_counts_once(deployment: Any) -> None:
    assert commands.deliver(deployment, [report("a"), report("a")], source="reports", by="operator").new == 1


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (report("x", hour=40), "lies ahead; correct the sender's clock"),
        (report("x", agreement="yes"), "its agreement is 'yes'; it is one of agree, disagree, wrong, unsure"),
        (report("x", agreement=""), "neither an outcome nor an agreement"),
        (report("", "agree"), "it has no name"),
        (report("x", score=float("nan")), "its score is not a number"),
        (report("x", turnaround_s=-1.0), "its turnaround is below 0"),
        (report("x", decision="y" * 61), "its decision has 61 characters; 60 is the most"),
    ],
)
def test_a_bad_event_refuses_the_whole_delivery_in_one_sentence(
    deployment: Any, event: Event, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence) as refusal:
        commands.deliver(deployment, [report("good"), event], source="reports", by="operator")
    assert str(refusal.value).startswith("Event 2")
    assert "Nothing was taken" in str(refusal.value)
    assert not DeliveredEvent.objects.exists()


def test_a_clock_a_few_minutes_fast_is_no_event_from_the_future(deployment: Any) -> None:
    near = report("x")
    moment = NOW + timedelta(minutes=4)
    event = Event(**{**{f: getattr(near, f) for f in Event.__slots__}, "at": moment, "known_at": moment})
    commands.deliver(deployment, [event], source="reports", by="operator")
    row = DeliveredEvent.objects.get()
    assert row.known_at == moment == row.at  # known no earlier than it happened


def test_a_delivery_after_our_own_clock_went_back_is_known_no_earlier_than_the_one_before(
    deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.deliver(deployment, [report("a")], source="reports", by="operator")
    monkeypatch.setattr(clock, "now", lambda: NOW - timedelta(hours=5))
    commands.deliver(deployment, [report("b")], source="reports", by="operator")
    assert {row.known_at for row in DeliveredEvent.objects.all()} == {NOW}


def test_the_same_name_with_another_content_is_refused(deployment: Any) -> None:
    commands.deliver(deployment, [report("a")], source="reports", by="operator")
    with pytest.raises(BadInput, match="says something else"):
        commands.deliver(deployment, [report("b"), report("a", "disagree")], source="reports", by="operator")
    assert DeliveredEvent.objects.count() == 1


def test_a_correction_takes_the_earlier_judgement_back_from_then_on_and_not_before(deployment: Any) -> None:
    """Two clocks: the statistic as it was known on a day stays what it was."""
    monday, today = DAY, NOW.date()
    commands.deliver(deployment, [report("a", "disagree")], source="reports", by="operator")
    correction = report("a again", "agree", corrects="disagree")
    commands.deliver(deployment, [correction], source="reports", by="operator")
    now = queries.daily(deployment, monday, today)
    assert (now.count("agreement", "agree"), now.count("agreement", "disagree")) == (1, 0)


def test_a_late_label_is_an_addition_to_an_old_day_and_leaves_what_was_known_before(
    deployed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.roll_due(NOW)
    commands.deliver(deployed, [report("late")], source="histology", by="operator")
    later = NOW + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    commands.roll_due(later)
    assert queries.daily(deployed, DAY, DAY).count("agreement", "agree") == 1
    assert queries.daily(deployed, DAY, DAY, as_known_on=DAY).count("agreement", "agree") == 0
    assert DailyCount.objects.filter(day=DAY, known_day=NOW.date()).count() == 1


def test_a_delivered_event_is_kept_under_a_digest_and_never_changed(deployment: Any) -> None:
    commands.deliver(deployment, [report("ACC12345")], source="reports", by="operator")
    row = DeliveredEvent.objects.get()
    assert "ACC12345" not in json.dumps({f.name: str(getattr(row, f.name)) for f in row._meta.fields})
    from django.db import DatabaseError, connection, transaction

    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE monitors_deliveredevent SET agreement = 'disagree'")


def test_a_judgement_of_a_result_counts_at_its_scanner_on_the_day_it_was_sent(deployed: Any) -> None:
    dispatch = Dispatch.objects.filter(state="returned").order_by("pk").first()
    assert dispatch is not None
    for _ in range(2):
        commands.judge(dispatch, "wrong", source="feedback", name="1", reason="missed", by="reader")
    cube = queries.daily(deployed, DAY, DAY)
    assert cube.count("agreement", "wrong") == 1
    assert cube.scanners == ("Philips Alpha (CR1)",)


# Files


def written(tmp_path: Any, text: str) -> Any:
    file = tmp_path / "reports.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_of_events_is_read_with_the_hospitals_own_time(tmp_path: Any) -> None:
    file = written(
        tmp_path, "event_id,at,agreement,score\na,2026-07-01T09:00:00,agree,\nb,2026-07-01T09:00:00Z,,0.4\n"
    )
    first, second = read_events(file, "flag-river")
    assert first.at == datetime(2026, 7, 1, 8, tzinfo=UTC)  # British summer time
    assert second.at == datetime(2026, 7, 1, 9, tzinfo=UTC) and second.score == 0.4 and first.score is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("event_id,at,patient\na,2026-07-01,x\n", "has the column 'patient', which is not known"),
        ("event_id,agreement\na,agree\n", "has no column 'at'"),
        ("event_id,at,agreement\na,yesterday,agree\n", "row 1: the time is 'yesterday'"),
        ("event_id,at,score\na,2026-07-01,high\n", "row 1: score is 'high'"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(tmp_path: Any, text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        read_events(written(tmp_path, text), "flag-river")


def test_a_file_of_another_kind_is_refused(tmp_path: Any) -> None:
    with pytest.raises(BadInput, match=r"neither \.csv nor \.parquet"):
        read_events(tmp_path / "x.xlsx", "flag-river")
