"""How often was this test set looked at? A set that judges every update is learned by heart in the end.

Each look at the truth teaches whoever sees the result a little of it, so that a set used for version after
version flatters the last one (Dwork et al. 2015, doi:10.1126/science.aaa9375). Nothing forbids a second
look; it is counted and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

WARN_FROM = 3  # product versions judged on one test set


@dataclass(frozen=True, slots=True)
class Opening:
    """One look at the truth: when, which truth (its SHA-256), under which protocol, for which product."""

    at: str
    truth: str
    file: str
    protocol: str
    protocol_version: str
    product: str
    product_version: str
    locked: bool
    code_version: str

    def as_dict(self) -> dict[str, Any]:
        """The line that is appended before the truth is read."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Use:
    """How often one test set was opened, and for how many product versions and protocol versions."""

    openings: int
    product_versions: int
    protocol_versions: int
    unreadable: int = 0

    @property
    def worn(self) -> bool:
        """Have so many product versions been judged on it that a warning is due?"""
        return self.product_versions >= WARN_FROM

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said of it on the console?"""
        times, products = self.openings, self.product_versions
        said = [
            f"This test set has been opened {times} time{'s' * (times != 1)}, for {products} product "
            f"version{'s' * (products != 1)}, under {self.protocol_versions} protocol "
            f"version{'s' * (self.protocol_versions != 1)}."
        ]
        if self.worn:
            said.append(
                f"Warning: {products} product versions have been judged on this one test set; a tool that is tuned "
                "between looks learns it by heart. Enrol new cases for the next one."
            )
        if self.unreadable:
            said.append(
                f"Warning: {self.unreadable} line(s) of the record of openings cannot be read and are counted as "
                "openings of this set."
            )
        return tuple(said)


def use_of(truth: str, openings: Iterable[Mapping[str, Any] | None]) -> Use:
    """How often was the test set with this digest opened? A line that cannot be read (None) counts as one."""
    rows, unreadable = [], 0
    for row in openings:
        if row is None:
            unreadable += 1
        elif row.get("truth") == truth:
            rows.append(row)
    return Use(
        openings=len(rows) + unreadable,
        product_versions=len({(row.get("product"), row.get("product_version")) for row in rows}),
        protocol_versions=len({row.get("protocol") for row in rows}),
        unreadable=unreadable,
    )
