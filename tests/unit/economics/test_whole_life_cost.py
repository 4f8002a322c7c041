"""What costs, what pays, and what stays true of every case."""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext
from typing import Any

import pytest
from cost_makers import RECALLS, expected, figure, found, table
from hypothesis import given, settings
from hypothesis import strategies as st

from alarp.economics import appraise, read_case, story
from alarp.economics.breakeven import VIEWS, break_even, cost_of
from alarp.economics.figures import figures_of, pence, with_value
from alarp.economics.flows import flow
from alarp.economics.pictures import tornado
from alarp.economics.price import licence, use
from alarp.economics.sensitivity import net_present_value
from alarp.standards.economics import load_economics

BANDS = [{"up_to": 1000, "price": figure(20, "£/plan")}, {"price": figure(10, "£/plan")}]


def price_of(**price: Any) -> Any:
    return read_case(table(price=price), load_economics()).price


@pytest.mark.need("P04")
@pytest.mark.parametrize(
    ("price", "volume", "costs"),
    [
        ({"per_study": figure(20, "£/plan")}, 1500, 30_000),
        ({"per_study": BANDS}, 1500, 25_000),
        ({"per_study": BANDS}, 1000, 20_000),
        ({"per_study": BANDS, "banding": "whole"}, 1500, 15_000),
        ({"per_study": BANDS, "banding": "whole"}, 1000, 20_000),
        ({"per_study": figure(20, "£/plan"), "minimum_commitment": figure(35_000, "£/year")}, 1500, 35_000),
        ({"per_study": figure(20, "£/plan"), "minimum_commitment": figure(10_000, "£/year")}, 1500, 30_000),
        ({"per_study": figure(20, "£/plan"), "minimum_studies": figure(2000, "plans/year")}, 1500, 40_000),
        ({"subscription": figure(12_000, "£/year")}, 0, 12_000),
        ({"subscription": figure(12_000, "£/year"), "per_study": figure(1, "£/plan")}, 1500, 13_500),
    ],
)
def test_the_supplier_is_paid_by_bands_subscription_and_the_dearer_of_use_and_commitment(
    price: dict[str, Any], volume: int, costs: int
) -> None:
    assert licence(price_of(**price), Decimal(volume), 1) == costs


def test_indexation_raises_the_price_from_the_second_year_on() -> None:
    price = price_of(per_study=figure(20, "£/plan"), indexation=figure(0.1, "share/year"))
    assert [licence(price, Decimal(100), year) for year in (1, 2, 3)] == [
        2000,
        Decimal("2200"),
        Decimal("2420"),
    ]


def test_an_indexed_commitment_counts_at_low_volume_and_use_at_high_volume() -> None:
    answer = found(price={"per_study": figure(20, "£/plan"), "minimum_commitment": figure(25_000, "£/year")})
    paid = {name: flow_.total(lambda y: y.of("licence")) for name, flow_ in answer.flows}
    assert paid == {"low": 125_000, "expected": 150_000, "high": 200_000}


def test_without_a_study_a_cost_per_study_is_not_measurable_and_the_fixed_costs_remain() -> None:
    nothing = figure(0, "plans/year", low=0, high=0)
    answer = expected(volume=nothing)
    assert answer["cost_a_study"] is None and answer["licence_a_study"] is None
    assert answer["cost"] == 115_000
    assert {b["minutes_a_study"] for b in answer["break_even"]} == {None}


@pytest.mark.need("P04")
def test_the_volume_found_is_the_first_whole_one_that_pays() -> None:
    case = read_case(table(price={"per_study": BANDS}, benefits=_saves(12)), load_economics())
    for view in VIEWS:
        answer = break_even(case, view, Decimal(1500))
        assert answer.volume is not None

        def net(volume: Decimal, view: str = view) -> Decimal:
            return flow(case, volume).total(lambda y: y.benefit - cost_of(view)(y), discounted=True)

        assert net(answer.volume) >= 0
        assert net(answer.volume - 1) < 0


def _saves(minutes: float) -> list[dict[str, Any]]:
    benefit = table()["benefits"][0]
    return [benefit | {"minutes_saved": figure(minutes, "min/plan")}]


def test_a_jump_in_the_price_can_be_the_break_even() -> None:
    """All studies at £20 up to 1,000 a year, at £10 beyond; each saves £12 and there is nothing else to pay."""
    case = read_case(
        table(price={"per_study": BANDS, "banding": "whole"}, benefits=_saves(12)), load_economics()
    )
    assert break_even(case, "licence only", Decimal(1500)).volume == 1001


