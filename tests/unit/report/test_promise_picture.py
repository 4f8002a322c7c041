"""A promise and a finding on one scale: the picture's order is the numbers' order."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from alarp.kernel import Measure
from alarp.report.promise import promise_against_finding


def drawn(
    estimate: float | None, limit: float, finding: str, *, low: float | None = None, high: float | None = None
) -> str:
    return promise_against_finding(
        Measure("dice", estimate, low, high, n=9), limit, at_least=True, finding=finding
    )


def test_a_finding_below_the_promise_lies_left_of_its_line_and_is_a_cross() -> None:
    svg = drawn(0.8, 0.97, "broken", low=0.75, high=0.85)
    ElementTree.fromstring(svg)
    promise = float(re.findall(r'<line x1="([\d.]+)"[^>]*stroke-dasharray', svg)[0])
    left, right = map(float, re.findall(r'<line x1="([\d.]+)" x2="([\d.]+)"[^>]*stroke-width="4"', svg)[0])
    assert left < right < promise
    assert "<path" in svg and "<circle" not in svg


def test_a_kept_promise_is_a_circle_and_an_unclear_one_a_square() -> None:
    assert "<circle" in drawn(0.98, 0.97, "kept")
    assert drawn(0.96, 0.97, "unclear").count("<rect") == 2


def test_nothing_is_drawn_where_nothing_was_measured() -> None:
    assert drawn(None, 0.97, "unclear") == ""


def test_the_name_of_the_picture_says_both_numbers() -> None:
    assert 'aria-label="Claimed at least 0.97, found 0.8 (0.75-0.85), n = 9"' in drawn(
        0.8, 0.97, "broken", low=0.75, high=0.85
    )
