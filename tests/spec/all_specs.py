"""Every spec of this folder: each module `specs_*.py` is found by its name, none needs to be listed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from measure_specs import Spec

# The order in which a reader meets them; a new module comes after these by name.
FIRST = (
    "specs_detection",
    "specs_accuracy",
    "specs_ranking",
    "specs_contouring",
    "specs_surface",
    "specs_readers",
)


def load() -> list[Spec]:
    names = {path.stem for path in Path(__file__).parent.glob("specs_*.py")}
    ordered = [name for name in FIRST if name in names] + sorted(names - set(FIRST))
    return [spec for name in ordered for spec in import_module(name).SPECS]
