"""Which organ does this name mean? Names of structures held against a nomenclature such as AAPM TG-263.

A name is cut into words at blanks, hyphens, underscores and capital letters, its side is taken out, and what remains
is looked up among the identifiers and their usual synonyms. A name that is not found stays as written; nothing is
matched by likeness, since 'Bowel_Large' and 'Bowel_Small' are alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alarp.evaluation.contouring.protocol import fold
from alarp.kernel import BadInput

_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")


@dataclass(frozen=True, slots=True)
class Nomenclature:
    """Standard names, and the spellings that mean them."""

    source: str = "names as written"
    spellings: Mapping[str, str] = field(default_factory=dict)  # key of a name -> standard name
    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()

    def standard(self, name: str) -> str | None:
        """Which standard name does this one mean? None when the nomenclature does not know it."""
        return self.spellings.get(self.key(name))

    def key(self, name: str) -> str:
        """Which form of a name is looked up? Its words in lower case without the side, then the side.

        >>> Nomenclature(left=("left", "l")).key("Kidney_L")
        'kidney|L'
        """
        words = [word.lower() for word in _WORDS.findall(name)]
        sided = [
            (i, "L" if w in self.left else "R") for i, w in enumerate(words) if w in (*self.left, *self.right)
        ]
        if len(sided) != 1 or len(words) == 1:
            return "".join(words)
        place, side = sided[0]
        return "".join(words[:place] + words[place + 1 :]) + f"|{side}"


AS_WRITTEN = Nomenclature()


def nomenclature(content: Mapping[str, Any]) -> Nomenclature:
    """Which nomenclature does this file hold? Raises BadInput when one spelling means two structures.

    `structures` is a list of `{id, also}` for single organs and `{left, right, also}` for paired ones; `left` and
    `right` on top are the words that say a side.
    """
    empty = Nomenclature(left=tuple(content["left"]), right=tuple(content["right"]))
    found: dict[str, str] = {}
    for row in content["structures"]:
        for key, name in _keys(row, empty):
            if found.setdefault(key, name) != name:
                raise BadInput(f"{content['source']}: '{key}' means both '{found[key]}' and '{name}'.")
    return Nomenclature(content["source"], found, empty.left, empty.right)


def _keys(row: Mapping[str, Any], rules: Nomenclature) -> Iterable[tuple[str, str]]:
    if "id" in row:
        return [(rules.key(spelling), row["id"]) for spelling in (row["id"], *row.get("also", ()))]
    keys = [(rules.key(row["left"]), row["left"]), (rules.key(row["right"]), row["right"])]
    for spelling in row.get("also", ()):
        keys += [(f"{rules.key(spelling)}|L", row["left"]), (f"{rules.key(spelling)}|R", row["right"])]
    return keys


@dataclass(frozen=True, slots=True)
class Name:
    """One name in one file: as written, what it was taken for, and its standard name."""

    role: str  # 'reference', 'output' or 'observer'
    written: str
    structure: str | None  # of those asked for
    standard: str | None


def matched(
    case: str, column: str, written: Iterable[str], asked: Mapping[str, tuple[str, ...]], known: Nomenclature
) -> dict[str, str]:
    """Which name in the file stands for each structure asked for? Asked name -> name as written.

    First by spelling (upper and lower case, blanks, hyphens and underscores alike), aliases of the protocol included;
    only then by standard name. Two names of one file for one structure are refused.
    """
    names, found, taken = list(written), {}, set[str]()
    folded = [(fold(name), name) for name in names]
    for structure, spellings in asked.items():
        folds = {fold(spelling) for spelling in spellings}
        fits = [name for written_as, name in folded if written_as in folds]
        _refuse_two(case, column, structure, fits)
        if fits:
            found[structure] = fits[0]
            taken.add(fits[0])
    for structure, spellings in asked.items():
        if structure in found:
            continue
        wanted = {known.standard(spelling) for spelling in spellings} - {None}
        if wanted:
            fits = [name for name in names if name not in taken and known.standard(name) in wanted]
            _refuse_two(case, column, structure, fits)
            if fits:
                found[structure] = fits[0]
    return found


def _refuse_two(case: str, column: str, structure: str, fits: list[str]) -> None:
    if len(fits) > 1:
        raise BadInput(
            f"Case {case}: in column '{column}' both '{fits[0]}' and '{fits[1]}' stand for '{structure}'; narrow the "
            "aliases under 'structures'."
        )
