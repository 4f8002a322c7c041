"""A tool in a real container: it reads, reaches nothing, writes its output alone, and is taken away when its time is up."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from containers import Engine
from house import House, wait_for
from pictures import files, series


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(
        prefix="pod-"
    ) as folder:  # Podman takes no path of more than 50 characters
        made = Engine(Path(folder))
        if trouble := made.trouble():
            pytest.skip(f"a container engine is here and may run nothing: {trouble[-200:]}")
        made.image("read")
        yield made


def begin(
    new_house: Callable[..., House], tmp_path: Path, engine: Engine, image: str, time_limit_s: int
) -> House:
    commands = tmp_path / "commands.toml"
    commands.write_text(
        f'[READER]\nengine = "{engine.program}"\nimage = "{image}"\nrun = ["/bin/read", "{{input}}", "{{output}}"]\n'
        f"time_limit_s = {time_limit_s}\n"
    )
    commands.chmod(0o600)
    house = new_house(tool_commands=commands)
    house.peer("READER", "tool", 1)
    house.ask("n = Peer.objects.filter(aet='READER').update(way='command', host='', port=None)")
    for program in ("listener", "worker"):
        house.start(program)
    assert house.storescu(files(series(2), tmp_path / "out")).returncode == 0
    return house


@pytest.mark.need("G02", "G11", "G15")
def test_a_container_reads_a_study_without_network_and_can_write_nothing_but_its_result(
    new_house: Callable[..., House], tmp_path: Path, engine: Engine
) -> None:
    house = begin(new_house, tmp_path, engine, "reader:read", 120)
    house.until("list(Dispatch.objects.values_list('state', flat=True))", ["returned"], seconds=90)
    house.until("Result.objects.count()", 1)
    sha256 = house.ask("Result.objects.get().instance.sha256")
    report = (house.data / "objects" / sha256[:2] / sha256).read_bytes()
    assert b"links lo; refused 2" in report  # the loopback alone; neither its own root nor its input
    wait_for(lambda: engine.left() == [])


@pytest.mark.need("G01", "G17")
def test_a_container_that_goes_on_beyond_its_time_is_ended_and_gone(
    new_house: Callable[..., House], tmp_path: Path, engine: Engine
) -> None:
    house = begin(new_house, tmp_path, engine, engine.image("hang"), 5)
    house.until("list(Dispatch.objects.values_list('state', flat=True))", ["failed"], seconds=90)
    assert "was ended at its time limit" in house.ask("Dispatch.objects.get().reason")
    wait_for(lambda: engine.left() == [])
