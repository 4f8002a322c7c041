"""Which fields does this protocol have, which are missing, and which does nobody know?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from alarp.kernel import BadInput


class Fields:
    """Reads one mapping of a protocol field by field; what nobody asked for is refused at the end."""

    def __init__(self, values: Mapping[str, Any], *, where: str = "protocol") -> None:
        self._values = values
        self._asked: set[str] = set()
        self._where = where

    def _name(self, field: str) -> str:
        return field if self._where == "protocol" else f"{self._where}.{field}"

    def has(self, field: str) -> bool:
        """Is the field present with a value?"""
        self._asked.add(field)
        return self._values.get(field) is not None

    def take(self, field: str, default: Any = None) -> Any:
        """What stands in the field? The default when it is absent or empty."""
        self._asked.add(field)
        value = self._values.get(field)
        return default if value is None else value

    def require(self, field: str, meaning: str) -> Any:
        """What stands in the field that must be there?"""
        if not self.has(field):
            raise BadInput(f"The protocol has no field '{self._name(field)}': add it ({meaning}).")
        return self._values[field]

    def text(self, field: str, meaning: str = "", *, default: str | None = None) -> str:
        """What text stands in the field? A number is taken as written."""
        value = self.require(field, meaning) if default is None else self.take(field, default)
        if isinstance(value, (Mapping, list)):
            raise self.wrong(field, value, "one line of text")
        return str(value).lower() if isinstance(value, bool) else str(value).strip()

    def number(self, field: str, meaning: str = "", *, default: float | None = None) -> float:
        """What finite number stands in the field?"""
        value = self.require(field, meaning) if default is None else self.take(field, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.wrong(field, value, "a finite number")
        return float(value)

    def choice(
        self, field: str, options: Sequence[str], meaning: str = "", *, default: str | None = None
    ) -> str:
        """Which of the known words stands in the field?"""
        value = self.text(field, meaning, default=default)
        if value not in options:
            raise self.wrong(field, value, "one of " + ", ".join(f"'{o}'" for o in options))
        return value

    def mapping(self, field: str, meaning: str = "", *, optional: bool = False) -> Mapping[str, Any]:
        """Which mapping stands in the field?"""
        value = self.take(field, {}) if optional else self.require(field, meaning)
        if not isinstance(value, Mapping):
            raise self.wrong(field, value, "a mapping of name: value")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """Which list of words stands in the field? Empty when it is absent."""
        value = self.take(field, [])
        if not isinstance(value, list) or any(isinstance(v, (Mapping, list)) or v is None for v in value):
            raise self.wrong(field, value, "a list of words, as in [a, b]")
        return tuple(str(v).strip() for v in value)

    def wrong(self, field: str, value: Any, wanted: str) -> BadInput:
        """The sentence for a field whose value cannot be used."""
        return BadInput(f"The protocol's field '{self._name(field)}' is {value!r}: it must be {wanted}.")

    def refuse_unknown(self) -> None:
        """Is there a field that this kind of protocol does not know? Then say which."""
        unknown = sorted(str(key) for key in self._values if key not in self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise BadInput(
                f"The protocol has the unknown field '{self._name(unknown[0])}': remove or correct it "
                f"(known here: {known})."
            )


def plain(value: Any, *, where: str = "protocol") -> Any:
    """Which JSON value stands for this YAML value? Dates become text; NaN and infinity are refused."""
    if isinstance(value, Mapping):
        return {str(key): plain(item, where=str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, where=where) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(f"The protocol's field '{where}' is {value!r}: it must be a finite number.")
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise BadInput(
        f"The protocol's field '{where}' holds {type(value).__name__}: use text, numbers and lists."
    )
