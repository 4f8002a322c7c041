"""Do the connections work? A real worker asks a real Orthanc and dcmtk's storescp, one of them down, and signs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from house import House, free_port, wait_for
from orthanc import Orthanc

TEAM = """
from datetime import timedelta
from django.utils import timezone
from alarp.records.people.models import RoleHolding
from alarp.records.deployments.models import TeamMember
from alarp.records.evidence.commands import create_key
trust, person = Organisation.objects.get(slug="trust"), Person.objects.get(username="pat")
deployment, now = Deployment.objects.get(slug="reader"), timezone.now()
RoleHolding.objects.create(person=person, role="data-analyst", organisation=trust, since=now.date() - timedelta(days=1))
TeamMember.objects.create(deployment=deployment, role="data-analyst", person=person, since=now)
create_key(trust)
IntendedUse.objects.update(rules={"modalities": ["CR"]})
"""
ASK = """
from alarp.records.governance import commands as governance
deployment = Deployment.objects.get(slug="reader")
answer = governance.ask_self_test(deployment, by=Person.objects.get(username="pat")).number
"""
REPORT = """
from alarp.records.governance.models import SelfTestReport
from alarp.records.governance.checks import self_test_passed
from django.utils import timezone
rows = SelfTestReport.objects.filter(test__number={number}).select_related("evidence__author")
row = rows.first()
answer = None if row is None else dict(
    passed=row.passed, findings=row.findings, note=row.note, worker=row.worker,
    kind=row.evidence and row.evidence.kind, author=row.evidence and row.evidence.author.username,
    sealed=bool(row.evidence and __import__("alarp.records.evidence.queries", fromlist=["x"]).check_seal(row.evidence)),
    body=row.evidence and row.evidence.body,
    check=list(self_test_passed(row.test.deployment, timezone.now())))
"""


class Tool:
    """dcmtk's storescp in the place of an AI tool."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        assert shutil.which("storescp"), "dcmtk is not installed: apt-get install dcmtk"
        folder.mkdir(parents=True, exist_ok=True)
        command = ["storescp", "-aet", "READER", "-od", str(folder), *options, str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self._echoes(port))

    def _echoes(self, port: int) -> bool:
        asked = ["echoscu", "-aec", "READER", "127.0.0.1", str(port)]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, int, Path]]:
    """A hospital with listener, worker, Orthanc as its PACS and an address for a tool."""
    folder = tmp_path_factory.mktemp("connectivity")
    house, pacs, port = House(folder), Orthanc(folder / "orthanc"), free_port()
    try:
        house.ask(TEAM)
        house.peer("READER", "tool", port)
        house.peer("PACS", "pacs", pacs.port)
        for program in ("listener", "worker"):
            house.start(program)
        yield house, port, folder
    finally:
        house.close()
        pacs.close()


def report_of(house: House) -> dict[str, Any]:
    number = house.ask(ASK)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        report: dict[str, Any] | None = house.ask(REPORT.format(number=number))
        if report is not None:
            return report
        time.sleep(0.2)
    raise AssertionError(house.where())


def found(report: dict[str, Any], about: str) -> dict[str, Any]:
    return next(f for f in report["findings"] if f["about"] == about)


@pytest.mark.need("G13")
def test_a_worker_tests_every_connection_and_signs_its_own_report(place: tuple[House, int, Path]) -> None:
    house, port, folder = place
    tool = Tool(folder / "tool", port)
    try:
        report = report_of(house)
    finally:
        tool.close()
    assert report["passed"] is True, [f for f in report["findings"] if f["passed"] is False]
    assert (report["kind"], report["author"], report["note"]) == ("connectivity-test", "pat", "")
    assert report["sealed"] is True
    assert report["body"]["passed"] is True
    assert report["check"] == []
    for about in ("Gateway: port", "AI tool READER: port", "PACS PACS: C-ECHO", "AI tool READER: CR images"):
        assert found(report, about)["passed"] is True
    echo = found(report, "AI tool READER: C-ECHO")
    assert echo["n"] == 5 and 0 < echo["figure"] < 5000
    assert "Explicit Little Endian" in found(report, "PACS PACS: structured reports")["sentence"]


