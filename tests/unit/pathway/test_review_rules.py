"""Stop, continue or scale, and what speaks against it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.pathway import Figure, Review, ReviewCriterion, read_review_criteria, review
from alarp.pathway.review_rules import Better
from alarp.standards.watch import default_review_criteria, monitors

AT = datetime(2026, 11, 22, tzinfo=UTC)
AGREE = ReviewCriterion("agree", "Do they agree?", "agreement", Better.HIGHER, 0.8, 0.9, 30, "Because.")
BACK = ReviewCriterion("back", "Is it back?", "results-missing", Better.LOWER, 0.1, 0.05, 30, "Because.")


def seen(
    monitor: str, value: float | None, low: float | None = None, high: float | None = None, **more: Any
) -> Figure:
    return Figure(
        monitor, more.get("subgroup", "all"), value, low, high, more.get("n", 100), AT, because="no reads"
    )


def decided(*figures: Figure, criteria: tuple[ReviewCriterion, ...] = (AGREE, BACK)) -> Review:
    return review(criteria, figures, monitors())


GOOD, BAD, UNSURE = (0.95, 0.91, 0.98), (0.7, 0.6, 0.79), (0.88, 0.79, 0.95)
KEPT = seen("results-missing", 0.01, 0.0, 0.03)


@pytest.mark.need("M03")
@pytest.mark.parametrize(("agreement", "decision"), [(GOOD, "scale"), (BAD, "stop"), (UNSURE, "continue")])
def test_the_whole_interval_decides(agreement: tuple[float, float, float], decision: str) -> None:
    assert decided(seen("agreement", *agreement), KEPT).decision == decision


@pytest.mark.parametrize(
    ("low", "high", "decision"),
    [
        (0.79, 0.8, "continue"),  # its better end lies on the stop limit: not past it
        (0.7, 0.799, "stop"),
        (0.9, 0.95, "scale"),  # its worse end lies on the scale limit: it keeps it
        (0.899, 0.95, "continue"),
    ],
)
def test_an_interval_that_touches_a_limit_is_within_it(low: float, high: float, decision: str) -> None:
    assert decided(seen("agreement", (low + high) / 2, low, high), criteria=(AGREE,)).decision == decision


def test_one_criterion_that_stops_is_enough() -> None:
    found = decided(seen("agreement", *GOOD), seen("results-missing", 0.3, 0.2, 0.4))
    assert found.decision == "stop"
    assert found.because == "1 of 2 judgements stop it: back."


@pytest.mark.need("M03")
def test_a_tool_is_scaled_only_when_every_subgroup_speaks_for_it() -> None:
    both = (seen("agreement", *GOOD), seen("agreement", *UNSURE, subgroup="CT 2"), KEPT)
    assert decided(*both).decision == "continue"
    assert (
        decided(seen("agreement", *GOOD), seen("agreement", *GOOD, subgroup="CT 2"), KEPT).decision == "scale"
    )


@pytest.mark.parametrize("figure", [seen("agreement", None), seen("agreement", *GOOD, n=29), None])
def test_what_was_not_measured_never_speaks_for_scaling(figure: Figure | None) -> None:
    found = decided(*([figure] if figure else []), KEPT)
    assert found.decision == "continue"
    assert len(found.not_measurable) == 1
    assert "could not be made at all" in found.against[-1]


def test_without_criteria_nothing_is_decided() -> None:
    assert decided(KEPT, criteria=()).decision == "not measurable"


@pytest.mark.need("M03")
def test_beside_the_decision_stands_the_strongest_figure_against_it() -> None:
    scale = decided(seen("agreement", 0.93, 0.901, 0.95), KEPT)
    assert scale.against[0].startswith("The limit kept most narrowly: do they agree")
    stop = decided(seen("agreement", *GOOD), seen("results-missing", 0.3, 0.2, 0.4))
    assert stop.against[0].startswith("For the tool speaks most: do they agree")
    go_on = decided(seen("agreement", *UNSURE), KEPT)
    assert [text.split(":")[0] for text in go_on.against] == [
        "Against the tool speaks most",
        "For the tool speaks most",
    ]
    assert decided().against == ("Nothing could be measured: any decision rests on no figure at all.",)


def test_a_count_has_no_interval_and_is_judged_on_itself() -> None:
    (harm,) = [c for c in default_review_criteria() if c.slug == "no-harm"]
    verdicts = [decided(seen("incidents-harm", n, n=1), criteria=(harm,)).decision for n in (0, 1, 2)]
    assert verdicts == ["scale", "continue", "stop"]
    (row,) = decided(seen("incidents-harm", 2, n=1), criteria=(harm,)).judged
    assert row.sentence == "2; it lies past the stop limit of 1."


def test_a_review_as_evidence_holds_every_figure() -> None:
    body = decided(seen("agreement", *BAD), KEPT).as_dict()
    assert body["decision"] == "stop"
    assert [(row["criterion"], row["value"], row["verdict"]) for row in body["criteria"]] == [
        ("agree", 0.7, "stop"),
        ("back", 0.01, "scale"),
    ]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"stop_at": 0.95}, "it scales at 0.9 and stops at 0.95. Change them over"),
        ({"stop_at": None, "scale_at": None}, "decides nothing"),
        ({"stop_at": None}, "never stop the tool"),
        ({"scale_at": None}, "can never scale the tool"),
        ({"better": "bluer"}, "better is 'bluer'; it is one of higher, lower"),
        ({"monitor": "weather"}, "there is no monitor 'weather'"),
        ({"stop_at": 8}, "the limit is 8"),
    ],
)
def test_what_is_wrong_with_a_criterion_is_said_in_one_sentence(
    changed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        read_review_criteria([AGREE.as_dict() | changed], monitors=monitors())


def test_a_criterion_survives_being_written_and_read() -> None:
    assert read_review_criteria([AGREE.as_dict(), BACK.as_dict()], monitors=monitors()) == (AGREE, BACK)
