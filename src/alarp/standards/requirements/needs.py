"""The needs of the five source documents, as data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from alarp.kernel import BadInput

PRIORITIES = ("must", "should", "could")
_FIELDS = ("id", "need", "source", "part", "counts_when", "priority")


@dataclass(frozen=True, slots=True)
class Need:
    """One need: who asked for it, which parts serve it, what must be seen before it counts."""

    id: str
    need: str
    source: str
    part: tuple[str, ...]
    counts_when: str
    priority: str


@cache
def _document() -> Mapping[str, Any]:
    text = files(__package__).joinpath("needs.yaml").read_text(encoding="utf-8")
    document: Mapping[str, Any] = yaml.safe_load(text)
    return document


@cache
def load_needs() -> tuple[Need, ...]:
    """Which needs are there, in the order of their table? Raises BadInput for a row that cannot be used."""
    document = _document()
    needs = tuple(_need(row, parts=document["parts"]) for row in document["needs"])
    twice = [name for name, count in Counter(need.id for need in needs).items() if count > 1]
    if twice:
        raise BadInput(f"needs.yaml: {', '.join(twice)} stands there twice. Give each need one row.")
    return needs


def load_sources() -> dict[str, str]:
    """What are the source documents behind S1 to S5?"""
    return dict(_document()["sources"])


def _need(row: Mapping[str, Any], *, parts: Mapping[str, str]) -> Need:
    name = row.get("id", "a row without id")
    if set(row) != set(_FIELDS):
        raise BadInput(f"needs.yaml: {name} has the fields {sorted(row)}; it must have {sorted(_FIELDS)}.")
    empty = [field for field in _FIELDS if not row[field]]
    if empty:
        raise BadInput(f"needs.yaml: {name} has nothing under {', '.join(empty)}. Fill it in.")
    if not re.fullmatch(r"[A-Z]\d\d", name):
        raise BadInput(f"needs.yaml: '{name}' is not an id; write one letter and two digits, such as G01.")
    if row["priority"] not in PRIORITIES:
        raise BadInput(
            f"needs.yaml: {name} has the priority '{row['priority']}'; use {', '.join(PRIORITIES)}."
        )
    strange = [part for part in row["part"] if part not in parts]
    if strange:
        raise BadInput(
            f"needs.yaml: {name} names the part {', '.join(strange)}; known are {', '.join(parts)}."
        )
    return Need(
        id=name,
        need=row["need"],
        source=row["source"],
        part=tuple(row["part"]),
        counts_when=row["counts_when"],
        priority=row["priority"],
    )
