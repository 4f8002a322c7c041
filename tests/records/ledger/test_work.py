"""Does the ledger give each step to one worker at a time, and never forget one?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from alarp.records import clock
from alarp.records.ledger import work
from alarp.records.ledger.models import Work

pytestmark = pytest.mark.django_db
Move = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Move]:
    """Move the clock by so many seconds."""
    moment = [datetime(2026, 3, 1, 12, tzinfo=UTC)]

    def move(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    monkeypatch.setattr(clock, "now", lambda: moment[0])
    yield move


def test_a_step_asked_for_twice_is_done_once(later: Move) -> None:
    work.ask("send", "1:1", {"dispatch": 1})
    work.ask("send", "1:1", {"dispatch": 1})
    assert [step.payload for step in work.claim("a", 5)] == [{"dispatch": 1}]
    assert work.claim("b", 5) == []


def test_a_step_whose_worker_fell_silent_goes_to_another_and_the_late_one_is_refused(later: Move) -> None:
    work.ask("send", "1:1", {})
    (lost,) = work.claim("a")
    assert work.claim("b") == []
    later(31)
    (won,) = work.claim("b")
    assert won.fence == lost.fence + 1
    with pytest.raises(work.LostLease), transaction.atomic():
        work.finish(lost)
    work.finish(won)
    assert Work.objects.get().state == Work.DONE


def test_a_worker_that_renews_keeps_its_step(later: Move) -> None:
    work.ask("send", "1:1", {})
    (step,) = work.claim("a")
    later(20)
    work.renew(step)
    later(20)
    assert work.claim("b") == []


@pytest.mark.need("G01")
def test_what_a_dead_worker_held_is_released_in_one_statement_however_much_it_is(
    later: Move, django_assert_num_queries: Callable[..., AbstractContextManager[object]]
) -> None:
    many = 10_000
    held = {"state": Work.LEASED, "due_at": clock.now(), "created_at": clock.now()}
    held |= {"lease_until": clock.now() + timedelta(hours=1)}
    rows = [Work(kind="send", key=str(n), owner="host/worker-1", **held) for n in range(many)]
    Work.objects.bulk_create([*rows, Work(kind="send", key="other", owner="host/worker-2", **held)])
    with django_assert_num_queries(1):
        assert work.release("host/worker-1") == many
    assert Work.objects.filter(state=Work.LEASED).values_list("key", flat=True).get() == "other"
    assert Work.objects.filter(state=Work.READY, owner="", lease_until=None).count() == many


def test_what_a_late_worker_wrote_beside_its_lost_step_is_rolled_back(later: Move) -> None:
    work.ask("send", "1:1", {})
    (lost,) = work.claim("a")
    later(31)
    work.claim("b")
    with pytest.raises(work.LostLease), transaction.atomic():
        work.ask("file", "1:9", {})
        work.finish(lost)
    assert not Work.objects.filter(kind="file").exists()


def test_a_transient_fault_is_never_final_and_the_wait_grows_to_a_ceiling(later: Move) -> None:
    work.ask("send", "1:1", {})
    waits = []
    for _ in range(14):
        (step,) = work.claim("a")
        before = clock.now()
        work.retry(step, phase="connect", sentence="It does not answer.")
        row = Work.objects.get()
        assert row.state == Work.READY
        waits.append((row.due_at - before).total_seconds())
        later(400)
    assert waits[0] <= 1.2 and 1.6 <= waits[1] <= 2.4 and 240 <= waits[-1] <= 360


def test_what_waits_is_woken_when_the_other_side_answers_and_nothing_else_is(later: Move) -> None:
    work.ask("send", "1:1", {})
    work.ask("send", "11:2", {})
    work.ask("send", "1:3", {}, due_at=clock.now() + timedelta(seconds=60))  # not due yet, nothing went wrong
    for step in work.claim("a", 5):
        work.retry(step, phase="connect", sentence="It does not answer.", wait_s=100)
    assert work.wake("send", "1:") == 1
    assert [step.key for step in work.claim("a", 5)] == ["1:1"]


def test_a_dead_workers_steps_are_given_back_at_once(later: Move) -> None:
    work.ask("send", "1:1", {})
    work.ask("send", "1:2", {})
    work.claim("host/worker-1")
    assert work.release("host/worker-2") == 0
    assert work.release("host/worker-1") == 1
    assert len(work.claim("host/worker-2", 5)) == 2


def test_a_new_arrival_puts_the_quiet_timer_off_and_starts_a_finished_one_again(later: Move) -> None:
    work.rearm("complete", "7", {"study": 7}, due_at=clock.now() + timedelta(seconds=5))
    later(3)
    work.rearm("complete", "7", {"study": 7}, due_at=clock.now() + timedelta(seconds=5))
    later(3)
    assert work.claim("a") == []
    later(3)
    (step,) = work.claim("a")
    work.finish(step)
    work.rearm("complete", "7", {"study": 7}, due_at=clock.now())
    assert [step.key for step in work.claim("a")] == ["7"] and Work.objects.count() == 1


def test_a_stopped_step_is_not_taken_up_again(later: Move) -> None:
    work.ask("file", "1:1", {})
    (step,) = work.claim("a")
    work.stop(step, phase="file", sentence="The PACS rejects the content.")
    later(10_000)
    assert work.claim("a") == []
    assert Work.objects.get().trouble == "The PACS rejects the content."
