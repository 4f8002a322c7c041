"""Results side by side: one plan, differences with their intervals, nothing compared that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from alarp.evaluation.beside import Entry, beside, difference
from alarp.kernel import BadInput


def measure(
    name: str, estimate: float | None, low: float | None, high: float | None, **more: Any
) -> dict[str, Any]:
    row = {"measure": name, "subgroup": "all", "estimate": estimate, "low": low, "high": high}
    return row | {"level": 0.95, "method": "Wilson", "n": 100, "events": 1, "because": "", "p": None} | more


def result(*measures: dict[str, Any], plan: str = "p", exploratory: bool = False) -> dict[str, Any]:
    return {
        "protocol": {"title": "Chest films", "hash": "h", "plan_hash": plan, "exploratory": exploratory},
        "measures": list(measures),
        "claims": [
            {
                "claim": "sensitivity at least 0.8",
                "measure": "sensitivity",
                "status": "met",
                "found": 0.9,
                "because": "",
            }
        ],
        "outcomes": {"scored": 99, "ai_failed": 1, "enrolled": 100},
        "enrolled": 100,
    }


def test_a_difference_is_newcombes_where_both_intervals_are_wilsons() -> None:
    """Newcombe 1998 (Stat Med 17:873), table II (a): 56/70 minus 48/80, method 10: 0.0524 to 0.3339."""
    first = measure("sensitivity", 48 / 80, 0.4904495, 0.7003878)
    other = measure("sensitivity", 56 / 70, 0.6919506, 0.8768955)
    found = difference(first, other)
    assert found is not None and found.low is not None and found.high is not None
    assert found.estimate == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-4), pytest.approx(0.3339, abs=5e-4))


def test_what_was_not_measurable_has_no_difference_and_no_bounds_are_made_up() -> None:
    known = measure("auc", 0.8, 0.7, 0.9)
    assert difference(known, measure("auc", None, None, None)) is None
    bare = difference(known, measure("auc", 0.9, None, None))
    assert bare is not None and (bare.low, bare.high) == (None, None)


def test_results_of_different_plans_are_not_laid_side_by_side() -> None:
    one, two = result(), result(plan="another")
    with pytest.raises(BadInput, match="different plans"):
        beside([Entry("A", one, "t"), Entry("B", two, "t")])
    with pytest.raises(BadInput, match="stands alone"):
        beside([Entry("A", one, "t")])
    with pytest.raises(BadInput, match="same name"):
        beside([Entry("A", one, "t"), Entry("A", one, "t")])


def test_different_cases_and_exploratory_runs_are_warned_of() -> None:
    story = beside([Entry("A", result(exploratory=True), "t"), Entry("B", result(), "u")])
    assert story["warnings"] == [
        "Exploratory, run before the protocol was locked: A.",
        "The results come from different cases.",
    ]


@pytest.mark.need("E05")
def test_a_chart_holds_shares_only_and_every_measure_stands_in_the_table() -> None:
    rows = (
        measure("sensitivity", 0.9, 0.8, 0.95),
        measure("hd95_mm", 0.4, 0.2, 0.9),
        measure("lr_positive", 0.9, 0.5, 0.99),
        measure("sensitivity_best_case", 0.95, 0.9, 0.99),
    )
    story = beside([Entry("A", result(*rows), "t"), Entry("B", result(*rows), "t")])
    (section,) = story["sections"]
    (chart,) = section["charts"]
    assert {row["label"] for row in chart["rows"]} == {"Sensitivity: A", "Sensitivity: B"}
    names = [row[0] for row in section["tables"][0]["rows"]]
    assert len(names) == 3
    differences = [row[0] for row in section["tables"][1]["rows"]]
    assert names[2] not in differences and differences == names[:2], "a ratio has no difference"
    assert section["tables"][-1]["rows"][-1] == ["enrolled", "100", "100"]
