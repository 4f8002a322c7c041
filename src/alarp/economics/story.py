"""What must a report on a cost case say? Plain data, made from the finding alone, so that it can be made again.

Laid out by `alarp.report`: title, lead, warnings, summary, sections with paragraphs, charts and tables, provenance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alarp.economics import pictures, tables
from alarp.economics.words import count, day, minutes, months, people, per_study, pounds

Row = Mapping[str, Any]
Story = dict[str, Any]


def story(found: Row, *, provenance: list[list[str]] | None = None) -> Story:
    """Which story does this finding tell? Its own words first, then pictures with their tables, then every figure."""
    return {
        "title": f"Whole-life cost: {found['title']}",
        "lead": f"{found['tool']}. {found['years']} years, {found['prices']}, discounted at "
        f"{100 * found['discount_rate']:g} % a year.",
        "warnings": warnings(found),
        "summary": summary(found),
        "claims": tables.volumes(found),
        "sections": [
            _cost(found),
            _pays(found),
            *_recalls(found),
            *_funding(found),
            _moves(found),
            _figures(found),
        ],
        "provenance": [["Method", found["method"]], ["Rules", found["rules"]], *(provenance or [])],
    }


def answer(found: Row) -> str:
    """The answer in one sentence: everything against the licence alone, at the expected volume."""
    e = found["volumes"]["expected"]
    if not e["licence"]:
        return (
            f"{found['title']} costs {pounds(e['cost'])} over {found['years']} years at the expected "
            f"{count(e['volume_a_year'])} {found['studies']} a year; the licence alone is free."
        )
    share = 100 * e["hidden"] / e["cost"] if e["cost"] else 0
    return (
        f"Over {found['years']} years, at the expected {count(e['volume_a_year'])} {found['studies']} a year, it costs "
        f"{pounds(e['cost'])}, not the {pounds(e['licence'])} of the licence: {share:.0f} % of the money goes elsewhere."
    )


def worth(found: Row) -> str:
    """Does it pay? The net present value, and how much of it is cash."""
    e = found["volumes"]["expected"]
    net, cash = e["net_discounted"], e["cash_net_discounted"]
    word = "brings" if net >= 0 else "costs"
    text = f"In today's money it {word} {pounds(abs(net))} net, time saved counted as worth its wage"
    return text + f"; in cash alone it {'brings' if cash >= 0 else 'costs'} {pounds(abs(cash))}."


def pays(found: Row) -> str:
    """How many minutes must be saved: for the licence alone, and for everything?"""
    first, _, whole = found["volumes"]["expected"]["break_even"]
    one = found["study"]
    if whole["minutes_a_study"] is None:
        return f"Break-even in minutes is not measurable: {whole['minutes_because']}."
    return (
        f"The licence alone pays from {minutes(first['minutes_a_study'])} minutes really saved per {one}; everything pays "
        f"from {minutes(whole['minutes_a_study'])}. The case expects {minutes(whole['minutes_expected'])}."
    )


def recall_sentence(found: Row) -> str:
    """How many more people are called back and worry?"""
    r = found["volumes"]["expected"]["recalls"]
    if r is None:
        return f"Nobody is called back because of it: {found['no_recalls_because']}."
    more = r["extra_assessments"]
    after = r["after"]["worried_per_true_positive"]
    text = (
        f"{people(abs(more))} {'more' if more >= 0 else 'fewer'} assessments a year ({abs(r['extra_sessions'])} clinic "
        f"sessions, {pounds(abs(r['extra_cost']))}), {people(abs(r['extra_worried']))} "
        f"{'more' if r['extra_worried'] >= 0 else 'fewer'} people without the disease called back"
    )
    text += "." if after is None else f"; {after:.1f} people worry for each one found."
    each = found["volumes"]["expected"]["cost_per_extra_true_positive"]
    return (
        text
        if each is None
        else f"{text} Each additional person found costs {pounds(each)} net, in today's money."
    )


def funding_sentence(found: Row) -> str:
    """When does the money end, and what then?"""
    f = found["funding"]
    if f is None:
        return "The case does not say for how long it is funded: find out before you sign."
    if not f["unfunded_months"]:
        return f"Funded for {months(f['funded_months'])}, the whole contract."
    when = f" on {day(f['ends_on'])}" if f["ends_on"] else ""
    by = day(f["decide_by"]) if f["decide_by"] else f"month {f['decide_by_month']:g}"
    return (
        f"The money ends after {months(f['funded_months'])}{when}; the contract runs "
        f"{months(f['unfunded_months'])} longer and costs {pounds(f['unfunded_cost'])} in that time. "
        f"Decide to stop or extend by {by}."
    )


def warnings(found: Row) -> list[str]:
    """What must nobody overlook?"""
    said = []
    f = found["funding"]
    if f is None or f["unfunded_months"]:
        said.append(funding_sentence(found))
    guesses = [figure for figure in found["figures"] if figure["kind"] == "assumption"]
    if guesses:
        said.append(
            f"{len(guesses)} of {len(found['figures'])} figures are assumptions; they are listed as such."
        )
    if not any(found["volumes"][v]["cash_benefit"] for v in found["volumes"]):
        said.append("No budget falls: nothing of the benefit is cash.")
    return said


def summary(found: Row) -> list[str]:
    """The first page."""
    return [answer(found), worth(found), pays(found), recall_sentence(found)]


def _cost(found: Row) -> dict[str, Any]:
    return _section(
        "What it costs",
        charts=[pictures.by_volume(found), pictures.cumulative(found), pictures.yearly(found)],
        tables=[tables.cash_flow(found), tables.lines(found)],
    )


def _pays(found: Row) -> dict[str, Any]:
    text = [
        "Three questions with three answers. The licence alone is what a supplier's break-even counts. Running adds "
        "what comes back every year. The whole life adds set-up and exit.",
        f"A {found['study']} costs {per_study(found)}.",
    ]
    chart = pictures.break_even(found)
    return _section(
        "When it pays",
        paragraphs=text,
        charts=[chart] if chart else [],
        tables=[] if chart else [tables.break_even(found)],
    )


def _recalls(found: Row) -> list[dict[str, Any]]:
    if found["volumes"]["expected"]["recalls"] is None:
        return [_section("Recalls", paragraphs=[recall_sentence(found)])]
    return [_section("Recalls", paragraphs=[recall_sentence(found)], tables=[tables.recalls(found)])]


def _funding(found: Row) -> list[dict[str, Any]]:
    return [_section("How long the money lasts", paragraphs=[funding_sentence(found)])]


def _moves(found: Row) -> dict[str, Any]:
    chart = pictures.tornado(found)
    if chart is None:
        text = "No figure but the volume has a low and a high, so nothing can be moved: give ranges."
        return _section("What moves the answer", paragraphs=[text])
    text = "Each figure goes to the ends of its own range while all others stay. The widest bar matters most."
    return _section("What moves the answer", paragraphs=[text], charts=[chart])


def _figures(found: Row) -> dict[str, Any]:
    return _section(
        "Every figure and its source",
        paragraphs=list(found["cautions"]),
        tables=[tables.figures(found), tables.assumptions(found), tables.nothing(found)],
    )


def _section(heading: str, **parts: list[Any]) -> dict[str, Any]:
    return {"heading": heading, "paragraphs": [], "charts": [], "tables": []} | parts
