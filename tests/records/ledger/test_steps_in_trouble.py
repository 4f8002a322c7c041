"""Does somebody hear of a step that goes wrong for too long, and hear when it is over?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alarp.records import clock
from alarp.records.assurance import alarms
from alarp.records.ledger import commands, work
from alarp.records.ledger.models import Work
from alarp.records.watch.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def now(deployment: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The moment; a tool is connected, so that there is somebody to tell."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    words = {"host": "10.0.0.7", "port": 11112, "deployment": deployment, "by": "set-up"}
    commands.register_peer(aet="FLAG", name="Flag", kind="tool", site=deployment.site, **words)
    return moment


def fails(now: list[Any], after_min: float, phase: str = "file") -> None:
    """The next try comes so many minutes later, and goes wrong as well."""
    now[0] += timedelta(minutes=after_min)
    for step in work.claim("worker", 9):
        work.retry(step, phase=phase, sentence="PACS1 does not answer.", wait_s=1)


def alert() -> Alert | None:
    alarms.look_at_steps_in_trouble(clock.now())
    return Alert.objects.filter(monitor=alarms.STUCK, end__isnull=True).first()


@pytest.mark.need("G17", "G16")
def test_a_step_that_goes_wrong_for_longer_than_the_limit_is_an_alert_until_it_went_through(
    deployment: Any, now: list[Any]
) -> None:
    work.ask("file", f"{deployment.pk}:1", {})
    for minutes in (0, 5, 9):
        fails(now, minutes)
    assert alert() is None  # 14 minutes since it first went wrong
    fails(now, 2)
    raised = alert()
    assert raised is not None and "16 min" in raised.sentence and "PACS1 does not answer." in raised.sentence
    assert Work.objects.get().state == Work.READY  # and it goes on being tried
    now[0] += timedelta(minutes=1)
    (step,) = work.claim("worker")
    work.finish(step)
    assert alert() is None
    assert Alert.objects.get(monitor=alarms.STUCK).end.because == alarms.BACK[alarms.STUCK]


@pytest.mark.parametrize(
    ("kind", "key", "phase", "heard"),
    [
        ("match", "17", "match", True),  # nobody's in particular: every tool's
        ("file", "{own}:17", "file", True),
        ("file", "{other}:17", "file", False),
        ("send", "{own}:17", "connect", False),  # told as a tool that is down
        ("send", "{own}:17", "de-identify", True),
        ("evaluate", "17", "evaluate", False),  # on no study's way
    ],
)
def test_it_is_told_once_and_to_those_whom_it_concerns(
    deployment: Any, now: list[Any], kind: str, key: str, phase: str, heard: bool
) -> None:
    work.ask(kind, key.format(own=deployment.pk, other=deployment.pk + 1), {})
    for minutes in (0, 20):
        fails(now, minutes, phase)
    assert (alert() is not None) is heard


def test_a_step_that_is_asked_for_again_or_only_not_due_yet_is_not_in_trouble(
    deployment: Any, now: list[Any]
) -> None:
    work.ask("complete", "1", {})
    fails(now, 0)
    work.rearm("complete", "1", {}, due_at=clock.now())
    assert not work.in_trouble().exists()
    fails(now, 1)
    now[0] += timedelta(minutes=1)
    (step,) = work.claim("worker")
    work.postpone(step, due_at=clock.now())
    assert not work.in_trouble().exists()
