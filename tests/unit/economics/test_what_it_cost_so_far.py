"""What was spent and gained so far follows the plan, the time that passed and the studies that were sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from cost_makers import RECALLS, figure, table

from alarp.economics import ToDate, read_case, to_date
from alarp.standards.economics import load_economics


def so_far(years: float, sent: int, live: int, **changes: Any) -> ToDate:
    case = read_case(table(**changes), load_economics())
    return to_date(case, Decimal(str(years)), Decimal(sent), Decimal(live))


def test_on_the_first_day_the_set_up_and_the_studies_sent_are_paid_and_live_ones_bring_something() -> None:
    found = so_far(0, 12, 10)
    assert (found.set_up, found.licence, found.running) == (40_000, 240, 0)
    assert found.value == found.other_benefit == 200


def test_after_a_year_and_a_half_a_yearly_line_counts_one_and_a_half_times() -> None:
    found = so_far(1.5, 3000, 3000)
    assert found.running == Decimal("22500") and found.licence == 60_000


def test_a_year_as_planned_costs_what_the_plan_says_of_a_year() -> None:
    from alarp.economics.flows import flow

    case = read_case(table(recalls=RECALLS), load_economics())
    found = to_date(case, Decimal(1), Decimal(1500), Decimal(1500))
    planned = flow(case, Decimal(1500)).years
    assert found.cost == planned[0].cost + planned[1].cost
    assert found.value == planned[1].benefit


@pytest.mark.parametrize(("years", "paid"), [(0.5, 5000), (1, 10_000), (2, 20_000)])
def test_of_a_commitment_the_share_of_the_time_is_due(years: float, paid: int) -> None:
    price = {"per_study": figure(20, "£/plan"), "minimum_commitment": figure(10_000, "£/year")}
    assert so_far(years, 10, 10, price=price).licence == paid


def test_a_benefit_that_begins_in_the_second_year_has_brought_nothing_in_the_first() -> None:
    benefit = table()["benefits"][0] | {"from_year": 2}
    assert so_far(0.9, 900, 900, benefits=[benefit]).value == 0
    assert so_far(2, 2000, 2000, benefits=[benefit]).value == 20_000


def test_a_study_sent_in_the_silent_run_is_paid_for_and_brings_nothing() -> None:
    found = so_far(0.1, 100, 0, recalls=RECALLS)
    assert found.licence == 2000 and found.value == 0 and found.recalls == 0
