"""What is done to each attribute before an object leaves? The de-identification profile as a table to look up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alarp.kernel import BadInput

KEEP, SHIFT = "K", "S"
OPTIONS: Mapping[str, tuple[str, str, str]] = {
    "retain-uids": ("113110", "Retain UIDs Option", "K"),
    "retain-device-identity": ("113109", "Retain Device Identity Option", "K"),
    "retain-institution-identity": ("113112", "Retain Institution Identity Option", "K"),
    "retain-patient-characteristics": ("113108", "Retain Patient Characteristics Option", "K"),
    "retain-full-dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option", "K"),
    "retain-modified-dates": (
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
        "C",
    ),
}
"""The options that can be switched on: their code in CID 7050 (PS3.16) and the table entry they act on.

The Clean options are not offered: they need a person or a tool that understands the text or the picture.
"""

_ACTIONS = frozenset({"X", "Z", "D", "U", "X/Z", "X/D", "Z/D", "X/Z/D", "X/Z/U*"})


@dataclass(frozen=True)
class Profile:
    """Which action does the profile ask for, attribute by attribute?

    `actions` holds the exact tags, `repeating` the patterns such as 50xx,xxxx as (mask, value, action).
    `required` says for the combined actions in which SOP classes the attribute is type 1 or 2 at the top
    level (PS3.3), so that the mildest safe alternative can be taken. Private attributes always go.
    """

    name: str
    version: str
    edition_note: str
    options: tuple[str, ...]
    actions: Mapping[int, str] = field(repr=False)
    repeating: tuple[tuple[int, int, str], ...] = field(repr=False)
    required: Mapping[int, Mapping[str, str]] = field(repr=False)

    @classmethod
    def from_table(
        cls,
        rows: Iterable[Sequence[Any]],
        *,
        name: str,
        version: str,
        edition_note: str = "",
        options: Iterable[str] = (),
        required: Mapping[int, Mapping[str, str]] | None = None,
    ) -> Profile:
        """Which profile do these rows of table E.1-1 make, with these options on?

        A row is (tag as eight hexadecimal digits, x for any digit, or PRIVATE; name; in a standard
        composite IOD; basic action; optionally the action per option). Raises BadInput for an unknown
        option, tag or action, and for two dates options at once.
        """
        chosen = _checked_options(options)
        actions: dict[int, str] = {}
        repeating: list[tuple[int, int, str]] = []
        for row in rows:
            tag, action = str(row[0]), _effective(row, chosen)
            if tag == "PRIVATE":
                continue
            if "x" in tag:
                repeating.append((*_mask(tag), action))
            else:
                actions[_number(tag)] = action
        return cls(name, version, edition_note, chosen, actions, tuple(repeating), dict(required or {}))

    def action(self, tag: int) -> str | None:
        """What does the table say of this tag? None where it says nothing."""
        found = self.actions.get(tag)
        if found is None and tag >> 24 in (0x50, 0x60):
            return next((action for mask, value, action in self.repeating if tag & mask == value), None)
        return found

    def resolved(self, tag: int, sop_class_uid: str, *, nested: bool) -> str | None:
        """Which one action is taken: X, Z, D, U, K (keep), S (shift dates) or None?

        The rule for combined actions. At the top level of a SOP class we know: a type 1 attribute gets a
        dummy (D), a type 2 attribute is emptied (Z), any other is removed (X), always within what the
        table allows. Inside sequences and for other SOP classes, where the type is not known, the
        alternative that keeps every IOD valid is taken: D if offered, otherwise Z. `X/Z/U*` (references to
        images) keeps the sequence with its UIDs mapped.
        """
        action = self.action(tag)
        if action is None or "/" not in action:
            return action
        offered = action.split("/")
        if "U*" in offered:
            return "U"
        if not nested:
            types = self.required.get(tag, {})
            if sop_class_uid in types:
                wanted = {"1": ("D", "Z"), "2": ("Z", "D")}.get(types[sop_class_uid], ("X", "Z"))
                return next(letter for letter in wanted if letter in offered)
        return "D" if "D" in offered else "Z"


def _checked_options(options: Iterable[str]) -> tuple[str, ...]:
    chosen = tuple(sorted(set(options)))
    for option in chosen:
        if option not in OPTIONS:
            raise BadInput(
                f"The de-identification option '{option}' is not known; choose from {', '.join(OPTIONS)}."
            )
    if {"retain-full-dates", "retain-modified-dates"} <= set(chosen):
        raise BadInput(
            "Two dates options are on; keep either 'retain-full-dates' or 'retain-modified-dates'."
        )
    return chosen


def _effective(row: Sequence[Any], options: tuple[str, ...]) -> str:
    action = str(row[3])
    if action not in _ACTIONS:
        raise BadInput(
            f"The profile row {row[0]} has the action '{action}'; known are {', '.join(sorted(_ACTIONS))}."
        )
    per_option: Mapping[str, str] = row[4] if len(row) > 4 else {}
    for option in options:
        if per_option.get(option) == OPTIONS[option][2]:
            return SHIFT if option == "retain-modified-dates" else KEEP
    return action


def _number(tag: str) -> int:
    try:
        if len(tag) != 8:
            raise ValueError
        return int(tag, 16)
    except ValueError:
        raise BadInput(
            f"The profile row '{tag}' is not a tag of eight hexadecimal digits; correct the table."
        ) from None


def _mask(tag: str) -> tuple[int, int]:
    mask = int("".join("0" if digit == "x" else "F" for digit in tag), 16)
    return mask, _number(tag.replace("x", "0")) & mask