def test_a_study_that_costs_what_it_saves_never_pays_the_rest() -> None:
    licence_only, _, whole_life = expected()["break_even"]
    assert licence_only["volume_a_year"] == 0
    assert whole_life["volume_a_year"] is None and "no volume pays" in whole_life["volume_because"]


def test_without_minutes_saved_a_break_even_in_minutes_is_not_measurable_and_says_why() -> None:
    answer = expected(benefits=[])["break_even"][0]
    assert (
        answer["minutes_a_study"] is None and answer["minutes_because"] == "the case names no minutes saved"
    )


def test_other_benefits_are_taken_off_what_the_minutes_must_carry() -> None:
    outsourcing = {
        "name": "Outsourcing",
        "when": "yearly",
        "amount": figure(15_000, "£/year"),
        "class": "CRB",
        "budget_line": "4711",
        "realised": figure(1, "share"),
        "baseline": figure(20_000, "£/year"),
    }
    answer = expected(benefits=[*_saves(20), outsourcing])
    assert [b["minutes_a_study"] for b in answer["break_even"][:2]] == [10.0, 20.0]
    assert answer["cash_benefit"] == 75_000


@pytest.mark.need("P05")
def test_the_licence_alone_and_the_whole_life_stand_side_by_side() -> None:
    answer = expected()
    assert answer["licence"] == 150_000 and answer["cost"] == 265_000 and answer["hidden"] == 115_000
    assert [b["counts"] for b in answer["break_even"]] == ["licence only", "running", "whole life"]


@pytest.mark.need("P08")
def test_a_changed_recall_rate_becomes_assessments_clinics_money_and_worried_people() -> None:
    answer = expected(recalls=RECALLS, volume=figure(10_000, "plans/year", low=5000, high=20_000))
    recalls = answer["recalls"]
    assert (
        recalls["extra_assessments"] == 20
        and recalls["extra_sessions"] == 2
        and recalls["extra_cost"] == 2000
    )
    assert recalls["before"]["worried"] == 150 and recalls["after"]["worried"] == 156
    assert recalls["before"]["worried_per_true_positive"] == 3
    assert recalls["after"]["worried_per_true_positive"] == pytest.approx(156 / 64, abs=1e-6)
    assert recalls["worried_per_extra_true_positive"] == pytest.approx(6 / 14, abs=1e-6)
    assert answer["lines"]["recalls"] == 10_000


def test_fewer_recalls_are_a_negative_cost_and_only_whole_sessions_are_saved() -> None:
    fewer = RECALLS | {"rate_after": figure(0.018, "share")}
    recalls = expected(recalls=fewer, volume=figure(10_000, "plans/year", low=1, high=20_000))["recalls"]
    assert recalls["extra_cost"] == -2000 and recalls["extra_sessions"] == -1


def test_no_more_people_found_makes_worry_per_additional_one_not_measurable() -> None:
    same = RECALLS | {"sensitivity_after": figure(0.5, "share")}
    recalls = expected(recalls=same)["recalls"]
    assert recalls["worried_per_extra_true_positive"] is None
    assert recalls["because"] == "no more people with the disease are found"


@pytest.mark.need("P06")
def test_the_money_that_ends_before_the_contract_is_a_cliff_with_its_date_its_cost_and_a_decision_before_it() -> (
    None
):
    funding = {
        "funded": figure(18, "months"),
        "contract": figure(36, "months"),
        "useful_life": figure(60, "months"),
        "starts_on": "2027-01-31",
    }
    made = found(funding=funding).as_dict()
    cliff = made["funding"]
    assert cliff["unfunded_months"] == 18 and cliff["unfunded_cost"] == 67_500
    assert cliff["ends_on"] == "2028-07-31" and cliff["decide_by"] == "2028-01-31"
    assert cliff["unused_life_months"] == 24
    assert "The money ends after 18 months on 31 July 2028" in story(made)["warnings"][0]


def test_a_case_that_does_not_say_how_long_it_is_funded_says_that() -> None:
    assert "does not say for how long it is funded" in story(found().as_dict())["warnings"][0]


def test_the_tornado_moves_one_figure_at_a_time_and_shows_the_widest_swing_first() -> None:
    price = {"per_study": figure(20, "£/plan", low=15, high=25)}
    swings = found(price=price, wages={"oncologist": figure(60, "£/hour", low=59, high=61)}).swings
    assert [s.figure.name for s in swings] == ["Price per study", "Hour of oncologist", "Volume"]
    first = swings[0]
    assert pence(first.at_low) == -73_862.89
    dearer = read_case(table(price={"per_study": figure(25, "£/plan")}), load_economics())
    assert first.at_high == pytest.approx(net_present_value(dearer))


