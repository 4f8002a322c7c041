"""What must somebody know who works with AI, at which level, in which role? See README.md."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from alarp.kernel import BadInput
from alarp.standards.competences.model import Domain, Framework, Statement, Step
from alarp.standards.competences.reading import read_addition, read_framework
from alarp.standards.roles import load_roles

__all__ = [
    "CURRENT",
    "Domain",
    "Framework",
    "Statement",
    "Step",
    "load_framework",
    "read_addition",
    "versions",
]

CURRENT = "capabilities-2023.1"
_FILES = {"capabilities-2023.1": "capabilities-2023.yaml"}


def versions() -> tuple[str, ...]:
    """Which versions are shipped, side by side?"""
    return tuple(_FILES)


@cache
def load_framework(version: str = CURRENT) -> Framework:
    """The competence framework of this version, checked against the role catalogue."""
    if version not in _FILES:
        raise BadInput(f"There is no competence framework {version!r}; shipped are {', '.join(versions())}.")
    name = _FILES[version]
    text = (files(__name__) / name).read_text(encoding="utf-8")
    framework = read_framework(yaml.safe_load(text), [r.slug for r in load_roles()], where=name)
    if framework.version != version:
        raise BadInput(f"{name} says that it is version {framework.version!r}; it is listed as {version!r}.")
    return framework
