"""Which of these products is better, by one plan? Results side by side, with the differences and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from alarp.evaluation.pairing import Pairing
from alarp.evaluation.pieces import (
    Row,
    Story,
    claim_words,
    find,
    name_of,
    outcome_words,
    section,
    show,
    table,
)
from alarp.kernel import BadInput

_VARIANTS = ("_best_case", "_worst_case", "_as_treated", "_guarded")
_WITH_UNITS = ("_mm", "_ml", "_min", "_s", "_gy", "_percent")
_RATIOS = ("lr_", "likelihood_ratio", "odds_ratio", "observed_to_expected")
MOST_IN_CHART = 12
UNPAIRED = "square-and-add, as for different cases"
Pairings = Mapping[str, Pairing]  # by the other entry's label: its cases against the first entry's


@dataclass(frozen=True, slots=True)
class Entry:
    """One result and what it is called here; `truth` is the digest of the cases it was measured on."""

    label: str
    result: Mapping[str, Any]
    truth: str


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much does one product's measure exceed the first one's, between which bounds?"""

    estimate: float
    low: float | None
    high: float | None
    method: str = UNPAIRED

    @property
    def sentence(self) -> str:
        """'+0.041 (-0.010 to +0.092)'"""
        if self.low is None or self.high is None:
            return f"{self.estimate:+.3f}"
        return f"{self.estimate:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


def difference(first: Row, other: Row) -> Difference | None:
    """By how much does the other estimate exceed the first, given each one's own interval?

    MOVER, the square-and-add of both intervals' arms (Zou and Donner 2008, doi:10.1002/sim.3095), as for two
    independent samples: where both products read the same cases it is too wide rather than too narrow (unless their
    errors exclude each other). None when one of them is not measurable; without bounds when one has none.
    """
    a, b = first["estimate"], other["estimate"]
    if a is None or b is None:
        return None
    bounds = (first["low"], first["high"], other["low"], other["high"])
    if any(bound is None for bound in bounds):
        return Difference(b - a, None, None)
    low_a, high_a, low_b, high_b = bounds
    return Difference(
        b - a,
        b - a - sqrt((b - low_b) ** 2 + (high_a - a) ** 2),
        b - a + sqrt((high_b - b) ** 2 + (a - low_a) ** 2),
    )


def beside(entries: Sequence[Entry], pairings: Pairings | None = None) -> Story:
    """Which story do these results tell side by side? Raises BadInput unless they follow one plan.

    `pairings` are those of the first entry with each other one (`alarp.evaluation.pairing`); a difference that is
    paired there is told with its paired interval, every other one as if the cases were different ones.
    """
    known = pairings or {}
    if len(entries) < 2:
        raise BadInput("One result stands alone: choose at least two to compare.")
    if len({e.label for e in entries}) < len(entries):
        raise BadInput("Two results have the same name: a comparison needs to tell them apart.")
    if len({e.result["protocol"]["plan_hash"] for e in entries}) > 1:
        raise BadInput("These results follow different plans: only results of one plan stand side by side.")
    measures = _shared(entries)
    first = entries[0]
    return {
        "title": "Products side by side",
        "lead": f"{len(entries)} results of one plan: {first.result['protocol']['title']}.",
        "warnings": _warnings(entries),
        "summary": _summary(entries, measures, known),
        "claims": _claims(entries),
        "sections": [
            section(
                "Measures side by side",
                paragraphs=_how(entries, known),
                charts=_charts(entries, measures),
                tables=[
                    _measures_table(entries, measures),
                    _differences_table(entries, measures, known),
                    _structures_table(entries, known),
                    _outcomes_table(entries),
                ],
            )
        ],
        "provenance": [[f"Protocol hash, {e.label}", e.result["protocol"]["hash"]] for e in entries],
    }


def _shared(entries: Sequence[Entry]) -> list[str]:
    """Which measures over all cases do at least two results have, in the order of the first?"""
    names: dict[str, int] = {}
    for entry in entries:
        for row in entry.result["measures"]:
            if row["subgroup"] == "all" and not row["measure"].endswith(_VARIANTS):
                names[row["measure"]] = names.get(row["measure"], 0) + 1
    return [name for name, times in names.items() if times > 1]


def _one_truth(entries: Sequence[Entry]) -> bool:
    return len({e.truth for e in entries}) == 1 and entries[0].truth != ""


def _how(entries: Sequence[Entry], pairings: Pairings) -> list[str]:
    first = entries[0].label
    told = [
        f"A difference is that to {first}: how much more it is than there. No interval is widened for the number of "
        "measures that are looked at."
    ]
    for entry in entries[1:]:
        pairing = pairings.get(entry.label)
        told.append(f"{entry.label} and {first}. {pairing.sentence if pairing else _unknown(entries)}")
    if any(p.comparisons for p in pairings.values()):
        told.append(
            "Paired: what is hard about a case is hard for both, so each difference is taken on the same cases. Where "
            "no paired method exists (predictive values have other denominators for each product), and where the cases "
            "differ, the two intervals are joined (square-and-add), which is too wide rather than too narrow."
        )
    return told


def _unknown(entries: Sequence[Entry]) -> str:
    if _one_truth(entries):
        return "Not paired: the single cases are not at hand, so the interval is, if anything, too wide."
    return "Not paired: they were measured on different cases, so a difference may be one of the cases."


def _warnings(entries: Sequence[Entry]) -> list[str]:
    said = []
    exploratory = [e.label for e in entries if e.result["protocol"].get("exploratory", True)]
    if exploratory:
        said.append(f"Exploratory, run before the protocol was locked: {', '.join(exploratory)}.")
    if not _one_truth(entries):
        said.append("The results come from different cases.")
    return said


