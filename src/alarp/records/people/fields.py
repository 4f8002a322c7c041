"""How is one table of a Trust's description read, with a sentence for the first fault?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.text import slugify

from alarp.kernel import BadInput


class Fields:
    """One table of the description, under the name that its errors carry."""

    def __init__(self, value: Any, where: str, known: set[str]) -> None:
        if not isinstance(value, Mapping):
            raise BadInput(f"{where} is not a table of fields. Write it as `field: value` lines.")
        for name in value:
            if name not in known:
                raise BadInput(f"{where} has the field {name!r}, which is not known. Remove or correct it.")
        self.value, self.where = value, where

    def text(self, name: str, default: str | None = None) -> str:
        found = self.value.get(name, default)
        if isinstance(found, str) and (found.strip() or default is not None):
            return found.strip()
        if found is None:
            raise BadInput(f"{self.where} has no {name!r}. Write it.")
        raise BadInput(
            f"{self.where}: {name} is {found!r}; write it as text, in quotes where it looks like a number."
        )

    def slug(self, name: str) -> str:
        found = self.text(name)
        if slugify(found) != found:
            raise BadInput(f"{self.where}: {name} is {found!r}; take lower-case letters, digits and hyphens.")
        return found

    def day(self, name: str) -> date | None:
        found = self.value.get(name)
        if found is not None and not isinstance(found, date):
            raise BadInput(f"{self.where}: {name} is {found!r}; give a day such as 2026-11-22.")
        return found

    def number(self, name: str) -> float | None:
        found = self.value.get(name)
        if found is not None and (isinstance(found, bool) or not isinstance(found, int | float)):
            raise BadInput(f"{self.where}: {name} is {found!r}; give a number.")
        return None if found is None else float(found)

    def truth(self, name: str, default: bool) -> bool:
        found = self.value.get(name, default)
        if not isinstance(found, bool):
            raise BadInput(f"{self.where}: {name} is {found!r}; write true or false.")
        return found

    def rows(self, name: str) -> list[Any]:
        found = self.value.get(name) or []
        if not isinstance(found, list):
            raise BadInput(f"{self.where}: {name} is not a list. Write one line with a dash for each.")
        return found
