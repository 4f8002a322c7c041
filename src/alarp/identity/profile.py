"""Which attribute may leave, and in what shape? The rows of PS3.15 table E.1-1 as a table to ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alarp.kernel import BadInput

KEEP, CLEAN, SHIFT = "K", "C", "S"
MODIFIED_DATES, FULL_DATES = "retain-modified-dates", "retain-full-dates"
CLEAN_PIXELS, SAFE_PRIVATE, RETAIN_UIDS = "clean-pixel-data", "retain-safe-private", "retain-uids"
OPTIONS: Mapping[str, tuple[str, str]] = {
    CLEAN_PIXELS: ("113101", "Clean Pixel Data Option"),
    "clean-graphics": ("113103", "Clean Graphics Option"),
    "clean-structured-content": ("113104", "Clean Structured Content Option"),
    "clean-descriptors": ("113105", "Clean Descriptors Option"),
    FULL_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    MODIFIED_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain-patient-characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain-device-identity": ("113109", "Retain Device Identity Option"),
    RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    "retain-institution-identity": ("113112", "Retain Institution Identity Option"),
}
"""The options that can be switched on, each with its code and meaning in CID 7050 (PS3.16).

Every column of the table is here. Clean Recognizable Visual Features (113102) is not: nobody here changes faces.
"""

_ACTIONS = frozenset({"X", "Z", "D", "U", "X/Z", "X/D", "Z/D", "X/Z/D", "X/Z/U*"})


@dataclass(frozen=True)
class SafePrivate:
    """Which private attributes may stay (PS3.15 E.3.10)? By creator, group and last two digits; with their VR."""

    attributes: Mapping[tuple[str, int, int], str]

    @property
    def creators(self) -> frozenset[str]:
        return frozenset(creator for creator, _, _ in self.attributes)


@dataclass(frozen=True)
class Profile:
    """Which action does the profile ask for, attribute by attribute?

    `actions` holds the exact tags with the options applied, `basic` those without, `repeating` the patterns
    such as 50xx,xxxx as (mask, value, action). `required` says for the combined actions in which SOP classes the
    attribute is type 1 or 2 at the top level (PS3.3), so that the mildest safe alternative can be taken.
    `safe_private` is empty unless that option is on; `safe_words` are the words that a cleaned text may keep,
    in lower case.
    """

    name: str
    version: str
    edition_note: str
    options: tuple[str, ...]
    actions: Mapping[int, str] = field(repr=False)
    basic: Mapping[int, str] = field(repr=False)
    repeating: tuple[tuple[int, int, str], ...] = field(repr=False)
    required: Mapping[int, Mapping[str, str]] = field(repr=False)
    safe_private: SafePrivate = field(repr=False, default_factory=lambda: SafePrivate({}))
    safe_words: frozenset[str] = field(repr=False, default=frozenset())
    deeds: dict[Any, Any] = field(repr=False, compare=False, default_factory=dict)
    """What was decided before, by SOP class, depth, tag and VR; filled and read by `deeds`."""

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
        safe_private: SafePrivate | None = None,
        safe_words: Iterable[str] = (),
    ) -> Profile:
        """Which profile do these rows of table E.1-1 make, with these options on?

        A row is (tag as eight hexadecimal digits, x for any digit, or PRIVATE; name; in a standard
        composite IOD; basic action; optionally the action per option). Raises BadInput for an unknown
        option, tag or action, and for two dates options at once.
        """
        chosen = _checked_options(options)
        actions: dict[int, str] = {}
        basic: dict[int, str] = {}
        repeating: list[tuple[int, int, str]] = []
        for row in rows:
            tag, action = str(row[0]), _effective(row, chosen)
            if tag == "PRIVATE":
                continue
            if "x" in tag:
                repeating.append((*_mask(tag), action))
            else:
                actions[_number(tag)], basic[_number(tag)] = action, str(row[3])
        private = safe_private if safe_private and SAFE_PRIVATE in chosen else SafePrivate({})
        return cls(
            name,
            version,
            edition_note,
            chosen,
            actions,
            basic,
            tuple(repeating),
            dict(required or {}),
            private,
            frozenset(safe_words),
        )

    def __getstate__(self) -> dict[str, Any]:
        """What was decided before stays behind when a profile goes to another process."""
        return {**self.__dict__, "deeds": {}}

    @property
    def keeps(self) -> dict[str, bool]:
        """What stays as it came, and so is nothing for the second scanner to find?"""
        return {"keeps_uids": RETAIN_UIDS in self.options, "keeps_dates": FULL_DATES in self.options}

    def action(self, tag: int) -> str | None:
        """What does the table say of this tag? None where it says nothing."""
        found = self.actions.get(tag)
        if found is None and tag >> 24 in (0x50, 0x60):
            return next((action for mask, value, action in self.repeating if tag & mask == value), None)
        return found

    def resolved(self, tag: int, sop_class_uid: str, *, nested: bool) -> str | None:
        """Which one action is taken: X, Z, D, U, K (keep), C (clean), S (shift dates) or None?

        The rule for combined actions. At the top level of a SOP class we know: a type 1 attribute gets a
        dummy (D), a type 2 attribute is emptied (Z), any other is removed (X), always within what the
        table allows. Inside sequences and for other SOP classes, where the type is not known, the
        alternative that keeps every IOD valid is taken: D if offered, otherwise Z. `X/Z/U*` (references to
        images) keeps the sequence with its UIDs mapped.
        """
        return self._one_of(self.action(tag), tag, sop_class_uid, nested)

    def resolved_without_options(self, tag: int, sop_class_uid: str, *, nested: bool) -> str:
        """Which one action is taken where an option cannot be carried out on this value? Never K, C or S."""
        return self._one_of(self.basic.get(tag, "X"), tag, sop_class_uid, nested) or "X"

    def _one_of(self, action: str | None, tag: int, sop_class_uid: str, nested: bool) -> str | None:
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
    if {FULL_DATES, MODIFIED_DATES} <= set(chosen):
        raise BadInput(f"Two dates options are on; keep either '{FULL_DATES}' or '{MODIFIED_DATES}'.")
    return chosen


def _effective(row: Sequence[Any], options: tuple[str, ...]) -> str:
    """The action under these options. Of several that speak of one attribute, moving a date comes before
    keeping it (a device's calibration date would otherwise stand beside moved ones), keeping before cleaning.
    """
    action = str(row[3])
    if action not in _ACTIONS:
        raise BadInput(
            f"The profile row {row[0]} has the action '{action}'; known are {', '.join(sorted(_ACTIONS))}."
        )
    per_option: Mapping[str, str] = row[4] if len(row) > 4 else {}
    asked = {option: per_option[option] for option in options if option in per_option}
    if MODIFIED_DATES in asked:
        return SHIFT
    return next((letter for letter in (KEEP, CLEAN) if letter in asked.values()), action)


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
