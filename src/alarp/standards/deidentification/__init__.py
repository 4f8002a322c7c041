"""Which de-identification profiles do we hold? Table E.1-1 of DICOM PS3.15 as data, editions side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from alarp.identity import Profile
from alarp.kernel import BadInput

VERSIONS = ("2024b", "2026c")
LATEST = VERSIONS[-1]

__all__ = ["LATEST", "VERSIONS", "load_profile"]


def load_profile(version: str = LATEST, *, options: Iterable[str] = ()) -> Profile:
    """Which profile is this edition of the Basic Application Level Confidentiality Profile?

    Raises BadInput for an edition that is not held and for an option that is not known.
    """
    if version not in VERSIONS:
        raise BadInput(
            f"The de-identification profile of edition '{version}' is not held; choose from {', '.join(VERSIONS)}."
        )
    table = _table(version)
    return Profile.from_table(
        table["rows"],
        name=table["name"],
        version=version,
        edition_note=table["edition_note"],
        options=options,
        required=_required(),
    )


@cache
def _table(version: str) -> dict[str, Any]:
    table: dict[str, Any] = _read(f"e1_1_{version}.json")
    if "extends" in table:
        table["rows"] = _table(table["extends"])["rows"] + table["rows"]
    return table


@cache
def _required() -> dict[int, dict[str, str]]:
    """For each attribute with a combined action: SOP class -> '1', '2' or '3' (not required)."""
    data = _read("attribute_types.json")
    sop_classes = [data["prefix"] + part for part in data["sop_classes"].split()]
    required: dict[int, dict[str, str]] = {}
    for tag, ranges in data["types"].items():
        types = dict.fromkeys(sop_classes, "3")
        for kind, text in ranges.items():
            types |= {sop_classes[position]: kind for position in _positions(text)}
        required[int(tag, 16)] = types
    return required


def _positions(text: str) -> Iterable[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _read(name: str) -> Any:
    return json.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
