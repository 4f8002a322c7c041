"""Which roles does a deployment need, and what does each do?"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from alarp.pathway import Role, read_roles

__all__ = ["load_roles"]


@cache
def load_roles() -> tuple[Role, ...]:
    """The role catalogue, checked."""
    text = (files(__name__) / "roles.yaml").read_text(encoding="utf-8")
    return read_roles(yaml.safe_load(text), where="roles.yaml")
