"""What runs out when: the picture says it in words beside every bar."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest

from alarp.report.expiry import Paper, days_in_words, expiry_timeline

TODAY = date(2026, 11, 22)


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (None, "no end"),
        (after(12), "12 days left"),
        (after(1), "1 day left"),
        (after(0), "last day"),
        (after(-1), "expired 1 day ago"),
        (after(1000), "2.7 years left"),
    ],
)
def test_what_is_left_is_said_in_words(until: date | None, words: str) -> None:
    assert days_in_words(until, TODAY) == words


def test_every_paper_is_a_row_of_the_picture_and_of_its_description() -> None:
    papers = [Paper("UKCA <1>", after(300)), Paper("DSPT", after(-4)), Paper("Insurance", None, held=False)]
    svg = expiry_timeline(papers, TODAY, title="Papers")
    ElementTree.fromstring(svg)
    assert "UKCA &lt;1&gt;: 300 days left; DSPT: expired 4 days ago; Insurance: missing" in svg
    texts = re.findall(r"<(?:text|tspan)[^>]*>([^<]+)(?=<)", svg)
    assert {"today", "300 days left", "expired 4 days ago", "missing"} <= set(texts)
    assert "style=" not in svg


def test_a_later_end_is_drawn_further_right_and_nothing_leaves_the_picture() -> None:
    svg = expiry_timeline(
        [Paper("a", after(30)), Paper("b", after(5000)), Paper("c", after(-5000))], TODAY, title="x"
    )
    width = int(re.findall(r'width="(\d+)"', svg)[0])
    xs = [float(v) for v in re.findall(r'<rect x="([\d.]+)"', svg)]
    assert all(0 <= value <= width for value in xs)


def test_no_papers_make_an_empty_picture() -> None:
    ElementTree.fromstring(expiry_timeline([], TODAY, title="Papers"))
