"""Which tables show a cost case? Captions, columns and rows of text, made from the finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alarp.economics.words import count, minutes, number, pounds

Row = Mapping[str, Any]
SCENARIOS = ("low", "expected", "high")
KINDS = {
    "local": "our own data",
    "supplier": "the supplier says",
    "published": "published",
    "assumption": "assumption",
}


def table(caption: str, columns: list[str], rows: Iterable[list[str]], note: str = "") -> dict[str, Any]:
    """A table as data: the first cell of a row heads it."""
    return {"caption": caption, "columns": columns, "rows": list(rows), "note": note}


def line_name(slug: str) -> str:
    """'training-and-backfill' → 'Training and backfill'."""
    return slug.replace("-", " ").capitalize()


def volumes(found: Row) -> dict[str, Any]:
    """What does it cost at the three volumes?"""
    v = [found["volumes"][name] for name in SCENARIOS]
    years = found["years"]

    def row(label: str, key: str) -> list[str]:
        return [label, *("not measurable" if x[key] is None else pounds(x[key]) for x in v)]

    return table(
        f"Over {years} years at three volumes",
        [
            "",
            *(
                f"{name.capitalize()}: {count(found['volumes'][name]['volume_a_year'])} a year"
                for name in SCENARIOS
            ),
        ],
        [
            row("Whole-life cost", "cost"),
            row("Licence only", "licence"),
            row("Beside the licence", "hidden"),
            row("Benefit, cash-releasing", "cash_benefit"),
            row("Benefit, not cash-releasing", "other_benefit"),
            row("Net", "net"),
            row("Whole-life cost, in today's money", "cost_discounted"),
            row("Net, in today's money", "net_discounted"),
            row("Net in cash, in today's money", "cash_net_discounted"),
            row(f"Cost per {found['study']}", "cost_a_study"),
            row(f"Licence per {found['study']}", "licence_a_study"),
        ],
    )


def cash_flow(found: Row, scenario: str = "expected") -> dict[str, Any]:
    """What is paid and gained in each year?"""
    here = found["volumes"][scenario]
    rows = [
        [
            str(y["year"]),
            pounds(y["cost"]),
            pounds(y["cash_benefit"]),
            pounds(y["other_benefit"]),
            pounds(y["net"]),
            f"{y['factor']:.4f}",
            pounds(y["net_discounted"]),
        ]
        for y in here["years"]
    ]
    total = ["All", *(pounds(here[key]) for key in ("cost", "cash_benefit", "other_benefit", "net")), ""]
    return table(
        f"Cash flow at the {scenario} volume ({count(here['volume_a_year'])} {found['studies']} a year)",
        ["Year", "Cost", "Cash benefit", "Other benefit", "Net", "Factor", "Net today"],
        [*rows, [*total, pounds(here["net_discounted"])]],
        note="Year 0 is before use. Costs are positive; net is benefit less cost.",
    )


def lines(found: Row) -> dict[str, Any]:
    """What does each line cost over the whole life, at each volume?"""
    slugs = list(found["volumes"]["expected"]["lines"])
    rows = [
        [line_name(slug), *(pounds(found["volumes"][name]["lines"].get(slug, 0)) for name in SCENARIOS)]
        for slug in slugs
        if slug != "recalls" or found["volumes"]["expected"]["recalls"] is not None
    ]
    return table(
        f"Every line over {found['years']} years",
        ["Line", *(name.capitalize() for name in SCENARIOS)],
        rows,
    )


def break_even(found: Row, scenario: str = "expected") -> dict[str, Any]:
    """What must be reached, counting less or more?"""
    here = found["volumes"][scenario]
    labels = {
        "licence only": "Licence only",
        "running": "Licence and running",
        "whole life": "Whole life",
    }

    def needed(b: Row) -> str:
        value = b["minutes_a_study"]
        return f"not measurable: {b['minutes_because']}" if value is None else f"{minutes(value)} min"

    def volume(b: Row) -> str:
        if b["volume_a_year"] is None:
            return f"not measurable: {b['volume_because']}"
        return "any" if not b["volume_a_year"] else f"{count(b['volume_a_year'])} a year"

    return table(
        f"Break-even at the {scenario} volume",
        [
            "Counting",
            f"Cost per {found['study']}, today",
            f"Saved per {found['study']} needed",
            "Volume needed",
        ],
        [
            [
                labels[b["counts"]],
                "–" if b["cost_a_study"] is None else f"£{b['cost_a_study']:,.2f}",
                needed(b),
                volume(b),
            ]
            for b in here["break_even"]
        ],
        note=f"Minutes are realised ones; the case expects {minutes(here['break_even'][0]['minutes_expected'])} per {found['study']}.",
    )


def recalls(found: Row) -> dict[str, Any]:
    """What does the changed recall rate do in a year, at each volume?"""
    v = [found["volumes"][name]["recalls"] for name in SCENARIOS]

    def row(label: str, *path: str) -> list[str]:
        cells = []
        for found_here in v:
            value: Any = found_here
            for key in path:
                value = value[key]
            cells.append("not measurable" if value is None else count(round(value, 1)))
        return [label, *cells]

    return table(
        "Recalls in a year",
        ["", *(name.capitalize() for name in SCENARIOS)],
        [
            row("Assessments before", "before", "assessments"),
            row("Assessments with the tool", "after", "assessments"),
            row("Additional assessments", "extra_assessments"),
            row("Additional clinic sessions", "extra_sessions"),
            ["Additional cost", *(pounds(x["extra_cost"]) for x in v)],
            row("Additional people worried for nothing", "extra_worried"),
            row("Additional people found", "extra_true_positives"),
            row("Worried for each one found, before", "before", "worried_per_true_positive"),
            row("Worried for each one found, with the tool", "after", "worried_per_true_positive"),
            row("Worried for each additional one found", "worried_per_extra_true_positive"),
            [
                "Net cost for each additional one found",
                *(
                    "not measurable" if x is None else pounds(x)
                    for x in (found["volumes"][n]["cost_per_extra_true_positive"] for n in SCENARIOS)
                ),
            ],
        ],
        note=v[1]["because"] and f"Not measurable: {v[1]['because']}.",
    )


def figures(found: Row) -> dict[str, Any]:
    """Which figures does the case rest on, and who says so?"""
    return table(
        "Every figure",
        ["Figure", "Value", "Range", "Who says so", "Source"],
        [
            [
                f["name"],
                f"{number(f['value'])} {f['unit']}",
                _range(f),
                KINDS[f["kind"]],
                f["source"],
            ]
            for f in found["figures"]
        ],
    )


def assumptions(found: Row) -> dict[str, Any]:
    """Which of them are assumptions?"""
    return table(
        "Assumptions among them",
        ["Figure", "Assumed", "Whose, and why"],
        [
            [f["name"], f"{number(f['value'])} {f['unit']}", f["source"]]
            for f in found["figures"]
            if f["kind"] == "assumption"
        ],
    )


def nothing(found: Row) -> dict[str, Any]:
    """Which required lines cost nothing, and why?"""
    return table(
        "Lines that cost nothing, with the reason",
        ["Line", "Reason"],
        [[f"{line_name(n['line'])}", n["because"]] for n in found["nothing"]],
    )


def _range(figure: Row) -> str:
    if figure["low"] is None and figure["high"] is None:
        return "–"
    low = figure["value"] if figure["low"] is None else figure["low"]
    high = figure["value"] if figure["high"] is None else figure["high"]
    return f"{number(low)} to {number(high)}"
