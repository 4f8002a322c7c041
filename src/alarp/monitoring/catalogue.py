"""Which monitors are there: what does each ask, with which limits, whose are they, and who looks?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

from alarp.kernel import BadInput
from alarp.monitoring.xmr import RULE_SETS, Improvement, RuleSet


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor. `look` and `moved` are its two limits in its own unit, where it has such."""

    slug: str
    title: str
    question: str
    unit: str
    owner: str
    improvement: Improvement
    limit_words: str
    origin: str
    look: float | None = None
    moved: float | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The monitors in the order of a page, and what holds for all of them."""

    version: str
    rule_set: RuleSet
    window_days: int
    recent_days: int
    reference_results: int
    stale_after_hours: int
    monitors: tuple[Monitor, ...]

    def monitor(self, slug: str) -> Monitor:
        """The monitor of this name; BadInput when there is none."""
        for monitor in self.monitors:
            if monitor.slug == slug:
                return monitor
        known = ", ".join(m.slug for m in self.monitors)
        raise BadInput(f"There is no monitor {slug!r}; there are {known}.")


def read_catalogue(data: Mapping[str, Any], roles: Sequence[str], *, where: str) -> Catalogue:
    """The catalogue in this table. Every mistake is one sentence that names the monitor."""
    monitors = tuple(_monitor(row, roles, where) for row in data.get("monitors", ()))
    slugs = [m.slug for m in monitors]
    if not slugs or len(set(slugs)) != len(slugs):
        raise BadInput(f"{where}: every monitor needs a slug of its own.")
    if data.get("rule_set") not in RULE_SETS:
        raise BadInput(f"{where}: rule_set is {data.get('rule_set')!r}; take one of {', '.join(RULE_SETS)}.")
    return Catalogue(
        version=str(data["version"]),
        rule_set=cast(RuleSet, data["rule_set"]),
        window_days=int(data["window_days"]),
        recent_days=int(data["recent_days"]),
        reference_results=int(data["reference_results"]),
        stale_after_hours=int(data["stale_after_hours"]),
        monitors=monitors,
    )


def _monitor(row: Mapping[str, Any], roles: Sequence[str], where: str) -> Monitor:
    name = f"{where}, monitor {row.get('slug', '?')!r}"
    known = {f.name for f in fields(Monitor)}
    if strange := sorted(set(row) - known):
        raise BadInput(f"{name}: {', '.join(strange)} is not known; remove or correct it.")
    wanted = known - {"look", "moved"}
    if missing := sorted(w for w in wanted if not str(row.get(w) or "").strip()):
        raise BadInput(f"{name}: {', '.join(missing)} is missing.")
    if row["owner"] not in roles:
        raise BadInput(f"{name}: the owner {row['owner']!r} is no role of the catalogue.")
    if row["improvement"] not in ("high", "low", "neither"):
        raise BadInput(f"{name}: improvement is {row['improvement']!r}; take high, low or neither.")
    return Monitor(**{key: value for key, value in row.items() if key in known})
