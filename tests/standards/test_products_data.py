"""The national content on products: whole, consistent, and what the needs ask for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from alarp.kernel import BadInput
from alarp.standards.products import (
    load_device_terms,
    load_document_kinds,
    load_question_set,
    load_statements,
)
from alarp.standards.products.documents import _kind

KINDS = {kind.slug: kind for kind in load_document_kinds()}


@pytest.mark.need("P11")
def test_a_certificate_is_the_only_kind_whose_lapse_closes_a_live_route() -> None:
    closing = {kind.group for kind in KINDS.values() if kind.on_lapse == "close"}
    assert closing == {"conformity"}
    assert all(kind.expires for kind in KINDS.values() if kind.on_lapse == "close")


def test_what_expires_yearly_expires_after_a_year() -> None:
    yearly = ("dspt", "cyber-essentials", "penetration-test", "ico-fee", "cso-registration", "dtac")
    assert {KINDS[slug].valid_days for slug in yearly} == {365}


def test_what_an_intended_use_must_state_is_what_the_register_can_hold() -> None:
    from alarp.records.products.models import IntendedUse

    assert tuple(item.slug for item in load_statements()) == IntendedUse.STATEMENTS


def test_use_environment_and_population_are_what_suppliers_state_least() -> None:
    """Insights into Imaging 2024: 17 % and 21 % of 139 products."""
    least = sorted(load_statements(), key=lambda item: item.stated_by)[:2]
    assert [(item.slug, item.stated_by) for item in least] == [("environment", 0.17), ("population", 0.21)]


@pytest.mark.need("P13")
def test_the_questions_cover_the_five_topics_and_say_what_an_answer_must_hold() -> None:
    asked = load_question_set()
    counts = Counter(question.topic for question in asked.questions)
    assert list(counts) == [
        "Relevance",
        "Performance and validation",
        "Usability and integration",
        "Regulation and law",
        "Money and support",
    ]
    assert all(question.least and question.asks.endswith("?") for question in asked.questions)


def test_the_device_classes_are_those_of_the_regulations() -> None:
    assert [one.slug for one in load_device_terms("classes")] == ["I", "IIa", "IIb", "III"]


@pytest.mark.parametrize(
    ("field", "value"), [("on_lapse", "explode"), ("asked_at", "sometime"), ("title", "")]
)
def test_a_row_that_cannot_be_used_is_named(field: str, value: str) -> None:
    row: dict[str, Any] = {
        "slug": "dspt", "title": "DSPT", "says": "x", "about": "supplier", "expires": True,
        "checked_against": "x", "asked_at": "procure", "on_lapse": "shut", "source": "x", field: value,
    }  # fmt: skip
    with pytest.raises(BadInput, match="dspt"):
        _kind(row)


def test_an_unknown_question_is_refused() -> None:
    with pytest.raises(BadInput, match="no question 'weather'"):
        load_question_set().question("weather")
