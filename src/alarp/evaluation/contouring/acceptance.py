"""Is this outline good enough to be used? Criteria for each organ, fixed before anyone looked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.evaluation.fields import Fields
from alarp.kernel import BadInput

SIDES = ("at_least", "at_most")
ALL = "all"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One limit that a single outline must keep."""

    measure: str
    side: str  # 'at_least' or 'at_most'
    limit: float

    def kept_by(self, found: float | None) -> bool:
        """Does this number keep the limit? One that could not be measured does not; of a volume difference the size
        counts, not the sign.

        >>> Criterion("hd95_mm", "at_most", 5.0).kept_by(None)
        False
        """
        if found is None:
            return False
        size = abs(found) if self.measure == "volume_difference_ml" else found
        return size >= self.limit if self.side == "at_least" else size <= self.limit

    @property
    def sentence(self) -> str:
        """How does the criterion read?"""
        return f"{self.measure} {self.side.replace('_', ' ')} {self.limit:g}"


def parse_acceptance(fields: Fields, structures: Mapping[str, Any]) -> dict[str, tuple[Criterion, ...]]:
    """Which criteria does each structure have? `acceptance: {liver: {dice: {at_least: 0.9}}}`; 'all' is for the rest.

    A limit given bare (`dice: 0.9`) is refused: nobody should have to guess which side is good.
    """
    found = {}
    for structure, rules in fields.mapping("acceptance", optional=True).items():
        if structures and structure not in structures and structure != ALL:
            raise BadInput(
                f"The protocol's field 'acceptance' names the structure '{structure}', which is not asked for: use one "
                f"of {', '.join(structures)}, or 'all'."
            )
        if not isinstance(rules, Mapping):
            raise fields.wrong("acceptance", rules, f"for '{structure}' a mapping of measure to limit")
        found[str(structure)] = tuple(
            criterion
            for measure, limits in rules.items()
            for criterion in _criteria(str(structure), str(measure), limits)
        )
    return found


def _criteria(structure: str, measure: str, limits: Any) -> list[Criterion]:
    if not isinstance(limits, Mapping) or not limits:
        raise BadInput(
            f"The protocol's field 'acceptance.{structure}.{measure}' is {limits!r}: write {{at_least: …}} or "
            "{at_most: …}."
        )
    fields = Fields(limits, where=f"acceptance.{structure}.{measure}")
    criteria = [Criterion(measure, side, fields.number(side)) for side in SIDES if fields.has(side)]
    fields.refuse_unknown()
    return criteria


def criteria_for(acceptance: Mapping[str, tuple[Criterion, ...]], structure: str) -> tuple[Criterion, ...]:
    """Which criteria must this structure keep? Its own, or those for all."""
    return acceptance.get(structure, acceptance.get(ALL, ()))
