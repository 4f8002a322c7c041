"""Is the tool still what it was when we tested it? One definition, from the evaluation into live use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alarp.evaluation.answering import SHARES, answer_times
from alarp.evaluation.intervals import proportion
from alarp.evaluation.pieces import Row, find
from alarp.evaluation.subgroups import EMPTY
from alarp.kernel import BadInput, Measure

EVALUATION, LIVE = "evaluation", "live"
# In these kinds a case is what live use calls a study. A contouring study fails by outlines, which nobody counts in live
# use: its cases without an answer are counted beside them, and span.
BY_CASE = ("detection", "triage", "measurement", "prediction", "operational")
CONTOURING = "contouring"
BY_OUTLINE = ("case_failure_rate", *SHARES)
# Each measure that live use counts by the evaluation's definition: its name in words, and what is counted.
SPANNED = {
    "failure_rate": ("No usable answer", "of the cases, or studies sent, those without a usable answer"),
    "case_failure_rate": ("No usable answer", "of the cases, or studies sent, those without a usable answer"),
    "answer_min_p50": (
        "Minutes to the answer, half",
        "from sending to the answer; half of all that was sent has its answer by then, one without takes for ever",
    ),
    "answer_min_p95": (
        "Minutes to the answer, 19 of 20",
        "from sending to the answer; 19 of 20 of all that was sent have theirs by then, one without takes for ever",
    ),
    "flag_rate": ("Flagged", "of the answers, those that flag something"),
    "ppv_as_treated": ("PPV", "of the flagged ones that were judged, those that are truly diseased"),
    "sensitivity_as_treated": ("Sensitivity", "of the answered ones that are diseased, those flagged"),
    "specificity_as_treated": ("Specificity", "of the answered ones that are healthy, those not flagged"),
}


@dataclass(frozen=True, slots=True)
class LivePeriod:
    """One period of live use, labelled in time order ('2026-03'), and the measure found in it."""

    label: str
    measure: Measure


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in one period of live use, in the evaluation's words.

    `sent` studies went to the tool, `silent` of them got no usable answer; `answered` results hold a decision, `flagged`
    of them flag. Of the results that somebody held against the truth (their report): the four kinds of right and wrong.
    `took`: (minutes from sending, how many answers took so long), the minutes as finely as live use keeps them.
    """

    sent: int = 0
    silent: int = 0
    answered: int = 0
    flagged: int = 0
    true_positive: int = 0
    false_positive: int = 0
    true_negative: int = 0
    false_negative: int = 0
    took: tuple[tuple[float, int], ...] = ()

    @property
    def confusion(self) -> dict[str, int]:
        names = ("true_positive", "false_positive", "true_negative", "false_negative")
        return {name: int(getattr(self, name)) for name in names}


def of_evaluation(result: Row) -> dict[str, Measure]:
    """The measures of this result.json that live use counts as well, by name."""
    asked = BY_OUTLINE if result["kind"] == CONTOURING else tuple(SPANNED)
    if result["kind"] not in (*BY_CASE, CONTOURING):
        return {}
    rows = {name: find(result, name) for name in asked}
    found = {
        name: Measure(**{part: row[part] for part in Measure.__dataclass_fields__ if part in row})
        for name, row in rows.items()
        if row is not None and row["estimate"] is not None
    }
    table = result["figures"].get("confusion_as_treated")
    if table is not None:
        level = next((m.level for m in found.values()), 0.95)
        found["flag_rate"] = flag_rate(
            table["true_positive"] + table["false_positive"], sum(table.values()), level=level
        )
    return {name: found[name] for name in SPANNED if name in found}


def of_live_use(counted: Counted, *, level: float) -> dict[str, Measure]:
    """The same measures of one period, by the same functions.

    Sensitivity and specificity are refused unless every answer was held against the truth: which results get judged
    may depend on what they say, and of the flagged ones alone no sensitivity can be told (as in an evaluation).
    """
    table = counted.confusion
    up, down = table["true_positive"], table["true_negative"]
    found = {
        "failure_rate": _share("failure_rate", counted.silent, counted.sent, "no study was sent", level),
        "flag_rate": flag_rate(counted.flagged, counted.answered, level=level),
    }
    found["case_failure_rate"] = replace(found["failure_rate"], measure="case_failure_rate")
    found |= {m.measure: m for m in _answer_times(counted, level)}
    judged = {
        "ppv": (up, up + table["false_positive"]),
        "sensitivity": (up, up + table["false_negative"]),
        "specificity": (down, down + table["false_positive"]),
    }
    open_ones = counted.answered - sum(table.values())
    for name, (hits, n) in judged.items():
        treated = f"{name}_as_treated"
        if open_ones > 0 and name != "ppv":
            because = f"{open_ones} of {counted.answered} answers were not held against the truth"
            found[treated] = Measure.not_measurable(treated, because=because, n=n)
        else:
            found[treated] = _share(treated, hits, n, EMPTY[name], level)
    return found


def _answer_times(counted: Counted, level: float) -> list[Measure]:
    """As in an evaluation (`answering.answer_times`), from counts on bins: as near as half a bin."""
    took = np.repeat([m for m, _ in counted.took], [n for _, n in counted.took]).astype(np.float64)
    minutes = np.concatenate([took, np.full(counted.silent, np.nan)])
    return answer_times(minutes, np.arange(len(minutes)) < len(took), level=level)


def flag_rate(flagged: int, answered: int, *, level: float) -> Measure:
    """Which share of the answers flags something? Wilson's interval, as every share of an evaluation."""
    return _share("flag_rate", flagged, answered, "no result holds a decision", level)


def _share(name: str, hits: int, n: int, empty: str, level: float) -> Measure:
    return proportion(name, np.arange(n) < hits, level=level, empty=empty)


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
