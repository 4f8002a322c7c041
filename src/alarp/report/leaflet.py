"""What does a leaflet for patients look like? Large type, short lines, one sentence a line in the easy variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alarp.report.html import _templates


@dataclass(frozen=True, slots=True)
class Leaflet:
    """A title, headings with their sentences, and what 100 people look like, where that was measured.

    `counts` holds `condition`, `found` and `missed` of 100.
    """

    title: str
    lead: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    counts: Mapping[str, Any] | None
    easy: bool
    footer: str


def to_leaflet_html(leaflet: Leaflet) -> str:
    """Which self-contained page shows and prints the leaflet? The same text on every call."""
    return _templates().get_template("leaflet.html.j2").render(leaflet=leaflet)
