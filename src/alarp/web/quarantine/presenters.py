"""What does the quarantine show: what did not fit, side by side, and who has looked at it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alarp.web.studies.presenters import MODALITIES
from alarp.web.studies.states import PHASES


@dataclass(frozen=True)
class Disagreement:
    """One field on which the object and our records differ."""

    field: str
    expected: str
    found: str


@dataclass(frozen=True)
class Entry:
    """One object that does not fit."""

    number: int
    what: str
    reason: str
    where: str
    sender: str
    tool: str
    deployment: str
    at: datetime
    open: bool
    resolved_by: str
    resolved_at: datetime | None
    resolution: str
    disagreements: tuple[Disagreement, ...]
    facts: tuple[tuple[str, str], ...]
    sha256: str


def entry(item: Any) -> Entry:
    """One row of the quarantine as a page shows it: pseudonyms and digests, no names."""
    instance = item.instance
    deployment = item.deployment
    kind = MODALITIES.get(instance.modality, instance.modality)
    return Entry(
        number=item.pk,
        what=kind if kind else "Object of unknown kind",
        reason=item.reason,
        where=f"at {PHASES.get(item.phase, item.phase)}",
        sender=str(instance.peer),
        tool=str(deployment.version) if deployment else "",
        deployment=deployment.slug if deployment else "",
        at=item.at,
        open=item.resolved_at is None,
        resolved_by=str(item.resolved_by) if item.resolved_by else "",
        resolved_at=item.resolved_at,
        resolution=item.resolution,
        disagreements=disagreements(item.disagreements),
        facts=(
            ("Size", f"{instance.size_bytes:,} bytes"),
            (
                "Direction",
                "came back from a tool" if instance.direction == "result" else "came from a source",
            ),
            (
                "Sent",
                "once" if instance.times_received == 1 else f"{instance.times_received} times, kept once",
            ),
        ),
        sha256=instance.sha256,
    )


def disagreements(rows: Iterable[Any]) -> tuple[Disagreement, ...]:
    """The fields that differ. A value that is missing is said to be missing, not shown as a blank."""
    return tuple(
        Disagreement(
            field=str(r.get("field", "")) or "field not named",
            expected=_said(r.get("expected")),
            found=_said(r.get("found")),
        )
        for r in rows
        if isinstance(r, dict)
    )


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value) or "nothing"
    return str(value) if value not in (None, "") else "nothing"


@dataclass(frozen=True)
class QuarantineList:
    open: tuple[Entry, ...]
    closed: tuple[Entry, ...]
    day: str = ""

    @property
    def sentence(self) -> str:
        """'2 objects wait for a look; the oldest since 3 June 2026.'"""
        if not self.open:
            return "Nothing waits here: everything that arrived fits, or was looked at."
        oldest = min(e.at for e in self.open)
        number = len(self.open)
        waits = "1 object waits for a look" if number == 1 else f"{number} objects wait for a look"
        since = "since" if number == 1 else "the oldest since"
        return f"{waits}, {since} {oldest.day} {oldest:%B %Y}. None of them was filed."
