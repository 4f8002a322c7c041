"""Many cases, by one process, two or Dask's: the same bytes, no case twice, and a stopped run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import psutil
import pytest
from contour_studies import study

from alarp.cli.evaluating import engines, evaluate_protocol
from alarp.cli.evaluating.engines import Crew
from alarp.kernel import BadInput, Unavailable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_pdf(monkeypatch):
    """The PDF says nothing about jobs and takes seconds."""
    leave_out_the_pdf(monkeypatch)


def leave_out_the_pdf(patched):
    def missing(html):
        raise Unavailable("no PDF here", phase="pdf")

    patched.setattr("alarp.report.to_pdf", missing)


def begin(path: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "alarp.cli.evaluate", str(path), "--out", str(out), "--jobs", "2", *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


def finished(out: Path, least: int, process: subprocess.Popen[str]) -> int:
    """Wait until so many cases are done; how many are?"""
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        done = len(list((out / ".cases").glob("*.json")))
        if done >= least:
            return done
        time.sleep(0.01)
    raise AssertionError(
        f"ended with {process.poll()} before {least} cases were done: {process.communicate()}"
    )


@pytest.fixture(scope="module")
def fourteen(tmp_path_factory):
    """A study of fourteen cases, and the result that one process gives of it."""
    folder = tmp_path_factory.mktemp("fourteen")
    path = study(folder / "study", 14)
    with pytest.MonkeyPatch.context() as patched:
        leave_out_the_pdf(patched)
        evaluate_protocol(path, folder / "whole")
    return path, (folder / "whole" / "result.json").read_bytes()


@pytest.mark.parametrize("crew", [Crew(2), Crew(2, "dask")], ids=["two processes", "dask"])
def test_the_result_is_the_same_whoever_does_the_work(tmp_path, fourteen, crew):
    path, alone = fourteen
    evaluate_protocol(path, tmp_path / "many", crew=crew)
    assert (tmp_path / "many" / "result.json").read_bytes() == alone
    assert not (tmp_path / "many" / ".cases").exists()


def test_a_run_that_was_killed_goes_on_and_repeats_no_case(tmp_path, fourteen):
    path, alone = fourteen
    out = tmp_path / "out"
    process = begin(path, out)
    finished(out, 3, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive, "a worker outlived the process that began it"
    kept = {file.name: file.stat().st_mtime_ns for file in (out / ".cases").glob("*.json")}
    assert 3 <= len(kept) < 14
    assert not (out / "result.json").exists()
    again = evaluate_protocol(path, out)
    assert f"{len(kept)} of 14 cases were finished by an earlier run and taken from it." in again.notes
    assert (out / "result.json").read_bytes() == alone
    assert not (out / ".cases").exists()


def test_ctrl_c_says_how_to_go_on_and_keeps_what_is_done(tmp_path, fourteen):
    path, out = fourteen[0], tmp_path / "out"
    process = begin(path, out)
    finished(out, 2, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to every process of the command
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130, said
    assert "finished cases are kept; give the same command again to go on." in said
    assert "Traceback" not in said
    assert len(list((out / ".cases").glob("*.json"))) >= 2


def test_a_kept_case_is_not_used_when_its_file_or_the_protocol_changed(tmp_path, monkeypatch):
    from alarp.cli.evaluating import resuming

    monkeypatch.setattr(resuming, "end", lambda out: None)
    path, out = study(tmp_path / "study", 3), tmp_path / "out"
    evaluate_protocol(path, out)
    assert "3 of 3" in evaluate_protocol(path, out).notes[1]
    (tmp_path / "study" / "o1.nii.gz").write_bytes((tmp_path / "study" / "r1.nii.gz").read_bytes())
    assert "2 of 3" in evaluate_protocol(path, out).notes[1]
    path.write_text(path.read_text("utf-8").replace("tolerance_mm: 2", "tolerance_mm: 1"), "utf-8")
    assert not any("earlier run" in note for note in evaluate_protocol(path, out).notes)


def test_a_bad_case_is_named_whichever_process_met_it(tmp_path):
    path = study(tmp_path / "study", 4)
    (tmp_path / "study" / "o2.nii.gz").write_bytes(b"not a volume")
    with pytest.raises(BadInput, match="Case c2"):
        evaluate_protocol(path, tmp_path / "out", crew=Crew(2))


def sign_in(book: Path) -> int:
    """Which process does this? It does not finish until another one has signed the book too."""
    (book / str(os.getpid())).touch()
    until = time.monotonic() + 120
    while len(list(book.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    return os.getpid()


def test_of_two_processes_this_one_is_one(tmp_path):
    with engines.team(Crew(2), 8) as team:
        by = team.each(sign_in, [tmp_path] * 8, lambda done: None)
    assert len(set(by)) == 2
    assert os.getpid() in by
    assert {int(file.name) for file in tmp_path.iterdir()} == set(by)


class Pool:
    """Does the work on threads and counts how many items it holds at once."""

    def __init__(self) -> None:
        self.held = self.most = 0
        self.lock = threading.Lock()

    def submit(self, work, item):
        future: Future = Future()
        with self.lock:
            self.held += 1
            self.most = max(self.most, self.held)

        def run():
            answer = work(item)
            with self.lock:
                self.held -= 1
            future.set_result(answer)

        threading.Thread(target=run).start()
        return future


def test_only_two_items_a_process_are_on_their_way_so_memory_does_not_grow_with_the_cases(monkeypatch):
    from contextlib import contextmanager

    pool = Pool()

    @contextmanager
    def counted(crew):
        yield pool

    monkeypatch.setattr(engines, "_executor", counted)
    seen: list[int] = []
    with engines.team(Crew(3), 300) as team:
        assert team.each(lambda n: n * n, range(300), seen.append) == [n * n for n in range(300)]
    assert seen == list(range(1, 301))
    assert pool.most <= 6


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"jobs": 0}, "--jobs is 0"),
        ({"engine": "spark"}, "--engine is 'spark'"),
        ({"scheduler": "tcp://a:1"}, "--scheduler names a Dask scheduler"),
    ],
)
def test_an_engine_that_nobody_has_is_refused(given, named):
    with pytest.raises(BadInput, match=named):
        Crew(**given)


def test_without_dask_one_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    path = study(tmp_path / "study", 3)
    with pytest.raises(Unavailable, match=r"Dask is not installed: .*alarp\[dask\]"):
        evaluate_protocol(path, tmp_path / "out", crew=Crew(2, "dask"))