def _summary(entries: Sequence[Entry], measures: Sequence[str], pairings: Pairings) -> list[str]:
    said = []
    for entry in entries:
        claims = entry.result["claims"]
        met = sum(claim["status"] == "met" for claim in claims)
        kept = f"{met} of {len(claims)} claims met" if claims else "no claim"
        said.append(f"{entry.label}: {kept}, {entry.result['enrolled']} enrolled.")
    clear = [
        f"{name_of(measure)} of {entry.label} is {'higher' if found.estimate > 0 else 'lower'} than that of "
        f"{entries[0].label}: {found.sentence}."
        for entry in entries[1:]
        for measure in measures
        if (found := _between(entries[0], entry, measure, pairings)) is not None and _is_clear(found)
    ]
    return [*said, *(clear or ["No measure differs by more than chance explains."])]


def _is_clear(found: Difference) -> bool:
    return found.low is not None and found.high is not None and (found.low > 0 or found.high < 0)


def _between(first: Entry, other: Entry, measure: str, pairings: Pairings) -> Difference | None:
    if measure.startswith(_RATIOS):  # a ratio is compared by a ratio; the table shows both
        return None
    pairing = pairings.get(other.label)
    for row in pairing.comparisons if pairing else ():
        if row.measure == measure and row.difference is not None:
            return Difference(row.difference, row.low, row.high, row.method)
    one, two = find(first.result, measure), find(other.result, measure)
    return difference(one, two) if one is not None and two is not None else None


def _cell(entry: Entry, measure: str) -> str:
    row = find(entry.result, measure)
    if row is None:
        return "–"
    if row["estimate"] is None:
        return f"not measurable: {row['because']}" if row["because"] else "not measurable"
    if row["low"] is None:
        return f"{show(row['estimate'])}, n = {row['n']}"
    return f"{show(row['estimate'])} ({show(row['low'])} to {show(row['high'])}), n = {row['n']}"


def _measures_table(entries: Sequence[Entry], measures: Sequence[str]) -> dict[str, Any]:
    rows = [[name_of(measure), *(_cell(e, measure) for e in entries)] for measure in measures]
    return table("Each measure, with its interval", ["Measure", *(e.label for e in entries)], rows)


def _differences_table(
    entries: Sequence[Entry], measures: Sequence[str], pairings: Pairings
) -> dict[str, Any]:
    rows = [
        [name_of(measure), entry.label, found.sentence, found.method]
        for entry in entries[1:]
        for measure in measures
        if (found := _between(entries[0], entry, measure, pairings)) is not None
    ]
    columns = ["Measure", "Product", f"Minus {entries[0].label}", "Interval by"]
    return table("By how much each differs", columns, rows)


def _structures_table(entries: Sequence[Entry], pairings: Pairings) -> dict[str, Any]:
    """Structure by structure, where outlines were paired."""
    rows = [
        [structure, name_of(measure), entry.label, Difference(row.difference, row.low, row.high).sentence]
        for entry in entries[1:]
        if entry.label in pairings
        for row in pairings[entry.label].comparisons
        for measure, _, structure in [row.measure.partition(", ")]
        if structure and row.difference is not None
    ]
    columns = ["Structure", "Measure", "Product", f"Minus {entries[0].label}"]
    return table("Structure by structure, on the same cases", columns, rows)


def _outcomes_table(entries: Sequence[Entry]) -> dict[str, Any]:
    names: dict[str, None] = {}
    for entry in entries:
        names.update(dict.fromkeys(key for key in entry.result["outcomes"] if key != "enrolled"))
    rows = [
        [outcome_words(name), *(str(e.result["outcomes"].get(name, 0)) for e in entries)] for name in names
    ]
    rows.append(["enrolled", *(str(e.result["enrolled"]) for e in entries)])
    return table("What became of every case", ["Outcome", *(e.label for e in entries)], rows)


def _claims(entries: Sequence[Entry]) -> dict[str, Any]:
    """Which product met which claim? One line a claim; one plan has one list of claims."""
    signs = {"met": "✓ met", "not met": "✗ not met", "not measurable": "? not measurable"}
    rows = []
    for number, claim in enumerate(entries[0].result["claims"]):
        answers = []
        for entry in entries:
            given = entry.result["claims"][number]
            answers.append(f"{signs[given['status']]} ({show(given['found'])})")
        rows.append([claim_words(claim), *answers])
    return table("What was claimed and what we found", ["Claim", *(e.label for e in entries)], rows)


def _charts(entries: Sequence[Entry], measures: Sequence[str]) -> list[dict[str, Any]]:
    """A forest of the measures that are shares of 1; those with a unit stand in the table alone."""
    rows = []
    shares = [m for m in measures if not m.endswith(_WITH_UNITS) and not m.startswith(_RATIOS)]
    for measure in shares[:MOST_IN_CHART]:
        for entry in entries:
            row = find(entry.result, measure)
            if row is not None and _on_the_scale(row):
                rows.append(
                    {
                        "label": f"{name_of(measure).partition(' (')[0]}: {entry.label}",
                        **{key: row[key] for key in ("estimate", "low", "high", "n")},
                        "weak": False,
                    }
                )
    if not rows:
        return []
    body = [[r["label"], show(r["estimate"]), show(r["low"]), show(r["high"]), str(r["n"])] for r in rows]
    title = "The products, measure by measure"
    return [
        {
            "chart": "forest",
            "title": title,
            "description": "Each product's number with its interval, one measure after the other; the table holds the digits.",
            "x_title": "Estimate with its interval",
            "rows": rows,
            "table": table(title, ["Measure and product", "Estimate", "Low", "High", "n"], body),
        }
    ]


def _on_the_scale(row: Row) -> bool:
    values = (row["estimate"], row["low"], row["high"])
    return all(value is not None and 0 <= value <= 1 for value in values)
