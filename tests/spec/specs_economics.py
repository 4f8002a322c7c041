"""The numbers of a cost case, each on a small table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from measure_specs import Spec

from alarp.economics import appraise, read_case
from alarp.economics.breakeven import break_even
from alarp.economics.flows import benefit_worth, factor
from alarp.economics.outcome import cost_per_outcome
from alarp.economics.price import licence
from alarp.economics.recalls import recall_effect
from alarp.economics.sensitivity import net_present_value
from alarp.standards.economics import load_economics

OTHERS = ("information-governance", "training-and-backfill", "incident-handling", "storage", "exit")


def _figure(value: Any, unit: str, **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": unit, "source": "the table above", **more}


def _table(given: dict[str, float]) -> dict[str, Any]:
    volume = given["plans_a_year"]
    nothing = [{"line": slug, "amount": 0, "because": "not in the example"} for slug in OTHERS]
    return {
        "title": "Spec",
        "tool": "Spec",
        "prices": "as in the table",
        "study": "plan",
        "years": int(given.get("years", 5)),
        "volume": _figure(volume, "plans/year", low=volume, high=volume),
        "price": {"per_study": _figure(given.get("licence_a_plan", 0), "£/plan")},
        "wages": {"staff": _figure(given["wage_an_hour"], "£/hour")},
        "lines": [
            {"line": "integration", "when": "once", "because": "spec", "amount": _figure(given.get("set_up", 0), "£")},
            {"line": "monitoring", "when": "yearly", "because": "spec",
             "amount": _figure(given.get("running_a_year", 0), "£/year")},
            *nothing,
        ],
        "benefits": [
            {"name": "Minutes", "minutes_saved": _figure(given["minutes_saved"], "min/plan"), "wage": "staff",
             "class": "NCRB", "realised": _figure(given.get("realised", 1), "share"),
             "baseline": _figure(600, "min/plan")}
        ],
        "recalls": {"none_because": "spec"},
    }  # fmt: skip


def _given(rows: list[list[str]]) -> dict[str, float]:
    return {name: float(value) for name, value in rows}


def _case(rows: list[list[str]]) -> Any:
    return read_case(_table(_given(rows)), load_economics())


def _vector(rows: list[list[str]]) -> dict[str, float]:
    answer = appraise(_case(rows), load_economics()).as_dict()["volumes"]["expected"]
    licence_only, running, whole_life = answer["break_even"]
    return {
        "year 0": answer["years"][0]["net"],
        "each later year": answer["years"][1]["net"],
        "net present value": answer["net_discounted"],
        "break-even, licence only (min)": licence_only["minutes_a_study"],
        "break-even, licence and running (min)": running["minutes_a_study"],
        "break-even, whole life (min)": whole_life["minutes_a_study"],
    }


def _net(rows: list[list[str]]) -> dict[str, float]:
    return {"net present value": float(net_present_value(_case(rows)))}


def _worth(rows: list[list[str]]) -> dict[str, float]:
    found = {}
    for label, wage, seconds in rows:
        case = read_case(
            _table({"plans_a_year": 1, "wage_an_hour": float(wage), "minutes_saved": float(seconds) / 60}),
            load_economics(),
        )
        found[label] = float(benefit_worth(case, case.benefits[0], 1, Decimal(1)))
    return found


def _factors(rows: list[list[str]]) -> dict[str, float]:
    found = {f"year {year}": float(factor(Decimal(rate), int(year))) for rate, year in rows}
    found["annuity of years 1 to 5"] = sum(float(factor(Decimal("0.035"), year)) for year in range(1, 6))
    return found


def _ratio(rows: list[list[str]]) -> dict[str, float]:
    given = dict(rows)
    ratio = cost_per_outcome(Decimal(given["more_cost"]), Decimal(given["more_qaly"]))
    assert ratio is not None
    return {"cost per QALY": float(ratio)}


def _recalls(rows: list[list[str]]) -> dict[str, float]:
    columns = {name: [float(v) for v in values] for name, *values in rows}
    rate = columns["recalled_per_1000"]
    found = columns["cancers_per_1000"]
    table = _table({"plans_a_year": 1000, "wage_an_hour": 0, "minutes_saved": 0}) | {
        "recalls": {
            "rate_before": _figure(rate[0] / 1000, "share"),
            "rate_after": _figure(rate[1] / 1000, "share"),
            "cost": _figure(0, "£/assessment"),
            "per_session": _figure(1, "assessments/session"),
            "prevalence": _figure(1 / 100, "share"),
            "sensitivity_before": _figure(found[0] / 10, "share"),
            "sensitivity_after": _figure(found[1] / 10, "share"),
        }
    }
    recalls = read_case(table, load_economics()).recalls
    assert recalls is not None
    effect = recall_effect(recalls, Decimal(1000))
    assert effect.worried_per_extra_true_positive is not None
    assert effect.after.worried_per_true_positive is not None
    return {
        "PPV before": float(effect.before.true_positives / effect.before.assessments),
        "PPV with the tool": float(effect.after.true_positives / effect.after.assessments),
        "more assessments per 1,000": float(effect.extra_assessments),
        "more worried for nothing per 1,000": float(effect.extra_worried),
        "worried for each additional cancer": float(effect.worried_per_extra_true_positive),
        "worried for each cancer, with the tool": float(effect.after.worried_per_true_positive),
    }


def _bands(rows: list[list[str]]) -> dict[str, float]:
    found = {}
    for volume, commitment in rows:
        table = _table({"plans_a_year": 1, "wage_an_hour": 1, "minutes_saved": 1}) | {
            "price": {
                "per_study": [
                    {"up_to": 1000, "price": _figure(20, "£/plan")},
                    {"price": _figure(10, "£/plan")},
                ],
                "minimum_commitment": _figure(float(commitment), "£/year"),
            }
        }
        price = read_case(table, load_economics()).price
        found[f"{volume} plans"] = float(licence(price, Decimal(volume), 1))
    return found


SPECS = [
    Spec(
        "whole_life_cost",
        "The licence pays at 20 minutes, everything at 36: the hidden lines",
        "by hand: -40,000 - 15,000 × 4.515052; licence 30,000 / (1,500 × £1 a minute); with running 45,000 / 1,500; "
        "whole life (40,000 + 45,000 × 4.515052) / (1,500 × 4.515052)",
        """
        item            value
        plans_a_year    1500
        licence_a_plan  20
        minutes_saved   20
        wage_an_hour    60
        set_up          40000
        running_a_year  15000
        years           5
        """,
        _vector,
        {
            "year 0": -40_000,
            "each later year": -15_000,
            "net present value": -107_725.79,
            "break-even, licence only (min)": 20.0,
            "break-even, licence and running (min)": 30.0,
            "break-even, whole life (min)": 35.90617,
        },
        within=0.0051,
        explains=break_even,
    ),
    Spec(
        "whole_life_cost",
        "The same with set-up a tenth dearer and half of the minutes realised",
        "by hand: -44,000 - (30,000 + 15,000 - 15,000) × 4.515052",
        """
        item            value
        plans_a_year    1500
        licence_a_plan  20
        minutes_saved   20
        realised        0.5
        wage_an_hour    60
        set_up          44000
        running_a_year  15000
        years           5
        """,
        _net,
        {"net present value": -179_451.57},
        within=0.0051,
        explains=net_present_value,
    ),
    Spec(
        "discount_factor",
        "3.5 % a year",
        "HM Treasury, The Green Book, annex on discounting; by hand 1 / 1.035 ^ year",
        """
        rate   year
        0.035  0
        0.035  1
        0.035  5
        """,
        _factors,
        {"year 0": 1.0, "year 1": 0.966184, "year 5": 0.841973, "annuity of years 1 to 5": 4.515052},
        within=5e-7,
        explains=factor,
    ),
    Spec(
        "worth_of_minutes",
        "A chest CT read with nodule detection beside it, and read by it first",
        "Insights Imaging 2023, doi:10.1186/s13244-023-01561-z: 77 s and 104 s saved of a radiologist at 127 an hour",
        """
        reading              wage_an_hour  seconds_saved
        concurrent_reader    127           77
        pre-screening        127           104
        """,
        _worth,
        {"concurrent_reader": 2.716, "pre-screening": 3.669},
        within=5e-4,
        explains=benefit_worth,
    ),
    Spec(
        "cost_per_outcome",
        "£20,000 more for 0.8 of a quality-adjusted life year",
        "by hand: 20,000 / 0.8",
        """
        item       value
        more_cost  20000
        more_qaly  0.8
        """,
        _ratio,
        {"cost per QALY": 25_000},
        explains=cost_per_outcome,
    ),
    Spec(
        "recalls",
        "Screening with 2.0 % then 2.2 % recalled, and 5.0 then 6.4 cancers found per 1,000",
        "rounded rates of MASAI's interim report, Lancet Oncol 2023;24:936, which gives the predictive values as 24.8 "
        "and 28.3 %; here by hand 5.0 / 20 and 6.4 / 22",
        """
        per               before  with_the_tool
        recalled_per_1000 20      22
        cancers_per_1000  5.0     6.4
        """,
        _recalls,
        {
            "PPV before": 0.25,
            "PPV with the tool": 0.290909,
            "more assessments per 1,000": 2,
            "more worried for nothing per 1,000": 0.6,
            "worried for each additional cancer": 0.428571,
            "worried for each cancer, with the tool": 2.4375,
        },
        explains=recall_effect,
    ),
    Spec(
        "licence",
        "£20 a plan up to 1,000 plans, £10 beyond, at least the commitment",
        "by hand: 500 × 20 = 10,000 against 12,000; 1,000 × 20 + 500 × 10",
        """
        plans  commitment
        500    12000
        1500   12000
        """,
        _bands,
        {"500 plans": 12_000, "1500 plans": 25_000},
        explains=licence,
    ),
]
