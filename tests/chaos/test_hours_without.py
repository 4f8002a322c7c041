"""What if the AI, and then the PACS, is not there for hours? The clock is simulated; everything else is real.

The gateway's listener and worker read their clock from a file that the test moves (tests/gateway/programs.py), so
that eight hours pass in as many seconds as the tries need.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from actors import PATIENCE_S, counting_pacs, drain
from house import House, free_port
from pictures import files, series
from proxy import Proxy

CEILING_S, JITTER, STUDIES, HOURS = 300.0, 1.2, 5, 8
ALERTS = "__import__('alarp.records.watch.models').records.watch.models.Alert.objects"
CLOCK = "__import__('alarp.records.clock').records.clock.now()"


class Clock:
    """The gateway's present. It begins at one in the night, so that no day ends meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        now = datetime.now().astimezone()
        self._ahead = (now.replace(hour=1, minute=0) - now).total_seconds()
        self.pass_by(0)

    def pass_by(self, seconds: float) -> None:
        self._ahead += seconds
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(self._ahead))
        fresh.replace(self._file)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path, quiet_s=0.3, retry_first_s=1, retry_most_s=CEILING_S, sweep_s=30, lease_s=3600)
    with contextlib.closing(made):
        yield made


def hours_of_tries(house: House, clock: Clock, kind: str) -> None:
    """Let the hours pass, from one try of all these steps to the next; the wait grows to its ceiling, not beyond."""
    of_kind = f"Work.objects.filter(kind={kind!r})"
    passed, waits = 0.0, []
    while passed < HOURS * 3600:
        step = CEILING_S * JITTER + 1 if len(waits) < 12 else 3600.0
        before = house.ask(f"sum({of_kind}.values_list('attempts', flat=True))")
        clock.pass_by(step)
        passed += step
        tried = f"sum({of_kind}.values_list('attempts', flat=True)) >= {before + STUDIES}"
        house.until(tried, seconds=PATIENCE_S)
        still = f"{of_kind}.filter(state='ready', due_at__gt={CLOCK}).count()"
        house.until(still, STUDIES, seconds=PATIENCE_S)
        wait = f"max((due - {CLOCK}).total_seconds() for due in {of_kind}.values_list('due_at', flat=True))"
        waits.append(float(house.ask(wait)))
    assert max(waits) <= CEILING_S * JITTER
    assert min(waits[-3:]) > CEILING_S * 0.8 - 30  # it came to the ceiling, and stays there
    assert house.ask("Work.objects.filter(state='stopped').count()") == 0
    assert house.ask("Dispatch.objects.filter(state='failed').count()") == 0


def alert_of(house: House, monitor: str) -> tuple[int, int]:
    """How many of these alerts were raised, and how many have ended?"""
    of_monitor = f"{ALERTS}.filter(monitor={monitor!r})"
    return house.ask(f"{of_monitor}.count()"), house.ask(f"{of_monitor}.filter(end__isnull=False).count()")


def all_come(house: House, clock: Clock, kind: str) -> None:
    """The other side is back: the next try finds it, and with it come all the others, without their waits."""
    clock.pass_by(CEILING_S * JITTER)
    house.until(f"Work.objects.filter(kind={kind!r}).exclude(state='done').count()", 0, seconds=PATIENCE_S)


@pytest.mark.need("G17", "G01", "G16")
@pytest.mark.timeout(600)
def test_what_waited_hours_for_the_tool_and_then_for_the_pacs_comes_in_order_and_once(
    house: House, tmp_path: Path
) -> None:
    clock, tool_port, tool = Clock(house.data), free_port(), tmp_path / "tool"
    with counting_pacs(tmp_path / "pacs") as pacs_port:
        pacs = Proxy(free_port(), [])  # nobody is behind it yet
        house.peer("READER", "tool", tool_port)
        house.peer("PACS", "pacs", pacs.port)
        house.start("listener")
        house.start("worker")
        sent = [series(1)[0] for _ in range(STUDIES)]
        for one in sent:
            assert house.storescu(files([one], tmp_path / "out")).returncode == 0
            house.until("Work.objects.filter(kind='send').count()", sent.index(one) + 1, seconds=PATIENCE_S)
            clock.pass_by(5)

        hours_of_tries(house, clock, "send")
        assert alert_of(house, "tool-down") == (1, 0)
        house.start("faketool", str(tool_port), str(house.port), "READER", str(tool))
        all_come(house, clock, "send")
        _in_order([line.strip() for line in (tool / "arrivals").read_text().splitlines()], _names(house))

        house.until("Work.objects.filter(kind='file').count()", STUDIES, seconds=PATIENCE_S)
        hours_of_tries(house, clock, "file")
        assert alert_of(house, "tool-down") == (1, 1)
        assert alert_of(house, "steps-in-trouble") == (1, 0)
        pacs.target = pacs_port
        all_come(house, clock, "file")
        clock.pass_by(60)
        drain(house)
        clock.pass_by(60)
        house.until(f"{ALERTS}.filter(monitor='steps-in-trouble', end__isnull=False).count()", 1)
        lines = (tmp_path / "pacs" / "arrivals.jsonl").read_text().splitlines()
        filed = [json.loads(line)["sop_instance_uid"] for line in lines]
        results = house.ask("list(Result.objects.order_by('pk').values_list('instance__sop_uid', flat=True))")
        _in_order(filed, results)
        balance = house.balance()
        assert balance["balanced"], balance["sentence"]
        assert (balance["sent"], balance["returned"], balance["filed"]) == (STUDIES, STUDIES, STUDIES)


def _names(house: House) -> list[str]:
    """The images in the order in which they came, under the names that the tool knows."""
    return house.ask(
        "list(DispatchInstance.objects.order_by('instance').values_list('sop_uid_sent', flat=True))"
    )


def _in_order(arrived: list[str], asked: list[str]) -> None:
    """Each once, and in order; but for the one whose try found the other side back."""
    assert sorted(arrived) == sorted(asked)
    rest = [name for name in asked if name != arrived[0]]
    assert arrived[1:] == rest
