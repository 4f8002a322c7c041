"""Is the tool still what it was when we tested it? One definition, from the evaluation into live use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alarp.kernel import BadInput, Measure

EVALUATION, LIVE = "evaluation", "live"


@dataclass(frozen=True, slots=True)
class LivePeriod:
    """One period of live use, labelled in time order ('2026-03'), and the measure found in it."""

    label: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Span:
    """One series under one definition: the evaluation first, then every live period in order."""

    definition: str
    level: float
    rows: tuple[dict[str, Any], ...]

    @property
    def outside(self) -> tuple[str, ...]:
        """In which live periods does the interval exclude everything the evaluation's interval allows?"""
        first = self.rows[0]
        return tuple(row["label"] for row in self.rows[1:] if _apart(row, first) or _apart(first, row))

    def chart(self, *, title: str, y_title: str) -> dict[str, Any]:
        """Which chart data show it, with the table beside it?"""
        told = [row for row in self.rows if row["estimate"] is not None]
        body = [
            [
                row["label"],
                row["phase"],
                _show(row["estimate"]),
                _show(row["low"]),
                _show(row["high"]),
                str(row["n"]),
            ]
            for row in self.rows
        ]
        away = self.outside
        words = (
            "no live period lies wholly apart from it" if not away else f"apart from it lie {', '.join(away)}"
        )
        return {
            "chart": "spanning",
            "title": title,
            "description": f"{y_title} at evaluation {_show(self.rows[0]['estimate'])}, then {len(told) - 1} live periods; {words}.",
            "y_title": y_title,
            "rows": list(self.rows),
            "table": {
                "caption": f"{title}, by one definition ({self.definition})",
                "columns": ["Period", "Phase", "Estimate", "Low", "High", "n"],
                "rows": body,
                "note": f"Intervals at {100 * self.level:g} %. A dash: not measurable in that period.",
            },
        }


def _apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["low"] is not None and other["high"] is not None and one["low"] > other["high"]


def _show(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def span(definition: str, evaluation: Measure, live: Sequence[LivePeriod]) -> Span:
    """Which one series runs from the evaluation into live use?

    Every point must be the same measure at the same level as `definition` says: two numbers under one name but two
    definitions are refused, since their line would mean nothing. A period without a value stays in the series as a
    gap. Needs: evaluation and monitoring that share their measures (definition id = `measure`, or `measure/variant`).
    """
    wanted = definition.split("/", 1)[0]
    points = [(EVALUATION, EVALUATION, evaluation), *((p.label, LIVE, p.measure) for p in live)]
    seen: set[str] = set()
    rows = []
    for label, phase, found in points:
        if found.measure != wanted:
            raise BadInput(
                f"Period '{label}': the measure is '{found.measure}', the series is '{definition}'; one chart holds "
                "one definition, so measure the period by the evaluation's."
            )
        if found.level != evaluation.level and found.estimate is not None:
            raise BadInput(
                f"Period '{label}': its interval is at {100 * found.level:g} %, the evaluation's at "
                f"{100 * evaluation.level:g} %; compute both at one level."
            )
        if label in seen:
            raise BadInput(f"Period '{label}' stands twice in the series '{definition}': remove one.")
        seen.add(label)
        rows.append(
            {"label": label, "phase": phase, "estimate": found.estimate, "low": found.low, "high": found.high}
            | {"n": found.n, "events": found.events}
        )
    return Span(definition, evaluation.level, tuple(rows))
