"""A cost case that lacks something, or holds something absurd, is refused in one sentence that names the line."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from cost_makers import RECALLS, REQUIRED, figure, table
from hypothesis import given, settings
from hypothesis import strategies as st

from alarp.economics import appraise, read_case, read_text, story
from alarp.kernel import BadInput
from alarp.standards.economics import load_economics


def refusal(made: Any) -> str:
    with pytest.raises(BadInput) as refused:
        read_case(made, load_economics())
    sentence = str(refused.value)
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def without_line(slug: str) -> dict[str, Any]:
    made = table()
    made["lines"] = [line for line in made["lines"] if line["line"] != slug]
    return made


@pytest.mark.need("P05")
@pytest.mark.parametrize("slug", REQUIRED)
def test_a_required_line_that_is_missing_is_refused_by_its_name(slug: str) -> None:
    assert f"has no line '{slug}'" in refusal(without_line(slug))


@pytest.mark.need("P05")
@pytest.mark.parametrize("amount", [0, figure(0, "£/year")])
def test_a_line_that_costs_nothing_needs_a_reason(amount: Any) -> None:
    made = without_line("storage")
    line = {"line": "storage", "amount": amount} | ({} if amount == 0 else {"when": "yearly"})
    made["lines"].append(line)
    assert "is 0 without a reason" in refusal(made)
    line["because"] = "a few kilobytes"
    read_case(made, load_economics())


@pytest.mark.need("P09")
def test_a_figure_without_its_source_is_refused() -> None:
    made = table()
    del made["lines"][0]["amount"]["source"]
    assert "names no source" in refusal(made)
    made["lines"][0]["amount"] = 40_000
    assert "40000 without a source" in refusal(made)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("wages", "oncologist", "value"), 10_000, "wages: oncologist is 10,000 £/hour, more than the 400"),
        (("wages", "oncologist", "value"), -60, "a negative figure"),
        (("wages", "oncologist", "value"), "60", "must be a plain number"),
        (("wages", "oncologist", "value"), True, "must be a plain number"),
        (("wages", "oncologist", "value"), float("nan"), "finite"),
        (("wages", "oncologist", "value"), float("inf"), "finite"),
        (("wages", "oncologist", "unit"), "£/day", "in '£/day': give it in '£/hour'"),
        (("wages", "oncologist", "kind"), "rumour", "must be one of local, supplier, published, assumption"),
        (("wages", "oncologist", "vale"), 60, "unknown part 'vale'"),
        (("wages", "oncologist", "low"), 70, "the value must lie inside"),
        (("benefits", 0, "realised", "value"), 3.5, "write 3.5 % as 0.035"),
        (("benefits", 0, "minutes_saved", "value"), 50, "nobody saves more than it takes today"),
        (("benefits", 0, "wage"), "surgeon", "which wages does not hold"),
        (("benefits", 0, "class"), "CRB", "names no budget_line"),
        (("years",), 400, "a whole number from 1 to 15"),
        (("years",), 0, "a whole number from 1 to 15"),
        (("volume", "low"), None, "volume has no low and high"),
        (("volume", "value"), 10**9, "more than the 5,000,000"),
        (("price",), {}, "neither per_study nor subscription"),
        (("lines", 0, "line"), "marketing", "is not a line we know"),
        (("lines", 0, "when"), "weekly", "must be one of once, yearly, per-study, at-end"),
        (("lines", 0, "year"), 6, "a whole number from 0 to 5"),
        (("lines", 0, "time"), figure(3, "hours"), "either an amount, or a time and a wage"),
        (("lines",), "none", "must be a list"),
        (("discount",), 0.035, "discount is not known here"),
        (("title",), "", "must be one line of text"),
        (("study",), 7, "give the word for one study"),
        (("recalls",), None, "recalls is missing"),
        (("recalls",), {}, "rate_before is missing"),
        (("funding",), {"funded": figure(12, "months")}, "contract is missing"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_was_found(
    path: tuple[Any, ...], value: Any, says: str
) -> None:
    made = table()
    place: Any = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert says in refusal(made)


def test_more_ill_people_than_people_recalled_is_refused() -> None:
    recalls = deepcopy(RECALLS)
    recalls["prevalence"]["value"] = 0.2
    assert "more ill people than people" in refusal(table(recalls=recalls))


def test_bands_stand_in_order_and_the_last_is_open() -> None:
    band = {"up_to": 1000, "price": figure(20, "£/plan")}
    assert "must end with a band without up_to" in refusal(table(price={"per_study": [band]}))
    assert "put bands in order" in refusal(
        table(price={"per_study": [band, band, {"price": figure(10, "£/plan")}]})
    )


def test_a_minimum_without_a_price_per_study_says_nothing() -> None:
    price = {"subscription": figure(10, "£/year"), "minimum_commitment": figure(10, "£/year")}
    assert "a minimum but no per_study" in refusal(table(price=price))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2\n", "has 'a' twice in one place (line 2)"),
        ("a: [1\n", "not readable YAML"),
        ("- a\n", "not a table"),
        ("", "not a table"),
        ("a: &x 1\nb: *x\n", "alias"),
        ("a: 2026-13-45\n", "impossible date"),
        ('a: "x\\0y"\n', "null character"),
        ("a: !!binary aGVsbG8=\n", "holds a bytes"),
    ],
)
def test_text_that_is_no_case_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_text(text)
    assert says in str(refused.value)


def test_a_word_that_looks_like_a_truth_value_stays_a_word_and_a_day_becomes_text() -> None:
    assert read_text("a: yes\nb: 2027-04-01\n") == {"a": "yes", "b": "2027-04-01"}


def test_without_a_discount_rate_the_national_one_is_used_with_its_source_and_its_date() -> None:
    rate = read_case(table(), load_economics()).discount
    assert float(rate.value) == 0.035
    assert "Green Book" in rate.source and load_economics().discount.dated in rate.source


JUNK = st.sampled_from(
    [None, "", "x", 0, -1, 1, 0.5, 10**30, -0.0, True, [], {}, [{}], [None], {"value": 1}, {"x": []}, 1e308, float("nan"), "’" * 600]
)  # fmt: skip


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [p for key, value in inner for p in ((*path, key), *_places(value, (*path, key)))]


WHOLE = table(
    recalls=deepcopy(RECALLS),
    price={
        "per_study": [{"up_to": 1000, "price": figure(20, "£/plan")}, {"price": figure(10, "£/plan")}],
        "minimum_studies": figure(100, "plans/year"),
        "indexation": figure(0.02, "share/year", low=0, high=0.05),
    },
    funding={
        "funded": figure(12, "months"),
        "contract": figure(36, "months"),
        "useful_life": figure(60, "months"),
        "starts_on": "2027-04-01",
    },
)
PLACES = _places(WHOLE)


@settings(max_examples=400, deadline=None)
@given(place=st.sampled_from(PLACES), junk=JUNK)
def test_whatever_stands_in_any_place_the_case_is_computed_or_refused_in_one_sentence(
    place: tuple[Any, ...], junk: Any
) -> None:
    made = deepcopy(WHOLE)
    inner: Any = made
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = junk
    try:
        case = read_case(made, load_economics())
    except BadInput as refused:
        assert str(refused).endswith(".") and len(str(refused)) < 700
        return
    json.dumps(story(appraise(case, load_economics()).as_dict()), allow_nan=False)
