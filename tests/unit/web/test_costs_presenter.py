"""The page on cost says the answer first, and shows the options on the same criteria."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alarp.economics import Option, OptionKind, appraise, read_case, read_text, story
from alarp.standards.economics import load_economics
from alarp.web.costs import forms, presenters

CASES = Path(__file__).resolve().parents[3] / "src" / "alarp" / "demo" / "cases"
RULES = load_economics()
CRITERIA = tuple((c.slug, c.title, c.asks) for c in RULES.criteria)


@pytest.fixture(scope="module")
def shown() -> presenters.CostPage:
    table = read_text((CASES / "cost-noduleflag.yaml").read_text("utf-8"))
    result = appraise(read_case(table, RULES), RULES).as_dict()
    case = SimpleNamespace(
        number=2,
        by="Liam Byrne",
        at=datetime(2026, 11, 22, tzinfo=UTC),
        version="NoduleFlag 2.1.0",
        digest="presenter",
        result=result,
    )
    return presenters.cost_page(case, story(result), "low")


def test_the_answer_sets_the_whole_life_against_the_licence_at_the_expected_volume(
    shown: presenters.CostPage,
) -> None:
    assert shown.answer == (
        "Over 5 years, at the expected 12,000 films a year, it costs £171,714, not the £69,374 of the licence: "
        "60 % of the money goes elsewhere."
    )


@pytest.mark.need("P06")
def test_a_funding_cliff_says_when_the_money_ends_and_by_when_to_decide(shown: presenters.CostPage) -> None:
    assert shown.cliff
    assert "The money ends after 24 months on 1 January 2029" in shown.funding
    assert "Decide to stop or extend by 1 July 2028." in shown.funding


def test_the_chosen_volume_is_the_one_of_the_cash_flow(shown: presenters.CostPage) -> None:
    assert [s.name for s in shown.switches if s.current] == ["low"]
    assert shown.cash_flow["caption"] == "Cash flow at the low volume (9,000 films a year)"


@pytest.mark.parametrize(("given", "chosen"), [("high", "high"), (None, "expected"), ("<b>", "expected")])
def test_an_unknown_volume_is_the_expected_one(given: str | None, chosen: str) -> None:
    assert presenters.chosen_volume(given) == chosen


@pytest.mark.need("P05", "P09")
def test_every_figure_has_its_source_beside_it_and_every_picture_its_table(
    shown: presenters.CostPage,
) -> None:
    assert set(shown.figures) == {"by_volume", "cumulative", "yearly", "break_even", "tornado"}
    assert all(figure.table.rows for figure in shown.figures.values())
    figures = shown.tables["Every figure"]
    assert figures.columns[-1] == "Source" and len(figures.rows) == shown.counted
    assert all(row[-1].strip() for row in figures.rows)


def option(name: str, kind: OptionKind) -> Option:
    return Option(name, kind, Decimal(0), "nothing", (("benefit", 1), ("risk", 2), ("alignment", 3)), "why")


def test_options_are_shown_on_the_same_criteria_and_say_what_they_lack() -> None:
    made = presenters.options_page(None, [option("Stay", OptionKind.DO_NOTHING)], RULES)
    assert made.columns[0].scores == (("Benefit", 1), ("Risk", 2), ("Fit", 3))
    assert len(made.lacking) == 2 and "without AI" in made.lacking[0]


def filled(**changes: Any) -> forms.OptionForm:
    values = {
        "name": "Stay",
        "kind": "do-nothing",
        "cost": "0",
        "cost_source": "nothing is bought",
        "benefit": "0",
        "risk": "3",
        "alignment": "0",
        "note": "As today.",
    } | changes
    return forms.OptionForm(values, criteria=CRITERIA, best=RULES.best_score)


def test_a_filled_form_is_the_row_that_the_command_takes() -> None:
    form = filled()
    assert form.is_valid(), form.errors
    assert form.row()["risk"] == 3 and form.row()["cost"] == 0


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"cost": ""}, "cost", "Enter the cost over the whole life"),
        ({"cost_source": ""}, "cost_source", "Say where the figure comes from"),
        ({"cost": "-1"}, "cost", "0 or more"),
        ({"benefit": ""}, "benefit", "Benefit: choose a score."),
        ({"benefit": "6"}, "benefit", "6"),
        ({"kind": ""}, "kind", "Choose what sort of way it is."),
    ],
)
def test_a_form_that_lacks_something_says_what(changes: dict[str, str], field: str, says: str) -> None:
    assert says in str(filled(**changes).errors[field])


def test_only_the_tool_itself_may_leave_its_cost_to_the_cost_case() -> None:
    assert filled(kind="ai", cost="", cost_source="").is_valid()
    assert not filled(kind="non-ai", cost="", cost_source="").is_valid()
