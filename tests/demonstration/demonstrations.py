"""Live through the demonstration by the shipped command, and keep what it left behind."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Demonstration:
    """What `alarp demo --once` left behind."""

    folder: Path
    code: int
    said: str
    summary: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "ALARP_DATA": str(self.folder / "alarp")}

    def alarp(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alarp.cli", *words],
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
            timeout=120,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def live_through(folder: Path, *words: str) -> Demonstration:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "alarp.cli",
            "demo",
            "--once",
            "--out",
            str(folder),
            "--port",
            str(free_port()),
            *words,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    file = folder / "summary.json"
    summary = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return Demonstration(folder, done.returncode, done.stdout + done.stderr, summary)
