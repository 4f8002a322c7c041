"""Do the tools keep what they were given and return what they owe? Real processes, real associations."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tool_peers import Process, a_tool, an_ear, wait_for

from alarp.phantom import SCANNERS, abdomen_ct, chest_film, fictional_patient

WHEN = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)


def film(number: int):
    return chest_film(
        patient=fictional_patient(number),
        scanner=SCANNERS[0],
        nodules=(),
        when=WHEN,
        rng=np.random.default_rng(number),
        accession=f"F{number}",
    ).datasets


def ct(number: int):
    return abdomen_ct(
        patient=fictional_patient(number),
        scanner=SCANNERS[1],
        when=WHEN,
        rng=np.random.default_rng(number),
        accession=f"C{number}",
        slices=12,
        spacing_mm=10.0,
        matrix=128,
    ).datasets


STUDIES = {"noduleflag": (film, "SR"), "livercontour": (ct, "RTSTRUCT"), "lungcontour": (ct, "RTSTRUCT")}


def a_deaf_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("tool", STUDIES)
def test_a_study_sent_is_answered_under_its_own_patient_and_study(tool: str, tmp_path: Path) -> None:
    make, modality = STUDIES[tool]
    sent = make(1)
    with an_ear() as ear, a_tool(tool, tmp_path / "spool", ear.port) as process:
        assert process.ready["ae_title"] == tool.upper()
        assert process.echo() == 0
        assert set(process.send(*sent)) == {0}
        assert wait_for(lambda: bool(ear.kept)), process.log.read_text()
        (result,) = ear.results
    assert result.Modality == modality
    assert (result.PatientID, result.StudyInstanceUID) == (sent[0].PatientID, sent[0].StudyInstanceUID)
    assert result.SeriesInstanceUID != sent[0].SeriesInstanceUID


@pytest.mark.parametrize("tool", ["noduleflag", "livercontour"])
def test_a_study_acknowledged_before_kill_9_is_answered_after_the_restart(tool: str, tmp_path: Path) -> None:
    make, modality = STUDIES[tool]
    with an_ear() as ear:
        process = Process(tool, tmp_path / "spool", ear.port, "--quiet-s", "30")
        assert set(process.send(*make(2))) == {0}
        process.kill()
        assert not ear.kept
        with a_tool(tool, tmp_path / "spool", ear.port) as again:
            assert wait_for(lambda: bool(ear.kept)), again.log.read_text()
            assert [r.Modality for r in ear.results] == [modality]


def test_a_result_made_while_the_gateway_is_down_survives_kill_9_and_is_returned(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    process = Process("noduleflag", spool, a_deaf_port())
    process.send(*film(3))
    assert wait_for(lambda: any((spool / "outgoing").glob("*.dcm"))), process.log.read_text()
    process.kill()
    with an_ear() as ear, a_tool("noduleflag", spool, ear.port) as again:
        assert wait_for(lambda: bool(ear.kept)), again.log.read_text()
        assert wait_for(lambda: any((spool / "returned").glob("*.dcm")))
        assert len(ear.kept) == 1
        assert not list((spool / "outgoing").glob("*.dcm"))


def test_a_result_that_the_gateway_does_not_accept_is_offered_again(tmp_path: Path) -> None:
    with an_ear(status=0xA700) as ear, a_tool("noduleflag", tmp_path / "spool", ear.port) as process:
        process.send(*film(4))
        assert wait_for(lambda: "not accepted" in process.log.read_text())
        ear.status = 0x0000
        assert wait_for(lambda: bool(ear.kept))


def test_the_same_study_sent_again_gives_the_same_result_again(tmp_path: Path) -> None:
    with an_ear() as ear, a_tool("noduleflag", tmp_path / "spool", ear.port) as process:
        for expected in (1, 2):
            process.send(*film(5))
            assert wait_for(lambda expected=expected: len(ear.kept) == expected)
    assert ear.kept[0] == ear.kept[1]


def test_a_late_slice_is_analysed_with_those_before_it(tmp_path: Path) -> None:
    slices = ct(6)
    with an_ear() as ear, a_tool("livercontour", tmp_path / "spool", ear.port) as process:
        process.send(*slices[:11])
        assert wait_for(lambda: len(ear.kept) == 1)
        process.send(slices[11])
        assert wait_for(lambda: len(ear.kept) == 2)
        referred = [references(result) for result in ear.results]
    assert [len(r) for r in referred] == [11, 12]


def references(result) -> set[str]:
    study = result.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    images = study.RTReferencedSeriesSequence[0].ContourImageSequence
    return {image.ReferencedSOPInstanceUID for image in images}


def test_a_tool_restarted_in_another_release_says_so_in_what_it_returns(tmp_path: Path) -> None:
    with an_ear() as ear:
        for version, study in (("2.1.0", film(11)), ("2.2.0", film(12))):
            with a_tool("noduleflag", tmp_path / "spool", ear.port, "--version", version) as process:
                assert process.ready["version"] == version
                process.send(*study)
                assert wait_for(lambda version=version: bool(versions(ear.results) & {version}))
        assert [result.SoftwareVersions for result in ear.results] == ["2.1.0", "2.2.0"]


def versions(results) -> set[str]:
    return {result.SoftwareVersions for result in results}


def test_a_release_that_the_supplier_never_made_is_refused_in_one_sentence() -> None:
    words = [
        sys.executable,
        "-m",
        "alarp.demo.tools",
        "lungcontour",
        "--return-port",
        "1",
        "--version",
        "7.0",
    ]
    asked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert asked.returncode == 2
    assert "lungcontour has no release 7.0. Give --version one of 0.9.0." in asked.stderr


def test_the_fault_mixes_up_one_patient_once_and_a_second_sending_is_right(tmp_path: Path) -> None:
    first, second, third = film(7), film(8), film(9)
    with an_ear() as ear:
        with a_tool("noduleflag", tmp_path / "spool", ear.port, "--fault", "wrong-patient-once") as process:
            for count, study in enumerate((first, second, third, second), start=1):
                process.send(*study)
                assert wait_for(lambda count=count: len(ear.kept) == count), process.log.read_text()
        patients = [result.PatientID for result in ear.results]
        uids = [result.SOPInstanceUID for result in ear.results]
        mixed = ear.results[1]
    own = [study[0].PatientID for study in (first, second, third)]
    assert patients == [own[0], own[0], own[2], own[1]]
    assert mixed.StudyInstanceUID == second[0].StudyInstanceUID
    assert len(set(uids)) == 4


def test_no_patient_identifier_is_written_to_the_tools_log(tmp_path: Path) -> None:
    study = film(10)
    with an_ear() as ear, a_tool("noduleflag", tmp_path / "spool", ear.port) as process:
        process.send(*study)
        assert wait_for(lambda: bool(ear.kept))
    said = process.log.read_text()
    assert "analysed" in said
    for secret in (study[0].PatientID, str(study[0].PatientName), study[0].AccessionNumber, "SIM^"):
        assert secret not in said
