"""How is one field of a table read? Each refusal is one sentence that names the row, what was found, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from alarp.kernel import BadInput

Word = TypeVar("Word", bound=StrEnum)
Row = Mapping[str, Any]


def row(value: Any, where: str, known: frozenset[str]) -> Row:
    if not isinstance(value, Mapping):
        raise BadInput(f"{where} is not a table of fields; write it as `field: value` lines.")
    for name in value:
        if name not in known:
            raise BadInput(f"{where} has the field {name!r}, which is not known; remove or correct it.")
    return value


def rows(table: Row, name: str, where: str) -> list[Any]:
    value = table.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadInput(f"{where}: {name} is {value!r}; write a list.")
    return value


def text(table: Row, name: str, where: str, default: str | None = None) -> str:
    """A text; without a default it must be there."""
    value = table.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f"{where} has no text under {name!r}; write it.")
    return " ".join(value.split())


def texts(table: Row, name: str, where: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    if table.get(name) is None:
        return default
    found = rows(table, name, where)
    if not all(isinstance(item, str) and item.strip() for item in found):
        raise BadInput(f"{where}: {name} holds something that is not a text; write one sentence per line.")
    return tuple(" ".join(item.split()) for item in found)


def word(table: Row, name: str, where: str, words: type[Word], default: Word | None = None) -> Word:
    value = table.get(name, default)
    try:
        return words(value)
    except ValueError:
        raise BadInput(f"{where}: {name} is {value!r}; it is one of {', '.join(words)}.") from None


def whole(table: Row, name: str, where: str, lowest: int, highest: int) -> int:
    value = table.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise BadInput(f"{where}: {name} is {value!r}; give a whole number from {lowest} to {highest}.")
    return value


def day(table: Row, name: str, where: str) -> date | None:
    value = table.get(name)
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if value is not None and not isinstance(value, date):
        raise BadInput(f"{where}: {name} is {value!r}; give a day such as 2026-11-22.")
    return value


def flag(table: Row, name: str, where: str, default: bool = False) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise BadInput(f"{where}: {name} is {value!r}; write true or false.")
    return value
