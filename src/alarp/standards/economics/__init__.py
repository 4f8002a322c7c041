"""Under which rules is a cost case read: lines, discount rate, limits, published figures, in which version?"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from alarp.economics import Rules, read_rules
from alarp.kernel import BadInput

__all__ = ["CURRENT", "load_economics"]

CURRENT = "2026.1"


@cache
def load_economics(version: str = CURRENT) -> Rules:
    """The rules of this version, checked."""
    file = files(__name__) / f"{version}.yaml"
    if not file.is_file():
        raise BadInput(f"There are no economic rules {version!r}; shipped is {CURRENT}.")
    rules = read_rules(yaml.safe_load(file.read_text(encoding="utf-8")), where=f"{version}.yaml")
    if rules.version != version:
        raise BadInput(f"{version}.yaml says that it is version {rules.version!r}; the two must agree.")
    return rules
