"""The machines of the demonstration hospital: start them, wait until they are ready, stop them, break them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from alarp.kernel import Unavailable

START_WITHIN_S = 120.0


def free_port() -> int:
    """Which port is free at this moment?"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Does somebody listen on this port?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Machine:
    """One process of the hospital, started with the same words each time, its output kept in a file."""

    name: str
    arguments: list[str]
    log: Path
    environment: dict[str, str]
    says_ready: bool = True
    process: subprocess.Popen[str] | None = None
    port: int = 0

    def start(self) -> Machine:
        """Start it; a machine that says when it is ready is waited for."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                stdout=subprocess.PIPE if self.says_ready else errors,
                stderr=errors,
                text=True,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        if self.says_ready:
            self._await_ready()
        return self

    def _await_ready(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        out: IO[str] = self.process.stdout
        found: list[str] = []
        reader = threading.Thread(target=lambda: found.append(out.readline()), daemon=True)
        reader.start()
        reader.join(START_WITHIN_S)
        if not found or not found[0].strip():
            raise Unavailable(f"{self.name} did not start; {self.log} says why.", phase="connect")
        self.port = int(json.loads(found[0])["port"])
        threading.Thread(target=out.read, daemon=True).start()

    def kill(self) -> None:
        """Pull the plug: SIGKILL, to the whole family."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to stop, and make it after a while."""
        self._signal(signal.SIGTERM)

    def _signal(self, which: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        group = os.getpgid(self.process.pid)
        if which == signal.SIGTERM:
            self.process.terminate()
            try:
                self.process.wait(20)
                return
            except subprocess.TimeoutExpired:
                pass
        os.killpg(group, signal.SIGKILL)
        self.process.wait()


def await_page(url: str, machine: Machine) -> None:
    """Wait until the site answers. Raises Unavailable when its process ends or time runs out."""
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        if machine.process is not None and machine.process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise Unavailable(f"{machine.name} did not answer on {url}; {machine.log} says why.", phase="connect")
