"""How is one of this folder's files read, with a sentence for the first row that cannot be used?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, TypeVar

import yaml

from alarp.kernel import BadInput

Row = Mapping[str, Any]
Made = TypeVar("Made")


def document(name: str) -> Row:
    """The file of this name as a table."""
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    found: Row = yaml.safe_load(text)
    return found


def read(name: str, list_name: str, make: Callable[[Row], Made]) -> tuple[Made, ...]:
    """Every row of this list, made; the slugs must differ. Raises BadInput naming the row."""
    rows: list[Row] = document(name)[list_name]
    slugs = [row.get("slug") for row in rows]
    for slug in slugs:
        if not slug or slugs.count(slug) > 1:
            raise BadInput(
                f"{name}.yaml, {list_name}: {slug!r} is missing or stands there twice. Correct it."
            )
    return tuple(make(row) for row in rows)


def filled(name: str, row: Row, *fields: str) -> None:
    """Raise BadInput when one of these fields is missing or empty."""
    for field in fields:
        if row.get(field) in (None, "", []):
            raise BadInput(f"{name}.yaml: {row.get('slug')} has nothing under {field!r}. Fill it in.")
