"""Which options were weighed, and what does the appraisal lack: doing nothing, a way without AI, a score, a cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from alarp.economics.rules import Rules
from alarp.kernel import BadInput

MOST_POUNDS = Decimal(1_000_000_000)


class OptionKind(StrEnum):
    """What sort of way is it?"""

    DO_NOTHING = "do-nothing"
    NON_AI = "non-ai"
    AI = "ai"


@dataclass(frozen=True, slots=True)
class Option:
    """One way to answer the need: its whole-life cost with the source, a score on every criterion, and why."""

    name: str
    kind: OptionKind
    cost: Decimal
    cost_source: str
    scores: tuple[tuple[str, int], ...]
    note: str

    def score(self, criterion: str) -> int | None:
        return dict(self.scores).get(criterion)


def read_options(rows: Sequence[Any], rules: Rules) -> tuple[Option, ...]:
    """The options that these rows state; what cannot be used is refused with the option's name."""
    found = tuple(_option(row, number, rules) for number, row in enumerate(rows, 1))
    names = [option.name.casefold() for option in found]
    for option in found:
        if names.count(option.name.casefold()) > 1:
            raise BadInput(f"There are two options called '{option.name}': give each its own name.")
    return found


def _option(row: Any, number: int, rules: Rules) -> Option:
    if not isinstance(row, Mapping):
        raise BadInput(f"Option {number} is not a table of 'name: value' lines.")
    name = str(row.get("name") or "").strip()
    where = f"Option {number}" + (f" ('{name[:80]}')" if name else "")
    if not name or len(name) > 120:
        raise BadInput(f"{where} needs a name of 1 to 120 characters.")
    try:
        kind = OptionKind(str(row.get("kind")))
    except ValueError:
        raise BadInput(
            f"{where} is of kind {row.get('kind')!r}; it is one of {', '.join(OptionKind)}."
        ) from None
    unknown = set(row) - {"name", "kind", "cost", "cost_source", "note", *(c.slug for c in rules.criteria)}
    if unknown:
        raise BadInput(f"{where} has the unknown field '{min(map(str, unknown))}': remove or correct it.")
    source = str(row.get("cost_source") or "").strip()
    if not source:
        raise BadInput(f"{where} has a cost without a source: say where the figure comes from.")
    note = str(row.get("note") or "").strip()
    if not note:
        raise BadInput(f"{where} says nothing about its scores: write in one or two sentences why.")
    scores = tuple((c.slug, _score(row, c.slug, where, rules)) for c in rules.criteria)
    return Option(name, kind, _cost(row.get("cost"), where), source[:500], scores, note[:2000])


def _cost(value: Any, where: str) -> Decimal:
    try:
        if isinstance(value, bool) or value is None:
            raise ValueError
        cost = Decimal(str(value))
        if not cost.is_finite():
            raise ValueError
    except (ValueError, ArithmeticError):
        raise BadInput(
            f"{where}: the cost is {value!r}; give pounds over the whole life, such as 180000."
        ) from None
    if not 0 <= cost <= MOST_POUNDS:
        raise BadInput(f"{where}: the cost is £{cost:,}; it must lie between £0 and £{MOST_POUNDS:,}.")
    return cost.quantize(Decimal("0.01"))


def _score(row: Mapping[str, Any], criterion: str, where: str, rules: Rules) -> int:
    value = row.get(criterion)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= rules.best_score:
        raise BadInput(
            f"{where}: {criterion} is {'missing' if value is None else repr(value)}; score it from 0 to "
            f"{rules.best_score}, every option on the same criteria."
        )
    return value


def missing(options: Sequence[Option]) -> tuple[str, ...]:
    """What does this appraisal lack before anybody may buy (P02)? Sentences; none when it is whole."""
    kinds = [option.kind for option in options]
    said = []
    if OptionKind.DO_NOTHING not in kinds:
        said.append("The appraisal does not hold 'do nothing': add what happens when nothing is bought.")
    if OptionKind.NON_AI not in kinds:
        said.append(
            "The appraisal holds no option without AI: add one, such as more reporting hours or a worklist rule."
        )
    if OptionKind.AI not in kinds:
        said.append("The appraisal holds no option with AI: add the tool that this deployment is about.")
    return tuple(said)
