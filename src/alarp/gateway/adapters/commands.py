"""Which program runs on this machine for which tool? One TOML file that the setting `tool_commands` names.

It is a file and never a page: who may write it may have any program run under Alarp's account, so it belongs to whoever
administers the machine, and a file that others may write is not used.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarp.kernel import BadInput, Phase, Unavailable
from alarp.records.configuration import configuration

INPUT, OUTPUT = "{input}", "{output}"
_FIELDS = {"run", "engine", "image", "time_limit_s", "at_once", "memory_mb", "devices"}
_OF_CONTAINERS = {"image", "memory_mb", "devices"}
# What Docker and Podman both know: no network, nothing that can be gained, nothing that can be written but the output.
_SHUT = (
    *("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--pids-limit", "4096", "--pull", "never", "--tmpfs", "/tmp"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """How one tool is run: its words with places for both folders, or an image with its engine, and its limits."""

    run: tuple[str, ...]
    time_limit_s: float
    at_once: int = 1
    engine: str = ""
    image: str = ""
    memory_mb: int = 0
    devices: tuple[str, ...] = ()

    def words(self, source: Path, output: Path, *, name: str) -> list[str]:
        """The words of one run, as the system is given them: no shell reads them."""
        if not self.engine:
            return [word.replace(INPUT, str(source)).replace(OUTPUT, str(output)) for word in self.run]
        limits = ["--memory", f"{self.memory_mb}m"] if self.memory_mb else []
        for device in self.devices:
            limits += ["--device", device]
        return [
            *(self.engine, "run", "--name", name, *_SHUT, *limits),
            *("--user", f"{os.getuid()}:{os.getgid()}"),
            *("--volume", f"{source}:/input:ro", "--volume", f"{output}:/output"),
            self.image,
            *(word.replace(INPUT, "/input").replace(OUTPUT, "/output") for word in self.run),
        ]

    def ends(self, name: str) -> list[str]:
        """The words that end this run's container wherever it is; none for a program, which ends with its processes."""
        return [self.engine, "rm", "--force", name] if self.engine else []


def command_of(aet: str) -> Command:
    """The command of this tool. Raises Unavailable (phase connect) when it has none that can be used."""
    try:
        commands = read(configuration().tool_commands)
    except BadInput as error:
        raise Unavailable(str(error), phase=Phase.CONNECT) from None
    if aet not in commands:
        raise Unavailable(
            f"No command is set for {aet}; write it into the file that the setting tool_commands names.",
            phase=Phase.CONNECT,
        )
    return commands[aet]


def read(name: str) -> dict[str, Command]:
    """The commands in this file, by the peer's title. Raises BadInput, one sentence, for the first thing wrong in it."""
    if not name:
        return {}
    file = Path(name).expanduser()
    try:
        if file.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise BadInput(f"Others than its owner may write {file}, which says what is run here: chmod 640.")
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({type(error).__name__}); correct tool_commands.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} is not valid TOML ({error}). Correct it.") from None
    return {aet: _command(table, f"{file}, {aet}") for aet, table in tables.items()}


def _command(table: Any, where: str) -> Command:
    if not isinstance(table, Mapping):
        raise BadInput(f"{where}: write a table with run and time_limit_s.")
    if strange := sorted(set(table) - _FIELDS):
        raise BadInput(f"{where} has the field {strange[0]!r}, which is not known. Remove or correct it.")
    contained = "engine" in table
    if not contained and (odd := sorted(set(table) & _OF_CONTAINERS)):
        raise BadInput(f"{where}: {odd[0]} is for a container; say which engine runs it, or remove it.")
    run = _words(table.get("run", [] if contained else None), f"{where}: run")
    program = _word(table.get("engine"), f"{where}: engine") if contained else (run[0] if run else "")
    if not program.startswith("/") or not os.access(program, os.X_OK):
        raise BadInput(
            f"{where}: {program!r} is not the whole path of a program that Alarp's account may run."
        )
    if not contained and not all(any(place in word for word in run) for place in (INPUT, OUTPUT)):
        raise BadInput(f"{where}: run says nowhere where {INPUT} and {OUTPUT} go; write both.")
    return Command(
        run=run,
        engine=program if contained else "",
        image=_word(table.get("image"), f"{where}: image") if contained else "",
        time_limit_s=float(_number(table.get("time_limit_s"), f"{where}: time_limit_s")),
        at_once=int(_number(table.get("at_once", 1), f"{where}: at_once")),
        memory_mb=int(_number(table.get("memory_mb", 0), f"{where}: memory_mb", least=0)),
        devices=_words(table.get("devices", []), f"{where}: devices"),
    )


def _words(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadInput(f"{where} is a list of words, each in quotes; no shell reads them.")
    return tuple(_word(one, where) for one in value)


def _word(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise BadInput(f"{where} has something that is no text. Write it in quotes.")
    return value


def _number(value: Any, where: str, *, least: float = 1) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < 10**9:
        raise BadInput(f"{where} is {value!r}; write a number of at least {least:g}.")
    return value
