"""When the AI is not there: people read within the set time, nothing is lost, nothing comes twice. And the probe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from faketool import deliver, report
from house import House, free_port
from pictures import files, image
from pydicom import dcmread

ASSURANCE = "__import__('alarp.records.assurance.models').records.assurance.models"
ALERTS = "__import__('alarp.records.watch.models').records.watch.models.Alert.objects"
ASK = (
    "from pydicom.uid import generate_uid\nfrom alarp.records.assurance import probes\n"
    "p = probes.ask(Deployment.objects.get(slug='reader'), generate_uid(prefix=None), by=None)\n"
    "answer = p.pk"
)


@pytest.mark.need("G17", "G16")
def test_with_the_tool_down_studies_are_given_to_people_in_time_and_the_backlog_comes_once(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(sweep_s=0.3, human_reading_after_min=0.05)
    tool = free_port()
    house.peer("READER", "tool", tool)
    for program in ("listener", "worker"):
        house.start(program)
    studies = [image() for _ in range(3)]
    house.storescu(files(studies, tmp_path / "out"))
    house.until(f"{ASSURANCE}.Release.objects.count()", 3)
    waited = house.ask(
        f"[(r.at - r.dispatch.created_at).total_seconds() for r in {ASSURANCE}.Release.objects.all()]"
    )
    assert all(3 <= seconds < 12 for seconds in waited), waited
    down = house.ask(f"{ASSURANCE}.Downtime.objects.values('phase', 'ended_at').get()")
    assert down == {"phase": "connect", "ended_at": None}
    assert house.ask("Dispatch.objects.filter(state='held').count()") == 3

    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
    house.until("Dispatch.objects.filter(state='returned').count()", 3)
    house.until(f"{ASSURANCE}.Downtime.objects.filter(ended_at__isnull=False).count()", 1)
    arrivals = (tmp_path / "tool" / "arrivals").read_text().split()
    assert len(arrivals) == len(set(arrivals)) == 3
    assert house.ask("Result.objects.count()") == 3
    balance = house.balance()
    assert balance["balanced"] and balance["returned"] == 3
    assert house.ask(f"{ASSURANCE}.Release.objects.count()") == 3


@pytest.mark.need("G17")
def test_a_probe_comes_through_the_real_route_and_is_no_patient_anywhere(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house(sweep_s=0.3)
    tool, pacs = free_port(), free_port()
    house.peer("READER", "tool", tool)
    house.peer("PACS", "pacs", pacs)
    for program in ("listener", "worker"):
        house.start(program)
    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
    house.ask(ASK)
    house.until(f"{ASSURANCE}.Probe.objects.get().ended_at is not None", seconds=60)
    probe = house.ask(f"{ASSURANCE}.Probe.objects.values('state', 'sentence', 'steps').get()")
    assert probe["state"] == "passed", probe
    assert [step["phase"] for step in probe["steps"]][:4] == ["resolve", "connect", "associate", "send"]
    assert "kept apart from the PACS" in probe["sentence"]
    (sent,) = (tmp_path / "tool" / "in").glob("*.dcm")
    assert "SYNTHETIC" not in str(dcmread(sent).PatientName)  # it is de-identified like any other
    balance = house.balance()
    assert balance["balanced"] and (balance["received"], balance["expected"], balance["filed"]) == (0, 0, 0)
    events = "__import__('alarp.records.monitors.events').records.monitors.events"
    span = "__import__('datetime').datetime(2000,1,1,tzinfo=__import__('datetime').UTC)"
    until = "__import__('alarp.records.clock').records.clock.now()"
    assert house.ask(f"len({events}.known_between({span}, {until}))") == 0


def test_a_probe_comes_through_the_demonstrations_own_tool(
    new_house: Callable[..., House], tmp_path: Path
) -> None:
    house = new_house()
    tool = free_port()
    house.peer("READER", "tool", tool)
    for program in ("listener", "worker"):
        house.start(program)
    words = ["noduleflag", "--ae", "READER", "--port", str(tool), "--return-port", str(house.port)]
    nodule_flag = subprocess.Popen(
        [sys.executable, "-m", "alarp.demo.tools", *words, "--folder", str(tmp_path / "spool")],
        env=house.env,
        stdout=subprocess.DEVNULL,
    )
    house.running.append(nodule_flag)
    house.ask(ASK)
    house.until(f"{ASSURANCE}.Probe.objects.get().ended_at is not None", seconds=90)
    probe = house.ask(f"{ASSURANCE}.Probe.objects.values('state', 'phase', 'sentence').get()")
    assert probe["state"] == "passed", probe
    said = house.ask("Result.objects.get().summary")
    assert said["version"] and 0 <= said["score"] <= 1  # the tool took it for a film and read it


@pytest.mark.need("G17")
@pytest.mark.parametrize("broken", ["connect", "send", "return", "route"])
def test_a_probe_that_breaks_names_its_phase_and_somebody_is_told(
    new_house: Callable[..., House], tmp_path: Path, broken: str
) -> None:
    house = new_house(sweep_s=0.3, health_due_min=0.05)
    tool = free_port()
    house.peer("READER", "tool", tool)
    if broken != "connect":
        house.start("listener")
    if broken == "return":  # a tool that takes and never answers
        house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"), "600")
    if broken == "route":
        house.ask("n = IntendedUse.objects.update(rules={'modalities': ['CR'], 'sexes': ['M'], 'views': ['LL'], "
                  "'age_min_years': 90})")  # fmt: skip
    house.start("worker")
    house.ask(ASK)
    house.until(f"{ASSURANCE}.Probe.objects.get().state", "failed")
    phase = {"route": "process", "send": "connect"}.get(broken, broken)
    probe = house.ask(f"{ASSURANCE}.Probe.objects.values('phase', 'sentence').get()")
    assert probe["phase"] == phase, probe
    house.until(f"{ALERTS}.filter(monitor='probe-failed', end__isnull=True).count()", 1)
    said = house.ask(f"{ALERTS}.get(monitor='probe-failed').sentence")
    assert probe["sentence"] in said


@pytest.mark.need("G17")
@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ("resolve", "name is not known"),
        ("associate", "refuses an association"),
        ("match", "did not fit"),
        ("file", "the PACS has not taken it yet"),
    ],
)
def test_a_probe_that_breaks_at_either_end_of_the_route_names_its_phase(
    new_house: Callable[..., House], tmp_path: Path, broken: str, sentence: str
) -> None:
    settings: dict[str, object] = {"health_due_min": 0.2 if broken == "match" else 0.1}
    if broken == "resolve":
        settings["gateway_host"] = "nobody.invalid"
    if broken == "file":
        settings["health_file_to_pacs"] = True
    house = new_house(sweep_s=0.3, **settings)
    tool = free_port()
    house.peer("READER", "tool", tool)
    if broken == "associate":  # somebody has switched the entry off under which probes call
        house.ask(
            "site = Organisation.objects.get(slug='north')\n"
            "p = Peer.objects.create(aet=f'ALARPROBE{site.pk}', name='Probes', kind='source', site=site, enabled=False)"
        )
    if broken == "file":
        house.peer("PACS", "pacs", free_port())  # where nobody listens
    if broken != "resolve":
        house.start("listener")
        answers_after_s = "600" if broken == "match" else "0.2"
        folder = str(tmp_path / "tool")
        house.start("faketool", str(tool), str(house.port), "READER", folder, answers_after_s)
    house.start("worker")
    house.ask(ASK)
    if broken == "match":
        house.until("Dispatch.objects.filter(state='sent').count()", 1)
        (image_sent,) = (tmp_path / "tool" / "in").glob("*.dcm")
        wrong = report([dcmread(image_sent)])
        wrong.AccessionNumber = "ANOTHER"
        assert deliver([wrong], house.port, "READER") == [0]
    house.until(f"{ASSURANCE}.Probe.objects.get().state", "failed", seconds=60)
    probe = house.ask(f"{ASSURANCE}.Probe.objects.values('phase', 'sentence').get()")
    assert probe["phase"] == broken and sentence in probe["sentence"], probe
    house.until(f"{ALERTS}.filter(monitor='probe-failed', end__isnull=True).count()", 1)
