"""Several processes do it at the same moment, on SQLite and on PostgreSQL: one order comes out, and the chain holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

HERE = Path(__file__).resolve().parent
Race = Callable[..., tuple[list[dict[str, Any]], dict[str, Any]]]


Environment = dict[str, str]


def racer(environment: Environment, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(HERE / "racers.py"), *words]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err[-2000:]
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer


def new_database(url: str, template: str = "template1") -> str:
    """The address of a new PostgreSQL database that begins as a copy of this one."""
    name = f"race_{time.monotonic_ns()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return url.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def start_line(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An installation that stands before the race; each race runs on a copy of it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ALARP_")}
    environment |= {
        "ALARP_DATA": str(tmp_path_factory.mktemp("start-line") / "data"),
        "DJANGO_SETTINGS_MODULE": "alarp.records.settings",
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent), str(HERE.parents[1] / "src")]),
    }
    if request.param == "postgresql":
        environment["ALARP_DATABASE_URL"] = new_database(request.getfixturevalue("postgres_url"))
    heard(racer(environment, "prepare"))
    return environment


@pytest.fixture
def race(start_line: Environment, tmp_path: Path) -> Race:
    """Runs the racers on a fresh copy of the start line; answers what each said and what was there afterwards."""
    environment = start_line | {"ALARP_DATA": str(tmp_path / "data")}
    shutil.copytree(start_line["ALARP_DATA"], environment["ALARP_DATA"])
    if url := start_line.get("ALARP_DATABASE_URL"):
        environment["ALARP_DATABASE_URL"] = new_database(
            url.rsplit("/", 1)[0] + "/postgres", url.rsplit("/", 1)[1]
        )

    def run(*racers: tuple[str, ...]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        flag = tmp_path / "go"
        running = [
            racer(environment, "act", str(flag), f"{what}-{number}", *more)
            for number, (what, *more) in enumerate(racers)
        ]
        until = time.monotonic() + 60
        while len(list(tmp_path.glob("go.*.ready"))) < len(racers) and time.monotonic() < until:
            time.sleep(0.02)
        flag.touch()
        return [heard(process) for process in running], heard(racer(environment, "look"))

    return run


@pytest.mark.need("X03")
def test_two_people_of_one_role_sign_at_once_and_one_of_them_is_told(race: Race) -> None:
    said, after = race(("sign", "clinical-lead", "clinical-lead"), ("sign", "clinical-lead", "reader"))
    refused = [one["refused"] for one in said if "refused" in one]
    assert len(refused) == 1
    assert "has approved this evidence already" in refused[0]
    assert after["approvals"] == ["clinical-lead"]
    assert after["stage"] == "need"


def test_three_roles_sign_at_once_and_the_gate_opens_once(race: Race) -> None:
    roles = ("clinical-lead", "service-manager", "patient-representative")
    said, after = race(*(("sign", role, role) for role in roles))
    assert said == [{"done": True}] * 3
    assert (after["stage"], after["status"], after["opened"]) == ("appraise", "open", 1)
    assert all(ok for ok, _ in after["chains"].values())


def test_evidence_withdrawn_while_it_is_signed_leaves_no_gate_open_on_it(race: Race) -> None:
    roles = ("clinical-lead", "service-manager", "patient-representative")
    _, after = race(*(("sign", role, role) for role in roles), ("withdraw",))
    assert after["stage"] == "need"
    assert after["status"] in ("shut", "re-opened")
    assert all(ok for ok, _ in after["chains"].values())


def test_four_processes_write_one_chain_without_a_gap(race: Race) -> None:
    said, after = race(*(("write", "25") for _ in range(4)))
    assert said == [{"done": True}] * 4
    assert after["chains"]["race"] == [True, 100]


def test_a_run_that_is_stopped_while_it_ends_is_either_stopped_or_done_and_never_half_of_both(
    race: Race,
) -> None:
    said, after = race(("stop",), ("finish",))
    assert sorted("done" in one for one in said) == [False, True], said
    assert after["run"] in (["stopped", False, True], ["done", True, False])
    assert after["run"][0] == ("stopped" if "done" in said[0] else "done")
    assert all(ok for ok, _ in after["chains"].values())
