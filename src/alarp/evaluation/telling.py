"""What does a report say of subgroups? For whom it may not work, the forest, and the gaps with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alarp.evaluation import pieces
from alarp.evaluation.pieces import Row

WHOM = "For whom it may not work: "


def for_whom(result: Row, *, lower_is_worse: bool = False) -> str:
    """For whom may it not work? Any gap that stood after all questions were counted, whichever its side; where lower is
    worse for every measure that is compared, only those."""
    found = [c for c in result["comparisons"] if c["b"] == "rest"]
    if not found:
        return WHOM + "no subgroup was compared, so nobody can tell."
    by_measure: dict[str, list[str]] = {}
    for c in found:
        if c["flag"] == "gap" and (c["difference"] < 0 or not lower_is_worse):
            by_measure.setdefault(c["measure"], []).append(f"{_side(c['difference'])} for {c['a']}")
    gaps = [
        f"{pieces.name_of(measure)} is {', '.join(sides)} than for the rest"
        for measure, sides in by_measure.items()
    ]
    few = sorted({c["a"] for c in found if c["flag"].startswith("too few")})
    text = WHOM + ("; ".join(gaps) if gaps else "no subgroup was shown to differ from the rest")
    return text + (f"; too few to tell for {', '.join(few)}." if few else ".")


def _side(difference: float) -> str:
    return f"{'lower' if difference < 0 else 'higher'} by {abs(difference):.2g}"


def forest(result: Row, measure: str) -> dict[str, Any] | None:
    """Which forest shows this share for every group? None when only one group has a number."""
    lines = [r for r in result["measures"] if r["measure"] == measure and r["estimate"] is not None]
    if len(lines) < 2:
        return None
    name = pieces.name_of(measure)
    keys = ("estimate", "low", "high", "n")
    return {
        "chart": "forest",
        "title": f"{name} by subgroup",
        "description": "; ".join(f"{r['subgroup']} {pieces.show(r['estimate'])}" for r in lines) + ".",
        "x_title": name,
        "rows": [
            {"label": r["subgroup"], "weak": r["because"].startswith("too few")} | {k: r[k] for k in keys}
            for r in lines
        ],
        "table": pieces.measures_table(f"{name} by subgroup", lines, by_subgroup=True),
    }


def gaps_table(result: Row) -> dict[str, Any]:
    """Which gaps were looked for, and which stood?"""
    rows = [c for c in result["comparisons"] if c["b"] == "rest"]
    return pieces.table(
        "Gap of each subgroup against the rest",
        ["Group", "Measure", "Difference", "Interval", "p (Holm)", "Verdict"],
        [
            [
                c["a"],
                pieces.name_of(c["measure"]),
                pieces.show(c["difference"]),
                pieces.interval(c),
                pieces.show(c["p"]),
                c["flag"],
            ]
            for c in rows
        ],
        note="Two-sided p values, adjusted for the number of comparisons by Holm's method.",
    )


def comparison_table(caption: str, rows: list[Row], note: str = "") -> dict[str, Any]:
    """Which table shows these differences? Signed, with interval, p, and what must be known."""
    body = [
        [
            pieces.name_of(c["measure"]),
            f"{c['a']} minus {c['b']}",
            "–" if c["difference"] is None else f"{c['difference']:+.3f}",
            pieces.interval(c),
            _p(c["p"]),
            "; ".join(t for t in (c["method"], c["flag"]) if t),
        ]
        for c in rows
    ]
    return pieces.table(
        caption, ["Measure", "Compared", "Difference", "Interval", "p", "Method or reason"], body, note=note
    )


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def variants_table(result: Row, measures: Sequence[str]) -> dict[str, Any]:
    """How do the numbers move under other ways of counting a missing answer? One line a measure."""
    found = {row["measure"]: row for row in result["measures"] if row["subgroup"] == "all"}
    endings = {"_best_case": "Best case", "_worst_case": "Worst case", "_as_treated": "As treated"}
    rows = []
    for measure in measures:
        own = [found.get(measure + ending) for ending in endings]
        if any(row is not None for row in own):
            rows.append([pieces.name_of(measure), *(_with_interval(row) for row in own)])
    return pieces.table(
        "The same under other ways of counting missing answers", ["Measure", *endings.values()], rows,
        note="Estimate (interval). A dash: not measured in this way.",
    )  # fmt: skip


def _with_interval(row: Row | None) -> str:
    if row is None or row["estimate"] is None:
        return "–"
    bounds = "" if row["low"] is None or row["high"] is None else f" ({pieces.interval(row)})"
    return f"{pieces.show(row['estimate'])}{bounds}"


def subgroups(result: Row, *, forests: Sequence[str], tabled: Sequence[str]) -> dict[str, Any] | None:
    """Which section tells how the groups fare? None when the protocol names no group."""
    rows = [row for row in result["measures"] if "=" in row["subgroup"]]
    if not rows:
        return None
    charts = [chart for measure in forests if (chart := forest(result, measure)) is not None]
    tables = [
        pieces.measures_table(f"{pieces.name_of(measure)} by subgroup", own, by_subgroup=True)
        for measure in tabled
        if (own := [row for row in rows if row["measure"] == measure])
    ]
    return pieces.section("Subgroups", charts=charts, tables=[*tables, gaps_table(result)])