def test_every_figure_of_the_case_stands_in_the_finding_with_its_source() -> None:
    made = found(recalls=RECALLS).as_dict()
    assert len(made["figures"]) == 16
    assert all(f["source"] and f["unit"] and f["name"] for f in made["figures"])
    keys = [f["key"] for f in made["figures"]]
    assert len(keys) == len(set(keys))


def test_the_callers_decimal_context_does_not_change_a_penny() -> None:
    plain = found(recalls=RECALLS).as_dict()
    with localcontext() as context:
        context.prec = 4
        coarse = found(recalls=RECALLS)
        told = coarse.as_dict()
    assert told == plain
    assert getcontext().prec != 4


MONEY = st.decimals(min_value=0, max_value=5000, places=2, allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), more=MONEY, volume=st.integers(min_value=0, max_value=50_000))
def test_dearer_is_never_cheaper(data: st.DataObject, more: Decimal, volume: int) -> None:
    """Raising any cost never lowers the total, at any volume, in the money of the day or of today."""
    price = {
        "per_study": BANDS,
        "banding": data.draw(st.sampled_from(["marginal", "whole"])),
        "minimum_commitment": figure(9000, "£/year"),
        "subscription": figure(100, "£/year"),
        "indexation": figure(0.02, "share/year"),
    }
    case = read_case(table(price=price, recalls=RECALLS), load_economics())
    costs = list(figures_of((case.price, case.lines, case.recalls.cost)))  # type: ignore[union-attr]
    chosen = data.draw(st.sampled_from(costs))
    raised = with_value(case, chosen.key, chosen.value + more)
    before, after = flow(case, Decimal(volume)), flow(raised, Decimal(volume))
    for discounted in (False, True):
        assert after.total(lambda y: y.cost, discounted=discounted) >= before.total(
            lambda y: y.cost, discounted=discounted
        )


@settings(max_examples=40, deadline=None)
@given(
    rate=st.decimals(min_value=0, max_value="0.25", places=3),
    volume=st.integers(min_value=0, max_value=100_000),
    minutes=st.decimals(min_value=0, max_value=45, places=1),
)
def test_every_year_adds_up_and_today_is_worth_at_least_as_much_as_later(
    rate: Decimal, volume: int, minutes: Decimal
) -> None:
    case = read_case(
        table(
            discount_rate=figure(float(rate), "share/year"), benefits=_saves(float(minutes)), recalls=RECALLS
        ),
        load_economics(),
    )
    here = flow(case, Decimal(volume))
    assert here.total(lambda y: y.net) == here.total(lambda y: y.benefit) - here.total(lambda y: y.cost)
    assert sum((here.total(lambda y, s=slug: y.of(s)) for slug in here.slugs), Decimal(0)) == here.total(
        lambda y: y.cost
    )
    assert here.total(lambda y: y.cost, discounted=True) <= here.total(lambda y: y.cost)
    assert here.years[0].factor == 1


@settings(max_examples=30, deadline=None)
@given(volume=st.integers(min_value=1, max_value=100_000))
def test_minutes_at_the_break_even_make_benefits_equal_costs(volume: int) -> None:
    case = read_case(table(price={"per_study": BANDS}), load_economics())
    for view in VIEWS:
        needed = break_even(case, view, Decimal(volume)).minutes
        assert needed is not None
        minutes = next(f for f in figures_of(case) if f.unit == "min/plan" and f.name == "Contouring minutes")
        here = flow(with_value(case, minutes.key, needed), Decimal(volume))
        gap = here.total(lambda y, v=view: y.benefit - cost_of(v)(y), discounted=True)
        assert abs(gap) < Decimal("0.000001")


def test_marginal_use_is_continuous_at_a_band_and_monotone() -> None:
    price = price_of(per_study=BANDS)
    amounts = [use(price, Decimal(v)) for v in range(0, 3000, 50)]
    assert amounts == sorted(amounts)


def test_a_long_case_is_computed_in_a_moment() -> None:
    rules = load_economics()
    lines = table()["lines"] + [
        {
            "line": "other",
            "name": f"Line {i}",
            "when": "yearly",
            "amount": figure(10, "£/year", low=5, high=20),
        }
        for i in range(80)
    ]
    assert len(appraise(read_case(table(lines=lines, years=15), rules), rules).swings) == 81


def test_two_figures_of_one_name_are_two_bars() -> None:
    lines = (
        table()["lines"]
        + [{"line": "other", "name": "Fee", "when": "yearly", "amount": figure(10, "£/year", low=1, high=99)}]
        * 2
    )
    chart = tornado(found(lines=lines).as_dict())
    assert chart is not None
    labels = [row["label"] for row in chart["rows"]]
    assert len(labels) == len(set(labels)) == 2
