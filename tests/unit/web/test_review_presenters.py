"""How does a computed review read: the question's verdict, its figures, the words beside them?"""

from __future__ import annotations

from datetime import UTC, datetime

from alarp.pathway import Figure, review
from alarp.standards.watch import default_review_criteria, monitors
from alarp.web.reviews.presenters import ReviewPage, review_page

AT = datetime(2026, 11, 22, tzinfo=UTC)
AGREE = [c for c in default_review_criteria() if c.monitor == "agreement"]


def shown(*figures: Figure) -> ReviewPage:
    return review_page(review(AGREE, figures, monitors()))


def agreement(subgroup: str, low: float, high: float, n: int = 60) -> Figure:
    return Figure("agreement", subgroup, (low + high) / 2, low, high, n, AT)


def test_a_scanner_with_few_studies_does_not_hide_what_all_studies_say() -> None:
    page = shown(agreement("all", 0.92, 0.98), agreement("CT 2", 0.2, 0.9, n=3))
    (question,) = page.questions
    assert (page.decision, question.verdict) == ("scale", "scale")
    assert [row.verdict for row in question.rows] == ["scale", "not measurable"]
    assert page.counted == "1 speaks for scaling, 1 could not be judged"


def test_the_worst_scanner_gives_the_question_its_verdict() -> None:
    (question,) = shown(agreement("all", 0.92, 0.98), agreement("CT 2", 0.5, 0.7)).questions
    assert question.verdict == "stop"
    assert question.limits == "stops past 80 %; scales within 90 %"


def test_a_gauge_keeps_the_order_of_value_interval_and_limits() -> None:
    (question,) = shown(agreement("all", 0.85, 0.95)).questions
    gauge = question.rows[0].gauge
    assert gauge is not None and gauge.low is not None and gauge.high is not None
    stop, scale = gauge.marks
    assert stop.x < gauge.low < gauge.value < gauge.high and stop.x < scale.x < gauge.high
