"""Which gates does the national pathway have, in which version?"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from alarp.kernel import BadInput
from alarp.pathway import Pathway, read_pathway
from alarp.standards.roles import load_roles

__all__ = ["CURRENT", "load_pathway", "versions"]

CURRENT = "national-2026.2"


def versions() -> tuple[str, ...]:
    """Which versions are shipped, side by side?"""
    found = (item.name for item in files(__name__).iterdir() if item.name.endswith(".yaml"))
    return tuple(sorted(name.removesuffix(".yaml") for name in found))


@cache
def load_pathway(version: str = CURRENT) -> Pathway:
    """The national pathway of this version, checked against the role catalogue."""
    if version not in versions():
        raise BadInput(f"There is no pathway {version!r}; shipped are {', '.join(versions())}.")
    text = (files(__name__) / f"{version}.yaml").read_text(encoding="utf-8")
    pathway = read_pathway(yaml.safe_load(text), [r.slug for r in load_roles()], where=f"{version}.yaml")
    if pathway.version != version:
        raise BadInput(f"{version}.yaml says that it is version {pathway.version!r}; the two must agree.")
    return pathway
