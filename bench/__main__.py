"""`python -m bench`: runs every bench, prints a table, writes build/bench.json. With names: those only, no file."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

import bench
from bench.measuring import Row, not_measured

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "build" / "bench.json"
FIELDS = set(Row.__required_keys__)


def names() -> list[str]:
    """Which modules of this folder have a bench? Each module but the harness itself."""
    return sorted(
        m.name for m in pkgutil.iter_modules(bench.__path__) if m.name not in ("__main__", "measuring")
    )


def rows(name: str) -> Iterator[Row]:
    """What did this bench find? One that breaks says so in its row and lets the others run."""
    try:
        module = importlib.import_module(f"bench.{name}")
        if not hasattr(module, "run"):
            return
        for row in module.run():
            if set(row) != FIELDS:
                raise ValueError(f"a row has the fields {sorted(row)} in place of {sorted(FIELDS)}")
            yield row
    except Exception as problem:  # one broken bench must not hide the others
        yield not_measured(
            name, "every peer", f"{type(problem).__name__}: {str(problem).splitlines()[0][:120]}"
        )


def table(found: list[Row]) -> Table:
    drawn = Table(title="Ours beside its peers (median; a ratio above 1: ours is that many times better)")
    for title, side in (
        ("work", "left"),
        ("peer", "left"),
        ("ours", "right"),
        ("theirs", "right"),
        ("ratio", "right"),
    ):
        drawn.add_column(title, justify="right" if side == "right" else "left")
    for row in found:
        numbers = [
            f"{value:g} {row['unit']}" if value is not None else "–" for value in (row["ours"], row["theirs"])
        ]
        drawn.add_row(
            row["work"], row["peer"], *numbers, f"{row['ratio']:g}" if row["ratio"] is not None else "–"
        )
    return drawn


def main(arguments: list[str]) -> int:
    strange = sorted(set(arguments) - set(names()))
    if strange:
        print(
            f"There is no bench called {', '.join(strange)}; there are {', '.join(names())}.", file=sys.stderr
        )
        return 2
    console, found = Console(), list[Row]()
    for name in arguments or names():
        began = time.monotonic()
        console.print(f"measuring {name} …")
        found += rows(name)
        console.print(f"measuring {name}: {time.monotonic() - began:.0f} s")
    console.print(table(found))
    if not arguments:  # a part of the benches does not replace the report of all
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        console.print(f"written to {REPORT.relative_to(ROOT)}")
    return 0 if any(row["ratio"] is not None for row in found) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
