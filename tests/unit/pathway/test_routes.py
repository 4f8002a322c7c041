"""What the gateway may do, from signed facts alone."""

from __future__ import annotations

import pytest

from alarp.kernel import RouteState, Stage
from alarp.pathway import TO_LIVE, RouteFacts, route
from alarp.pathway.route import stands_on

EXPECTED = {
    Stage.NEED: RouteState.CLOSED,
    Stage.APPRAISE: RouteState.CLOSED,
    Stage.EVALUATE: RouteState.CLOSED,
    Stage.PROCURE: RouteState.CLOSED,
    Stage.INTEGRATE: RouteState.SILENT,
    Stage.GO_LIVE: RouteState.SILENT,
    Stage.LIVE: RouteState.LIVE,
    Stage.CHANGE: RouteState.CLOSED,
    Stage.REVIEW: RouteState.LIVE,
    Stage.RETIRE: RouteState.CLOSED,
    Stage.RETIRED: RouteState.CLOSED,
}


def test_every_stage_has_its_route() -> None:
    assert {stage: route(RouteFacts(stage)).state for stage in Stage} == EXPECTED


def test_every_answer_has_its_reason_in_words() -> None:
    for stage in Stage:
        assert route(RouteFacts(stage)).reason.endswith(".")


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("against", ["holds", "closures", "lapses"])
def test_one_hold_closing_or_lapse_closes_every_route(stage: Stage, against: str) -> None:
    found = route(RouteFacts(stage, **{against: ("Because of this.",)}))
    assert found.state is RouteState.CLOSED


def test_the_hold_is_named_before_every_other_reason() -> None:
    facts = RouteFacts(
        Stage.LIVE, unsigned=("need",), lapses=("Lapsed.",), holds=("Held.",), closures=("Closed.",)
    )
    assert route(facts).reason == "Held."


@pytest.mark.parametrize("stage", [s for s in Stage if stands_on(s)])
def test_a_gate_without_its_signatures_closes_the_route_whatever_the_stage_says(stage: Stage) -> None:
    for gate in stands_on(stage):
        found = route(RouteFacts(stage, unsigned=(gate,)))
        assert found.state is RouteState.CLOSED
        assert gate in found.reason


def test_live_stands_on_every_gate_up_to_live() -> None:
    assert stands_on(Stage.LIVE) == TO_LIVE
    assert stands_on(Stage.INTEGRATE) == TO_LIVE[:4]
