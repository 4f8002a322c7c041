"""Which risk scheme does a hazard log use, which hazards does it begin from, what does its report hold?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from alarp.kernel import BadInput
from alarp.safety import Chapter, Hazard, Known, RiskScheme, read_log, read_scheme
from alarp.standards.roles import load_roles

__all__ = [
    "LIBRARY",
    "SCHEME",
    "LibraryHazard",
    "known",
    "load_library",
    "load_monitors",
    "load_scheme",
    "load_sections",
    "schemes",
]

SCHEME = "nhs-2018.1"
LIBRARY = "imaging-ai-2026.1"


@dataclass(frozen=True, slots=True)
class LibraryHazard:
    """One starter hazard: unscored, with controls that are only proposed, and the kinds of tool that it fits."""

    hazard: Hazard
    fits: tuple[str, ...]
    seeds: tuple[str, ...]

    def fits_kind(self, kind: str) -> bool:
        """Does it fit this kind of tool? One that the library does not know gets every hazard."""
        return not self.fits or kind in self.fits or kind not in _KINDS


_KINDS = ("detection", "contouring", "measurement")


def _read(name: str) -> Mapping[str, Any]:
    try:
        text = (files(__name__) / f"{name}.yaml").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"There is no {name}.yaml among the shipped safety standards.") from None
    table: Mapping[str, Any] = yaml.safe_load(text)
    return table


def schemes() -> tuple[str, ...]:
    """Which risk schemes are shipped, side by side?"""
    found = (item.name for item in files(__name__).iterdir() if item.name.startswith("scheme-"))
    return tuple(sorted(name.removeprefix("scheme-").removesuffix(".yaml") for name in found))


@cache
def load_scheme(version: str = SCHEME) -> RiskScheme:
    """The risk scheme of this version, checked."""
    scheme = read_scheme(_read(f"scheme-{version}"), where=f"scheme-{version}.yaml")
    if scheme.version != version:
        raise BadInput(
            f"scheme-{version}.yaml says that it is version {scheme.version!r}; the two must agree."
        )
    return scheme


@cache
def load_sections(version: str = SCHEME) -> tuple[Chapter, ...]:
    """The sections of a clinical safety case report, in order."""
    rows = _read(f"sections-{version}")["sections"]
    return tuple(Chapter(int(r["number"]), str(r["heading"]), str(r["holds"])) for r in rows)


@cache
def load_monitors() -> dict[str, str]:
    """Which monitors can watch a hazard, by slug, and what does each show?"""
    return {str(slug): str(words) for slug, words in _read("monitors")["monitors"].items()}


@cache
def load_library(version: str = LIBRARY) -> tuple[LibraryHazard, ...]:
    """The starter hazards, checked as a log is."""
    rows = _read(f"library-{version}")["hazards"]
    own = [{k: v for k, v in row.items() if k not in ("fits", "seeds")} for row in rows]
    table = {"scheme": SCHEME, "hazards": own}
    log = read_log(table, _known(load_scheme(), {}), where=f"library-{version}.yaml")
    return tuple(
        LibraryHazard(hazard, tuple(row.get("fits", ())), tuple(row.get("seeds", ())))
        for hazard, row in zip(log, rows, strict=True)
    )


def known(scheme: str = SCHEME) -> Known:
    """What a hazard log that is imported may refer to."""
    return _known(load_scheme(scheme), {entry.hazard.number: entry.hazard for entry in load_library()})


def _known(scheme: RiskScheme, library: Mapping[str, Hazard]) -> Known:
    return Known(
        scheme=scheme,
        monitors=tuple(load_monitors()),
        roles=tuple(role.slug for role in load_roles()),
        library=library,
    )
