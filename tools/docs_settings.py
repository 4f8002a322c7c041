"""Which settings are there? Writes docs/reference/settings.md from the Configuration class itself."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path

from generated import deliver

from alarp.records.configuration import Configuration

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"


def render() -> str:
    """The page as it should be."""
    lines = [
        "# Settings",
        "",
        "Generated from `alarp.records.configuration` by `make docs`; do not edit.",
        "",
        "Each setting can stand in the environment (`ALARP_` and its name in capitals) or in one TOML file:",
        "`alarp.toml` in the data folder, or the file that `ALARP_CONFIG` names. The environment wins.",
        "An unknown or unusable setting stops the start with one sentence. `alarp check` shows what holds.",
        "",
        "| setting | environment | default | what it is for |",
        "|---|---|---|---|",
    ]
    for one in fields(Configuration):
        default = "empty" if one.default == "" else f"`{one.default}`"
        lines.append(f"| `{one.name}` | `ALARP_{one.name.upper()}` | {default} | {one.metadata['about']} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    return deliver(PAGE, render(), arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
