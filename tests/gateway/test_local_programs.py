"""A tool that is a program on this machine: its images in a folder, its result through the same door, its faults named."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from house import House, wait_for
from orthanc import Orthanc
from pictures import files, patient, series, uid
from pydicom.dataset import Dataset

HERE = Path(__file__).resolve().parent


@dataclass
class Bench:
    house: House
    folder: Path

    def mode(self, mode: str) -> None:
        (self.folder / "mode").write_text(mode)

    def send(self, n: int = 2, **values: str) -> tuple[str, list[Dataset]]:
        """Send one study; answers the question after its dispatch, and the images."""
        images = series(n, **values)
        assert self.house.storescu(files(images, self.folder / uid())).returncode == 0
        study = str(images[0].StudyInstanceUID)
        return f"Dispatch.objects.filter(study__study_uid={study!r})", images

    def ends(self, dispatch: str, state: str) -> str:
        """Wait until the dispatch stands there; answers phase and reason."""
        self.house.until(f"list({dispatch}.values_list('state', flat=True))", [state], seconds=40)
        return str(self.house.ask(f"' '.join({dispatch}.values_list('phase', 'reason').get())"))

    def folder_of(self, dispatch: str) -> Path:
        return self.house.data / "programs" / "READER" / str(self.house.ask(f"{dispatch}.get().pk"))


def bench(house: House, folder: Path, *, time_limit_s: float = 30, at_once: int = 2) -> Bench:
    """The hospital with the program as its tool."""
    folder.mkdir(exist_ok=True)
    wrapper = folder / "tool"
    wrapper.write_text(f"#!/bin/sh\nPYTHONPATH={HERE}:{HERE.parent.parent / 'src'}:{HERE.parent} exec {sys.executable} {HERE / 'program.py'} \"$@\"\n")  # fmt: skip
    wrapper.chmod(0o755)
    settings = folder / "commands.toml"
    settings.write_text(
        f'[READER]\nrun = ["{wrapper}", "{{input}}", "{{output}}", "{folder}"]\n'
        f"time_limit_s = {time_limit_s}\nat_once = {at_once}\n"
    )
    settings.chmod(0o600)
    house.peer("READER", "tool", 1)
    house.ask("n = Peer.objects.filter(aet='READER').update(way='command', host='', port=None)")
    made = Bench(house, folder)
    made.mode("json")
    return made


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, Orthanc]]:
    folder = tmp_path_factory.mktemp("programs")
    house = House(folder, tool_commands=folder / "tool" / "commands.toml", sweep_s=1)
    pacs = Orthanc(folder / "orthanc")
    try:
        house.peer("PACS", "pacs", pacs.port)
        made = bench(house, folder / "tool", time_limit_s=8)
        for program in ("listener", "worker"):
            house.start(program)
        yield made, pacs
        balance = house.balance()
        assert balance["balanced"], balance["sentence"]
    finally:
        house.close()
        pacs.close()


@pytest.mark.need("G02", "G11")
@pytest.mark.parametrize("mode", ["json", "dicom"])
def test_what_a_program_leaves_is_filed_under_the_original_study_and_its_images_are_gone_afterwards(
    site: tuple[Bench, Orthanc], mode: str
) -> None:
    made, pacs = site
    made.mode(mode)
    dispatch, images = made.send()
    made.ends(dispatch, "returned")
    study = str(images[0].StudyInstanceUID)
    wait_for(lambda: len(pacs.instances(study)) == 1)
    (filed,) = pacs.instances(study)
    assert (filed["PatientID"], filed["Modality"]) == (images[0].PatientID, "SR")
    folder = made.folder_of(dispatch)
    wait_for(lambda: not folder.exists())
    egress = "".join(file.read_text() for file in made.house.data.glob("egress/*/*.jsonl"))
    sent = made.house.ask(
        f"list(DispatchInstance.objects.filter(dispatch__in={dispatch}).values_list('sent_sha256', flat=True))"
    )
    assert len(sent) == 2 and all(sha256 in egress for sha256 in sent)


@pytest.mark.need("G15")
def test_a_program_gets_none_of_alarps_environment(site: tuple[Bench, Orthanc]) -> None:
    made, _ = site
    made.mode("json")
    dispatch, _images = made.send(1)
    made.ends(dispatch, "returned")
    seen = json.loads((made.folder / "environment").read_text())
    assert not [name for name in seen if name.startswith(("ALARP", "DJANGO"))]


@pytest.mark.need("G01", "G17")
@pytest.mark.parametrize(
    ("mode", "state", "said"),
    [
        ("exit 3", "failed", "process The program of READER ended with code 3"),
        ("hang", "failed", "process The program of READER was ended at its time limit"),
        ("nothing", "failed", "process The program of READER ended well and left no result"),
        ("half json", "failed", "process The result.json of READER cannot be used: The finding is no JSON"),
        ("no dicom", "failed", "process The program of READER left a .dcm file that is no DICOM object"),
        ("link", "failed", "process The program of READER ended well and left no result"),
        ("exit 75", "held", "process The program of READER asks to be tried again"),
    ],
)
def test_a_program_that_does_not_do_it_is_named_with_its_phase_and_reason(
    site: tuple[Bench, Orthanc], mode: str, state: str, said: str
) -> None:
    made, _ = site
    made.mode(mode)
    dispatch, _images = made.send(1)
    if mode == "exit 75":
        made.house.until(f"list({dispatch}.values_list('state', flat=True))", ["held"], seconds=40)
        assert said in made.house.ask(f"' '.join({dispatch}.values_list('phase', 'reason').get())")
        made.mode("json")
        made.ends(dispatch, "returned")  # it asked for another time, and that time came
        return
    assert said in made.ends(dispatch, state)
    assert made.house.ask(f"Result.objects.filter(dispatch__in={dispatch}).count()") == 0
    releases = "__import__('alarp.records.assurance.models').records.assurance.models.Release.objects"
    made.house.until(f"{releases}.filter(dispatch__in={dispatch}).count()", 1)  # people read it, at once
    if mode == "hang":
        child = int((made.folder / "child").read_text())
        wait_for(
            lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text()
        )
    assert not (made.folder_of(dispatch) / "in").exists()  # what it wrote and said is there for a look
    assert (made.folder_of(dispatch) / "said").read_text() == "1 images\n"


@pytest.mark.need("G06", "G08")
def test_an_opt_out_while_the_program_runs_ends_it(site: tuple[Bench, Orthanc]) -> None:
    made, _ = site
    made.mode("hang")
    who = patient()
    dispatch, _images = made.send(1, PatientID=who)
    (made.folder / "child").unlink(missing_ok=True)
    made.house.until(f"{dispatch}.filter(sent_at__isnull=False).count()", 1)
    made.house.ask(
        f"o = OptOut.objects.create(organisation=Organisation.objects.get(slug='trust'), patient_id={who!r}, "
        "recorded_by=Person.objects.first(), recorded_at=__import__('django.utils.timezone').utils.timezone.now())"
    )
    assert "opt-out" in made.ends(dispatch, "opted-out")
    wait_for(lambda: not made.folder_of(dispatch).exists())
    assert made.house.ask(f"Result.objects.filter(dispatch__in={dispatch}).count()") == 0


@pytest.mark.need("G01", "G17")
def test_a_run_outlives_the_worker_that_started_it_and_is_taken_up_by_the_next(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(tool_commands=tmp_path / "tool" / "commands.toml")
    made = bench(house, tmp_path / "tool", at_once=1)
    made.mode("slow")
    house.start("listener")
    worker = house.start("worker")
    first, _ = made.send(1)
    wait_for(lambda: (made.folder / "runs").exists(), seconds=60)
    house.end(worker, 9)
    second, _ = made.send(1)
    house.start("worker")
    for dispatch in (first, second):
        made.ends(dispatch, "returned")
    runs = (made.folder / "runs").read_text().splitlines()
    assert len(runs) == len(set(runs)) == 2  # each once, one after the other
    balance = house.balance()
    assert balance["balanced"] and (balance["expected"], balance["returned"]) == (2, 2)


def test_a_tool_whose_command_is_missing_holds_its_studies_and_the_backlog_is_read_when_it_is_there(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(tool_commands=tmp_path / "tool" / "commands.toml")
    made = bench(house, tmp_path / "tool")
    file = made.folder / "commands.toml"
    file.chmod(0o666)
    for program in ("listener", "worker"):
        house.start(program)
    dispatch, _ = made.send(1)
    assert "Others than its owner may write" in made.ends(dispatch, "held")
    file.chmod(0o600)
    made.ends(dispatch, "returned")


@pytest.mark.need("G17")
@pytest.mark.parametrize("mode", ["exit 75", "hang"])
def test_a_program_that_does_not_read_is_down_like_a_tool_that_does_not_answer_until_it_reads_again(
    new_house: Callable[..., House], tmp_path: Path, mode: str
) -> None:
    house = new_house(tool_commands=tmp_path / "tool" / "commands.toml", sweep_s=0.3)
    made = bench(house, tmp_path / "tool", time_limit_s=3 if mode == "hang" else 60)
    made.mode(mode)
    for program in ("listener", "worker"):
        house.start(program)
    dispatch, _ = made.send(1)
    downtimes = "__import__('alarp.records.assurance.models').records.assurance.models.Downtime.objects"
    house.until(f"list({downtimes}.values_list('phase', 'ended_at'))", [["process", None]], seconds=40)
    alerts = "__import__('alarp.records.watch.models').records.watch.models.Alert.objects"
    assert house.ask(f"{alerts}.count()") == 0  # not before its time
    (house.data / "clock").write_text("330")
    house.until(f"{alerts}.filter(monitor='tool-down', end__isnull=True).count()", 1)
    if mode == "exit 75":  # begun again and again meanwhile, and down all the while
        runs = (made.folder / "runs").read_text()
        wait_for(lambda: len((made.folder / "runs").read_text()) > len(runs) * 2, seconds=60)
    assert house.ask(f"{downtimes}.count()") == 1
    made.mode("json")
    if mode == "hang":
        assert "was ended at its time limit" in made.ends(dispatch, "failed")
        settings = made.folder / "commands.toml"
        settings.write_text(settings.read_text().replace("time_limit_s = 3", "time_limit_s = 60"))
        dispatch, _ = made.send(1)
    made.ends(dispatch, "returned")
    house.until(f"{alerts}.filter(monitor='tool-down', end__isnull=False).count()", 1)
    assert house.ask(f"{downtimes}.filter(ended_at__isnull=False).count()") == 1
    assert house.ask(f"list({alerts}.values_list('monitor', flat=True))") == ["tool-down"]


@pytest.mark.need("G01", "G17")
def test_a_run_that_is_killed_is_run_again_and_leaves_one_result(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(tool_commands=tmp_path / "tool" / "commands.toml")
    made = bench(house, tmp_path / "tool", at_once=1)
    made.mode("slow")
    for program in ("listener", "worker"):
        house.start(program)
    dispatch, _ = made.send(1)
    wait_for(lambda: (made.folder / "runs").exists(), seconds=60)
    (runner,) = [
        int(place.parent.name)
        for place in Path("/proc").glob("[0-9]*/cmdline")
        if f"adapters.running\0{made.folder_of(dispatch)}\0".encode() in read_or_nothing(place)
    ]
    os.kill(runner, signal.SIGKILL)
    made.ends(dispatch, "returned")
    assert len((made.folder / "runs").read_text().splitlines()) == 2
    assert house.ask(f"Result.objects.filter(dispatch__in={dispatch}).count()") == 1


def read_or_nothing(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # that process has ended meanwhile
        return b""
