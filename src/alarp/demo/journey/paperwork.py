"""What lies on the table at a gate? Papers written for the demonstration, and the real products of the run.

The papers say of themselves that they are demonstration papers; evaluations, tests and counts are real.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from alarp.pathway import Criterion


@dataclass(frozen=True, slots=True)
class Paper:
    """One document to be put before a gate."""

    title: str
    design: str
    name: str
    media_type: str
    content: bytes


def written(criterion: Criterion, tool: str, day: date) -> Paper:
    """A demonstration paper that stands where a Trust's own document would."""
    text = (
        f"{criterion.asks}\n\nTool: {tool}\nDate: {day.isoformat()}\nSource of the requirement: {criterion.source}\n\n"
        "This paper was written for the demonstration hospital, where nobody is a patient. In a Trust the "
        "document itself stands here; Alarp keeps its bytes, signs its digest and shows who relied on it.\n"
    )
    title = f"{criterion.slug.replace('-', ' ').capitalize()} of {tool}"
    return Paper(title, "document", f"{criterion.slug}.txt", "text/plain", text.encode())


def measured(title: str, name: str, found: dict[str, Any], *, design: str) -> Paper:
    """Something the hospital measured just now, as JSON."""
    content = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False).encode()
    return Paper(title, design, name, "application/json", content)
