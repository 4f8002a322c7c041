"""How does a tool read to somebody who has never heard of it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from alarp.records.governance.public import IN_USE, ON_TRIAL, PAUSED, PublicTool
from alarp.web.environment import day

COLOURS = {IN_USE: "green", ON_TRIAL: "blue", PAUSED: "grey"}
STANDINGS = {IN_USE: "In use", ON_TRIAL: "Being tested", PAUSED: "Paused"}
MEANINGS = {
    IN_USE: "",
    ON_TRIAL: "We are testing this tool. Its results are kept apart and are not used for anybody's care.",
    PAUSED: "No pictures are sent to this tool at the moment. Everything is read without it.",
}


@dataclass(frozen=True)
class Tool:
    """One tool in plain words."""

    slug: str
    name: str
    summary: str
    site: str
    trust: str
    standing: str
    colour: str
    meaning: str
    since_words: str
    told: dict[str, Any] | None
    told_number: int
    told_at: datetime | None
    leaflet: bool
    easy_leaflet: bool
    answers: tuple[tuple[str, str], ...]


def tool(found: PublicTool) -> Tool:
    """The public's view of one tool."""
    since = f"since {day(found.since)}" if found.since and found.standing != PAUSED else ""
    return Tool(
        slug=found.slug,
        name=found.name,
        summary=found.summary,
        site=found.site,
        trust=found.trust,
        standing=STANDINGS[found.standing],
        colour=COLOURS[found.standing],
        meaning=MEANINGS[found.standing],
        since_words=since,
        told=found.told,
        told_number=found.told_number,
        told_at=found.told_at,
        leaflet=bool(found.leaflet_sha256),
        easy_leaflet=bool(found.easy_leaflet_sha256),
        answers=found.answers,
    )


def by_site(tools: Iterable[Tool]) -> list[tuple[str, list[Tool]]]:
    """The tools of each site, in the order in which they come."""
    return [(site, list(group)) for site, group in groupby(tools, key=lambda t: t.site)]


def sentence(tools: list[Tool]) -> str:
    """'We use 2 computer tools to help read pictures, and test 1 more.'"""
    counts = {word: sum(t.standing == word for t in tools) for word in STANDINGS.values()}
    used, tested, paused = counts["In use"], counts["Being tested"], counts["Paused"]
    said = [f"we use {_tools(used)}" if used else "we use no computer tool on pictures at the moment"]
    if tested:
        said.append(f"we test {_tools(tested)}")
    if paused:
        said.append(f"{_tools(paused)} {'is' if paused == 1 else 'are'} paused")
    text = ", ".join(said[:-1]) + " and " + said[-1] if len(said) > 1 else said[0]
    return text[:1].upper() + text[1:] + "."


def _tools(number: int) -> str:
    return f"{number} computer tool" + ("" if number == 1 else "s")
