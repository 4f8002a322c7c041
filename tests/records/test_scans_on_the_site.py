"""Scans in a folder on the server: run by several processes, stopped, resumed, and never outside their folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chest_evaluation as chest
import pytest
import scan_evaluation as livers
import valley

from alarp.cli import site_run
from alarp.kernel import NotNow, NotPermitted, Unavailable
from alarp.records import clock
from alarp.records.protocols import commands, queries
from alarp.records.protocols.doors import running
from alarp.records.protocols.models import EvaluationRun, Opening
from alarp.web.protocols import presenters
from scan_study import blocks, study, write


@pytest.fixture(autouse=True)
def no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The PDF says nothing about how a run comes about, and takes seconds."""

    def missing(html: str) -> bytes:
        raise Unavailable("no PDF here", phase="pdf")

    monkeypatch.setattr("alarp.report.to_pdf", missing)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The evaluation folder of this server."""
    livers.point_to(monkeypatch, tmp_path)
    return tmp_path


def physicist() -> Any:
    return valley.person("lead-physicist")


def stop_after(cases: int, run: EvaluationRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person stops the run when so many cases are finished."""
    tell = running.tell

    def told(hold: Any, doing: str, done: int, total: int, **more: Any) -> None:
        if total > 1 and done == cases:
            commands.stop_run(run, by=physicist())
        tell(hold, doing, done, total, **more)

    monkeypatch.setattr(running, "tell", told)
    monkeypatch.setattr(site_run, "TELL_EVERY_S", 0)


@pytest.mark.need("E04")
def test_scans_in_a_server_folder_are_compared_by_as_many_processes_as_asked_for(
    deployment: Any, server: Path
) -> None:
    study(server / "livers", 4)
    protocol, test_set = livers.begun(deployment), livers.added(deployment, "livers")
    alone, both = (chest.done(livers.asked(protocol, test_set, jobs)) for jobs in (1, 2))
    assert (alone.state, both.state) == ("done", "done"), (alone.trouble, both.trouble)
    assert (alone.jobs, both.jobs) == (1, 2)
    assert alone.result_sha256 == both.result_sha256
    result = queries.result_of(both)
    assert result["enrolled"] == sum(n for k, n in result["outcomes"].items() if k != "enrolled") > 0
    assert {row["case"] for row in result["figures"]["per_case"]} == {"c0", "c1", "c2", "c3"}


