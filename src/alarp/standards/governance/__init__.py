"""What does good governance of a deployment ask for? Steps, checklists and texts, in versions side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from alarp.kernel import BadInput

__all__ = [
    "DataFlowForm",
    "DpiaSection",
    "Field",
    "Leg",
    "Part",
    "Party",
    "PatientText",
    "ReadinessItem",
    "ResponsibilityTemplate",
    "Step",
    "load_data_flow",
    "load_dpia",
    "load_patient_text",
    "load_readiness",
    "load_responsibilities",
]


@dataclass(frozen=True, slots=True)
class Party:
    """Who can be answerable for a step?"""

    slug: str
    title: str
    public: str
    who: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the patient's way with the tool, what must be right there, and who proposes to answer for it."""

    slug: str
    title: str
    public: str
    asks: str
    accountable: str
    consulted: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class ResponsibilityTemplate:
    """Which steps are there, and which parties?"""

    version: str
    parties: tuple[Party, ...]
    steps: tuple[Step, ...]

    def title(self, party: str) -> str:
        return next((p.title for p in self.parties if p.slug == party), party)


@dataclass(frozen=True, slots=True)
class ReadinessItem:
    """One thing that the PACS and IT side settles before anybody else begins."""

    slug: str
    title: str
    asks: str


@dataclass(frozen=True, slots=True)
class Leg:
    """One direction of the round trip."""

    slug: str
    title: str


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to be recorded: of a leg of the data flow, or for the patients' text."""

    slug: str
    title: str
    asks: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class DataFlowForm:
    """Which legs are recorded, and what of each?"""

    version: str
    legs: tuple[Leg, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class DpiaSection:
    """One part of the data protection impact assessment."""

    slug: str
    title: str
    asks: str
    from_record: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One heading of what patients are told, in full and in easy words."""

    slug: str
    heading: str
    full: tuple[str, ...]
    easy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatientText:
    """The parts of the patients' text, what a person must fill in, and how accuracy is told per kind of tool."""

    version: str
    asks: tuple[Field, ...]
    parts: tuple[Part, ...]
    accuracy: Mapping[str, Mapping[str, str]]


def _read(version: str) -> Mapping[str, Any]:
    found = files(__name__) / f"{version}.yaml"
    if not found.is_file():
        raise BadInput(f"There is no content {version!r} under standards/governance.")
    content: Mapping[str, Any] = yaml.safe_load(found.read_text(encoding="utf-8"))
    if content.get("version") != version:
        raise BadInput(
            f"{version}.yaml says that it is version {content.get('version')!r}; the two must agree."
        )
    return content


def _named_once(rows: list[Mapping[str, Any]], where: str) -> list[Mapping[str, Any]]:
    slugs = [row["slug"] for row in rows]
    twice = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if twice:
        raise BadInput(f"{where}: {', '.join(twice)} stands there twice; give each row its own name.")
    return rows


@cache
def load_responsibilities(version: str = "responsibilities-2026.1") -> ResponsibilityTemplate:
    """Which steps and parties does this version propose? Each step has exactly one party that answers for it."""
    content = _read(version)
    parties = tuple(Party(**row) for row in _named_once(content["parties"], version))
    known = {party.slug for party in parties}
    steps = tuple(
        Step(**{**row, "consulted": tuple(row["consulted"])})
        for row in _named_once(content["steps"], version)
    )
    for step in steps:
        if step.accountable not in known or not set(step.consulted) <= known - {step.accountable}:
            raise BadInput(f"{version}: step {step.slug} names a party that is unknown or named twice.")
    return ResponsibilityTemplate(version, parties, steps)


@cache
def load_readiness(version: str = "readiness-2026.1") -> tuple[ReadinessItem, ...]:
    """What is asked of the PACS and IT side?"""
    return tuple(ReadinessItem(**row) for row in _named_once(_read(version)["items"], version))


@cache
def load_data_flow(version: str = "data-flow-2026.1") -> DataFlowForm:
    """What is recorded of each leg of the round trip?"""
    content = _read(version)
    legs = tuple(Leg(**row) for row in _named_once(content["legs"], version))
    fields = tuple(Field(**row) for row in _named_once(content["fields"], version))
    return DataFlowForm(version, legs, fields)


@cache
def load_dpia(version: str = "dpia-2026.1") -> tuple[DpiaSection, ...]:
    """Which parts does the impact assessment have?"""
    return tuple(DpiaSection(**row) for row in _named_once(_read(version)["sections"], version))


@cache
def load_patient_text(version: str = "patient-information-2026.1") -> PatientText:
    """What are patients told, in full and in easy words?"""
    content = _read(version)
    asks = tuple(
        Field(row["slug"], row["title"], row["hint"]) for row in _named_once(content["asks"], version)
    )
    parts = tuple(
        Part(row["slug"], row["heading"], tuple(row["full"]), tuple(row["easy"]))
        for row in _named_once(content["parts"], version)
    )
    return PatientText(version, asks, parts, content["accuracy"])
