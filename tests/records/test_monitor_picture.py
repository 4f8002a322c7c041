"""What the monitors say of a deployment: moved where it moved, at that scanner alone, stale when nothing comes."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ledger_events as ledger
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alarp.kernel import RouteState
from alarp.records import clock
from alarp.records.monitors import commands, queries
from alarp.records.monitors.events import known_between

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def weeks(deployment: Any, *, drift: bool, version: str = "1.0") -> None:
    """A silent run and live use, each of some days; at Beta the scores rise in live use."""
    draw = random.Random(4)
    for day in range(12, 0, -1):
        for n in range(10):
            at = NOW - timedelta(days=day, minutes=20 * n)
            model = ("Alpha", "Beta")[n % 2]
            moved = drift and model == "Beta" and day <= 6
            score = draw.betavariate(6, 3) if moved else draw.betavariate(2, 6)
            ledger.returned(
                deployment, at, model=model, score=score, decision="Flagged" if score > 0.5 else "Not flagged",
                version=version, route_when_sent="silent" if day > 6 else "live",
            )  # fmt: skip


@pytest.mark.need("M06", "G10")
def test_a_drift_at_one_scanner_shows_there_alone(deployment: Any) -> None:
    weeks(deployment, drift=True)
    commands.roll_due(NOW)
    seen = queries.picture(deployment)
    by_scanner = {r.group: r.status for r in seen.readings["scores"]}
    assert by_scanner["Philips Beta (CR1)"] == "moved"
    assert by_scanner["Philips Alpha (CR1)"] == "steady"
    assert "at Philips Beta (CR1) alone" in seen.headline
    assert seen.watched.reference_words == "the silent run"
    assert {f.subgroup: f.value for f in queries.figures(deployment) if f.monitor == "version"}["all"] == 0


def test_nothing_has_moved_where_nothing_moved_and_the_sentence_says_out_of_how_many(deployment: Any) -> None:
    weeks(deployment, drift=False)
    seen = queries.picture(deployment)
    assert {r.status for r in seen.readings["scores"]} == {"steady"}
    assert seen.headline.startswith("No: nothing lies beyond its limits in 30 days (")
    sentence, at = queries.latest_value(deployment, "volume") or ("", NOW)
    assert sentence == "60 studies on 6 days, 10.0 a day." and at == NOW
    assert "0 of 60" in (queries.latest_value(deployment, "wrong") or ("", NOW))[0]
    assert queries.latest_value(deployment, "no-such-monitor") is None


@pytest.mark.need("M01")
def test_one_result_of_another_version_is_seen(deployment: Any) -> None:
    ledger.returned(deployment, NOW - timedelta(hours=1), version="1.0")
    ledger.returned(deployment, NOW - timedelta(minutes=30), version="1.1")
    reading = queries.picture(deployment).readings["version"][0]
    assert (reading.status, reading.sentence) == ("moved", "Approved is 1.0; 1 of 2 results say 1.1.")
    assert next(f.value for f in queries.figures(deployment) if f.monitor == "version") == 1


@pytest.mark.need("M12")
def test_a_users_wrong_is_set_against_all_results_and_never_taken_for_disagreement(deployment: Any) -> None:
    """Nobody clicks when a result is right: thirty clicks among thousands of results are not 0 % agreement."""
    made = [ledger.returned(deployment, NOW - timedelta(minutes=10 + n)) for n in range(30)]
    commands.judge(made[0], "wrong", source="feedback", name="1", by="reader")
    found = {f.monitor: f for f in queries.figures(deployment) if f.subgroup == "all"}
    assert found["agreement"].value is None and found["agreement"].because == "no result was judged"
    assert found["wrong"].value == pytest.approx(1 / 30) and found["wrong"].n == 30
    commands.judge(made[1], "agree", source="reports", name="1", by="reader")
    found = {f.monitor: f for f in queries.figures(deployment) if f.subgroup == "all"}
    assert (found["agreement"].value, found["agreement"].n) == (1.0, 1)


@pytest.mark.need("M01")
def test_an_open_route_with_stale_data_turns_red_and_says_so_first(
    deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    weeks(deployment, drift=False)
    commands.roll_due(NOW)
    monkeypatch.setattr(
        queries.deployments, "route", lambda *_: type("Open", (), {"state": RouteState.LIVE, "reason": ""})
    )
    later = NOW + timedelta(days=4)
    monkeypatch.setattr(clock, "now", lambda: later)
    seen = queries.picture(deployment)
    assert not seen.fresh and seen.status == "moved"
    assert "nothing has been recorded for" in seen.headline
    silence = seen.readings["silence"][0]
    assert silence.status == "moved" and silence.sentence.startswith("0 studies in the last 24 hours")


@pytest.mark.need("E12")
def test_one_chart_spans_the_silent_run_and_live_use(deployment: Any) -> None:
    weeks(deployment, drift=True)
    seen = queries.picture(deployment)
    series = seen.series("turnaround")
    routes = {cell.route for cell in seen.everything.cells}
    assert routes == {"silent", "live"} and len(series.periods) == 12


def test_without_days_to_compare_ten_studies_are_a_point(deployment: Any) -> None:
    for n in range(45):
        ledger.returned(deployment, NOW - timedelta(minutes=5 * n + 10), score=n / 45)
    series = queries.picture(deployment).series("scores")
    assert series.step == "10 studies"
    assert [(p.label, p.n) for p in series.periods] == [
        ("1-10", 10),
        ("11-20", 10),
        ("21-30", 10),
        ("31-40", 10),
    ]


def test_the_picture_of_an_earlier_day_is_what_was_known_then(deployment: Any) -> None:
    weeks(deployment, drift=True)
    commands.roll_due(NOW)
    then = queries.picture(deployment, until=date(2026, 11, 13))
    assert then.last == date(2026, 11, 13) and {c.route for c in then.everything.cells} == {"silent"}


def test_looking_costs_the_same_whether_the_history_is_short_or_long(deployment: Any) -> None:
    weeks(deployment, drift=False)
    commands.roll_due(NOW)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        queries.picture(deployment)
    plans = []
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for query in asked.captured_queries:
                if '"ledger_dispatch"' in query["sql"] and query["sql"].startswith("SELECT"):
                    cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
                    plans += [row[3] for row in cursor.fetchall()]
            assert plans and not [p for p in plans if p.startswith("SCAN ledger_dispatch")]
    assert len(asked) < 40


def test_the_events_of_a_day_are_found_by_an_index_on_a_time(deployment: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("reads SQLite's plans")
    with CaptureQueriesContext(connection) as asked:
        known_between(NOW - timedelta(days=1), NOW)
    used = ""
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            used += "\n".join(row[3] for row in cursor.fetchall()) + "\n"
    for index in ("dispatch_returned", "dispatch_due", "dispatch_ended"):
        assert index in used, used
    assert "SCAN ledger_dispatch" not in used and "SCAN monitors_deliveredevent" not in used
