"""Which de-identification profiles do we hold? Table E.1-1 of DICOM PS3.15 as data, editions side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from alarp.kernel import BadInput

# It brings numpy and pydicom: only where a profile is put together, not where its name is known.
if TYPE_CHECKING:
    from alarp.identity import Profile, SafePrivate

BASIC = "basic"
VERSIONS = ("2024b", "2026c", "2026d")
LATEST = VERSIONS[-1]

__all__ = [
    "BASIC",
    "LATEST",
    "VERSIONS",
    "NamedProfile",
    "load_coded_words",
    "load_named",
    "load_profile",
    "load_profiles",
    "load_safe_private",
]


@dataclass(frozen=True, slots=True)
class NamedProfile:
    """A set of options under a name: what it is for, and its version, which rises whenever its options change.

    `patients`: may what it leaves of a patient go out of the Trust?
    """

    name: str
    version: int
    patients: bool
    purpose: str
    options: tuple[str, ...]


def load_profile(version: str = LATEST, *, options: Iterable[str] = ()) -> Profile:
    """Which profile is this edition of the Basic Application Level Confidentiality Profile?

    Raises BadInput for an edition that is not held and for an option that is not known.
    """
    if version not in VERSIONS:
        raise BadInput(
            f"The de-identification profile of edition '{version}' is not held; choose from {', '.join(VERSIONS)}."
        )
    return _profile(version, tuple(options))


@cache
def load_profiles() -> tuple[NamedProfile, ...]:
    """Which sets of options have a name?"""
    rows = _read("profiles.json")["profiles"]
    return tuple(
        NamedProfile(r["name"], r["version"], r["patients"], r["purpose"], tuple(r["options"])) for r in rows
    )


def load_named(name: str, *, edition: str = LATEST) -> tuple[NamedProfile, Profile]:
    """Which profile has this name? Raises BadInput, naming those that are held, for another."""
    held = {profile.name: profile for profile in load_profiles()}
    if name not in held:
        raise BadInput(f"There is no de-identification profile '{name}'; choose from {', '.join(held)}.")
    return held[name], load_profile(edition, options=held[name].options)


@cache
def load_coded_words() -> frozenset[str]:
    """Which words does a coded string (CS) hold though a patient may be called so? The safe words among them."""
    return frozenset(f"{_read('safe_words.json')['words']} {_read('coded_words.json')['words']}".split())


@cache
def load_safe_private() -> SafePrivate:
    """Which private attributes does PS3.15 call safe, as far as they are numbers and codes?"""
    from alarp.identity import SafePrivate

    listed: dict[tuple[str, int, int], str] = {}
    for creator, groups in _read("safe_private_2026d.json")["attributes"].items():
        for group, by_vr in groups.items():
            for vr, numbers in by_vr.items():
                listed |= {(creator, int(group, 16), int(number, 16)): vr for number in numbers.split()}
    return SafePrivate(listed)


@cache
def _profile(version: str, options: tuple[str, ...]) -> Profile:
    from alarp.identity import Profile

    table = _table(version)
    return Profile.from_table(
        table["rows"],
        name=table["name"],
        version=version,
        edition_note=table["edition_note"],
        options=options,
        required=_required(),
        safe_private=load_safe_private(),
        safe_words=_read("safe_words.json")["words"].split(),
    )


@cache
def _table(version: str) -> dict[str, Any]:
    table: dict[str, Any] = _read(f"e1_1_{version}.json")
    if "extends" in table:
        table["rows"] = _table(table["extends"])["rows"] + table["rows"]
    return table


@cache
def _required() -> dict[int, dict[str, str]]:
    """For each attribute with a combined action: SOP class -> '1', '2' or '3' (not required)."""
    data = _read("attribute_types.json")
    sop_classes = [data["prefix"] + part for part in data["sop_classes"].split()]
    required: dict[int, dict[str, str]] = {}
    for tag, ranges in data["types"].items():
        types = dict.fromkeys(sop_classes, "3")
        for kind, text in ranges.items():
            types |= {sop_classes[position]: kind for position in _positions(text)}
        required[int(tag, 16)] = types
    return required


def _positions(text: str) -> Iterable[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _read(name: str) -> Any:
    return json.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
