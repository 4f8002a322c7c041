"""Which monitors watch a tool in use, with whose limits?"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from alarp.monitoring import Catalogue, read_catalogue
from alarp.standards.roles import load_roles

__all__ = ["load_monitors"]


@cache
def load_monitors() -> Catalogue:
    """The catalogue of monitors, checked against the role catalogue."""
    text = (files(__name__) / "monitors.yaml").read_text(encoding="utf-8")
    return read_catalogue(yaml.safe_load(text), [r.slug for r in load_roles()], where="monitors.yaml")
