"""A contouring study in a folder on the server: its protocol begun, its folder added, its runs asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import valley

from alarp.records.protocols import commands
from alarp.records.protocols.doors import gathering
from scan_study import PROTOCOL


def point_to(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The setting ALARP_EVALUATION_FOLDER, as the records read it."""
    changed = replace(gathering.configuration(), evaluation_folder=str(folder))
    monkeypatch.setattr(gathering, "configuration", lambda: changed)


def begun(deployment: Any, version: Any = None, **changes: str) -> Any:
    version = version or deployment.version
    text = PROTOCOL.format(name=version.product.name, number=version.number)
    for old, new in changes.items():
        text = text.replace(old, new)
    return commands.start_protocol(deployment, text, by=valley.person("lead-physicist"), version=version)


def added(deployment: Any, folder: str) -> Any:
    return commands.add_folder(deployment, "Made label maps", folder, by=valley.person("lead-physicist"))


def asked(protocol: Any, test_set: Any, jobs: int = 1) -> Any:
    return commands.ask_run(protocol, test_set, by=valley.person("lead-physicist"), jobs=jobs)
