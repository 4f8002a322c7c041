"""Which pictures show a cost case? Charts as data, each with its title, its description and its table."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from alarp.economics import tables
from alarp.economics.tables import SCENARIOS, line_name
from alarp.economics.words import count, minutes, number, pounds

Row = Mapping[str, Any]
MOST_PARTS = 7  # more parts than these cannot be told apart; the rest is one part, the table has them all
MOST_SWINGS = 12


def by_volume(found: Row) -> dict[str, Any]:
    """How much of the money is licence, and how much goes elsewhere, at each volume?"""
    v = found["volumes"]
    parts = ["Licence", "Set-up", "Running", "Recalls", "Exit"]
    amounts = {n: dict(zip(parts, _phases(v[n]), strict=True)) for n in SCENARIOS}
    kept = [part for part in parts if any(amounts[n][part] for n in SCENARIOS)]
    names = {n: f"{n} {count(v[n]['volume_a_year'])}" for n in SCENARIOS}
    said = "; ".join(
        f"{n} volume {pounds(v[n]['cost'])}, {pounds(v[n]['licence'])} of it licence" for n in SCENARIOS
    )
    return {
        "chart": "stacked",
        "title": f"Whole-life cost against licence only, {found['years']} years",
        "description": f"{said}.",
        "x_title": f"Volume, {found['studies']} a year",
        "width": 260,
        "y_title": f"Paid over {found['years']} years (£)",
        "parts": kept,
        "rows": [
            {"x": names[n], "part": part, "amount": amounts[n][part]} for n in SCENARIOS for part in kept
        ],
        "table": tables.table(
            "What the money is for, at each volume",
            ["", *(names[n].capitalize() for n in SCENARIOS)],
            [
                *([part, *(pounds(amounts[n][part]) for n in SCENARIOS)] for part in kept),
                ["Whole life", *(pounds(v[n]["cost"]) for n in SCENARIOS)],
            ],
        ),
    }


def _phases(here: Row) -> tuple[float, ...]:
    """Licence, set-up, running, recalls, exit: the phases of the money at one volume."""
    set_up, run, leave = (here["phases"][name] for name in ("set-up", "run", "exit"))
    recalls = here["lines"].get("recalls", 0)
    return here["licence"], set_up, round(run - here["licence"] - recalls, 2), recalls, leave


def cumulative(found: Row) -> dict[str, Any]:
    """What has been paid by the end of each year, at each volume?"""
    runs = {n: list(accumulate(y["cost"] for y in found["volumes"][n]["years"])) for n in SCENARIOS}
    ends = ", ".join(f"{pounds(runs[n][-1])} at the {n} volume" for n in SCENARIOS)
    return {
        "chart": "lines",
        "title": "What has been paid by the end of each year",
        "description": f"Cumulative cost over {found['years']} years: {ends}.",
        "x_title": "Year",
        "y_title": "Paid so far (£)",
        "series": _apart(
            [
                {"label": n, "points": [{"x": i, "y": v} for i, v in enumerate(runs[n])]}
                for n in reversed(SCENARIOS)
            ]
        ),
        "table": tables.table(
            "Paid by the end of each year",
            ["Year", *(n.capitalize() for n in SCENARIOS)],
            [[str(i), *(pounds(runs[n][i]) for n in SCENARIOS)] for i in range(found["years"] + 1)],
        ),
    }


def _apart(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Volumes that cost the same are one line with both names, not two on top of each other."""
    merged: list[dict[str, Any]] = []
    for line in series:
        same = next((m for m in merged if m["points"] == line["points"]), None)
        if same is None:
            merged.append(line)
        else:
            same["label"] = f"{same['label']}, {line['label']}"
    return merged


