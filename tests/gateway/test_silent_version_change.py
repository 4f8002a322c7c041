"""The supplier changes the tool's version and tells nobody. How many more studies leave? None.

A deployment that was brought live through its gates, by signatures; the gateway's own listener and worker; a tool that
answers over DICOM and, from one study to the next, says that it is another version.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faketool import deliver, report
from house import House, free_port
from pictures import files, image
from pydicom import dcmread

RECORDS = Path(__file__).resolve().parent.parent / "records"
LIVE = f"""
import sys
sys.path.insert(0, {str(RECORDS)!r})
import valley
table = valley.TABLE
for row in table["organisations"]:
    row["slug"] = {{"north": "northern"}}.get(row["slug"], row["slug"])
    row["parent"] = {{"north": "northern"}}.get(row.get("parent"), row.get("parent"))
    if row["parent"] is None:
        del row["parent"]
for row in table["people"]:
    row["organisation"] = {{"north": "northern"}}.get(row["organisation"], row["organisation"])
valley.build()
flag = valley.bring_to(valley.proposed(), "live")
n = Deployment.objects.filter(slug="reader").update(stage="retired")
n = IntendedUse.objects.update(rules={{}})
river = Organisation.objects.get(slug="river")
n = Peer.objects.all().update(site=river)
"""
RESULTS = "list(Result.objects.order_by('pk').values_list('state', flat=True))"


def start(house: House, module: str) -> None:
    """The program as it is shipped: its route comes from the signed gates."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        env=house.env,
        stdout=subprocess.PIPE,
        stderr=(house.folder / f"{module}.log").open("a"),
        text=True,
    )
    house.running.append(process)
    house.ready(process, module)


@pytest.fixture
def hospital(new_house: Callable[..., House], tmp_path: Path) -> Any:
    house = new_house()
    house.ask(LIVE)
    tool, pacs = free_port(), free_port()
    for aet, kind, port in (("READER", "tool", tool), ("PACS", "pacs", pacs)):
        owner = "Deployment.objects.get(slug='flag-river')" if kind == "tool" else "None"
        house.ask(
            f"p = Peer.objects.create(aet={aet!r}, name={aet!r}, kind={kind!r}, host='127.0.0.1', port={port}, "
            f"deployment={owner}, site=Organisation.objects.get(slug='river'))"
        )
    for module in ("alarp.gateway", "alarp.gateway.worker"):
        start(house, module)
    house.tool_folder = tmp_path / "tool"  # type: ignore[attr-defined]
    house.start("faketool", str(tool), str(house.port), "READER", str(tmp_path / "tool"))
    return house


def says(house: Any, version: str) -> None:
    (house.tool_folder / "version").write_text(version)


def send(house: House, tmp_path: Path) -> str:
    one = image()
    done = house.storescu(files([one], tmp_path / str(one.SOPInstanceUID)))
    assert done.returncode == 0, done.stderr
    return str(one.StudyInstanceUID)


def state(house: House, study: str) -> str:
    return f"Dispatch.objects.filter(study__study_uid={study!r}).values_list('state', flat=True).first()"


@pytest.mark.need("M01", "M05")
def test_a_version_nobody_approved_closes_the_route_within_one_study_and_nothing_of_it_is_filed(
    hospital: Any, tmp_path: Path
) -> None:
    house = hospital
    says(house, "1.0")
    house.until(state(house, send(house, tmp_path)), "returned", seconds=40)
    assert house.ask(RESULTS) == ["filing"]  # its PACS is away; it would be filed
    assert house.ask("Deployment.objects.get(slug='flag-river').alerts.count()") == 0

    says(house, "2.0")
    first = send(house, tmp_path)
    house.until(state(house, first), "returned", seconds=40)
    house.until(RESULTS, ["kept", "kept"], seconds=40)  # what waited for the PACS is kept back too
    (closure,) = house.ask("list(RouteClosure.objects.values('cause', 'reason', 'closed_by', 'lifted_at'))")
    assert (closure["cause"], closure["closed_by"], closure["lifted_at"]) == ("version", None, None)
    assert closure["reason"] == "The tool answered as version 2.0; version 1.0 is approved."

    second = send(house, tmp_path)
    house.until(state(house, second), "held", seconds=40)
    sent = house.ask(f"DispatchInstance.objects.get(dispatch__study__study_uid={second!r}).sent_at")
    assert sent is None
    assert len(list((house.tool_folder / "in").glob("*.dcm"))) == 2
    assert house.ask("Work.objects.filter(kind='file').exclude(state='done').count()") == 0

    alert = house.ask(
        "a = Deployment.objects.get(slug='flag-river').alerts.get()\n"
        "answer = {'cause': a.cause_at.timestamp(), 'alert': a.raised_at.timestamp(), "
        "'closed': a.closure.closed_at.timestamp(), 'sent': a.dispatch.sent_at.timestamp(), "
        "'told': [r.person.username for n in a.notices.all() for r in n.recipients.all()]}"
    )
    assert alert["cause"] == alert["sent"] <= alert["closed"] <= alert["alert"]
    assert alert["told"] == ["lead-physicist"]
    print(f"from the study's leaving to the closed route: {alert['closed'] - alert['cause']:.2f} s")


def test_a_tool_that_names_no_version_is_warned_of_once_and_goes_on(hospital: Any, tmp_path: Path) -> None:
    house = hospital
    for _ in range(2):
        house.until(state(house, send(house, tmp_path)), "returned", seconds=40)
    time.sleep(0.5)
    assert house.ask(RESULTS) == ["filing", "filing"]
    (alert,) = house.ask(
        "list(Deployment.objects.get(slug='flag-river').alerts.values('reaction', 'sentence'))"
    )
    assert alert["reaction"] == "warn" and "do not name their version" in alert["sentence"]


def test_two_results_of_a_wrong_version_at_once_are_one_closing_and_one_alert(
    hospital: Any, tmp_path: Path
) -> None:
    """Two studies are at the tool when it changes: both results are kept, the route closes once."""
    house = hospital
    (house.tool_folder / "done").write_text("")
    says(house, "1.0")
    studies = [send(house, tmp_path), send(house, tmp_path)]
    for study in studies:
        house.until(state(house, study), "returned", seconds=40)
    held = [
        dcmread(file, stop_before_pixels=True) for file in sorted((house.tool_folder / "in").glob("*.dcm"))
    ]
    late = [report([one], version="9.9", score=0.25) for one in held]
    for one in late:  # under UIDs of their own: new objects about the same studies
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID + ".9"
    assert deliver(late, house.port, "READER") == [0, 0]
    house.until("Result.objects.filter(summary__version='9.9', state='kept').count()", 2, seconds=40)
    assert house.ask("RouteClosure.objects.count()") == 1
    assert house.ask("Deployment.objects.get(slug='flag-river').alerts.count()") == 1
