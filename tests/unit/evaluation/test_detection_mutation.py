"""A tool that gives no answer never looks better for it: any outputs removed, any case, every headline number."""

from __future__ import annotations

import pytest
from detection_makers import findings
from hypothesis import given, settings
from hypothesis import strategies as st

# Higher is better for these, lower for the others. Slope and intercept of calibration describe the answers there are,
# time_to_result_min and time_saved_min the true positives there are: they are no headline and say so in their method.
RISING = (
    "sensitivity", "specificity", "ppv", "npv", "auc", "partial_auc", "lr_positive", "ppv_at_prevalence",
    "npv_at_prevalence", "notified_earlier", "time_saved_all_diseased_min",
)  # fmt: skip
FALLING = ("lr_negative", "brier", "failure_rate")
READING = ("detection_rate",)

CASE = st.tuples(
    st.booleans(),  # diseased
    st.sampled_from([i / 8 for i in range(9)]),  # score, with ties
    st.integers(0, 3),  # minutes to the result
    st.integers(0, 3),  # minutes in the worklist
    st.booleans(), st.booleans(), st.booleans(),  # reader 1, reader 2, arbitration
)  # fmt: skip
HEADER = "case,truth,score,t,wait,r1,r2,arb"


def _row(number, case, *, silent):
    diseased, score, result, wait, *readers = case
    answer = "" if silent else f"{score}"
    return ",".join(
        [
            f"c{number}",
            "nodule" if diseased else "none",
            answer,
            str(result),
            str(wait),
            *(str(int(r)) for r in readers),
        ]
    )


def _found(table, gone):
    return findings(
        [_row(i, case, silent=i in gone) for i, case in enumerate(table)],
        header=HEADER,
        columns={
            "case": "case", "truth": "truth", "score": "score", "time_to_result_min": "t", "worklist_wait_min": "wait",
            "reader1": "r1", "reader2": "r2", "arbitration": "arb",
        },
        prevalence={"estimate": 0.02, "low": 0.01, "high": 0.04},
        analysis={
            "partial_auc": {"over": "specificity", "from": 0.5, "to": 1}, "score_is_probability": True,
        },
    )  # fmt: skip


def _numbers(found):
    return {(m.measure, m.subgroup): m.estimate for m in found.measures}


@pytest.mark.need("E24")
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_removing_any_output_never_improves_any_headline_number(data):
    table = data.draw(st.lists(CASE, min_size=4, max_size=14))
    table = [(True, *table[0][1:]), (False, *table[1][1:]), *table[2:]]
    everyone = range(len(table))
    already = data.draw(st.sets(st.sampled_from(everyone), max_size=len(table) - 3))
    more = data.draw(st.sets(st.sampled_from(everyone), min_size=1, max_size=3))
    scores = {table[i][1] for i in everyone if i not in already | more}
    if len(scores) < 2:
        return  # a constant score is refused
    before, after = _numbers(_found(table, already)), _numbers(_found(table, already | more))
    for name in RISING:
        old, new = before[name, "all"], after[name, "all"]
        if new is not None and old is not None:
            assert new <= old + 1e-9, name
        if old is None and name in RISING[:6]:
            assert new in (None, 0.0), (
                name
            )  # nobody flagged, then only wrongly: 0 of some, never a number to show off
    for name in FALLING:
        old, new = before[name, "all"], after[name, "all"]
        if new is not None and old is not None:
            assert new >= old - 1e-9, name
    for name in READING:
        group = "reading=reader and tool"
        assert after[name, group] <= before[name, group] + 1e-9


@pytest.mark.need("E24")
def test_as_treated_may_improve_and_is_therefore_never_the_headline():
    table = [(True, 0.9, 1, 2, True, True, True), (True, 0.1, 1, 2, True, True, True), (False, 0.2, 1, 2, False, False, False),
             (False, 0.3, 1, 2, False, False, False)]  # fmt: skip
    before, after = _numbers(_found(table, set())), _numbers(_found(table, {1}))
    assert after["sensitivity_as_treated", "all"] > before["sensitivity_as_treated", "all"]
    assert after["sensitivity", "all"] == before["sensitivity", "all"] == 0.5


@pytest.mark.need("E24")
@settings(max_examples=40, deadline=None)
@given(st.lists(CASE, min_size=6, max_size=12), st.sets(st.integers(0, 11), max_size=4))
def test_worst_case_is_never_above_best_case_and_the_outcomes_add_up(table, gone):
    table = [(True, *table[0][1:]), (False, *table[1][1:]), *table[2:]]
    if len({case[1] for i, case in enumerate(table) if i not in gone}) < 2:
        return
    found = _found(table, gone)
    numbers = _numbers(found)
    for name in ("sensitivity", "specificity", "ppv", "npv", "auc"):
        worst, best = numbers[f"{name}_worst_case", "all"], numbers[f"{name}_best_case", "all"]
        assert worst is None or best is None or worst <= best + 1e-9
        assert worst == numbers[name, "all"]
    counts = dict(found.outcomes)
    assert counts.pop("enrolled") == sum(counts.values()) == len(table)
