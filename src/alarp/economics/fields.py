"""Which fields does this part of a case have, which are missing, and which does nobody know?"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from alarp.economics.figures import Figure, Kind
from alarp.economics.rules import Rules
from alarp.kernel import BadInput

_PARTS_OF_A_FIGURE = ("value", "unit", "source", "kind", "low", "high")
LONGEST_TEXT = 500


class Part:
    """Reads one mapping of a case field by field; what nobody asked for is refused at the end.

    `where` is how a person finds the place: 'lines[3] (storage)'.
    """

    def __init__(self, values: Any, where: str, rules: Rules, words: tuple[str, str]) -> None:
        if not isinstance(values, Mapping):
            raise BadInput(f"{where} is {_shown(values)}: it must be a table of 'name: value' lines.")
        self.values, self.where, self.rules, self.words = values, where, rules, words
        self.asked: set[str] = set()

    def place(self, field: str) -> str:
        """How a person finds this field."""
        return f"{self.where}: {field}" if self.where else field

    def has(self, field: str) -> bool:
        """Is the field present with a value?"""
        self.asked.add(field)
        return self.values.get(field) is not None

    def take(self, field: str, meaning: str) -> Any:
        """What stands in the field that must be there?"""
        if not self.has(field):
            raise BadInput(f"{self.place(field)} is missing: add it ({meaning}).")
        return self.values[field]

    def text(self, field: str, meaning: str = "", *, default: str | None = None) -> str:
        """Which text stands in the field?"""
        if default is not None and not self.has(field):
            return default
        value = self.take(field, meaning)
        if isinstance(value, (Mapping, list)) or not str(value).strip():
            raise BadInput(f"{self.place(field)} is {_shown(value)}: it must be one line of text.")
        if len(str(value)) > LONGEST_TEXT:
            raise BadInput(
                f"{self.place(field)} has {len(str(value))} characters: use at most {LONGEST_TEXT}."
            )
        return str(value).strip()

    def choice(
        self, field: str, options: tuple[str, ...], meaning: str = "", default: str | None = None
    ) -> str:
        """Which of the known words stands in the field?"""
        value = self.text(field, meaning, default=default)
        if value not in options:
            raise BadInput(f"{self.place(field)} is '{value}': it must be one of {', '.join(options)}.")
        return value

    def whole(self, field: str, meaning: str, *, least: int, most: int, default: int | None = None) -> int:
        """Which whole number stands in the field?"""
        if default is not None and not self.has(field):
            return default
        value = self.take(field, meaning)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise BadInput(
                f"{self.place(field)} is {_shown(value)}: it must be a whole number from {least} to {most}."
            )
        return value

    def rows(self, field: str, meaning: str, *, optional: bool = False) -> list[Any]:
        """Which list stands in the field?"""
        if optional and not self.has(field):
            return []
        value = self.take(field, meaning)
        if not isinstance(value, list):
            raise BadInput(
                f"{self.place(field)} is {_shown(value)}: it must be a list, each item after '- '."
            )
        return value

    def part(self, field: str, meaning: str) -> Part:
        """The mapping in this field, to be read in its turn."""
        return Part(self.take(field, meaning), self.place(field), self.rules, self.words)

    def figure(self, field: str, unit: str, name: str) -> Figure:
        """Which figure stands in the field that must be there?"""
        example = f"{{value: …, unit: {self._local(unit)}, source: …}}"
        return self._figure(field, self.take(field, f"{name}, as {example}"), unit, name)

    def maybe(self, field: str, unit: str, name: str) -> Figure | None:
        """Which figure stands in the field, where there is one?"""
        return self._figure(field, self.values[field], unit, name) if self.has(field) else None

    def _figure(self, field: str, value: Any, unit: str, name: str) -> Figure:
        place = self.place(field)
        if not isinstance(value, Mapping):
            raise BadInput(
                f"{place} is {_shown(value)} without a source: write it as "
                f"{{value: {_shown(value)}, unit: {self._local(unit)}, source: where it comes from}}."
            )
        unknown = [str(key) for key in value if key not in _PARTS_OF_A_FIGURE]
        if unknown:
            raise BadInput(
                f"{place} has the unknown part '{unknown[0]}': a figure has {', '.join(_PARTS_OF_A_FIGURE)}."
            )
        source = str(value.get("source") or "").strip()
        if not source or isinstance(value.get("source"), (Mapping, list)):
            raise BadInput(
                f"{place} names no source: say where the figure comes from, or 'assumption' and whose."
            )
        if len(source) > LONGEST_TEXT:
            raise BadInput(f"{place}: source has {len(source)} characters: use at most {LONGEST_TEXT}.")
        self._check_unit(place, value.get("unit"), unit)
        kind = value.get("kind", Kind.ASSUMPTION.value)
        if not isinstance(kind, str) or kind not in list(Kind):
            raise BadInput(f"{place}: kind is {_shown(kind)}: it must be one of {', '.join(Kind)}.")
        found = self._number(place, "value", value.get("value"), unit)
        low = self._number(place, "low", value["low"], unit) if value.get("low") is not None else None
        high = self._number(place, "high", value["high"], unit) if value.get("high") is not None else None
        if (low is not None and low > found) or (high is not None and high < found):
            raise BadInput(
                f"{place} is {found} but its range goes from {low if low is not None else found} to "
                f"{high if high is not None else found}: the value must lie inside."
            )
        return Figure(place, name, found, self._local(unit), source, Kind(kind), low, high)

    def _check_unit(self, place: str, given: Any, unit: str) -> None:
        accepted = [unit, self._local(unit)]
        if given not in accepted:
            wanted = " or ".join(f"'{word}'" for word in dict.fromkeys(accepted))
            if given is None:
                raise BadInput(f"{place} names no unit: it must be {wanted}.")
            raise BadInput(f"{place} is in {_shown(given)}: give it in {wanted}.")

    def _local(self, unit: str) -> str:
        """The unit in the case's own word for a study: '£/plan', 'plans/year'."""
        one, many = self.words
        return unit.replace("/study", f"/{one}").replace("studies/", f"{many}/")

    def _number(self, place: str, part: str, value: Any, unit: str) -> Decimal:
        label = place if part == "value" else f"{place}: {part}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise BadInput(
                f"{label} is {_shown(value)}: it must be a plain number, such as 40000 (no comma, no sign)."
            )
        try:
            number = Decimal(str(value))
        except InvalidOperation:  # pragma: no cover - a float always has a decimal form
            raise BadInput(f"{label} is {_shown(value)}: it must be a plain number.") from None
        if not number.is_finite():
            raise BadInput(f"{label} is {_shown(value)}: it must be a finite number.")
        if number < 0:
            raise BadInput(
                f"{label} is {value}, a negative figure: write costs under lines and savings under benefits, "
                "both as positive numbers."
            )
        limit = self.rules.limits.get(unit)
        if limit is not None and number > limit.most:
            raise BadInput(
                f"{label} is {value:,} {self._local(unit)}, more than the {limit.most:,} that a case accepts: "
                f"{limit.hint}."
            )
        return number

    def finish(self) -> None:
        """Is there a field that this part does not know? Then say which."""
        unknown = sorted(str(key) for key in self.values if key not in self.asked)
        if unknown:
            raise BadInput(
                f"{self.place(unknown[0])} is not known here: remove or correct it (known are "
                f"{', '.join(sorted(self.asked))})."
            )


def _shown(value: Any) -> str:
    """A value as found, short: a case may hold anything."""
    if value is None:
        return "empty"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
