"""Is anything lost, doubled or taken for whole when the network or a process breaks off in the middle?"""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from actors import PATIENCE_S, counting_pacs, drain
from house import House, free_port
from pictures import CR, files, send_file, series
from proxy import Cut, Proxy
from pydicom.uid import ExplicitVRLittleEndian

BACK_AND_FORTH = [Cut("there", 20_000), Cut("back", 60_000), Cut("there", 60_000), Cut("back", 20_000)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with contextlib.closing(House(tmp_path, quiet_s=0.3, retry_most_s=0.5, peer_timeout_s=10)) as made:
        yield made


def _films(number: int, folder: Path) -> dict[str, Path]:
    """One study of films of 64 kB, so that a cut falls into the middle of one."""
    images = series(number, Rows=256, Columns=256)
    for image in images:
        image.PixelData = secrets.token_bytes(65536)
    names = [str(image.SOPInstanceUID) for image in images]
    return dict(zip(names, files(images, folder), strict=True))


@pytest.mark.need("G01", "G17")
@pytest.mark.timeout(600)
def test_connections_cut_in_the_middle_of_an_object_lose_nothing_and_leave_no_half_object(
    house: House, tmp_path: Path
) -> None:
    """On the way in, on the way to the tool, and on the way to the PACS; the object cut off, and its answer swallowed."""
    tool = free_port()
    with counting_pacs(tmp_path / "pacs") as pacs:
        small = [Cut("there", 1500), Cut("back", 1500)]  # a report is small
        ways = [
            Proxy(house.port, BACK_AND_FORTH),
            Proxy(tool, BACK_AND_FORTH),
            Proxy(pacs, small),
        ]
        house.peer("READER", "tool", ways[1].port)
        house.peer("PACS", "pacs", ways[2].port)
        house.start("listener")
        house.start("worker")
        house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
        sent = {}
        for number in range(3):
            films = _films(3, tmp_path / str(number))
            for file in films.values():
                tries = 0
                while send_file(ways[0].port, file, sop_class=CR, syntax=ExplicitVRLittleEndian) != 0:
                    tries += 1
                    assert tries < 50
            sent |= films
        drain(house)
        assert [way.cuts for way in ways] == [[], [], []]
        rows = house.ask(
            "list(Instance.objects.filter(direction='source').values_list('sop_uid', flat=True))"
        )
        assert sorted(rows) == sorted(sent)
        assert house.ask("Quarantine.objects.count()") == 0
        assert [file.name for file in (house.data / "objects" / "incoming").iterdir() if file.is_file()] == []
        balance = house.balance()
        assert balance["balanced"] and balance["sent"] == 9, balance
        at_the_tool = {file.stem for file in (tmp_path / "tool" / "in").glob("*.dcm")}
        assert len(at_the_tool) == 9
        lines = (tmp_path / "pacs" / "arrivals.jsonl").read_text().splitlines()
        arrivals = Counter(json.loads(line)["sop_instance_uid"] for line in lines)
        assert set(arrivals.values()) == {1}, arrivals
        assert len(arrivals) == house.ask("Result.objects.filter(state='filed').count()")


@pytest.mark.need("G01", "G17")
def test_a_tool_that_answers_the_first_half_of_a_study_still_gets_the_second(
    house: House, tmp_path: Path
) -> None:
    """The worker dies between two images; the tool's quiet timer runs out, and its answer is there first.

    The answer would end the sending of the rest: an image that no tool ever saw would be called returned.
    """
    tool, folder = free_port(), tmp_path / "tool"
    house.route("reader", "silent")  # there is no PACS in this test
    house.peer("READER", "tool", tool)
    house.start("listener")
    house.start("faketool", str(tool), str(house.port), "READER", str(folder))
    point = {"program": "worker", "function": "alarp.gateway.associations:store", "when": "before", "nth": 2}
    (house.data / "crash.json").write_text(json.dumps([point]))
    worker = house.start("worker")
    assert house.storescu(_films(2, tmp_path / "out").values()).returncode == 0
    assert worker.wait(timeout=PATIENCE_S) == -signal.SIGKILL
    house.until("Instance.objects.filter(direction='result').count()", 1, seconds=PATIENCE_S)
    (house.data / "crash.json").unlink()
    house.start("worker")
    drain(house)
    assert len(list((folder / "in").glob("*.dcm"))) == 2
    balance = house.balance()
    assert balance["balanced"] and (balance["sent"], balance["held"]) == (2, 0), balance
