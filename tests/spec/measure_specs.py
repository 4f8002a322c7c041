"""What is a spec? A small table in, a number out, and where the number comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spec:
    """One measure shown on one small table; a reader checks it with a pencil or in the cited paper."""

    measure: str
    title: str
    source: str
    table: str
    compute: Callable[[list[list[str]]], Mapping[str, float]]
    expected: Mapping[str, float]
    within: float = 5e-5
    explains: Any = None  # the function whose docstring answers what, how and when not

    def rows(self) -> list[list[str]]:
        """The body of the table, cell by cell, without its heading."""
        lines = [line.split() for line in self.table.strip().splitlines()]
        return lines[1:]