@pytest.mark.need("G13")
def test_throughput_and_disk_are_figures_that_say_what_was_measured(place: tuple[House, int, Path]) -> None:
    house, port, folder = place
    tool = Tool(folder / "tool", port)
    try:
        report = report_of(house)
    finally:
        tool.close()
    speed = found(report, "Throughput by DICOM")
    assert (speed["unit"], speed["n"]) == ("MB/s", 16) and speed["figure"] > 0.1
    assert "the network to a peer is not in this figure" in speed["sentence"]
    assert found(report, "Disk: room")["figure"] > 0
    assert found(report, "Disk: synced writing")["figure"] > 0.1
    assert found(report, "Encryption")["passed"] is None
    assert house.ask("Instance.objects.count()") == 0  # nothing of the test lies in the ledger
    assert not list((house.data / "objects").rglob("self-test-*"))


@pytest.mark.need("G13")
def test_a_tool_that_is_down_fails_the_test_and_the_failure_is_evidence_that_the_gate_hears(
    place: tuple[House, int, Path],
) -> None:
    house, port, folder = place
    tool = Tool(folder / "tool", port)
    try:
        assert report_of(house)["check"] == []
    finally:
        tool.close()
    report = report_of(house)
    assert report["passed"] is False
    assert report["kind"] == "connectivity-test" and report["body"]["passed"] is False
    down = found(report, "AI tool READER: port")
    assert down["passed"] is False
    assert f"refuses the connection on port {port}" in down["sentence"]
    assert not [f for f in report["findings"] if f["about"] == "AI tool READER: C-ECHO"]
    assert found(report, "PACS PACS: C-ECHO")["passed"] is True
    assert "did not pass: AI tool READER" in report["check"][0]


@pytest.mark.need("G13")
def test_a_tool_that_answers_but_takes_no_such_images_does_not_pass(place: tuple[House, int, Path]) -> None:
    house, port, folder = place
    profile = folder / "ct-only.cfg"
    profile.write_text(
        "[[TransferSyntaxes]]\n[Plain]\nTransferSyntax1 = LittleEndianExplicit\n"
        "TransferSyntax2 = LittleEndianImplicit\n"
        "[[PresentationContexts]]\n[CTOnly]\n"
        "PresentationContext1 = CTImageStorage\\Plain\nPresentationContext2 = VerificationSOPClass\\Plain\n"
        "[[Profiles]]\n[Default]\nPresentationContexts = CTOnly\n"
    )
    tool = Tool(folder / "tool", port, "-xf", str(profile), "Default")
    try:
        report = report_of(house)
    finally:
        tool.close()
    assert report["passed"] is False
    assert "takes no CR images without compression" in found(report, "AI tool READER: CR images")["sentence"]


def test_the_command_asks_waits_and_says_what_was_found(place: tuple[House, int, Path]) -> None:
    house, _, _ = place
    command = [sys.executable, "-m", "alarp.cli", "connectivity", "reader", "--by", "pat"]
    done = subprocess.run(command, env=house.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "FAILED  AI tool READER: port" in done.stdout
    assert "passed  PACS PACS: C-ECHO" in done.stdout


def test_without_a_worker_the_command_says_so_and_a_second_test_is_not_queued(
    new_house: Callable[..., House],
) -> None:
    house = new_house()
    house.ask(TEAM)
    command = [sys.executable, "-m", "alarp.cli", "connectivity", "reader", "--by", "pat", "--wait-s", "1"]
    done = subprocess.run(command, env=house.env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "No worker has reported within 1 s" in done.stderr
    again = subprocess.run(command, env=house.env, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 2
    assert "still under way" in again.stderr
    assert house.ask("Work.objects.filter(kind='self-test').count()") == 1