def yearly(found: Row) -> dict[str, Any]:
    """What is each year's money for, at the expected volume?"""
    here = found["volumes"]["expected"]
    totals = {
        slug: abs(v) for slug, v in here["lines"].items() if any(y["lines"][slug] for y in here["years"])
    }
    dearest = sorted((s for s in totals if s != "licence"), key=lambda s: -totals[s])
    kept = dearest if len(dearest) < MOST_PARTS else dearest[: MOST_PARTS - 2]
    names = {slug: line_name(slug) for slug in ("licence", *kept) if slug in totals}
    rest = [slug for slug in totals if slug not in names]
    parts = [*names.values(), *(["Other lines"] if rest else [])]
    rows = []
    for y in here["years"]:
        for slug, name in names.items():
            rows.append({"x": str(y["year"]), "part": name, "amount": y["lines"][slug]})
        if rest:
            rows.append(
                {"x": str(y["year"]), "part": "Other lines", "amount": sum(y["lines"][s] for s in rest)}
            )
    return {
        "chart": "stacked",
        "title": "What each year's money is for, at the expected volume",
        "description": f"{pounds(here['licence'])} for the licence and {pounds(here['hidden'])} beside it.",
        "x_title": "Year",
        "y_title": "Paid in the year (£)",
        "parts": parts,
        "rows": rows,
        "table": tables.table(
            "Each year by line, expected volume",
            ["Line", *(f"Year {y['year']}" for y in here["years"])],
            [[line_name(s), *(pounds(y["lines"][s]) for y in here["years"])] for s in totals],
        ),
    }


def break_even(found: Row) -> dict[str, Any] | None:
    """How many minutes must really be saved, counting the licence alone, and counting everything?"""
    here = found["volumes"]["expected"]["break_even"]
    if any(b["minutes_a_study"] is None for b in here):
        return None
    labels = {"licence only": "Licence only", "running": "Licence and running", "whole life": "Whole life"}
    rows = [
        {"label": labels[b["counts"]], "value": b["minutes_a_study"], "text": minutes(b["minutes_a_study"])}
        for b in here
    ]
    expected = here[0]["minutes_expected"]
    said = "; ".join(f"{r['label'].lower()} {r['text']}" for r in rows)
    return {
        "chart": "needed",
        "title": f"Minutes per {found['study']} that must really be saved to pay for it",
        "description": f"{said}; the case expects {minutes(expected)}.",
        "x_title": f"Minutes per {found['study']}",
        "rows": rows,
        "expected": {"value": expected, "label": f"expected {minutes(expected)}"},
        "table": tables.break_even(found),
    }


def tornado(found: Row) -> dict[str, Any] | None:
    """What moves the net present value most?"""
    swings = [s for s in found["tornado"] if s["net_at_low"] != s["net_at_high"]][:MOST_SWINGS]
    if not swings:
        return None
    centre = found["volumes"]["expected"]["net_discounted"]
    first = swings[0]
    return {
        "chart": "tornado",
        "title": "What moves the net present value most",
        "description": f"{first['name']} moves it most: from {pounds(first['net_at_low'])} to "
        f"{pounds(first['net_at_high'])}, around {pounds(centre)}.",
        "x_title": "Net present value (£)",
        "centre": centre,
        "rows": [
            {"label": label, "at_low": s["net_at_low"], "at_high": s["net_at_high"]}
            for label, s in zip(_labels(swings), swings, strict=True)
        ],
        "table": tables.table(
            "Net present value at the ends of each figure's range",
            ["Figure", "Low", "High", "Net at low", "Net at high"],
            [
                [
                    s["name"],
                    f"{number(s['low'])} {s['unit']}",
                    f"{number(s['high'])} {s['unit']}",
                    pounds(s["net_at_low"]),
                    pounds(s["net_at_high"]),
                ]
                for s in swings
            ],
            note=f"At the case's own figures it is {pounds(centre)}.",
        ),
    }


def _labels(swings: list[Row]) -> list[str]:
    """Short names, no two alike: two figures of one name would be drawn as one bar."""
    short = [s["name"] if len(s["name"]) <= 32 else s["name"][:31].rstrip() + "…" for s in swings]
    return [name if short.count(name) == 1 else f"{name} {i}" for i, name in enumerate(short, 1)]
