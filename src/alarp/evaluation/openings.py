"""How often was this test set looked at? A set that judges every update is learned by heart in the end.

Each look at the truth teaches whoever sees the result a little of it, so that a set used for version after
version flatters the last one (Dwork et al. 2015, doi:10.1126/science.aaa9375). Nothing forbids a second
look; it is counted and said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from alarp.kernel import sha256_hex

WARN_FROM = 3  # product versions judged on one test set
LINK = "before"  # the field with the digest of the line before


def lines_of(content: bytes) -> list[bytes]:
    """Which lines does the record hold, empty ones left out?"""
    return [line for line in content.splitlines() if line.strip()]


def link_to(lines: Sequence[bytes]) -> str:
    """What does the next line carry of these? The SHA-256 of the last; nothing when it is the first."""
    return sha256_hex(lines[-1]) if lines else ""


def broken_links(lines: Sequence[bytes]) -> tuple[int, ...]:
    """Before which lines (from 1) was a line removed, added or altered?

    Every line from the first linked one on must carry the digest of the line before it; a line that a crash cut short
    carries none and is linked to like any other. Lines written before there were links stand at the beginning. That the
    very last lines were cut off no chain can tell.
    """
    broken, linked = [], False
    for place, line in enumerate(lines):
        carried = _carried(line)
        if carried is None:
            whole = line.rstrip().endswith(b"}")
            if linked and whole:
                broken.append(place + 1)
            continue
        if carried != link_to(lines[max(0, place - 1) : place]):
            broken.append(place + 1)
        linked = True
    return tuple(broken)


def _carried(line: bytes) -> str | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return str(row[LINK]) if isinstance(row, dict) and LINK in row else None


def altered_sentence(broken: Sequence[int]) -> str:
    """What is said of a record whose chain does not hold? Nothing when it does."""
    if not broken:
        return ""
    return (
        f"Warning: the record of openings was altered: line {broken[0]} does not follow from the one before it"
        + (f" (nor do {len(broken) - 1} others)" if len(broken) > 1 else "")
        + ". How often this test set was opened cannot be relied on."
    )


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
    broken: tuple[int, ...] = ()  # lines of the record that do not follow from the one before

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
        if self.broken:
            said.append(altered_sentence(self.broken))
        return tuple(said)


def use_of(truth: str, openings: Iterable[Mapping[str, Any] | None], *, broken: tuple[int, ...] = ()) -> Use:
    """How often was the test set with this digest opened? A line that cannot be read (None) counts as one.

    `broken`: the lines of the record that do not follow from the one before (`broken_links`).
    """
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
        broken=broken,
    )
