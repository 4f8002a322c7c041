"""What does the review come to, on which figures, and what speaks against it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alarp.pathway import Review, Verdict
from alarp.pathway.alarms import Unit, shown
from alarp.pathway.review_rules import Judged
from alarp.standards.watch import monitors
from alarp.web.alerts.gauges import Gauge, gauge


@dataclass(frozen=True)
class Row:
    """One criterion on one figure: all studies, or one scanner."""

    where: str
    sentence: str
    verdict: str
    gauge: Gauge | None


@dataclass(frozen=True)
class Question:
    """One criterion: its verdict is the most careful of its figures' verdicts."""

    asks: str
    figure: str
    verdict: str
    limits: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class ReviewPage:
    """The decision, what it rests on, what speaks against it."""

    decision: str
    because: str
    questions: tuple[Question, ...]
    against: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def counted(self) -> str:
        """'2 speak for scaling, 1 for going on as it is, 1 could not be judged', of all figures."""
        rows = [row for question in self.questions for row in question.rows]
        said = {
            Verdict.STOP: "for stopping",
            Verdict.SCALE: "for scaling",
            Verdict.CONTINUE: "for going on as it is",
        }
        parts = [
            f"{n} {'speaks' if n == 1 else 'speak'} {text}"
            for verdict, text in said.items()
            if (n := sum(1 for row in rows if row.verdict == verdict.value))
        ]
        unknown = sum(1 for row in rows if row.verdict == Verdict.NOT_MEASURABLE.value)
        if unknown:
            parts.append(f"{unknown} could not be judged")
        return ", ".join(parts)


def review_page(found: Review) -> ReviewPage:
    """A computed review for the page."""
    return ReviewPage(
        decision=found.decision.value,
        because=found.because,
        questions=tuple(sorted(_questions(found.judged), key=lambda q: _CAREFUL_FIRST.index(q.verdict))),
        against=found.against,
        unknown=found.not_measurable,
    )


_CAREFUL_FIRST = [v.value for v in (Verdict.STOP, Verdict.CONTINUE, Verdict.NOT_MEASURABLE, Verdict.SCALE)]


def _questions(judged: Sequence[Judged]) -> list[Question]:
    by_slug: dict[str, list[Judged]] = {}
    for row in judged:
        by_slug.setdefault(row.criterion.slug, []).append(row)
    return [_question(rows) for rows in by_slug.values()]


def _question(judged: list[Judged]) -> Question:
    criterion = judged[0].criterion
    monitor = monitors().get(criterion.monitor)
    return Question(
        asks=criterion.asks,
        figure=monitor.title if monitor else criterion.monitor,
        verdict=min(_count_here(judged), key=_CAREFUL_FIRST.index),
        limits="; ".join(text for _, _, text in _limits(judged[0])),
        rows=tuple(_row(row) for row in judged),
    )


def _count_here(judged: list[Judged]) -> list[str]:
    """The verdicts that decide: a scanner with too few studies bars nothing, as long as something was measured."""
    measured = [row.verdict.value for row in judged if row.verdict is not Verdict.NOT_MEASURABLE]
    whole = [row.verdict.value for row in judged if row.figure is None or row.figure.subgroup in ("", "all")]
    return [*measured, *whole] or [Verdict.NOT_MEASURABLE.value]


def _limits(judged: Judged) -> list[tuple[str, float, str]]:
    criterion, monitor = judged.criterion, monitors().get(judged.criterion.monitor)
    unit = monitor.unit if monitor else Unit.INDEX
    return [
        (kind, limit, f"{word} {shown(limit, unit)}")
        for kind, limit, word in (
            ("stop", criterion.stop_at, "stops past"),
            ("scale", criterion.scale_at, "scales within"),
        )
        if limit is not None
    ]


def _row(judged: Judged) -> Row:
    criterion, figure = judged.criterion, judged.figure
    monitor = monitors().get(criterion.monitor)
    unit = monitor.unit if monitor else Unit.INDEX
    measured = judged.verdict is not Verdict.NOT_MEASURABLE and figure is not None
    where = figure.subgroup if figure and figure.subgroup not in ("", "all") else ""
    return Row(
        where=where,
        sentence=judged.sentence.removeprefix(f"{where}: ") if where else judged.sentence,
        verdict=judged.verdict.value,
        gauge=gauge(
            figure.value,
            figure.low,
            figure.high,
            _limits(judged),
            unit,
            past=judged.verdict is Verdict.STOP,
            says=f"{monitor.title if monitor else criterion.monitor}: {judged.sentence}",
        )
        if measured and figure is not None
        else None,
    )
