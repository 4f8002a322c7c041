"""What does the page on cost say first, and how do options stand side by side?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from alarp.economics import (
    Option,
    Rules,
    answer,
    funding_sentence,
    missing,
    pays,
    pounds,
    recall_sentence,
    worth,
)
from alarp.economics.tables import SCENARIOS, cash_flow, volumes
from alarp.economics.words import count, per_study

if TYPE_CHECKING:
    from alarp.report import Figure, Table

LOOK = 4  # raise it when the pictures change: what was drawn is kept on the disk
KINDS = {"do-nothing": "do nothing", "non-ai": "without AI", "ai": "with AI"}


@dataclass(frozen=True)
class Switch:
    """One of the three volumes."""

    name: str
    words: str
    current: bool


@dataclass(frozen=True)
class CostPage:
    """One version of the cost case: the answer, the sentences under it, its pictures and tables."""

    number: int
    saved_by: str
    saved_at: datetime
    version: str
    digest: str
    answer: str
    worth: str
    pays: str
    per_study: str
    recalls: str
    funding: str
    cliff: bool
    figures: Mapping[str, Figure]
    tables: Mapping[str, Table]
    volumes: Mapping[str, Any]
    cash_flow: Mapping[str, Any]
    switches: tuple[Switch, ...]
    assumptions: int
    counted: int
    warnings: tuple[str, ...]
    cautions: tuple[str, ...]


def chosen_volume(given: str | None) -> str:
    """Which of the three volumes was asked for? The expected one when it is none of them."""
    return given if given in SCENARIOS else "expected"


def cost_page(case: Any, told: Mapping[str, Any], scenario: str) -> CostPage:
    """What the page says of this case, at this volume where a table is of one."""
    result = case.result
    report = _drawn(case.digest, told)
    return CostPage(
        number=case.number,
        saved_by=str(case.by),
        saved_at=case.at,
        version=str(case.version),
        digest=case.digest,
        answer=answer(result),
        worth=worth(result),
        pays=pays(result),
        per_study=f"A {result['study']} costs {per_study(result)}.",
        recalls=recall_sentence(result),
        funding=funding_sentence(result),
        cliff=result["funding"] is None or bool(result["funding"]["unfunded_months"]),
        figures={name: figure for section in report.sections for name, figure in _named(section.figures)},
        tables={table.caption: table for section in report.sections for table in section.tables},
        volumes=volumes(result),
        cash_flow=cash_flow(result, scenario),
        switches=tuple(
            Switch(
                n, f"{n.capitalize()}: {count(result['volumes'][n]['volume_a_year'])} a year", n == scenario
            )
            for n in SCENARIOS
        ),
        assumptions=sum(figure["kind"] == "assumption" for figure in result["figures"]),
        counted=len(result["figures"]),
        warnings=tuple(told["warnings"]),
        cautions=tuple(result["cautions"]),
    )


_PICTURES = {
    "Whole-life cost": "by_volume",
    "What has been paid": "cumulative",
    "What each year": "yearly",
    "Minutes per": "break_even",
    "What moves": "tornado",
}


def _named(figures: Sequence[Figure]) -> list[tuple[str, Figure]]:
    return [
        (name, figure)
        for figure in figures
        for begins, name in _PICTURES.items()
        if figure.title.startswith(begins)
    ]


def _drawn(digest: str, told: Mapping[str, Any]) -> Any:
    """The report with its pictures, drawn once per digest: it takes a second the first time."""
    from alarp.report import document  # brings the chart library: only where a case is read

    return cache.get_or_set(f"cost-{LOOK}-{digest}", lambda: document(told), timeout=None)


@dataclass(frozen=True)
class OptionColumn:
    """One option as the page shows it beside the others."""

    name: str
    kind: str
    cost: str
    cost_source: str
    scores: tuple[tuple[str, int], ...]
    note: str


@dataclass(frozen=True)
class OptionsPage:
    """The options side by side, and what the appraisal lacks."""

    number: int
    saved_by: str
    saved_at: datetime | None
    columns: tuple[OptionColumn, ...]
    lacking: tuple[str, ...]
    best: int


def options_page(appraisal: Any, weighed: Sequence[Option], rules: Rules) -> OptionsPage:
    """What the page says of these options."""
    titles = {c.slug: c.title for c in rules.criteria}
    return OptionsPage(
        number=appraisal.number if appraisal else 0,
        saved_by=str(appraisal.by) if appraisal else "",
        saved_at=appraisal.at if appraisal else None,
        columns=tuple(
            OptionColumn(
                o.name,
                KINDS[o.kind.value],
                pounds(float(o.cost)),
                o.cost_source,
                tuple((titles.get(slug, slug), score) for slug, score in o.scores),
                o.note,
            )
            for o in weighed
        ),
        lacking=missing(weighed),
        best=rules.best_score,
    )
