"""Which commands are there? Writes docs/reference/command-line.md from the program's own help texts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["COLUMNS"] = "100"
os.environ["TERM"] = "dumb"

from generated import deliver
from typer.main import get_command
from typer.testing import CliRunner

from alarp.cli.__main__ import COMMANDS, HANDED_OVER, app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "command-line.md"


def _paths() -> list[list[str]]:
    """Every command, in the order in which the program lists them."""
    group = get_command(app)
    found: list[list[str]] = []
    for name in COMMANDS:
        inner = getattr(group.get_command(None, name), "commands", None)  # type: ignore[attr-defined]
        if inner:
            found += [[name, part] for part in inner]
        elif name not in HANDED_OVER:
            found.append([name])
    return found


def _help(path: list[str]) -> str:
    result = CliRunner().invoke(app, [*path, "--help"], prog_name="alarp", terminal_width=100)
    text = "\n".join(line.rstrip() for line in result.output.strip().splitlines())
    return f"```\n{text}\n```"


def render() -> str:
    """The page as it should be."""
    parts = [
        "# Command line",
        "",
        "Generated from the program's own help by `make docs`; do not edit. Exit codes: 0 well, 1 something is",
        "wrong, 2 bad input, 3 a claim not met. `alarp web`, `gateway`, `worker` and `demo` hand over to rooms",
        "of their own.",
        "",
        _help([]),
    ]
    for path in _paths():
        parts += ["", f"## alarp {' '.join(path)}", "", _help(path)]
    return "\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    return deliver(PAGE, render(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