def test_a_stopped_run_goes_on_without_repeating_a_case_and_ends_as_if_it_had_never_stopped(
    deployment: Any, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study(server / "livers", 5)
    protocol, test_set = livers.begun(deployment), livers.added(deployment, "livers")
    whole = chest.done(livers.asked(protocol, test_set))
    run = livers.asked(protocol, test_set)
    with monkeypatch.context() as patched:
        stop_after(2, run, patched)
        assert chest.done(run).state == EvaluationRun.STOPPED
    assert run.stopped_by == physicist() and running.forsaken() == []
    assert "Stopped while comparing outlines: " in presenters.progress(run, clock.now()).sentence
    folder = site_run.folder_of_run(running.Hold(run.pk, "", 0)) / ".cases"
    finished = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.json")}
    assert len(finished) == 2
    commands.resume_run(run, by=physicist())
    with monkeypatch.context() as patched:
        seen: dict[str, int] = {}
        finish = running.finish

        def looked(hold: Any, **files: bytes) -> None:
            seen.update({file.name: file.stat().st_mtime_ns for file in folder.glob("*.json")})
            finish(hold, **files)

        patched.setattr(running, "finish", looked)
        assert chest.done(run).state == EvaluationRun.DONE, run.trouble
    assert len(seen) == 5 and {name: seen[name] for name in finished} == finished
    assert run.result_sha256 == whole.result_sha256
    assert Opening.objects.filter(run=run).count() == 1
    assert not folder.exists()


def test_the_process_of_a_stopped_run_can_write_nothing_more(deployment: Any) -> None:
    run = chest.asked(chest.begun(deployment), chest.cases(deployment))
    hold = running.take(run.pk, "slow")
    assert hold is not None
    commands.stop_run(run, by=physicist())
    for late in (
        lambda: running.renew(hold),
        lambda: running.tell(hold, "late", 1, 2),
        lambda: running.finish(hold, result=b"{}", report=b""),
    ):
        with pytest.raises(running.Taken):
            late()
    commands.resume_run(run, by=physicist())
    with pytest.raises(running.Taken):
        running.tell(hold, "late", 1, 2)


def test_a_run_that_was_stopped_often_is_not_given_up_as_one_that_died_often(deployment: Any) -> None:
    run = chest.asked(chest.begun(deployment), chest.cases(deployment))
    for _ in range(running.MOST_TAKES + 1):
        assert running.take(run.pk, "patient") is not None
        commands.stop_run(run, by=physicist())
        commands.resume_run(run, by=physicist())
    assert chest.done(run).state == EvaluationRun.DONE


def test_what_has_ended_is_not_stopped_and_what_runs_is_not_resumed(deployment: Any) -> None:
    run = chest.asked(chest.begun(deployment), chest.cases(deployment))
    with pytest.raises(NotNow, match="is not stopped"):
        commands.resume_run(run, by=physicist())
    with pytest.raises(NotPermitted):
        commands.stop_run(run, by=valley.person("radiographer"))
    chest.done(run)
    with pytest.raises(NotNow, match="not under way"):
        commands.stop_run(run, by=physicist())


@pytest.mark.parametrize("named", ["../secret.nii.gz", "{elsewhere}/secret.nii.gz"])
def test_a_case_that_names_a_file_outside_its_test_set_fails_the_run_and_the_file_is_not_read(
    deployment: Any, server: Path, tmp_path_factory: pytest.TempPathFactory, named: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(blocks(0), elsewhere / "secret.nii.gz")
    write(blocks(0), server / "secret.nii.gz")
    folder = study(server / "livers", 2)
    table = (folder / "cases.csv").read_text(encoding="utf-8")
    leading_out = named.format(elsewhere=elsewhere)
    (folder / "cases.csv").write_text(table.replace("o0.nii.gz", leading_out), encoding="utf-8")
    run = chest.done(livers.asked(livers.begun(deployment), livers.added(deployment, "livers")))
    assert run.state == EvaluationRun.FAILED
    assert "Case c0" in run.trouble and "outside test set 1" in run.trouble


def test_the_time_left_is_reckoned_from_this_process_and_not_from_what_it_found_finished(
    deployment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    run = chest.asked(chest.begun(deployment), chest.cases(deployment))
    hold = running.take(run.pk, "steady")
    assert hold is not None
    begin = clock.now()
    monkeypatch.setattr(clock, "now", lambda: begin)
    running.tell(hold, "comparing outlines", 0, 120, paced_from=60)
    later = begin + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    running.tell(hold, "comparing outlines", 80, 120)
    run.refresh_from_db()
    assert presenters.progress(run, later).sentence == "Comparing outlines: 80 of 120, about 4 min left."


@pytest.mark.shared
def test_a_real_abdomen_is_evaluated_on_the_site_from_its_structure_set(
    deployment: Any, server: Path, shared: Path
) -> None:
    case = server / "abdomen"
    case.mkdir()
    real = shared / "data" / "ct_abdomen_rtstruct"
    (case / "ct").mkdir()
    for image in (real / "ct").iterdir():
        (case / "ct" / image.name).write_bytes(image.read_bytes())
    for name in ("rtstruct_reference.dcm", "labels.nii.gz"):
        (case / name).write_bytes((real / name).read_bytes())
    (case / "cases.csv").write_text(
        "case,images,reference,output\nA,ct,rtstruct_reference.dcm,rtstruct_reference.dcm\n", encoding="utf-8"
    )
    protocol = livers.begun(
        deployment, **{"labels: {1: Liver, 2: Spleen}\n": "structures: {Liver: [liver], Spleen: [spleen]}\n"}
    )
    run = chest.done(livers.asked(protocol, livers.added(deployment, "abdomen")))
    assert run.state == EvaluationRun.DONE, run.trouble
    dice = {
        m["subgroup"]: m["estimate"] for m in queries.result_of(run)["measures"] if m["measure"] == "dice"
    }
    assert dice["Liver"] == dice["Spleen"] == 1.0
