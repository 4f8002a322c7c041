"""Which checklists does the field ask a report to answer? Official item numbers, own words, as data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from alarp.evaluation.checklists import Checklist, Item
from alarp.kernel import BadInput

__all__ = ["load_checklists"]

SHIPPED = ("stard-2015-ai", "claim-2020", "decide-ai-2022")


@cache
def load_checklists() -> tuple[Checklist, ...]:
    """Every shipped checklist, in the order in which a report shows them."""
    return tuple(_read(name) for name in SHIPPED)


def _read(name: str) -> Checklist:
    values = yaml.safe_load((files(__name__) / f"{name}.yaml").read_text("utf-8"))
    items = tuple(Item(str(i["id"]), str(i["asks"]), tuple(i["facts"])) for i in values["items"])
    if len({item.id for item in items}) != len(items):
        raise BadInput(f"{name}.yaml has one item number twice: correct it.")
    return Checklist(
        values["name"], values["source"], tuple(values["kinds"]), tuple(values.get("designs", ())), items
    )
