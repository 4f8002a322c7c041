"""An appraisal holds doing nothing and a way without AI, each scored on the same criteria with its cost."""

from __future__ import annotations

from typing import Any

import pytest

from alarp.economics import missing, read_options
from alarp.kernel import BadInput
from alarp.standards.economics import load_economics


def option(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Do nothing",
        "kind": "do-nothing",
        "cost": 0,
        "cost_source": "nothing is bought",
        "benefit": 0,
        "risk": 3,
        "alignment": 0,
        "note": "Films wait as today.",
    } | changes


WHOLE = [
    option(),
    option(name="Two more reporting sessions", kind="non-ai", cost=180_000, benefit=3, risk=1, alignment=3),
    option(name="NoduleFlag", kind="ai", cost=171_714, benefit=4, risk=2, alignment=4),
]


def test_an_appraisal_of_doing_nothing_a_way_without_ai_and_the_tool_lacks_nothing() -> None:
    assert missing(read_options(WHOLE, load_economics())) == ()


@pytest.mark.need("P02")
@pytest.mark.parametrize(
    ("left_out", "says"),
    [(0, "does not hold 'do nothing'"), (1, "no option without AI"), (2, "no option with AI")],
)
def test_an_appraisal_says_which_way_it_did_not_weigh(left_out: int, says: str) -> None:
    rows = [row for number, row in enumerate(WHOLE) if number != left_out]
    sentences = missing(read_options(rows, load_economics()))
    assert len(sentences) == 1 and says in sentences[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"benefit": None}, "benefit is missing"),
        ({"benefit": 6}, "score it from 0 to 5"),
        ({"benefit": True}, "score it from 0 to 5"),
        ({"kind": "magic"}, "it is one of do-nothing, non-ai, ai"),
        ({"cost": -5}, "must lie between £0"),
        ({"cost": "a lot"}, "give pounds over the whole life"),
        ({"cost": float("nan")}, "give pounds over the whole life"),
        ({"cost_source": " "}, "a cost without a source"),
        ({"note": ""}, "says nothing about its scores"),
        ({"name": ""}, "needs a name"),
        ({"weight": 3}, "unknown field 'weight'"),
    ],
)
def test_an_option_that_cannot_be_weighed_is_refused_with_its_name(
    changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(BadInput) as refused:
        read_options([option(**changes)], load_economics())
    assert says in str(refused.value) and "Option 1" in str(refused.value)


def test_two_options_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match="two options called"):
        read_options([option(), option(name="DO NOTHING")], load_economics())
