"""`alarp serve` on a machine with nothing on it: three processes, watched; and `alarp check` that believes no one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

WAIT_S = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: str, until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not until():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.3)


@dataclass
class Installation:
    """One `alarp serve` on a folder of its own."""

    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def child(self, module: str) -> psutil.Process | None:
        for one in psutil.Process(self.process.pid).children():
            try:
                if one.cmdline()[-1] == module and one.status() != psutil.STATUS_ZOMBIE:
                    return one
            except (psutil.NoSuchProcess, IndexError):
                continue
        return None

    def healthy(self) -> bool:
        address = f"http://127.0.0.1:{self.environment['ALARP_WEB_PORT']}/health/"
        try:
            return httpx.get(address, timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def alarp(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alarp.cli", *words],
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
            timeout=WAIT_S,
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("serve")
    environment = {
        **os.environ,
        "ALARP_DATA": str(folder / "data"),
        "ALARP_WEB_PORT": str(free_port()),
        "ALARP_GATEWAY_PORT": str(free_port()),
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "alarp.cli", "serve"], env=environment, stdout=log, stderr=log
        )
    place = Installation(folder, environment, process)
    try:
        wait_for("the site answers", place.healthy)
        yield place
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_one_command_brings_up_web_gateway_and_worker_and_check_finds_them_well(installation):
    for module in ("alarp.web", "alarp.gateway", "alarp.gateway.worker"):
        assert installation.child(module) is not None, module
    wait_for("check finds everything well", lambda: installation.alarp("check").returncode == 0)
    findings = json.loads(installation.alarp("check", "--json").stdout)
    assert {f["about"] for f in findings} == {"disk", "keys", "database", "worker", "web", "gateway"}


@pytest.mark.parametrize("module", ["alarp.web", "alarp.gateway", "alarp.gateway.worker"])
def test_a_killed_process_is_started_again(installation, module):
    before = installation.child(module)
    assert before is not None
    before.kill()

    def another() -> bool:
        now = installation.child(module)
        return now is not None and now.pid != before.pid

    wait_for(f"{module} runs again", another)
    wait_for("the site answers again", installation.healthy)


def test_only_loopback_listens(installation):
    family = psutil.Process(installation.process.pid).children(recursive=True)
    listening = {c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_check_says_which_part_is_missing_when_nothing_runs(tmp_path):
    environment = {
        **os.environ,
        "ALARP_DATA": str(tmp_path),
        "ALARP_WEB_PORT": str(free_port()),
        "ALARP_GATEWAY_PORT": str(free_port()),
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    done = subprocess.run(
        [sys.executable, "-m", "alarp.cli", "check", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=WAIT_S,
    )
    assert done.returncode == 1
    wrong = {f["about"]: f["sentence"] for f in json.loads(done.stdout) if not f["well"]}
    assert {"web", "gateway", "database"} <= set(wrong)
    assert "alarp serve" in wrong["web"] and "alarp setup" in wrong["database"]


def test_a_wrong_setting_stops_the_start_with_one_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "alarp.cli", "serve"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ALARP_DATA": str(tmp_path), "ALARP_GATEWAY_PORT": "many"},
        timeout=WAIT_S,
    )
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "ALARP_GATEWAY_PORT" in done.stderr
