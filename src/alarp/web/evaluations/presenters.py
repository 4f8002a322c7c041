"""What does an evaluation say: was the claim met, for whom may it not work, and under which protocol?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from alarp.web import shapes

if TYPE_CHECKING:
    from alarp.report import Document

_INLINE_STYLE = re.compile(r'\sstyle="[^"]*"')


@dataclass(frozen=True)
class EvaluationLine:
    """One evaluation in the list: the finding before the method."""

    sha256: str
    title: str
    product: str
    design: str
    dated: date
    verdict: str
    warnings: tuple[str, ...]
    numbers: tuple[tuple[str, shapes.Number], ...]
    enrolled: int
    unit: str
    trouble: str


def line(evidence: Any, today: date) -> EvaluationLine:
    """One row of the list."""
    from alarp.evaluation.pieces import claims_sentence, warnings

    body: Mapping[str, Any] = evidence.body
    return EvaluationLine(
        sha256=evidence.sha256,
        title=evidence.title,
        product=str(evidence.version),
        design=shapes.words(evidence.design),
        dated=evidence.dated,
        verdict=claims_sentence(body),
        warnings=tuple(warnings(body)),
        numbers=shapes.headline_numbers(body, most=3),
        enrolled=body["enrolled"],
        unit=body["unit"],
        trouble=shapes.trouble_with(evidence, today),
    )


@dataclass(frozen=True)
class Lock:
    """The protocol that was fixed before the truth was read."""

    title: str
    version: str
    sha256: str
    earlier: tuple[tuple[str, str], ...]
    exploratory: bool


def lock(body: Mapping[str, Any]) -> Lock:
    protocol = body["protocol"]
    return Lock(
        protocol["title"],
        str(protocol["version"]),
        protocol["hash"],
        tuple((str(e["version"]), e["hash"]) for e in protocol.get("earlier", ())),
        bool(protocol.get("exploratory", True)),
    )


def report(sha256: str, body: Mapping[str, Any]) -> Document:
    """The evaluation's report, drawn once per digest: its charts take a second the first time."""
    from alarp.evaluation import story
    from alarp.report import document as laid_out  # brings the chart library: only where a report is read

    made: Document = cache.get_or_set(f"report-{sha256}", lambda: laid_out(story(body)), timeout=None)
    return made


def without_inline_style(svg: str) -> str:
    """The drawing under our content security policy: presentation attributes stay, inline styles go."""
    return _INLINE_STYLE.sub("", svg)
