"""The RIS hears of an AI finding once: the same message at every attempt, told again until it is acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import hl7
import pytest
from house import House, wait_for
from ris import SET_UP, Ris

from throwaway_postgres import free_port

LINES = [
    {"name": "Nodule score", "value": "0.93", "unit": "1"},
    {"name": "Decision", "value": "urgent | see film & call", "unit": ""},
]


@pytest.fixture
def ris() -> Iterator[Ris]:
    made = Ris()
    yield made
    made.close()


def steps(house: House, key: int) -> Any:
    return house.ask(
        f"list(Work.objects.filter(kind='tell-ris', key='1:{key}').values_list('state', 'attempts', 'trouble'))"
    )


@pytest.mark.need("G11")
def test_the_ris_is_told_of_a_finding_until_it_answers_and_a_rejection_waits_for_a_person(
    new_house: Callable[..., House], ris: Ris
) -> None:
    house = new_house(hl7_ris=f"RIS|NORTH@127.0.0.1:{ris.port}")
    house.ask(SET_UP)
    ris.says = [None, None, "AA", "AE"]
    first = house.ask(f"result(1, lines={LINES!r})")
    worker = house.start("worker")
    wait_for(lambda: steps(house, first)[0][0] == "done")
    assert len(ris.heard) == 3 and len(set(ris.heard)) == 1, "every attempt is the same message"
    second = house.ask("result(2)")
    wait_for(lambda: steps(house, second)[0][0] == "stopped")
    assert steps(house, second)[0][2] == "RIS rejects the message (acknowledgement AE)."
    house.route("reader", "silent")
    third = house.ask("result(3)")
    wait_for(lambda: steps(house, third)[0][0] == "done")
    assert len(ris.heard) == 4, "a route that closed tells nobody"
    actions = house.ask(
        "list(AuditEvent.objects.filter(subject__startswith='study').values_list('action', flat=True))"
    )
    assert actions == ["RIS told of the finding", "finding rejected by the RIS", "RIS not told"]
    house.end(worker)
    log = (house.folder / "worker.log").read_text()
    assert "EXAMPLE" not in log and not house.ask(
        "AuditEvent.objects.filter(details__icontains='EXAMPLE').exists()"
    )

    heard = hl7.parse(ris.heard[0].decode())
    assert str(heard["MSH"][0][9]) == "ORU^R01^ORU_R01" and len(str(heard["MSH"][0][10])) == 20
    assert str(heard["PID"][0][3]) == "H\\F\\1^^^NORTH^MR~9434765919^^^NHS^NH"
    request = heard["OBR"][0]
    assert (str(request[18]), str(request[25])) == ("A1", "P")
    assert str(request[4]) == "reader^AI finding: Reader^L" and str(request[20]) == "Reader 1.0"
    score, decision = heard["OBX"]
    assert [str(score[n]) for n in (2, 5, 6, 11)] == ["NM", "0.93", "1", "P"]
    assert [str(decision[n]) for n in (2, 5)] == ["ST", "urgent \\F\\ see film \\T\\ call"]
    assert str(score[15]).startswith("AI^") and "Reader 1.0" in str(score[17])


@pytest.mark.need("G11")
def test_a_ris_that_is_away_is_told_when_it_is_back(new_house: Callable[..., House]) -> None:
    number = free_port()
    house = new_house(hl7_ris=f"RIS|NORTH@127.0.0.1:{number}")
    house.ask(SET_UP)
    made = house.ask("result(1)")
    house.start("worker")
    wait_for(lambda: steps(house, made)[0][1] >= 2)
    state, _, trouble = steps(house, made)[0]
    assert state in ("ready", "leased") and trouble.startswith("RIS cannot be reached")
