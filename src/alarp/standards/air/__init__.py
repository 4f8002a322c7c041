"""What is asked of a result on its way back (IHE AI Results and DICOM): which checks, by which clause, with which effect?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from alarp.identity import ReturnCheck
from alarp.identity.returning import EFFECTS, JUDGES, KINDS, judge
from alarp.kernel import BadInput

__all__ = ["LATEST", "MatchCheck", "ReturnChecks", "load_return_checks", "read_return_checks"]

LATEST = "2026.1"


@dataclass(frozen=True, slots=True)
class MatchCheck:
    """What the match itself decides: always quarantine."""

    id: str
    asks: str
    source: str


@dataclass(frozen=True, slots=True)
class ReturnChecks:
    """One version of the checks, in the order in which they are told."""

    version: str
    title: str
    by_the_match: tuple[MatchCheck, ...]
    checks: tuple[ReturnCheck, ...]


@cache
def load_return_checks(version: str = LATEST) -> ReturnChecks:
    """The checks of this version."""
    text = (files(__name__) / f"{version}.yaml").read_text(encoding="utf-8")
    return read_return_checks(yaml.safe_load(text), where=f"air/{version}.yaml")


def read_return_checks(table: Mapping[str, Any], *, where: str) -> ReturnChecks:
    """Which checks are these? Raises BadInput for a word that is not known, an id given twice, and a check left out."""
    checks = tuple(_check(row, where) for row in table["checks"])
    named = [check.id for check in checks]
    if len(set(named)) != len(named):
        raise BadInput(f"{where} has one check twice: {', '.join(sorted(named))}. Correct it.")
    if forgotten := set(JUDGES) - set(named):
        raise BadInput(f"{where} says nothing of {', '.join(sorted(forgotten))}. Say what follows from each.")
    by_the_match = tuple(MatchCheck(row["id"], row["asks"], row["source"]) for row in table["by_the_match"])
    return ReturnChecks(str(table["version"]), str(table["title"]), by_the_match, checks)


def _check(row: Mapping[str, Any], where: str) -> ReturnCheck:
    try:
        check = ReturnCheck(**row)
    except TypeError:
        raise BadInput(
            f"{where}: a check has id, kind, effect, asks, why and source; correct {row}."
        ) from None
    judge(check.id)
    for word, known in ((check.effect, EFFECTS), (check.kind, KINDS)):
        if word not in known:
            raise BadInput(f"{where}, {check.id}: {word!r} is none of {', '.join(known)}. Correct it.")
    return check
