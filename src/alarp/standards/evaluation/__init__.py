"""With which plan does a Trust begin? National templates of evaluations, as data.

A template is a YAML file of two parts. The first says what it is for, and where each of its numbers comes from: a
source, or the word `assumption`. The second is a protocol with its comments; what only the Trust knows stands in
<angle brackets>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from alarp.evaluation import read_text
from alarp.kernel import BadInput

__all__ = ["TEMPLATES", "Default", "Template", "load_template", "load_templates"]

EDITION = "2026.1"
TEMPLATES = (
    "chest-xray-triage",
    "ct-haemorrhage-triage",
    "mammography-screening",
    "lung-nodule-detection",
    "fracture-detection",
    "contouring-head-neck",
    "contouring-breast",
    "contouring-prostate",
    "contouring-abdomen",
    "adaptive-contouring",
    "bone-age",
    "ejection-fraction",
    "image-reconstruction",
    "dose-reduction",
    "attendance-prediction",
    "reader-study",
)
# Where a number decides something, and so needs a source.
_DECIDE = (
    "claims", "threshold", "overbook_at", "tolerance_mm", "tolerance", "prevalence", "minimum_n", "gap_margin", "margin",
    "acceptance", "drl", "quality",
)  # fmt: skip
_DESCRIBE = ("scale", "columns")  # numbers that describe the data and decide nothing


@dataclass(frozen=True, slots=True)
class Default:
    """One number of a template, and where it comes from."""

    field: str
    value: float
    source: str

    @property
    def is_assumption(self) -> bool:
        return self.source.startswith("assumption")


@dataclass(frozen=True, slots=True)
class Template:
    """A plan to begin with: what it is for, its protocol as text and as values, and the sources of its numbers."""

    name: str
    version: str
    kind: str
    purpose: str
    defaults: tuple[Default, ...]
    text: str
    values: Mapping[str, Any]


@cache
def load_templates() -> tuple[Template, ...]:
    """Every national template, in the order in which they are listed."""
    return tuple(load_template(name) for name in TEMPLATES)


@cache
def load_template(name: str) -> Template:
    """The template of this name; BadInput lists the names there are."""
    if name not in TEMPLATES:
        raise BadInput(f"There is no template '{name}': there are {', '.join(TEMPLATES)}.")
    file = f"{name}-{EDITION}.yaml"
    return read_template(files(__name__).joinpath(file).read_text("utf-8"), file)


def read_template(text: str, file: str) -> Template:
    """Which template do these two parts make? BadInput when a number that decides has no source."""
    head, mark, body = text.partition("\n---\n")
    if not mark:
        raise BadInput(f"{file} has no line '---' between what it is for and its protocol.")
    about = read_text(head, name=file)
    values = read_text(body, name=file)
    rows = about["defaults"]
    defaults = tuple(Default(str(r["field"]), float(r["value"]), str(r["source"]).strip()) for r in rows)
    _check_sources(file, values, defaults)
    return Template(
        name=str(about["template"]),
        version=str(about["version"]),
        kind=str(values["kind"]),
        purpose=" ".join(str(about["purpose"]).split()),
        defaults=defaults,
        text=_heading(about, defaults) + body,
        values=values,
    )


def _check_sources(file: str, values: Mapping[str, Any], defaults: tuple[Default, ...]) -> None:
    said = {default.field: default.value for default in defaults}
    if any(not default.source for default in defaults):
        raise BadInput(f"{file} has a default without a source.")
    found = dict(deciding_numbers(values))
    for field, value in found.items():
        if said.get(field) != value:
            raise BadInput(f"{file}: the number {value:g} of '{field}' has no source under 'defaults'.")
    for field in said:
        if field not in found:
            raise BadInput(f"{file}: 'defaults' speaks of '{field}', which the protocol does not set.")


def deciding_numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Which numbers of a protocol decide what passes, each with its place?"""
    for field in _DECIDE:
        yield from _leaves(values.get(field), field)


def _leaves(value: Any, where: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in _DESCRIBE:
                yield from _leaves(item, f"{where}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield from _leaves(item, f"{where}[{number}]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield where, float(value)


def _heading(about: Mapping[str, Any], defaults: tuple[Default, ...]) -> str:
    """The comment that heads a protocol made from the template: its origin, and where its numbers come from."""
    lines = [
        f"# From the national template {about['template']}, {about['version']}. {' '.join(str(about['purpose']).split())}",
        "# Fill in what stands in <angle brackets>. Defaults and where they come from:",
        *(f"#   {d.field}: {d.value:g} ({' '.join(d.source.split())})" for d in defaults),
    ]
    return "\n".join(lines) + "\n"
