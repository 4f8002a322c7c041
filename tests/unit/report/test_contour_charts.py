"""Outlines on a slice: two lines that are told apart without colour, a picture that stands in the page itself."""

from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

from alarp.report import to_pdf
from alarp.report.charts import draw


def picture(**changes):
    kept = io.BytesIO()
    Image.new("L", (24, 24), 120).save(kept, format="PNG")
    square = [[2.0, 2.0], [8.0, 2.0], [8.0, 8.0], [2.0, 8.0], [2.0, 2.0]]
    return {
        "chart": "outlines", "title": "c1, liver", "description": "slice 4 of 8", "width_mm": 12.0, "height_mm": 12.0,
        "png": base64.b64encode(kept.getvalue()).decode(), "reference": [square],
        "output": [[[x + 1.5, y] for x, y in square]],
    } | changes  # fmt: skip


def test_the_reference_is_solid_and_the_output_dashed_over_the_slice():
    svg = draw(picture())
    assert svg.count("<image") == 1
    assert re.findall(r'stroke-dasharray="6,3"', svg)
    assert "reference" in svg
    assert "tool's output" in svg.replace("&#39;", "'").replace("&apos;", "'")


def test_without_an_image_the_outlines_stand_on_a_dark_ground():
    svg = draw(picture(png=None))
    assert "<image" not in svg
    assert re.findall(r'stroke-dasharray="6,3"', svg)


def test_a_pdf_holds_the_picture_and_fetches_nothing_else(caplog):
    page = '<html lang="en"><head><title>t</title></head><body>{}</body></html>'
    with_picture = to_pdf(page.format(draw(picture())))
    assert b"/Image" in with_picture
    assert not caplog.records
    to_pdf(page.format('<img alt="x" src="http://example.invalid/x.png">'))
    assert "disallowed protocol" in caplog.text


def test_a_box_shows_least_middle_half_median_and_most():
    rows = [{"label": "liver", "least": 0.1, "low": 0.4, "middle": 0.5, "high": 0.7, "most": 0.9, "n": 5}]
    svg = draw({"chart": "boxes", "title": "t", "description": "d", "x_title": "Dice", "rows": rows})
    assert "liver" in svg
    assert "Dice" in svg


@pytest.mark.parametrize("key", ["reference", "output"])
def test_one_outline_alone_can_be_drawn(key):
    assert "<svg" in draw(picture(**{key: []}))
